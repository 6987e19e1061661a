package incident

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestWhatIsCopiedToChildren: capabilities 9, every step of a parent against
// every state of a child.
func TestWhatIsCopiedToChildren(t *testing.T) {
	t.Parallel()
	in := func(s State, r PendingReason) Incident { return Incident{State: s, PendingReason: r} }
	for _, c := range []struct {
		name          string
		before, after Incident
		copied        bool
		reached       map[Incident]bool
	}{
		{"begun", in(Accepted, ""), in(InProgress, ""), true, map[Incident]bool{
			in(New, ""): true, in(Accepted, ""): true, in(InProgress, ""): false, in(Pending, OnVendor): false, in(Pending, OnUser): false, in(Resolved, ""): false, in(Closed, ""): false, in(Cancelled, ""): false,
		}},
		{"on hold", in(InProgress, ""), in(Pending, OnVendor), true, map[Incident]bool{
			in(New, ""): true, in(InProgress, ""): true, in(Pending, OnParts): false, in(Pending, OnUser): false, in(Resolved, ""): false,
		}},
		{"on hold for something else", in(Pending, OnVendor), in(Pending, OnChange), true, map[Incident]bool{
			in(Pending, OnVendor): true, in(Pending, OnParts): false, in(Pending, OnUser): false,
		}},
		{"on hold for its user", in(InProgress, ""), in(Pending, OnUser), false, nil},
		{"resumed", in(Pending, OnVendor), in(InProgress, ""), true, map[Incident]bool{
			in(Pending, OnVendor): true, in(Pending, OnParts): false, in(Pending, OnUser): false, in(Accepted, ""): true, in(InProgress, ""): false,
		}},
		{"its user answered", in(Pending, OnUser), in(InProgress, ""), false, nil},
		{"resolved", in(InProgress, ""), in(Resolved, ""), true, map[Incident]bool{
			in(New, ""): true, in(Accepted, ""): true, in(InProgress, ""): true, in(Pending, OnUser): true, in(Pending, OnParts): true, in(Resolved, ""): false, in(Closed, ""): false, in(Cancelled, ""): false,
		}},
		{"closed", in(Resolved, ""), in(Closed, ""), false, nil},
		{"reopened", in(Resolved, ""), in(InProgress, ""), false, nil},
		{"accepted", in(New, ""), in(Accepted, ""), false, nil},
		{"edited", in(InProgress, ""), in(InProgress, ""), false, nil},
		{"cancelled", in(Accepted, ""), in(Cancelled, ""), false, nil},
	} {
		st, ok := copies(c.before, c.after)
		if ok != c.copied {
			t.Errorf("%s: copied %v", c.name, ok)
		}
		for child, want := range c.reached {
			if got := st.reaches(child); got != want {
				t.Errorf("%s reaches a child that is %s %s: %v", c.name, child.State, child.PendingReason, got)
			}
		}
	}
}

// TestChildrenTakeTheStep: what reaches a child is legal for it, by the same
// machine as a click.
func TestChildrenTakeTheStep(t *testing.T) {
	t.Parallel()
	now, by, cat := time.Now(), uuid.New(), uuid.New()
	for _, st := range []stride{{InProgress, "", ""}, {InProgress, "", OnVendor}, {Pending, OnVendor, ""}, {Pending, OnParts, OnVendor}} {
		for _, s := range States {
			for _, r := range append(PendingReasons[:], "") {
				i := Incident{State: s, PendingReason: r, CategoryID: &cat}
				if (s == Pending) != (r != "") || !st.reaches(i) {
					continue
				}
				if err := i.take(st, by, now); err != nil || i.State != st.State || i.PendingReason != st.Reason {
					t.Errorf("%+v on %s %s: %v, %s %s", st, s, r, err, i.State, i.PendingReason)
				}
			}
		}
	}
}
