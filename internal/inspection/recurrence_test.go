package inspection

import (
	"strings"
	"testing"
	"time"

	"opsdesk/internal/sla"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// china is a working week with the public holiday of October 2026 and the two
// days that make up for it.
func china(t *testing.T) func(time.Time) bool {
	t.Helper()
	nine, err := sla.ParseHours("09:00-18:00")
	if err != nil {
		t.Fatal(err)
	}
	r := sla.Rules{Zone: "Asia/Shanghai", Days: map[string]sla.Special{"2026-09-20": {Name: "补班"}, "2026-10-10": {Name: "补班"}}}
	for d := time.Monday; d <= time.Friday; d++ {
		r.Week[d] = nine
	}
	for d := 1; d <= 7; d++ {
		r.Days[time.Date(2026, 10, d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)] = sla.Special{Off: true, Name: "国庆"}
	}
	return workingDays(&sla.Calendar{Timeline: []sla.Rules{r}})
}

func TestRecurrences(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		r     Recurrence
		zone  string
		china bool
		after string
		want  string // RFC 3339, separated by spaces
	}{
		"every day": {
			Recurrence{Unit: Days, Every: 1, At: "08:30", From: "2026-12-01"},
			"Asia/Shanghai", false, "2026-11-20T00:00:00Z",
			"2026-12-01T00:30:00Z 2026-12-02T00:30:00Z 2026-12-03T00:30:00Z",
		},
		"every third day, counted from the first": {
			Recurrence{Unit: Days, Every: 3, At: "00:00", From: "2026-12-30"},
			"UTC", false, "2026-12-31T00:00:00Z",
			"2027-01-02T00:00:00Z 2027-01-05T00:00:00Z 2027-01-08T00:00:00Z",
		},
		"the instant itself is not after itself": {
			Recurrence{Unit: Days, Every: 1, At: "08:00", From: "2026-12-01"},
			"UTC", false, "2026-12-02T08:00:00Z",
			"2026-12-03T08:00:00Z 2026-12-04T08:00:00Z 2026-12-05T08:00:00Z",
		},
		"every second week on two days; the week of the first day counts": {
			Recurrence{Unit: Weeks, Every: 2, Weekdays: []int{1, 5}, At: "09:00", From: "2026-12-02"},
			"UTC", false, "2026-12-01T00:00:00Z",
			"2026-12-04T09:00:00Z 2026-12-14T09:00:00Z 2026-12-18T09:00:00Z",
		},
		"weeks without a day: that of the first": {
			Recurrence{Unit: Weeks, Every: 1, At: "09:00", From: "2026-12-06"},
			"UTC", false, "2026-12-01T00:00:00Z",
			"2026-12-06T09:00:00Z 2026-12-13T09:00:00Z 2026-12-20T09:00:00Z",
		},
		"the 31st is the last of shorter months": {
			Recurrence{Unit: Months, Every: 1, MonthDay: 31, At: "10:00", From: "2027-01-31"},
			"UTC", false, "2027-01-01T00:00:00Z",
			"2027-01-31T10:00:00Z 2027-02-28T10:00:00Z 2027-03-31T10:00:00Z",
		},
		"the 29th in a leap year": {
			Recurrence{Unit: Months, Every: 12, At: "10:00", From: "2027-02-28", MonthDay: 30},
			"UTC", false, "2027-01-01T00:00:00Z",
			"2027-02-28T10:00:00Z 2028-02-29T10:00:00Z 2029-02-28T10:00:00Z",
		},
		"every quarter": {
			Recurrence{Unit: Months, Every: 3, At: "10:00", From: "2026-11-30"},
			"UTC", false, "2026-11-30T10:00:00Z",
			"2027-02-28T10:00:00Z 2027-05-30T10:00:00Z 2027-08-30T10:00:00Z",
		},
		"a time that is left out when clocks go forward is later": {
			Recurrence{Unit: Days, Every: 1, At: "02:30", From: "2026-03-28"},
			"Europe/Berlin", false, "2026-03-27T00:00:00Z",
			"2026-03-28T01:30:00Z 2026-03-29T01:30:00Z 2026-03-30T00:30:00Z",
		},
		"a time that comes twice is the first": {
			Recurrence{Unit: Days, Every: 1, At: "02:30", From: "2026-10-24"},
			"Europe/Berlin", false, "2026-10-23T00:00:00Z",
			"2026-10-24T00:30:00Z 2026-10-25T00:30:00Z 2026-10-26T01:30:00Z",
		},
		"west of Greenwich": {
			Recurrence{Unit: Days, Every: 1, At: "02:30", From: "2026-03-07"},
			"America/New_York", false, "2026-03-06T00:00:00Z",
			"2026-03-07T07:30:00Z 2026-03-08T07:30:00Z 2026-03-09T06:30:00Z",
		},
		"a holiday moves to the next working day, and what meets there is one": {
			Recurrence{Unit: Days, Every: 1, At: "09:00", From: "2026-09-29"},
			"Asia/Shanghai", true, "2026-09-29T00:00:00Z",
			"2026-09-29T01:00:00Z 2026-09-30T01:00:00Z 2026-10-08T01:00:00Z",
		},
		"a weekend day that is worked (调休) is due itself, and Saturday moves to it": {
			Recurrence{Unit: Weeks, Every: 1, Weekdays: []int{6, 7}, At: "09:00", From: "2026-09-14"},
			"Asia/Shanghai", true, "2026-09-14T00:00:00Z",
			"2026-09-20T01:00:00Z 2026-09-28T01:00:00Z 2026-10-08T01:00:00Z",
		},
		"what moved is still due when one asks within the holiday": {
			Recurrence{Unit: Months, Every: 1, MonthDay: 1, At: "09:00", From: "2026-09-01"},
			"Asia/Shanghai", true, "2026-10-05T00:00:00Z",
			"2026-10-08T01:00:00Z 2026-11-02T01:00:00Z 2026-12-01T01:00:00Z",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Schedule{Recurrence: c.r, Zone: zone(t, c.zone)}
			if c.china {
				s.Working = china(t)
			}
			after, err := time.Parse(time.RFC3339, c.after)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, x := range s.Next(after, 3) {
				got = append(got, x.UTC().Format(time.RFC3339))
				if !s.Has(x) || s.Has(x.Add(time.Minute)) {
					t.Errorf("%v is an occurrence, and a minute later is none", x)
				}
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, " "), c.want)
			}
		})
	}
}

