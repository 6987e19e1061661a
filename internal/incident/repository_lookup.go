package incident

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
)

// known refuses a category or a service that does not exist or is retired.
func (repository) known(ctx context.Context, q db.Querier, category, service *uuid.UUID) error {
	if category == nil && service == nil {
		return nil
	}
	var c, s *bool
	err := q.QueryRow(ctx, `SELECT (SELECT active FROM incident_categories WHERE id = @category::uuid), (SELECT active FROM services WHERE id = @service::uuid)`,
		db.Args{"category": category, "service": service}).Scan(&c, &s)
	if err != nil {
		return err
	}
	if category != nil && (c == nil || !*c) {
		return fault.OnField("category_id", "validation.unknown")
	}
	if service != nil && (s == nil || !*s) {
		return fault.OnField("service_id", "validation.unknown")
	}
	return nil
}

// assignable refuses a person who is disabled or not an engineer, and a team
// that is retired.
func (repository) assignable(ctx context.Context, q db.Querier, person, team *uuid.UUID, now time.Time) error {
	var p, t bool
	err := q.QueryRow(ctx, `SELECT @person::uuid IS NULL OR EXISTS (SELECT 1 FROM people p WHERE p.id = @person AND p.active AND `+identity.Engineer+`),
			@team::uuid IS NULL OR EXISTS (SELECT 1 FROM teams WHERE id = @team AND active)`, db.Args{"person": person, "team": team, "now": now}).Scan(&p, &t)
	if err != nil {
		return err
	}
	if !p {
		return fault.OnField("assignee_id", "incident.error.not_engineer")
	}
	if !t {
		return fault.OnField("team_id", "validation.unknown")
	}
	return nil
}

// retiredTeams tells which of the teams that some incidents are with are retired.
func (repository) retiredTeams(ctx context.Context, q db.Querier, ids []uuid.UUID) (map[uuid.UUID]int, error) {
	return countBy(ctx, q, `SELECT i.team_id, count(*) FROM incidents i JOIN teams t ON t.id = i.team_id AND NOT t.active WHERE i.id = ANY(@ids) GROUP BY i.team_id`, ids)
}

func (repository) personName(ctx context.Context, q db.Querier, id uuid.UUID) (name string, err error) {
	err = q.QueryRow(ctx, `SELECT name FROM people WHERE id = @id`, db.Args{"id": id}).Scan(&name)
	return name, err
}

// Choice is a category or a service, for forms and lists.
type Choice struct {
	ID           uuid.UUID  `db:"id" json:"id"`
	ParentID     *uuid.UUID `db:"parent_id" json:"parent_id"`
	NameZh       string     `db:"name_zh" json:"name_zh"`
	NameEn       string     `db:"name_en" json:"name_en"`
	Active       bool       `db:"active" json:"active"`
	Confidential bool       `db:"confidential" json:"confidential"`
	TeamID       *uuid.UUID `db:"team_id" json:"team_id"`
	Version      int        `db:"version" json:"version"`
}

func (repository) categories(ctx context.Context, q db.Querier) ([]Choice, error) {
	return choices(ctx, q, `SELECT id, parent_id, name_zh, name_en, active, confidential, team_id, version FROM incident_categories ORDER BY name_zh, name_en, id LIMIT 2000`)
}

func (repository) services(ctx context.Context, q db.Querier) ([]Choice, error) {
	return choices(ctx, q, `SELECT id, NULL::uuid AS parent_id, name_zh, name_en, active, false AS confidential, team_id, version FROM services ORDER BY name_zh, name_en, id LIMIT 2000`)
}

func choices(ctx context.Context, q db.Querier, sql string) ([]Choice, error) {
	return db.Kept(ctx, q, sql, func() ([]Choice, error) {
		rows, _ := q.Query(ctx, sql)
		out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Choice])
		return out, db.Map(err)
	})
}

// Cell is one cell of the priority matrix.
type Cell struct {
	Impact   int `db:"impact" json:"impact"`
	Urgency  int `db:"urgency" json:"urgency"`
	Priority int `db:"priority" json:"priority"`
}

func (repository) matrix(ctx context.Context, q db.Querier) ([]Cell, error) {
	return db.Kept(ctx, q, "incident.matrix", func() ([]Cell, error) {
		rows, _ := q.Query(ctx, `SELECT impact, urgency, priority FROM incident_priorities ORDER BY impact, urgency`)
		out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Cell])
		return out, db.Map(err)
	})
}

// successor finds the open incident that follows an old one for a requester.
func (repository) successor(ctx context.Context, tx db.Tx, old, requester uuid.UUID) (uuid.UUID, error) {
	// The old incident's row serialises two replies that arrive at once.
	if _, err := tx.Exec(ctx, `SELECT 1 FROM incidents WHERE id = @old FOR UPDATE`, db.Args{"old": old}); err != nil {
		return uuid.Nil, err
	}
	rows, _ := tx.Query(ctx, `SELECT i.id FROM record_links l JOIN incidents i ON i.id = l.from_id
		WHERE l.to_id = @old AND l.relation = 'follows' AND i.requester_id = @requester AND i.state NOT IN ('closed', 'cancelled', 'merged') ORDER BY i.created_at DESC LIMIT 1`,
		db.Args{"old": old, "requester": requester})
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil || len(ids) == 0 {
		return uuid.Nil, err
	}
	return ids[0], nil
}

