package change_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/change"
	"opsdesk/internal/configuration"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
)

// window is a binding maintenance window on all days, from a day on: a night
// that has nothing to do with the plans of these tests.
func window(d desk, from time.Time, set func(*change.MaintenanceInput)) change.Maintenance {
	d.t.Helper()
	in := change.MaintenanceInput{
		NameZh: "夜间", NameEn: "Nights", Binding: true, Weekdays: []int{1, 2, 3, 4, 5, 6, 7}, Starts: from.UTC().Add(12 * time.Hour).Format("15:04"), Ends: from.UTC().Add(13 * time.Hour).Format("15:04"),
		Zone: "UTC", ValidFrom: from.UTC().AddDate(0, 0, -7).Format(time.DateOnly),
	}
	set(&in)
	m, err := d.Changes.SetMaintenance(d.As("changemanager"), in)
	if err != nil {
		d.t.Fatalf("%v: %s", err, code(err))
	}
	return m
}

// outsideOf are the names of what a change is outside the windows of.
func (d desk) outsideOf(id uuid.UUID) string {
	d.t.Helper()
	x, err := d.Changes.Detail(d.As("lead"), id)
	if err != nil {
		d.t.Fatal(err)
	}
	var out []string
	for _, o := range x.Outside {
		_, name, _ := strings.Cut(o.NameEn, " ")
		out = append(out, name)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// A binding window shuts scheduling and the start for changes of its items, of
// what hangs on them and of what they hang on, until somebody else makes an
// exception by name: for the time the change has, and no other.
func TestMaintenance(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := plan(t, d.Desk)
	from := *p.WindowFrom
	services, err := d.Changes.Services(d.As("lead"))
	if err != nil {
		t.Fatal(err)
	}
	p.ServiceID = &services[0].ID
	window(d, from, func(in *change.MaintenanceInput) { in.Items = p.Items })
	id := d.proposed(p).ID
	for _, who := range []string{"changemanager", "reviewer"} {
		if c := d.get(id); c.State == change.Reviewing {
			if err := d.vote(who, c, true); err != nil {
				t.Fatal(err)
			}
		}
	}
	if a := d.get(id).Assessment.Facts.Outside; a != 1 {
		t.Errorf("the assessment knew of %d", a)
	}
	schedule := func() error {
		_, err := d.Changes.Schedule(d.As("engineer2"), id, change.StepInput{})
		return err
	}
	if got := code(schedule()); got != "maintenance" {
		t.Errorf("scheduled outside of the window: %s", got)
	}
	if _, err := d.Changes.Except(d.As("lead"), id, change.ReasonInput{Reason: "x"}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a lead made an exception: %v", err)
	}
	d.must(d.Changes.Except(d.As("changemanager"), id, change.ReasonInput{Reason: "厂商只有这天有人"}))
	if _, err := d.Changes.Except(d.As("changemanager"), id, change.ReasonInput{Reason: "again"}); code(err) != "change.error.no_freeze" {
		t.Error(code(err))
	}
	if got := code(schedule()); got != "ok" {
		t.Fatal(got)
	}
	// One that comes later for a service of its counts when it begins, whatever was
	// scheduled; another one of the same item does not.
	window(d, from, func(in *change.MaintenanceInput) { in.Items, in.Starts, in.Ends = p.Items, "00:00", "00:01" })
	c := d.get(id)
	service := window(d, from, func(in *change.MaintenanceInput) { in.Services = []uuid.UUID{*c.ServiceID} })
	d.Advance(90 * time.Minute)
	start := func() string {
		_, err := d.Changes.Start(d.As("implementer"), id, change.StepInput{})
		return code(err)
	}
	if got := start(); got != "maintenance" {
		t.Errorf("began outside of the window of the service: %s", got)
	}
	if _, err := d.Changes.EndMaintenance(d.As("changemanager"), service.ID, change.StepInput{}); err != nil {
		t.Fatal(err)
	}
	if got := start(); got != "ok" {
		t.Errorf("stopped although it is excepted: %s", got)
	}
}

// Moved, or of other items, a change is not excepted any more; a window that is advice, ended, not
// in force or of others stops nothing.
func TestMaintenanceStops(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := plan(t, d.Desk)
	c := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: p}))
	shut := func() (out []bool) {
		x, err := d.Changes.Detail(d.As("changemanager"), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range x.Outside {
			out = append(out, o.Shut())
		}
		return out
	}
	window(d, *p.WindowFrom, func(in *change.MaintenanceInput) { in.Items, in.Binding = p.Items, false })
	if got := shut(); len(got) != 1 || got[0] {
		t.Errorf("advice: %v", got)
	}
	old := window(d, *p.WindowFrom, func(in *change.MaintenanceInput) {
		in.Items, in.ValidFrom, in.ValidUntil = p.Items, "2020-01-01", "2020-12-31"
	})
	hard := window(d, *p.WindowFrom, func(in *change.MaintenanceInput) { in.Items = p.Items })
	if got := shut(); len(got) != 1 || !got[0] {
		t.Errorf("binding: %v", got)
	}
	d.must(d.Changes.Except(d.As("changemanager"), c.ID, change.ReasonInput{Reason: "急"}))
	if got := shut(); len(got) != 1 || got[0] {
		t.Errorf("excepted: %v", got)
	}
	more := p
	more.Items = itemIDs(t, d.Desk, 2)
	d.must(d.Changes.Edit(d.As("engineer2"), c.ID, change.EditInput{Plan: more}))
	if got := shut(); len(got) != 1 || !got[0] {
		t.Errorf("of more items: %v", got)
	}
	d.must(d.Changes.Except(d.As("changemanager"), c.ID, change.ReasonInput{Reason: "也急"}))
	reckoned := 0 // as the migration reckoned it for those of before
	if err := d.Pool.QueryRow(t.Context(), `SELECT count(*) FROM change_maintenance_exceptions x JOIN changes c ON c.id = x.change_id WHERE x.about = encode(sha256(convert_to(
		coalesce((SELECT string_agg(i::text, ',' ORDER BY i) FROM unnest(c.items) i), '') || '|' || coalesce(c.service_id::text, ''), 'UTF8')), 'hex')`).Scan(&reckoned); err != nil || reckoned != 1 {
		t.Errorf("the migration reckons otherwise: %d, %v", reckoned, err)
	}
	slices.Reverse(more.Items)
	for name, x := range map[string]change.Plan{"as it was excepted later": more, "as it was excepted first": p} {
		d.must(d.Changes.Edit(d.As("engineer2"), c.ID, change.EditInput{Plan: x}))
		if got := shut(); len(got) != 1 || got[0] {
			t.Errorf("%s: %v", name, got)
		}
	}
	moved := p
	later := p.WindowTo.Add(time.Minute)
	moved.WindowTo = &later
	d.must(d.Changes.Edit(d.As("engineer2"), c.ID, change.EditInput{Plan: moved}))
	if got := shut(); len(got) != 1 || !got[0] {
		t.Errorf("moved: %v", got)
	}
	for _, m := range []change.Maintenance{old, hard} {
		if _, err := d.Changes.EndMaintenance(d.As("changemanager"), m.ID, change.StepInput{}); err != nil {
			t.Fatal(err)
		}
	}
	if got := shut(); len(got) != 1 || got[0] {
		t.Errorf("ended: %v", got)
	}
	in := change.MaintenanceInput{Weekdays: []int{1}, NameZh: "x", NameEn: "x", Starts: "01:00", Ends: "02:00", Zone: "Mars/Base", ValidFrom: "2026-02-01", ValidUntil: "2026-01-01"}
	if _, err := d.Changes.SetMaintenance(d.As("changemanager"), in); code(err) != "zone valid_until services" {
		t.Error(code(err))
	}
	in.Zone, in.ValidUntil, in.Items = "UTC", "", p.Items
	if _, err := d.Changes.SetMaintenance(d.As("lead"), in); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a lead set a window: %v", err)
	}
	if _, err := d.Changes.EditMaintenance(d.As("changemanager"), hard.ID, in); code(err) != "change.error.maintenance_ended" {
		t.Error(code(err))
	}
	if _, err := d.Changes.Maintenance(d.As("staff")); !fault.Is(err, fault.Forbidden) {
		t.Errorf("staff list windows: %v", err)
	}
}

