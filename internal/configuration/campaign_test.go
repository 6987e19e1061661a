package configuration_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/configuration"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
)

// keep gives an item that the configuration manager did not enter into
// somebody's care.
func keep(t *testing.T, d *apptest.Desk, number, username string) configuration.Item {
	t.Helper()
	i := one(t, d, number)
	ctx := d.As("configmanager")
	i, err := d.Configuration.Edit(ctx, i.ID, configuration.EditInput{Version: i.Version, CustodianID: person(t, d, username)})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// unasked is a desk with no campaign under way.
func unasked(t *testing.T) *apptest.Desk {
	t.Helper()
	d := apptest.New(t, apptest.Options{})
	ctx := d.As("configmanager")
	list, _, _, err := d.Configuration.Campaigns(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if c.State != configuration.CampaignOpen {
			continue
		}
		if _, err := d.Configuration.CancelCampaign(ctx, c.ID, configuration.EndInput{Remark: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func campaign(t *testing.T, d *apptest.Desk, items ...configuration.Item) configuration.Campaign {
	t.Helper()
	due := d.Desk.Now().Add(10 * 24 * time.Hour)
	in := configuration.CampaignInput{NameZh: "年度盘点", NameEn: "Yearly check", Ask: "Is it there?", DueAt: &due, ScopeInput: configuration.ScopeInput{By: configuration.ScopeItems}}
	for _, i := range items {
		in.Items = append(in.Items, i.Label())
	}
	c, err := d.Configuration.StartCampaign(d.As("configmanager"), in)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ask(t *testing.T, d *apptest.Desk, c configuration.Campaign, i configuration.Item) configuration.AskRow {
	t.Helper()
	p, err := d.Configuration.Asks(d.As("configmanager"), c, "", 0, 200)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range p.Rows {
		if x.ItemID == i.ID {
			return x
		}
	}
	t.Fatalf("%s is not in the campaign", i.Label())
	return configuration.AskRow{}
}

// TestCampaign: from the question to the verified item, with whoever is asked
// and nobody else answering, and nothing of it changing once it is over.
func TestCampaign(t *testing.T) {
	t.Parallel()
	d := unasked(t)
	a, b := keep(t, d, "CI000003", "staff"), keep(t, d, "CI000004", "engineer")
	own := enter(t, d, "server", "mine", func(in *configuration.CreateInput) { in.OwnerID = person(t, d, "engineer") })
	lone := enter(t, d, "server", "nobody's", nil)
	d.Drain()
	d.Mail.Sent = nil
	c := campaign(t, d, a, b, own, lone)
	d.Drain()
	if c.Items != 4 || len(d.Mail.Sent) != 2 {
		t.Fatalf("%d items, %d told", c.Items, len(d.Mail.Sent))
	}
	mgr, staff, eng := d.As("configmanager"), d.As("staff"), d.As("engineer")

	// Whoever is asked sees it, whatever else they may read.
	mine, _, err := d.Configuration.Mine(staff)
	if err != nil || len(mine) != 1 || mine[0].ItemID != a.ID {
		t.Fatalf("%+v %v", mine, err)
	}
	n := 0
	waiting, err := d.Configuration.Waiting(staff, &n)
	if err == nil {
		err = db.Ask(staff, d.Pool, waiting)
	}
	if err != nil || n != 1 {
		t.Errorf("%d wait: %v", n, err)
	}
	qa, qb, qo := ask(t, d, c, a), ask(t, d, c, b), ask(t, d, c, own)
	if _, err := d.Configuration.AnswerAsk(staff, qb.ID, configuration.AnswerInput{Answer: configuration.AskSame}); !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody else answered: %v", err)
	}
	if _, err := d.Configuration.AnswerAsk(staff, qa.ID, configuration.AnswerInput{Answer: configuration.AskDiffers}); fieldOf(err, "note") != "configuration.error.say_what" {
		t.Errorf("a difference that is not said: %v", err)
	}
	answer := func(who string, q configuration.AskRow, what, note string) {
		t.Helper()
		if _, err := d.Configuration.AnswerAsk(d.As(who), q.ID, configuration.AnswerInput{Version: q.Version, Answer: what, Note: note}); err != nil {
			t.Fatal(err)
		}
	}
	answer("staff", qa, configuration.AskSame, "")
	answer("engineer", qb, configuration.AskSame, "")
	answer("engineer", qo, configuration.AskSame, "")
	answer("configmanager", ask(t, d, c, lone), configuration.AskMissing, "not in the rack")

	// One changed since; one was entered by whoever verifies.
	if _, err := d.Configuration.Edit(mgr, b.ID, configuration.EditInput{Location: ptr("B2")}); err != nil {
		t.Fatal(err)
	}
	if !ask(t, d, c, b).Changed {
		t.Error("the list does not say that it changed since the answer")
	}
	// A source saw one again: a version more, in which nothing of it is other.
	if _, err := d.Pool.PGX().Exec(t.Context(), `WITH i AS (UPDATE ci_items SET version = version + 1 WHERE id = $1 RETURNING id, version)
		INSERT INTO ci_versions (item_id, version, at, actor_id, actor_name, source, source_ref, state)
		SELECT v.item_id, i.version, v.at, v.actor_id, v.actor_name, 'agent', '', v.state FROM ci_versions v JOIN i ON v.item_id = i.id AND v.version = i.version - 1`, a.ID); err != nil {
		t.Fatal(err)
	}
	if ask(t, d, c, a).Changed {
		t.Error("what a source saw again counts as changed")
	}
	job, err := d.Configuration.VerifySame(mgr, c.ID)
	if err != nil || job.Total != 3 {
		t.Fatalf("%+v %v", job, err)
	}
	d.Drain()
	if job, err = d.Batches.Get(mgr, job.ID); err != nil || job.Succeeded != 1 || job.Refused != 2 {
		t.Fatalf("%+v %v", job, err)
	}
	rows, err := d.Batches.Rows(mgr, job.ID, true, 0, 10)
	if err != nil || len(rows) != 2 {
		t.Fatal(rows, err)
	}
	for _, r := range rows {
		want := map[uuid.UUID]string{b.ID: "configuration.error.changed_since_answer", own.ID: "authz.denied.involved"}[r.RecordID]
		if r.Code != want {
			t.Errorf("%s: %s, want %s", r.Number, r.Code, want)
		}
	}
	if x := ask(t, d, c, a); x.State != configuration.AskVerified || x.Answer != configuration.AskSame || *x.VerifiedBy != *person(t, d, "configmanager") {
		t.Errorf("%+v", x)
	}
	if _, err := d.Configuration.AnswerAsk(staff, qa.ID, configuration.AnswerInput{Answer: configuration.AskMissing, Note: "gone"}); fault.Of(err) == nil || fault.Of(err).Code != "configuration.error.verified_already" {
		t.Errorf("answered after it was verified: %v", err)
	}
	// Verifying the item itself counts as well.
	if _, err := d.Configuration.Verify(mgr, b.ID, configuration.VerifyInput{}); err != nil || ask(t, d, c, b).State != configuration.AskVerified {
		t.Errorf("the item was verified by itself: %v, %s", err, ask(t, d, c, b).State)
	}
	s, err := d.Configuration.Standing(mgr, c)
	if err != nil || s[configuration.AskVerified] != 2 || s[configuration.AskSame] != 1 || s[configuration.AskMissing] != 1 || s.Total() != 4 {
		t.Errorf("%v %v", s, err)
	}

	if _, err := d.Configuration.CloseCampaign(eng, c.ID, configuration.EndInput{Remark: "done"}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an engineer closed it: %v", err)
	}
	if _, err := d.Configuration.CloseCampaign(mgr, c.ID, configuration.EndInput{Version: c.Version}); fieldOf(err, "remark") == "" {
		t.Errorf("closed without a word: %v", err)
	}
	if c, err = d.Configuration.CloseCampaign(mgr, c.ID, configuration.EndInput{Version: c.Version, Remark: "one is missing"}); err != nil || c.State != configuration.CampaignClosed {
		t.Fatalf("%+v %v", c, err)
	}
	if _, err := d.Configuration.AnswerAsk(eng, qo.ID, configuration.AnswerInput{Answer: configuration.AskMissing, Note: "late"}); fault.Of(err) == nil || fault.Of(err).Code != "configuration.error.campaign_over" {
		t.Errorf("answered after the end: %v", err)
	}
	if mine, _, err := d.Configuration.Mine(eng); err != nil || len(mine) != 0 {
		t.Errorf("still asked: %v %v", mine, err)
	}
	// The database keeps it, too; a later verification leaves it as it was.
	for _, sql := range []string{
		`UPDATE ci_campaigns SET remark = 'fine' WHERE id = @id`, `UPDATE ci_campaign_items SET note = 'x' WHERE campaign_id = @id`,
		`DELETE FROM ci_campaign_items WHERE campaign_id = @id`, `DELETE FROM ci_campaigns WHERE id = @id`,
	} {
		err := d.Pool.InTx(t.Context(), func(tx db.Tx) error { _, err := tx.Exec(t.Context(), sql, db.Args{"id": c.ID}); return err })
		if err == nil || !strings.Contains(err.Error(), "over is not changed") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	d.Advance(time.Hour)
	if _, err := d.Configuration.Verify(mgr, a.ID, configuration.VerifyInput{}); err != nil {
		t.Fatal(err)
	}
	if x := ask(t, d, c, a); x.VerifiedAt.After(*c.EndedAt) {
		t.Error("a verification after the end is in the campaign")
	}
}

func ptr[T any](x T) *T { return &x }

// TestCampaignReminders: once before it is due and once when it is, those who
// have not answered, whatever else the job does.
func TestCampaignReminders(t *testing.T) {
	t.Parallel()
	d := unasked(t)
	a, b := keep(t, d, "CI000003", "staff"), keep(t, d, "CI000004", "engineer")
	c := campaign(t, d, a, b)
	q := ask(t, d, c, a)
	if _, err := d.Configuration.AnswerAsk(d.As("staff"), q.ID, configuration.AnswerInput{Answer: configuration.AskSame}); err != nil {
		t.Fatal(err)
	}
	told := func() map[string]int {
		d.Drain()
		out := map[string]int{}
		for _, m := range d.Mail.Sent {
			out[strings.Split(m.To, "@")[0]]++
		}
		d.Mail.Sent = nil
		return out
	}
	told()
	for _, step := range []struct {
		after time.Duration
		want  map[string]int
	}{
		{6 * 24 * time.Hour, map[string]int{}},
		{25 * time.Hour, map[string]int{"engineer": 1}},
		{time.Hour, map[string]int{}},
		{3 * 24 * time.Hour, map[string]int{"engineer": 1, "configmanager": 1}},
		{9 * 24 * time.Hour, map[string]int{}},
	} {
		d.Advance(step.after)
		if err := d.Configuration.RemindCampaigns(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := told(); len(got) != len(step.want) || got["engineer"] != step.want["engineer"] || got["configmanager"] != step.want["configmanager"] {
			t.Errorf("after %s more: %v, want %v", step.after, got, step.want)
		}
	}
}

// TestCampaignPages: the pages as those who work with them use them, without
// script, and what they refuse.
func TestCampaignPages(t *testing.T) {
	t.Parallel()
	d := unasked(t)
	a := keep(t, d, "CI000003", "staff")
	mgr, staff := d.Client("configmanager"), d.Client("staff")
	form := url.Values{
		"name_zh": {"盘点"}, "ask": {"Is it there?"}, "due_at": {d.Desk.Now().AddDate(0, 0, 10).Format("2006-01-02T15:04")}, "by": {"items"}, "items": {a.Label() + "，CI000004"}, "_key": {"k"}, "_preview": {"1"},
	}
	if p := mgr.Post("/configuration/campaigns", form); p.Status != http.StatusOK || !strings.Contains(p.Text(), "Would ask about items: 2, people: ") || !strings.Contains(p.Text(), "盘点") {
		t.Errorf("preview: %d", p.Status)
	}
	form.Del("_preview")
	form.Set("items", a.Label()+" CI999999")
	if p := mgr.Post("/configuration/campaigns", form); p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Text(), "There is no item CI999999") || !strings.Contains(p.Text(), a.Label()+" CI999999") {
		t.Errorf("an item that is not: %d", p.Status)
	}
	form.Set("items", a.Label())
	if p := staff.Post("/configuration/campaigns", form); p.Status != http.StatusForbidden {
		t.Errorf("staff began one: %d", p.Status)
	}
	began := mgr.Post("/configuration/campaigns", form)
	if began.Status != http.StatusSeeOther {
		t.Fatal(began.Status, began.Text())
	}
	at := began.Header.Get("Location")
	if again := mgr.Post("/configuration/campaigns", form); again.Header.Get("Location") != at {
		t.Error("the same form began a second one")
	}
	if p := staff.Get(at); p.Status != http.StatusForbidden {
		t.Errorf("staff see the campaign: %d", p.Status)
	}
	mine := staff.Get("/configuration/campaigns/mine")
	if !strings.Contains(mine.Text(), a.Label()) || !strings.Contains(staff.Get("/").Text(), "/configuration/campaigns/mine") {
		t.Error("who is asked finds no question")
	}
	c, _, _, err := d.Configuration.Campaigns(d.As("configmanager"), "")
	if err != nil || len(c) == 0 {
		t.Fatal(c, err)
	}
	q := ask(t, d, c[0], a)
	to := "/configuration/campaigns/mine/" + q.ID.String()
	if p := staff.Post(to, url.Values{"answer": {"missing"}, "note": {""}, "version": {"1"}, "_key": {"a"}}); p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Text(), `value="missing" checked`) {
		t.Errorf("not there, without a word: %d", p.Status)
	}
	if p := staff.Post(to, url.Values{"answer": {"missing"}, "note": {"in repair"}, "version": {"1"}, "_key": {"b"}}); p.Status != http.StatusSeeOther {
		t.Errorf("%d %s", p.Status, p.Text())
	}
	if p := mgr.Get(at + "?state=missing"); !strings.Contains(p.Text(), "in repair") {
		t.Error("the answer is not on the campaign's page")
	}
	if p := mgr.Get("/configuration/" + a.Label()); !strings.Contains(p.Text(), "in repair") {
		t.Error("the answer is not on the item's page")
	}
	if p := mgr.Post(at+"/verify", url.Values{"_key": {"v"}}); p.Status != http.StatusConflict {
		t.Errorf("nothing to verify: %d", p.Status)
	}
	file := mgr.Get(at + "/export.csv")
	if file.Status != http.StatusOK || !strings.Contains(file.Text(), "in repair") || strings.Contains(file.Text(), "staff") {
		t.Errorf("%d %s", file.Status, file.Text())
	}
	if p := mgr.Post(at+"/close", url.Values{"remark": {" "}, "act": {"close"}, "version": {"1"}, "_key": {"e"}}); p.Status != http.StatusUnprocessableEntity {
		t.Errorf("closed without a word: %d", p.Status)
	}
	if p := mgr.Get(strings.Replace(at, at[len(at)-12:], "garbage", 1)); p.Status != http.StatusNotFound {
		t.Errorf("garbage: %d", p.Status)
	}
}

// TestCampaignAnswersTogether: of two who answer at once on the same version one
// is told of the other, and an end that comes between lets none slip by.
func TestCampaignAnswersTogether(t *testing.T) {
	t.Parallel()
	d := unasked(t)
	a := keep(t, d, "CI000003", "staff")
	c := campaign(t, d, a)
	q := ask(t, d, c, a)
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for n, in := range []configuration.AnswerInput{{Version: q.Version, Answer: configuration.AskSame}, {Version: q.Version, Answer: configuration.AskMissing, Note: "gone"}} {
		wg.Go(func() { _, errs[n] = d.Configuration.AnswerAsk(d.As([]string{"staff", "configmanager"}[n]), q.ID, in) })
	}
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Errorf("%v, %v", errs[0], errs[1])
	}
}
