package notify

import (
	"testing"
	"time"
)

func TestGroupOf(t *testing.T) {
	t.Parallel()
	for event, want := range map[string]string{
		"incident.assigned": "assigned", "servicerequest.task_assigned": "assigned", "incident.replied": "talk", "incident.watcher_added": "mention",
		"incident.resolved": "progress", "incident.view_over": "deadline", "incident.major_declared": "major", "major.updated": "major",
		"approval.asked": "approval", "incident.announced": "major", "incident.major_review_due": "major", "incident.note_mentioned": "mention", "catalogue.review_due": "deadline",
		"servicerequest.approved": "approval", "servicerequest.returned": "progress", "sla.breached": "deadline", "something.new": "other", "nonsense": "other", "presence.substitute": "assigned",
	} {
		if got := GroupOf(event); got != want {
			t.Errorf("%s: %s, want %s", event, got, want)
		}
	}
}

// When a mail goes: at once, after the quiet hours, or with the digest, in the
// person's own zone.
func TestWhen(t *testing.T) {
	t.Parallel()
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	night := Habits{QuietFrom: 22 * 60, QuietTo: 7 * 60}
	noon := Habits{QuietFrom: 12 * 60, QuietTo: 13*60 + 30}
	weekend := Habits{QuietFrom: 22 * 60, QuietTo: 7 * 60, QuietWeekend: true}
	for _, c := range []struct {
		name  string
		h     Habits
		zone  *time.Location
		at    string
		group string
		state string
		due   string
	}{
		{"no habits", Habits{}, shanghai, "2026-11-25 23:00", "talk", "now", "2026-11-25 23:00"},
		{"before the night", night, shanghai, "2026-11-25 21:59", "talk", "now", "2026-11-25 21:59"},
		{"the night begins", night, shanghai, "2026-11-25 22:00", "talk", "waiting", "2026-11-26 07:00"},
		{"after midnight", night, shanghai, "2026-11-26 03:00", "talk", "waiting", "2026-11-26 07:00"},
		{"the night is over", night, shanghai, "2026-11-26 07:00", "talk", "now", "2026-11-26 07:00"},
		{"a break at noon", noon, shanghai, "2026-11-26 12:10", "talk", "waiting", "2026-11-26 13:30"},
		{"a weekend", weekend, shanghai, "2026-11-28 12:00", "talk", "waiting", "2026-11-30 07:00"},
		{"Friday night goes over into it", weekend, shanghai, "2026-11-27 23:00", "talk", "waiting", "2026-11-30 07:00"},
		{"a major waits as well", night, shanghai, "2026-11-25 23:00", "major", "waiting", "2026-11-26 07:00"},
		{"unless that was chosen", Habits{QuietFrom: 22 * 60, QuietTo: 7 * 60, Urgent: true}, shanghai, "2026-11-25 23:00", "major", "now", "2026-11-25 23:00"},
		{"and only a major", Habits{QuietFrom: 22 * 60, QuietTo: 7 * 60, Urgent: true}, shanghai, "2026-11-25 23:00", "talk", "waiting", "2026-11-26 07:00"},
		{"hourly", Habits{Digest: Hourly}, shanghai, "2026-11-25 10:05", "talk", "digest", "2026-11-25 11:00"},
		{"hourly in the night", Habits{Digest: Hourly, QuietFrom: 22 * 60, QuietTo: 7 * 60}, shanghai, "2026-11-25 23:05", "talk", "digest", "2026-11-26 07:00"},
		{"daily, today", Habits{Digest: Daily, DigestAt: 8 * 60}, shanghai, "2026-11-25 07:59", "talk", "digest", "2026-11-25 08:00"},
		{"daily, tomorrow", Habits{Digest: Daily, DigestAt: 8 * 60}, shanghai, "2026-11-25 08:00", "talk", "digest", "2026-11-26 08:00"},
		{"daily in quiet hours", Habits{Digest: Daily, DigestAt: 6 * 60, QuietFrom: 22 * 60, QuietTo: 7 * 60}, shanghai, "2026-11-25 08:00", "talk", "digest", "2026-11-26 07:00"},
		{"the hour that summer time skips", Habits{QuietFrom: 23 * 60, QuietTo: 2*60 + 30}, berlin, "2026-03-29 01:00", "talk", "waiting", "2026-03-29 03:30"},
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", c.at, c.zone)
		if err != nil {
			t.Fatal(err)
		}
		state, due := c.h.When(at, c.group)
		if state != c.state || due.Format("2006-01-02 15:04") != c.due {
			t.Errorf("%s: %s %s, want %s %s", c.name, state, due.Format("2006-01-02 15:04"), c.state, c.due)
		}
	}
}
