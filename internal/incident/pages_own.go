package incident

import (
	"context"

	"opsdesk/internal/ui"
)

// Own is what the portal lists beside incidents: the reader's things of other
// practices, the newest change first, after a place in the list.
type Own interface {
	Own(ctx context.Context, text string, after *Cursor, limit int) ([]ui.Own, error)
}

// own puts incidents into the words of the portal.
func own(ctx context.Context, rows []Row) []ui.Own {
	out := make([]ui.Own, 0, len(rows))
	for _, r := range rows {
		out = append(out, ui.Own{
			ID: r.ID, Href: "/incidents/" + r.Number, Number: r.Number, Title: r.Title, Icon: "alert-circle", Colour: "red", Plain: plainKey(r.State, r.PendingReason),
			Open: r.Category.Open() || r.State == string(Resolved), Person: person(ctx, r.AssigneeName, r.AssigneeEn), Progress: progress(r.State),
			Class: progressClass(r.State, r.PendingReason), ProgressKey: "incident.progress", Updated: r.UpdatedAt,
		})
	}
	return out
}
