package incident

import (
	"context"
	"fmt"
	"strings"

	"opsdesk/internal/platform/i18n"
)

// names are those who would follow the other incident.
func (v MergePreview) names(ctx context.Context) string {
	var out []string
	for _, id := range v.Followers {
		if n := v.From.Person(&id, i18n.Lang(ctx)); n != "" {
			out = append(out, n)
		}
	}
	return strings.Join(out, ", ")
}

// field is the value of a field in words, for comparing two incidents.
func (d *Detail) field(ctx context.Context, name string) string {
	switch name {
	case "requester":
		return d.Person(&d.RequesterID, i18n.Lang(ctx))
	case "assignee":
		return d.Person(d.AssigneeID, i18n.Lang(ctx))
	case "category":
		return choiceName(ctx, d.Categories, d.CategoryID)
	case "service":
		return choiceName(ctx, d.Services, d.ServiceID)
	case "team":
		return teamName(ctx, d.Teams, d.TeamID)
	case "priority":
		return fmt.Sprintf("P%d", d.Priority)
	case "location":
		return d.Location
	}
	return d.Device
}
