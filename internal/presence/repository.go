package presence

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
)

// repository is the only code that knows the tables of absences. teams are
// those of the actor.
type repository struct{ teams []uuid.UUID }

const columns = `id, version, person_id, from_at, until_at, substitute_id, note, ended, created_by, created_at, updated_at`

func args(a *Absence) db.Args {
	return db.Args{
		"id": a.ID, "version": a.Version, "person": a.PersonID, "from": a.FromAt, "until": a.UntilAt, "substitute": a.SubstituteID, "note": a.Note, "ended": a.Ended,
		"by": a.CreatedBy, "created": a.CreatedAt, "updated": a.UpdatedAt,
	}
}

// Insert queues a new absence.
func (repository) Insert(b *pgx.Batch, a *Absence) {
	b.Queue(`INSERT INTO absences (`+columns+`) VALUES (@id, @version, @person, @from, @until, @substitute, @note, @ended, @by, @created, @updated)`, args(a))
}

// Update queues the changed absence; its row is locked since ForUpdate.
func (repository) Update(b *pgx.Batch, a *Absence) {
	b.Queue(`UPDATE absences SET version = @version, person_id = @person, from_at = @from, until_at = @until, substitute_id = @substitute, note = @note, ended = @ended,
			created_by = @by, created_at = @created, updated_at = @updated WHERE id = @id AND version = @version - 1`, args(a))
}

// ForUpdate locks and reads one absence.
func (r repository) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Absence, error) {
	rows, _ := tx.Query(ctx, `SELECT `+columns+` FROM absences WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	a, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Absence])
	if err != nil {
		return a, err
	}
	a.team, err = r.shared(ctx, tx, a.PersonID)
	return a, err
}

// shared is a team of the actor that the person is in; the zero id for none.
func (r repository) shared(ctx context.Context, q db.Querier, person uuid.UUID) (uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT team_id FROM team_members WHERE person_id = @person`, db.Args{"person": person})
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	for _, id := range ids {
		if slices.Contains(r.teams, id) {
			return id, nil
		}
	}
	return uuid.Nil, db.Map(err)
}

// serialise lets one absence be entered at a time: rings of substitutes are
// found only by looking at all of them.
func (repository) serialise(ctx context.Context, tx db.Tx) error {
	_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('opsdesk:absences'))`)
	return err
}

// during lists all absences that share time with a span.
func (repository) during(ctx context.Context, q db.Querier, from, until time.Time) ([]Absence, error) {
	rows, _ := q.Query(ctx, `SELECT `+columns+` FROM absences WHERE NOT ended AND until_at > @from AND from_at < @until ORDER BY from_at, id LIMIT 5000`, db.Args{"from": from, "until": until})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Absence])
	return out, db.Map(err)
}

// coming lists the absences of some people that are not over, soonest first.
func (repository) coming(ctx context.Context, q db.Querier, people []uuid.UUID, now time.Time) ([]Absence, error) {
	rows, _ := q.Query(ctx, `SELECT `+columns+` FROM absences WHERE person_id = ANY(@people) AND NOT ended AND until_at > @now ORDER BY from_at, id LIMIT 200`, db.Args{"people": people, "now": now})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Absence])
	return out, db.Map(err)
}

// colleagues lists the active members of some teams.
func (repository) colleagues(ctx context.Context, q db.Querier, teams []uuid.UUID) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT DISTINCT m.person_id FROM team_members m JOIN people p ON p.id = m.person_id AND p.active WHERE m.team_id = ANY(@teams) LIMIT 500`, db.Args{"teams": teams})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

// assignable reports whether a person can be given work at all.
func (repository) assignable(ctx context.Context, q db.Querier, id uuid.UUID, now time.Time) (ok bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM people p WHERE p.id = @id AND p.active AND `+identity.Engineer+`)`, db.Args{"id": id, "now": now}).Scan(&ok)
	return ok, db.Map(err)
}

// leads are the leads of a person's teams.
func (repository) leads(ctx context.Context, q db.Querier, person uuid.UUID) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT DISTINCT t.lead_id FROM team_members m JOIN teams t ON t.id = m.team_id AND t.active WHERE m.person_id = @person AND t.lead_id IS NOT NULL`, db.Args{"person": person})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

func (repository) hours(ctx context.Context, q db.Querier, person uuid.UUID) (*Hours, error) {
	rows, _ := q.Query(ctx, `SELECT work_from, work_to FROM working_hours WHERE person_id = @person`, db.Args{"person": person})
	h, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Hours])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &h, db.Map(err)
}

func (repository) setHours(b *pgx.Batch, person uuid.UUID, h *Hours) {
	if h == nil {
		b.Queue(`DELETE FROM working_hours WHERE person_id = @person`, db.Args{"person": person})
		return
	}
	b.Queue(`INSERT INTO working_hours (person_id, work_from, work_to) VALUES (@person, @from, @to)
		ON CONFLICT (person_id) DO UPDATE SET work_from = excluded.work_from, work_to = excluded.work_to`, db.Args{"person": person, "from": h.From, "to": h.To})
}