// What an item is in passes its windows on to it, unless it has some of its own;
// what hangs on an item counts with its own, two relations away and no further.
func TestMaintenanceAround(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	manager := d.As("configmanager")
	model, err := d.Configuration.Model(manager)
	if err != nil {
		t.Fatal(err)
	}
	types, err := d.Configuration.RelationTypes(manager)
	if err != nil {
		t.Fatal(err)
	}
	enter := func(class, name string) uuid.UUID {
		t.Helper()
		c, _ := model.Key(class)
		i, err := d.Configuration.Create(manager, configuration.CreateInput{ClassID: c.ID, Name: name, Attributes: map[string]any{}})
		if err != nil {
			t.Fatal(name, err)
		}
		return i.ID
	}
	relate := func(from uuid.UUID, key string, to uuid.UUID) {
		t.Helper()
		n := slices.IndexFunc(types, func(x configuration.RelationType) bool { return x.Key == key })
		if _, err := d.Configuration.Relate(manager, from, configuration.RelateInput{TypeID: types[n].ID, OtherID: to}); err != nil {
			t.Fatal(key, err)
		}
	}
	// room ∋ rack ∋ host ← vm ← app, and another host in the rack
	room, rack, host, vm, app := enter("rack", "m-room"), enter("rack", "m-rack"), enter("server", "m-host"), enter("vm", "m-vm"), enter("application", "m-app")
	other := enter("server", "m-other")
	relate(room, "contains", rack)
	relate(rack, "contains", host)
	relate(rack, "contains", other)
	relate(vm, "runs_on", host)
	relate(app, "depends_on", vm)
	p := plan(t, d.Desk)
	of := func(item uuid.UUID) uuid.UUID {
		t.Helper()
		p.Items = []uuid.UUID{item}
		return d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: p})).ID
	}
	on := map[string]uuid.UUID{"room": of(room), "rack": of(rack), "host": of(host), "vm": of(vm), "app": of(app), "other": of(other)}
	set := func(item uuid.UUID) change.Maintenance {
		return window(d, *p.WindowFrom, func(in *change.MaintenanceInput) { in.Items = []uuid.UUID{item} })
	}
	check := func(when string, want map[string]string) {
		t.Helper()
		for name, id := range on {
			if got := d.outsideOf(id); got != want[name] {
				t.Errorf("%s, change of %s: outside of %q, want %q", when, name, got, want[name])
			}
		}
	}
	check("none", nil)
	set(rack)
	check("rack", map[string]string{"room": "m-rack", "rack": "m-rack", "host": "m-rack", "vm": "m-rack", "other": "m-rack"})
	set(host)
	check("rack, host", map[string]string{"room": "m-host, m-rack", "rack": "m-host, m-rack", "host": "m-host", "vm": "m-host, m-rack", "app": "m-host", "other": "m-rack"})
	set(app)
	check("rack, host, app", map[string]string{"room": "m-host, m-rack", "rack": "m-host, m-rack", "host": "m-app, m-host", "vm": "m-app, m-host, m-rack", "app": "m-app", "other": "m-rack"})
}