// TestNothingIsDueWhereNoDayIsWorked: a calendar without working days has no
// occurrences, and nobody waits for one.
func TestNothingIsDueWhereNoDayIsWorked(t *testing.T) {
	t.Parallel()
	s := Schedule{Recurrence: Recurrence{Unit: Weeks, Every: 1, At: "09:00", From: "2026-09-01"}, Zone: time.UTC, Working: func(time.Time) bool { return false }}
	if got := s.Next(time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC), 3); len(got) != 0 {
		t.Error(got)
	}
}

// TestSpansMeet: what two spans that meet list is what one over both lists.
func TestSpansMeet(t *testing.T) {
	t.Parallel()
	s := Schedule{Recurrence: Recurrence{Unit: Days, Every: 2, At: "23:45", From: "2026-09-01"}, Zone: zone(t, "Europe/Berlin"), Working: china(t)}
	from := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	whole := s.Between(from, from.AddDate(0, 4, 0))
	if len(whole) < 40 {
		t.Fatal(len(whole))
	}
	var parts []time.Time
	for at := from; at.Before(from.AddDate(0, 4, 0)); {
		to := at.Add(31 * time.Hour)
		if end := from.AddDate(0, 4, 0); to.After(end) {
			to = end
		}
		parts, at = append(parts, s.Between(at, to)...), to
	}
	if len(parts) != len(whole) {
		t.Fatalf("%d and %d", len(parts), len(whole))
	}
	for i := range whole {
		if !whole[i].Equal(parts[i]) {
			t.Errorf("%v %v", whole[i], parts[i])
		}
	}
}

func TestRecurrencesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	good := Recurrence{Unit: Days, Every: 1, At: "8:30", From: "2026-12-01"}
	if err := good.check(); err != nil {
		t.Error(err)
	}
	for _, at := range []string{"", "24:00", "8:3", "8", "-1:00", "08:60"} {
		bad := good
		if bad.At = at; bad.check() == nil {
			t.Errorf("%q was read", at)
		}
	}
	bad := good
	if bad.From = "2026-02-30"; bad.check() == nil {
		t.Error("the 30th of February was read")
	}
}
