package configuration_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/configuration"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
)

// class finds a seeded class.
func class(t *testing.T, d *apptest.Desk, key string) configuration.Class {
	t.Helper()
	m, err := d.Configuration.Model(d.As("configmanager"))
	if err != nil {
		t.Fatal(err)
	}
	c, ok := m.Key(key)
	if !ok {
		t.Fatalf("no class %s", key)
	}
	return c
}

func person(t *testing.T, d *apptest.Desk, username string) *uuid.UUID {
	t.Helper()
	ids, err := identity.ByUsername(t.Context(), d.Pool, username)
	if err != nil {
		t.Fatal(err)
	}
	id := ids[username]
	return &id
}

// enter makes an item as the configuration manager.
func enter(t *testing.T, d *apptest.Desk, key, name string, change func(*configuration.CreateInput)) configuration.Item {
	t.Helper()
	in := configuration.CreateInput{ClassID: class(t, d, key).ID, Name: name, Attributes: map[string]any{}}
	if change != nil {
		change(&in)
	}
	i, err := d.Configuration.Create(d.As("configmanager"), in)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return i
}

// fieldOf is the code of the fault on a field, or "".
func fieldOf(err error, name string) string {
	f := fault.Of(err)
	if f == nil {
		return ""
	}
	for _, x := range f.Fields {
		if x.Name == name {
			return x.Code
		}
	}
	return ""
}

