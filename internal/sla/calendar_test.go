package sla_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"opsdesk/internal/apptest"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/sla"
)

func input() sla.CalendarInput {
	return sla.CalendarInput{NameZh: "柏林", NameEn: "Berlin", Zone: "Europe/Berlin", Mon: "09:00-12:00 13:00-17:00", Fri: "09:00-12:00", Active: true, Since: "now"}
}

func TestCalendarsAreEdited(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.SetClock(time.Date(2026, 6, 3, 10, 0, 0, 0, time.UTC))
	lead := d.As("lead")
	c, err := d.SLA.CreateCalendar(lead, input())
	if err != nil {
		t.Fatal(err)
	}
	for who, may := range map[string]bool{"staff": false, "engineer": false, "manager": false, "auditor": false} {
		if _, err := d.SLA.CreateCalendar(d.As(who), input()); (err == nil) != may || !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", who, err)
		}
	}
	if _, err := d.SLA.Calendars(d.As("staff")); !fault.Is(err, fault.Forbidden) {
		t.Errorf("staff read calendars: %v", err)
	}
	in := input()
	in.Version, in.Zone, in.Mon, in.Tue = c.Version, "Mars/Olympus", "9-12", "12:00-09:00"
	if _, err := d.SLA.EditCalendar(lead, c.ID, in); !fault.Is(err, fault.Invalid) || len(fault.Of(err).Fields) != 3 {
		t.Errorf("%+v", fault.Of(err))
	}
	// From now on leaves the past; for the past too changes the same rules.
	in = input()
	in.Mon = "08:00-12:00"
	if c, err = d.SLA.EditCalendar(lead, c.ID, in); err != nil || len(c.Timeline) != 2 || c.Timeline[0].Week[1].String() != "09:00-12:00 13:00-17:00" || c.Last().Week[1].String() != "08:00-12:00" {
		t.Fatalf("%v %+v", err, c.Timeline)
	}
	in.Mon, in.Since = "07:00-12:00", "always"
	if c, err = d.SLA.EditCalendar(lead, c.ID, in); err != nil || len(c.Timeline) != 2 || c.Last().Week[1].String() != "07:00-12:00" {
		t.Fatalf("%v %+v", err, c.Timeline)
	}
	// A coming holiday changes nothing that was counted; one of the past does.
	if c, err = d.SLA.SetDay(lead, c.ID, sla.DayInput{Date: "2026-12-25", Kind: "off", Name: "Christmas"}); err != nil || len(c.Timeline) != 2 || !c.Last().Days["2026-12-25"].Off {
		t.Fatalf("%v %+v", err, c.Timeline)
	}
	if c, err = d.SLA.SetDay(lead, c.ID, sla.DayInput{Date: "2026-06-01", Kind: "off", Name: "Whit Monday"}); err != nil || len(c.Timeline) != 2 {
		t.Fatalf("the same instant adds no second change: %v %+v", err, c.Timeline)
	}
	d.Advance(time.Hour)
	if c, err = d.SLA.SetDay(lead, c.ID, sla.DayInput{Date: "2026-05-01", Kind: "off"}); err != nil || len(c.Timeline) != 3 {
		t.Fatalf("%v %d", err, len(c.Timeline))
	}
	if c, err = d.SLA.SetDay(lead, c.ID, sla.DayInput{Date: "2026-12-25", Kind: "plain"}); err != nil || c.Last().Days["2026-12-25"].Name != "" {
		t.Fatalf("%v", err)
	}
	if _, err := d.SLA.SetDay(lead, c.ID, sla.DayInput{Date: "2026-13-01", Kind: "off"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
}

func TestHolidaysAreImported(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.SetClock(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC))
	lead := d.As("lead")
	list, err := d.SLA.Calendars(lead)
	if err != nil || len(list) < 2 || !list[0].Default {
		t.Fatalf("%v %+v", err, list)
	}
	c := list[0]
	if !c.Last().Days["2026-01-01"].Off || c.Last().Days["2026-01-04"].Off || c.Last().Days["2026-01-04"].Name == "" {
		t.Errorf("the calendar to begin with does not know 2026: %+v", c.Last().Days["2026-01-04"])
	}
	if m := c.Missing(d.Desk.Now()); len(m) != 1 || m[0] != 2027 {
		t.Errorf("missing %v", m)
	}
	page := d.Client("lead").Get("/settings/calendars")
	if !strings.Contains(page.Text(), "2027") {
		t.Error("no warning of the coming year")
	}
	for text, want := range map[string]string{
		`{"papers":[],"days":[]}`: "sla.error.holiday_empty", "hello": "sla.error.holiday_file", `{"days":[{"date":"soon","isOffDay":true}]}`: "sla.error.holiday_file",
	} {
		if _, err := d.SLA.ImportDays(lead, c.ID, sla.ImportInput{Text: text}); err == nil || fault.Of(err).Fields[0].Code != want {
			t.Errorf("%s: %v", text, fault.Of(err))
		}
	}
	ics := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:元旦假期\r\nDTSTART;VALUE=DATE:20270101\r\nDTEND;VALUE=DATE:20270104\r\nEND:VEVENT\r\n" +
		"BEGIN:VEVENT\r\nUID:2\r\nSUMMARY:上班(补元旦假期)\r\nDTSTART;VALUE=DATE:20270109\r\nDTEND;VALUE=DATE:20270110\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	answer := d.Client("lead").Post("/settings/calendars/"+c.ID.String()+"/import", url.Values{"text": {ics}, "since": {"now"}})
	if answer.Status != 303 {
		t.Fatalf("%d %s", answer.Status, answer.Text())
	}
	if c, err = d.SLA.Calendar(lead, c.ID); err != nil {
		t.Fatal(err)
	}
	days := c.Last().Days
	if !days["2027-01-01"].Off || !days["2027-01-03"].Off || days["2027-01-04"].Name != "" || days["2027-01-09"].Off || days["2027-01-09"].Name == "" || len(c.Missing(d.Desk.Now())) != 0 || len(c.Timeline) != 1 {
		t.Errorf("%+v %v", days["2027-01-09"], len(c.Timeline))
	}
	if (&sla.Calendar{Timeline: c.Timeline}).AddDays(time.Date(2027, 1, 8, 4, 0, 0, 0, time.UTC), 1).Day() != 9 {
		t.Error("the make-up Saturday is not worked")
	}
}

