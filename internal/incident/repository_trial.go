package incident

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
	"opsdesk/internal/routing"
)

// past is what rules can ask about an incident of the past: as it is now, which
// is what people made of it.
type past struct {
	ID           uuid.UUID  `db:"id"`
	Number       int64      `db:"number"`
	Title        string     `db:"title"`
	Description  string     `db:"description"`
	Channel      string     `db:"channel"`
	Impact       int        `db:"impact"`
	Urgency      int        `db:"urgency"`
	Computed     int        `db:"computed"` // priority by the matrix
	CategoryID   *uuid.UUID `db:"category_id"`
	ServiceID    *uuid.UUID `db:"service_id"`
	Location     string     `db:"location"`
	DepartmentID *uuid.UUID `db:"department_id"`
	TeamID       *uuid.UUID `db:"team_id"`
	Confidential bool       `db:"confidential"`
	VIP          bool       `db:"vip"`
	ReportedAt   time.Time  `db:"reported_at"`
	CreatedAt    time.Time  `db:"created_at"`
	FirstTeam    *uuid.UUID `db:"first_team"` // that its category or service names
}

func (p past) label() string { return Label(p.Number) }

// facts puts the incident the way it came in: with the priority of the matrix
// and the team of its category.
func (p past) facts(t trees) routing.Facts {
	return routing.Facts{
		Kind: string(Kind), Category: t.categories.path(p.CategoryID), Service: idText(p.ServiceID), Department: t.departments.path(p.DepartmentID), Team: idText(p.FirstTeam),
		Title: p.Title, Text: p.Title + "\n" + p.Description, Location: p.Location, Channel: p.Channel, Priority: p.Computed, Impact: p.Impact, Urgency: p.Urgency,
		VIP: p.VIP, Confidential: p.Confidential,
	}
}

type pastCursor struct {
	At time.Time
	ID uuid.UUID
}

// madeSince counts the incidents that a reader may see of a time, up to limit.
func (repository) madeSince(ctx context.Context, q db.Querier, v record.Visibility, since time.Time, limit int) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM (`+v.SQL(`SELECT 1 FROM records r WHERE r.kind = 'incident' AND r.created_at >= @since AND `, ` LIMIT @limit`)+`) x`,
		v.With(db.Args{"since": since, "limit": limit})).Scan(&n)
	return n, db.Map(err)
}

// past reads one page of them, newest first.
func (repository) past(ctx context.Context, q db.Querier, v record.Visibility, since time.Time, after *pastCursor, limit int) ([]past, error) {
	if after == nil {
		after = &pastCursor{At: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	}
	rows, _ := q.Query(ctx, pastSQL(v), v.With(db.Args{"since": since, "at": after.At, "id": after.ID, "limit": limit}))
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[past])
	return out, db.Map(err)
}

// pastSQL finds the page first: what it shows of each is looked up for these
// only.
func pastSQL(v record.Visibility) string {
	return v.SQL(`SELECT i.id, i.number, i.title, i.description, i.channel, i.impact, i.urgency, m.priority AS computed, i.category_id, i.service_id, i.location,
			i.department_id, i.team_id, i.confidential, p.vip, i.reported_at, r.created_at, coalesce(c.team_id, s.team_id, (SELECT (value->>'default_team')::uuid FROM settings WHERE name = 'incident')) AS first_team
		FROM (SELECT r.id, r.created_at FROM records r WHERE r.kind = 'incident' AND r.created_at >= @since AND (r.created_at, r.id) < (@at::timestamptz, @id::uuid) AND `,
		` ORDER BY r.created_at DESC, r.id DESC LIMIT @limit) r JOIN incidents i ON i.id = r.id JOIN people p ON p.id = i.requester_id
			JOIN incident_priorities m ON m.impact = i.impact AND m.urgency = i.urgency LEFT JOIN incident_categories c ON c.id = i.category_id LEFT JOIN services s ON s.id = i.service_id
		ORDER BY r.created_at DESC, r.id DESC`)
}

// tree is a child → parent table.
type tree map[uuid.UUID]*uuid.UUID

// path lists an id and all above it.
func (t tree) path(id *uuid.UUID) []string {
	var out []string
	for range 20 {
		if id == nil {
			break
		}
		out = append(out, id.String())
		id = t[*id]
	}
	return out
}

type trees struct{ categories, departments tree }

func (repository) trees(ctx context.Context, q db.Querier) (trees, error) {
	read := func(sql string) (tree, error) {
		rows, _ := q.Query(ctx, sql)
		t := tree{}
		var id uuid.UUID
		var parent *uuid.UUID
		_, err := pgx.ForEachRow(rows, []any{&id, &parent}, func() error { t[id] = parent; return nil })
		return t, db.Map(err)
	}
	c, err := read(`SELECT id, parent_id FROM incident_categories LIMIT 20000`)
	if err != nil {
		return trees{}, err
	}
	d, err := read(`SELECT id, parent_id FROM departments LIMIT 20000`)
	return trees{c, d}, err
}

// titles reads the titles of those of some incidents that a reader may see.
func (repository) titles(ctx context.Context, q db.Querier, v record.Visibility, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	rows, _ := q.Query(ctx, v.SQL(`SELECT r.id, r.title FROM records r WHERE r.id = ANY(@ids) AND `), v.With(db.Args{"ids": ids}))
	out := map[uuid.UUID]string{}
	var id uuid.UUID
	var title string
	_, err := pgx.ForEachRow(rows, []any{&id, &title}, func() error { out[id] = title; return nil })
	return out, db.Map(err)
}
