package incident_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
)

func personID(t *testing.T, d *apptest.Desk, username string) uuid.UUID {
	t.Helper()
	var id uuid.UUID
	if err := d.Pool.QueryRow(t.Context(), `SELECT id FROM people WHERE username = $1`, username).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// heard counts a person's messages about an incident, by event.
func heard(t *testing.T, d *apptest.Desk, username string, id uuid.UUID) map[string]int {
	t.Helper()
	d.Drain()
	rows, err := d.Pool.Query(t.Context(), `SELECT event FROM notifications WHERE person_id = $1 AND record_id = $2`, personID(t, d, username), id)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var e string
		if err := rows.Scan(&e); err != nil {
			t.Fatal(err)
		}
		out[e]++
	}
	return out
}

func codes(err error) []string {
	f := fault.Of(err)
	if f == nil {
		return nil
	}
	out := []string{f.Code}
	for _, x := range f.Fields {
		out = append(out, x.Code)
	}
	return out
}

// TestMentions: whom a text calls hears of it once and follows, if they may see
// the incident; otherwise nothing is sent before its author has chosen.
func TestMentions(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s, eng := d.Incidents, d.As("engineer2")
	i := report(t, d, "staff") // for the network team
	const access, never, notes = "incident.error.mention_no_access", "incident.error.mention_never", "incident.error.mention_no_notes"

	d.Drain()
	reply := func(body, choice string) error {
		_, err := s.Reply(eng, i.ID, incident.ReplyInput{Body: body, Mentions: choice})
		return err
	}
	note := func(body, choice string) error {
		_, err := s.Note(eng, i.ID, incident.ReplyInput{Body: body, Mentions: choice})
		return err
	}
	if err := reply("请@何明看一下", ""); err != nil {
		t.Fatal(err)
	}
	if h := heard(t, d, "he.ming", i.ID); h["incident.mentioned"] != 1 || len(h) != 1 {
		t.Errorf("a called colleague heard %v", h)
	}
	if h := heard(t, d, "staff", i.ID); h["incident.replied"] != 1 || h["incident.mentioned"] != 0 {
		t.Errorf("the requester heard %v", h)
	}
	if w, err := s.Watchers(eng, i.ID); err != nil || !slices.Contains(w, personID(t, d, "he.ming")) {
		t.Errorf("followers %v %v", w, err)
	}
	before, err := s.Replies(eng, i.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		err  error
		want []string
	}{
		{reply("@gu.yan can you confirm?", ""), []string{"incident.error.mention", access}},
		{note("@gu.yan", ""), []string{"incident.error.mention", never}},
		{note("@gu.yan", "grant"), []string{"incident.error.mention", never}},
		{note("@staff", ""), []string{"incident.error.mention", notes}},
	} {
		if got := codes(c.err); !slices.Equal(got, c.want) {
			t.Errorf("refused with %v, want %v", got, c.want)
		}
	}
	if after, err := s.Replies(eng, i.ID); err != nil || len(after) != len(before) {
		t.Errorf("a refused reply was sent: %v", err)
	}
	if _, _, err := s.Get(d.As("gu.yan"), i.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("a mention alone let somebody in: %v", err)
	}
	if err := reply("@gu.yan can you confirm?", incident.MentionSkip); err != nil {
		t.Fatal(err)
	}
	if h := heard(t, d, "gu.yan", i.ID); len(h) != 0 {
		t.Errorf("somebody without access heard %v", h)
	}
	if err := reply("@gu.yan can you confirm?", incident.MentionGrant); err != nil {
		t.Fatal(err)
	}
	if h := heard(t, d, "gu.yan", i.ID); h["incident.mentioned"] != 1 || len(h) != 1 {
		t.Errorf("somebody who was let in heard %v", h)
	}
	if _, _, err := s.Get(d.As("gu.yan"), i.ID); err != nil {
		t.Errorf("somebody who was let in: %v", err)
	}
	// A requester may call, and may not let in.
	_, err = s.Reply(d.As("staff"), i.ID, incident.ReplyInput{Body: "@shen.jing has it too", Mentions: incident.MentionGrant})
	if got := codes(err); !slices.Equal(got, []string{"incident.error.mention", access}) {
		t.Errorf("a requester let somebody in: %v", got)
	}
	if err := note("@he.ming look", ""); err != nil {
		t.Fatal(err)
	}
	if h := heard(t, d, "he.ming", i.ID); h["incident.note_mentioned"] != 1 || h["incident.noted"] != 0 {
		t.Errorf("a colleague called in a note heard %v", h)
	}
}

