package config_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"opsdesk/internal/platform/config"
)

func TestEmptyEnvironmentIsADevelopmentDesk(t *testing.T) {
	t.Parallel()
	c, err := config.Read(nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:8080" || c.URL != "http://127.0.0.1:8080" || c.Secure() || c.SessionIdle != 30*time.Minute || c.Zone().String() != "Asia/Shanghai" {
		t.Errorf("unexpected defaults: %+v", c)
	}
}

func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := config.Read([]string{
		"OPSDESK_LISTEN=nowhere", "OPSDESK_URL=desk", "OPSDESK_TIME_ZONE=Mars/Base", "OPSDESK_SMTP_URL=http://x", "OPSDESK_DATABASE_URL=mysql://x",
		"OPSDESK_TRUSTED_PROXIES=10.0.0.0/8,potato", "OPSDESK_LOG_LEVEL=loud", "OPSDESK_SESSION_IDLE=20h",
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range []string{
		"OPSDESK_LISTEN", "OPSDESK_URL", "OPSDESK_TIME_ZONE", "OPSDESK_SMTP_URL", "OPSDESK_MAIL_FROM", "OPSDESK_DATABASE_URL",
		"OPSDESK_TRUSTED_PROXIES", "OPSDESK_LOG_LEVEL", "OPSDESK_SESSION_IDLE",
	} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in: %v", name, err)
		}
	}
}

// The documentation and the program name the same variables.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	names, err := config.Names()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, n := range names {
		known[n] = true
		if !strings.Contains(string(b), "| `"+n+"` |") {
			t.Errorf("docs/configuration.md has no line for %s", n)
		}
	}
	for _, w := range strings.FieldsFunc(string(b), func(r rune) bool { return r != '_' && (r < 'A' || r > 'Z') }) {
		if strings.HasPrefix(w, "OPSDESK_") && !known[w] && !strings.HasPrefix(w, "OPSDESK_TEST_") {
			t.Errorf("docs/configuration.md names %s, which the desk does not read", w)
		}
	}
}
