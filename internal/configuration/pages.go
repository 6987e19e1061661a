package configuration

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
	"opsdesk/internal/ui"
)

// lifecycleColour is the badge of a place of life.
func lifecycleColour(l Lifecycle) string {
	switch l {
	case Production:
		return "green"
	case Maintenance:
		return "amber"
	case Staging, Stock:
		return "blue"
	case Planned, Ordered:
		return "line"
	}
	return ""
}

func operationalColour(o Operational) string {
	switch o {
	case Up:
		return "green"
	case Degraded:
		return "amber"
	case Down:
		return "red"
	}
	return ""
}

func operationalIcon(o Operational) string {
	switch o {
	case Up:
		return "check"
	case Degraded:
		return "alert-triangle"
	case Down:
		return "x"
	case Off:
		return "player-pause"
	}
	return "help"
}

func criticalityName(ctx context.Context, n int) string {
	return ui.T(ctx, fmt.Sprintf("configuration.criticality.%d", n))
}

func itemURL(i Item, rest ...string) string {
	return "/configuration/" + i.Label() + strings.Join(rest, "")
}

// value is a field of the form: as typed, or as it is.
func (p formProps) value(name string) string {
	if p.Form.Has(name) {
		return p.Form.Get(name)
	}
	return p.now(name)
}

// now is a field as it is.
func (p formProps) now(name string) string {
	i := p.Item
	day := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return t.Format(time.DateOnly)
	}
	switch name {
	case "name":
		return i.Name
	case "description":
		return i.Description
	case "location":
		return i.Location
	case "supplier":
		return i.Supplier
	case "contract":
		return i.Contract
	case "contract_until":
		return day(i.ContractUntil)
	case "warranty_until":
		return day(i.WarrantyUntil)
	case "owner_id":
		return idText(i.OwnerID)
	case "custodian_id":
		return idText(i.CustodianID)
	case "department_id":
		return idText(i.DepartmentID)
	case "service_id":
		return idText(i.ServiceID)
	case "team_id":
		return idText(i.TeamID)
	case "criticality":
		return fmt.Sprint(i.Criticality)
	case "redundancy":
		return fmt.Sprint(i.Redundancy)
	case "lifecycle":
		return string(i.Lifecycle)
	}
	if k, ok := strings.CutPrefix(name, "attr_"); ok {
		return i.Attributes.Text(k)
	}
	return ""
}

// shown are the fields of the form with what they showed, so that only what
// was touched is an edit.
func (p formProps) shown() [][2]string {
	var out [][2]string
	names := []string{"name", "description", "location", "supplier", "contract", "contract_until", "warranty_until", "owner_id", "custodian_id", "department_id", "service_id", "team_id", "criticality", "redundancy"}
	for _, a := range p.Attributes {
		names = append(names, field(a.Key))
	}
	for _, n := range names {
		out = append(out, [2]string{n, p.now(n)})
	}
	return out
}

func (p formProps) action() string {
	if p.New {
		return "/configuration"
	}
	return itemURL(p.Item, "/edit")
}

func (p formProps) heading(ctx context.Context) string {
	if p.New {
		return ui.T(ctx, "configuration.new.heading", "class", p.Model.Classes[p.Item.ClassID].Name(ctx))
	}
	return ui.T(ctx, "configuration.edit.heading", "number", p.Item.Label())
}

// person is the name of the person in a field.
func (p formProps) person(ctx context.Context, name string) string {
	id, err := uuid.Parse(p.value(name))
	if err != nil {
		return ""
	}
	return p.Names.People[id].Display(i18n.Lang(ctx))
}

func (p formProps) item(name string) string {
	id, err := uuid.Parse(p.value(name))
	if err != nil {
		return ""
	}
	return p.Names.Items[id].Name
}

// clashes are the fields on which two edits disagree, for people to choose.
func (p formProps) clashes(ctx context.Context, f *fault.Error) []ui.ClashRow {
	var out []ui.ClashRow
	for _, c := range f.Clashes {
		name := strings.Replace(c.Field, "attributes.", "attr_", 1)
		if slices.Contains(clearable, name+"_id") {
			name += "_id"
		}
		out = append(out, ui.ClashRow{
			Field: name, Label: fieldName(ctx, p.Model, p.Item.ClassID, c.Field),
			Theirs: orNone(ctx, p.Names.show(ctx, p.Model, p.Item.ClassID, c.Field, plain(c.Theirs))), Yours: orNone(ctx, p.Names.show(ctx, p.Model, p.Item.ClassID, c.Field, plain(c.Yours))),
		})
	}
	return out
}