// hide makes an item one that nobody may see who is not named on it.
func (d desk) hide(item uuid.UUID) {
	d.t.Helper()
	if err := d.Pool.InTx(d.t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(d.t.Context(), `UPDATE records SET confidential = true WHERE id = @id AND kind = 'ci'`, db.Args{"id": item})
		return err
	}); err != nil {
		d.t.Fatal(err)
	}
}

// Neither a change nor its page names the items of its windows that the reader
// may not see.
func TestMaintenanceHidden(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	items := itemIDs(t, d.Desk, 2)
	p := plan(t, d.Desk)
	p.Items = items[:1]
	window(d, *p.WindowFrom, func(in *change.MaintenanceInput) { in.Items = items })
	c := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: p}))
	d.hide(items[1])
	for _, who := range []string{"changemanager", "lead", "auditor"} {
		for _, path := range []string{"/api/v1/changes/" + c.Label(), "/api/v1/change-maintenance"} {
			a := d.API(who).Get(path)
			if a.Status != 200 || strings.Contains(a.Text(), items[1].String()) || !strings.Contains(a.Text(), "Nights") {
				t.Errorf("%s, %s: %d: %s", who, path, a.Status, a.Text())
			}
		}
		if page := d.Client(who).Get("/changes/" + c.Label()); page.Status != 200 || strings.Contains(page.Text(), items[1].String()) {
			t.Errorf("%s: the page: %d", who, page.Status)
		}
	}
}

