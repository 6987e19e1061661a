package incident

import (
	"context"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/ui"
)

func tabOf(note bool) string {
	if note {
		return "note"
	}
	return "reply"
}

// number is n for a form, or nothing for none.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// stepsText lists what a macro does.
func stepsText(ctx context.Context, m MacroSteps) string {
	var out []string
	for _, s := range m.list() {
		out = append(out, ui.T(ctx, "incident.macro.step."+s))
	}
	return strings.Join(out, " · ")
}

// owner is whose a macro is: the reader's own, or a team's.
func (p macroProps) owner(ctx context.Context, m Macro) string {
	if m.TeamID == nil {
		return ui.T(ctx, "incident.macro.own")
	}
	return teamName(ctx, p.Teams, m.TeamID)
}

func (p macroProps) person(ctx context.Context, id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return p.People[*id].Display(i18n.Lang(ctx))
}
