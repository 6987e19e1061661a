package incident

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/golden"
)

// TestEveryMoveFromEveryState is the whole life: 8 states × 11 moves.
func TestEveryMoveFromEveryState(t *testing.T) {
	t.Parallel()
	var lines []string
	legal := 0
	for _, s := range States {
		for _, m := range Moves {
			to, err := s.Next(m)
			if err != nil {
				f := fault.Of(err)
				if f.Kind != fault.Conflict || f.Code != "incident.error.illegal."+string(m) || to != s {
					t.Errorf("%s %s: %v, state %s", s, m, f, to)
				}
				lines = append(lines, fmt.Sprintf("%-12s %-10s refused", s, m))
				continue
			}
			legal++
			if s.Offers(m) != true {
				t.Errorf("%s offers %s but says no", s, m)
			}
			lines = append(lines, fmt.Sprintf("%-12s %-10s → %s", s, m, to))
		}
	}
	if legal != 19 {
		t.Errorf("%d legal moves, the machine has 19", legal)
	}
	golden.Text(t, "machine.txt", strings.Join(lines, "\n")+"\n")
}

var start = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

func fresh() Incident {
	c := uuid.New()
	return Incident{ID: uuid.New(), State: New, ReportedAt: start, RequesterID: uuid.New(), CategoryID: &c, Impact: 2, Urgency: 2, Priority: 3}
}

func TestResolveImpliesAcceptance(t *testing.T) {
	t.Parallel()
	i, me := fresh(), uuid.New()
	at := start.Add(20 * time.Minute)
	if err := i.resolve(Resolution{"fixed", "cause", "process"}, me, at, at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if i.State != Resolved || i.RespondedAt == nil || !i.RespondedAt.Equal(at) || *i.AssigneeID != me || *i.ResolvedBy != me {
		t.Errorf("%+v", i)
	}
}

func TestAcceptNeedsACategory(t *testing.T) {
	t.Parallel()
	i := fresh()
	i.CategoryID = nil
	err := i.accept(uuid.New(), start)
	if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || f.Fields[0].Name != "category_id" || i.State != New {
		t.Errorf("%v, state %s", err, i.State)
	}
}

func TestReopenForgetsTheResolution(t *testing.T) {
	t.Parallel()
	i, me := fresh(), uuid.New()
	at := start.Add(time.Hour)
	if err := i.resolve(Resolution{"fixed", "c", "p"}, me, at, at); err != nil {
		t.Fatal(err)
	}
	if err := i.close(MoveConfirm, i.RequesterID, at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := i.reopen(MoveReopen, i.RequesterID, at.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if i.State != InProgress || i.ResolutionCode != "" || i.ResolvedAt != nil || i.ClosedAt != nil || i.ReopenCount != 1 || i.AutoCloseAt != nil {
		t.Errorf("%+v", i)
	}
	if i.RespondedAt == nil {
		t.Error("the first response stays")
	}
}

func TestTimesNeverRunBackwards(t *testing.T) {
	t.Parallel()
	i, me := fresh(), uuid.New()
	early := start.Add(-time.Hour) // a back-dated report and a clock that lags
	if err := i.resolve(Resolution{"fixed", "c", "p"}, me, early, early); err != nil {
		t.Fatal(err)
	}
	if err := i.close(MoveClose, me, early); err != nil {
		t.Fatal(err)
	}
	if i.RespondedAt.Before(i.ReportedAt) || i.ResolvedAt.Before(i.ReportedAt) || i.ClosedAt.Before(*i.ResolvedAt) {
		t.Errorf("responded %s, resolved %s, closed %s, reported %s", i.RespondedAt, i.ResolvedAt, i.ClosedAt, i.ReportedAt)
	}
}

func TestPriorityOverrideNeedsAReason(t *testing.T) {
	t.Parallel()
	i := fresh()
	if err := i.override(1, 3, "  "); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	if err := i.override(1, 3, "the CEO's meeting"); err != nil || i.Priority != 1 || i.PriorityReason == "" {
		t.Errorf("%v, %+v", err, i)
	}
	if err := i.override(3, 3, "not needed any more"); err != nil || i.PriorityReason != "" {
		t.Errorf("back to the matrix: %v, reason %q", err, i.PriorityReason)
	}
}

func TestLabels(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{"INC-000123": 123, "inc123": 123, " 123 ": 123, "#7": 7, "INC-1234567": 1234567} {
		if n, ok := ParseLabel(in); !ok || n != want {
			t.Errorf("%q → %d, %t", in, n, ok)
		}
	}
	for _, in := range []string{"", "INC-", "REQ-1", "-5", "0", "12x", "99999999999999999999"} {
		if n, ok := ParseLabel(in); ok {
			t.Errorf("%q was read as %d", in, n)
		}
	}
	if Label(42) != "INC-000042" || Label(12345678) != "INC-12345678" {
		t.Error(Label(42), Label(12345678))
	}
}

func TestTitleOfAReport(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("很长", 100)
	for in, want := range map[string]string{"\n\n 打印机  坏了\n详情": "打印机 坏了", "x": "x", "a\tb": "a b", long: strings.Repeat("很长", 39) + "很…"} {
		if got := title("", in); got != want {
			t.Errorf("%q → %q", in, got)
		}
	}
	if title(" given ", "text") != "given" {
		t.Error("a given title wins")
	}
}

func TestReplayThroughTheGuard(t *testing.T) {
	t.Parallel()
	cat, by := uuid.New(), uuid.New()
	m := Matrix{{2, 2}: 3}
	event := func(s State, reason PendingReason) HistoryEvent {
		return HistoryEvent{Row: 1, At: start, By: &by, State: s, Reason: reason, CategoryID: &cat, Impact: 2, Urgency: 2, Resolution: Resolution{"other", "c", "p"}}
	}
	h := History{Key: "INC1", OpenedAt: start, RequesterID: by, OpenedBy: by, Events: []HistoryEvent{
		event(New, ""), event(InProgress, ""), event(Pending, OnUser), event(Pending, OnUser), event(Pending, OnVendor), event(InProgress, ""), event(Resolved, ""),
		event(InProgress, ""), event(Resolved, ""), event(Closed, ""), event(Closed, ""),
	}}
	if r := h.Replay(m); len(r) != 0 {
		t.Errorf("a legal life was refused: %+v", r)
	}
	h.Events = []HistoryEvent{event(New, ""), event(Closed, ""), {Row: 9, State: "", SourceName: "-100"}}
	r := h.Replay(m)
	if len(r) != 2 || r[0].Code != "incident.error.illegal.auto_close" || r[1].Code != "incident.error.unknown_state" || r[1].Row != 9 {
		t.Errorf("%+v", r)
	}
}
