package incident

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/authz"
	"opsdesk/internal/comment"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/markup"
	"opsdesk/internal/record"
	"opsdesk/internal/sla"
	"opsdesk/internal/trail"
)

// maxDossiers bounds what is kept of incidents that were looked at, in bytes of
// what they take there: some hundred usual ones.
const maxDossiers = 4 << 20

// dossier is all that belongs to an incident's edition (record.Edition), whoever
// reads it: what a reader may not see is taken out for each. It is shared by
// those who read at once, and must not be changed.
type dossier struct {
	entry    record.Entry
	incident Incident
	clocks   []sla.ClockRow
	said     []comment.Comment // replies, then notes
	acts     []deed
	files    []attachment.File
	tasks    []Task
	watchers []uuid.UUID
	has      has

	told markup.Shelf // how it was put into words
}

// deed is an entry of the trail with what it changed.
type deed struct {
	trail.Entry
	diff trail.Diff
}

// has is what there is of what few incidents have. Links, items and what was
// merged into it show others' records, and are read for each reader.
type has struct{ tasks, files, links, items, absorbed bool }

// dossier returns the dossier of an incident that the actor may see (v), and how
// they stand to it. also are questions that travel with the first.
//
// Of an incident that was looked at lately one statement asks for the edition
// it is in, and most often that is the one that is kept. Otherwise the edition
// is asked for together with everything else, and before it: what is read after
// it may be newer, and is then read again by the next who asks.
func (s *Service) dossier(ctx context.Context, v record.Visibility, id uuid.UUID, also []db.Part) (*dossier, authz.Facts, error) {
	ref := record.Ref{Kind: Kind, ID: id}
	if s.dossiers.Knows(id) {
		var x *dossier
		facts, known, err := s.desk.Glance(ctx, ref, func(e record.Edition) (_ record.Entry, ok bool) {
			if x, ok = s.dossiers.Get(id, e); ok {
				return x.entry, true
			}
			return record.Entry{}, false
		}, also...)
		if err != nil || known {
			return x, facts, err
		}
	}
	var edition record.Edition
	var facts authz.Facts
	var err error
	x := &dossier{}
	if x.entry, facts, err = s.desk.SeeWith(ctx, ref, append(also, v.EditionPart(id, &edition)), x.reads(ctx, s, id)...); err != nil {
		return nil, facts, err
	}
	if err := db.Together(ctx, s.desk.DB, x.more(ctx, s, id)...); err != nil {
		return nil, facts, db.Map(err)
	}
	x.told.Most = x.weight()
	s.dossiers.Put(id, edition, x.weight()+x.told.Most, x)
	return x, facts, nil
}

// asks are the questions about what there is, all of one statement, with the
// followers, who are as few.
func (x *dossier) asks(s *Service, id uuid.UUID) []db.Part {
	return []db.Part{
		s.repo.anyTask(id, &x.has.tasks), attachment.Any(id, true, &x.has.files), record.AnyLinkFrom(id, &x.has.links), record.AnyItem(id, &x.has.items),
		s.repo.anyAbsorbed(id, &x.has.absorbed), record.WatchersPart(id, &x.watchers),
	}
}

// reads read what nearly every incident has, and what else there is.
func (x *dossier) reads(ctx context.Context, s *Service, id uuid.UUID) []func(db.Querier) error {
	return []func(db.Querier) error{
		func(q db.Querier) (err error) { x.incident, err = s.repo.get(ctx, q, id); return err },
		func(q db.Querier) (err error) { x.clocks, err = s.sla.Clocks(ctx, q, id); return err },
		func(q db.Querier) (err error) {
			x.said, err = comment.Said(ctx, q, id, true, timelineLimit)
			return err
		},
		func(q db.Querier) error { return x.readActs(ctx, q, id) },
		func(q db.Querier) error { return db.Ask(ctx, q, x.asks(s, id)...) },
	}
}

// more read what turned out to be there.
func (x *dossier) more(ctx context.Context, s *Service, id uuid.UUID) (reads []func(db.Querier) error) {
	if x.has.tasks {
		reads = append(reads, func(q db.Querier) (err error) { x.tasks, err = s.repo.tasks(ctx, q, id); return err })
	}
	if x.has.files {
		reads = append(reads, func(q db.Querier) (err error) { x.files, err = attachment.List(ctx, q, id, true); return err })
	}
	return reads
}

func (x *dossier) readActs(ctx context.Context, q db.Querier, id uuid.UUID) error {
	entries, err := trail.OfRecord(ctx, q, id, timelineLimit)
	if err != nil {
		return err
	}
	x.acts = make([]deed, len(entries))
	for n, e := range entries {
		x.acts[n].Entry = e
		if x.acts[n].diff, err = e.Changes(); err != nil {
			return err
		}
	}
	return nil
}

// weight is about how many bytes of memory a dossier takes, without its words,
// which may take as much.
func (x *dossier) weight() int {
	n := 2000 + len(x.incident.Description) + len(x.incident.Cause) + len(x.incident.Process) + 300*(len(x.files)+len(x.tasks)+len(x.clocks)) + 16*len(x.watchers)
	for _, c := range x.said {
		n += 1000 + len(c.Body)
	}
	for _, a := range x.acts {
		n += 1000 + 4*len(a.Diff) // as text, and as a map with boxed values
	}
	return n
}
