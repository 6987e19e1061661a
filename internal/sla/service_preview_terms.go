package sla

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// openRecord is an open record with clocks, its history of time and what its
// terms are picked by.
type openRecord struct {
	life
	ID           uuid.UUID
	Priority     int
	ServiceID    *uuid.UUID
	DepartmentID *uuid.UUID
	TeamID       *uuid.UUID
	RequesterID  *uuid.UUID
	VIP          bool
}

// PreviewDraft says what a version of an agreement would do to the open records
// that the actor may see, were it in force and they classified anew now. Nothing
// is changed.
func (s *Service) PreviewDraft(ctx context.Context, in DraftInput) (Preview, error) {
	who, err := s.desk.Permit(ctx, ActionDraft)
	if err != nil {
		return Preview{}, err
	}
	if err := validate.Struct(in); err != nil {
		return Preview{}, err
	}
	v := Version{ID: work.NewID(), AgreementID: work.NewID(), Kind: in.Kind, TeamID: in.TeamID, Authors: []uuid.UUID{who.ID}, reader: who}
	if in.AgreementID != nil {
		v.AgreementID = *in.AgreementID
		if v.Kind, v.TeamID, err = s.repo.agreement(ctx, s.desk.DB, v.AgreementID); err != nil {
			return Preview{}, err
		}
	}
	if v.Kind == "" {
		v.Kind = "sla"
	}
	if (v.Kind == "ola") != (v.TeamID != nil) {
		return Preview{}, fault.OnField("team_id", "constraint.sla_agreements_team")
	}
	if err := s.fill(ctx, s.desk.DB, &v, in); err != nil {
		return Preview{}, err
	}
	return s.previewVersion(ctx, v)
}

// PreviewVersion is PreviewDraft for a version as it was written.
func (s *Service) PreviewVersion(ctx context.Context, id uuid.UUID) (Preview, error) {
	v, err := s.Agreement(ctx, id)
	if err != nil {
		return Preview{}, err
	}
	return s.previewVersion(ctx, v)
}

func (s *Service) previewVersion(ctx context.Context, v Version) (Preview, error) {
	return s.previewAnew(ctx, func(b *Book, now time.Time) { b.propose(v, now) }, nil)
}

// Priorities answers which priority records would have; those it leaves out
// keep theirs.
type Priorities func(ctx context.Context, q db.Querier, ids []uuid.UUID) (map[uuid.UUID]int, error)

// PreviewPriorities says what other priorities would do to the open records
// that the actor may see.
func (s *Service) PreviewPriorities(ctx context.Context, priorities Priorities) (Preview, error) {
	return s.previewAnew(ctx, nil, priorities)
}

// propose puts a version into the book as if it held from an instant on.
func (b *Book) propose(v Version, at time.Time) {
	v.State = Approved
	if v.ValidFrom.After(at) {
		v.ValidFrom = at
	}
	b.versions[v.ID] = &v
	before := func(list []*Version) []*Version { // the latest of its agreement
		out := []*Version{&v}
		for _, x := range list {
			if x.AgreementID != v.AgreementID {
				out = append(out, x)
			}
		}
		return out
	}
	if v.Kind == "ola" {
		b.byTeam[*v.TeamID] = before(b.byTeam[*v.TeamID])
		return
	}
	b.agreed = before(b.agreed)
}

// previewAnew counts open clocks as they are, and as they would be if their
// records were classified anew now by a changed book.
func (s *Service) previewAnew(ctx context.Context, change func(*Book, time.Time), priorities Priorities) (Preview, error) {
	var p Preview
	n, err := s.repo.revision(ctx, s.desk.DB)
	if err != nil {
		return p, err
	}
	now, err := s.bookAt(ctx, s.desk.DB, n)
	if err != nil {
		return p, err
	}
	then := now
	at := s.desk.Now()
	if change != nil {
		if then, err = s.read(ctx, s.desk.DB, n); err != nil {
			return p, err
		}
		change(then, at)
	}
	open, err := s.openRecords(ctx, previewLooked+1)
	if err != nil {
		return p, err
	}
	if p.Bounded = len(open) > previewLooked; p.Bounded {
		open = open[:previewLooked]
	}
	above, err := s.ancestors(ctx)
	if err != nil {
		return p, err
	}
	var others map[uuid.UUID]int
	if priorities != nil {
		var ids []uuid.UUID
		for _, o := range open {
			ids = append(ids, o.ID)
		}
		if others, err = priorities(ctx, s.desk.DB, ids); err != nil {
			return p, err
		}
	}
	t := s.tally(at)
	for _, o := range open {
		priority := o.Priority
		if n := others[o.ID]; n > 0 {
			priority = n
		}
		e := o.anew(then, at, priority, above)
		if e == nil {
			continue
		}
		t.compare(o.life, now.Rule, then.Rule, append(o.Events[:len(o.Events):len(o.Events)], *e), nil)
	}
	return t.preview(p.Bounded), nil
}