// Whoever edits a window without seeing all of its items neither takes those away
// nor is shown them.
func TestMaintenanceKeepsHidden(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	items := itemIDs(t, d.Desk, 4)
	m := window(d, d.Desk.Desk.Now(), func(in *change.MaintenanceInput) { in.Items = items[:3] })
	d.hide(items[0])
	now := func() (out change.Maintenance) {
		t.Helper()
		if err := d.Pool.QueryRow(t.Context(), `SELECT version, name_en, items FROM change_maintenance WHERE id = $1`, m.ID).Scan(&out.Version, &out.NameEn, &out.Items); err != nil {
			t.Fatal(err)
		}
		return out
	}
	api := d.API("changemanager")
	in := change.MaintenanceInput{
		Version: 1, NameZh: m.NameZh, NameEn: m.NameEn, Binding: m.Binding, Weekdays: m.Weekdays, Starts: m.Starts, Ends: m.Ends, Zone: m.Zone, ValidFrom: m.ValidFrom, Items: items[1:3],
	}
	path := "/api/v1/change-maintenance/" + m.ID.String()
	if a := api.JSON("PATCH", path, in, nil); a.Status != 200 || strings.Contains(a.Text(), items[0].String()) || now().Version != 1 {
		t.Errorf("sent back as it was shown: %d %s, version %d", a.Status, a.Text(), now().Version)
	}
	in.Items = items[2:4]
	if a := api.JSON("PATCH", path, in, nil); a.Status != 200 || !slices.Equal(now().Items, []uuid.UUID{items[0], items[2], items[3]}) {
		t.Errorf("%d: %v of %v", a.Status, now().Items, items)
	}
	in.Items = items[1:2] // of version 1
	if a := api.JSON("PATCH", path, in, nil); a.Status != 409 || strings.Contains(a.Text(), items[0].String()) || !strings.Contains(a.Text(), items[3].String()) {
		t.Errorf("a conflict: %d: %s", a.Status, a.Text())
	}
	manager := d.Client("changemanager")
	form := url.Values{
		"version": {"2"}, "name_zh": {m.NameZh}, "name_en": {"Renamed"}, "weekdays": {"1"}, "nth": {"0"}, "starts": {m.Starts}, "ends": {m.Ends}, "zone": {m.Zone}, "valid_from": {m.ValidFrom},
		"services": {""}, "items": {"", items[2].String()}, "_more": {"1"},
	}
	edit := "/changes/maintenance/" + m.ID.String() + "/edit"
	for name, page := range map[string]apptest.Answer{"form": manager.Get(edit), "form again": manager.Post(edit, form)} {
		if page.Status != 200 || strings.Contains(page.Text(), items[0].String()) || !strings.Contains(page.Text(), items[2].String()) || !strings.Contains(page.Text(), "1 items that you may not see") {
			t.Errorf("%s: %d", name, page.Status)
		}
	}
	form.Del("_more")
	if a := manager.Post(edit, form); a.Status != 303 || !slices.Equal(now().Items, []uuid.UUID{items[0], items[2]}) || now().NameEn != "Renamed" {
		t.Errorf("the form: %d: %+v of %v", a.Status, now(), items)
	}
}

