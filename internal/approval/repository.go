package approval

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
)

// repository is the only code that writes the tables of approvals.
type repository struct{}

const columns = `id, version, kind, record_id, previous_id, spec, content, hash, status, step, round, stuck, opened_by, opened_at, updated_at, closed_at, look_at`

// from is a process with what the register says of its record.
const from = `SELECT a.id, a.version, a.kind, a.record_id, a.previous_id, a.spec, a.content, a.hash, a.status, a.step, a.round, a.stuck, a.opened_by, a.opened_at, a.updated_at, a.closed_at, a.look_at,
	r.number, r.title, r.confidential FROM approvals a JOIN records r ON r.id = a.record_id WHERE `

func (r repository) one(ctx context.Context, q db.Querier, where string, args db.Args) (*process, error) {
	rows, _ := q.Query(ctx, from+where, args)
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[process])
	if err != nil {
		return nil, db.Map(err)
	}
	return p, r.history(ctx, q, p)
}

// history reads the log and the seats, and works out the state.
func (repository) history(ctx context.Context, q db.Querier, p *process) (err error) {
	rows, _ := q.Query(ctx, `SELECT seq, round, kind, seat_id, member_id, actor_id, to_id, reason, detail, hash, at FROM approval_entries WHERE approval_id = @id ORDER BY seq`, db.Args{"id": p.ID})
	if p.Log, err = pgx.CollectRows(rows, pgx.RowToStructByName[line]); err != nil {
		return db.Map(err)
	}
	rows, _ = q.Query(ctx, `SELECT id, seq, round, position, person_id, source, chair, groups, vetoes, waiver_until FROM approval_seats WHERE approval_id = @id ORDER BY position`, db.Args{"id": p.ID})
	if p.Seats, err = pgx.CollectRows(rows, pgx.RowToStructByName[seat]); err != nil {
		return db.Map(err)
	}
	return p.replay()
}

func (r repository) get(ctx context.Context, q db.Querier, id uuid.UUID) (*process, error) {
	return r.one(ctx, q, `a.id = @id`, db.Args{"id": id})
}

// lock reads a process for changing it: the log cannot grow meanwhile.
func (r repository) lock(ctx context.Context, tx db.Tx, id uuid.UUID) (*process, error) {
	return r.one(ctx, tx, `a.id = @id FOR UPDATE OF a`, db.Args{"id": id})
}

// running locks the process of a record that has not ended; NotFound if there
// is none.
func (r repository) running(ctx context.Context, tx db.Tx, recordID uuid.UUID) (*process, error) {
	return r.one(ctx, tx, `a.record_id = @record AND a.status IN ('open', 'held') FOR UPDATE OF a`, db.Args{"record": recordID})
}

// latest is the process of a record that was opened last.
func (r repository) latest(ctx context.Context, q db.Querier, recordID uuid.UUID) (*process, error) {
	return r.one(ctx, q, `a.record_id = @record ORDER BY a.opened_at DESC, a.id DESC LIMIT 1`, db.Args{"record": recordID})
}

// target finds the record of a process, to lock it first.
func (repository) target(ctx context.Context, q db.Querier, id uuid.UUID) (process, error) {
	rows, _ := q.Query(ctx, from+`a.id = @id`, db.Args{"id": id})
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[process])
	return p, db.Map(err)
}

func (repository) insert(b *pgx.Batch, p *process) {
	b.Queue(`INSERT INTO approvals (`+columns+`)
		VALUES (@id, @version, @kind, @record, @previous, @spec, @content, @hash, @status, @step, @round, @stuck, @opened_by, @opened_at, @updated_at, @closed_at, @look_at)`,
		db.Args{
			"id": p.ID, "version": p.Version, "kind": p.Kind, "record": p.RecordID, "previous": p.PreviousID, "spec": p.Spec, "content": p.Content, "hash": p.Hash,
			"status": p.Status, "step": p.Step, "round": p.Round, "stuck": p.Stuck, "opened_by": p.OpenedBy, "opened_at": p.OpenedAt, "updated_at": p.UpdatedAt,
			"closed_at": p.ClosedAt, "look_at": p.LookAt,
		})
}

func (repository) update(b *pgx.Batch, p *process) {
	b.Queue(`UPDATE approvals SET version = @version, status = @status, step = @step, round = @round, stuck = @stuck, updated_at = @updated_at, closed_at = @closed_at, look_at = @look_at WHERE id = @id`,
		db.Args{
			"id": p.ID, "version": p.Version, "status": p.Status, "step": p.Step, "round": p.Round, "stuck": p.Stuck, "updated_at": p.UpdatedAt,
			"closed_at": p.ClosedAt, "look_at": p.LookAt,
		})
}

