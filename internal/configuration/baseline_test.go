package configuration_test

import (
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/configuration"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
)

// baseline takes a baseline and finishes.
func baseline(t *testing.T, d *apptest.Desk, in configuration.BaselineInput) configuration.Baseline {
	t.Helper()
	ctx := d.As("configmanager")
	in.NameZh, in.Reason = or(in.NameZh, "月末"), or(in.Reason, "before the audit")
	b, err := d.Configuration.TakeBaseline(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	d.Drain()
	if b, err = d.Configuration.GetBaseline(ctx, b.ID); err != nil {
		t.Fatal(err)
	}
	return b
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// fates are what differs: name → fate and fields.
func fates(t *testing.T, d *apptest.Desk, ctx context.Context, b configuration.Baseline, with string) map[string]string { //nolint:revive // t first, as in all helpers
	t.Helper()
	c, err := d.Configuration.CompareBaseline(ctx, b, configuration.CompareInput{With: with, Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, x := range c.Rows {
		out[x.Name] = x.Fate
		for _, f := range x.Changes {
			out[x.Name] += " " + f.Field
		}
	}
	return out
}

func TestBaseline(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	ctx := d.As("configmanager")
	begin := time.Date(2027, 1, 1, 8, 0, 0, 0, time.UTC)
	d.SetClock(begin)
	kept := enter(t, d, "rack", "bl-kept", nil)
	changed := enter(t, d, "rack", "bl-changed", nil)
	gone := enter(t, d, "rack", "bl-gone", nil)
	rack := class(t, d, "rack").ID
	in := configuration.BaselineInput{ScopeInput: configuration.ScopeInput{By: "class", Class: &rack}}
	d.SetClock(begin.Add(time.Hour))
	first := baseline(t, d, in)
	if first.State != configuration.Taken || first.Items != 4 || len(first.Hash) != 64 { // the demo has a rack
		t.Fatalf("%+v", first)
	}
	if got := fates(t, d, ctx, first, "now"); len(got) != 0 {
		t.Errorf("at once: %v", got)
	}

	d.SetClock(begin.Add(2 * time.Hour))
	units := map[string]any{"units": 47}
	if _, err := d.Configuration.Edit(ctx, changed.ID, configuration.EditInput{Attributes: units}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Configuration.Move(ctx, gone.ID, configuration.MoveInput{Lifecycle: configuration.Retired}); err != nil {
		t.Fatal(err)
	}
	// A relation makes a version, and changes nothing of the thing.
	relate(t, d, kept, "contains", enter(t, d, "server", "bl-other-class", nil))
	enter(t, d, "rack", "bl-new", nil)
	want := map[string]string{"bl-changed": "changed attributes.units", "bl-gone": "removed", "bl-new": "added"}
	same := func(what string, got map[string]string) {
		t.Helper()
		if len(got) != len(want) {
			t.Errorf("%s: %v", what, got)
		}
		for k, v := range want {
			if got[k] != v {
				t.Errorf("%s: %s is %q, want %q", what, k, got[k], v)
			}
		}
	}
	same("against now", fates(t, d, ctx, first, "now"))
	second := baseline(t, d, in)
	same("against another", fates(t, d, ctx, first, second.ID.String()))
	for fate, rows := range map[string]int{"": 3, "changed": 1} {
		c, err := d.Configuration.CompareBaseline(ctx, first, configuration.CompareInput{With: second.ID.String(), Fate: fate, Limit: 200})
		if counts := c.Counts; err != nil || len(c.Rows) != rows || counts["added"] != 1 || counts["removed"] != 1 || counts["changed"] != 1 {
			t.Errorf("%q: %d rows, %v %v", fate, len(c.Rows), counts, err)
		}
	}
	if c, err := d.Configuration.CompareBaseline(ctx, second, configuration.CompareInput{With: second.ID.String(), Limit: 200}); err != nil || len(c.Rows) != 0 || c.Counts == nil || len(c.Counts) != 0 {
		t.Errorf("against itself: %+v %v", c, err)
	}
	if c, err := d.Configuration.CompareBaseline(ctx, first, configuration.CompareInput{With: "now", Fate: "changed", Limit: 200}); err != nil || len(c.Rows) != 1 {
		t.Errorf("only the changed: %+v %v", c.Rows, err)
	}
	// Of a past instant it is the same as the one taken then.
	at := begin.Add(time.Hour)
	in.At = &at
	if past := baseline(t, d, in); past.Hash != first.Hash || past.Items != first.Items {
		t.Errorf("of the past: %d items %s, then %d %s", past.Items, past.Hash, first.Items, first.Hash)
	}
	if hash, ok, err := d.Configuration.CheckBaseline(ctx, first.ID); err != nil || !ok || hash != first.Hash {
		t.Errorf("%s %v %v", hash, ok, err)
	}
	// By pages, keyset: every item once.
	seen := 0
	for after := int64(0); ; {
		c, err := d.Configuration.CompareBaseline(ctx, first, configuration.CompareInput{With: "now", After: after, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		seen += len(c.Rows)
		if after = c.Next; after == 0 {
			break
		}
	}
	if seen != 3 {
		t.Errorf("%d rows by pages", seen)
	}
	if _, err := d.Configuration.TakeBaseline(d.As("engineer"), in); fault.Of(err).Kind != fault.Forbidden {
		t.Errorf("an engineer: %v", err)
	}
	later := begin.AddDate(1, 0, 0)
	in.At = &later
	in.NameZh, in.Reason = "x", "x"
	if _, err := d.Configuration.TakeBaseline(ctx, in); fieldOf(err, "at") != "configuration.error.future" {
		t.Errorf("in the future: %v", err)
	}
}

func TestBaselineScopes(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	ctx := d.As("configmanager")
	top, middle, leaf := enter(t, d, "switch", "bs-top", nil), enter(t, d, "server", "bs-middle", nil), enter(t, d, "application", "bs-leaf", nil)
	relate(t, d, middle, "depends_on", top)
	relate(t, d, leaf, "depends_on", middle)
	reach := func(i configuration.Item, up bool, depth int) configuration.ScopeInput {
		return configuration.ScopeInput{By: "reach", Item: i.Label(), Up: up, Depth: depth}
	}
	before := d.Desk.Now()
	for name, c := range map[string]struct {
		in   configuration.ScopeInput
		want int
	}{
		"all that hangs on it": {reach(top, false, 3), 3},
		"one level":            {reach(top, false, 1), 2},
		"what it hangs on":     {reach(leaf, true, 3), 3},
		"chosen":               {configuration.ScopeInput{By: "items", Items: []string{top.Label(), leaf.ID.String(), top.Label()}}, 2},
	} {
		if b := baseline(t, d, configuration.BaselineInput{ScopeInput: c.in}); b.Items != c.want || b.State != configuration.Taken {
			t.Errorf("%s: %+v", name, b)
		}
	}
	// What hung on it then: a relation that ended since counts at that instant.
	ties, err := d.Configuration.Relations(ctx, middle.ID)
	if err != nil || len(ties) != 2 {
		t.Fatal(ties, err)
	}
	for _, x := range ties {
		if _, err := d.Configuration.Part(ctx, middle.ID, configuration.PartInput{RelationID: x.ID}); err != nil {
			t.Fatal(err)
		}
	}
	if b := baseline(t, d, configuration.BaselineInput{At: &before, ScopeInput: reach(top, false, 3)}); b.Items != 3 {
		t.Errorf("of the past: %+v", b)
	}
	for field, in := range map[string]configuration.ScopeInput{
		"class": {By: "class"}, "service": {By: "service"}, "items": {By: "items", Items: []string{"CI999999"}}, "item": {By: "reach", Item: "nothing"}, "by": {By: "most"},
	} {
		if _, err := d.Configuration.TakeBaseline(ctx, configuration.BaselineInput{NameZh: "x", Reason: "x", ScopeInput: in}); fieldOf(err, field) == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
	nothing := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if b := baseline(t, d, configuration.BaselineInput{At: &nothing, ScopeInput: configuration.ScopeInput{By: "all"}}); b.State != configuration.Failed || b.Problem != "configuration.error.baseline_empty" {
		t.Errorf("of nothing: %+v", b)
	}
}

// TestBaselineIsSealed: not even the database lets one be changed.
func TestBaselineIsSealed(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	b := baseline(t, d, configuration.BaselineInput{ScopeInput: configuration.ScopeInput{By: "all"}})
	extra := enter(t, d, "rack", "sealed-extra", nil)
	for _, s := range []string{
		`UPDATE ci_baselines SET items = items + 1 WHERE id = @id`,
		`UPDATE ci_baselines SET reason = 'another' WHERE id = @id`,
		`DELETE FROM ci_baselines WHERE id = @id`,
		`UPDATE ci_baseline_items SET version = version WHERE baseline_id = @id`,
		`DELETE FROM ci_baseline_items WHERE baseline_id = @id`,
		`INSERT INTO ci_baseline_items (baseline_id, item_id, version) VALUES (@id, '` + extra.ID.String() + `', 1)`,
	} {
		err := d.Pool.InTx(t.Context(), func(tx db.Tx) error { _, err := tx.Exec(t.Context(), s, db.Args{"id": b.ID}); return err })
		if err == nil || !strings.Contains(err.Error(), "never changed") {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestBaselinePages(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	c := d.Client("configmanager")
	form := url.Values{"name_en": {"Quarter end"}, "reason": {"audit"}, "by": {"items"}, "items": {"CI000003, CI000004\nCI000005"}, "_key": {uuid.NewString()}}
	a := c.Post("/configuration/baselines", form)
	if a.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	page := a.Header.Get("Location")
	if again := c.Post("/configuration/baselines", form); again.Header.Get("Location") != page {
		t.Errorf("sent twice: %d %s", again.Status, again.Header.Get("Location"))
	}
	d.Drain()
	name := "bp-renamed"
	p, err := d.Configuration.List(d.As("configmanager"), configuration.Filter{Text: "CI000004"}, "")
	if err != nil || len(p.Rows) != 1 {
		t.Fatal(p, err)
	}
	if _, err := d.Configuration.Edit(d.As("configmanager"), p.Rows[0].ID, configuration.EditInput{Name: &name}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Quarter end", "taken", "bp-renamed", "CI000004"} {
		if a := c.Get(page); a.Status != http.StatusOK || !strings.Contains(a.Text(), want) {
			t.Errorf("%d, no %s", a.Status, want)
		}
	}
	if a := c.Get(page + "?check=1"); !strings.Contains(a.Text(), "The content is what was taken") {
		t.Error("the hash is not checked")
	}
	file := c.Get(page + "/export.csv?with=now")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.Text(), "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][0] != "CI000004" || rows[1][6] != name {
		t.Errorf("%v %v", rows, err)
	}
	if rows, err = csv.NewReader(strings.NewReader(strings.TrimPrefix(c.Get(page+"/export.csv").Text(), "\ufeff"))).ReadAll(); err != nil || len(rows) != 4 {
		t.Errorf("%v %v", rows, err)
	}
	form.Set("items", "CI999999")
	form.Set("_key", uuid.NewString())
	if a := c.Post("/configuration/baselines", form); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "CI999999") || !strings.Contains(a.Text(), "Quarter end") {
		t.Errorf("a wrong number: %d", a.Status)
	}
	for _, who := range []string{"engineer", "manager"} {
		if a := d.Client(who).Get(page); a.Status != http.StatusOK {
			t.Errorf("%s: %d", who, a.Status)
		}
	}
	if a := d.Client("manager").Get(page); strings.Contains(a.Text(), "bp-renamed") {
		t.Error("a manager sees an item that is not theirs")
	}
	if a := d.Client("staff").Get(page); a.Status != http.StatusForbidden {
		t.Errorf("staff: %d", a.Status)
	}
	if a := d.Client("engineer").Get("/configuration/baselines/new"); a.Status != http.StatusForbidden {
		t.Errorf("an engineer's form: %d", a.Status)
	}

	api := d.API("configmanager")
	var made struct{ ID, State, Hash string }
	if a := api.JSON(http.MethodPost, "/api/v1/ci-baselines", map[string]any{"name_en": "By API", "reason": "x", "by": "items", "items": []string{"CI000003"}}, &made, "Idempotency-Key", "k1"); a.Status != http.StatusCreated || made.State != "taking" {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	d.Drain()
	api.JSON(http.MethodGet, "/api/v1/ci-baselines/"+made.ID, nil, &made)
	var diff struct {
		Items  []struct{ Number string }
		Counts map[string]int
	}
	if a := api.JSON(http.MethodGet, "/api/v1/ci-baselines/"+made.ID+"/diff?with="+strings.TrimPrefix(page, "/configuration/baselines/"), nil, &diff); a.Status != http.StatusOK || len(diff.Items) != 2 || diff.Counts["added"] != 2 || made.Hash == "" {
		t.Errorf("%d %+v %+v", a.Status, diff, made)
	}
}

// TestBaselineEnds: a baseline whose work ends without it has failed, whatever
// ended the work and whoever may write.
func TestBaselineEnds(t *testing.T) {
	t.Parallel()
	in := configuration.BaselineInput{NameZh: "x", Reason: "x", ScopeInput: configuration.ScopeInput{By: "all"}}
	for name, c := range map[string]struct {
		end  func(t *testing.T, d *apptest.Desk, b configuration.Baseline)
		want string
	}{
		"cancelled": {func(t *testing.T, d *apptest.Desk, b configuration.Baseline) {
			if _, err := d.Batches.Cancel(d.As("configmanager"), *b.BatchID); err != nil {
				t.Fatal(err)
			}
		}, "configuration.error.baseline_cancelled"},
		"owner gone":     {statement(`UPDATE people SET active = false WHERE username = 'configmanager'`), "batch.error.owner"},
		"the right lost": {statement(`DELETE FROM role_grants WHERE person_id = (SELECT id FROM people WHERE username = 'configmanager')`), "authz.denied.role"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := apptest.New(t, apptest.Options{})
			b, err := d.Configuration.TakeBaseline(d.As("configmanager"), in)
			if err != nil {
				t.Fatal(err)
			}
			c.end(t, d, b)
			d.Drain()
			b, err = d.Configuration.GetBaseline(d.As("engineer"), b.ID)
			if err != nil || b.State != configuration.Failed || b.Problem != c.want {
				t.Fatalf("%+v %v", b, err)
			}
			var by string
			if err := d.Pool.QueryRow(t.Context(), `SELECT actor_name FROM trail_entries WHERE record_id = $1 AND action = 'ci.abandon_baseline' AND outcome = 'success'`, b.ID).Scan(&by); err != nil || by != "configuration" {
				t.Errorf("in the trail: %q %v", by, err)
			}
		})
	}
}

// TestBaselineSaysItsLimit: the page of a baseline, and that of its job, name the
// limit that it failed by.
func TestBaselineSaysItsLimit(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	c := d.Client("configmanager")
	for code, want := range map[string]string{"reach_large": "More than 10000 items hang together", "baseline_large": "holds at most 50000 items"} {
		b, err := d.Configuration.TakeBaseline(d.As("configmanager"), configuration.BaselineInput{NameZh: "x", Reason: "x", ScopeInput: configuration.ScopeInput{By: "all"}})
		if err != nil {
			t.Fatal(err)
		}
		code = "configuration.error." + code
		statement(`UPDATE ci_baselines SET state = 'failed', problem = '`+code+`', version = version + 1 WHERE id = '`+b.ID.String()+`'`)(t, d, b)
		statement(`UPDATE batch_rows SET outcome = 'refused', code = '`+code+`', args = '{"items": 50000, "nodes": 10000}' WHERE batch_id = '`+b.BatchID.String()+`'`)(t, d, b)
		for _, page := range []string{"/configuration/baselines/" + b.ID.String(), "/jobs/" + b.BatchID.String()} {
			if a := c.Get(page); !strings.Contains(a.Text(), want) {
				t.Errorf("%s: %d, no %q", page, a.Status, want)
			}
		}
	}
}

// TestBaselinePageIsQuiet: a page that mentions an item which its reader may not
// see says so to nobody: it is no attempt to read that item.
func TestBaselinePageIsQuiet(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := enter(t, d, "switch", "bq-hidden", nil)
	b := baseline(t, d, configuration.BaselineInput{ScopeInput: configuration.ScopeInput{By: "reach", Item: i.Label(), Depth: 1}})
	for _, who := range []string{"manager", "engineer"} {
		c := d.Client(who)
		a := c.Get("/configuration/baselines/" + b.ID.String())
		if a.Status != http.StatusOK || strings.Contains(a.Text(), "bq-hidden") != (who == "engineer") {
			t.Errorf("%s: %d", who, a.Status)
		}
	}
	var refusals int
	if err := d.Pool.QueryRow(t.Context(), `SELECT count(*) FROM trail_entries WHERE outcome <> 'success'`).Scan(&refusals); err != nil || refusals != 0 {
		t.Errorf("%d refusals in the trail (%v)", refusals, err)
	}
}

func statement(sql string) func(*testing.T, *apptest.Desk, configuration.Baseline) {
	return func(t *testing.T, d *apptest.Desk, _ configuration.Baseline) {
		t.Helper()
		if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error { _, err := tx.Exec(t.Context(), sql); return err }); err != nil {
			t.Fatal(err)
		}
	}
}
