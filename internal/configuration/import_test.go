package configuration_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/batch"
	"opsdesk/internal/configuration"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/work"
)

// bring takes a table in: reads, maps by guess, starts and finishes.
func bring(t *testing.T, d *apptest.Desk, source, class1, body string, complete bool) (configuration.Import, map[string]int, batch.Batch) {
	t.Helper()
	ctx := d.As("configmanager")
	c := class(t, d, class1)
	imp, err := d.Configuration.BeginImport(ctx, configuration.ImportInput{Source: source, ClassID: &c.ID, Complete: complete, FileName: "list.csv", Body: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	if imp, err = d.Configuration.MapColumns(ctx, imp.ID, configuration.MapInput{Version: imp.Version, Mapping: imp.Mapping}); err != nil {
		t.Fatal(err)
	}
	return finish(t, d, imp)
}

func finish(t *testing.T, d *apptest.Desk, imp configuration.Import) (configuration.Import, map[string]int, batch.Batch) {
	t.Helper()
	ctx := d.As("configmanager")
	_, counts, err := d.Configuration.ImportRows(ctx, imp.ID, "", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if imp, err = d.Configuration.StartImport(ctx, imp.ID, imp.Version); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	b, err := d.Batches.Get(ctx, *imp.BatchID)
	if err != nil || b.State != batch.Done {
		t.Fatalf("%+v %v", b, err)
	}
	return imp, counts, b
}

// one finds the only item that a text finds.
func one(t *testing.T, d *apptest.Desk, text string) configuration.Item {
	t.Helper()
	p, err := d.Configuration.List(d.As("configmanager"), configuration.Filter{Text: text}, "")
	if err != nil || len(p.Rows) != 1 {
		t.Fatalf("%s finds %d items (%v)", text, len(p.Rows), err)
	}
	i, _, err := d.Configuration.Get(d.As("configmanager"), p.Rows[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func versions(t *testing.T, d *apptest.Desk) (n int) {
	t.Helper()
	if err := d.Pool.QueryRow(context.WithoutCancel(t.Context()), `SELECT count(*) FROM ci_versions`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestImportTable(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	const head = "主机名,SN,IP,位置,责任人,状态,memory_mb\n"
	list := head + "web-1,S-1,10.9.0.1,A-1F,he.ming,在用,4096\nweb-2,S-2,10.9.0.2,A-1F,唐怡,库存,8192\nweb-3,Default string,10.9.0.3,A-1F,,在用,\n,S-9,10.9.0.9,,,,\nweb-5,S-5,10.9.0.x,,,,\n"
	_, counts, b := bring(t, d, "assets", "server", list, true)
	if counts["add"] != 3 || counts["failed"] != 2 || b.Succeeded != 4 || b.Refused != 0 {
		t.Errorf("%v %+v", counts, b)
	}
	w1 := one(t, d, "S-1")
	if w1.Lifecycle != configuration.Production || w1.OwnerID == nil || w1.Attributes["memory_mb"] != float64(4096) || w1.Source != "assets" {
		t.Errorf("%+v", w1)
	}
	// The same file again changes nothing.
	before := versions(t, d)
	_, counts, _ = bring(t, d, "assets", "server", list, true)
	if counts["skip"] != 3 || versions(t, d) != before {
		t.Errorf("the second time: %v, %d versions more", counts, versions(t, d)-before)
	}
	// A new name on an old serial number is the same machine; a placeholder
	// identifies none, so its row is known by its name.
	list2 := head + "web-1-new,s-1,10.9.0.1,A-1F,he.ming,在用,4096\nweb-3,Default string,10.9.0.33,A-1F,,在用,\n"
	_, counts, _ = bring(t, d, "assets", "server", list2, true)
	if counts["change"] != 2 || counts["add"] != 0 {
		t.Errorf("renamed: %v", counts)
	}
	if again := one(t, d, "S-1"); again.ID != w1.ID || again.Name != "web-1-new" {
		t.Errorf("%s is %s now", w1.Name, again.Name)
	}
	steps, _, err := d.Configuration.History(d.As("configmanager"), w1.ID, 0)
	if err != nil || steps[0].Source != configuration.FromImport || steps[0].SourceRef != "assets" {
		t.Errorf("%+v %v", steps[0], err)
	}
}

func TestMissingGoesStale(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.SetClock(time.Now())
	const head = "id,name,sn\n"
	bring(t, d, "inv", "server", head+"1,a-1,T-1\n2,a-2,T-2\n", true)
	d.Advance(time.Hour)
	bring(t, d, "inv", "server", head+"1,a-1,T-1\n", true)
	if i := one(t, d, "T-2"); i.StaleAt == nil || i.Lifecycle == configuration.Disposed {
		t.Errorf("%+v", i)
	}
	if i := one(t, d, "T-1"); i.StaleAt != nil {
		t.Error("what was reported is stale")
	}
	d.Advance(time.Hour)
	bring(t, d, "inv", "server", head+"1,a-1,T-1\n2,a-2,T-2\n", true)
	if i := one(t, d, "T-2"); i.StaleAt != nil {
		t.Error("what came back is still stale")
	}
	// An incomplete file says nothing of the others.
	d.Advance(time.Hour)
	bring(t, d, "inv", "server", head+"1,a-1b,T-1\n", false)
	if i := one(t, d, "T-2"); i.StaleAt != nil {
		t.Error("an incomplete file made it stale")
	}
}

func TestLocksAndPrecedence(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	ctx := d.As("configmanager")
	i := enter(t, d, "server", "lock-1", func(in *configuration.CreateInput) {
		in.Attributes = map[string]any{"serial_number": "L-1", "os": "Debian 11", "model": "M1"}
		in.Location = "here"
	})
	if _, err := d.Configuration.Edit(ctx, i.ID, configuration.EditInput{Locks: []string{"attributes.os"}}); err != nil {
		t.Fatal(err)
	}
	if err := d.Configuration.SetPrecedence(ctx, configuration.Precedence{"*": {"agent", "csv", "person"}, "location": {"person", "csv"}}); err != nil {
		t.Fatal(err)
	}
	bring(t, d, "csv", "server", "name,sn,os,model,location\nlock-1,L-1,Debian 12,M2,there\n", false)
	i = one(t, d, "L-1")
	if i.Attributes["os"] != "Debian 11" || i.Attributes["model"] != "M2" || i.Location != "here" {
		t.Errorf("%v %s", i.Attributes, i.Location)
	}
}

func TestUnsureGoesToAPerson(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	ctx := d.As("configmanager")
	a := enter(t, d, "server", "twin", func(in *configuration.CreateInput) { in.Attributes["serial_number"] = "A-1" })
	enter(t, d, "server", "other", func(in *configuration.CreateInput) { in.Attributes["serial_number"] = "DUP" })
	enter(t, d, "server", "another", func(in *configuration.CreateInput) { in.Attributes["serial_number"] = "DUP" })
	// The name fits, the serial number does not; and two have one serial number.
	_, counts, b := bring(t, d, "csv", "server", "name,sn\ntwin,B-1\nthird,DUP\n", false)
	list, err := d.Configuration.Reviews(ctx)
	if err != nil || counts["review"] != 2 || b.Refused != 2 || len(list) != 2 {
		t.Fatalf("%v %+v %d %v", counts, b, len(list), err)
	}
	for _, r := range list {
		if r.Name == "twin" {
			if err := d.Configuration.Decide(ctx, r.ID, configuration.DecideInput{Decision: "item", ItemID: &a.ID}); err != nil {
				t.Fatal(err)
			}
			if err := d.Configuration.Decide(ctx, r.ID, configuration.DecideInput{Decision: "new"}); !fault.Is(err, fault.Conflict) {
				t.Errorf("decided twice: %v", err)
			}
		} else if err := d.Configuration.Decide(ctx, r.ID, configuration.DecideInput{Decision: "new"}); err != nil {
			t.Fatal(err)
		}
	}
	if i := one(t, d, "B-1"); i.ID != a.ID {
		t.Error("the decision made another item")
	}
	if i := one(t, d, "third"); i.Attributes["serial_number"] != "DUP" {
		t.Errorf("%+v", i)
	}
	if err := d.Configuration.Decide(d.As("engineer"), list[0].ID, configuration.DecideInput{Decision: "new"}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an engineer decides: %v", err)
	}
}

func TestUndoOfAnImport(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	ctx := d.As("configmanager")
	i := enter(t, d, "server", "undo-1", func(in *configuration.CreateInput) {
		in.Attributes = map[string]any{"serial_number": "U-1", "os": "Debian 11"}
	})
	imp, _, _ := bring(t, d, "csv", "server", "name,sn,os,cores\nundo-1,U-1,Debian 12,4\nundo-2,U-2,Debian 12,4\n", false)
	if _, err := d.Configuration.Edit(ctx, i.ID, configuration.EditInput{Attributes: map[string]any{"cores": 8}}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Batches.Undo(ctx, *imp.BatchID); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	i, _, err := d.Configuration.Get(ctx, i.ID)
	if err != nil || i.Attributes["os"] != "Debian 11" || i.Attributes["cores"] != float64(8) {
		t.Errorf("%v %v", i.Attributes, err)
	}
	if gone := one(t, d, "U-2"); gone.Lifecycle != configuration.Disposed {
		t.Errorf("what the import made is %s", gone.Lifecycle)
	}
	// Brought in again, it is a new item: the disposed one stays what it is.
	bring(t, d, "csv", "server", "name,sn\nundo-2,U-2\n", false)
	if p, err := d.Configuration.List(ctx, configuration.Filter{Text: "U-2", Lifecycle: "living"}, ""); err != nil || len(p.Rows) != 1 {
		t.Errorf("%+v %v", p.Rows, err)
	}
}

const netboxFile = "../../../shared/data/cmdb/netbox-demo-v3.5.json"

func TestNetBox(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile(netboxFile)
	if err != nil {
		t.Skip("SKIPPED: the NetBox export is not on this machine: " + err.Error())
	}
	d := apptest.New(t, apptest.Options{})
	ctx := d.As("configmanager")
	began := time.Now()
	imp, err := d.Configuration.BeginImport(ctx, configuration.ImportInput{Source: "netbox", Complete: true, FileName: "netbox.json", Body: body})
	if err != nil {
		t.Fatal(fault.Of(err).Fields, err)
	}
	_, counts, b := finish(t, d, imp)
	t.Logf("%v in %s", counts, time.Since(began))
	if counts["add"] < 400 || counts["relate"] < 300 || b.Refused > 0 {
		rows, _ := d.Batches.Rows(ctx, b.ID, true, 0, 10)
		t.Errorf("%v %+v %+v", counts, b, rows)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("the import took %s", took)
	}
	p, err := d.Configuration.List(ctx, configuration.Filter{Text: "dmi01-akron-rtr01"}, "")
	if err != nil || len(p.Rows) != 1 {
		t.Fatalf("%+v %v", p.Rows, err)
	}
	found, err := d.Configuration.Impact(ctx, configuration.Question{Roots: []uuid.UUID{p.Rows[0].ID}, Depth: 5})
	if err != nil || len(found.Nodes) == 0 {
		t.Errorf("nothing hangs on a router: %v", err)
	}
	// Again: nothing changes.
	before := versions(t, d)
	imp, err = d.Configuration.BeginImport(ctx, configuration.ImportInput{Source: "netbox", Complete: true, FileName: "netbox.json", Body: body})
	if err != nil {
		t.Fatal(err)
	}
	_, counts, _ = finish(t, d, imp)
	if counts["add"]+counts["change"]+counts["relate"]+counts["review"] != 0 || versions(t, d) != before {
		t.Errorf("the second time: %v, %d versions more", counts, versions(t, d)-before)
	}
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	ctx := d.As("configmanager")
	server := class(t, d, "server")
	for name, body := range map[string]string{"empty": "", "head only": "name,sn\n", "not NetBox": "[1,2]", "binary": "PK\x03\x04xxxx", "too wide": strings.Repeat("a,", 300) + "\nx\n"} {
		_, err := d.Configuration.BeginImport(ctx, configuration.ImportInput{Source: "csv", ClassID: &server.ID, FileName: "x", Body: []byte(body)})
		if fieldOf(err, "file") == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	imp, err := d.Configuration.BeginImport(ctx, configuration.ImportInput{Source: "csv", ClassID: &server.ID, FileName: "x", Body: []byte("\xef\xbb\xbfname;sn\n=cmd|' /C calc'!A0;X\x00Y\n")})
	if err != nil || fmt.Sprint(imp.Columns) != "[name sn]" {
		t.Fatalf("%v %v", imp.Columns, err)
	}
	if _, err = d.Configuration.MapColumns(ctx, imp.ID, configuration.MapInput{Mapping: map[string]string{"sn": "attributes.serial_number"}}); fieldOf(err, "mapping") != "configuration.error.no_name_column" {
		t.Errorf("without a name: %v", err)
	}
	if _, err := d.Configuration.BeginImport(d.As("engineer"), configuration.ImportInput{Source: "csv", ClassID: &server.ID, Body: []byte("name\nx\n")}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an engineer imports: %v", err)
	}
}

// TestImportStarts: an import that is noted as started while its job never left
// the draft, which a crash could leave behind, is done once it is sent again.
func TestImportStarts(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	ctx := d.As("configmanager")
	c := class(t, d, "server")
	imp, err := d.Configuration.BeginImport(ctx, configuration.ImportInput{Source: "csv", ClassID: &c.ID, FileName: "list.csv", Body: []byte("name\nis-one\n")})
	if err != nil {
		t.Fatal(err)
	}
	if imp, err = d.Configuration.MapColumns(ctx, imp.ID, configuration.MapInput{Version: imp.Version, Mapping: imp.Mapping}); err != nil {
		t.Fatal(err)
	}
	keyed := work.WithKey(ctx, "is-1")
	if imp, err = d.Configuration.StartImport(keyed, imp.ID, imp.Version); err != nil {
		t.Fatal(err)
	}
	if b, err := d.Batches.Get(ctx, *imp.BatchID); err != nil || b.State != batch.Queued {
		t.Fatalf("%+v %v", b, err)
	}
	if err := d.Pool.InTx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE batches SET state = 'draft' WHERE id = $1`, *imp.BatchID)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	d.Drain() // the job of a draft does nothing
	if again, err := d.Configuration.StartImport(keyed, imp.ID, imp.Version); err != nil || *again.BatchID != *imp.BatchID {
		t.Fatalf("%+v %v", again, err)
	}
	d.Drain()
	if b, err := d.Batches.Get(ctx, *imp.BatchID); err != nil || b.State != batch.Done || b.Succeeded != 1 {
		t.Errorf("%+v %v", b, err)
	}
	one(t, d, "is-one")
}

// TestImportSaysItsLimit: a row that breaks a limit names it, on the page and in
// the file of what is to be mended.
func TestImportSaysItsLimit(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	ctx := d.As("configmanager")
	c := class(t, d, "server")
	lowest := 64.0
	if _, err := d.Configuration.CreateAttribute(ctx, configuration.AttributeInput{ClassID: c.ID, Key: "slots", NameZh: "槽位", NameEn: "Slots", Type: configuration.TypeNumber, Min: &lowest, Active: true}); err != nil {
		t.Fatal(err)
	}
	imp, err := d.Configuration.BeginImport(ctx, configuration.ImportInput{Source: "csv", ClassID: &c.ID, FileName: "list.csv", Body: []byte("name,slots\nil-one,3\n")})
	if err != nil {
		t.Fatal(err)
	}
	if imp, err = d.Configuration.MapColumns(ctx, imp.ID, configuration.MapInput{Version: imp.Version, Mapping: map[string]string{"name": "name", "slots": "attributes.slots"}}); err != nil {
		t.Fatal(err)
	}
	page := "/configuration/imports/" + imp.ID.String()
	for _, address := range []string{page, page + "/errors.csv"} {
		if a := d.Client("configmanager").Get(address); !strings.Contains(a.Text(), "at least 64") {
			t.Errorf("%s: %d", address, a.Status)
		}
	}
}
