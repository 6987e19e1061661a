package incident_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
	"opsdesk/internal/notify"
)

func get(t *testing.T, d *apptest.Desk, id uuid.UUID) incident.Incident {
	t.Helper()
	i, _, err := d.Incidents.Get(d.As("lead"), id)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func attach(t *testing.T, d *apptest.Desk, child, parent incident.Incident, as string) {
	t.Helper()
	if _, err := d.Incidents.Attach(d.As("lead"), child.ID, incident.AttachInput{Number: parent.Label(), As: as}); err != nil {
		t.Fatal(err)
	}
}

// parentOf is a parent in progress.
func parentOf(t *testing.T, d *apptest.Desk) incident.Incident {
	t.Helper()
	p := report(t, d, "manager", func(in *incident.CreateInput) { in.Title = "the wireless is down" })
	bring(t, d, p, incident.InProgress)
	return p
}

func TestFamiliesAreOneLevelDeepAndNotConfidential(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s, lead := d.Incidents, d.As("lead")
	p, a, b := report(t, d, "staff"), report(t, d, "staff"), report(t, d, "staff")
	hidden := report(t, d, "staff", func(in *incident.CreateInput) { in.Confidential = true })
	try := func(child, parent incident.Incident) string {
		_, err := s.Attach(lead, child.ID, incident.AttachInput{Number: parent.Label()})
		return code(err)
	}
	attach(t, d, a, p, "")
	for _, c := range []struct {
		child, parent incident.Incident
		want          string
	}{
		{b, b, "constraint.incidents_not_own_parent"},
		{b, a, "incident.error.parent_is_child"},
		{p, b, "incident.error.child_has_children"},
		{p, a, "incident.error.parent_is_child"},
		{hidden, p, "incident.error.family_confidential"},
		{b, hidden, "incident.error.family_confidential"},
		{a, p, "ok"},
	} {
		if got := try(c.child, c.parent); got != c.want {
			t.Errorf("%s to %s: %s, want %s", c.child.Label(), c.parent.Label(), got, c.want)
		}
	}
	if _, err := s.Attach(lead, b.ID, incident.AttachInput{Number: "INC-999999"}); code(err) != "incident.error.no_such_number" {
		t.Errorf("no such parent: %v", err)
	}
	if _, err := s.Attach(d.As("staff"), b.ID, incident.AttachInput{Number: p.Label()}); code(err) != "authz.denied.role" {
		t.Errorf("a requester attaches: %v", err)
	}
	// A confidential parent is no better than none for who may not see it.
	if _, err := s.Attach(d.As("engineer"), b.ID, incident.AttachInput{Number: hidden.Label()}); code(err) != "incident.error.no_such_number" {
		t.Errorf("a hidden parent: %v", err)
	}
	if _, err := s.Hide(lead, a.ID, incident.StepInput{}); err != nil {
		t.Fatal(err)
	}
	if got := get(t, d, a.ID); got.ParentID != nil || got.ChildAs != "" {
		t.Errorf("a child became confidential and stayed in the family: %+v", got)
	}
	attach(t, d, b, p, incident.PartOf)
	got, err := s.Detach(lead, b.ID, incident.StepInput{})
	if err != nil || got.ParentID != nil {
		t.Errorf("%v %v", err, got.ParentID)
	}
	bring(t, d, p, incident.Resolved)
	if got := try(b, p); got != "incident.error.parent_not_open" {
		t.Errorf("a resolved parent: %s", got)
	}
}

// TestNoCycleByTwoAtOnce: two engineers attach two tickets to each other.
func TestNoCycleByTwoAtOnce(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	for range 5 {
		a, b := report(t, d, "staff"), report(t, d, "staff")
		ctx := d.As("lead")
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for n, pair := range [][2]incident.Incident{{a, b}, {b, a}} {
			wg.Go(func() {
				_, errs[n] = d.Incidents.Attach(ctx, pair[0].ID, incident.AttachInput{Number: pair[1].Label()})
			})
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("of two only one may be attached: %v, %v", errs[0], errs[1])
		}
	}
}

func TestAdoptAllOrNone(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	lead := d.As("lead")
	p, a, b, c := report(t, d, "staff"), report(t, d, "staff"), report(t, d, "staff"), report(t, d, "staff")
	bring(t, d, c, incident.Closed)
	_, err := d.Incidents.Adopt(lead, p.ID, incident.AdoptInput{Numbers: a.Label() + ", " + c.Label()})
	if code(err) != "incident.error.not_open" {
		t.Errorf("%v", err)
	}
	if get(t, d, a.ID).ParentID != nil {
		t.Error("one of a refused list was attached")
	}
	if _, err := d.Incidents.Adopt(lead, p.ID, incident.AdoptInput{Numbers: a.Label() + "；" + b.Label() + "\n" + a.Label()}); err != nil {
		t.Fatal(err)
	}
	page, err := d.Incidents.Children(d.As("engineer"), p.ID, 1, "")
	if err != nil || len(page.Rows) != 1 || page.Next == "" || page.Total != 2 {
		t.Fatalf("%v %+v", err, page)
	}
	more, err := d.Incidents.Children(d.As("engineer"), p.ID, 1, page.Next)
	if err != nil || len(more.Rows) != 1 || more.Next != "" || more.Rows[0].ID == page.Rows[0].ID {
		t.Errorf("%v %+v", err, more)
	}
	det, err := d.Incidents.Detail(lead, p.ID)
	if err != nil || det.Family.Total() != 2 || det.Family.Open() != 2 {
		t.Errorf("%v %+v", err, det.Family)
	}
	for query, want := range map[string]int{"view=all&f=parent.is." + p.ID.String(): 2, "view=all&f=parent.any": 2} {
		if got := titles(t, d, lead, query); len(got) != want {
			t.Errorf("%s found %d", query, len(got))
		}
	}
	if a := d.Client("lead").Get("/incidents?view=all&f=parent.is." + p.ID.String()); a.Status != 200 || !strings.Contains(a.Text(), p.Label()) {
		t.Errorf("the list of children: %d", a.Status)
	}
}

func TestChildrenFollowTheirParent(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s, lead := d.Incidents, d.As("lead")
	p := report(t, d, "manager")
	bring(t, d, p, incident.Accepted)
	fresh := report(t, d, "staff", func(in *incident.CreateInput) { in.CategoryID = nil })
	part := report(t, d, "staff")
	waiting := report(t, d, "staff")
	bring(t, d, waiting, incident.InProgress)
	if _, err := s.Pend(lead, waiting.ID, incident.PendInput{Reason: incident.OnUser}); err != nil {
		t.Fatal(err)
	}
	attach(t, d, fresh, p, incident.SameFault)
	attach(t, d, part, p, incident.PartOf)
	attach(t, d, waiting, p, incident.SameFault)

	step := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		d.Drain()
	}
	_, err := s.Start(d.As("engineer"), p.ID, incident.StepInput{})
	step(err)
	if got := get(t, d, fresh.ID); got.State != incident.InProgress || got.CategoryID == nil || got.AssigneeID == nil || *got.AssigneeID != id(t, d, "engineer") {
		t.Errorf("begun: %s, category %v, assignee %v", got.State, got.CategoryID, got.AssigneeID)
	}
	if get(t, d, part.ID).State != incident.New || get(t, d, waiting.ID).State != incident.Pending {
		t.Error("a part, or what waits for its user, was begun")
	}
	_, err = s.Pend(lead, p.ID, incident.PendInput{Reason: incident.OnVendor, Remark: "the vendor sends a card"})
	step(err)
	if got := get(t, d, fresh.ID); got.State != incident.Pending || got.PendingReason != incident.OnVendor {
		t.Errorf("on hold: %s %s", got.State, got.PendingReason)
	}
	notes, err := s.Notes(lead, fresh.ID)
	if err != nil || len(notes) != 1 || notes[0].Body != "the vendor sends a card" || notes[0].AuthorID != id(t, d, "lead") {
		t.Errorf("%v %+v", err, notes)
	}
	_, err = s.Resume(lead, p.ID, incident.StepInput{})
	step(err)
	if get(t, d, fresh.ID).State != incident.InProgress {
		t.Error("not resumed")
	}
	_, err = s.Pend(lead, p.ID, incident.PendInput{Reason: incident.OnUser})
	step(err)
	if get(t, d, fresh.ID).State != incident.InProgress {
		t.Error("that the parent waits for its user was copied")
	}

	in := resolution()
	in.Message = "It works again."
	if _, err := s.Resolve(lead, p.ID, in); code(err) != "incident.error.open_parts" {
		t.Fatalf("resolved before its part: %v", err)
	}
	in.ForceReason = "the part is only paperwork"
	_, err = s.Resolve(lead, p.ID, in)
	step(err)
	for _, x := range []incident.Incident{fresh, waiting} {
		got := get(t, d, x.ID)
		if got.State != incident.Resolved || got.Cause != in.Cause || got.ResolvedBy == nil || *got.ResolvedBy != id(t, d, "lead") || got.AutoCloseAt == nil {
			t.Errorf("resolved with its parent: %+v", got)
		}
		if l, err := s.Replies(d.As("staff"), x.ID); err != nil || len(l) != 1 || l[0].Body != in.Message {
			t.Errorf("%v %+v", err, l)
		}
	}
	if get(t, d, part.ID).State != incident.New {
		t.Error("a part was resolved with its parent")
	}
	_, err = s.Confirm(d.As("manager"), p.ID, incident.StepInput{})
	step(err)
	if get(t, d, fresh.ID).State != incident.Resolved {
		t.Error("a child was closed by its parent; each caller confirms for themselves")
	}
	c, err := s.Cascaded(lead, p.ID)
	if err != nil || c.State != incident.Resolved || c.Total != 2 || c.Done != 2 || c.Left != 0 || c.FinishedAt == nil {
		t.Errorf("%v %+v", err, c)
	}
}