// The conditions on `people p` at @now.
const (
	here   = `NOT EXISTS (SELECT 1 FROM absences a WHERE a.person_id = p.id AND NOT a.ended AND a.from_at <= @now AND a.until_at > @now)`
	atWork = `NOT EXISTS (SELECT 1 FROM working_hours w WHERE w.person_id = p.id AND (NOT @workday
		OR NOT (EXTRACT(hour FROM @now AT TIME ZONE p.time_zone) * 60 + EXTRACT(minute FROM @now AT TIME ZONE p.time_zone) >= w.work_from
			AND EXTRACT(hour FROM @now AT TIME ZONE p.time_zone) * 60 + EXTRACT(minute FROM @now AT TIME ZONE p.time_zone) < w.work_to)))`
	seen = `(@seen::timestamptz IS NULL OR EXISTS (SELECT 1 FROM sessions s WHERE s.person_id = p.id AND s.expires_at > @now AND s.last_seen_at > @seen))`
)

// Query says when and how somebody counts as present.
type Query struct {
	Now     time.Time
	Workday bool // of the company's calendar
	// Seen, where set, is since when a signed-in person must have used the desk.
	Seen *time.Time
}

func (x Query) args(more db.Args) db.Args {
	more["now"], more["workday"], more["seen"] = x.Now, x.Workday, x.Seen
	return more
}

// Present lists the engineers of a team who can be given work now: active, not
// away, within their working hours where those are known, and signed in where
// the query asks for it.
func Present(ctx context.Context, q db.Querier, team uuid.UUID, x Query) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT p.id FROM team_members m JOIN people p ON p.id = m.person_id AND p.active
		WHERE m.team_id = @team AND `+identity.Engineer+` AND `+here+` AND `+atWork+` AND `+seen+` ORDER BY p.id LIMIT 500`, x.args(db.Args{"team": team}))
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

// StandIns lists who stands in now for members of a team that are away, where
// they are present themselves.
func StandIns(ctx context.Context, q db.Querier, team uuid.UUID, x Query) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT DISTINCT p.id FROM team_members m
			JOIN absences o ON o.person_id = m.person_id AND NOT o.ended AND o.from_at <= @now AND o.until_at > @now
			JOIN people p ON p.id = o.substitute_id AND p.active
		WHERE m.team_id = @team AND `+identity.Engineer+` AND `+here+` AND `+atWork+` AND `+seen+` ORDER BY p.id LIMIT 500`, x.args(db.Args{"team": team}))
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

// StandIn finds who gets the work of a person now: the person, or, while they
// are away, their substitute or the substitute's. ok is false where the last of
// them is away without a substitute, or can be given no work.
func StandIn(ctx context.Context, q db.Querier, person uuid.UUID, now time.Time) (id uuid.UUID, ok bool, err error) {
	err = q.QueryRow(ctx, standInSQL, db.Args{"people": []uuid.UUID{person}, "now": now, "max": maxChain}).Scan(new(uuid.UUID), &id, &ok)
	return id, ok, db.Map(err)
}

// standInSQL says of each of some people who gets their work now, and whether
// that one can be given any.
const standInSQL = `WITH RECURSIVE chain AS (
			SELECT x.id AS person, x.id, 0 AS n, ARRAY[x.id] AS path FROM unnest(@people::uuid[]) x (id)
			UNION ALL
			SELECT c.person, a.substitute_id, c.n + 1, c.path || a.substitute_id FROM chain c
				JOIN absences a ON a.person_id = c.id AND NOT a.ended AND a.from_at <= @now AND a.until_at > @now
			WHERE c.n < @max AND a.substitute_id IS NOT NULL AND NOT a.substitute_id = ANY(c.path)
		)
		SELECT DISTINCT ON (c.person) c.person, c.id, p.active AND ` + here + ` AND (c.n = 0 OR ` + identity.Engineer + `) FROM chain c JOIN people p ON p.id = c.id ORDER BY c.person, c.n DESC`

// Reachable lists who can be told something now for some people, in their
// order: they themselves, or, while they are away, who stands in for them
// (StandIn). Of whom neither is there nobody is in the list.
func Reachable(ctx context.Context, q db.Querier, people []uuid.UUID, now time.Time) ([]uuid.UUID, error) {
	if len(people) == 0 {
		return nil, nil
	}
	rows, _ := q.Query(ctx, standInSQL, db.Args{"people": people, "now": now, "max": maxChain})
	by := map[uuid.UUID]uuid.UUID{}
	var person, id uuid.UUID
	var ok bool
	if _, err := pgx.ForEachRow(rows, []any{&person, &id, &ok}, func() error {
		if ok {
			by[person] = id
		}
		return nil
	}); err != nil {
		return nil, db.Map(err)
	}
	var out []uuid.UUID
	for _, p := range people {
		if id, ok := by[p]; ok && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out, nil
}

// AwayOf says which of some people are away now.
func AwayOf(ctx context.Context, q db.Querier, people []uuid.UUID, now time.Time) (map[uuid.UUID]Away, error) {
	rows, _ := q.Query(ctx, `SELECT a.person_id, a.until_at, a.substitute_id, coalesce(s.name, '') AS substitute_name FROM absences a LEFT JOIN people s ON s.id = a.substitute_id
		WHERE a.person_id = ANY(@people) AND NOT a.ended AND a.from_at <= @now AND a.until_at > @now`, db.Args{"people": people, "now": now})
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Away])
	out := make(map[uuid.UUID]Away, len(list))
	for _, a := range list {
		out[a.PersonID] = a
	}
	return out, db.Map(err)
}

// zone is the time zone of a person.
func zone(ctx context.Context, q db.Querier, id uuid.UUID) (*time.Location, error) {
	p, err := identity.People(ctx, q, id)
	if err != nil {
		return nil, err
	}
	l, err := time.LoadLocation(p[id].TimeZone)
	if err != nil {
		return time.UTC, nil //nolint:nilerr // a zone this machine does not know: days are those of UTC
	}
	return l, nil
}
