package incident

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/authz"
	"opsdesk/internal/comment"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// MergeInput says into which incident another one goes.
type MergeInput struct {
	Version int    `json:"version"`
	Number  string `json:"number" validate:"required,line,max=40"`
}

// Merge puts one incident into another (capabilities 8): its talk, files and
// tasks go there, its followers and links are added there, and the earlier
// report's time is kept. What is left is a tombstone that leads to the other,
// counted as merged and not as closed. The actor must be allowed to merge both.
//
// Nothing leaves a confidential incident: both are confidential or neither is,
// and everybody who is named on the one that stays must be named on the other
// (controls §6).
func (s *Service) Merge(ctx context.Context, id uuid.UUID, in MergeInput) (Incident, error) {
	var out Incident
	err := s.desk.Do(ctx, func(u *work.Unit) error {
		target, err := s.other(ctx, u, in.Number)
		if err == nil && target.Kind != Kind {
			err = fault.OnField("number", "incident.error.no_such_number")
		}
		if err != nil {
			_, aerr := work.Apply(ctx, u, s.repo, ActionMerge, id, 0, in, func(*work.Unit, *Incident) error { return err })
			return aerr
		}
		if err := s.repo.lock(ctx, u.Tx, id, target.ID); err != nil {
			return err
		}
		m := Merge{ID: work.NewID(), SourceID: id, TargetID: target.ID, MergedBy: u.Actor.ID, MergedAt: u.Now}
		var from Incident
		from, err = work.Apply(ctx, u, s.repo, ActionMerge, id, in.Version, in, s.timed(ctx, func(u *work.Unit, i *Incident) error {
			into, err := s.repo.get(ctx, u.Tx, target.ID)
			if err != nil {
				return err
			}
			if f, err := s.unmergeable(ctx, u.Tx, *i, into); err != nil || f != nil {
				return orFault(err, f)
			}
			if m.Before, err = i.merge(); err != nil {
				return err
			}
			u.Note("merged_into", nil, into.Label())
			u.EmitAbout("incident.merged", into.ID, people(&i.RequesterID, i.AssigneeID)...)
			return nil
		}))
		if err != nil {
			return err
		}
		out, err = work.Apply(ctx, u, s.repo, ActionMerge, target.ID, 0, in, func(u *work.Unit, t *Incident) error {
			m.TargetReportedAt, m.TargetCreatedAt = t.ReportedAt, t.CreatedAt
			t.absorb(from)
			u.Note("merged_from", nil, from.Label())
			if t.AssigneeID != nil && (from.AssigneeID == nil || *from.AssigneeID != *t.AssigneeID) {
				u.Tell("incident.absorbed", from.ID, *t.AssigneeID)
			}
			if err := s.take(ctx, u, &m, from, *t); err != nil {
				return err
			}
			return s.sla.Join(ctx, u, t.Ref(), from.Ref()) // the earlier start counts
		})
		return err
	})
	return out, s.desk.Noted(ctx, ActionMerge, record.Ref{Kind: Kind, ID: id}, err)
}

func orFault(err error, f *fault.Error) error {
	if err != nil {
		return err
	}
	return f
}

// unmergeable says why one incident cannot go into another; nil if it can.
func (s *Service) unmergeable(ctx context.Context, q db.Querier, i, into Incident) (*fault.Error, error) {
	has, err := s.repo.hasChildren(ctx, q, i.ID)
	if err != nil {
		return nil, err
	}
	if f := i.mergeable(into, has); f != nil {
		return f, nil
	}
	a, err := s.repo.announcement(ctx, q, i.ID)
	if err != nil {
		return nil, err
	}
	if a != nil && a.Open() {
		return fault.New(fault.Conflict, "incident.error.merge_announced"), nil
	}
	if !i.Confidential {
		return nil, nil
	}
	mine, err := record.NamedOn(ctx, q, i.ID, s.desk.Now())
	if err != nil {
		return nil, db.Map(err)
	}
	theirs, err := record.NamedOn(ctx, q, into.ID, s.desk.Now())
	if err != nil {
		return nil, db.Map(err)
	}
	for _, n := range theirs {
		if !slices.ContainsFunc(mine, func(x record.Named) bool { return x.PersonID == n.PersonID }) {
			return fault.OnField("number", "incident.error.merge_named"), nil
		}
	}
	return nil, nil
}

