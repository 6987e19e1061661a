package people

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/ui"
)

func langs() []ui.Option {
	return []ui.Option{{Value: i18n.Chinese, Label: "中文"}, {Value: i18n.English, Label: "English"}}
}

func themes(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, t := range []string{"light", "dark", "auto"} {
		out = append(out, ui.Option{Value: t, Label: ui.T(ctx, "people.theme."+t)})
	}
	return out
}

func days(n int) string {
	if n == 0 {
		return "90"
	}
	return fmt.Sprint(n)
}

func roleOptions(ctx context.Context, held []Grant) []ui.Option {
	var out []ui.Option
	for _, r := range identity.Roles {
		if !slices.ContainsFunc(held, func(g Grant) bool { return g.Role == r }) {
			out = append(out, ui.Option{Value: string(r), Label: ui.T(ctx, "authz.role."+string(r))})
		}
	}
	return out
}

// departmentOptions names each department with those above it.
func departmentOptions(ctx context.Context, all map[uuid.UUID]Department) []ui.Option {
	var out []ui.Option
	for id, d := range all {
		if d.Active {
			out = append(out, ui.Option{Value: id.String(), Label: path(ctx, all, d)})
		}
	}
	slices.SortFunc(out, func(a, b ui.Option) int { return strings.Compare(a.Label+a.Value, b.Label+b.Value) })
	return out
}

func path(ctx context.Context, all map[uuid.UUID]Department, d Department) string {
	s := i18n.Pick(ctx, d.NameZh, d.NameEn)
	for depth := 0; d.ParentID != nil && depth < 20; depth++ {
		p, ok := all[*d.ParentID]
		if !ok {
			break
		}
		s, d = i18n.Pick(ctx, p.NameZh, p.NameEn)+" / "+s, p
	}
	return s
}

func byID(list []Department) map[uuid.UUID]Department {
	out := make(map[uuid.UUID]Department, len(list))
	for _, d := range list {
		out[d.ID] = d
	}
	return out
}

func departmentName(ctx context.Context, all map[uuid.UUID]Department, id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	d := all[*id]
	return i18n.Pick(ctx, d.NameZh, d.NameEn)
}

func idText(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return id.String()
}

func personAction(f personForm) string {
	if f.New {
		return "/admin/people"
	}
	return "/admin/people/" + f.View.ID.String()
}

func personHeading(ctx context.Context, f personForm) string {
	if f.New {
		return ui.T(ctx, "people.new")
	}
	return f.View.Name
}
