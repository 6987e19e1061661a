package servicerequest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/form"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/ui"
)

// icons are the pictograms an item or a category may have.
var icons = []string{"tag", "device-laptop", "device-desktop", "phone", "key", "lock-open", "shield-lock", "user-plus", "users-group", "id-badge-2", "mail", "server", "topology-star-3", "puzzle", "tool", "file-text", "certificate", "building", "category"}

func iconOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, s := range icons {
		out = append(out, ui.Option{Value: s, Label: ui.T(ctx, "servicerequest.icon."+strings.ReplaceAll(s, "-", "_"))})
	}
	return out
}

func iconOf(s string) string {
	if slices.Contains(icons, s) {
		return s
	}
	return "tag"
}

// keyed are options whose labels are messages.
func keyed[T ~string](ctx context.Context, prefix string, list []T) []ui.Option {
	var out []ui.Option
	for _, v := range list {
		out = append(out, ui.Option{Value: string(v), Label: ui.T(ctx, prefix+string(v))})
	}
	return out
}

func idText(id *uuid.UUID) string {
	if id == nil || *id == uuid.Nil {
		return ""
	}
	return id.String()
}

func categoryOptions(ctx context.Context, list []Category) []ui.Option {
	var out []ui.Option
	for _, c := range list {
		if c.Active {
			out = append(out, ui.Option{Value: c.ID.String(), Label: c.Name(i18n.Lang(ctx))})
		}
	}
	return out
}

func serviceOptions(ctx context.Context, list []ServiceName) []ui.Option {
	var out []ui.Option
	for _, c := range list {
		out = append(out, ui.Option{Value: c.ID.String(), Label: c.Name(i18n.Lang(ctx))})
	}
	return out
}

func teamOptions(ctx context.Context, list []identity.Team) []ui.Option {
	var out []ui.Option
	for _, t := range list {
		if t.Active {
			out = append(out, ui.Option{Value: t.ID.String(), Label: t.Display(i18n.Lang(ctx))})
		}
	}
	return out
}

func teamName(ctx context.Context, list []identity.Team, id *uuid.UUID) string {
	for _, t := range list {
		if id != nil && t.ID == *id {
			return t.Display(i18n.Lang(ctx))
		}
	}
	return ""
}

func departmentOptions(ctx context.Context, m map[uuid.UUID]identity.Department) []ui.Option {
	var out []ui.Option
	for id, d := range m {
		out = append(out, ui.Option{Value: id.String(), Label: d.Display(i18n.Lang(ctx))})
	}
	slices.SortFunc(out, func(a, b ui.Option) int { return strings.Compare(a.Label+a.Value, b.Label+b.Value) })
	return out
}

func roleOptions(ctx context.Context) []ui.Option {
	return keyed(ctx, "authz.role.", identity.Roles[:])
}

func idTexts(list []uuid.UUID) []string {
	var out []string
	for _, id := range list {
		out = append(out, id.String())
	}
	return out
}

func roleTexts(list []identity.Role) []string {
	var out []string
	for _, r := range list {
		out = append(out, string(r))
	}
	return out
}

// at is the fault of one part of a page.
func (p keepProps) at(part string) *fault.Error {
	if p.Part == part {
		return p.Fault
	}
	return nil
}

// typed is the value of a field as it was typed, or what it is now.
func (p itemProps) typed(name, now string) string {
	if p.Typed.Has(name) {
		return p.Typed.Get(name)
	}
	return now
}

// others names who else is typing about the item.
func (p itemProps) others(ctx context.Context) string {
	var names []string
	for _, x := range p.Unsaved.Others {
		names = append(names, x.Display(i18n.Lang(ctx)))
	}
	return strings.Join(names, ui.T(ctx, "servicerequest.list_comma"))
}

func (p itemProps) typedList(name string, now []string) []string {
	if p.Typed.Has("name_zh") { // the details, as they were typed
		return p.Typed[name]
	}
	return now
}

