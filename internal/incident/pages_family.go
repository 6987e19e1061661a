package incident

import (
	"context"
	"strings"

	"opsdesk/internal/ui"
)

func childRoles(ctx context.Context) []ui.Option {
	icons := map[string]string{SameFault: "git-merge", PartOf: "puzzle"}
	var out []ui.Option
	for _, r := range ChildRoles {
		k := "incident.child_as." + r
		out = append(out, ui.Option{Value: r, Label: ui.T(ctx, k), Hint: ui.T(ctx, k+".hint"), Icon: icons[r]})
	}
	return out
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// leftWhy is why a child could not take its parent's step.
func leftWhy(ctx context.Context, x LeftOut) string {
	switch {
	case x.Problem == "incident.error.open_tasks":
		return ui.T(ctx, "incident.cascade.why.tasks")
	case x.Problem == "incident.error.unclassified":
		return ui.T(ctx, "incident.cascade.why.category")
	case strings.HasPrefix(x.Problem, "incident.error.illegal."):
		return ui.T(ctx, "incident.cascade.why.state")
	}
	return ui.T(ctx, "incident.cascade.why.other")
}