// anew is the event of classifying a record anew by a book; nil if that changes
// nothing.
func (o openRecord) anew(b *Book, at time.Time, priority int, above map[uuid.UUID][]uuid.UUID) *Event {
	last := o.Events[len(o.Events)-1]
	e := Event{N: len(o.Events) + 1, At: at, Kind: Reclassified, Priority: priority, TeamID: o.TeamID}
	if v, ok := b.Select(Subject{Kind: o.Kind, Service: o.ServiceID, Departments: above[deref(o.DepartmentID)], VIP: o.VIP}, at); ok {
		e.TermsID = &v.ID
	}
	if o.TeamID != nil {
		if v, ok := b.SelectTeam(*o.TeamID, at); ok {
			e.TeamTermsID = &v.ID
		}
	}
	if deref(e.TermsID) == deref(last.TermsID) && deref(e.TeamTermsID) == deref(last.TeamTermsID) && e.Priority == last.Priority {
		return nil
	}
	return &e
}

// ancestors are each department with those above it.
func (s *Service) ancestors(ctx context.Context) (map[uuid.UUID][]uuid.UUID, error) {
	rows, _ := s.desk.DB.Query(ctx, `SELECT id, parent_id FROM departments ORDER BY id LIMIT 5000`)
	parents := map[uuid.UUID]*uuid.UUID{}
	var id uuid.UUID
	var parent *uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&id, &parent}, func() error { parents[id] = parent; return nil })
	out := map[uuid.UUID][]uuid.UUID{}
	for id := range parents {
		for at, n := &id, 0; at != nil && n < 30; at, n = parents[*at], n+1 {
			out[id] = append(out[id], *at)
		}
	}
	return out, db.Map(err)
}

// openRecords reads the open records with clocks that the actor may see, the
// longest running first.
func (s *Service) openRecords(ctx context.Context, limit int) ([]openRecord, error) {
	v, err := s.desk.VisibilityAcross(ctx)
	if err != nil {
		return nil, err
	}
	return s.repo.openRecords(ctx, s.desk.DB, v, limit)
}

func openRecordsSQL(v record.Visibility, limit int) (string, db.Args) {
	return v.SQL(`WITH due AS (SELECT r.id, r.number, r.title, r.kind, r.priority, r.service_id, r.department_id, r.team_id, r.requester_id FROM records r
			WHERE r.category IN ('new', 'active', 'pending') AND EXISTS (SELECT 1 FROM sla_clocks k WHERE k.record_id = r.id AND k.state IN ('running', 'paused')) AND `,
		` ORDER BY r.created_at, r.id LIMIT @limit)
		SELECT due.id, due.number, due.title, due.kind, due.priority, due.service_id, due.department_id, due.team_id, coalesce(p.vip, false),
			e.n, e.at, e.kind, e.terms_id, e.team_terms_id, e.team_id, e.priority, e.reason, e.pauses, e.since
		FROM due JOIN sla_events e ON e.record_id = due.id LEFT JOIN people p ON p.id = due.requester_id ORDER BY due.number, e.n`), v.With(db.Args{"limit": limit})
}

func (repository) openRecords(ctx context.Context, q db.Querier, v record.Visibility, limit int) ([]openRecord, error) {
	sql, args := openRecordsSQL(v, limit)
	rows, _ := q.Query(ctx, sql, args)
	var out []openRecord
	var o openRecord
	var e Event
	_, err := pgx.ForEachRow(rows, []any{
		&o.ID, &o.Number, &o.Title, &o.Kind, &o.Priority, &o.ServiceID, &o.DepartmentID, &o.TeamID, &o.VIP,
		&e.N, &e.At, &e.Kind, &e.TermsID, &e.TeamTermsID, &e.TeamID, &e.Priority, &e.Reason, &e.Pauses, &e.Since,
	}, func() error {
		if n := len(out); n == 0 || out[n-1].ID != o.ID {
			fresh := o
			fresh.Events = nil
			out = append(out, fresh)
		}
		last := &out[len(out)-1]
		last.Events = append(last.Events, e)
		return nil
	})
	return out, db.Map(err)
}
