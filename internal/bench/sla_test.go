package bench_test

import (
	"testing"
	"time"

	"opsdesk/internal/sla"
)

// BenchmarkClocks counts the clocks of records anew from 1,000,000 events, in
// memory and by one processor: the bar is a minute.
func BenchmarkClocks(b *testing.B) {
	days, err := sla.SeedDays()
	if err != nil {
		b.Fatal(err)
	}
	hours, err := sla.ParseHours("08:30-12:00 13:00-17:30")
	if err != nil {
		b.Fatal(err)
	}
	r := sla.Rules{Zone: "Asia/Shanghai", Days: days}
	for d := time.Monday; d <= time.Friday; d++ {
		r.Week[d] = hours
	}
	cal := &sla.Calendar{Timeline: []sla.Rules{r}}
	look := func(e sla.Event, _ sla.Metric) (sla.Rule, bool) {
		return sla.Rule{Target: "3d", Goal: time.Duration(e.Priority) * 8 * time.Hour, Calendar: cal}, true
	}
	const perRecord, total = 5, 1_000_000
	events := make([]sla.Event, perRecord)
	begin := time.Date(2016, 1, 4, 1, 0, 0, 0, time.UTC)
	for b.Loop() {
		began := time.Now()
		for n := range total / perRecord {
			at := begin.Add(time.Duration(n*23) * time.Minute)
			for k, kind := range []sla.EventKind{sla.Started, sla.Responded, sla.Paused, sla.Resumed, sla.Stopped} {
				events[k] = sla.Event{N: k + 1, At: at.Add(time.Duration(k*7) * time.Hour), Kind: kind, Priority: 1 + n%4, Pauses: true}
			}
			for _, m := range []sla.Metric{sla.Response, sla.Resolution} {
				if _, ok := sla.Compute(m, events, look, nil); !ok {
					b.Fatal("no clock")
				}
			}
		}
		took := time.Since(began)
		b.ReportMetric(total/took.Seconds(), "events/s")
		if took > time.Minute {
			b.Errorf("1,000,000 events took %s", took)
		}
	}
}
