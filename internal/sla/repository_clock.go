package sla

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// past is what is known of a record before an act, read under the lock that
// its clocks are changed under.
type past struct {
	revision    int64
	registered  bool
	vip         bool
	departments []uuid.UUID
	events      []Event
	fired       map[firedKey]bool
}

type firedKey struct {
	metric Metric
	stint  int
	mark   Mark
	goal   int64 // of the target, in microseconds
}

const eventColumns = `n, at, kind, terms_id, team_terms_id, team_id, priority, reason, pauses, since`

// queuePast reads what is known of a record with the unit's other rows, in one
// round trip. The clocks stay locked until the unit ends.
func (repository) queuePast(b *pgx.Batch, id uuid.UUID, f Facts, into *past) {
	into.fired = map[firedKey]bool{}
	b.Queue(`SELECT n, EXISTS (SELECT 1 FROM records WHERE id = @id), coalesce((SELECT vip FROM people WHERE id = @person::uuid), false),
			ARRAY(WITH RECURSIVE up AS (SELECT id, parent_id FROM departments WHERE id = @department::uuid UNION SELECT d.id, d.parent_id FROM departments d JOIN up ON d.id = up.parent_id) SELECT id FROM up)
		FROM sla_revision`, db.Args{"id": id, "person": f.RequesterID, "department": f.DepartmentID}).QueryRow(func(row pgx.Row) error {
		return row.Scan(&into.revision, &into.registered, &into.vip, &into.departments)
	})
	b.Queue(`SELECT 1 FROM sla_clocks WHERE record_id = @id FOR UPDATE`, db.Args{"id": id})
	b.Queue(`SELECT `+eventColumns+` FROM sla_events WHERE record_id = @id ORDER BY n`, db.Args{"id": id}).Query(func(rows pgx.Rows) (err error) {
		into.events, err = pgx.CollectRows(rows, pgx.RowToStructByName[Event])
		return err
	})
	b.Queue(`SELECT metric, stint, mark, goal_us FROM sla_fired WHERE record_id = @id`, db.Args{"id": id}).Query(func(rows pgx.Rows) error {
		var k firedKey
		_, err := pgx.ForEachRow(rows, []any{&k.metric, &k.stint, &k.mark, &k.goal}, func() error { into.fired[k] = true; return nil })
		return err
	})
}

func (repository) addEvent(b *pgx.Batch, id uuid.UUID, e Event, actor uuid.UUID, now time.Time) {
	b.Queue(`INSERT INTO sla_events (record_id, n, at, kind, terms_id, team_terms_id, team_id, priority, reason, pauses, since, actor_id, created_at)
		VALUES (@id, @n, @at, @kind, @terms, @team_terms, @team, @priority, @reason, @pauses, @since, @actor, @now)`, db.Args{
		"id": id, "n": e.N, "at": e.At, "kind": e.Kind, "terms": e.TermsID, "team_terms": e.TeamTermsID, "team": e.TeamID, "priority": e.Priority, "reason": e.Reason,
		"pauses": e.Pauses, "since": e.Since, "actor": actor, "now": now,
	})
}

// setClock keeps how a clock stands. next is when somebody is to be told.
func (repository) setClock(b *pgx.Batch, id uuid.UUID, c Clock, next *time.Time) {
	b.Queue(`INSERT INTO sla_clocks (record_id, metric, stint, state, terms_id, calendar_id, target, goal_us, spent_us, as_of, started_at, due_at, warn_at, crit_at, ended_at, breached_at, next_at)
		VALUES (@id, @metric, @stint, @state, @terms, @calendar, @target, @goal, @spent, @as_of, @started, @due, @warn, @crit, @ended, @breached, @next)
		ON CONFLICT (record_id, metric) DO UPDATE SET stint = excluded.stint, state = excluded.state, terms_id = excluded.terms_id, calendar_id = excluded.calendar_id,
			target = excluded.target, goal_us = excluded.goal_us, spent_us = excluded.spent_us, as_of = excluded.as_of, started_at = excluded.started_at, due_at = excluded.due_at,
			warn_at = excluded.warn_at, crit_at = excluded.crit_at, ended_at = excluded.ended_at, breached_at = excluded.breached_at, next_at = excluded.next_at`, db.Args{
		"id": id, "metric": c.Metric, "stint": c.Stint, "state": c.State, "terms": c.Rule.TermsID, "calendar": c.Rule.CalendarID, "target": c.Rule.Target,
		"goal": c.Rule.Goal.Microseconds(), "spent": c.Spent.Microseconds(), "as_of": c.As, "started": c.Started, "due": c.Due, "warn": c.Warn, "crit": c.Crit,
		"ended": c.Ended, "breached": c.Breached, "next": next,
	})
}

