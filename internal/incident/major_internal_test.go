package incident

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
)

func codeOf(err error) string {
	f := fault.Of(err)
	switch {
	case f == nil:
		return "ok"
	case len(f.Fields) > 0:
		return f.Fields[0].Code
	}
	return f.Code
}

// TestMajorMachine: every act on a major incident from everywhere it may stand.
func TestMajorMachine(t *testing.T) {
	t.Parallel()
	now, by := time.Now(), uuid.New()
	acts := map[string]func(*Major, *Incident) error{
		"propose": func(m *Major, i *Incident) error { return m.propose(i, by, "why", now) },
		"decline": func(m *Major, i *Incident) error { return m.decline(i, by, "why", 0, now) },
		"declare": func(m *Major, i *Incident) error { return m.declare(i, by, "why", now) },
		"end":     func(m *Major, i *Incident) error { return m.end(i, by, "why", now, now.AddDate(0, 0, 7)) },
	}
	for _, c := range []struct{ from, act, to, code string }{
		{"", "propose", Proposed, "ok"},
		{"", "decline", "", "incident.error.not_proposed"},
		{"", "declare", Declared, "ok"},
		{"", "end", "", "incident.error.not_major"},
		{Proposed, "propose", Proposed, "incident.error.major_proposed"},
		{Proposed, "decline", "", "ok"},
		{Proposed, "declare", Declared, "ok"},
		{Proposed, "end", Proposed, "incident.error.not_major"},
		{Declared, "propose", Declared, "incident.error.major_already"},
		{Declared, "decline", Declared, "incident.error.not_proposed"},
		{Declared, "declare", Declared, "incident.error.major_already"},
		{Declared, "end", Ended, "ok"},
		{Ended, "propose", Ended, "incident.error.major_already"},
		{Ended, "decline", Ended, "incident.error.not_proposed"},
		{Ended, "declare", Declared, "ok"},
		{Ended, "end", Ended, "incident.error.not_major"},
	} {
		i, m := Incident{State: InProgress, Major: c.from}, Major{Cadence: 60}
		if got := codeOf(acts[c.act](&m, &i)); got != c.code || i.Major != c.to {
			t.Errorf("%s from %q: %s, now %q", c.act, c.from, got, i.Major)
		}
	}
	parent := uuid.New()
	for name, i := range map[string]Incident{"resolved": {State: Resolved}, "child": {State: New, ParentID: &parent}} {
		var m Major
		if acts["declare"](&m, &i) == nil || acts["propose"](&m, &i) == nil {
			t.Errorf("a %s one was declared", name)
		}
	}
}

// TestMajorClocks: control INC-05 and the cadence.
func TestMajorClocks(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	i, m := Incident{State: InProgress}, Major{Cadence: 60}
	if err := m.declare(&i, uuid.New(), "why", now); err != nil {
		t.Fatal(err)
	}
	at := func(min int) time.Time { return now.Add(time.Duration(min) * time.Minute) }
	if m.NoticeLate(at(30)) || !m.NoticeLate(at(31)) || m.UpdateLate(at(60)) || !m.UpdateLate(at(61)) || m.ReviewLate(at(99999)) {
		t.Error("before anything was done")
	}
	in, out := at(29), at(45)
	m.NoticeAt = &in
	if m.NoticeLate(at(500)) {
		t.Error("told in time, and late all the same")
	}
	m.NoticeAt = &out
	if !m.NoticeLate(at(500)) {
		t.Error("told too late, and nothing says so")
	}
	m.updated(at(61))
	if m.UpdateLate(at(121)) || !m.UpdateLate(at(122)) {
		t.Error("the cadence does not begin anew")
	}
	if err := m.end(&i, uuid.New(), "over", at(200), at(2000)); err != nil {
		t.Fatal(err)
	}
	if m.UpdateLate(at(9999)) || m.ReviewLate(at(2000)) || !m.ReviewLate(at(2001)) {
		t.Error("after the end")
	}
}

// TestReviewIsSignedByAnother: nobody who wrote in it signs it, and it changes
// only as a draft.
func TestReviewIsSignedByAnother(t *testing.T) {
	t.Parallel()
	now, a, b, c := time.Now(), uuid.New(), uuid.New(), uuid.New()
	full := ReviewInput{Summary: "s", Impact: "i", Cause: "c", WentWell: "w", StartedAt: &now}
	r := Review{State: ReviewDraft}
	if got := codeOf(r.submit(a, now)); got != "validation.required" {
		t.Errorf("an empty review was submitted: %s", got)
	}
	if err := r.write(full, a); err != nil {
		t.Fatal(err)
	}
	if got := codeOf(r.submit(b, now)); got != "incident.error.review_no_action" {
		t.Errorf("without an action: %s", got)
	}
	r.Actions = []Measure{{Title: "x"}}
	if got := codeOf(r.sign(c, now)); got != "incident.error.review_not_submitted" {
		t.Errorf("a draft was signed: %s", got)
	}
	if err := r.submit(b, now); err != nil {
		t.Fatal(err)
	}
	for who, id := range map[string]uuid.UUID{"author": a, "who submitted": b} {
		if got := codeOf(r.sign(id, now)); got != "incident.error.review_own" {
			t.Errorf("%s signed: %s", who, got)
		}
	}
	if got := codeOf(r.write(full, a)); got != "incident.error.review_submitted" {
		t.Errorf("changed while somebody reads it: %s", got)
	}
	if err := r.giveBack(c, "say more", now); err != nil || r.State != ReviewDraft {
		t.Fatal(err)
	}
	if err := r.submit(a, now); err != nil {
		t.Fatal(err)
	}
	if err := r.sign(c, now); err != nil || r.State != ReviewSigned {
		t.Fatal(err)
	}
	if got := codeOf(r.write(full, a)); got != "incident.error.review_signed" {
		t.Errorf("changed after it was signed: %s", got)
	}
	before := now.Add(-time.Hour)
	d := Review{State: ReviewDraft}
	full.RestoredAt = &before
	if got := codeOf(d.write(full, a)); got != "incident.error.review_order" {
		t.Errorf("restored before it began: %s", got)
	}
}

// TestGrown: a declined proposal is made again of what is twice as large, and
// larger by what the rule of numbers asks for, or of a higher priority.
func TestGrown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		was, now seen
		least    int
		grown    bool
	}{
		{seen{10, 2}, seen{10, 2}, 10, false},
		{seen{10, 2}, seen{19, 2}, 10, false},
		{seen{10, 2}, seen{20, 2}, 10, true},
		{seen{10, 2}, seen{9, 1}, 10, true},
		{seen{10, 2}, seen{10, 3}, 10, false},
		{seen{0, 1}, seen{1, 1}, 3, false}, // twice nobody
		{seen{0, 1}, seen{3, 1}, 3, true},
		{seen{30, 1}, seen{59, 1}, 3, false},
		{seen{1, 1}, seen{50, 1}, 0, false}, // no rule of numbers
	} {
		if got := c.now.grown(c.was, c.least); got != c.grown {
			t.Errorf("%+v after %+v by %d: %v", c.now, c.was, c.least, got)
		}
	}
}
