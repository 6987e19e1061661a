package change

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

const meetingColumns = `id, version, number, state, begins_at, ends_at, place, chair_id, present, agenda, remarks, closed_at, quorate, attendance, reminded_at, created_by, created_at, updated_at`

// meetings is the store of meetings.
type meetings struct{}

func meetingArgs(m *Meeting) db.Args {
	return db.Args{
		"id": m.ID, "version": m.Version, "state": m.State, "begins_at": m.BeginsAt, "ends_at": m.EndsAt, "place": m.Place, "chair_id": m.ChairID, "present": nonNil(m.Present),
		"agenda": nonNil(m.Agenda), "remarks": m.Remarks, "closed_at": m.ClosedAt, "quorate": m.Quorate, "attendance": m.Attendance, "reminded_at": m.RemindedAt, "created_by": m.CreatedBy, "created_at": m.CreatedAt, "updated_at": m.UpdatedAt,
	}
}

// Insert queues a new meeting.
func (meetings) Insert(b *pgx.Batch, m *Meeting) {
	b.Queue(`INSERT INTO change_meetings (id, version, state, begins_at, ends_at, place, chair_id, present, agenda, remarks, closed_at, quorate, attendance, reminded_at, created_by, created_at, updated_at)
		VALUES (@id, @version, @state, @begins_at, @ends_at, @place, @chair_id, @present, @agenda, @remarks, @closed_at, @quorate, @attendance, @reminded_at, @created_by, @created_at, @updated_at)`, meetingArgs(m))
}

// Update queues the changed meeting.
func (meetings) Update(b *pgx.Batch, m *Meeting) {
	args := meetingArgs(m)
	delete(args, "created_by")
	delete(args, "created_at")
	b.Queue(`UPDATE change_meetings SET version = @version, state = @state, begins_at = @begins_at, ends_at = @ends_at, place = @place, chair_id = @chair_id, present = @present, agenda = @agenda,
		remarks = @remarks, closed_at = @closed_at, quorate = @quorate, attendance = @attendance, reminded_at = @reminded_at, updated_at = @updated_at WHERE id = @id AND version = @version - 1`, args)
}

// ForUpdate locks and reads one meeting.
func (meetings) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Meeting, error) {
	rows, _ := tx.Query(ctx, `SELECT `+meetingColumns+` FROM change_meetings WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Meeting])
}

func (meetings) get(ctx context.Context, q db.Querier, id uuid.UUID) (Meeting, error) {
	rows, _ := q.Query(ctx, `SELECT `+meetingColumns+` FROM change_meetings WHERE id = @id`, db.Args{"id": id})
	m, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Meeting])
	return m, db.Map(err)
}

// meetingPlace is where a list of meetings goes on.
type meetingPlace struct {
	At time.Time `json:"at"`
	ID uuid.UUID `json:"id"`
}

// list is the meetings, the latest first, after a place in them.
func (meetings) list(ctx context.Context, q db.Querier, after *meetingPlace, limit int) ([]Meeting, error) {
	cond, args := "", db.Args{"limit": limit}
	if after != nil {
		cond, args["at"], args["after"] = " WHERE (begins_at, id) < (@at, @after)", after.At, after.ID
	}
	rows, _ := q.Query(ctx, `SELECT `+meetingColumns+` FROM change_meetings`+cond+` ORDER BY begins_at DESC, id DESC LIMIT @limit`, args)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Meeting])
	return out, db.Map(err)
}

// waiting are the changes that are being reviewed and that v lets through, those
// whose window begins first first.
func (meetings) waiting(ctx context.Context, q db.Querier, v record.Visibility, limit int) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, v.SQL(`SELECT r.id FROM records r WHERE r.kind = 'change' AND r.state = 'reviewing' AND r.category IN ('new', 'active', 'pending') AND `,
		` ORDER BY coalesce(r.due_at, 'infinity'::timestamptz), r.id LIMIT @limit`), v.With(db.Args{"limit": limit}))
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

// visible says which of some changes v lets through.
func (meetings) visible(ctx context.Context, q db.Querier, v record.Visibility, ids []uuid.UUID) (map[uuid.UUID]bool, error) {
	rows, _ := q.Query(ctx, v.SQL(`SELECT r.id FROM records r WHERE r.id = ANY(@ids) AND `, ``), v.With(db.Args{"ids": ids}))
	out := map[uuid.UUID]bool{}
	var id uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&id}, func() error { out[id] = true; return nil })
	return out, db.Map(err)
}

// agenda reads the changes of an agenda, as far as v lets them through.
func (r repository) agenda(ctx context.Context, q db.Querier, v record.Visibility, ids []uuid.UUID) (map[uuid.UUID]Change, error) {
	rows, _ := q.Query(ctx, v.SQL(`SELECT `+columnList+` FROM changes WHERE id = ANY(ARRAY(SELECT r.id FROM records r WHERE r.id = ANY(@ids) AND `, `))`), v.With(db.Args{"ids": ids}))
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Change])
	out := make(map[uuid.UUID]Change, len(list))
	for _, c := range list {
		out[c.ID] = c
	}
	return out, db.Map(err)
}

// states are those of changes, whoever may see them: for minutes, which say
// how each stood.
func (repository) states(ctx context.Context, q db.Querier, ids []uuid.UUID) (map[uuid.UUID]State, error) {
	rows, _ := q.Query(ctx, `SELECT id, state FROM changes WHERE id = ANY(@ids)`, db.Args{"ids": ids})
	out := map[uuid.UUID]State{}
	var id uuid.UUID
	var s State
	_, err := pgx.ForEachRow(rows, []any{&id, &s}, func() error { out[id] = s; return nil })
	return out, db.Map(err)
}