func (repository) categoryBelow(ctx context.Context, q db.Querier, id, child uuid.UUID) (yes bool, err error) {
	err = q.QueryRow(ctx, `WITH RECURSIVE tree AS (SELECT @id::uuid AS id UNION SELECT c.id FROM incident_categories c JOIN tree t ON c.parent_id = t.id)
		SELECT EXISTS (SELECT 1 FROM tree WHERE id = @child)`, db.Args{"id": id, "child": child}).Scan(&yes)
	return yes, err
}

func (repository) saveCategory(b *pgx.Batch, in ChoiceInput, now time.Time) uuid.UUID {
	id := choiceID(in.ID)
	b.Queue(`INSERT INTO incident_categories (id, parent_id, name_zh, name_en, team_id, confidential, active, source, source_key, created_at, updated_at)
		VALUES (@id, @parent, @zh, @en, @team, @confidential, @active, @source, @key, @now, @now)
		ON CONFLICT (id) DO UPDATE SET parent_id = excluded.parent_id, name_zh = excluded.name_zh, name_en = excluded.name_en, team_id = excluded.team_id,
			confidential = excluded.confidential, active = excluded.active, version = incident_categories.version + 1, updated_at = excluded.updated_at`,
		db.Args{"id": id, "parent": in.ParentID, "zh": in.NameZh, "en": in.NameEn, "team": in.TeamID, "confidential": in.Confidential, "active": in.Active, "source": in.Source, "key": in.SourceKey, "now": now})
	return id
}

func choiceID(id *uuid.UUID) uuid.UUID {
	if id != nil {
		return *id
	}
	return uuid.Must(uuid.NewV7())
}

func (repository) nextNumber(ctx context.Context, q db.Querier) (n int64, err error) {
	err = q.QueryRow(ctx, `SELECT nextval('incident_numbers')`).Scan(&n)
	return n, err
}

func (repository) imported(ctx context.Context, q db.Querier, source string, keys []string) (map[string]bool, error) {
	rows, _ := q.Query(ctx, `SELECT source_key FROM incidents WHERE source = @source AND source_key = ANY(@keys)`, db.Args{"source": source, "keys": keys})
	out := map[string]bool{}
	var key string
	_, err := pgx.ForEachRow(rows, []any{&key}, func() error { out[key] = true; return nil })
	return out, err
}

func (repository) categoryBySource(ctx context.Context, q db.Querier, source, key string) (id uuid.UUID, err error) {
	err = q.QueryRow(ctx, `SELECT coalesce((SELECT id FROM incident_categories WHERE source = @source AND source <> '' AND source_key = @key), '00000000-0000-0000-0000-000000000000')`,
		db.Args{"source": source, "key": key}).Scan(&id)
	return id, err
}

// settings are the stored settings of the module; nil where none were set.
func (repository) settings(ctx context.Context, q db.Querier) ([]byte, error) {
	var raw []byte
	err := q.QueryRow(ctx, `SELECT (SELECT value FROM settings WHERE name = 'incident')`).Scan(&raw)
	return raw, db.Map(err)
}

func (repository) saveSettings(b *pgx.Batch, v Settings, by uuid.UUID, now time.Time) {
	b.Queue(`INSERT INTO settings (id, name, value, updated_at, updated_by) VALUES (@id, 'incident', @value, @now, @by)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value, version = settings.version + 1, updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
		db.Args{"id": configID, "value": v, "now": now, "by": by})
}

func (repository) saveCell(b *pgx.Batch, c Cell) {
	b.Queue(`UPDATE incident_priorities SET priority = @priority WHERE impact = @impact AND urgency = @urgency`,
		db.Args{"priority": c.Priority, "impact": c.Impact, "urgency": c.Urgency})
}

// called are the team, the service and the category of an incident; zero values
// where it has none.
func (repository) called(ctx context.Context, q db.Querier, i Incident) (t identity.Team, s, c Choice, err error) {
	err = q.QueryRow(ctx, `SELECT coalesce(t.name_zh, ''), coalesce(t.name_en, ''), coalesce(s.name_zh, ''), coalesce(s.name_en, ''), coalesce(c.name_zh, ''), coalesce(c.name_en, '')
		FROM (SELECT 1) one LEFT JOIN teams t ON t.id = @team::uuid LEFT JOIN services s ON s.id = @service::uuid LEFT JOIN incident_categories c ON c.id = @category::uuid`,
		db.Args{"team": i.TeamID, "service": i.ServiceID, "category": i.CategoryID}).Scan(&t.NameZh, &t.NameEn, &s.NameZh, &s.NameEn, &c.NameZh, &c.NameEn)
	return t, s, c, err
}

// byMatrix are the priorities that incidents would have by a matrix; those that
// somebody chose with a reason are left out.
func (repository) byMatrix(ctx context.Context, q db.Querier, ids []uuid.UUID, priorities map[[2]int]int) (map[uuid.UUID]int, error) {
	rows, _ := q.Query(ctx, `SELECT id, impact, urgency FROM incidents WHERE id = ANY(@ids) AND priority_reason = ''`, db.Args{"ids": ids})
	out := map[uuid.UUID]int{}
	var id uuid.UUID
	var impact, urgency int
	_, err := pgx.ForEachRow(rows, []any{&id, &impact, &urgency}, func() error { out[id] = priorities[[2]int{impact, urgency}]; return nil })
	return out, db.Map(err)
}
