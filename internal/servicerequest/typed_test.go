package servicerequest_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"opsdesk/internal/apptest"
	"opsdesk/internal/draft"
	"opsdesk/internal/servicerequest"
)

// TestNothingTypedInTheDesignerIsLost: what was refused is there again when the
// page is opened anew, without script; saving or throwing away ends that.
func TestNothingTypedInTheDesignerIsLost(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	item := items(t, d)["Laptop"]
	at := "/catalogue/manage/" + item.String()
	version := func() string {
		m, err := d.Requests.Manage(d.As("lead"), item)
		if err != nil {
			t.Fatal(err)
		}
		return strconv.Itoa(m.Version)
	}
	c := d.Client("lead")
	for _, x := range []struct {
		page, target string
		bad          url.Values
		mark         string
	}{
		{"/fields/model", "/fields/model", url.Values{"label_en": {"Which quokka"}, "opt_zh": {"", ""}, "opt_en": {"", ""}, "opt_value": {"", ""}, "show_mode": {"own"}, "show_expr": {"nonsense(\n"}}, "Which quokka"},
		{"/tasks/new", "/tasks/new", url.Values{"title_en": {"Feed the quokka"}, "output": {"task"}, "when_mode": {"own"}, "when_expr": {"len("}}, "Feed the quokka"},
		{"/approvals/new", "/approvals/new", url.Values{"from": {"people"}, "mode": {"count"}, "n": {"77"}}, `value="77"`},
		{"/details", "/details", url.Values{"name_en": {"Quokka"}, "name_zh": {""}, "quota_count": {"3"}, "quota_days": {""}, "impact": {"3"}, "text_en": {"One.\nTwo."}, "order_everyone": {"false", "true"}}, "One.\nTwo."},
		{"/form", "/fields", url.Values{"type": {"nothing"}, "label_en": {"A quokka"}, "label_zh": {""}}, "A quokka"},
	} {
		x.bad.Set("version", version())
		if a := c.Post(at+x.target, x.bad); a.Status != 422 || !strings.Contains(a.Text(), x.mark) {
			t.Errorf("%s: %d, without %q", x.target, a.Status, x.mark)
		}
		a := c.Get(at + x.page)
		if a.Status != 200 || !strings.Contains(a.Text(), x.mark) || !strings.Contains(a.Text(), "did not save") {
			t.Errorf("%s opened anew: %d, without %q", x.page, a.Status, x.mark)
		}
		if o := d.Client("tao.lin").Get(at + x.page); strings.Contains(o.Text(), x.mark) {
			t.Errorf("%s shows another what was typed", x.page)
		}
	}
	if a := c.Post(at+"/forget", url.Values{"part": {"field-model"}}); a.Status != 303 || a.Header.Get("Location") != at+"/fields/model" {
		t.Errorf("thrown away: %d %s", a.Status, a.Header.Get("Location"))
	}
	if a := c.Get(at + "/fields/model"); strings.Contains(a.Text(), "quokka") || strings.Contains(a.Text(), "did not save") {
		t.Error("what was thrown away is there")
	}
	if a := c.Post(at+"/forget", url.Values{"part": {"../x"}}); a.Status != 404 {
		t.Errorf("another part: %d", a.Status)
	}
	good := url.Values{"version": {version()}, "title_en": {"Feed the quokka"}, "title_zh": {"喂"}, "output": {"task"}, "team_id": {team(t, d, "Security").ID.String()}}
	if a := c.Post(at+"/tasks/new", good); a.Status != 303 {
		t.Fatalf("saved: %d", a.Status)
	}
	if a := c.Get(at + "/tasks/new"); strings.Contains(a.Text(), "did not save") {
		t.Error("what was saved still counts as unsaved")
	}
}

// TestTwoDesignersAtOnceAreTold: each sees that the other types; whoever saves
// later is told whose change it met and keeps their own words, on the page and
// after opening it anew.
func TestTwoDesignersAtOnceAreTold(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	item := items(t, d)["Laptop"]
	at := "/catalogue/manage/" + item.String()
	m, err := d.Requests.Manage(d.As("lead"), item)
	if err != nil {
		t.Fatal(err)
	}
	version := strconv.Itoa(m.Version)
	if err := d.Requests.KeepTyped(d.As("tao.lin"), item, "field-place", draft.Fields{"label_en": "Wombat", "basis": version}); err != nil {
		t.Fatal(err)
	}
	lead, owner := d.Client("lead"), d.Client("tao.lin")
	if a := lead.Get(at + "/details"); !strings.Contains(a.Text(), "is typing in this item as well") {
		t.Error("the first is not told of the second")
	}
	security := team(t, d, "Security").ID
	if _, err := d.Requests.SetTask(d.As("lead"), item, servicerequest.PlanInput{Version: m.Version, Plan: servicerequest.Plan{TitleEn: "More", TitleZh: "再", Output: servicerequest.OutputTask, TeamID: &security}}); err != nil {
		t.Fatal(err)
	}
	if a := owner.Get(at + "/fields/place"); !strings.Contains(a.Text(), "Wombat") || !strings.Contains(a.Text(), "修改过该条目") {
		t.Error("the second is not told of the change")
	}
	a := owner.Post(at+"/fields/place", url.Values{"version": {version}, "label_en": {"Wombat"}, "label_zh": {"袋熊"}, "required": {"false"}})
	if a.Status != 409 || !strings.Contains(a.Text(), "您填写时") || !strings.Contains(a.Text(), "Wombat") {
		t.Fatalf("saved over it: %d", a.Status)
	}
	if m, err = d.Requests.Manage(d.As("lead"), item); err != nil {
		t.Fatal(err)
	}
	if a = owner.Post(at+"/fields/place", url.Values{"version": {strconv.Itoa(m.Version)}, "label_en": {"Wombat"}, "label_zh": {"袋熊"}, "required": {"false"}}); a.Status != 303 {
		t.Errorf("saved again: %d", a.Status)
	}
	if m, err = d.Requests.Manage(d.As("lead"), item); err != nil || len(m.Content.Tasks) == 0 || m.Content.Tasks[len(m.Content.Tasks)-1].TitleEn != "More" {
		t.Errorf("the other's change is lost: %v", err)
	}
	d.Advance(time.Hour)
	if a := lead.Get(at + "/details"); strings.Contains(a.Text(), "is typing in this item as well") {
		t.Error("who stopped typing an hour ago counts as at it")
	}
}