func TestItemLife(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	ctx := d.As("configmanager")
	i := enter(t, d, "server", "srv-01", func(in *configuration.CreateInput) {
		in.Attributes = map[string]any{"serial_number": "ABC123", "ip": "10.1.2.3/24", "mac": "00-1B-21-AA-BB-CC", "memory_mb": "65536", "chassis": "Server", "asset_tag": "T-1"}
	})
	if i.Lifecycle != configuration.Stock || i.Install != configuration.NotInstalled || i.Attributes["ip"] != "10.1.2.3" || i.Attributes["mac"] != "00:1b:21:aa:bb:cc" ||
		i.Attributes["memory_mb"] != float64(65536) || i.Attributes["chassis"] != "server" {
		t.Errorf("%+v", i)
	}
	// Each wrong value names its field; what is unique stays so, below and above.
	_, err := d.Configuration.Create(ctx, configuration.CreateInput{ClassID: i.ClassID, Name: "x", Attributes: map[string]any{"ip": "1.2.3", "memory_mb": "much", "nothing": "x"}})
	for field, code := range map[string]string{"attr_ip": "configuration.error.ip", "attr_memory_mb": "validation.number", "attr_nothing": "validation.unknown_field"} {
		if fieldOf(err, field) != code {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err = d.Configuration.Create(ctx, configuration.CreateInput{ClassID: class(t, d, "printer").ID, Name: "p", Attributes: map[string]any{"asset_tag": "t-1"}}); fieldOf(err, "attr_asset_tag") != "configuration.error.taken" {
		t.Errorf("an asset tag twice: %v", err)
	}
	if _, err = d.Configuration.Create(ctx, configuration.CreateInput{ClassID: class(t, d, "hardware").ID, Name: "p"}); fieldOf(err, "class_id") == "" {
		t.Errorf("an item of an abstract class: %v", err)
	}
	// Production asks for an owner and for an installation.
	_, err = d.Configuration.Move(ctx, i.ID, configuration.MoveInput{Lifecycle: configuration.Production, Install: configuration.Installed, Operational: configuration.Up})
	if fieldOf(err, "owner_id") != "configuration.error.no_owner" {
		t.Errorf("in production without owner: %v", err)
	}
	if i, err = d.Configuration.Edit(ctx, i.ID, configuration.EditInput{OwnerID: person(t, d, "he.ming")}); err != nil {
		t.Fatal(err)
	}
	if _, err = d.Configuration.Move(ctx, i.ID, configuration.MoveInput{Lifecycle: configuration.Production}); fieldOf(err, "install") != "configuration.error.not_installed" {
		t.Errorf("in production, not installed: %v", err)
	}
	if _, err = d.Configuration.Move(ctx, i.ID, configuration.MoveInput{Lifecycle: configuration.Disposed}); fieldOf(err, "lifecycle") != "configuration.error.lifecycle_step" {
		t.Errorf("from stock to disposed: %v", err)
	}
	if i, err = d.Configuration.Move(ctx, i.ID, configuration.MoveInput{Lifecycle: configuration.Production, Install: configuration.Installed, Operational: configuration.Up, ChangeRef: "CHG-0042"}); err != nil {
		t.Fatal(err)
	}
	if _, err = d.Configuration.Edit(ctx, i.ID, configuration.EditInput{Clear: []string{"owner_id"}}); fieldOf(err, "owner_id") == "" {
		t.Errorf("the owner of what is in use was taken away: %v", err)
	}
	// Two edits of different attributes merge; of the same one they clash.
	v := i.Version
	if _, err = d.Configuration.Edit(ctx, i.ID, configuration.EditInput{Version: v, Attributes: map[string]any{"os": "Debian 12"}}); err != nil {
		t.Fatal(err)
	}
	if _, err = d.Configuration.Edit(ctx, i.ID, configuration.EditInput{Version: v, Attributes: map[string]any{"cores": 8}}); err != nil {
		t.Errorf("another attribute: %v", err)
	}
	if _, err = d.Configuration.Edit(ctx, i.ID, configuration.EditInput{Version: v, Attributes: map[string]any{"os": "Debian 13"}}); fault.Of(err).Kind != fault.Conflict || len(fault.Of(err).Clashes) != 1 {
		t.Errorf("the same attribute: %v", err)
	}
	steps, _, err := d.Configuration.History(ctx, i.ID, 0)
	if err != nil || len(steps) != 5 || steps[2].Source != configuration.FromChange || steps[2].SourceRef != "CHG-0042" {
		t.Errorf("%d steps, %v: %+v", len(steps), err, steps)
	}
}

func TestStateAtAnInstant(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	d.SetClock(at)
	ctx := d.As("configmanager")
	i := enter(t, d, "server", "srv-t", func(in *configuration.CreateInput) { in.Attributes["os"] = "Debian 11" })
	d.SetClock(at.Add(2 * time.Hour))
	if _, err := d.Configuration.Edit(ctx, i.ID, configuration.EditInput{Attributes: map[string]any{"os": "Debian 12", "cores": 4}}); err != nil {
		t.Fatal(err)
	}
	d.SetClock(at.Add(4 * time.Hour))
	name := "srv-renamed"
	if _, err := d.Configuration.Edit(ctx, i.ID, configuration.EditInput{Name: &name, Attributes: map[string]any{"cores": nil}}); err != nil {
		t.Fatal(err)
	}
	for hours, want := range map[int]string{0: "Debian 11 srv-t", 1: "Debian 11 srv-t", 2: "Debian 12 srv-t", 3: "Debian 12 srv-t", 5: "Debian 12 srv-renamed"} {
		v, err := d.Configuration.At(ctx, i.ID, at.Add(time.Duration(hours)*time.Hour))
		if got := v.State["attributes.os"].(string) + " " + v.State["name"].(string); err != nil || got != want {
			t.Errorf("after %d hours: %q, want %q (%v)", hours, got, want, err)
		}
	}
	if _, err := d.Configuration.At(ctx, i.ID, at.Add(-time.Second)); fieldOf(err, "at") == "" {
		t.Errorf("before it was: %v", err)
	}
}

func TestClasses(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	ctx := d.As("configmanager")
	printer := class(t, d, "printer")
	c, err := d.Configuration.CreateClass(ctx, configuration.ClassInput{ParentID: &printer.ID, Key: "label_printer", NameZh: "标签打印机", NameEn: "Label printer", Active: true, Identity: []string{"serial_number + manufacturer", "name"}})
	if err != nil || !slices.Equal(c.Identity, []string{"serial_number+manufacturer", "name"}) {
		t.Fatalf("%+v %v", c, err)
	}
	if _, err = d.Configuration.CreateAttribute(ctx, configuration.AttributeInput{ClassID: c.ID, Key: "serial_number", NameZh: "x", NameEn: "x", Type: "text", Active: true}); fieldOf(err, "key") != "configuration.error.key_taken" {
		t.Errorf("an inherited key again: %v", err)
	}
	a, err := d.Configuration.CreateAttribute(ctx, configuration.AttributeInput{
		ClassID: c.ID, Key: "width", NameZh: "宽度", NameEn: "Width", Type: "choice", Required: true, Active: true,
		Options: []configuration.Choice{{Value: "58", Zh: "窄", En: "Narrow"}, {Value: "110", Zh: "宽", En: "Wide"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = d.Configuration.Create(ctx, configuration.CreateInput{ClassID: c.ID, Name: "lp1"}); fieldOf(err, "attr_width") != "validation.required" {
		t.Errorf("without what is required: %v", err)
	}
	i, err := d.Configuration.Create(ctx, configuration.CreateInput{ClassID: c.ID, Name: "lp1", Attributes: map[string]any{"width": "宽", "pages": 12, "model": "ZT411"}})
	if err != nil || i.Attributes["width"] != "110" {
		t.Fatalf("%+v %v", i, err)
	}
	if _, err = d.Configuration.EditAttribute(ctx, a.ID, configuration.AttributeInput{NameZh: "宽度", NameEn: "Width", Type: "number", Active: true}); fieldOf(err, "type") == "" {
		t.Errorf("the type of a used attribute: %v", err)
	}
	if _, err = d.Configuration.EditClass(ctx, printer.ID, configuration.ClassInput{ParentID: &c.ID, NameZh: "打印机", NameEn: "Printer", Active: true}); fieldOf(err, "parent_id") != "configuration.error.class_loop" {
		t.Errorf("below itself: %v", err)
	}
	// The list of a class has the items of those below it.
	p, err := d.Configuration.List(ctx, configuration.Filter{Class: &printer.ID, Sort: "name"}, "")
	if err != nil || len(p.Rows) != 2 {
		t.Errorf("%+v %v", p.Rows, err)
	}
	// Another class keeps what it has too, and the history keeps the rest.
	server := class(t, d, "server")
	if i, err = d.Configuration.Edit(ctx, i.ID, configuration.EditInput{ClassID: &server.ID}); err != nil || i.Attributes["model"] != "ZT411" || i.Attributes["pages"] != nil {
		t.Errorf("%+v %v", i.Attributes, err)
	}
	if _, err = d.Configuration.CreateClass(d.As("engineer"), configuration.ClassInput{ParentID: &printer.ID, Key: "x", NameZh: "x", NameEn: "x"}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an engineer made a class: %v", err)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	ctx := d.As("engineer")
	for text, want := range map[string]string{
		"ci000003": "SW-CORE-A1", "CAT2209L0KX": "SW-CORE-A1", "cat2209l0kx": "SW-CORE-A1", "10.20.0.11": "SW-CORE-A1", "00-1B-21-0A-00-11": "SW-CORE-A1", "sw-core-a1": "SW-CORE-A1", "QM-10301": "PRN-3F-01", "LaserJet": "PRN-3F-01",
	} {
		p, err := d.Configuration.List(ctx, configuration.Filter{Text: text}, "")
		if err != nil || len(p.Rows) != 1 || p.Rows[0].Name != want {
			t.Errorf("%s finds %+v (%v)", text, p.Rows, err)
		}
	}
	// Pages join without gap or overlap, in both orders.
	for _, sort := range []string{"updated", "name"} {
		seen, cursor := map[string]bool{}, ""
		for range 20 {
			p, err := d.Configuration.List(ctx, configuration.Filter{Sort: sort, Limit: 7}, cursor)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range p.Rows {
				if seen[r.Label()] {
					t.Errorf("%s: %s twice", sort, r.Label())
				}
				seen[r.Label()] = true
			}
			if cursor = p.Next; cursor == "" {
				break
			}
		}
		if len(seen) != 28 {
			t.Errorf("%s: %d items", sort, len(seen))
		}
	}
	// Staff see none; a service's owner sees what serves it.
	if _, err := d.Configuration.List(d.As("staff"), configuration.Filter{}, ""); !fault.Is(err, fault.Forbidden) {
		t.Errorf("staff: %v", err)
	}
	var want int
	if err := d.Pool.PGX().QueryRow(t.Context(), `SELECT count(*) FROM records r JOIN services s ON s.id = r.service_id JOIN people p ON p.id = s.owner_id
		WHERE r.kind = 'ci' AND p.username = 'manager'`).Scan(&want); err != nil || want == 0 {
		t.Fatalf("the demo's manager owns no service with items: %d (%v)", want, err)
	}
	p, err := d.Configuration.List(d.As("manager"), configuration.Filter{}, "")
	if err != nil || len(p.Rows) != want {
		t.Errorf("a service owner sees %d items, of their services are %d (%v)", len(p.Rows), want, err)
	}
}

func TestReminder(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := enter(t, d, "server", "srv-w", func(in *configuration.CreateInput) {
		in.OwnerID = person(t, d, "he.ming")
		in.WarrantyUntil = &configuration.Date{Time: time.Now().UTC().AddDate(0, 0, 10).Truncate(24 * time.Hour)}
	})
	count := func() (n int) {
		d.Drain()
		if err := d.Pool.QueryRow(context.WithoutCancel(t.Context()), `SELECT count(*) FROM notifications WHERE record_id = $1`, i.ID).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for range 2 {
		if err := d.Jobs.Tick(t.Context(), configuration.JobRemind); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(); n != 1 {
		t.Errorf("%d messages after two rounds", n)
	}
}

// TestTheDemoTellsHistoriesInOrder: what was in force at an instant is found by
// time, so that no version of an item may be older than the one before it.
func TestTheDemoTellsHistoriesInOrder(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	if n := count(t, d, `SELECT count(*) FROM (SELECT at < lag(at) OVER (PARTITION BY item_id ORDER BY version) AS back FROM ci_versions) v WHERE back`); n != 0 {
		t.Errorf("%d versions are older than those before them", n)
	}
}
