package record

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// Queue adds the register line of a new record to b.
func Queue(b *pgx.Batch, e Entry) {
	b.Queue(`INSERT INTO records (id, kind, number, title, state, category, priority, requester_id, created_by, assignee_id, team_id,
			department_id, service_id, due_at, confidential, created_at, updated_at, closed_at)
		VALUES (@id, @kind, @number, @title, @state, @category, @priority, @requester_id, @created_by, @assignee_id, @team_id,
			@department_id, @service_id, @due_at, @confidential, @created_at, @updated_at, @closed_at)`, e.args())
}

// QueueUpdate adds the changed register line of a record to b.
func QueueUpdate(b *pgx.Batch, e Entry) {
	b.Queue(`UPDATE records SET kind = @kind, number = @number, title = @title, state = @state, category = @category, priority = @priority,
			requester_id = @requester_id, created_by = @created_by, assignee_id = @assignee_id, team_id = @team_id, department_id = @department_id,
			service_id = @service_id, due_at = coalesce(@due_at, due_at), confidential = @confidential, created_at = @created_at, updated_at = @updated_at, closed_at = @closed_at
		WHERE id = @id`, e.args())
}

// QueueDue sets the due instant of a record, nil for none. A record that says
// nothing of one itself (Entry.DueAt) keeps what was set here.
func QueueDue(b *pgx.Batch, id uuid.UUID, due *time.Time) {
	b.Queue(`UPDATE records SET due_at = @due WHERE id = @id`, db.Args{"id": id, "due": due})
}

// Touch rewrites the line of a record as it is, for an act that changes none of
// its fields but leaves something on it: its edition is another afterwards.
// Where id is no record nothing happens.
func Touch(b *pgx.Batch, id uuid.UUID) {
	b.Queue(`UPDATE records SET state = state WHERE id = @id`, db.Args{"id": id})
}

func (e Entry) args() db.Args {
	return db.Args{
		"id": e.ID, "kind": e.Kind, "number": e.Number, "title": e.Title, "state": e.State, "category": e.Category, "priority": e.Priority,
		"requester_id": e.RequesterID, "created_by": e.CreatedBy, "assignee_id": e.AssigneeID, "team_id": e.TeamID, "department_id": e.DepartmentID,
		"service_id": e.ServiceID, "due_at": e.DueAt, "confidential": e.Confidential, "created_at": e.CreatedAt, "updated_at": e.UpdatedAt, "closed_at": e.ClosedAt,
	}
}

// Standing is how one person stands to one record beside the columns of its
// entry.
type Standing struct {
	Watcher     bool `db:"watcher"`
	Named       bool `db:"named"`
	Participant bool `db:"participant"`
}

// StandingOf reads a person's standing to a record at an instant.
func StandingOf(ctx context.Context, q db.Querier, id, person uuid.UUID, now time.Time) (Standing, error) {
	var s Standing
	err := Stand(ctx, q, &s, id, person, now)
	return s, err
}

// Stand is StandingOf together with other small questions about the record, in
// one statement. @id, @person and @now are the record, the person, the instant.
func Stand(ctx context.Context, q db.Querier, s *Standing, id, person uuid.UUID, now time.Time, also ...db.Part) error {
	return db.Ask(ctx, q, append(s.parts(id, person, now), also...)...)
}

// parts ask for the standing as part of another question.
func (s *Standing) parts(id, person uuid.UUID, now time.Time) []db.Part {
	args := db.Args{"id": id, "person": person}
	return []db.Part{
		{SQL: `EXISTS (SELECT 1 FROM record_watchers w WHERE w.record_id = @id AND w.person_id = @person)`, Args: args, To: &s.Watcher},
		{SQL: `EXISTS (SELECT 1 FROM record_named n WHERE n.record_id = @id AND n.person_id = @person AND n.until > @now)`, Args: db.Args{"id": id, "person": person, "now": now}, To: &s.Named},
		{SQL: `EXISTS (SELECT 1 FROM record_participants p WHERE p.record_id = @id AND p.person_id = @person)`, Args: args, To: &s.Participant},
	}
}

