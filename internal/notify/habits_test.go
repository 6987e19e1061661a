package notify_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/event"
	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/notify"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

var shanghai = time.FixedZone("CST", 8*3600)

// at stops the clock of the desk at a time in Shanghai; 2026-11-25 is a
// Wednesday.
func at(t *testing.T, d *apptest.Desk, when string) {
	t.Helper()
	x, err := time.ParseInLocation("2006-01-02 15:04", when, shanghai)
	if err != nil {
		t.Fatal(err)
	}
	d.SetClock(x)
}

// due runs the minute's job and what it queues.
func due(t *testing.T, d *apptest.Desk) {
	t.Helper()
	if err := d.Jobs.Tick(t.Context(), notify.JobDue); err != nil {
		t.Fatal(err)
	}
	d.Drain()
}

// to counts the mails that somebody was sent.
func to(d *apptest.Desk, address string) (n int) {
	for _, m := range d.Mail.Sent {
		if m.To == address {
			n++
		}
	}
	return n
}

func choose(t *testing.T, d *apptest.Desk, who string, h notify.Habits) {
	t.Helper()
	if err := d.Notify.SetHabits(d.As(who), h); err != nil {
		t.Fatal(err)
	}
}

// Quiet hours hold mail and deliver it afterwards, once, also when the desk was
// down at that moment; the inbox is not held.
func TestQuietHoursHoldAndDeliver(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.Drain()
	d.Mail.Sent = nil
	at(t, d, "2026-11-25 23:00")
	choose(t, d, "staff", notify.Habits{QuietFrom: 22 * 60, QuietTo: 7 * 60})
	report(t, d)
	d.Drain()
	due(t, d)
	if n := to(d, "staff@qiming.example"); n != 0 {
		t.Fatalf("%d mails in quiet hours", n)
	}
	held, err := d.Notify.Outbox(d.As("admin"), "waiting", nil, 5)
	if err != nil || len(held) != 1 || held[0].DueAt == nil || held[0].DueAt.In(shanghai).Format("15:04") != "07:00" {
		t.Errorf("%v %+v", err, held)
	}
	if page := d.Client("admin").Get("/admin/outbox").Text(); !strings.Contains(page, "Quiet hours") {
		t.Error("the outbox does not say why it waits")
	}
	list, err := d.Notify.Lines(d.As("staff"), notify.Unread, nil, 5)
	if err != nil || len(list) == 0 || list[0].Event != "incident.replied" {
		t.Errorf("the inbox waits as well: %v %+v", err, list)
	}
	at(t, d, "2026-11-26 06:59")
	due(t, d)
	if to(d, "staff@qiming.example") != 0 {
		t.Error("sent before the quiet hours were over")
	}
	at(t, d, "2026-11-26 09:30") // the desk was down at seven
	due(t, d)
	due(t, d)
	if n := to(d, "staff@qiming.example"); n != 1 || !strings.Contains(d.Mail.Sent[0].Text, "Which floor?") {
		t.Errorf("%d mails after the quiet hours", n)
	}
}

// What was held is asked once more when it goes: a ticket that became
// confidential tells nothing in its mail.
func TestHeldMailForgetsWhatBecameConfidential(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.Drain()
	d.Mail.Sent = nil
	at(t, d, "2026-11-25 23:00")
	choose(t, d, "staff", notify.Habits{QuietFrom: 22 * 60, QuietTo: 7 * 60})
	i := report(t, d)
	d.Drain()
	if _, err := d.Incidents.Hide(d.As("lead"), i.ID, incident.StepInput{}); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	at(t, d, "2026-11-26 08:00")
	due(t, d)
	for _, m := range d.Mail.Sent {
		if m.To == "staff@qiming.example" && (strings.Contains(m.Text, "Which floor?") || strings.Contains(m.Subject, i.Title)) {
			t.Errorf("the mail tells a secret: %s %s", m.Subject, m.Text)
		}
	}
	if n := to(d, "staff@qiming.example"); n != 1 {
		t.Errorf("%d mails", n)
	}
}

// A digest collects what has happened into one mail, in the reader's language,
// and nothing goes twice.
func TestDigestCollects(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.Drain()
	d.Mail.Sent = nil
	at(t, d, "2026-11-25 10:10")
	choose(t, d, "staff", notify.Habits{Digest: notify.Hourly})
	for range 3 {
		report(t, d)
	}
	d.Drain()
	due(t, d)
	if to(d, "staff@qiming.example") != 0 {
		t.Fatal("a mail before the digest")
	}
	at(t, d, "2026-11-25 11:00")
	due(t, d)
	due(t, d)
	if n := to(d, "staff@qiming.example"); n != 1 {
		t.Fatalf("%d mails at the full hour", n)
	}
	m := d.Mail.Sent[len(d.Mail.Sent)-1]
	if strings.Count(m.Text, "INC-000041") != 3 || !strings.Contains(m.Text, "/me/notifications") || !strings.Contains(m.Subject, "3") {
		t.Errorf("%s\n%s", m.Subject, m.Text)
	}
	at(t, d, "2026-11-25 12:00")
	due(t, d)
	if n := to(d, "staff@qiming.example"); n != 1 {
		t.Errorf("an empty digest was sent, or a second one: %d", n)
	}
}

