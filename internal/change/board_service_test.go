package change_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/approval"
	"opsdesk/internal/change"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
)

// told counts what the inbox of a person says of meetings, by event.
func (d desk) told(who string) map[string]int {
	d.t.Helper()
	rows, err := d.Pool.Query(d.t.Context(), `SELECT event FROM notifications WHERE person_id = $1 AND event LIKE 'change.meeting%'`, person(d.t, d.Desk, who))
	if err != nil {
		d.t.Fatal(err)
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var e string
		if err := rows.Scan(&e); err != nil {
			d.t.Fatal(err)
		}
		out[e[len("change.meeting_"):]]++
	}
	return out
}

// Members and their deputies of that day are told once when a meeting is
// planned, moved and called off, and once before it; a new chair is told that they
// lead it; those who plan it are not told.
func TestMeetingInvites(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.SetClock(time.Now())
	now := d.Desk.Desk.Now()
	if _, err := d.Approvals.Appoint(d.As("reviewer"), approval.DeputyInput{DeputyID: person(t, d.Desk, "staff"), From: now.AddDate(0, 0, 3), Until: now.AddDate(0, 0, 6)}); err != nil {
		t.Fatal(err)
	}
	in := change.MeetingInput{BeginsAt: now.AddDate(0, 0, 4), EndsAt: now.AddDate(0, 0, 4).Add(time.Hour), Place: "A-301"}
	m, err := d.Changes.PlanMeeting(d.As("changemanager"), in)
	if err != nil {
		t.Fatal(err)
	}
	check := func(when string, want map[string]map[string]int) {
		t.Helper()
		if err := d.Jobs.Tick(t.Context(), change.JobRemindMeetings); err != nil {
			t.Fatal(err)
		}
		d.Drain()
		for who, list := range want {
			got := d.told(who)
			for what, n := range list {
				if got[what] != n {
					t.Errorf("%s: %s was told %v, want %v", when, who, got, list)
				}
			}
		}
	}
	check("planned", map[string]map[string]int{"reviewer": {"planned": 1, "soon": 0}, "staff": {"planned": 1}, "changemanager": {"planned": 0}, "engineer": {"planned": 0}})
	in.Place = "A-302"
	for range 2 { // the second time nothing is moved
		if m, err = d.Changes.EditMeeting(d.As("changemanager"), m.ID, in); err != nil {
			t.Fatal(err)
		}
	}
	check("moved", map[string]map[string]int{"reviewer": {"planned": 1, "moved": 1, "soon": 0}, "staff": {"moved": 1}})
	d.Advance(3*24*time.Hour + time.Hour)
	check("soon", map[string]map[string]int{"reviewer": {"soon": 1}, "staff": {"soon": 1}})
	check("soon again", map[string]map[string]int{"reviewer": {"soon": 1}, "changemanager": {"soon": 1}})
	for range 2 { // the second time it is the same chair
		lead := person(t, d.Desk, "lead")
		in.ChairID = &lead
		if m, err = d.Changes.EditMeeting(d.As("changemanager"), m.ID, in); err != nil {
			t.Fatal(err)
		}
	}
	check("another chair", map[string]map[string]int{"lead": {"chair": 1, "moved": 0}, "reviewer": {"chair": 0, "moved": 1}, "changemanager": {"chair": 0}})
	if _, err = d.Changes.CancelMeeting(d.As("changemanager"), m.ID, change.StepInput{}); err != nil {
		t.Fatal(err)
	}
	check("called off", map[string]map[string]int{"reviewer": {"cancelled": 1, "soon": 1}, "staff": {"cancelled": 1}})
}

