package incident

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/ui"
)

// asksDepartments are the actions whose form offers departments.
var asksDepartments = map[string]bool{"announce": true, "declare": true}

// announcedState is how an announced fault stands, in plain words.
func announcedState(a Announcement) string {
	switch {
	case !a.State.Open():
		return "incident.announced.solved"
	case !a.Open():
		return "incident.announced.over"
	}
	return "incident.announced.working"
}

func audiences(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, x := range [][2]string{{"all", "building"}, {"some", "users"}} {
		k := "incident.announce.audience." + x[0]
		out = append(out, ui.Option{Value: x[0], Label: ui.T(ctx, k), Hint: ui.T(ctx, k+".hint"), Icon: x[1]})
	}
	return out
}

// word is what the announcement says now; a new one begins with the title of
// the ticket, and an update begins empty.
func (p actProps) word(field string) string {
	switch a := p.Announced; {
	case p.Act == "update":
		return ""
	case a != nil:
		return map[string]string{"title_zh": a.TitleZh, "title_en": a.TitleEn, "text_zh": a.TextZh, "text_en": a.TextEn}[field]
	}
	return ""
}

func (p actProps) expected(ctx context.Context) string {
	if typed := p.Form.Get("expected_at"); typed != "" {
		if t, err := time.Parse(time.RFC3339, typed); err == nil {
			return ui.Local(ctx, t)
		}
		return typed
	}
	if p.Announced == nil {
		return ""
	}
	return timeText(ctx, p.Announced.ExpectedAt)
}

func (p actProps) audience() string {
	if p.Announced != nil && !p.Announced.Everybody {
		return "some"
	}
	return "all"
}

// chosen reports whether one of a list is chosen: as it was typed, or as it is.
func (p actProps) chosen(field, value string) bool {
	if p.Form.Has(field) {
		return slices.Contains(p.Form[field], value)
	}
	if p.Announced == nil {
		return field == "services" && p.ServiceID != nil && p.ServiceID.String() == value
	}
	list := map[string][]uuid.UUID{"departments": p.Announced.Departments, "services": p.Announced.Services}[field]
	return slices.ContainsFunc(list, func(id uuid.UUID) bool { return id.String() == value })
}

func (p actProps) departmentOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for id, d := range p.Departments {
		out = append(out, ui.Option{Value: id.String(), Label: d.Display(i18n.Lang(ctx))})
	}
	slices.SortFunc(out, func(a, b ui.Option) int { return strings.Compare(a.Label+a.Value, b.Label+b.Value) })
	return out
}

// lineText is a line of the chronicle: its own words, or what its kind is
// called.
func lineText(ctx context.Context, l Line) string {
	if t := l.Text(i18n.Lang(ctx)); t != "" {
		return t
	}
	return ui.T(ctx, "incident.chronicle."+l.Kind)
}