// TestResolverOfAParentConfirmsNoChild: INC-07 holds through a cascade.
func TestResolverOfAParentConfirmsNoChild(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	p, own := parentOf(t, d), report(t, d, "engineer")
	attach(t, d, own, p, "")
	if _, err := d.Incidents.Resolve(d.As("engineer"), p.ID, resolution()); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	if get(t, d, own.ID).State != incident.Resolved {
		t.Fatal("not resolved with its parent")
	}
	if _, err := d.Incidents.Confirm(d.As("engineer"), own.ID, incident.StepInput{}); code(err) != "incident.error.own_resolution" {
		t.Errorf("%v", err)
	}
}

// TestAChildThatCannotFollowIsNamed: one with an open task stays open, the
// others are resolved, and the parent's page says which and why.
func TestAChildThatCannotFollowIsNamed(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s := d.Incidents
	p, a, b := parentOf(t, d), report(t, d, "staff"), report(t, d, "staff")
	attach(t, d, a, p, "")
	attach(t, d, b, p, "")
	if _, err := s.AddTask(d.As("lead"), a.ID, incident.TaskInput{Title: "change the card"}); err != nil {
		t.Fatal(err)
	}
	in := resolution()
	in.ForceReason = "the cards follow tomorrow"
	if _, err := s.Resolve(d.As("engineer"), p.ID, in); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	if get(t, d, a.ID).State == incident.Resolved || get(t, d, b.ID).State != incident.Resolved {
		t.Error("a task was left behind, or its sibling")
	}
	page := d.Client("engineer").Get("/incidents/" + p.Label())
	det, err := s.Detail(d.As("engineer"), p.ID)
	if err != nil || len(det.Family.LeftOut) != 1 || det.Family.LeftOut[0].Number != a.Label() || det.Family.LeftOut[0].Problem != "incident.error.open_tasks" {
		t.Errorf("%v %+v", err, det.Family)
	}
	if page.Status != 200 || !strings.Contains(page.Text(), "1 was left out") || strings.Contains(page.Text(), "incident.error") {
		t.Errorf("%d: the page does not say what was left out", page.Status)
	}
}

