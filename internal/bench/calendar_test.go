package bench_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"opsdesk/internal/change"
)

// pageBudget is what the document of a page may weigh over the wire, in bytes
// (design guide 15).
const pageBudget = 15 << 10

// BenchmarkCalendarMonth reads a month with 1,000 planned changes, and one with
// ten, as a browser does. The bars are those of a list, and the budget of a page.
func BenchmarkCalendarMonth(b *testing.B) {
	if b.N > 1 {
		b.Skip("one round is enough")
	}
	m := start(b)
	quiet := time.Date(2028, 3, 1, 0, 0, 0, 0, time.UTC) // after everything of the demo
	full := quiet.AddDate(0, 2, 0)
	for month, n := range map[time.Time]int{quiet: 10, full: 1000} {
		for k := range n {
			from := month.AddDate(0, 0, k%28).Add(time.Duration(k%24) * time.Hour)
			to := from.Add(time.Duration(1+k%5) * time.Hour)
			in := change.CreateInput{Type: change.Normal, Plan: change.Plan{Title: fmt.Sprintf("更换机柜 %d 的电源模块", k), WindowFrom: &from, WindowTo: &to}}
			if _, err := m.Changes.Create(m.as(b, "engineer2"), in); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := m.Changes.Freeze(m.as(b, "changemanager"), change.FreezeInput{NameZh: "月末封网", NameEn: "End of month", Hard: true, From: month.AddDate(0, 0, 27), To: month.AddDate(0, 0, 29)}); err != nil {
			b.Fatal(err)
		}
	}
	v := m.visitor(b, "changemanager")
	page := func(day time.Time, view string) func() error {
		return func() error { return v.get("/changes/calendar?range=" + view + "&day=" + day.Format(time.DateOnly)) }
	}
	for _, s := range []struct{ name, view string }{{"calendar, month", "month"}, {"calendar, week", "week"}} {
		was, now := timed(b, 100, page(quiet.AddDate(0, 0, 7), s.view), page(full.AddDate(0, 0, 7), s.view))
		fmt.Printf("%-34s %-30s %-30s %4.1f×\n", s.name, was, now, float64(now.median)/float64(was.median))
		if now.p95 > 300*time.Millisecond {
			b.Error("MISSES 300 ms at the 95th percentile")
		}
		n, err := v.weight("/changes/calendar?range=" + s.view + "&day=" + full.AddDate(0, 0, 7).Format(time.DateOnly))
		if err != nil {
			b.Fatal(err)
		}
		fmt.Printf("%-34s %d bytes over the wire (budget %d)\n", s.name, n, pageBudget)
		if n > pageBudget {
			b.Error("MISSES the budget of a page")
		}
	}
}

// weight is how many bytes of a page travel, compressed.
func (v *visitor) weight(path string) (int64, error) {
	r, err := http.NewRequest(http.MethodGet, v.m.server.URL+path, nil)
	if err != nil {
		return 0, err
	}
	r.AddCookie(&http.Cookie{Name: "opsdesk", Value: v.cookie})
	r.Header.Set("Accept-Encoding", "gzip")
	res, err := v.client.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s: %d", path, res.StatusCode)
	}
	return io.Copy(io.Discard, res.Body)
}