// TestMentionsOfConfidentialIncidents: the need-to-know list decides.
func TestMentionsOfConfidentialIncidents(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s, lead := d.Incidents, d.As("lead")
	i := report(t, d, "staff", func(in *incident.CreateInput) { in.Confidential = true })
	reply := func(body, choice string) []string {
		_, err := s.Reply(lead, i.ID, incident.ReplyInput{Body: body, Mentions: choice})
		return codes(err)
	}
	if got := reply("@he.ming", ""); !slices.Equal(got, []string{"incident.error.mention", "incident.error.mention_no_access"}) {
		t.Errorf("a member of the team, not named: %v", got)
	}
	if got := reply("@he.ming", "grant"); got != nil {
		t.Fatal(got)
	}
	if names, err := s.Names(lead, i.ID); err != nil || !slices.ContainsFunc(names, func(n record.Named) bool { return n.PersonID == personID(t, d, "he.ming") }) {
		t.Errorf("named: %v %v", names, err)
	}
}

// TestMentionPages: the form comes back with its text and what may be done.
func TestMentionPages(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := report(t, d, "staff")
	eng := d.Client("engineer2")
	at := "/incidents/" + i.Label()
	a := eng.Post(at+"/replies", url.Values{"body": {"Dear @gu.yan, is it so?"}, "_key": {"k1"}})
	if a.Status != 422 || !strings.Contains(a.Text(), "Dear @gu.yan, is it so?") || !strings.Contains(a.Text(), `name="mentions" value="grant"`) || !strings.Contains(a.Text(), "顾岩") {
		t.Errorf("a call to somebody without access: %d", a.Status)
	}
	if a := eng.Post(at+"/replies", url.Values{"body": {"Dear @gu.yan, is it so?"}, "_key": {"k2"}, "mentions": {"grant"}}); a.Status != 303 {
		t.Errorf("granting: %d %s", a.Status, a.Text())
	}
	if page := eng.Get(at).Text(); !strings.Contains(page, `<b class="mention">@Gu Yan</b>`) {
		t.Error("the mention is not marked")
	}
	if a := d.Client("staff").Post(at+"/replies", url.Values{"body": {"@shen.jing"}, "_key": {"k3"}}); a.Status != 422 || strings.Contains(a.Text(), `value="grant"`) || !strings.Contains(a.Text(), `value="skip"`) {
		t.Errorf("a requester is offered: %d", a.Status)
	}
	if a := eng.Get(at + "/mentionable?q=hm"); a.Status != 200 || !strings.Contains(a.Text(), `data-insert="@he.ming "`) {
		t.Errorf("by initials: %d %s", a.Status, a.Text())
	}
	if a := eng.Get(at + "/mentionable?q=gu.y&kind=reply"); strings.Contains(a.Text(), "badge") {
		t.Errorf("somebody with access is marked: %s", a.Text())
	}
	if a := eng.Get(at + "/mentionable?q=staff&kind=note"); !strings.Contains(a.Text(), "cannot see notes") {
		t.Errorf("the requester, for a note: %s", a.Text())
	}
	if a := d.Client("manager").Get(at + "/mentionable?q=a"); a.Status != 404 {
		t.Errorf("by somebody without access: %d", a.Status)
	}
}
