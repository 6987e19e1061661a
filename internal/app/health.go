package app

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"opsdesk/internal/live"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/migrate"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// ready checks that the database answers and has this program's schema or a
// newer one.
func (a *App) ready(ctx context.Context) error {
	var version int
	var dirty bool
	if err := a.Desk.DB.QueryRow(ctx, `SELECT version, dirty FROM schema_migrations`).Scan(&version, &dirty); err != nil {
		return db.Map(err)
	}
	if dirty || version < migrate.Latest() {
		return fmt.Errorf("schema %d (dirty: %t), want %d", version, dirty, migrate.Latest())
	}
	return nil
}

// metrics are what an operator watches.
type metrics struct {
	reg      *prometheus.Registry
	requests *prometheus.HistogramVec
}

func newMetrics(d *work.Desk, h *live.Hub) *metrics {
	m := &metrics{reg: prometheus.NewRegistry(), requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "opsdesk_http_request_seconds", Help: "Time to answer, by method, route and status.", Buckets: []float64{.005, .02, .05, .1, .25, .5, 1, 2.5, 10},
	}, []string{"method", "route", "status"})}
	m.reg.MustRegister(m.requests, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &tables{d})
	m.reg.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "opsdesk_live_streams", Help: "Pages that are told of changes."}, func() float64 { n, _ := h.Streams(); return float64(n) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "opsdesk_live_listening", Help: "1 while this process hears of changes."}, func() float64 {
			if _, up := h.Streams(); up {
				return 1
			}
			return 0
		}),
	)
	return m
}

func (m *metrics) observe(method, route string, status int, d time.Duration) {
	if route == live.Path && status == http.StatusOK {
		return // a stream lasts as long as its page: that is no time to answer
	}
	if len(method) > 10 {
		method = "other"
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(d.Seconds())
}

// tables reads the queues from the database at each scrape.
type tables struct{ desk *work.Desk }

var (
	jobsDesc = prometheus.NewDesc("opsdesk_jobs", "Background jobs by state.", []string{"state"}, nil)
	mailDesc = prometheus.NewDesc("opsdesk_outbox", "Mails by state (at most 10000 counted).", []string{"state"}, nil)
)

// Describe names what Collect reports.
func (t *tables) Describe(ch chan<- *prometheus.Desc) { ch <- jobsDesc; ch <- mailDesc }

// Collect counts. A database that is away leaves the values out.
func (t *tables) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second) //nolint:forbidigo // a scrape has no caller's context
	defer cancel()
	t.count(ctx, ch, jobsDesc, `SELECT state::text, count(*) FROM river_job WHERE state IN ('available', 'retryable', 'running', 'scheduled', 'discarded') GROUP BY 1`)
	t.count(ctx, ch, mailDesc, `SELECT state, count(*) FROM (SELECT state FROM outbox WHERE state IN ('queued', 'failed', 'held') LIMIT 10000) x GROUP BY 1`)
}

func (t *tables) count(ctx context.Context, ch chan<- prometheus.Metric, d *prometheus.Desc, sql string) {
	rows, err := t.desk.DB.Query(ctx, sql)
	if err != nil {
		return
	}
	defer rows.Close()
	for rows.Next() {
		var state string
		var n float64
		if rows.Scan(&state, &n) == nil {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, n, state)
		}
	}
	if err := rows.Err(); err != nil {
		t.desk.Log.WarnContext(ctx, "metrics", "err", err)
	}
}

// metricsHandler answers with the token, or to this machine where there is
// none.
func (a *App) metricsHandler() http.Handler {
	h := promhttp.HandlerFor(a.metrics.reg, promhttp.HandlerOpts{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		want := a.cfg.MetricsToken
		ip, err := netip.ParseAddr(web.ClientIP(r, a.cfg.Proxies()))
		// A proxy on this machine brings strangers that look local.
		if want == "" && (r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" || r.Header.Get("Via") != "") {
			http.Error(w, "forbidden: set OPSDESK_METRICS_TOKEN", http.StatusForbidden)
			return
		}
		if want != "" && subtle.ConstantTimeCompare([]byte(token), []byte(want)) != 1 || want == "" && (err != nil || !ip.IsLoopback()) {
			http.Error(w, "forbidden", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}