// TestAddDays: by the calendar that every desk begins with.
func TestAddDays(t *testing.T) {
	t.Parallel()
	c := china(t, "09:00-18:00")
	for _, x := range []struct {
		name, from string
		days       int
		want       string
	}{
		{"plain week", "2026-03-02 09:30", 3, "2026-03-05 09:30"},
		{"over a weekend", "2026-03-06 17:00", 1, "2026-03-09 17:00"},
		{"a Sunday that makes up for a holiday is worked", "2026-01-03 10:00", 1, "2026-01-04 10:00"},
		{"over the National Day week", "2026-09-30 10:00", 1, "2026-10-08 10:00"},
		{"none", "2026-03-07 09:30", 0, "2026-03-07 09:30"},
	} {
		if got := c.AddDays(on(t, x.from), x.days); !got.Equal(on(t, x.want)) {
			t.Errorf("%s: %s, want %s", x.name, got.In(shanghai), x.want)
		}
	}
}

// TestPreview: what an edit of a calendar would do is told before, and is what
// it then does.
func TestPreview(t *testing.T) {
	t.Parallel()
	d := desk(t)
	lead := d.As("lead")
	i := report(t, d, 2, 2) // P3: answer by 11:00, by the default calendar
	list, err := d.SLA.Calendars(lead)
	if err != nil {
		t.Fatal(err)
	}
	c := list[0]
	d.SetClock(on(t, "2026-03-02 11:30").UTC())
	in := sla.CalendarInput{
		NameZh: c.NameZh, NameEn: c.NameEn, Zone: "Asia/Shanghai", Default: true, Active: true, Since: "always",
		Mon: "10:00-18:00", Tue: "10:00-18:00", Wed: "10:00-18:00", Thu: "10:00-18:00", Fri: "10:00-18:00",
	}
	p, err := d.SLA.PreviewCalendar(lead, c.ID, in)
	if err != nil || p.Looked == 0 || p.Saved == 0 {
		t.Fatalf("%v %+v", err, p)
	}
	find := func(p sla.Preview) *sla.Flip {
		for _, f := range p.Flips {
			if f.Number == i.Label() && f.Metric == sla.Response {
				return &f
			}
		}
		return nil
	}
	f := find(p)
	if f == nil || f.Late != "no_longer" || !f.After.Equal(on(t, "2026-03-02 12:00")) {
		t.Fatalf("%+v", f)
	}
	dueAt(t, clock(t, d, i, sla.Response), "2026-03-02 11:00") // nothing was changed
	in.Since = "now"
	if p, err = d.SLA.PreviewCalendar(lead, c.ID, in); err != nil || find(p) != nil {
		t.Errorf("from now on leaves what is over: %v %+v", err, find(p))
	}
	in.Since = "always"
	if _, err := d.SLA.EditCalendar(lead, c.ID, in); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	dueAt(t, clock(t, d, i, sla.Response), "2026-03-02 12:00")
	if at := registered(t, d, i.ID); at == nil || !at.Equal(on(t, "2026-03-02 12:00")) {
		t.Errorf("the register says %v", at)
	}
	a := d.Client("lead").Post("/settings/calendars/"+c.ID.String()+"/days", url.Values{"date": {"2026-03-02"}, "kind": {"off"}, "since": {"always"}, "preview": {"1"}})
	if a.Status != 200 || !strings.Contains(a.Text(), i.Label()) || !strings.Contains(a.Text(), `value="2026-03-02"`) {
		t.Errorf("the page does not preview: %d", a.Status)
	}
}
