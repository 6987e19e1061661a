package configuration_test

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"

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