func (p itemProps) typedBool(name string, now bool) bool {
	if v := p.Typed[name]; len(v) > 0 {
		return v[len(v)-1] == "true"
	}
	return now
}

// preview is the form as it stands in the designer.
func (p itemProps) preview(today string) form.Props {
	raw := p.Content.Form.Prefill(nil, today)
	f := form.Props{Form: p.Content.Form, Raw: raw, Today: today}
	if p.Part == "try" {
		f.Raw, f.Fault = p.Content.Form.FromForm(p.Typed), p.Content.Form.Explain(p.Fault, "")
	}
	return f
}

// where the summary of what is wrong leads: to the page that mends it.
func (p itemProps) mend(ctx context.Context) []ui.Option {
	if p.Fault == nil {
		return nil
	}
	var out []ui.Option
	for _, x := range p.Fault.Fields {
		o := ui.Option{Label: ui.T(ctx, x.Code, "param", x.Param), Value: manageURL(p.ID, "details")}
		part, rest, _ := strings.Cut(x.Name, ".")
		n, _, _ := strings.Cut(rest, ".")
		i := 0
		_, _ = fmt.Sscan(n, &i) // nothing is the first one
		switch {
		case part == "fields" && i < len(p.Content.Form.Fields):
			f := p.Content.Form.Fields[i]
			o.Value, o.Hint = manageURL(p.ID, "fields", f.Key), f.Label(i18n.Lang(ctx))
		case part == "tasks" && i < len(p.Content.Tasks):
			o.Value, o.Hint = manageURL(p.ID, "tasks", p.Content.Tasks[i].Key), p.Content.Tasks[i].Title(i18n.Lang(ctx))
		case part == "tasks":
			o.Value = manageURL(p.ID, "tasks")
		case part == "steps":
			o.Value = manageURL(p.ID, "approvals")
		}
		out = append(out, o)
	}
	return out
}

// whoText says who is asked in a step.
func (p itemProps) whoText(ctx context.Context, s Step) string {
	who := ui.T(ctx, "servicerequest.approver."+string(s.From))
	switch s.From {
	case ByTeamLead:
		return ui.T(ctx, "servicerequest.approver.lead_of", "team", teamName(ctx, p.Teams, s.TeamID))
	case ByPeople:
		var names []string
		for _, id := range s.People {
			x := p.People[id]
			names = append(names, x.Display(i18n.Lang(ctx)))
		}
		return strings.Join(names, ui.T(ctx, "servicerequest.list_comma"))
	}
	return who
}

func modeText(ctx context.Context, s Step) string {
	return ui.T(ctx, "servicerequest.mode."+s.Mode, "n", s.N)
}

// earlier are the tasks that a task may follow: those above it.
func (p taskProps) earlier() []Plan {
	i := slices.IndexFunc(p.Content.Tasks, func(x Plan) bool { return x.Key == p.Plan.Key })
	if i < 0 {
		return p.Content.Tasks
	}
	return p.Content.Tasks[:i]
}

func planOptions(ctx context.Context, list []Plan) []ui.Option {
	var out []ui.Option
	for _, x := range list {
		out = append(out, ui.Option{Value: x.Key, Label: x.Title(i18n.Lang(ctx))})
	}
	return out
}

func (p itemProps) titles(ctx context.Context, keys []string) string {
	var out []string
	for _, x := range p.Content.Tasks {
		if slices.Contains(keys, x.Key) {
			out = append(out, x.Title(i18n.Lang(ctx)))
		}
	}
	return strings.Join(out, ui.T(ctx, "servicerequest.list_comma"))
}

// key is what a planned task's page is called in addresses.
func (p taskProps) key() string {
	if p.Plan.Key == "" {
		return "new"
	}
	return p.Plan.Key
}

func (p stepProps) key() string {
	if p.At < 0 {
		return "new"
	}
	return itoa(p.At)
}

