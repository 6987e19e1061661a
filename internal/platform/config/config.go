// Package config reads the desk's settings from the environment, once, and
// reports every mistake at the same time. docs/configuration.md describes each;
// a test holds the two together.
package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Config is the environment of one process. The zero environment is a desk for
// development on this machine.
type Config struct {
	DatabaseURL string `env:"OPSDESK_DATABASE_URL"`
	PostgresBin string `env:"OPSDESK_POSTGRES_BIN"`
	Connections int32  `env:"OPSDESK_DATABASE_CONNECTIONS" envDefault:"20"`
	Data        string `env:"OPSDESK_DATA" envDefault:"./var"`
	TrailDir    string `env:"OPSDESK_TRAIL_DIR"`

	Listen         string        `env:"OPSDESK_LISTEN" envDefault:"127.0.0.1:8080"`
	URL            string        `env:"OPSDESK_URL"`
	TrustedProxies []string      `env:"OPSDESK_TRUSTED_PROXIES"`
	MetricsToken   string        `env:"OPSDESK_METRICS_TOKEN"`
	MaxUploadMB    int64         `env:"OPSDESK_MAX_UPLOAD_MB" envDefault:"50"`
	TimeZone       string        `env:"OPSDESK_TIME_ZONE" envDefault:"Asia/Shanghai"`
	SessionIdle    time.Duration `env:"OPSDESK_SESSION_IDLE" envDefault:"30m"`
	SessionLife    time.Duration `env:"OPSDESK_SESSION_LIFE" envDefault:"8h"`
	Sessions       int           `env:"OPSDESK_SESSIONS_PER_PERSON" envDefault:"3"`

	SMTPURL  string `env:"OPSDESK_SMTP_URL"`
	MailFrom string `env:"OPSDESK_MAIL_FROM"`

	Workers      int    `env:"OPSDESK_WORKERS" envDefault:"4"`
	LogLevel     string `env:"OPSDESK_LOG_LEVEL" envDefault:"info"`
	LogFormat    string `env:"OPSDESK_LOG_FORMAT" envDefault:"text"`
	DemoPassword string `env:"OPSDESK_DEMO_PASSWORD"`
	Dev          bool   `env:"OPSDESK_DEV"`

	proxies []netip.Prefix
	zone    *time.Location
}

// Read reads vars, given as NAME=value, and checks them. The error names every
// variable that is wrong and how to mend it.
func Read(vars []string) (Config, error) {
	c, err := env.ParseAsWithOptions[Config](env.Options{Environment: env.ToMap(vars)})
	if err != nil {
		return c, err
	}
	return c, c.complete()
}

// Names lists every variable, for the documentation's test.
func Names() ([]string, error) {
	params, err := env.GetFieldParamsWithOptions(&Config{}, env.Options{Environment: map[string]string{}})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, p := range params {
		out = append(out, p.OwnKey)
	}
	return out, nil
}

func (c *Config) complete() error {
	var bad []error
	wrong := func(name, format string, args ...any) {
		bad = append(bad, fmt.Errorf(name+": "+format, args...))
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		wrong("OPSDESK_LISTEN", "%q is not address:port, such as 127.0.0.1:8080", c.Listen)
	}
	if c.URL == "" {
		if host == "" || host == "0.0.0.0" || host == "::" {
			host = "127.0.0.1"
		}
		c.URL = "http://" + net.JoinHostPort(host, port)
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" {
		wrong("OPSDESK_URL", "%q is not an address without a path, such as https://desk.example.com", c.URL)
	}
	c.URL = strings.TrimSuffix(c.URL, "/")
	for _, p := range c.TrustedProxies {
		n, err := prefix(strings.TrimSpace(p))
		if err != nil {
			wrong("OPSDESK_TRUSTED_PROXIES", "%q is neither an address nor a network such as 10.0.0.0/8", p)
			continue
		}
		c.proxies = append(c.proxies, n)
	}
	if c.zone, err = time.LoadLocation(c.TimeZone); err != nil {
		wrong("OPSDESK_TIME_ZONE", "%q is not a time zone such as Asia/Shanghai", c.TimeZone)
	}
	if c.DatabaseURL != "" && !strings.HasPrefix(c.DatabaseURL, "postgres://") && !strings.HasPrefix(c.DatabaseURL, "postgresql://") {
		wrong("OPSDESK_DATABASE_URL", "must begin with postgres://")
	}
	if s, err := url.Parse(c.SMTPURL); c.SMTPURL != "" && (err != nil || s.Scheme != "smtp" && s.Scheme != "smtps" || s.Host == "") {
		wrong("OPSDESK_SMTP_URL", "must be smtp://user:password@host:587 or smtps://user:password@host:465")
	}
	if c.SMTPURL != "" && c.MailFrom == "" {
		wrong("OPSDESK_MAIL_FROM", "must name the sender when OPSDESK_SMTP_URL is set, such as desk@example.com")
	}
	if c.Data, err = filepath.Abs(c.Data); err != nil {
		wrong("OPSDESK_DATA", "%v", err)
	}
	if c.TrailDir == "" {
		c.TrailDir = filepath.Join(c.Data, "trail")
	}
	for _, x := range []struct {
		name string
		ok   bool
		want string
	}{
		{"OPSDESK_MAX_UPLOAD_MB", c.MaxUploadMB >= 1 && c.MaxUploadMB <= 4096, "must be between 1 and 4096"},
		{"OPSDESK_SESSION_IDLE", c.SessionIdle >= time.Minute && c.SessionIdle <= c.SessionLife, "must be at least 1m and at most OPSDESK_SESSION_LIFE"},
		{"OPSDESK_SESSION_LIFE", c.SessionLife <= 30*24*time.Hour, "must be at most 720h"},
		{"OPSDESK_SESSIONS_PER_PERSON", c.Sessions >= 1, "must be at least 1"},
		{"OPSDESK_WORKERS", c.Workers >= 0 && c.Workers <= 100, "must be between 0 and 100"},
		{"OPSDESK_DATABASE_CONNECTIONS", c.Connections >= 4 && c.Connections <= 500, "must be between 4 and 500"},
		{"OPSDESK_LOG_LEVEL", one(c.LogLevel, "debug", "info", "warn", "error"), "must be debug, info, warn or error"},
		{"OPSDESK_LOG_FORMAT", one(c.LogFormat, "text", "json"), "must be text or json"},
	} {
		if !x.ok {
			wrong(x.name, "%s", x.want)
		}
	}
	return errors.Join(bad...)
}

func prefix(s string) (netip.Prefix, error) {
	if n, err := netip.ParsePrefix(s); err == nil {
		return n, nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

func one(s string, of ...string) bool {
	for _, x := range of {
		if s == x {
			return true
		}
	}
	return false
}

// Secure reports whether people reach the desk over HTTPS.
func (c Config) Secure() bool { return strings.HasPrefix(c.URL, "https://") }

// Proxies are the networks whose X-Forwarded-For is believed.
func (c Config) Proxies() []netip.Prefix { return c.proxies }

// Zone is the company's time zone.
func (c Config) Zone() *time.Location { return c.zone }