// dropClock removes a clock that nothing promises any more, such as that of a
// team without an agreement.
func (repository) dropClock(b *pgx.Batch, id uuid.UUID, m Metric) {
	b.Queue(`DELETE FROM sla_clocks WHERE record_id = @id AND metric = @metric`, db.Args{"id": id, "metric": m})
}

// breach notes the fact that a target was missed; the first note stays.
func (repository) breach(b *pgx.Batch, id uuid.UUID, c Clock, due time.Time, e Event, now time.Time) {
	b.Queue(`INSERT INTO sla_breaches (record_id, metric, stint, due_at, detected_at, terms_id, priority, team_id) VALUES (@id, @metric, @stint, @due, @now, @terms, @priority, @team) ON CONFLICT DO NOTHING`,
		db.Args{"id": id, "metric": c.Metric, "stint": c.Stint, "due": due, "now": now, "terms": c.Rule.TermsID, "priority": e.Priority, "team": e.TeamID})
}

func (repository) fire(b *pgx.Batch, id uuid.UUID, k firedKey, due *time.Time, now time.Time, told []uuid.UUID) {
	b.Queue(`INSERT INTO sla_fired (record_id, metric, stint, mark, goal_us, due_at, fired_at, told) VALUES (@id, @metric, @stint, @mark, @goal, @due, @now, @told) ON CONFLICT DO NOTHING`,
		db.Args{"id": id, "metric": k.metric, "stint": k.stint, "mark": k.mark, "goal": k.goal, "due": due, "now": now, "told": list(told)})
}

// Line of a record's clocks as they are kept.
type ClockRow struct {
	RecordID   uuid.UUID  `db:"record_id"`
	Metric     Metric     `db:"metric"`
	Stint      int        `db:"stint"`
	State      State      `db:"state"`
	TermsID    uuid.UUID  `db:"terms_id"`
	CalendarID uuid.UUID  `db:"calendar_id"`
	Target     Target     `db:"target"`
	GoalUS     int64      `db:"goal_us"`
	SpentUS    int64      `db:"spent_us"`
	As         time.Time  `db:"as_of"`
	Started    time.Time  `db:"started_at"`
	Due        *time.Time `db:"due_at"`
	Warn       *time.Time `db:"warn_at"`
	Crit       *time.Time `db:"crit_at"`
	Ended      *time.Time `db:"ended_at"`
	Breached   *time.Time `db:"breached_at"`
	Next       *time.Time `db:"next_at"`
}

const clockColumns = `record_id, metric, stint, state, terms_id, calendar_id, target, goal_us, spent_us, as_of, started_at, due_at, warn_at, crit_at, ended_at, breached_at, next_at`

// clocks reads the clocks of a record, in the order response, resolution, team.
func (repository) clocks(ctx context.Context, q db.Querier, id uuid.UUID) ([]ClockRow, error) {
	rows, _ := q.Query(ctx, `SELECT `+clockColumns+` FROM sla_clocks WHERE record_id = @id ORDER BY array_position(ARRAY['response', 'resolution', 'team'], metric)`, db.Args{"id": id})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[ClockRow])
	return out, db.Map(err)
}

func (repository) events(ctx context.Context, q db.Querier, id uuid.UUID) ([]Event, error) {
	rows, _ := q.Query(ctx, `SELECT `+eventColumns+` FROM sla_events WHERE record_id = @id ORDER BY n`, db.Args{"id": id})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Event])
	return out, db.Map(err)
}