// StandingsOf is StandingOf for several people; the keys are those people.
func StandingsOf(ctx context.Context, q db.Querier, id uuid.UUID, persons []uuid.UUID, now time.Time) (map[uuid.UUID]Standing, error) {
	rows, _ := q.Query(ctx, `SELECT x.person,
			EXISTS (SELECT 1 FROM record_watchers w WHERE w.record_id = @id AND w.person_id = x.person) AS watcher,
			EXISTS (SELECT 1 FROM record_named n WHERE n.record_id = @id AND n.person_id = x.person AND n.until > @now) AS named,
			EXISTS (SELECT 1 FROM record_participants p WHERE p.record_id = @id AND p.person_id = x.person) AS participant
		FROM unnest(@persons::uuid[]) x (person)`, db.Args{"id": id, "persons": persons, "now": now})
	out := map[uuid.UUID]Standing{}
	var person uuid.UUID
	var s Standing
	_, err := pgx.ForEachRow(rows, []any{&person, &s.Watcher, &s.Named, &s.Participant}, func() error { out[person] = s; return nil })
	return out, err
}

// StandingsIn is StandingOf for several records; the keys are those in which
// the person is somebody.
func StandingsIn(ctx context.Context, q db.Querier, ids []uuid.UUID, person uuid.UUID, now time.Time) (map[uuid.UUID]Standing, error) {
	rows, _ := q.Query(ctx, `SELECT x.id, bool_or(x.how = 'watcher'), bool_or(x.how = 'named'), bool_or(x.how = 'participant') FROM (
			SELECT w.record_id AS id, 'watcher' AS how FROM record_watchers w WHERE w.record_id = ANY(@ids) AND w.person_id = @person
			UNION ALL SELECT n.record_id, 'named' FROM record_named n WHERE n.record_id = ANY(@ids) AND n.person_id = @person AND n.until > @now
			UNION ALL SELECT p.record_id, 'participant' FROM record_participants p WHERE p.record_id = ANY(@ids) AND p.person_id = @person) x
		GROUP BY x.id`, db.Args{"ids": ids, "person": person, "now": now})
	out := map[uuid.UUID]Standing{}
	var id uuid.UUID
	var s Standing
	_, err := pgx.ForEachRow(rows, []any{&id, &s.Watcher, &s.Named, &s.Participant}, func() error { out[id] = s; return nil })
	return out, db.Map(err)
}

// FindAll lists the entries of some records of a kind that v lets be seen, in
// any order.
func FindAll(ctx context.Context, q db.Querier, v Visibility, kind Kind, ids []uuid.UUID) ([]Entry, error) {
	rows, _ := q.Query(ctx, v.SQL(`SELECT r.* FROM records r WHERE r.id = ANY(@ids) AND r.kind = @kind AND `), v.With(db.Args{"ids": ids, "kind": kind}))
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Entry])
	return out, db.Map(err)
}

// There lists which of some ids are records of a kind, whoever asks.
func There(ctx context.Context, q db.Querier, kind Kind, ids []uuid.UUID) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT id FROM records WHERE id = ANY(@ids) AND kind = @kind ORDER BY id`, db.Args{"ids": ids, "kind": kind})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

// Find returns the entry of one record if v lets it be seen, and a NotFound
// fault otherwise: a hidden record does not exist for the reader.
func Find(ctx context.Context, q db.Querier, v Visibility, id uuid.UUID) (Entry, error) {
	return one(ctx, q, v.SQL(`SELECT r.* FROM records r WHERE r.id = @id AND `), v.With(db.Args{"id": id}))
}

// Get returns the entry of a record whoever asks. It is for components of the
// desk that decide for somebody else, such as notifications; pages use Find.
func Get(ctx context.Context, q db.Querier, id uuid.UUID) (Entry, error) {
	return one(ctx, q, `SELECT r.* FROM records r WHERE r.id = @id`, db.Args{"id": id})
}

// OpenAfter lists the open records of a kind by id, whoever asks. It is for jobs
// that go through all of them.
func OpenAfter(ctx context.Context, q db.Querier, kind Kind, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT id FROM records WHERE kind = @kind AND category IN ('new', 'active', 'pending') AND id > @after ORDER BY id LIMIT @limit`, db.Args{"kind": kind, "after": after, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

// FindNumber is Find by the number people use.
func FindNumber(ctx context.Context, q db.Querier, v Visibility, number string) (Entry, error) {
	return one(ctx, q, v.SQL(`SELECT r.* FROM records r WHERE r.number = @number AND `), v.With(db.Args{"number": number}))
}

func one(ctx context.Context, q db.Querier, sql string, args db.Args) (Entry, error) {
	rows, _ := q.Query(ctx, sql, args)
	e, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Entry])
	return e, db.Map(err)
}

// Watch adds a follower.
func Watch(b *pgx.Batch, id, person, by uuid.UUID, now time.Time) {
	b.Queue(`INSERT INTO record_watchers (record_id, person_id, added_by, added_at) VALUES (@id, @person, @by, @now) ON CONFLICT DO NOTHING`,
		db.Args{"id": id, "person": person, "by": by, "now": now})
}

