package routing

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/ui"
)

// vocab is what conditions can name, by field.
type vocab struct {
	choices map[string][]Choice
	lang    string
}

// vocab reads what the modules and the directory offer.
func (s *Service) vocab(ctx context.Context) (vocab, error) {
	v := vocab{choices: map[string][]Choice{}, lang: i18n.Lang(ctx)}
	for _, src := range s.sources {
		for _, f := range []string{"category", "service"} {
			list, err := src.Choices(ctx, f)
			if err != nil {
				return v, err
			}
			v.choices[f] = append(v.choices[f], list...)
		}
	}
	teams, err := identity.Teams(ctx, s.desk.DB)
	if err != nil {
		return v, err
	}
	for _, t := range teams {
		v.choices["team"] = append(v.choices["team"], Choice{ID: t.ID, NameZh: t.NameZh, NameEn: t.NameEn, Active: t.Active})
	}
	deps, err := identity.Departments(ctx, s.desk.DB)
	for id, d := range deps {
		v.choices["department"] = append(v.choices["department"], Choice{ID: id, NameZh: d.NameZh, NameEn: d.NameEn, Active: true})
	}
	return v, err
}

func (v vocab) find(field string, id uuid.UUID) (Choice, bool) {
	for _, c := range v.choices[field] {
		if c.ID == id {
			return c, true
		}
	}
	return Choice{}, false
}

// name is what an id is called for the reader, with what it is part of.
func (v vocab) name(field, id string) string {
	key, err := uuid.Parse(id)
	if err != nil {
		return ""
	}
	var parts []string
	for range 10 {
		c, ok := v.find(field, key)
		if !ok {
			break
		}
		s := c.NameZh
		if v.lang == i18n.English && c.NameEn != "" || s == "" {
			s = c.NameEn
		}
		parts = append(parts, s)
		if c.Parent == nil {
			break
		}
		key = *c.Parent
	}
	slices.Reverse(parts)
	return strings.Join(parts, " / ")
}

// options are the choices of a field, those in use kept.
func (v vocab) options(field string, keep string) []ui.Option {
	var out []ui.Option
	for _, c := range v.choices[field] {
		if id := c.ID.String(); c.Active || id == keep {
			out = append(out, ui.Option{Value: id, Label: v.name(field, id)})
		}
	}
	slices.SortFunc(out, func(a, b ui.Option) int { return strings.Compare(a.Label+a.Value, b.Label+b.Value) })
	return out
}

// valueText is one value of a condition in words.
func (v vocab) valueText(ctx context.Context, c Condition, value string) string {
	f, _ := fieldOf(c.Field)
	switch f.kind {
	case "choice":
		if s := v.name(c.Field, value); s != "" {
			return s
		}
		return ui.T(ctx, "routing.gone")
	case "priority":
		return "P" + value
	case "channel":
		return ui.T(ctx, "routing.channel."+value)
	case "flag":
		return ui.T(ctx, "ui."+value)
	}
	return ui.T(ctx, "routing.quoted", "word", value)
}

// text is a condition in words.
func (v vocab) text(ctx context.Context, c Condition) string {
	if f, _ := fieldOf(c.Field); f.kind == "flag" {
		if slices.Contains(c.values(), "no") {
			return ui.T(ctx, "routing.field."+c.Field+".no")
		}
		return ui.T(ctx, "routing.field."+c.Field)
	}
	var values []string
	for _, x := range c.values() {
		values = append(values, v.valueText(ctx, c, x))
	}
	or := ui.T(ctx, "routing.or")
	if c.Op == "all" {
		or = ui.T(ctx, "routing.and")
	}
	return ui.T(ctx, "routing.condition", "field", ui.T(ctx, "routing.field."+c.Field), "op", ui.T(ctx, "routing.op."+c.Op), "value", strings.Join(values, or))
}

func idText(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return id.String()
}

func fieldOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, f := range fields {
		out = append(out, ui.Option{Value: f.name, Label: ui.T(ctx, "routing.field."+f.name)})
	}
	return out
}

func opsOf(field string) []string {
	f, _ := fieldOf(field)
	return f.ops
}

func kindOf(field string) string {
	f, _ := fieldOf(field)
	return f.kind
}

// atLeastOne is the values of a row, or one empty one to fill in.
func atLeastOne(values []string) []string {
	if len(values) == 0 {
		return []string{""}
	}
	return values
}

func floors() []ui.Option {
	var out []ui.Option
	for n := 1; n <= 3; n++ {
		out = append(out, ui.Option{Value: strconv.Itoa(n), Label: "P" + strconv.Itoa(n)})
	}
	return out
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func ruleURL(id uuid.UUID) string { return "/settings/routing/rules/" + id.String() }

func (p rulesProps) person(ctx context.Context, id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return p.Names[*id].Display(i18n.Lang(ctx))
}

// draftVersion is the version that the row's buttons send: that of the draft.
func (p rulesProps) draftVersion() int {
	if !p.Editing {
		return 0
	}
	return p.Version
}