// TestFiveHundredFollowThroughACrash: the job fails half-way, as when the
// database goes away, and is run again: every child is resolved once, and every
// requester is told exactly once.
func TestFiveHundredFollowThroughACrash(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	ctx, n := t.Context(), 500
	p := parentOf(t, d)
	d.Drain()
	d.Mail.Sent = nil
	// As fast as the wire: people and reports that nobody was told of.
	for _, sql := range []string{
		`INSERT INTO people (id, username, name, email, lang, created_at, updated_at)
			SELECT gen_random_uuid(), 'caller' || g, '用户' || g, 'caller' || g || '@qiming.example', 'zh-CN', now(), now() FROM generate_series(1, 500) g`,
		`INSERT INTO role_grants (person_id, role, granted_by, granted_at) SELECT id, 'REQ', gen_random_uuid(), now() FROM people WHERE username LIKE 'caller%'`,
	} {
		if _, err := d.Pool.PGX().Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	clone := fmt.Sprintf(`WITH c AS (SELECT gen_random_uuid() AS id, nextval('incident_numbers') AS number, p.id AS person FROM people p WHERE p.username LIKE 'caller%%'),
		r AS (INSERT INTO records (id, kind, number, title, state, category, priority, requester_id, created_by, created_at, updated_at)
			SELECT id, 'incident', 'INC-' || lpad(number::text, 6, '0'), 'no wireless', 'new', 'new', 2, person, person, now(), now() FROM c)
		INSERT INTO incidents (id, number, title, description, state, channel, impact, urgency, priority, requester_id, created_by, reported_at, created_at, updated_at, parent_id, child_as, attached_at)
		SELECT id, number, 'no wireless', 'x', 'new', 'portal', 2, 2, 2, person, person, now(), now(), now(), '%s', 'same', now() FROM c`, p.ID)
	if _, err := d.Pool.PGX().Exec(ctx, clone); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Incidents.Resolve(d.As("engineer"), p.ID, resolution()); err != nil {
		t.Fatal(err)
	}
	exec := func(sql string) {
		t.Helper()
		if _, err := d.Pool.PGX().Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	exec(fmt.Sprintf(`CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF (SELECT count(*) FROM incidents WHERE parent_id = '%s' AND state = 'resolved') >= 230 THEN RAISE EXCEPTION 'gone' USING ERRCODE = '57P01'; END IF; RETURN NEW; END $$`, p.ID))
	exec(`CREATE TRIGGER gone BEFORE UPDATE ON incidents FOR EACH ROW EXECUTE FUNCTION gone()`)
	if _, err := d.Jobs.Drain(ctx, d.Pool, d.Desk.Now()); err == nil {
		t.Fatal("the job was meant to fail half-way")
	}
	var done int
	count := func(sql string, args ...any) (n int) {
		t.Helper()
		if err := d.Pool.PGX().QueryRow(ctx, sql, args...).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if done = count(`SELECT count(*) FROM incidents WHERE parent_id = $1 AND state = 'resolved'`, p.ID); done == 0 || done == n {
		t.Fatalf("%d resolved before the crash", done)
	}
	// One of those who were told says that it does not work: the second run must
	// not resolve it again.
	var back uuid.UUID
	if err := d.Pool.PGX().QueryRow(ctx, `SELECT id FROM incidents WHERE parent_id = $1 AND state = 'resolved' ORDER BY number LIMIT 1`, p.ID).Scan(&back); err != nil {
		t.Fatal(err)
	}
	exec(`DROP TRIGGER gone ON incidents`)
	if _, err := d.Incidents.Reopen(d.As("lead"), back, incident.RejectInput{Reason: "still down"}); err != nil {
		t.Fatal(err)
	}
	exec(`UPDATE river_job SET state = 'available', finalized_at = NULL WHERE kind = 'incident.cascade'`)
	d.Drain()
	if got := count(`SELECT count(*) FROM incidents WHERE parent_id = $1 AND state = 'resolved'`, p.ID); got != n-1 || get(t, d, back).State != incident.InProgress {
		t.Errorf("%d of %d resolved; the reopened one is %s", got, n, get(t, d, back).State)
	}
	if got := count(`SELECT count(*) FROM notifications x JOIN people q ON q.id = x.person_id WHERE x.event = 'incident.resolved' AND q.username LIKE 'caller%'`); got != n {
		t.Errorf("%d messages to %d requesters", got, n)
	}
	mails := map[string]int{}
	for _, m := range d.Mail.Sent {
		if strings.HasPrefix(m.To, "caller") && !strings.Contains(m.Text, "重新打开") {
			mails[m.To]++
		}
	}
	for to, k := range mails {
		if k != 1 {
			t.Errorf("%s got %d mails", to, k)
		}
	}
	if len(mails) != n {
		t.Errorf("%d of %d got a mail", len(mails), n)
	}
	if got := count(`SELECT count(*) FROM trail_entries WHERE action = 'incident.resolve' AND outcome = 'success' AND behalf_id = $1`, id(t, d, "engineer")); got != n {
		t.Errorf("%d entries on behalf of whoever resolved the parent", got)
	}
}

// TestARequesterOfSeveralIsToldOnce: one person who reported the same fault
// twice gets one message.
func TestARequesterOfSeveralIsToldOnce(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	p := parentOf(t, d)
	attach(t, d, report(t, d, "staff"), p, "")
	attach(t, d, report(t, d, "staff"), p, "")
	d.Drain()
	if _, err := d.Incidents.Resolve(d.As("engineer"), p.ID, resolution()); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	list, err := d.Notify.Lines(d.As("staff"), notify.Unread, nil, 50)
	told := 0
	for _, n := range list {
		if n.Event == "incident.resolved" && strings.Contains(n.Title, "floor 3") {
			told++
		}
	}
	if err != nil || told != 1 {
		t.Errorf("%v: told %d times", err, told)
	}
}

// TestFamilyForms: the pages of attaching, without script.
func TestFamilyForms(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	c := d.Client("lead")
	p, a := report(t, d, "staff"), report(t, d, "staff")
	for _, act := range []string{"parent", "children"} {
		if r := c.Get("/incidents/" + p.Label() + "/act/" + act); r.Status != 200 {
			t.Fatalf("%s: %d", act, r.Status)
		}
	}
	if r := c.Post("/incidents/"+a.Label()+"/parent", url.Values{"number": {"INC-777777"}, "as": {"part"}}); r.Status != 422 || !strings.Contains(r.Text(), "INC-777777") {
		t.Errorf("%d: what was typed is lost", r.Status)
	}
	if r := c.Post("/incidents/"+p.Label()+"/children", url.Values{"numbers": {a.Label()}, "as": {"part"}}); r.Status != 303 {
		t.Fatalf("%d %s", r.Status, r.Text())
	}
	bring(t, d, p, incident.InProgress)
	if r := c.Post("/incidents/"+p.Label()+"/resolve", url.Values{"resolution_code": {"fixed"}, "cause": {"c"}, "process": {"p"}}); r.Status != 422 || !strings.Contains(r.Text(), `name="force_reason"`) {
		t.Errorf("%d: the reason to resolve before the parts is not asked for", r.Status)
	}
	if r := c.Post("/incidents/"+a.Label()+"/parent/remove", url.Values{}); r.Status != 303 || get(t, d, a.ID).ParentID != nil {
		t.Errorf("detach: %d", r.Status)
	}
}