// plain is a value of a trail entry as states have it.
func plain(v any) any {
	switch t := v.(type) {
	case *uuid.UUID:
		if t == nil {
			return nil
		}
		return t.String()
	case *time.Time:
		if t == nil {
			return nil
		}
		return t.Format(time.DateOnly)
	case uuid.UUID:
		return t.String()
	case fmt.Stringer:
		return t.String()
	}
	return v
}

// fieldName is what a field of a state is called.
func fieldName(ctx context.Context, m Model, class uuid.UUID, name string) string {
	if k, ok := attributeOf(name); ok {
		if a, ok := m.Attribute(class, k); ok {
			return a.Name(ctx)
		}
		return k
	}
	return ui.T(ctx, "configuration.field."+name)
}

// show is a value of a state for people.
func (n Names) show(ctx context.Context, m Model, class uuid.UUID, name string, v any) string {
	if v == nil {
		return ""
	}
	lang := i18n.Lang(ctx)
	id, _ := uuid.Parse(text(v)) // fields that are no ids do not use it
	kind := ""
	if k, ok := attributeOf(name); ok {
		a, _ := m.Attribute(class, k)
		if kind = a.Type; kind != TypePerson && kind != TypeItem {
			return a.show(ctx, v, func(key string) string { return ui.T(ctx, key) })
		}
	}
	switch {
	case kind == TypePerson || slices.Contains(personFields, name):
		return n.People[id].Display(lang)
	case kind == TypeItem:
		return n.Items[id].Name
	case name == "department":
		return n.Departments[id].Display(lang)
	case name == "service":
		return i18n.Pick(ctx, n.Services[id].NameZh, n.Services[id].NameEn)
	case name == "team":
		return n.Teams[id].Display(lang)
	case name == "class":
		return m.Classes[id].Name(ctx)
	case name == "lifecycle" || name == "operational" || name == "install":
		return ui.T(ctx, "configuration."+name+"."+text(v))
	case name == "criticality":
		return ui.T(ctx, "configuration.criticality."+text(v))
	case name == "stale_at" || name == "verified_at":
		if t, err := time.Parse(time.RFC3339, text(v)); err == nil {
			return ui.Date(ctx, t)
		}
	}
	return text(v)
}

// impersonal is show for what leaves the desk and may not tell of persons: that
// there is one is all it says of them.
func (n Names) impersonal(ctx context.Context, m Model, class uuid.UUID, name string, v any) string {
	if v != nil && m.personal(class, name) {
		return ui.T(ctx, "configuration.a_person")
	}
	return n.show(ctx, m, class, name, v)
}

func orNone(ctx context.Context, s string) string {
	if s == "" {
		return ui.T(ctx, "ui.none")
	}
	return s
}

func options[T ~string](ctx context.Context, prefix string, list []T) []ui.Option {
	out := make([]ui.Option, len(list))
	for n, x := range list {
		out[n] = ui.Option{Value: string(x), Label: ui.T(ctx, prefix+string(x))}
	}
	return out
}

func criticalities(ctx context.Context) []ui.Option {
	var out []ui.Option
	for n := 1; n <= 4; n++ {
		out = append(out, ui.Option{Value: fmt.Sprint(n), Label: criticalityName(ctx, n)})
	}
	return out
}

func choiceOptions(ctx context.Context, a Attribute) []ui.Option {
	var out []ui.Option
	for _, o := range a.Options {
		out = append(out, ui.Option{Value: o.Value, Label: i18n.Pick(ctx, o.Zh, o.En)})
	}
	return out
}

// indent shows where a class stands in the tree.
func (b Branch) indent(ctx context.Context) string {
	return strings.Repeat("　", b.Depth) + b.Name(ctx)
}

func classOptions(ctx context.Context, m Model, concrete bool) []ui.Option {
	var out []ui.Option
	for _, b := range m.Tree() {
		if b.Active && (!concrete || !b.Abstract) {
			out = append(out, ui.Option{Value: b.ID.String(), Label: b.indent(ctx)})
		}
	}
	return out
}

// nextLives are the places of life that an item may go to, and where it is.
func nextLives(ctx context.Context, i Item) []ui.Option {
	return options(ctx, "configuration.lifecycle.", append([]Lifecycle{i.Lifecycle}, lifecycleNext[i.Lifecycle]...))
}

func nextInstalls(ctx context.Context, i Item) []ui.Option {
	return options(ctx, "configuration.install.", append([]Install{i.Install}, installNext[i.Install]...))
}

