package notify

import (
	"slices"
	"strings"
	"time"
)

// Groups are the kinds of events that people choose for, in the order of their
// page. Every event belongs to one; what no list names is "other".
var Groups = []string{"assigned", "talk", "mention", "progress", "approval", "deadline", "major", "other"}

// The channels.
const (
	InboxChannel = "inbox"
	MailChannel  = "mail"
)

// Channels lists them in the order of the page.
var Channels = []string{InboxChannel, MailChannel}

// groups says by the last part of an event's name where it belongs.
var groups = map[string][]string{
	"assigned": {"assigned", "task_assigned", "task_ready", "transferred", "substitute", "planned", "campaign_asked"},
	"talk":     {"replied", "noted", "commented", "answered"},
	"mention":  {"mentioned", "note_mentioned", "named", "watcher_added"},
	"progress": {
		"created", "submitted", "accepted", "started", "pended", "resumed", "resolved", "confirmed", "rejected", "reopened", "closed", "cancelled", "successor",
		"fulfilled", "attached", "detached", "merged", "unmerged", "split", "routed", "returned", "revised",
	},
	"deadline": {"view_over", "unassigned", "expiring", "warned", "breached", "escalated", "overdue", "reminded", "due", "campaign_soon", "campaign_overdue", "meeting_soon"},
}

// GroupOf is the group of an event.
func GroupOf(event string) string {
	kind, what, _ := strings.Cut(event, ".")
	if strings.Contains(what, "major") || kind == "major" || what == "announced" {
		return "major"
	}
	if strings.Contains(what, "approv") || kind == "approval" {
		return "approval"
	}
	if kind == "sla" || strings.HasSuffix(what, "_due") {
		return "deadline"
	}
	for g, list := range groups {
		if slices.Contains(list, what) {
			return g
		}
	}
	return "other"
}

// How mails are collected.
const (
	Hourly = "hourly"
	Daily  = "daily"
)

// Habits are what a person likes to be told, how and when. The zero value is
// everything, at once.
type Habits struct {
	// Off lists what the person does not want, as "group:channel".
	Off []string `json:"off"`
	// QuietFrom and QuietTo are minutes after midnight in the person's own zone;
	// equal means no quiet hours. The time may go over midnight. Mail of that
	// time is held and sent when it is over.
	QuietFrom int `json:"quiet_from" validate:"min=0,max=1439"`
	QuietTo   int `json:"quiet_to" validate:"min=0,max=1439"`
	// QuietWeekend makes Saturday and Sunday quiet.
	QuietWeekend bool `json:"quiet_weekend"`
	// Urgent lets messages of major incidents through quiet hours and digest.
	Urgent bool `json:"urgent"`
	// Digest collects mails into one: "" never, hourly, daily.
	Digest string `json:"digest" validate:"omitempty,oneof=hourly daily"`
	// DigestAt is when the daily one is sent, in minutes after midnight.
	DigestAt int `json:"digest_at" validate:"min=0,max=1439"`
}

// Wants reports whether the person wants events of a group by a channel.
func (h Habits) Wants(group, channel string) bool {
	return !slices.Contains(h.Off, group+":"+channel)
}

// quiet reports whether an instant lies in the quiet hours, and until when they
// last.
func (h Habits) quiet(t time.Time) (until time.Time, yes bool) {
	day := func(n, minutes int) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day()+n, minutes/60, minutes%60, 0, 0, t.Location())
	}
	if h.QuietWeekend {
		switch t.Weekday() {
		case time.Saturday:
			return day(2, 0), true
		case time.Sunday:
			return day(1, 0), true
		}
	}
	m := t.Hour()*60 + t.Minute()
	switch {
	case h.QuietFrom == h.QuietTo:
		return t, false
	case h.QuietFrom < h.QuietTo:
		return day(0, h.QuietTo), m >= h.QuietFrom && m < h.QuietTo
	case m >= h.QuietFrom:
		return day(1, h.QuietTo), true
	}
	return day(0, h.QuietTo), m < h.QuietTo
}

// loud is the first instant from t on that is not quiet.
func (h Habits) loud(t time.Time) time.Time {
	for range 10 { // a weekend between two nights
		until, yes := h.quiet(t)
		if !yes || !until.After(t) {
			return t
		}
		t = until
	}
	return t
}

// When says what becomes of a mail that is written at t: sent at once, held
// until an instant, or collected for the digest of an instant.
func (h Habits) When(t time.Time, group string) (state string, due time.Time) {
	if h.Urgent && group == "major" {
		return "now", t
	}
	switch h.Digest {
	case Hourly:
		return "digest", h.loud(time.Date(t.Year(), t.Month(), t.Day(), t.Hour()+1, 0, 0, 0, t.Location()))
	case Daily:
		at := time.Date(t.Year(), t.Month(), t.Day(), h.DigestAt/60, h.DigestAt%60, 0, 0, t.Location())
		if !at.After(t) {
			at = time.Date(t.Year(), t.Month(), t.Day()+1, h.DigestAt/60, h.DigestAt%60, 0, 0, t.Location())
		}
		return "digest", h.loud(at)
	}
	if l := h.loud(t); l.After(t) {
		return "waiting", l
	}
	return "now", t
}

// zoneOf is a person's zone; UTC where this machine does not know it.
func zoneOf(name string) *time.Location {
	if l, err := time.LoadLocation(name); err == nil {
		return l
	}
	return time.UTC
}
