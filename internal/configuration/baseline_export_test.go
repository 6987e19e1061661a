package configuration_test

import (
	"encoding/csv"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/configuration"
	"opsdesk/internal/identity"
)

// file reads a CSV without its head, and its head.
func file(t *testing.T, c *apptest.Client, address string) (head []string, rows [][]string) {
	t.Helper()
	a := c.Get(address)
	all, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(a.Text(), "\ufeff"))).ReadAll()
	if err != nil || a.Status != http.StatusOK || len(all) == 0 {
		t.Fatalf("%s: %d %v", address, a.Status, err)
	}
	return all[0], all[1:]
}

// TestBaselineExportScope: an export holds what its reader may take out, which
// is less than they may see.
func TestBaselineExportScope(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	who, err := identity.From(d.As("engineer"))
	if err != nil || len(who.Teams) == 0 {
		t.Fatal(who, err)
	}
	mine := enter(t, d, "rack", "be-mine", func(in *configuration.CreateInput) { in.TeamID = &who.Teams[0] })
	other := enter(t, d, "rack", "be-other", nil)
	b := baseline(t, d, configuration.BaselineInput{ScopeInput: configuration.ScopeInput{By: "items", Items: []string{mine.Label(), other.Label()}}})
	place := "elsewhere"
	for _, i := range []configuration.Item{mine, other} {
		if _, err := d.Configuration.Edit(d.As("configmanager"), i.ID, configuration.EditInput{Location: &place}); err != nil {
			t.Fatal(err)
		}
	}
	page := "/configuration/baselines/" + b.ID.String()
	engineer := d.Client("engineer")
	if a := engineer.Get(page); !strings.Contains(a.Text(), "be-other") || !strings.Contains(a.Text(), "export.csv") {
		t.Error("an engineer sees both items, and that there is a file")
	}
	for _, address := range []string{page + "/export.csv", page + "/export.csv?with=now"} {
		if _, rows := file(t, engineer, address); len(rows) != 1 || rows[0][0] != mine.Label() {
			t.Errorf("%s of an engineer: %v", address, rows)
		}
		if _, rows := file(t, d.Client("configmanager"), address); len(rows) != 2 {
			t.Errorf("%s of a configuration manager: %v", address, rows)
		}
	}
}

// TestBaselineExportNamesNobody: the right is to take out what is not about
// persons, so that a file says that an owner changed and not who it is.
func TestBaselineExportNamesNobody(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	ctx := d.As("configmanager")
	i := enter(t, d, "computer", "bn-1", func(in *configuration.CreateInput) {
		in.OwnerID = person(t, d, "he.ming")
		in.Attributes["last_user"] = "qian.fei"
	})
	b := baseline(t, d, configuration.BaselineInput{ScopeInput: configuration.ScopeInput{By: "items", Items: []string{i.Label()}}})
	if _, err := d.Configuration.Edit(ctx, i.ID, configuration.EditInput{OwnerID: person(t, d, "qian.fei"), Attributes: map[string]any{"last_user": "tang.yi", "os": "Debian 12"}}); err != nil {
		t.Fatal(err)
	}
	page := "/configuration/baselines/" + b.ID.String() + "/export.csv"
	head, rows := file(t, d.Client("configmanager"), page)
	if len(head) != 5 || len(rows) != 1 || strings.Join(rows[0], "|") != i.Label()+"|bn-1|Computer|In stock|1" {
		t.Errorf("%v %v", head, rows)
	}
	_, rows = file(t, d.Client("configmanager"), page+"?with=now")
	got := map[string]string{}
	for _, r := range rows {
		got[r[4]] = r[5] + " → " + r[6]
	}
	if len(got) != 3 || got["Owner"] != "a person → a person" || got["Last user"] != "a person → a person" || got["Operating system"] != " → Debian 12" {
		t.Errorf("%v", got)
	}
}

