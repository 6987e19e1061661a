package journeys_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
)

// key presses keys without touching the pointer.
func (v *visitor) key(keys string) {
	v.t.Helper()
	v.run(chromedp.KeyEvent(keys))
}

// turns presses a key that leads to another page.
func (v *visitor) turns(keys string) {
	v.t.Helper()
	v.then(chromedp.KeyEvent(keys))
}

// goTo moves through the list until the cursor stands on a row; it does not wait
// for the preview.
func (v *visitor) goTo(number string) {
	v.t.Helper()
	for range 40 {
		var way int
		v.run(chromedp.Evaluate(fmt.Sprintf(`(() => { const r = [...document.querySelectorAll('[data-row]')]; return r.findIndex((x) => x.dataset.key === %q) - r.findIndex((x) => x.matches('.cur')); })()`, number), &way))
		switch {
		case way > 0:
			v.key("j")
		case way < 0:
			v.key("k")
		default:
			return
		}
	}
	v.t.Fatalf("%s is not in the list", number)
}

// TestTriageOfTenByKeyboardAlone: an engineer takes ten new incidents through
// the queue without the pointer: all are
// taken, two begun, two resolved, one made urgent; the list never loses its place.
func TestTriageOfTenByKeyboardAlone(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	c, err := d.Incidents.Config(d.As("staff"))
	if err != nil {
		t.Fatal(err)
	}
	var list []incident.Incident
	for n := range 10 {
		in := incident.CreateInput{Title: fmt.Sprintf("nyckelharpa %d", n), Description: "It is out of tune.", Impact: 2, Urgency: 2, Location: "A-3F", Channel: "portal"}
		for _, x := range c.Categories {
			if x.NameEn == "Wireless" {
				in.CategoryID = &x.ID
			}
		}
		i, err := d.Incidents.Create(d.As("staff"), in)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, i)
		d.Advance(time.Second)
	}
	v := visit(t, d, "en", 1440)
	v.signIn("engineer")
	v.open("/incidents?view=unassigned&q=nyckelharpa&sort=created")
	// Newest first. Taking one takes it out of this list: the cursor goes on.
	for n := 9; n >= 0; n-- {
		v.goTo(list[n].Label())
		v.turns("i")
		if q := v.search(); !strings.Contains(q, "view=unassigned") || !strings.Contains(q, "nyckelharpa") {
			t.Fatalf("the list was left: %s", q)
		}
		if n > 0 {
			v.until(fmt.Sprintf(`document.querySelector('[data-row].cur')?.dataset.key === %q`, list[n-1].Label()))
		}
	}
	v.open("/incidents?view=mine&q=nyckelharpa&sort=created")
	for n, i := range list {
		v.goTo(i.Label())
		switch {
		case n < 2:
			v.turns("s")
		case n < 4:
			v.turns("e")
			v.key("F") // the first field has the focus: Fixed
			v.key(kb.Tab)
			v.key("A string was loose.")
			v.key(kb.Tab)
			v.key("Tightened it.")
			v.key(kb.Tab + kb.Tab) // past the message, which is optional
			v.turns(kb.Enter)
			if q := v.search(); !strings.Contains(q, "view=mine") {
				t.Fatalf("the list was left: %s", q)
			}
		case n == 4:
			v.turns("p")
			v.key("P1")
			v.key(kb.Tab)
			v.key("The concert is tonight.")
			v.key(kb.Tab)
			v.turns(kb.Enter)
		}
	}
	states := map[incident.State]int{}
	for n, i := range list {
		now, _, err := d.Incidents.Get(d.As("lead"), i.ID)
		if err != nil {
			t.Fatal(err)
		}
		states[now.State]++
		if now.AssigneeID == nil {
			t.Errorf("%s has nobody", i.Label())
		}
		if n == 4 && (now.Priority != 1 || now.PriorityReason == "") {
			t.Errorf("priority: P%d %q", now.Priority, now.PriorityReason)
		}
	}
	if states[incident.InProgress] != 2 || states[incident.Resolved] != 2 {
		t.Errorf("after triage: %v", states)
	}
}

func (v *visitor) search() string {
	v.t.Helper()
	var s string
	v.run(chromedp.Evaluate(`location.pathname + location.search`, &s))
	return s
}

// TestUndoKeepsThePlaceInTheQueue: who takes back what they did in the queue is
// in the same list, where their cursor was.
func TestUndoKeepsThePlaceInTheQueue(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	var list []incident.Incident
	for n := range 3 {
		i, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Title: fmt.Sprintf("hurdy %d", n), Description: "It is out of tune.", Impact: 2, Urgency: 2, Location: "A-3F", Channel: "portal"})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, i)
		d.Advance(time.Second)
	}
	v := visit(t, d, "en", 1440)
	v.signIn("lead")
	v.open("/incidents?view=unassigned&q=hurdy&sort=created")
	v.goTo(list[1].Label())
	v.turns("i") // taken: it leaves the list
	v.until(`document.querySelectorAll('[data-row]').length === 2`)
	v.goTo(list[2].Label())
	v.turns("z")
	if q := v.search(); !strings.Contains(q, "view=unassigned") || !strings.Contains(q, "q=hurdy") {
		t.Fatalf("the list was left: %s", q)
	}
	v.until(fmt.Sprintf(`document.querySelectorAll('[data-row]').length === 3 && document.querySelector('[data-row].cur')?.dataset.key === %q`, list[2].Label()))
}