// An address that names no window sets none.
func TestMaintenanceAddress(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	manager := d.Client("changemanager")
	form := url.Values{
		"name_zh": {"周日"}, "name_en": {"Sundays"}, "weekdays": {"7"}, "nth": {"0"}, "starts": {"02:00"}, "ends": {"06:00"}, "zone": {"UTC"}, "valid_from": {"2026-01-01"}, "items": {itemIDs(t, d.Desk, 1)[0].String()},
	}
	for _, window := range []string{"garbage", uuid.NewString()} {
		if a := manager.Post("/changes/maintenance/"+window+"/edit", form); a.Status != 404 {
			t.Errorf("%s: %d", window, a.Status)
		}
	}
	if l, err := d.Changes.Maintenance(d.As("lead")); err != nil || len(l.Windows) != 0 {
		t.Errorf("%d windows: %v", len(l.Windows), err)
	}
	if a := manager.Post("/changes/maintenance", form); a.Status != 303 {
		t.Errorf("a new one: %d", a.Status)
	}
	l, err := d.Changes.Maintenance(d.As("lead"))
	if err != nil || len(l.Windows) != 1 {
		t.Fatal(l.Windows, err)
	}
	end := "/changes/maintenance/" + l.Windows[0].ID.String() + "/end"
	for _, x := range []struct {
		form   url.Values
		status int
	}{{url.Values{"version": {"last"}}, 400}, {url.Values{}, 303}} {
		if a := manager.Post(end, x.form); a.Status != x.status {
			t.Errorf("ended with %v: %d", x.form, a.Status)
		}
	}
}

// version is what a form on a page is of.
func version(page string) string {
	_, rest, _ := strings.Cut(page, `name="version" value="`)
	v, _, _ := strings.Cut(rest, `"`)
	return v
}

// A form that comes back with what was typed, refused or to choose more, is still
// of the version it was typed on: what others saved since is not overwritten. Only
// whoever was told of that goes on from the version of now.
func TestMaintenanceFormVersion(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	item := itemIDs(t, d.Desk, 1)
	m := window(d, d.Desk.Desk.Now(), func(in *change.MaintenanceInput) { in.Items = item })
	manager := d.Client("changemanager")
	edit := "/changes/maintenance/" + m.ID.String() + "/edit"
	form := url.Values{
		"version": {"1"}, "name_zh": {m.NameZh}, "name_en": {"Mine"}, "weekdays": {"1"}, "nth": {"0"}, "starts": {m.Starts}, "ends": {m.Ends}, "zone": {"Mars/Base"}, "valid_from": {m.ValidFrom},
		"items": {"", item[0].String()},
	}
	theirs := change.MaintenanceInput{
		Version: 1, NameZh: m.NameZh, NameEn: "Theirs", Binding: true, Weekdays: m.Weekdays, Starts: m.Starts, Ends: m.Ends, Zone: "UTC", ValidFrom: m.ValidFrom, Items: item,
	}
	if _, err := d.Changes.EditMaintenance(d.As("changemanager"), m.ID, theirs); err != nil {
		t.Fatal(err)
	}
	if a := manager.Post(edit, form); a.Status != 422 || version(a.Text()) != "1" {
		t.Errorf("refused: %d, of version %q", a.Status, version(a.Text()))
	}
	form.Set("zone", "UTC")
	form.Set("_more", "1")
	if a := manager.Post(edit, form); a.Status != 200 || version(a.Text()) != "1" {
		t.Errorf("for more: %d, of version %q", a.Status, version(a.Text()))
	}
	form.Del("_more")
	a := manager.Post(edit, form)
	if a.Status != 409 || version(a.Text()) != "2" || !strings.Contains(a.Text(), `value="Mine"`) {
		t.Errorf("a conflict: %d, of version %q", a.Status, version(a.Text()))
	}
	form.Set("version", version(a.Text()))
	if a := manager.Post(edit, form); a.Status != 303 {
		t.Errorf("after the conflict: %d", a.Status)
	}
}