func (p moveProps) value(name, now string) string {
	if p.Form.Has(name) {
		return p.Form.Get(name)
	}
	return now
}

// fields are the item's own fields for the side of its page, in order.
var sideFields = []string{"owner", "custodian", "team", "department", "service", "location", "criticality", "supplier", "contract", "contract_until", "warranty_until"}

// pickURL is the address that the item picker asks, for items of a class.
func pickURL(class *uuid.UUID) string {
	if class == nil {
		return "/configuration/pick?q="
	}
	return "/configuration/pick?class=" + class.String() + "&q="
}

func sourceName(ctx context.Context, v Version) string {
	if v.SourceRef == "" {
		return ui.T(ctx, "configuration.source."+v.Source)
	}
	return ui.T(ctx, "configuration.source."+v.Source) + " " + v.SourceRef
}

func (f classForm) action() string {
	if f.ID == uuid.Nil {
		return "/configuration/classes/new"
	}
	return "/configuration/classes/" + f.ID.String()
}

func (f attributeForm) action() string {
	id := "new"
	if f.ID != uuid.Nil {
		id = f.ID.String()
	}
	return "/configuration/classes/" + f.Class.ID.String() + "/attributes/" + id
}

func floatText(f *float64) string {
	if f == nil {
		return ""
	}
	return text(*f)
}

// expires reports an end that is past or near.
func expires(ctx context.Context, t *time.Time) string {
	if t == nil || ui.From(ctx).Now.IsZero() {
		return ""
	}
	switch d := t.Sub(ui.From(ctx).Now); {
	case d < -24*time.Hour:
		return "past"
	case d < remindBefore:
		return "soon"
	}
	return ""
}

func (n Names) item(id string) (Row, bool) {
	u, err := uuid.Parse(id)
	if err != nil {
		return Row{}, false
	}
	r, ok := n.Items[u]
	return r, ok
}

func categoryColour(c record.Category) string {
	switch c {
	case record.New, record.Active:
		return "blue"
	case record.Pending:
		return "amber"
	case record.Resolved:
		return "green"
	}
	return ""
}

func sourceIcon(source string) string {
	switch source {
	case FromImport:
		return "database-import"
	case FromAgent:
		return "robot"
	case FromChange:
		return "git-pull-request"
	}
	return "user"
}

func critText(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func namedOptions(ctx context.Context, list []Named) []ui.Option {
	var out []ui.Option
	for _, x := range list {
		out = append(out, ui.Option{Value: x.ID.String(), Label: i18n.Pick(ctx, x.NameZh, x.NameEn)})
	}
	return out
}

// ownerOptions offers oneself and nobody, and keeps a person that the address
// names.
func ownerOptions(ctx context.Context, value string) []ui.Option {
	out := []ui.Option{{Value: "me", Label: ui.T(ctx, "configuration.owner.me")}, {Value: "none", Label: ui.T(ctx, "configuration.owner.none")}}
	if value != "" && value != "me" && value != "none" {
		out = append(out, ui.Option{Value: value, Label: ui.T(ctx, "configuration.owner.other")})
	}
	return out
}

// field is an attribute as a field of the form.
func (p formProps) field(ctx context.Context, a Attribute, list []ui.Option) ui.Field {
	f := ui.Field{Name: field(a.Key), Label: a.Name(ctx), Value: p.value(field(a.Key)), Required: a.Required, Options: list, Max: maxText, F: p.Fault}
	if a.Unit != "" {
		f.Hint = ui.T(ctx, "configuration.unit", "unit", a.Unit)
	}
	if a.Type == TypeDate {
		f.Type = "date"
	}
	return f
}

func indentOf(b Branch) string { return strings.Repeat("　", b.Depth) }

func joined(rules []string) string { return strings.Join(rules, " → ") }

func (f classForm) isNew() bool     { return f.ID == uuid.Nil }
func (f attributeForm) isNew() bool { return f.ID == uuid.Nil }

func (f classForm) heading(ctx context.Context) string {
	if f.isNew() {
		return ui.T(ctx, "configuration.class.new")
	}
	return i18n.Pick(ctx, f.Input.NameZh, f.Input.NameEn)
}

func (f attributeForm) heading(ctx context.Context) string {
	if f.isNew() {
		return ui.T(ctx, "configuration.attribute.new")
	}
	return i18n.Pick(ctx, f.Input.NameZh, f.Input.NameEn)
}

func (p formProps) locked(k string) bool {
	if p.Form.Has("locks") {
		return slices.Contains(p.Form["locks"], k)
	}
	return slices.Contains(p.Item.Locks, k)
}
