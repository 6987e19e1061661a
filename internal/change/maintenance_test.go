package change

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

func utcTime(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Windows recur by weekday and by the nth weekday of a month, over midnight, and
// within the days they are valid, by the clocks of their zone.
func TestMaintenanceTimes(t *testing.T) {
	t.Parallel()
	sunday := []int{7}
	for name, x := range map[string]struct {
		m        Maintenance
		from, to string
		want     []string // from–to in UTC
	}{
		"weekly":                 {Maintenance{Weekdays: sunday, Starts: "02:00", Ends: "06:00", Zone: "Asia/Shanghai"}, "2026-03-01 00:00", "2026-03-16 00:00", []string{"2026-03-07 18:00–2026-03-07 22:00", "2026-03-14 18:00–2026-03-14 22:00"}},
		"two weekdays":           {Maintenance{Weekdays: []int{2, 4}, Starts: "20:00", Ends: "22:00", Zone: "UTC"}, "2026-03-02 00:00", "2026-03-08 00:00", []string{"2026-03-03 20:00–2026-03-03 22:00", "2026-03-05 20:00–2026-03-05 22:00"}},
		"over midnight":          {Maintenance{Weekdays: []int{6}, Starts: "22:00", Ends: "04:00", Zone: "UTC"}, "2026-03-08 03:00", "2026-03-08 05:00", []string{"2026-03-07 22:00–2026-03-08 04:00"}},
		"a whole day":            {Maintenance{Weekdays: sunday, Starts: "00:00", Ends: "00:00", Zone: "UTC"}, "2026-03-07 00:00", "2026-03-09 00:00", []string{"2026-03-08 00:00–2026-03-09 00:00"}},
		"touching is not within": {Maintenance{Weekdays: sunday, Starts: "02:00", Ends: "06:00", Zone: "UTC"}, "2026-03-08 06:00", "2026-03-08 09:00", nil},
		"first Sunday":           {Maintenance{Nth: 1, Weekdays: sunday, Starts: "02:00", Ends: "06:00", Zone: "UTC"}, "2026-02-01 00:00", "2026-03-31 00:00", []string{"2026-02-01 02:00–2026-02-01 06:00", "2026-03-01 02:00–2026-03-01 06:00"}},
		"third Tuesday":          {Maintenance{Nth: 3, Weekdays: []int{2}, Starts: "02:00", Ends: "06:00", Zone: "UTC"}, "2026-03-01 00:00", "2026-03-31 00:00", []string{"2026-03-17 02:00–2026-03-17 06:00"}},
		"last Sunday":            {Maintenance{Nth: LastOfMonth, Weekdays: sunday, Starts: "02:00", Ends: "06:00", Zone: "UTC"}, "2026-03-01 00:00", "2026-05-31 00:00", []string{"2026-03-29 02:00–2026-03-29 06:00", "2026-04-26 02:00–2026-04-26 06:00"}},
		"not before its first day, nor after its last": {Maintenance{Weekdays: sunday, Starts: "02:00", Ends: "06:00", Zone: "UTC", ValidFrom: "2026-03-08", ValidUntil: "2026-03-08"}, "2026-03-01 00:00", "2026-03-31 00:00", []string{"2026-03-08 02:00–2026-03-08 06:00"}},
		// Clocks of Berlin go from 02:00 to 03:00 on 2026-03-29: it is an hour later
		// in UTC from then on, and 02:30 is when they are put forward.
		"across summer time":  {Maintenance{Weekdays: sunday, Starts: "04:00", Ends: "06:00", Zone: "Europe/Berlin"}, "2026-03-22 00:00", "2026-03-30 00:00", []string{"2026-03-22 03:00–2026-03-22 05:00", "2026-03-29 02:00–2026-03-29 04:00"}},
		"a start left out":    {Maintenance{Weekdays: sunday, Starts: "02:30", Ends: "05:00", Zone: "Europe/Berlin"}, "2026-03-29 00:00", "2026-03-30 00:00", []string{"2026-03-29 01:00–2026-03-29 03:00"}},
		"an end left out":     {Maintenance{Weekdays: sunday, Starts: "00:00", Ends: "02:30", Zone: "Europe/Berlin"}, "2026-03-28 12:00", "2026-03-30 00:00", []string{"2026-03-28 23:00–2026-03-29 01:00"}},
		"all of it left out":  {Maintenance{Weekdays: sunday, Starts: "02:10", Ends: "02:50", Zone: "Europe/Berlin"}, "2026-03-29 00:00", "2026-03-30 00:00", nil},
		"shown twice":         {Maintenance{Weekdays: sunday, Starts: "02:15", Ends: "02:45", Zone: "Europe/Berlin"}, "2026-10-25 00:00", "2026-10-26 00:00", []string{"2026-10-25 00:15–2026-10-25 01:45"}},
		"over the longer day": {Maintenance{Weekdays: []int{6}, Starts: "22:00", Ends: "06:00", Zone: "America/New_York"}, "2026-10-31 12:00", "2026-11-02 00:00", []string{"2026-11-01 02:00–2026-11-01 11:00"}},
	} {
		if x.m.ValidFrom == "" {
			x.m.ValidFrom = "2026-01-01"
		}
		var got []string
		for _, s := range x.m.Times(utcTime(t, x.from), utcTime(t, x.to)) {
			got = append(got, s.From.UTC().Format("2006-01-02 15:04")+"–"+s.To.UTC().Format("2006-01-02 15:04"))
		}
		if len(got) != len(x.want) {
			t.Errorf("%s: %v, want %v", name, got, x.want)
			continue
		}
		for n := range got {
			if got[n] != x.want[n] {
				t.Errorf("%s: %s, want %s", name, got[n], x.want[n])
			}
		}
	}
}

// A change lies within windows that touch as within one; what has none in force
// may be changed at any time.
func TestOutside(t *testing.T) {
	t.Parallel()
	host, app, service := uuid.New(), uuid.New(), uuid.New()
	sat := Maintenance{Weekdays: []int{6}, Starts: "20:00", Ends: "00:00", Zone: "UTC", ValidFrom: "2026-01-01", Items: []uuid.UUID{host}, Binding: true}
	sun := Maintenance{Weekdays: []int{7}, Starts: "00:00", Ends: "04:00", Zone: "UTC", ValidFrom: "2026-01-01", Items: []uuid.UUID{host}}
	late := Maintenance{Weekdays: []int{1}, Starts: "20:00", Ends: "22:00", Zone: "UTC", ValidFrom: "2026-04-01", Services: []uuid.UUID{service}}
	all := []Maintenance{sat, sun, late}
	for name, x := range map[string]struct {
		x        concerned
		from, to string
		out      int
		shut     bool
	}{
		"over both":               {concerned{items: []uuid.UUID{host}}, "2026-03-07 22:00", "2026-03-08 03:00", 0, false},
		"to their very end":       {concerned{items: []uuid.UUID{host}}, "2026-03-07 20:00", "2026-03-08 04:00", 0, false},
		"a minute longer":         {concerned{items: []uuid.UUID{host}}, "2026-03-07 20:00", "2026-03-08 04:01", 1, true},
		"a minute earlier":        {concerned{items: []uuid.UUID{host}}, "2026-03-07 19:59", "2026-03-08 01:00", 1, true},
		"nothing of its own":      {concerned{items: []uuid.UUID{app}}, "2026-03-04 10:00", "2026-03-04 11:00", 0, false},
		"what it hangs on":        {concerned{items: []uuid.UUID{app}, above: []uuid.UUID{host}}, "2026-03-04 10:00", "2026-03-04 11:00", 1, true},
		"not in force yet":        {concerned{services: []uuid.UUID{service}}, "2026-03-04 10:00", "2026-03-04 11:00", 0, false},
		"until it comes in force": {concerned{services: []uuid.UUID{service}}, "2026-03-31 22:00", "2026-04-01 00:00", 0, false},
		"into its first day":      {concerned{services: []uuid.UUID{service}}, "2026-03-31 22:00", "2026-04-01 00:01", 1, false},
		"in force, and a hint":    {concerned{services: []uuid.UUID{service}}, "2026-04-08 10:00", "2026-04-08 11:00", 1, false},
	} {
		got := outside(all, x.x, utcTime(t, x.from), utcTime(t, x.to))
		shut := len(got) > 0 && got[0].Shut()
		if len(got) != x.out || shut != x.shut {
			t.Errorf("%s: %d outside, shut %v", name, len(got), shut)
		}
	}
	if rest := without(all, []uuid.UUID{host, app}, utcTime(t, "2026-03-04 10:00"), utcTime(t, "2026-03-04 11:00")); len(rest) != 1 || rest[0] != app {
		t.Errorf("without windows: %v", rest)
	}
}

// A calendar that has more times of windows than it shows says so.
func TestBands(t *testing.T) {
	t.Parallel()
	service := uuid.New()
	daily := Maintenance{Weekdays: []int{1, 2, 3, 4, 5, 6, 7}, Starts: "02:00", Ends: "06:00", Zone: "UTC", ValidFrom: "2026-01-01"}
	all := make([]Maintenance, 20)
	for n := range all {
		all[n] = daily
	}
	all[0].Services = []uuid.UUID{service}
	s := Span{From: utcTime(t, "2026-03-01 00:00"), To: utcTime(t, "2026-04-20 00:00")} // 50 days
	if got, more := bands(all, s); len(got) != maxBands || more {
		t.Errorf("as many as are shown: %d, more: %v", len(got), more)
	}
	s.To = utcTime(t, "2026-04-21 00:00")
	if got, more := bands(all, s); len(got) != maxBands || !more {
		t.Errorf("more than are shown: %d, more: %v", len(got), more)
	}
	s.Service = &service
	if got, more := bands(all, s); len(got) != 51 || more {
		t.Errorf("of a service: %d, more: %v", len(got), more)
	}
}
