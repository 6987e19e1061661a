package routing

import (
	"context"
	"slices"

	"opsdesk/internal/ui"
)

func rulesTitle(ctx context.Context, p rulesProps) string {
	if p.Old {
		return ui.T(ctx, "routing.version", "number", p.Number)
	}
	return ui.T(ctx, "routing.title")
}

func ruleTitle(ctx context.Context, p ruleProps) string {
	if p.Key == "new" {
		return ui.T(ctx, "routing.new")
	}
	return p.Rule.Name
}

func nextNumber(p rulesProps) int {
	n := 0
	if len(p.History) > 0 {
		n = p.History[0].Number
	}
	return n + 1
}

func has(list []string, v string) bool { return slices.Contains(list, v) }

// exprHelp lists the words of the expression language; they are code, not
// text.
const exprHelp = `category, department   lists of ids: the thing and all above it
service, team          id
title, text, location  text ("text" is title and description)
channel                "portal" "phone" "mail" "walk_in" "api" "monitoring"
priority, impact, urgency  1 … 4, 1 … 3, 1 … 3
vip, confidential, in_hours, workday   true / false
hour (0 … 23), weekday (1 Monday … 7 Sunday)

mentions(text, "vpn", "远程", "print*")
begins(location, "A-3F")
within(category, "id", "id")
== != < <= > >= in contains startsWith endsWith and or not`
