package workday_test

import (
	"testing"
	"time"

	"opsdesk/internal/platform/workday"
)

func TestAdd(t *testing.T) {
	t.Parallel()
	c, err := workday.China()
	if err != nil {
		t.Fatal(err)
	}
	loc := time.FixedZone("CST", 8*3600)
	for _, x := range []struct {
		name, from string
		days       int
		want       string
	}{
		{"plain week", "2026-03-02T09:30:00+08:00", 3, "2026-03-05T09:30:00+08:00"},
		{"over a weekend", "2026-03-06T17:00:00+08:00", 1, "2026-03-09T17:00:00+08:00"},
		{"a Sunday that makes up for a holiday is worked", "2026-01-03T10:00:00+08:00", 1, "2026-01-04T10:00:00+08:00"},
		{"over the National Day week", "2026-09-30T10:00:00+08:00", 1, "2026-10-08T10:00:00+08:00"},
		{"late UTC evening is the next day in China", "2026-03-05T23:00:00Z", 1, "2026-03-09T07:00:00+08:00"},
		{"none", "2026-03-07T09:30:00+08:00", 0, "2026-03-07T09:30:00+08:00"},
	} {
		from, _ := time.Parse(time.RFC3339, x.from)
		want, _ := time.Parse(time.RFC3339, x.want)
		if got := c.Add(from, x.days, loc); !got.Equal(want) {
			t.Errorf("%s: %s + %d = %s, want %s", x.name, x.from, x.days, got.In(loc), x.want)
		}
	}
}
