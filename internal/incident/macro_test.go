package incident_test

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/canned"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
)

func teamNamed(t *testing.T, d *apptest.Desk, name string) *uuid.UUID {
	t.Helper()
	var id uuid.UUID
	if err := d.Pool.QueryRow(t.Context(), `SELECT id FROM teams WHERE name_en = $1`, name).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return &id
}

// reads sets the language somebody has chosen.
func reads(t *testing.T, d *apptest.Desk, username, lang string) {
	t.Helper()
	if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE people SET lang = $2 WHERE username = $1`, username, lang)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestReadyTexts: whose they are, what they say, in whose language.
func TestReadyTexts(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	c, eng := d.Canned, d.As("engineer2")
	own, err := c.Save(eng, canned.SaveInput{Name: " Greeting ", BodyZh: "{requester}您好：{number}《{title}》由{me}处理。", BodyEn: "Dear {requester}, {me} works on {number}."})
	if err != nil || own.Name != "Greeting" {
		t.Fatal(own, err)
	}
	if _, err := c.Save(eng, canned.SaveInput{Name: "GREETING", BodyZh: "x"}); code(err) != "constraint.canned_texts_name_key" {
		t.Errorf("the same name again: %v", err)
	}
	if _, err := c.Save(eng, canned.SaveInput{Name: "Empty", BodyZh: "  "}); code(err) != "canned.error.no_text" {
		t.Errorf("without a text: %v", err)
	}
	if _, err := c.Save(eng, canned.SaveInput{Name: "Desk", BodyEn: "x", TeamID: teamNamed(t, d, "Service Desk")}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("for a team of others: %v", err)
	}
	if _, err := c.Save(d.As("staff"), canned.SaveInput{Name: "Mine", BodyEn: "x"}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("by staff: %v", err)
	}
	team, err := c.Save(eng, canned.SaveInput{Name: "Reboot", BodyEn: "Please restart {service}.", TeamID: teamNamed(t, d, "Network")})
	if err != nil {
		t.Fatal(err)
	}
	names := func(who, q string) (out []string) {
		l, err := c.List(d.As(who), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range l {
			if x.ID == own.ID || x.ID == team.ID {
				out = append(out, x.Name)
			}
		}
		return out
	}
	for _, x := range []struct {
		who, q string
		want   []string
	}{{"engineer2", "", []string{"Greeting", "Reboot"}}, {"he.ming", "", []string{"Reboot"}}, {"qian.fei", "", nil}, {"engineer2", "您好", []string{"Greeting"}}, {"engineer2", "100%_", nil}} {
		if got := names(x.who, x.q); !slices.Equal(got, x.want) {
			t.Errorf("%s asking for %q sees %v, want %v", x.who, x.q, got, x.want)
		}
	}
	if _, err := c.Save(d.As("he.ming"), canned.SaveInput{ID: &own.ID, Name: "Stolen", BodyEn: "x"}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("somebody else's: %v", err)
	}
	reads(t, d, "staff", "zh-CN")
	i := report(t, d, "staff")
	texts, err := d.Incidents.CannedFor(eng, i.ID, "greeting", false)
	if err != nil || len(texts) == 0 || texts[0].Body != "李雯您好："+i.Label()+"《"+i.Title+"》由陈思远处理。" {
		t.Errorf("for a requester who reads Chinese: %+v %v", texts, err)
	}
	if texts, err = d.Incidents.CannedFor(eng, i.ID, "greeting", true); err != nil || len(texts) == 0 || !strings.HasPrefix(texts[0].Body, "Dear Li Wen, Chen Siyuan works") {
		t.Errorf("for a note by a reader of English: %+v %v", texts, err)
	}
	if _, err := c.Delete(eng, team.ID, canned.DeleteInput{}); err != nil {
		t.Fatal(err)
	}
	if got := names("he.ming", ""); got != nil {
		t.Errorf("a deleted text is still offered: %v", got)
	}
}

func ptr[T any](x T) *T { return &x }

// TestMacros: each step by its own use case, all of them or none.
func TestMacros(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s, eng := d.Incidents, d.As("engineer2")
	reads(t, d, "staff", "zh-CN")
	wait, err := s.SaveMacro(eng, incident.MacroInput{Name: "Ask and wait", MacroSteps: incident.MacroSteps{
		Assign: "me", Priority: 1, Reason: "board meeting", Move: incident.MoveAccept, Task: "Call back", Note: "asked by macro", Reply: "{requester}，请提供位置。", Pend: incident.OnUser,
	}})
	if err != nil {
		t.Fatal(err)
	}
	i := report(t, d, "staff")
	res, err := s.ApplyMacro(eng, i.ID, wait.ID, "press-1")
	if err != nil || res.Fault != nil || len(res.Done) != 7 {
		t.Fatalf("%+v %v", res, err)
	}
	again, err := s.ApplyMacro(eng, i.ID, wait.ID, "press-1")
	if err != nil || again.Fault != nil || again.Incident.Version != res.Incident.Version {
		t.Errorf("the same press twice: %+v %v", again, err)
	}
	after, _, err := s.Get(eng, i.ID)
	if err != nil || after.State != incident.Pending || after.Priority != 1 || *after.AssigneeID != personID(t, d, "engineer2") {
		t.Errorf("after it: %+v %v", after, err)
	}
	if r, err := s.Replies(eng, i.ID); err != nil || len(r) != 1 || r[0].Body != "李雯，请提供位置。" {
		t.Errorf("replies: %+v %v", r, err)
	}
	// The requester and the watcher hear of it once, by what says most.
	d.Drain()
	for who, want := range map[string]map[string]int{"staff": {"incident.replied": 1}} {
		if got := heard(t, d, who, i.ID); !maps.Equal(got, want) {
			t.Errorf("%s hears %v, want %v", who, got, want)
		}
	}
	// Accepting twice is not legal: nothing is done, though assigning would be.
	if _, err := s.Assign(d.As("lead"), i.ID, incident.AssignInput{AssigneeID: ptr(personID(t, d, "lead"))}); err != nil {
		t.Fatal(err)
	}
	before := get(t, d, i.ID)
	res, err = s.ApplyMacro(eng, i.ID, wait.ID, "press-2")
	if err != nil || res.Failed != "move" || len(res.Done) != 0 || !slices.Equal(res.Left, []string{"assign", "priority", "task", "note", "reply", "pend"}) {
		t.Errorf("stopped: %+v %v", res, err)
	}
	if now := get(t, d, i.ID); now.Version != before.Version || *now.AssigneeID != *before.AssigneeID {
		t.Errorf("a refused macro changed something: %+v", now)
	}
	if r, err := s.Replies(eng, i.ID); err != nil || len(r) != 1 {
		t.Errorf("a refused macro replied: %+v %v", r, err)
	}
	if again, err := s.ApplyMacro(eng, i.ID, wait.ID, "press-2"); err != nil || again.Failed != "move" {
		t.Errorf("pressed again: %+v %v", again, err)
	}
	// Somebody else's ticket: the macro gives no permission of its own.
	other := report(t, d, "staff", func(in *incident.CreateInput) { in.CategoryID = nil })
	if res, err := s.ApplyMacro(eng, other.ID, wait.ID, ""); !fault.Is(err, fault.NotFound) && (res.Fault == nil || res.Fault.Kind != fault.Forbidden) {
		t.Errorf("outside the team: %+v %v", res, err)
	}
	if _, err := s.ApplyMacro(d.As("he.ming"), i.ID, wait.ID, ""); !fault.Is(err, fault.NotFound) {
		t.Errorf("another's own macro: %v", err)
	}
	for _, c := range []struct {
		in   incident.MacroSteps
		want string
	}{
		{incident.MacroSteps{}, "incident.error.macro_empty"},
		{incident.MacroSteps{Priority: 1}, "incident.error.priority_reason"},
		{incident.MacroSteps{Assign: "person"}, "validation.required"},
		{incident.MacroSteps{Move: incident.MoveResolve}, "validation.oneof"},
	} {
		if _, err := s.SaveMacro(eng, incident.MacroInput{Name: "x", MacroSteps: c.in}); code(err) != c.want {
			t.Errorf("%+v: %v, want %s", c.in, err, c.want)
		}
	}
}

// TestReadyTextAndMacroPages, without script.
func TestReadyTextAndMacroPages(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := report(t, d, "staff")
	eng, at := d.Client("engineer2"), "/incidents/"+i.Label()
	if a := eng.Post("/canned", url.Values{"name": {""}, "body_en": {"kept text"}, "_key": {"a"}}); a.Status != 422 || !strings.Contains(a.Text(), "kept text") {
		t.Errorf("a bad form: %d", a.Status)
	}
	if a := eng.Post("/canned", url.Values{"name": {"Hello"}, "body_en": {"Dear {requester}"}, "_key": {"b"}}); a.Status != 303 {
		t.Fatalf("saving: %d %s", a.Status, a.Text())
	}
	page := eng.Get(at + "/canned?q=hello").Text()
	_, use, ok := strings.Cut(page, at+"?canned=")
	if !ok || !strings.Contains(page, "Dear Li Wen") {
		t.Fatal("the choice has no text to use")
	}
	use, _, _ = strings.Cut(use, "#")
	if page := eng.Get(at + "?canned=" + strings.ReplaceAll(use, "&amp;", "&")).Text(); !strings.Contains(page, "Dear Li Wen</textarea>") {
		t.Error("the composer does not begin with the text")
	}
	if a := d.Client("staff").Get(at + "/canned"); a.Status != 403 {
		t.Errorf("staff: %d", a.Status)
	}
	if a := eng.Post("/macros", url.Values{"name": {"Take"}, "assign": {"me"}, "move": {"start"}, "_key": {"c"}}); a.Status != 303 {
		t.Fatalf("saving a macro: %d %s", a.Status, a.Text())
	}
	_, path, ok := strings.Cut(eng.Get(at).Text(), `action="`+at+"/macros/")
	if !ok {
		t.Fatal("the ticket does not offer the macro")
	}
	path, _, _ = strings.Cut(path, `"`)
	if a := eng.Post(at+"/macros/"+path, url.Values{"_key": {"d"}}); a.Status != 409 || !strings.Contains(a.Text(), "refused") || !strings.Contains(a.Text(), "Nothing was changed") {
		t.Errorf("a macro that stops: %d %s", a.Status, a.Text())
	}
}