// Unwatch removes a follower.
func Unwatch(b *pgx.Batch, id, person uuid.UUID) {
	b.Queue(`DELETE FROM record_watchers WHERE record_id = @id AND person_id = @person`, db.Args{"id": id, "person": person})
}

// Watchers lists the followers of a record, at most 200.
func Watchers(ctx context.Context, q db.Querier, id uuid.UUID) ([]uuid.UUID, error) {
	var out []uuid.UUID
	err := db.Ask(ctx, q, WatchersPart(id, &out))
	return out, err
}

// WatchersPart is Watchers as part of another question.
func WatchersPart(id uuid.UUID, to *[]uuid.UUID) db.Part {
	return db.Part{SQL: `ARRAY(SELECT person_id FROM record_watchers WHERE record_id = @id ORDER BY added_at LIMIT 200)`, Args: db.Args{"id": id}, To: to}
}

// Name adds a person to the need-to-know list until an instant, or extends
// their time on it.
func Name(b *pgx.Batch, id, person, by uuid.UUID, reason string, now, until time.Time) {
	b.Queue(`INSERT INTO record_named (record_id, person_id, reason, until, added_by, added_at) VALUES (@id, @person, @reason, @until, @by, @now)
		ON CONFLICT (record_id, person_id) DO UPDATE SET until = greatest(record_named.until, excluded.until), reason = excluded.reason`,
		db.Args{"id": id, "person": person, "reason": reason, "until": until, "by": by, "now": now})
}

// Unname takes a person off the need-to-know list.
func Unname(b *pgx.Batch, id, person uuid.UUID) {
	b.Queue(`DELETE FROM record_named WHERE record_id = @id AND person_id = @person`, db.Args{"id": id, "person": person})
}

// Named is one line of a need-to-know list.
type Named struct {
	PersonID uuid.UUID `db:"person_id"`
	Reason   string    `db:"reason"`
	Until    time.Time `db:"until"`
	AddedBy  uuid.UUID `db:"added_by"`
}

// NamedOn lists who may see a confidential record now.
func NamedOn(ctx context.Context, q db.Querier, id uuid.UUID, now time.Time) ([]Named, error) {
	rows, _ := q.Query(ctx, `SELECT person_id, reason, until, added_by FROM record_named WHERE record_id = @id AND until > @now ORDER BY added_at LIMIT 200`,
		db.Args{"id": id, "now": now})
	return pgx.CollectRows(rows, pgx.RowToStructByName[Named])
}

// Participate notes that a person holds a task or an approval on a record.
func Participate(b *pgx.Batch, id, person uuid.UUID, role string, source uuid.UUID) {
	b.Queue(`INSERT INTO record_participants (record_id, person_id, role, source_id) VALUES (@id, @person, @role, @source) ON CONFLICT DO NOTHING`,
		db.Args{"id": id, "person": person, "role": role, "source": source})
}

// Withdraw ends what Participate noted, for whoever held it.
func Withdraw(b *pgx.Batch, id uuid.UUID, role string, source uuid.UUID) {
	b.Queue(`DELETE FROM record_participants WHERE record_id = @id AND role = @role AND source_id = @source`,
		db.Args{"id": id, "role": role, "source": source})
}

// Standings reads how each of some people stands to a record at an instant; who
// has no standing is missing.
func Standings(ctx context.Context, q db.Querier, id uuid.UUID, people []uuid.UUID, now time.Time) (map[uuid.UUID]Standing, error) {
	rows, _ := q.Query(ctx, `SELECT person_id, bool_or(watcher) AS watcher, bool_or(named) AS named, bool_or(participant) AS participant FROM (
			SELECT person_id, true AS watcher, false AS named, false AS participant FROM record_watchers WHERE record_id = @id AND person_id = ANY(@people)
			UNION ALL SELECT person_id, false, true, false FROM record_named WHERE record_id = @id AND person_id = ANY(@people) AND until > @now
			UNION ALL SELECT person_id, false, false, true FROM record_participants WHERE record_id = @id AND person_id = ANY(@people)) x GROUP BY 1`,
		db.Args{"id": id, "people": people, "now": now})
	out := map[uuid.UUID]Standing{}
	var person uuid.UUID
	var s Standing
	_, err := pgx.ForEachRow(rows, []any{&person, &s.Watcher, &s.Named, &s.Participant}, func() error { out[person] = s; return nil })
	return out, err
}
