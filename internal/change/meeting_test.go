package change_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/change"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
)

// TestMeeting: the agenda begins with what waits for its review, the minutes say
// who came and what was said, and once closed they stay, with the votes as they
// stood.
func TestMeeting(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.proposed(plan(t, d.Desk), 3, 3, 3, 3, 3, 3)
	now := d.Desk.Desk.Now()
	in := change.MeetingInput{BeginsAt: now.Add(time.Hour), EndsAt: now.Add(2 * time.Hour), Place: "A-301"}
	for _, who := range []string{"staff", "engineer", "auditor", "implementer"} {
		if _, err := d.Changes.PlanMeeting(d.As(who), in); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s planned a meeting: %v", who, err)
		}
	}
	if _, err := d.Changes.PlanMeeting(d.As("changemanager"), change.MeetingInput{BeginsAt: now, EndsAt: now}); !names(err, "change.error.meeting_times") {
		t.Errorf("it ends when it begins: %v", err)
	}
	m, err := d.Changes.PlanMeeting(d.As("changemanager"), in)
	if err != nil {
		t.Fatal(err, fault.Of(err).Fields)
	}
	if len(m.Agenda) != 1 || m.Agenda[0].ChangeID != c.ID {
		t.Fatalf("%+v", m.Agenda)
	}
	second := d.proposed(plan(t, d.Desk), 3, 3, 3, 3, 3, 3)
	minute := func(in change.MinutesInput) (change.Meeting, error) {
		return d.Changes.Minute(d.As("changemanager"), m.ID, in)
	}
	if _, err := minute(change.MinutesInput{Add: "CHG-999999"}); !names(err, "change.error.no_such_change") {
		t.Errorf("what does not exist: %v", err)
	}
	if m, err = minute(change.MinutesInput{Fill: true}); err != nil || len(m.Agenda) != 2 {
		t.Fatalf("%d topics: %v", len(m.Agenda), err)
	}
	if m, err = minute(change.MinutesInput{Up: second.Label()}); err != nil || m.Agenda[0].ChangeID != second.ID {
		t.Errorf("%+v: %v", m.Agenda, err)
	}
	if m, err = minute(change.MinutesInput{Remove: second.Label(), Said: []change.Said{{ChangeID: c.ID, Minutes: "改到周六"}}}); err != nil || len(m.Agenda) != 1 || m.Agenda[0].Minutes != "改到周六" {
		t.Errorf("%+v: %v", m.Agenda, err)
	}
	for range 3 { // what one request asks for goes one after the other, always the same way
		if m, err = minute(change.MinutesInput{Add: second.Label(), Up: second.Label()}); err != nil || m.Agenda[0].ChangeID != second.ID {
			t.Errorf("%+v: %v", m.Agenda, err)
		}
		if m, err = minute(change.MinutesInput{Remove: second.Label()}); err != nil || len(m.Agenda) != 1 {
			t.Errorf("%+v: %v", m.Agenda, err)
		}
	}
	reviewer := person(t, d.Desk, "reviewer")
	friday := "下次周五"
	last := change.MinutesInput{Present: []uuid.UUID{reviewer}, Said: []change.Said{{ChangeID: c.ID, Minutes: "同意"}}, Remarks: &friday, Close: true}
	if _, err := minute(last); !fault.Is(err, fault.Conflict) {
		t.Errorf("closed before it began: %v", err)
	}
	if m, err = minute(change.MinutesInput{Present: last.Present, Remarks: &friday}); err != nil {
		t.Fatal(err)
	}
	if m, err = minute(change.MinutesInput{Fill: true}); err != nil || len(m.Present) != 1 || m.Remarks != friday || m.Agenda[len(m.Agenda)-1].ChangeID != second.ID {
		t.Errorf("what was not given did not stay: %+v, %v", m, err)
	}
	if m, err = minute(change.MinutesInput{Remove: second.Label(), Present: []uuid.UUID{}}); err != nil || len(m.Present) != 0 {
		t.Errorf("nobody present: %+v, %v", m, err)
	}
	d.Advance(61 * time.Minute)
	if _, err := minute(change.MinutesInput{Close: true}); !names(err, "change.error.nobody_present") {
		t.Errorf("closed without anybody: %v", err)
	}
	if err := d.vote("changemanager", c, true); err != nil {
		t.Fatal(err)
	}
	if m, err = minute(last); err != nil || m.State != change.MeetingHeld || m.Agenda[0].For != 1 || m.Agenda[0].Outcome != change.Reviewing {
		t.Fatalf("%+v: %v", m, err)
	}
	if _, err := minute(last); !fault.Is(err, fault.Conflict) {
		t.Errorf("closed minutes were changed: %v", err)
	}
	if _, err := d.Pool.PGX().Exec(t.Context(), `UPDATE change_meetings SET remarks = 'x' WHERE id = $1`, m.ID); err == nil {
		t.Error("the database let closed minutes be changed")
	}
	page := d.Client("auditor").Get("/changes/meetings/" + m.ID.String() + "/paper")
	if page.Status != 200 || !strings.Contains(page.Text(), "同意") || !strings.Contains(page.Text(), c.Label()) {
		t.Errorf("the minutes: %d", page.Status)
	}
	if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE records SET confidential = true WHERE id = @id`, db.Args{"id": c.ID})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if page := d.Client("auditor").Get("/changes/meetings/" + m.ID.String()); page.Status != 200 || strings.Contains(page.Text(), "同意") || strings.Contains(page.Text(), c.Label()) {
		t.Errorf("what the reader may not see is in the minutes: %d", page.Status)
	}
	list := d.API("auditor").Get("/api/v1/change-meetings")
	if list.Status != 200 || strings.Contains(list.Text(), c.ID.String()) || strings.Contains(list.Text(), "同意") || !strings.Contains(list.Text(), `"hidden":1`) {
		t.Errorf("what the reader may not see is in the list: %s", list.Text())
	}
}

// TestMeetingPages: planned, filled and minuted through its pages; what is wrong
// is said, and what was typed stays.
func TestMeetingPages(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.proposed(plan(t, d.Desk), 3, 3, 3, 3, 3, 3)
	manager := d.Client("changemanager")
	if a := manager.Post("/changes/meetings", url.Values{"begins_at": {"2026-12-01T10:00"}, "ends_at": {"2026-12-01T09:00"}, "place": {"Room 7"}}); a.Status != 422 || !strings.Contains(a.Text(), "Room 7") {
		t.Errorf("upside down: %d", a.Status)
	}
	at := d.Desk.Desk.Now().In(time.FixedZone("", 8*3600))
	a := manager.Post("/changes/meetings", url.Values{"begins_at": {at.Format("2006-01-02T15:04")}, "ends_at": {at.Add(time.Hour).Format("2006-01-02T15:04")}, "place": {"Room 7"}})
	where := a.Header.Get("Location")
	if a.Status != 303 {
		t.Fatal(a.Status, a.Text())
	}
	form := url.Values{"version": {"1"}, "present": {"", person(t, d.Desk, "reviewer").String()}, "said." + c.ID.String(): {"looks fine"}, "remarks": {"short"}}
	form.Set("add", "CHG-9")
	if a := manager.Post(where+"/minutes", form); a.Status != 422 || !strings.Contains(a.Text(), "looks fine") {
		t.Errorf("what was typed is lost: %d", a.Status)
	}
	form.Del("add")
	nobody := url.Values{"version": {"1"}, "present": {""}, "remarks": {"short"}}
	if a := manager.Post(where+"/minutes", nobody); a.Status != 303 {
		t.Errorf("nobody ticked: %d", a.Status)
	}
	nobody.Set("version", "2")
	nobody["present"] = []string{"", person(t, d.Desk, "reviewer").String()}
	nobody.Set("remarks", "two")
	if a := manager.Post(where+"/minutes", nobody); a.Status != 303 {
		t.Fatalf("a member: %d", a.Status)
	}
	ticked := `value="` + person(t, d.Desk, "reviewer").String() + `" checked`
	if page := manager.Get(where); !strings.Contains(page.Text(), ticked) {
		t.Fatal("who is present is not ticked")
	}
	nobody.Set("present", "")
	nobody.Set("version", "3")
	nobody.Set("close", "true")
	if a := manager.Post(where+"/minutes", nobody); a.Status != 422 || strings.Contains(a.Text(), ticked) {
		t.Errorf("closed with nobody ticked: %d, or who was present is ticked again", a.Status)
	}
	form.Set("version", "3")
	if a := manager.Post(where+"/minutes", form); a.Status != 303 {
		t.Errorf("%d: %s", a.Status, a.Text())
	}
	if page := manager.Get(where); !strings.Contains(page.Text(), "looks fine") || !strings.Contains(page.Text(), c.Label()) {
		t.Errorf("%d", page.Status)
	}
	if page := d.Client("lead").Get(where); page.Status != 200 || strings.Contains(page.Text(), `name="remarks"`) {
		t.Errorf("a reader may write: %d", page.Status)
	}
	if page := d.Client("staff").Get("/changes/meetings"); page.Status != 403 {
		t.Errorf("staff: %d", page.Status)
	}
}