// take moves everything and keeps what was moved.
func (s *Service) take(ctx context.Context, u *work.Unit, m *Merge, from, to Incident) (err error) {
	if m.Moved.Moved, err = comment.Move(ctx, u, from.ID, to.ID); err != nil {
		return err
	}
	if m.Moved.Files, err = attachment.Move(ctx, u, from.ID, to.ID); err != nil {
		return err
	}
	if m.Moved.Tasks, err = s.repo.moveTasks(ctx, u.Tx, from.ID, to.ID); err != nil {
		return err
	}
	record.MoveParts(&u.Batch, from.ID, to.ID, taskIDs(m.Moved.Tasks))
	if m.Moved.Watchers, err = s.newWatchers(ctx, u.Tx, from, to); err != nil {
		return err
	}
	for _, w := range m.Moved.Watchers {
		record.Watch(&u.Batch, to.ID, w, u.Actor.ID, u.Now)
	}
	if m.Moved.Links, err = newLinks(ctx, u.Tx, from.ID, to.ID); err != nil {
		return db.Map(err)
	}
	for _, l := range m.Moved.Links {
		record.QueueLine(&u.Batch, to.ID, l, u.Actor.ID, u.Now)
	}
	s.repo.addMerge(&u.Batch, *m)
	// The index is made from what is moved by now; the merge itself must be seen.
	if err := u.Flush(ctx); err != nil {
		return err
	}
	return s.repo.reindex(ctx, u.Tx, from.ID, to.ID)
}

func taskIDs(tasks []movedTask) []uuid.UUID {
	out := []uuid.UUID{}
	for _, t := range tasks {
		out = append(out, t.ID)
	}
	return out
}

// newWatchers are those who would follow the other incident because they
// followed, reported or worked on this one. On a confidential one only those
// who are named on it.
func (s *Service) newWatchers(ctx context.Context, q db.Querier, from, to Incident) ([]uuid.UUID, error) {
	list, err := s.concerned(ctx, q, from)
	if err != nil {
		return nil, err
	}
	there, err := record.Watchers(ctx, q, to.ID)
	if err != nil {
		return nil, db.Map(err)
	}
	var named map[uuid.UUID]record.Standing
	if to.Confidential {
		if named, err = record.StandingsOf(ctx, q, to.ID, list, s.desk.Now()); err != nil {
			return nil, db.Map(err)
		}
	}
	out := []uuid.UUID{}
	for _, p := range list {
		if p == to.RequesterID || to.AssigneeID != nil && p == *to.AssigneeID || slices.Contains(there, p) || slices.Contains(out, p) || to.Confidential && !named[p].Named {
			continue
		}
		out = append(out, p)
	}
	return out, nil
}

// concerned are those who follow, reported or work on an incident.
func (s *Service) concerned(ctx context.Context, q db.Querier, i Incident) ([]uuid.UUID, error) {
	list, err := record.Watchers(ctx, q, i.ID)
	if err != nil {
		return nil, db.Map(err)
	}
	list = append(list, people(&i.RequesterID, i.AssigneeID)...)
	if i.CreatedBy == i.RequesterID {
		return list, nil
	}
	a, err := identity.LoadActors(ctx, q, []uuid.UUID{i.CreatedBy}, s.desk.Now())
	if c, ok := a[i.CreatedBy]; ok && !engineer(c) { // a colleague who reported for another
		list = append(list, i.CreatedBy)
	}
	return list, err
}

// engineer reports whether a person works on tickets.
func engineer(a identity.Actor) bool {
	return a.Has(identity.EngineerL1, identity.EngineerL2, identity.Lead)
}

// newLinks are the links of one record that another does not have.
func newLinks(ctx context.Context, q db.Querier, from, to uuid.UUID) ([]record.Line, error) {
	mine, err := record.Lines(ctx, q, from)
	if err != nil {
		return nil, err
	}
	theirs, err := record.Lines(ctx, q, to)
	out := []record.Line{}
	for _, l := range mine {
		if l.Other != to && !slices.Contains(theirs, l) {
			out = append(out, l)
		}
	}
	return out, err
}

// Unmerge takes a merge back within seven days: the tombstone is what it was,
// with all that went from it. What was said on the other incident since stays
// there.
func (s *Service) Unmerge(ctx context.Context, id uuid.UUID, in StepInput) (Incident, error) {
	var out Incident
	err := s.desk.Do(ctx, func(u *work.Unit) error {
		m, err := s.repo.mergeOf(ctx, u.Tx, id)
		if fault.Is(err, fault.NotFound) {
			out, err = work.Apply(ctx, u, s.repo, ActionUnmerge, id, in.Version, in, func(_ *work.Unit, i *Incident) error { return i.unmerge(wasBefore{}) })
			return err
		}
		if err != nil {
			return err
		}
		if err := s.repo.lock(ctx, u.Tx, id, m.TargetID); err != nil {
			return err
		}
		out, err = work.Apply(ctx, u, s.repo, ActionUnmerge, id, in.Version, in, s.timed(ctx, func(u *work.Unit, i *Incident) error {
			if m, err = s.repo.mergeOf(ctx, u.Tx, id); err != nil { // again, now that it stands still
				return fault.New(fault.Conflict, "incident.error.not_merged")
			}
			t, err := s.repo.get(ctx, u.Tx, m.TargetID)
			if err != nil {
				return err
			}
			switch {
			case u.Now.After(m.MergedAt.Add(unmergeFor)):
				return fault.New(fault.Conflict, "incident.error.unmerge_too_late")
			case t.State == Merged:
				return fault.New(fault.Conflict, "incident.error.unmerge_first", "number", t.Label())
			case t.Confidential && !i.Confidential:
				return fault.New(fault.Conflict, "incident.error.unmerge_confidential", "number", t.Label())
			}
			u.Note("merged_into", t.Label(), nil)
			u.EmitAbout("incident.unmerged", t.ID, people(&i.RequesterID, i.AssigneeID)...)
			return i.unmerge(m.Before)
		}))
		if err != nil {
			return err
		}
		_, err = work.Apply(ctx, u, s.repo, ActionUnmerge, m.TargetID, 0, in, func(u *work.Unit, t *Incident) error {
			u.Note("merged_from", out.Label(), nil)
			if err := s.giveBack(ctx, u, m, t); err != nil {
				return err
			}
			return s.sla.Part(ctx, u, t.Ref(), out.Ref())
		})
		return err
	})
	return out, s.desk.Noted(ctx, ActionUnmerge, record.Ref{Kind: Kind, ID: id}, err)
}

