package configuration

import (
	"context"
	"strings"

	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/ui"
)

// scopeWords says in words which items a scope asks for.
func (h handlers) scopeWords(ctx context.Context, m Model, sc Scope) (string, error) {
	switch sc.By {
	case ScopeClass:
		return ui.T(ctx, "configuration.scope.of_class", "class", m.Classes[deref(sc.Class)].Name(ctx)), nil
	case ScopeService:
		list, err := h.s.repo.services(ctx, h.desk.DB)
		for _, x := range list {
			if x.ID == deref(sc.Service) {
				return ui.T(ctx, "configuration.scope.of_service", "service", i18n.Pick(ctx, x.NameZh, x.NameEn)), err
			}
		}
		return ui.T(ctx, "configuration.scope.service"), err
	case ScopeItems:
		return ui.T(ctx, "configuration.scope.of_items", "n", len(sc.Items)), nil
	case ScopeReach:
		names, err := h.s.called(ctx, sc.Items...)
		if err != nil {
			return "", err
		}
		name := ui.T(ctx, "configuration.hidden_item")
		if i, ok := names[sc.Items[0]]; ok {
			name = i.Label() + " " + i.Name
		}
		if sc.Up {
			return ui.T(ctx, "configuration.scope.reach_up", "item", name, "depth", sc.Depth), nil
		}
		return ui.T(ctx, "configuration.scope.reach_down", "item", name, "depth", sc.Depth), nil
	}
	return ui.T(ctx, "configuration.scope.all"), nil
}

func stateColour(state string) string {
	switch state {
	case Taken:
		return "green"
	case Failed:
		return "red"
	}
	return "blue"
}

func deviationColour(fate string) string {
	switch fate {
	case IsNew:
		return "green"
	case IsGone:
		return "red"
	}
	return "amber"
}

// get is a field of a scope as typed, or what it begins with.
func (p scopeProps) get(name, other string) string {
	if p.Form.Has(name) {
		return strings.Join(p.Form[name], " ")
	}
	return other
}

func scopeOptions(ctx context.Context) []ui.Option {
	return options(ctx, "configuration.scope.", Scopes)
}

func upOptions(ctx context.Context) []ui.Option {
	return []ui.Option{{Value: "false", Label: ui.T(ctx, "configuration.impact.down")}, {Value: "true", Label: ui.T(ctx, "configuration.impact.up")}}
}

// withOptions offers what a baseline is compared with.
func (p baselineProps) withOptions(ctx context.Context) []ui.Option {
	out := []ui.Option{{Value: "now", Label: ui.T(ctx, "configuration.then.now")}}
	for _, b := range p.Others {
		if b.ID != p.ID && b.Ready() {
			out = append(out, ui.Option{Value: b.ID.String(), Label: b.Name(ctx) + " · " + ui.Date(ctx, b.At)})
		}
	}
	return out
}

// afterHead is what the later column is called.
func (p baselineProps) afterHead(ctx context.Context) string {
	if p.Compare.With == nil {
		return ui.T(ctx, "configuration.then.now")
	}
	return p.Compare.With.Name(ctx)
}

// total is how many items of a fate differ, of all for "".
func (p baselineProps) total(fate string) (n int) {
	for f, x := range p.Compare.Counts {
		if fate == "" || f == fate {
			n += x
		}
	}
	return n
}

// diff is the address of an item at the two instants compared.
func (p baselineProps) diff(d Deviation) string {
	to := ""
	if p.Compare.With != nil {
		to = exact(p.Compare.With.At)
	}
	from := exact(p.At)
	if p.Compare.With != nil && p.Compare.With.At.Before(p.At) {
		from, to = to, from
	}
	return diffLink(Item{Number: d.Number}, from, to)
}
