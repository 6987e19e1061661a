package civil

import (
	"testing"
	"time"
)

func TestOn(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		wall, zone, first, last string
		shown                   bool
	}{
		"no summer time":             {"2026-12-01 08:30", "Asia/Shanghai", "2026-12-01 00:30", "2026-12-01 00:30", true},
		"the day before":             {"2026-03-28 02:30", "Europe/Berlin", "2026-03-28 01:30", "2026-03-28 01:30", true},
		"left out":                   {"2026-03-29 02:30", "Europe/Berlin", "2026-03-29 01:30", "2026-03-29 01:30", false},
		"just before it is left out": {"2026-03-29 01:59", "Europe/Berlin", "2026-03-29 00:59", "2026-03-29 00:59", true},
		"just after it is left out":  {"2026-03-29 03:00", "Europe/Berlin", "2026-03-29 01:00", "2026-03-29 01:00", true},
		"shown twice":                {"2026-10-25 02:30", "Europe/Berlin", "2026-10-25 00:30", "2026-10-25 01:30", true},
		"after it was shown twice":   {"2026-10-25 03:00", "Europe/Berlin", "2026-10-25 02:00", "2026-10-25 02:00", true},
		"west of Greenwich":          {"2026-03-08 02:30", "America/New_York", "2026-03-08 07:30", "2026-03-08 07:30", false},
		"far east":                   {"2026-03-08 02:30", "Pacific/Kiritimati", "2026-03-07 12:30", "2026-03-07 12:30", true},
		"a whole day left out":       {"2011-12-30 12:00", "Pacific/Apia", "2011-12-30 22:00", "2011-12-30 22:00", false},
	} {
		zone, err := Zone(x.zone)
		if err != nil {
			t.Fatal(err)
		}
		wall, err := time.Parse("2006-01-02 15:04", x.wall)
		if err != nil {
			t.Fatal(err)
		}
		first, last, shown := On(wall, zone)
		if f, l := first.UTC().Format("2006-01-02 15:04"), last.UTC().Format("2006-01-02 15:04"); f != x.first || l != x.last || shown != x.shown {
			t.Errorf("%s: %s, %s, %v", name, f, l, shown)
		}
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]time.Duration{"00:00": 0, "08:30": 510 * time.Minute, " 8:30 ": 510 * time.Minute, "23:59": 1439 * time.Minute} {
		if got, ok := Clock(s); !ok || got != want {
			t.Errorf("%q: %v, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "8", "8:3", "24:00", "12:60", "-1:00", "+8:30", "08:30:00", "noon"} {
		if got, ok := Clock(s); ok {
			t.Errorf("%q is %v", s, got)
		}
	}
}

func TestDays(t *testing.T) {
	t.Parallel()
	late := time.Date(2026, 3, 1, 23, 30, 0, 0, time.FixedZone("", 8*3600)) // a Sunday there
	if d := Day(late); d.Format(time.RFC3339) != "2026-03-01T00:00:00Z" || Weekday(d) != 7 || Weekday(d.AddDate(0, 0, 1)) != 1 {
		t.Errorf("%v, %d", d, Weekday(d))
	}
}

// A zone is loaded once; what is none is not kept.
func TestZone(t *testing.T) {
	t.Parallel()
	a, err := Zone("Europe/Madrid")
	if b, again := Zone("Europe/Madrid"); err != nil || again != nil || a != b {
		t.Errorf("loaded twice: %v, %v", err, again)
	}
	if _, err := Zone("Mars/Base"); err == nil {
		t.Error("Mars has a zone")
	}
	if _, err := Zone("Europe//Madrid"); err == nil {
		if _, kept := zones.Load("Europe//Madrid"); kept {
			t.Error("another spelling is kept")
		}
	}
}