// A window of many items is told of once; another window, or another exception,
// by itself.
func TestMaintenanceGrouped(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	items := itemIDs(t, d.Desk, 9)
	p := plan(t, d.Desk)
	p.Items = items
	window(d, *p.WindowFrom, func(in *change.MaintenanceInput) { in.Items = items })
	c := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: p}))
	d.hide(items[8])
	page := func(alerts int, want ...string) {
		t.Helper()
		a := d.Client("lead").Get("/changes/" + c.Label()).Text()
		if n := strings.Count(a, "Outside the maintenance window of “"); n != alerts {
			t.Errorf("%d alerts, want %d", n, alerts)
		}
		for _, w := range want {
			if !strings.Contains(a, w) {
				t.Errorf("not on the page: %s", w)
			}
		}
	}
	page(1, ", 3 more, an item that you may not see”")
	d.hide(items[7])
	page(1, ", 2 more, 2 items that you may not see”")
	window(d, *p.WindowFrom, func(in *change.MaintenanceInput) { in.Items, in.Starts, in.Ends = items[:1], "00:00", "00:01" })
	page(2)
}

// Weekdays, times and days that are none are said on their fields, in words of
// both languages.
func TestMaintenanceInput(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	good := change.MaintenanceInput{
		NameZh: "夜间", NameEn: "Nights", Weekdays: []int{1}, Starts: "02:00", Ends: "06:00", Zone: "UTC", ValidFrom: "2026-01-01", Items: itemIDs(t, d.Desk, 1),
	}
	for _, x := range []struct {
		field, key string
		set        func(*change.MaintenanceInput)
	}{
		{"weekdays", "change.error.weekdays", func(in *change.MaintenanceInput) { in.Weekdays = []int{} }},
		{"weekdays", "change.error.weekdays", func(in *change.MaintenanceInput) { in.Weekdays = nil }},
		{"weekdays", "change.error.weekdays", func(in *change.MaintenanceInput) { in.Weekdays = []int{1, 8} }},
		{"weekdays", "change.error.weekdays", func(in *change.MaintenanceInput) { in.Weekdays = []int{0} }},
		{"starts", "change.error.time_of_day", func(in *change.MaintenanceInput) { in.Starts = "2:00" }},
		{"starts", "change.error.time_of_day", func(in *change.MaintenanceInput) { in.Starts = "02:00:00" }},
		{"ends", "change.error.time_of_day", func(in *change.MaintenanceInput) { in.Ends = "24:00" }},
		{"ends", "change.error.time_of_day", func(in *change.MaintenanceInput) { in.Ends = "six" }},
		{"valid_from", "validation.datetime", func(in *change.MaintenanceInput) { in.ValidFrom = "0000-01-01" }},
		{"valid_until", "validation.datetime", func(in *change.MaintenanceInput) { in.ValidUntil = "2026-02-30" }},
		{"valid_until", "change.error.valid_until", func(in *change.MaintenanceInput) { in.ValidUntil = "0000-01-01" }},
	} {
		in := good
		x.set(&in)
		_, err := d.Changes.SetMaintenance(d.As("changemanager"), in)
		f := fault.Of(err)
		if err == nil || len(f.Fields) != 1 || f.Fields[0].Name != x.field || f.Fields[0].Code != x.key {
			t.Errorf("want %s %s: %v", x.field, x.key, err)
		}
		for _, lang := range []string{"en", "zh-CN"} {
			if !d.Desk.Desk.Messages.In(lang).Has(x.key) {
				t.Errorf("%s has no %s", lang, x.key)
			}
		}
	}
	form := url.Values{"name_zh": {"x"}, "name_en": {"x"}, "nth": {"0"}, "starts": {"2:00"}, "ends": {"06:00"}, "zone": {"UTC"}, "valid_from": {"2026-01-01"}, "items": {good.Items[0].String()}}
	if a := d.Client("changemanager").Post("/changes/maintenance", form); a.Status != 422 || !strings.Contains(a.Text(), "such as 02:00") || !strings.Contains(a.Text(), "at least one weekday") {
		t.Errorf("the form: %d", a.Status)
	}
	if _, err := d.Changes.SetMaintenance(d.As("changemanager"), good); err != nil {
		t.Error(err)
	}
}

