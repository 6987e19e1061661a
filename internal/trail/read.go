package trail

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/authz"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
)

// Since is what others did to a record after a version was read: the fields
// they changed, and who came last.
type Since struct {
	Fields map[string]bool
	By     string
	ByID   uuid.UUID
	At     time.Time
}

// ChangedSince collects the changes to a record after version. It lets an edit
// merge with others that touched different fields.
func ChangedSince(ctx context.Context, q db.Querier, id uuid.UUID, version int) (Since, error) {
	s := Since{Fields: map[string]bool{}}
	rows, _ := q.Query(ctx, `SELECT id, `+columns+` FROM trail_entries
		WHERE record_id = @id AND version > @version AND outcome = 'success' ORDER BY id`, db.Args{"id": id, "version": version})
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Entry])
	if err != nil {
		return s, err
	}
	for _, e := range list {
		d, err := e.Changes()
		if err != nil {
			return s, err
		}
		for f := range d {
			s.Fields[f] = true
		}
		s.By, s.ByID, s.At = e.ActorName, e.ActorID, e.At
	}
	return s, nil
}

// Undoes is the field by which an act says which version of the record it takes
// back.
const Undoes = "undoes"

// Undone reports whether the act that made a version of a record was taken
// back.
func Undone(ctx context.Context, q db.Querier, id uuid.UUID, version int) (yes bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM trail_entries WHERE record_id = @id AND version = @version + 1 AND outcome = 'success'
		AND (diff::jsonb -> 'undoes' ->> 1)::int = @version)`, db.Args{"id": id, "version": version}).Scan(&yes)
	return yes, db.Map(err)
}

// OfVersion is the act that made a version of a record.
func OfVersion(ctx context.Context, q db.Querier, id uuid.UUID, version int) (Entry, error) {
	rows, _ := q.Query(ctx, `SELECT id, `+columns+` FROM trail_entries WHERE record_id = @id AND version = @version AND outcome = 'success' ORDER BY id DESC LIMIT 1`,
		db.Args{"id": id, "version": version})
	e, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Entry])
	return e, db.Map(err)
}

// ReadConfidential is how the trail names that a person read a confidential
// record. It is no act on the record: no list of what was done to it has it.
const ReadConfidential authz.Action = "ticket.read_confidential"

// ReadSince reports whether the trail says that a person read a confidential
// record at since or later.
func ReadSince(ctx context.Context, q db.Querier, record, person uuid.UUID, since time.Time) (there bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM trail_entries WHERE record_id = @record AND actor_id = @person AND action = @action AND at >= @since)`,
		db.Args{"record": record, "person": person, "action": ReadConfidential, "since": since}).Scan(&there)
	return there, db.Map(err)
}

// OfRecord lists the successful acts on one record, oldest first, at most
// limit of the newest. Access to the record is the caller's to check.
func OfRecord(ctx context.Context, q db.Querier, id uuid.UUID, limit int) ([]Entry, error) {
	rows, _ := q.Query(ctx, `SELECT * FROM (
			SELECT id, `+columns+` FROM trail_entries WHERE record_id = @id AND outcome = 'success' AND action <> @read ORDER BY id DESC LIMIT @limit
		) newest ORDER BY occurred_at, id`, db.Args{"id": id, "limit": limit, "read": ReadConfidential})
	return pgx.CollectRows(rows, pgx.RowToStructByName[Entry])
}

// Filter narrows a reading of the whole trail; zero values mean any.
type Filter struct {
	Number  string
	Actor   string // beginning of the name
	Action  string
	Outcome Outcome
	Record  *uuid.UUID
	From    *time.Time
	To      *time.Time
	Kinds   []string // of these kinds only; nil: all
	Reader  uuid.UUID
	Now     time.Time
	Before  int64 // keyset: ids below; 0 begins at the newest
	Limit   int
}

// List reads entries, newest first. Entries about a confidential record are
// there only for readers who are named on it.
func List(ctx context.Context, q db.Querier, f Filter) ([]Entry, error) {
	rows, _ := q.Query(ctx, `SELECT e.id, `+prefixed+` FROM trail_entries e LEFT JOIN records r ON r.id = e.record_id
		WHERE (@before = 0 OR e.id < @before)
			AND (@number = '' OR e.number = @number)
			AND (@actor = '' OR starts_with(lower(e.actor_name), lower(@actor)))
			AND (@action = '' OR e.action = @action)
			AND (@outcome = '' OR e.outcome = @outcome)
			AND (@record::uuid IS NULL OR e.record_id = @record)
			AND (@from::timestamptz IS NULL OR e.at >= @from) AND (@to::timestamptz IS NULL OR e.at < @to)
			AND (@kinds::text[] IS NULL OR e.kind = ANY(@kinds))
			AND (r.id IS NULL OR NOT r.confidential OR EXISTS (SELECT 1 FROM record_named n WHERE n.record_id = r.id AND n.person_id = @reader AND n.until > @now))
		ORDER BY e.id DESC LIMIT @limit`,
		db.Args{
			"before": f.Before, "number": f.Number, "actor": f.Actor, "action": f.Action, "outcome": f.Outcome, "record": f.Record, "from": f.From, "to": f.To,
			"kinds": f.Kinds, "reader": f.Reader, "now": f.Now, "limit": f.Limit,
		})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Entry])
	return out, db.Map(err)
}

// Find reads one entry under the same rule as List.
func Find(ctx context.Context, q db.Querier, f Filter, id int64) (Entry, error) {
	f.Before, f.Limit = id+1, 1
	list, err := List(ctx, q, f)
	if err != nil {
		return Entry{}, err
	}
	if len(list) == 0 || list[0].ID != id {
		return Entry{}, fault.New(fault.NotFound, "error.not_found")
	}
	return list[0], nil
}

var prefixed = "e." + strings.ReplaceAll(columns, ", ", ", e.")