// TestFilesAreHarmless: what stands in the files of a baseline and of an import
// is no formula to a spreadsheet, and what is equal gives a file with its head.
func TestFilesAreHarmless(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := enter(t, d, "rack", "＝cmd|calc", nil)
	b := baseline(t, d, configuration.BaselineInput{ScopeInput: configuration.ScopeInput{By: "items", Items: []string{i.Label()}}})
	page := "/configuration/baselines/" + b.ID.String() + "/export.csv"
	if _, rows := file(t, d.Client("configmanager"), page); len(rows) != 1 || rows[0][1] != "'＝cmd|calc" {
		t.Errorf("%v", rows)
	}
	if head, rows := file(t, d.Client("configmanager"), page+"?with=now"); len(head) != 7 || len(rows) != 0 {
		t.Errorf("%v %v", head, rows)
	}
	c := class(t, d, "server")
	imp, err := d.Configuration.BeginImport(d.As("configmanager"), configuration.ImportInput{Source: "csv", ClassID: &c.ID, FileName: "list.csv", Body: []byte("name,=head\n,\"=1+1\"\n")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Configuration.MapColumns(d.As("configmanager"), imp.ID, configuration.MapInput{Version: imp.Version, Mapping: map[string]string{"name": "name"}}); err != nil {
		t.Fatal(err)
	}
	if head, rows := file(t, d.Client("configmanager"), "/configuration/imports/"+imp.ID.String()+"/errors.csv"); len(rows) != 1 || len(head) != 4 || head[1] != "'=head" || rows[0][1] != "'=1+1" || rows[0][2] != "1" {
		t.Errorf("%v %v", head, rows)
	}
}

// TestBaselineRelations: a comparison tells which relations of its items there
// were at one of the two instants only, to those who may see both ends.
func TestBaselineRelations(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	ctx := d.As("configmanager")
	begin := time.Date(2027, 1, 1, 8, 0, 0, 0, time.UTC)
	d.SetClock(begin)
	held, stays, goes, comes := enter(t, d, "server", "br-held", nil), enter(t, d, "switch", "br-stays", nil), enter(t, d, "switch", "br-goes", nil), enter(t, d, "application", "br-comes", nil)
	relate(t, d, held, "connected_to", stays)
	relate(t, d, held, "connected_to", goes)
	in := configuration.BaselineInput{ScopeInput: configuration.ScopeInput{By: "items", Items: []string{held.Label()}}}
	part := func(other configuration.Item) {
		t.Helper()
		ties, err := d.Configuration.Relations(ctx, held.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range ties {
			if x.Other.ID == other.ID {
				if _, err := d.Configuration.Part(ctx, held.ID, configuration.PartInput{RelationID: x.ID}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	d.SetClock(begin.Add(time.Hour))
	first := baseline(t, d, in)
	d.SetClock(begin.Add(2 * time.Hour))
	part(stays) // ends, and begins anew: there at both instants
	part(goes)
	d.SetClock(begin.Add(3 * time.Hour))
	relate(t, d, held, "connected_to", stays)
	relate(t, d, comes, "depends_on", held)
	relate(t, d, stays, "connected_to", goes) // none of the baseline's items
	second := baseline(t, d, in)
	read := func(b configuration.Baseline, ask configuration.CompareInput) string {
		t.Helper()
		var got []string
		for {
			c, err := d.Configuration.CompareBaseline(ctx, b, ask)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range c.Ties {
				got = append(got, x.Fate+" "+x.FromName+" "+x.Type.Key+" "+x.ToName+" "+x.At.Sub(begin).String())
			}
			if ask.AfterTies = c.NextTies; ask.AfterTies == uuid.Nil {
				break
			}
		}
		slices.Sort(got)
		return strings.Join(got, "; ")
	}
	const forth = "added br-comes depends_on br-held 3h0m0s; removed br-held connected_to br-goes 2h0m0s"
	for _, with := range []string{"now", second.ID.String()} {
		if got := read(first, configuration.CompareInput{With: with, Limit: 1}); got != forth {
			t.Errorf("with %s: %s", with, got)
		}
	}
	if got := read(second, configuration.CompareInput{With: first.ID.String(), Limit: 50}); got != "added br-held connected_to br-goes 2h0m0s; removed br-comes depends_on br-held 3h0m0s" {
		t.Errorf("the other way round: %s", got)
	}
	if got := read(first, configuration.CompareInput{Fate: "added", Limit: 50}); got != "added br-comes depends_on br-held 3h0m0s" {
		t.Errorf("only what was added: %s", got)
	}
	page := "/configuration/baselines/" + first.ID.String()
	if a := d.Client("engineer").Get(page); !strings.Contains(a.Text(), "br-comes") || !strings.Contains(a.Text(), "br-goes") || strings.Contains(a.Text(), "br-stays") {
		t.Errorf("the page: %d", a.Status)
	}
	if a := d.Client("manager").Get(page); a.Status != http.StatusOK || strings.Contains(a.Text(), "br-") {
		t.Errorf("the page of a manager tells of items that are not theirs: %d", a.Status)
	}
	_, rows := file(t, d.Client("configmanager"), page+"/export.csv?with=now")
	var got []string
	for _, r := range rows {
		got = append(got, strings.Join(r[1:], "|"))
	}
	slices.Sort(got)
	if want := "br-comes|Application|added|Relations: depends on||" + held.Label() + " br-held; br-held|Server|removed|Relations: is connected to|" + goes.Label() + " br-goes|"; strings.Join(got, "; ") != want {
		t.Errorf("the file: %v, want %s", got, want)
	}
	if _, rows := file(t, d.Client("engineer"), page+"/export.csv?with=now"); len(rows) != 0 {
		t.Errorf("an engineer takes out what they may not: %v", rows)
	}
	var diff struct {
		Relations []struct {
			Type, Fate string
			From, To   struct{ Number string }
		}
		Next *uuid.UUID `json:"relations_next"`
	}
	api := d.API("configmanager")
	if a := api.JSON(http.MethodGet, "/api/v1/ci-baselines/"+first.ID.String()+"/diff?fate=removed", nil, &diff); a.Status != http.StatusOK || len(diff.Relations) != 1 || diff.Relations[0].Type != "connected_to" ||
		diff.Relations[0].To.Number != goes.Label() || diff.Relations[0].Fate != "removed" || diff.Next != nil {
		t.Errorf("%d %+v", a.Status, diff)
	}
	if a := api.Get("/api/v1/ci-baselines/" + first.ID.String() + "/diff?relations_after=x"); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("a bad place: %d", a.Status)
	}
}