// ops are all operators that rows of conditions know.
var ops = []string{"eq", "ne", "gt", "ge", "lt", "le", "contains", "has", "lacks", "filled", "empty"}

// rows are a condition's rows and two blank ones to go on with.
func (c condition) rows() []form.Row { return append(slices.Clone(c.Rows), form.Row{}, form.Row{}) }

// causes are the fields that a condition of a field may speak of: those above
// it where it decides what is shown, else all.
func causes(ctx context.Context, f form.Form, until int) []ui.Option {
	var out []ui.Option
	for i, x := range f.Fields {
		if (until < 0 || i < until) && x.Type != form.Info {
			out = append(out, ui.Option{Value: x.Key, Label: x.Label(i18n.Lang(ctx))})
		}
	}
	return out
}

// values offers, while typing, what the fields of a condition can be.
func values(ctx context.Context, f form.Form) []ui.Option {
	var out []ui.Option
	for _, x := range f.Fields {
		for _, o := range x.Options {
			out = append(out, ui.Option{Value: o.Label(i18n.Lang(ctx)), Label: x.Label(i18n.Lang(ctx))})
		}
	}
	return out
}

// valueShown is a row's value as people know it.
func valueShown(ctx context.Context, f form.Form, r form.Row) string {
	if i := f.Find(r.Field); i >= 0 {
		for _, o := range f.Fields[i].Options {
			if o.Value == r.Value {
				return o.Label(i18n.Lang(ctx))
			}
		}
	}
	return r.Value
}

// options are a field's options and a few blank ones to go on with.
func (p fieldProps) options() []form.Option {
	return append(slices.Clone(p.Field.Options), form.Option{}, form.Option{}, form.Option{})
}

func (p fieldProps) columns() []form.Column {
	return append(slices.Clone(p.Field.Columns), form.Column{Type: form.Text}, form.Column{Type: form.Text})
}

func (p fieldProps) place() int { return p.Content.Form.Find(p.Field.Key) }

// defaults are what a field of this type may take from who fills it in.
func (p fieldProps) defaults(ctx context.Context) []ui.Option {
	switch p.Field.Type {
	case form.Date:
		return []ui.Option{{Value: form.Today, Label: ui.T(ctx, "form.today")}}
	case form.Person:
		return []ui.Option{{Value: "profile.self", Label: ui.T(ctx, "servicerequest.profile.self")}}
	case form.Text, form.Long:
		return keyed(ctx, "servicerequest.", form.Profiles[1:])
	}
	return nil
}

// ownDefault is a default that is a text of its own.
func (p fieldProps) ownDefault(ctx context.Context) string {
	for _, o := range p.defaults(ctx) {
		if o.Value == p.Field.Default {
			return ""
		}
	}
	return valueShown(ctx, p.Content.Form, form.Row{Field: p.Field.Key, Value: p.Field.Default})
}

func (p fieldProps) fromDefault(ctx context.Context) string {
	for _, o := range p.defaults(ctx) {
		if o.Value == p.Field.Default {
			return o.Value
		}
	}
	return ""
}

func categoryButton(p keepProps) string {
	if p.Category.ID != nil {
		return "ui.save"
	}
	return "servicerequest.keep.new_category"
}

func tabURL(p itemProps, part string) string {
	if part == "" {
		return manageURL(p.ID)
	}
	return manageURL(p.ID, part)
}

func personName(ctx context.Context, m map[uuid.UUID]identity.Person, id uuid.UUID) string {
	return m[id].Display(i18n.Lang(ctx))
}

func zeroBlank(n int) string {
	if n == 0 {
		return ""
	}
	return itoa(n)
}

func pictureURL(id uuid.UUID) string { return "/catalogue/pictures/" + id.String() }

// today is the reader's day.
func today(ctx context.Context) string {
	return ui.From(ctx).Now.In(ui.Zone(ctx)).Format("2006-01-02")
}