// Of a major incident people hear at once only if they chose that.
func TestMajorsBreakThroughOnlyIfChosen(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.Drain()
	d.Mail.Sent = nil
	at(t, d, "2026-11-25 23:00")
	quiet := notify.Habits{QuietFrom: 22 * 60, QuietTo: 7 * 60}
	choose(t, d, "engineer", quiet)
	quiet.Urgent, quiet.Digest, quiet.DigestAt = true, notify.Daily, 8*60
	choose(t, d, "engineer2", quiet)
	p, err := identity.ByUsername(t.Context(), d.Pool, "engineer", "engineer2")
	if err != nil {
		t.Fatal(err)
	}
	lead := d.As("lead")
	if err := d.Desk.Do(lead, func(u *work.Unit) error {
		u.Announce("incident.major_declared", event.Subject{Title: "Mail is down", Path: "/"}, p["engineer"], p["engineer2"])
		return u.Record(lead, incident.ActionClassify, record.Ref{Kind: "setting", ID: uuid.New()}, nil)
	}); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	if a, b := to(d, "engineer@qiming.example"), to(d, "engineer2@qiming.example"); a != 0 || b != 1 {
		t.Errorf("engineer %d, engineer2 %d", a, b)
	}
	at(t, d, "2026-11-26 07:00")
	due(t, d)
	if a, b := to(d, "engineer@qiming.example"), to(d, "engineer2@qiming.example"); a != 1 || b != 1 {
		t.Errorf("in the morning: engineer %d, engineer2 %d", a, b)
	}
}

// What somebody does not want they are not told, by the channel they said.
func TestChoices(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.Drain()
	d.Mail.Sent = nil
	choose(t, d, "staff", notify.Habits{Off: []string{"talk:mail", "talk:inbox"}})
	before, err := d.Notify.Lines(d.As("staff"), notify.All, nil, 200)
	if err != nil {
		t.Fatal(err)
	}
	report(t, d)
	d.Drain()
	after, err := d.Notify.Lines(d.As("staff"), notify.All, nil, 200)
	if err != nil || len(after) != len(before) || to(d, "staff@qiming.example") != 0 {
		t.Errorf("%v: %d → %d lines, %d mails", err, len(before), len(after), to(d, "staff@qiming.example"))
	}
	choose(t, d, "staff", notify.Habits{Off: []string{"talk:mail"}})
	report(t, d)
	d.Drain()
	if after, err = d.Notify.Lines(d.As("staff"), notify.All, nil, 200); err != nil || len(after) != len(before)+1 || to(d, "staff@qiming.example") != 0 {
		t.Errorf("%v: %d → %d lines, %d mails", err, len(before), len(after), to(d, "staff@qiming.example"))
	}
	if err := d.Notify.SetHabits(d.As("staff"), notify.Habits{Off: []string{"talk:pigeon"}}); err == nil {
		t.Error("an unknown channel was accepted")
	}
}

// The page, without script: what is not ticked is off, and nothing typed is
// lost.
func TestHabitsPage(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	c := d.Client("staff")
	if a := c.Get("/me/notifications"); a.Status != 200 || strings.Count(a.Text(), " checked") != len(notify.Groups)*2 {
		t.Fatalf("%d %d", a.Status, strings.Count(a.Text(), " checked"))
	}
	form := url.Values{"want": {"talk:inbox", "assigned:mail"}, "quiet_from": {"22:00"}, "quiet_to": {""}, "digest": {"daily"}, "digest_at": {"08:30"}, "urgent": {"false", "true"}}
	if a := c.Post("/me/notifications", form); a.Status != 422 || !strings.Contains(a.Text(), `value="22:00"`) || !strings.Contains(a.Text(), "both times") {
		t.Fatalf("%d", a.Status)
	}
	form.Set("quiet_to", "06:30")
	if a := c.Post("/me/notifications", form); a.Status != 303 {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	h, err := d.Notify.Habits(d.As("staff"))
	if err != nil || h.QuietFrom != 22*60 || h.QuietTo != 6*60+30 || h.Digest != notify.Daily || h.DigestAt != 510 || !h.Urgent || !h.Wants("talk", "inbox") || h.Wants("talk", "mail") || !h.Wants("assigned", "mail") {
		t.Errorf("%v %+v", err, h)
	}
}
