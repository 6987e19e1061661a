package sla

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
	"opsdesk/internal/ui"
)

// kinds are what agreements can be limited to, as people know it.
var kinds = []string{"incident", "servicerequest"}

func has(list []uuid.UUID, id uuid.UUID) bool { return slices.Contains(list, id) }

func (p agreementProps) inKinds(k string) bool { return slices.Contains(p.In.Kinds, record.Kind(k)) }

func (p agreementProps) inDepartments(id string) bool {
	return slices.ContainsFunc(p.In.Departments, func(d uuid.UUID) bool { return d.String() == id })
}

func (p agreementProps) pausing(reason string) bool {
	return slices.Contains(p.Settings.Pausing, reason)
}

func (p agreementProps) uncoveredText(ctx context.Context) string {
	var out []string
	for _, s := range p.Uncovered {
		out = append(out, i18n.Pick(ctx, s.NameZh, s.NameEn))
	}
	if len(out) > 10 {
		out = append(out[:10], "…")
	}
	return strings.Join(out, ", ")
}

func (p agreementProps) heading(ctx context.Context) string {
	switch {
	case p.One != nil:
		return fmt.Sprintf("%s v%d", i18n.Pick(ctx, p.One.NameZh, p.One.NameEn), p.One.Number)
	case p.In.Kind == "ola":
		return ui.T(ctx, "sla.agreement.new_ola")
	}
	return ui.T(ctx, "sla.agreement.new")
}

func (p agreementProps) action() string {
	if p.One == nil {
		return "/settings/agreements"
	}
	return "/settings/agreements/" + p.One.ID.String()
}

func (p agreementProps) version() int {
	if p.One == nil {
		return 0
	}
	return p.One.Version
}

func (p agreementProps) calendarOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, c := range p.Calendars {
		if c.Active || c.ID == p.In.CalendarID {
			out = append(out, ui.Option{Value: c.ID.String(), Label: i18n.Pick(ctx, c.NameZh, c.NameEn)})
		}
	}
	return out
}

func (p agreementProps) calendarName(ctx context.Context, id *uuid.UUID) string {
	for _, c := range p.Calendars {
		if id != nil && c.ID == *id {
			return i18n.Pick(ctx, c.NameZh, c.NameEn)
		}
	}
	return ui.T(ctx, "sla.field.same_calendar")
}

func (p agreementProps) teamOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, t := range p.Teams {
		if t.Active {
			out = append(out, ui.Option{Value: t.ID.String(), Label: t.Display(i18n.Lang(ctx))})
		}
	}
	return out
}

func (p agreementProps) departmentList(ctx context.Context) []ui.Option {
	var out []ui.Option
	for id, d := range p.Departments {
		out = append(out, ui.Option{Value: id.String(), Label: i18n.Pick(ctx, d.NameZh, d.NameEn)})
	}
	slices.SortFunc(out, func(a, b ui.Option) int { return strings.Compare(a.Label+a.Value, b.Label+b.Value) })
	return out
}

// covers says in a line what a version is for.
func (p agreementProps) covers(ctx context.Context, v Version) string {
	var out []string
	for _, t := range p.Teams {
		if v.TeamID != nil && t.ID == *v.TeamID {
			out = append(out, t.Display(i18n.Lang(ctx)))
		}
	}
	for _, s := range p.Services {
		if has(v.Services, s.ID) {
			out = append(out, i18n.Pick(ctx, s.NameZh, s.NameEn))
		}
	}
	for id, d := range p.Departments {
		if has(v.Departments, id) {
			out = append(out, i18n.Pick(ctx, d.NameZh, d.NameEn))
		}
	}
	for _, k := range v.Kinds {
		out = append(out, ui.T(ctx, "sla.kind."+string(k)))
	}
	if v.VIP {
		out = append(out, "VIP")
	}
	if len(out) == 0 {
		return ui.T(ctx, "sla.covers.all")
	}
	slices.Sort(out)
	return strings.Join(out, " · ")
}

func targetText(t Promise) string {
	if t.Response == "" {
		return string(t.Resolution)
	}
	return string(t.Response) + " / " + string(t.Resolution)
}

func stateText(ctx context.Context, v Version, now time.Time) string {
	switch {
	case v.State == Approved && v.ValidFrom.After(now):
		return ui.T(ctx, "sla.state.coming", "when", ui.Date(ctx, v.ValidFrom))
	case v.State == Approved && v.ValidUntil != nil && !now.Before(*v.ValidUntil):
		return ui.T(ctx, "sla.state.ended")
	}
	return ui.T(ctx, "sla.state."+string(v.State))
}

func stateColour(v Version, now time.Time) string {
	switch {
	case v.inForce(now):
		return "green"
	case v.State == Submitted:
		return "amber"
	case v.State == Draft:
		return "blue"
	}
	return "line"
}

// history says who drafted the version and who approved it.
func (p agreementProps) history(ctx context.Context) string {
	var names []string
	for _, id := range p.One.Authors {
		names = append(names, nameOf(ctx, p, id))
	}
	out := ui.T(ctx, "sla.agreement.drafted", "name", strings.Join(names, ", "))
	if p.One.ApprovedBy != nil {
		out += " · " + ui.T(ctx, "sla.agreement.approved", "name", nameOf(ctx, p, *p.One.ApprovedBy), "when", ui.Date(ctx, *p.One.ApprovedAt))
	}
	return out
}

func nameOf(ctx context.Context, p agreementProps, id uuid.UUID) string {
	x := p.People[id]
	return x.Display(i18n.Lang(ctx))
}

func stepLine(ctx context.Context, s Step) string {
	var who []string
	for _, l := range s.To {
		who = append(who, ui.T(ctx, "sla.level."+l))
	}
	return string(s.At) + ": " + strings.Join(who, ", ")
}