// giveBack undoes take.
func (s *Service) giveBack(ctx context.Context, u *work.Unit, m Merge, t *Incident) error {
	if err := m.Moved.Return(ctx, u, t.ID, m.SourceID); err != nil {
		return err
	}
	if err := attachment.Return(ctx, u, m.Moved.Files, t.ID, m.SourceID); err != nil {
		return err
	}
	s.repo.returnTasks(&u.Batch, t.ID, m.SourceID, m.Moved.Tasks)
	record.MoveParts(&u.Batch, t.ID, m.SourceID, taskIDs(m.Moved.Tasks))
	s.repo.undoMerge(&u.Batch, m.ID, u.Actor.ID, u.Now)
	if err := s.disown(ctx, u, m, t.ID); err != nil {
		return err
	}
	if err := u.Flush(ctx); err != nil {
		return err
	}
	var err error
	if t.ReportedAt, t.CreatedAt, err = s.repo.ownTimes(ctx, u.Tx, t.ID); err != nil {
		return err
	}
	return s.repo.reindex(ctx, u.Tx, m.SourceID, t.ID)
}

// disown removes the followers and links that only this merge brought. One that
// another incident merged here brought as well is from now on that one's.
func (s *Service) disown(ctx context.Context, u *work.Unit, m Merge, target uuid.UUID) error {
	all, err := s.repo.mergesInto(ctx, u.Tx, target)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(all, func(x Merge) bool { return x.ID == m.ID })
	added, err := record.AddedAt(ctx, u.Tx, target)
	if err != nil {
		return db.Map(err)
	}
	times, err := s.repo.mergeTimes(ctx, u.Tx, target)
	if err != nil {
		return err
	}
	heirs := map[uuid.UUID]Merge{}
	for n, o := range others {
		from, err := s.repo.get(ctx, u.Tx, o.SourceID)
		if err != nil {
			return err
		}
		had, err := s.concerned(ctx, u.Tx, from)
		if err != nil {
			return err
		}
		lines, err := record.Lines(ctx, u.Tx, o.SourceID)
		if err != nil {
			return db.Map(err)
		}
		kept := len(o.Moved.Watchers) + len(o.Moved.Links)
		m.Moved.Watchers = slices.DeleteFunc(m.Moved.Watchers, func(p uuid.UUID) bool {
			if !slices.Contains(had, p) {
				return false
			}
			others[n].Moved.Watchers = append(others[n].Moved.Watchers, p)
			return true
		})
		m.Moved.Links = slices.DeleteFunc(m.Moved.Links, func(l record.Line) bool {
			if !slices.Contains(lines, l) {
				return false
			}
			others[n].Moved.Links = append(others[n].Moved.Links, l)
			return true
		})
		if len(others[n].Moved.Watchers)+len(others[n].Moved.Links) != kept {
			heirs[o.ID] = others[n]
		}
	}
	for _, h := range heirs {
		s.repo.setMoved(&u.Batch, h)
	}
	for _, p := range m.Moved.Watchers {
		// Somebody who came by their own will since stays.
		if at, ok := added[p]; ok && slices.ContainsFunc(times, at.Equal) {
			record.Unwatch(&u.Batch, target, p)
		}
	}
	for _, l := range m.Moved.Links {
		record.QueueUnline(&u.Batch, target, l)
	}
	return nil
}

// Alive is the incident that a tombstone leads to in the end, if the actor may
// see it; for any other incident it is that one.
func (s *Service) Alive(ctx context.Context, i Incident) (Incident, error) {
	if i.State != Merged {
		return i, nil
	}
	id, err := s.repo.final(ctx, s.desk.DB, i.ID)
	if err != nil {
		return i, err
	}
	t, _, err := s.Get(ctx, id)
	return t, err
}

// afterMerge refuses whatever a tombstone does not take: it can be given back,
// hidden and followed.
func afterMerge(act authz.Action, i Incident) error {
	if i.State == Merged && !slices.Contains(onTombstone, act) {
		return fault.New(fault.Conflict, "incident.error.merged")
	}
	return nil
}

var onTombstone = []authz.Action{ActionRead, ActionUnmerge, ActionHide, ActionName, ActionWatch}