func (repository) entry(b *pgx.Batch, approval uuid.UUID, l line) {
	b.Queue(`INSERT INTO approval_entries (approval_id, seq, round, kind, seat_id, member_id, actor_id, to_id, reason, detail, hash, at)
		VALUES (@id, @seq, @round, @kind, @seat, @member, @actor, @to, @reason, @detail, @hash, @at)`,
		db.Args{
			"id": approval, "seq": l.Seq, "round": l.Round, "kind": l.Kind, "seat": l.SeatID, "member": l.Member, "actor": l.ActorID, "to": l.ToID,
			"reason": l.Reason, "detail": l.Detail, "hash": l.Hash, "at": l.At,
		})
}

func (repository) seat(b *pgx.Batch, approval uuid.UUID, s seat) {
	b.Queue(`INSERT INTO approval_seats (id, approval_id, seq, round, position, person_id, source, chair, groups, vetoes, waiver_until)
		VALUES (@seat, @id, @seq, @round, @position, @person, @source, @chair, @groups, @vetoes, @until)`,
		db.Args{
			"seat": s.ID, "id": approval, "seq": s.Seq, "round": s.Round, "position": s.Position, "person": s.Person, "source": s.Source, "chair": s.Chair,
			"groups": s.Groups, "vetoes": s.Vetoes, "until": s.WaiverUntil,
		})
}

func list(ctx context.Context, q db.Querier, sql string, args db.Args) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, sql, args)
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

func (repository) team(ctx context.Context, q db.Querier, team uuid.UUID) ([]uuid.UUID, error) {
	return list(ctx, q, `SELECT person_id FROM team_members WHERE team_id = @team ORDER BY person_id LIMIT 200`, db.Args{"team": team})
}

func (repository) holders(ctx context.Context, q db.Querier, roles []identity.Role, now time.Time) ([]uuid.UUID, error) {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return list(ctx, q, `SELECT DISTINCT g.person_id FROM role_grants g WHERE g.role = ANY(@roles) AND `+identity.Granted+` ORDER BY g.person_id LIMIT 500`, db.Args{"roles": names, "now": now})
}

func (repository) owner(ctx context.Context, q db.Querier, service uuid.UUID) ([]uuid.UUID, error) {
	return list(ctx, q, `SELECT owner_id FROM services WHERE id = @service AND owner_id IS NOT NULL`, db.Args{"service": service})
}

// managers are those of a department and of the ones above it, nearest first.
func (repository) managers(ctx context.Context, q db.Querier, department uuid.UUID) ([]uuid.UUID, error) {
	return list(ctx, q, `WITH RECURSIVE up AS (
			SELECT id, parent_id, manager_id, 1 AS depth FROM departments WHERE id = @id
			UNION ALL SELECT d.id, d.parent_id, d.manager_id, up.depth + 1 FROM departments d JOIN up ON d.id = up.parent_id WHERE up.depth < 50)
		SELECT manager_id FROM up WHERE manager_id IS NOT NULL ORDER BY depth`, db.Args{"id": department})
}

// otherManagers are all who manage a department: the longest there first, so
// that the choice is the same each time.
func (repository) otherManagers(ctx context.Context, q db.Querier) ([]uuid.UUID, error) {
	return list(ctx, q, `SELECT manager_id FROM departments WHERE manager_id IS NOT NULL AND active GROUP BY manager_id ORDER BY min(created_at), manager_id LIMIT 500`, db.Args{})
}

// approvers are members and deputies alike.
func (repository) approvers(ctx context.Context, q db.Querier, recordID uuid.UUID) ([]uuid.UUID, error) {
	return list(ctx, q, `SELECT DISTINCT x.id FROM approvals a JOIN approval_entries e ON e.approval_id = a.id AND e.kind = 'approve',
		LATERAL (VALUES (e.actor_id), (e.member_id)) x (id) WHERE a.record_id = @record`, db.Args{"record": recordID})
}

// following is the process that was opened because this one was void.
func (repository) following(ctx context.Context, q db.Querier, id uuid.UUID) (*uuid.UUID, error) {
	ids, err := list(ctx, q, `SELECT id FROM approvals WHERE previous_id = @id LIMIT 1`, db.Args{"id": id})
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return &ids[0], nil
}