// Owners of a service are offered to change the windows that are for their
// service and nothing else, and no others.
func TestMaintenanceOffers(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	services, err := d.Changes.Services(d.As("lead"))
	if err != nil || len(services) < 2 {
		t.Fatal(services, err)
	}
	if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE services SET owner_id = CASE WHEN id = @mine THEN @owner::uuid END`, db.Args{"mine": services[0].ID, "owner": person(t, d.Desk, "manager")})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	at, item := d.Desk.Desk.Now(), itemIDs(t, d.Desk, 1)
	mine := window(d, at, func(in *change.MaintenanceInput) { in.Services = []uuid.UUID{services[0].ID} })
	others := map[string]change.Maintenance{
		"another service": window(d, at, func(in *change.MaintenanceInput) { in.Services = []uuid.UUID{services[1].ID} }),
		"an item too":     window(d, at, func(in *change.MaintenanceInput) { in.Services, in.Items = []uuid.UUID{services[0].ID}, item }),
	}
	for who, all := range map[string]bool{"manager": false, "changemanager": true} {
		client := d.Client(who)
		page := client.Get("/changes/maintenance").Text()
		offered := func(m change.Maintenance) bool {
			edit, end := strings.Contains(page, m.ID.String()+"/edit"), strings.Contains(page, m.ID.String()+"/end")
			if edit != end {
				t.Errorf("%s: edit %v, end %v", who, edit, end)
			}
			return edit
		}
		if form := client.Get("/changes/maintenance/" + mine.ID.String() + "/edit"); !offered(mine) || form.Status != 200 {
			t.Errorf("%s: their own is not offered, or %d", who, form.Status)
		}
		for name, m := range others {
			if form := client.Get("/changes/maintenance/" + m.ID.String() + "/edit"); offered(m) != all || (form.Status == 200) != all {
				t.Errorf("%s: %s: offered %v, form %d", who, name, offered(m), form.Status)
			}
		}
	}
}

// A service that is not in use any more is named, and is no hidden item; so is one
// that has its name in one language only.
func TestMaintenanceRetired(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := plan(t, d.Desk)
	services, err := d.Changes.Services(d.As("lead"))
	if err != nil {
		t.Fatal(err)
	}
	p.ServiceID = &services[0].ID
	window(d, *p.WindowFrom, func(in *change.MaintenanceInput) { in.Services = []uuid.UUID{*p.ServiceID} })
	c := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: p}))
	for _, set := range []string{`active = false, state = 'retired'`, `name_zh = ''`} {
		if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE services SET `+set+` WHERE id = @id`, db.Args{"id": services[0].ID})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		client := d.Client("lead")
		page := client.Get("/changes/" + c.Label()).Text()
		if !strings.Contains(page, "the maintenance window of “"+services[0].NameEn+"”") || strings.Contains(page, "you may not see") {
			t.Errorf("%s: not named on the change", set)
		}
		if page := client.Get("/changes/maintenance").Text(); !strings.Contains(page, services[0].NameEn) || strings.Contains(page, ">"+services[0].ID.String()) {
			t.Errorf("%s: not named in the list", set)
		}
	}
}

// counted counts how often somebody asks what is around items.
type counted struct {
	change.Items
	n *int
}

func (c counted) Around(ctx context.Context, q db.Querier, ids []uuid.UUID) (above, below []uuid.UUID, err error) {
	*c.n++
	return c.Items.Around(ctx, q, ids)
}

// What is around the items of a change is read once; again only if some of them
// have windows of their own.
func TestMaintenanceReads(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	n := 0
	d.Changes.Items = counted{d.Changes.Items, &n}
	items := itemIDs(t, d.Desk, 3)
	p := plan(t, d.Desk)
	p.Items = items[:2]
	c := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: p}))
	for k, of := range [][]uuid.UUID{items[2:], items[:1]} {
		window(d, *p.WindowFrom, func(in *change.MaintenanceInput) { in.Items = of })
		n = 0
		if d.outsideOf(c.ID); n != k+1 {
			t.Errorf("%d times, want %d", n, k+1)
		}
	}
}
