package canned

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/ui"
)

func idText(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return id.String()
}

func teamOptions(ctx context.Context, teams []identity.Team) []ui.Option {
	var out []ui.Option
	for _, t := range teams {
		out = append(out, ui.Option{Value: t.ID.String(), Label: t.Display(i18n.Lang(ctx))})
	}
	return out
}

// owner is whose a text is: the reader's own, or a team's.
func owner(ctx context.Context, teams []identity.Team, t Text) string {
	if t.TeamID == nil {
		return ui.T(ctx, "canned.own")
	}
	for _, x := range teams {
		if x.ID == *t.TeamID {
			return x.Display(i18n.Lang(ctx))
		}
	}
	return ui.T(ctx, "canned.of_team")
}
