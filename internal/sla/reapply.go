package sla

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// JobReapply puts the open records that a version covers under it.
const JobReapply = "sla.reapply"

func reapplyLater(u *work.Unit, version uuid.UUID) {
	u.Enqueue(jobs.Job{Kind: JobReapply, Payload: version, Unique: version.String()})
}

// reapply goes through the open records, and classifies anew those for which
// that brings the version. It can be broken off and run again: what is under
// the version is left alone.
func (s *Service) reapply(ctx context.Context, payload json.RawMessage, _ jobs.Run) error {
	var version, after uuid.UUID
	if err := json.Unmarshal(payload, &version); err != nil {
		return jobs.Cancel(err)
	}
	ctx = identity.With(ctx, identity.NewSystem("sla"))
	above, err := s.ancestors(ctx)
	if err != nil {
		return err
	}
	for {
		list, err := s.repo.openAfter(ctx, s.desk.DB, after, recountBatch)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, id := range list {
			if err := s.desk.Do(ctx, func(u *work.Unit) error { return s.reapplyTo(ctx, u, id, version, above) }); err != nil {
				return err
			}
		}
		after = list[len(list)-1]
	}
}

func (s *Service) reapplyTo(ctx context.Context, u *work.Unit, id, version uuid.UUID, above map[uuid.UUID][]uuid.UUID) error {
	b, err := s.Book(ctx, u.Tx)
	if err != nil {
		return err
	}
	list, err := s.repo.openLocked(ctx, u.Tx, id)
	if err != nil || len(list) == 0 {
		return err
	}
	o := list[0]
	e := o.anew(b, u.Now, o.Priority, above)
	if e == nil || deref(e.TermsID) != version && deref(e.TeamTermsID) != version {
		return nil
	}
	ref := record.Ref{Kind: o.Kind, ID: o.ID}
	if err := s.Reclassify(ctx, u, ref, Facts{Priority: o.Priority, ServiceID: o.ServiceID, DepartmentID: o.DepartmentID, RequesterID: o.RequesterID, TeamID: o.TeamID}); err != nil {
		return err
	}
	return u.Record(ctx, ActionReapply, ref, trail.Diff{"promise": {nil, b.reapplied(*e, version)}})
}

// reapplied says for the trail of a record which of its clocks is under a
// version now; Told puts it into words.
func (b *Book) reapplied(e Event, version uuid.UUID) []string {
	metric := Resolution
	if deref(e.TermsID) != version {
		metric = Team
	}
	name := ""
	if v, ok := b.Version(version); ok {
		name = v.NameZh
	}
	return []string{string(metric) + " terms: " + name}
}

// openAfter lists open records with clocks by id.
func (repository) openAfter(ctx context.Context, q db.Querier, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT DISTINCT record_id FROM sla_clocks WHERE state IN ('running', 'paused') AND record_id > @after ORDER BY record_id LIMIT @limit`, db.Args{"after": after, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

// openLocked reads an open record with the last event of its history, once
// whoever else is telling its clocks something is done.
func (repository) openLocked(ctx context.Context, tx db.Tx, id uuid.UUID) ([]openRecord, error) {
	if _, err := tx.Exec(ctx, `SELECT 1 FROM sla_clocks WHERE record_id = @id FOR UPDATE`, db.Args{"id": id}); err != nil {
		return nil, db.Map(err)
	}
	rows, _ := tx.Query(ctx, `SELECT r.id, r.kind, r.priority, r.service_id, r.department_id, r.team_id, r.requester_id, coalesce(p.vip, false), e.n, e.terms_id, e.team_terms_id, e.priority
		FROM records r JOIN LATERAL (SELECT * FROM sla_events e WHERE e.record_id = r.id ORDER BY e.n DESC LIMIT 1) e ON true LEFT JOIN people p ON p.id = r.requester_id
		WHERE r.id = @id AND EXISTS (SELECT 1 FROM sla_clocks k WHERE k.record_id = r.id AND k.state IN ('running', 'paused'))`, db.Args{"id": id})
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (openRecord, error) {
		var o openRecord
		var e Event
		err := row.Scan(&o.ID, &o.Kind, &o.Priority, &o.ServiceID, &o.DepartmentID, &o.TeamID, &o.RequesterID, &o.VIP, &e.N, &e.TermsID, &e.TeamTermsID, &e.Priority)
		o.Events = []Event{e}
		return o, err
	})
	return out, db.Map(err)
}
