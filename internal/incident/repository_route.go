package incident

import (
	"context"

	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/routing"
)

// facts are what the routing rules can ask about an incident.
func (repository) facts(ctx context.Context, q db.Querier, i Incident) (routing.Facts, error) {
	f := routing.Facts{
		Kind: string(Kind), Service: idText(i.ServiceID), Team: idText(i.TeamID), Title: i.Title, Text: i.Title + "\n" + i.Description, Location: i.Location,
		Channel: i.Channel, Priority: i.Priority, Impact: i.Impact, Urgency: i.Urgency, Confidential: i.Confidential,
	}
	rows, _ := q.Query(ctx, `SELECT coalesce((SELECT vip FROM people WHERE id = @requester), false) AS vip,
			ARRAY(WITH RECURSIVE up AS (
				SELECT id, parent_id, 1 AS n FROM incident_categories WHERE id = @category::uuid
				UNION ALL SELECT c.id, c.parent_id, up.n + 1 FROM incident_categories c JOIN up ON c.id = up.parent_id AND up.n < 20
			) SELECT id::text FROM up) AS category,
			ARRAY(WITH RECURSIVE up AS (
				SELECT id, parent_id, 1 AS n FROM departments WHERE id = @department::uuid
				UNION ALL SELECT d.id, d.parent_id, up.n + 1 FROM departments d JOIN up ON d.id = up.parent_id AND up.n < 20
			) SELECT id::text FROM up) AS department`,
		db.Args{"requester": i.RequesterID, "category": i.CategoryID, "department": i.DepartmentID})
	type row struct {
		VIP        bool     `db:"vip"`
		Category   []string `db:"category"`
		Department []string `db:"department"`
	}
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[row])
	f.VIP, f.Category, f.Department = r.VIP, r.Category, r.Department
	return f, db.Map(err)
}