// An approval that was given in a meeting stands in its minutes only if the
// quorum and the mandatory roles were there; the board's step is not approved
// before its quorum voted.
func TestMeetingQuorum(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.SetClock(time.Now())
	for _, who := range []string{"staff", "lead", "reviewer"} {
		if _, err := d.Changes.SetBoard(d.As(who), change.BoardInput{Quorum: 1}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s set the rules: %v", who, err)
		}
	}
	if _, err := d.Changes.SetBoard(d.As("changemanager"), change.BoardInput{Quorum: 1, Must: []identity.Role{"POPE"}}); code(err) != "must" {
		t.Error(code(err))
	}
	if _, err := d.Changes.SetBoard(d.As("changemanager"), change.BoardInput{Quorum: 1, Must: []identity.Role{identity.ChangeManager}}); err != nil {
		t.Fatal(err)
	}
	p := plan(t, d.Desk)
	from, to := p.WindowFrom.AddDate(0, 0, 1), p.WindowTo.AddDate(0, 0, 1)
	p.WindowFrom, p.WindowTo = &from, &to
	c := d.proposed(p)
	now := d.Desk.Desk.Now()
	m, err := d.Changes.PlanMeeting(d.As("changemanager"), change.MeetingInput{BeginsAt: now.Add(time.Hour), EndsAt: now.Add(2 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	d.Advance(61 * time.Minute)
	for _, who := range []string{"changemanager", "reviewer"} {
		if x := d.get(c.ID); x.State == change.Reviewing {
			if err := d.vote(who, x, true); err != nil {
				t.Fatal(err)
			}
		}
	}
	if x := d.get(c.ID); x.State != change.Approved {
		t.Fatal(x.State)
	}
	reviewer, manager := person(t, d.Desk, "reviewer"), person(t, d.Desk, "changemanager")
	end := func(present ...uuid.UUID) (change.Meeting, error) {
		return d.Changes.Minute(d.As("changemanager"), m.ID, change.MinutesInput{Present: present, Close: true})
	}
	for name, present := range map[string][]uuid.UUID{"without the change manager": {reviewer}, "without a member": {manager}} {
		if _, err := end(present...); !names(err, "change.error.not_quorate") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if m, err = end(reviewer, manager); err != nil || m.Quorate == nil || !*m.Quorate || m.Agenda[0].Outcome != change.Approved {
		t.Errorf("%+v: %v", m, err)
	}

	// What was approved before is a fact that minutes may tell, with or without.
	second, err := d.Changes.PlanMeeting(d.As("changemanager"), change.MeetingInput{BeginsAt: now.Add(3 * time.Hour), EndsAt: now.Add(4 * time.Hour)})
	if err == nil {
		_, err = d.Changes.Minute(d.As("changemanager"), second.ID, change.MinutesInput{Add: c.Label()})
	}
	if err != nil {
		t.Fatal(err)
	}
	d.Advance(3 * time.Hour)
	second, err = d.Changes.Minute(d.As("changemanager"), second.ID, change.MinutesInput{Present: []uuid.UUID{manager}, Close: true})
	if err != nil || second.Quorate == nil || *second.Quorate {
		t.Errorf("%+v: %v", second, err)
	}

	if _, err := d.Changes.SetBoard(d.As("changemanager"), change.BoardInput{Quorum: 2}); err != nil {
		t.Fatal(err)
	}
	x := d.proposed(p, 3, 3, 3, 3, 3, 3)
	if err := d.vote("changemanager", x, true); err != nil {
		t.Fatal(err)
	}
	v, err := d.Approvals.Of(d.As("lead"), d.Pool, x.Ref())
	if err != nil || len(v.Steps) < 2 {
		t.Fatal("the risk asks for no board", err)
	}
	voters := 0
	for _, seat := range v.Steps[1].Seats {
		if seat.PersonID == reviewer {
			voters++
		}
	}
	if voters == 0 || !slices.ContainsFunc(v.Steps[1].Seats, func(s approval.SeatView) bool { return s.PersonID != reviewer }) {
		t.Fatalf("the board is %+v", v.Steps[1].Seats)
	}
	if err := d.vote("reviewer", x, true); err != nil {
		t.Fatal(err)
	}
	if got := d.get(x.ID).State; got != change.Reviewing {
		t.Errorf("one vote of a quorum of two made it %s", got)
	}
}

// What is approved after the end of a meeting does not keep its minutes open,
// however late they are closed; what is approved in its last minute does.
func TestMeetingOver(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.SetClock(time.Now())
	now := d.Desk.Desk.Now()
	manager := person(t, d.Desk, "changemanager")
	p := plan(t, d.Desk)
	from, to := p.WindowFrom.AddDate(0, 0, 1), p.WindowTo.AddDate(0, 0, 1)
	p.WindowFrom, p.WindowTo = &from, &to
	for name, x := range map[string]struct {
		after time.Duration // of the begin, when it is approved
		open  bool
	}{"within": {59 * time.Minute, true}, "after": {61 * time.Minute, false}} {
		c := d.proposed(p)
		d.SetClock(now)
		m, err := d.Changes.PlanMeeting(d.As("changemanager"), change.MeetingInput{BeginsAt: now.Add(time.Minute), EndsAt: now.Add(61 * time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		d.Advance(time.Minute + x.after)
		for _, who := range []string{"changemanager", "reviewer"} {
			if c := d.get(c.ID); c.State == change.Reviewing {
				if err := d.vote(who, c, true); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := d.get(c.ID).State; got != change.Approved {
			t.Fatal(name, got)
		}
		d.Advance(24 * time.Hour)
		m, err = d.Changes.Minute(d.As("changemanager"), m.ID, change.MinutesInput{Present: []uuid.UUID{manager}, Close: true})
		if names(err, "change.error.not_quorate") != x.open || !x.open && (err != nil || m.Quorate == nil || *m.Quorate) {
			t.Errorf("approved %s the meeting: %+v, %v", name, m, err)
		}
	}
}

// Whoever is invited may open the meeting, also if they are plain staff: that one
// and no other, without what they may not see of its agenda, and to read.
func TestMeetingOpens(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.SetClock(time.Now())
	now := d.Desk.Desk.Now()
	staff := person(t, d.Desk, "staff")
	c := d.proposed(plan(t, d.Desk))
	if _, err := d.Approvals.Appoint(d.As("reviewer"), approval.DeputyInput{DeputyID: staff, From: now.AddDate(0, 0, 3), Until: now.AddDate(0, 0, 6)}); err != nil {
		t.Fatal(err)
	}
	at := func(days int) change.MeetingInput {
		return change.MeetingInput{BeginsAt: now.AddDate(0, 0, days), EndsAt: now.AddDate(0, 0, days).Add(time.Hour), Place: "A-301"}
	}
	ids := map[string]uuid.UUID{}
	for name, in := range map[string]change.MeetingInput{"in their time": at(4), "after it": at(9)} {
		m, err := d.Changes.PlanMeeting(d.As("changemanager"), in)
		if err != nil {
			t.Fatal(err)
		}
		ids[name] = m.ID
	}
	ids["none"] = uuid.New()
	browser, api := d.Client("staff"), d.API("staff")
	check := func(when string, want map[string]int) {
		t.Helper()
		for name, status := range want {
			where := "/changes/meetings/" + ids[name].String()
			for _, path := range []string{where, where + "/paper", "/api/v1/change-meetings/" + ids[name].String()} {
				client := browser
				if path[1] == 'a' {
					client = api
				}
				page := client.Get(path)
				if page.Status != status || strings.Contains(page.Text(), c.Label()) || strings.Contains(page.Text(), `href="/changes/meetings"`) {
					t.Errorf("%s, %s: %s: %d", when, name, path, page.Status)
				}
			}
			if a := browser.Post(where+"/minutes", url.Values{"version": {"1"}, "remarks": {"x"}}); a.Status != 403 && a.Status != 404 {
				t.Errorf("%s, %s: minutes by staff: %d", when, name, a.Status)
			}
		}
	}
	check("a deputy", map[string]int{"in their time": 200, "after it": 403, "none": 403})
	in := at(9)
	in.ChairID = &staff
	if _, err := d.Changes.EditMeeting(d.As("changemanager"), ids["after it"], in); err != nil {
		t.Fatal(err)
	}
	check("a chair", map[string]int{"after it": 200})
	if page := browser.Get("/changes/meetings"); page.Status != 403 {
		t.Errorf("the list: %d", page.Status)
	}
}

// Closed minutes say who of the board was there as it was then, whoever has a
// seat since; of those that are older than their noting it they say no more than
// they know.
func TestMinutesAttendance(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.SetClock(time.Now())
	now := d.Desk.Desk.Now()
	staff, reviewer := person(t, d.Desk, "staff"), person(t, d.Desk, "reviewer")
	if _, err := d.Approvals.Appoint(d.As("reviewer"), approval.DeputyInput{DeputyID: staff, From: now, Until: now.AddDate(0, 0, 2)}); err != nil {
		t.Fatal(err)
	}
	m, err := d.Changes.PlanMeeting(d.As("changemanager"), change.MeetingInput{BeginsAt: now, EndsAt: now.Add(time.Hour)})
	if err == nil {
		d.Advance(time.Minute)
		m, err = d.Changes.Minute(d.As("changemanager"), m.ID, change.MinutesInput{Present: []uuid.UUID{staff}, Close: true})
	}
	if a := m.Attendance; err != nil || a == nil || a.Members != 1 || a.For[staff] != reviewer || !slices.Equal(a.Board, []uuid.UUID{reviewer}) {
		t.Fatalf("%+v: %v", m.Attendance, err)
	}
	if _, err := d.Changes.SetBoard(d.As("changemanager"), change.BoardInput{Quorum: 3}); err != nil {
		t.Fatal(err)
	}
	old := uuid.New()
	if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		if _, err := tx.Exec(t.Context(), `DELETE FROM role_grants WHERE person_id = @id`, db.Args{"id": reviewer}); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `INSERT INTO change_meetings (id, state, begins_at, ends_at, chair_id, present, closed_at, quorate, created_by, created_at, updated_at)
			SELECT @old, state, begins_at, ends_at, chair_id, present, closed_at, false, created_by, created_at, updated_at FROM change_meetings WHERE id = @id`, db.Args{"old": old, "id": m.ID})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	lead := d.Client("lead")
	for id, want := range map[uuid.UUID]string{m.ID: "Quorate: 1 of 1 members.", old: "It was not quorate."} {
		for _, path := range []string{"", "/paper"} {
			page := lead.Get("/changes/meetings/" + id.String() + path).Text()
			if !strings.Contains(page, want) || strings.Contains(page, "of 3") || strings.Contains(page, " stands in for ") != (id == m.ID) {
				t.Errorf("%q of %s: not what it was: %s", path, id, page)
			}
		}
	}
	if a := d.API("lead").Get("/api/v1/change-meetings/" + m.ID.String()); !strings.Contains(a.Text(), `"board":["`+reviewer.String()) {
		t.Errorf("%d: %s", a.Status, a.Text())
	}
}

// The quorum of votes is that of meetings: members count, and the owner of the
// service does not, though they vote.
func TestBoardQuorum(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	services, err := d.Changes.Services(d.As("lead"))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE services SET owner_id = @owner WHERE id = @id`, db.Args{"id": services[0].ID, "owner": person(t, d.Desk, "manager")})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	p := plan(t, d.Desk)
	p.ServiceID = &services[0].ID
	c := d.proposed(p, 3, 3, 3, 3, 3, 3)
	for _, x := range []struct {
		who   string
		state change.State
	}{{"changemanager", change.Reviewing}, {"manager", change.Reviewing}, {"reviewer", change.Approved}} {
		if err := d.vote(x.who, d.get(c.ID), true); err != nil {
			t.Fatalf("%s: %v", x.who, err)
		}
		if got := d.get(c.ID).State; got != x.state {
			t.Errorf("after the vote of %s: %s", x.who, got)
		}
	}
	v, err := d.Approvals.Of(d.As("lead"), d.Pool, c.Ref())
	if err != nil || len(v.Steps) != 2 || slices.ContainsFunc(v.Steps[1].Seats, func(s approval.SeatView) bool { return s.StandIn }) {
		t.Errorf("%+v: %v", v, err)
	}
}

// A mandatory role that a member of the board has is heard before the board's
// step is approved, in a meeting or without one.
func TestMandatoryRoleVotes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	second := person(t, d.Desk, "manager")
	if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		for _, role := range []identity.Role{identity.Reviewer, identity.Manager} {
			if _, err := tx.Exec(t.Context(), `INSERT INTO role_grants (person_id, role, granted_by, granted_at) VALUES (@id, @role, @by, now()) ON CONFLICT DO NOTHING`, db.Args{"id": second, "role": role, "by": person(t, d.Desk, "admin")}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Changes.SetBoard(d.As("changemanager"), change.BoardInput{Quorum: 1, Must: []identity.Role{identity.Manager, identity.SecurityAdmin}}); err != nil {
		t.Fatal(err)
	}
	c := d.proposed(plan(t, d.Desk), 3, 3, 3, 3, 3, 3)
	for _, x := range []struct {
		who  string
		then change.State
	}{{"changemanager", change.Reviewing}, {"reviewer", change.Reviewing}, {"manager", change.Approved}} {
		if err := d.vote(x.who, d.get(c.ID), true); err != nil {
			t.Fatalf("%s: %v", x.who, err)
		}
		if got := d.get(c.ID).State; got != x.then {
			t.Errorf("after %s: %s, want %s", x.who, got, x.then)
		}
	}
}
