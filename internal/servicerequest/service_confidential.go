package servicerequest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// What is confidential is seen by the people on its need-to-know list and by
// nobody else: the one access predicate says so for every list, search, count,
// file and page. This file keeps that list for requests (controls §6).

// Why somebody is on the list. Whoever was named by hand has another reason, in
// words; the job takes nobody off but those who were named for a task.
const (
	namedOwn   = "initial"
	namedAsked = "asked"
	namedTask  = "task"
)

const (
	// namedFor is how long an entry holds (controls §6). While the request is open
	// it is renewed when less than renewBefore is left.
	namedFor    = 30 * 24 * time.Hour
	renewBefore = 7 * 24 * time.Hour
	// ownFor: those who asked, and for whom it is, never lose sight of it.
	ownFor = 100 * 365 * 24 * time.Hour
)

// JobNeedToKnow looks for confidential requests whose list is not that of the
// people who work on them any more.
const JobNeedToKnow = "servicerequest.need_to_know"

// own reports whether the request is somebody's own.
func (r Request) own(id uuid.UUID) bool { return id == r.RequesterID || id == r.CreatedBy }

// only keeps the acts of a requester to those whose request it is: being let in
// on what is confidential opens it to be read, and makes nobody its requester.
func (r Request) only(who identity.Actor) error {
	if r.Confidential && !who.System && !r.own(who.ID) {
		return fault.New(fault.Forbidden, "servicerequest.error.not_yours")
	}
	return nil
}

// nameOwn begins the list of a new request.
func nameOwn(u *work.Unit, r Request) {
	u.AfterRegister(func() error {
		for _, id := range people(&r.RequesterID, &r.CreatedBy) {
			record.Name(&u.Batch, r.ID, id, u.Actor.ID, namedOwn, u.Now, u.Now.Add(ownFor))
		}
		return nil
	})
}

// nameAsked lets those see the request who are about to be asked; whoever is not
// on the list is given no seat.
func (s *Service) nameAsked(ctx context.Context, u *work.Unit, r Request, steps []Step) error {
	if !r.Confidential {
		return nil
	}
	for _, st := range steps {
		ids, err := s.repo.stepPeople(ctx, u.Tx, st, r.RequesterID, r.ServiceID)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if !r.own(id) {
				record.Name(&u.Batch, r.ID, id, u.Actor.ID, namedAsked, u.Now, u.Now.Add(namedFor))
			}
		}
	}
	return u.Flush(ctx) // the process reads the list
}

// nameWorkers lets the people of the tasks see the request: the teams of those
// that are ready or done, and who holds them.
func (s *Service) nameWorkers(ctx context.Context, u *work.Unit, r Request, tasks []Task) error {
	ids, err := s.repo.workers(ctx, u.Tx, tasks)
	if err != nil {
		return err
	}
	list, err := record.NamedOn(ctx, u.Tx, r.ID, u.Now)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !r.own(id) && !slices.ContainsFunc(list, func(n record.Named) bool { return n.PersonID == id }) {
			record.Name(&u.Batch, r.ID, id, u.Actor.ID, namedTask, u.Now, u.Now.Add(namedFor))
		}
	}
	return nil
}

// nameTeam lets a team see a record that a confidential request made for it.
func (s *Service) nameTeam(ctx context.Context, u *work.Unit, id uuid.UUID, team *uuid.UUID) error {
	ids, err := s.repo.workers(ctx, u.Tx, []Task{{State: TaskReady, TeamID: team}})
	for _, person := range ids {
		record.Name(&u.Batch, id, person, u.Actor.ID, namedTask, u.Now, u.Now.Add(namedFor))
	}
	return err
}

// NameInput adds a person to the need-to-know list.
type NameInput struct {
	Version  int       `json:"version"`
	PersonID uuid.UUID `json:"person_id" validate:"required"`
	Reason   string    `json:"reason" validate:"required,notblank,line,max=500"`
	// Days is for how long, 30 at most; 0 is 30.
	Days int `json:"days" validate:"min=0,max=30"`
}

// NamePerson lets one more person see a confidential request for a time. It
// needs the permission, and somebody who is on the list themselves.
func (s *Service) NamePerson(ctx context.Context, id uuid.UUID, in NameInput) (Request, error) {
	return s.update(ctx, ActionName, id, in.Version, in, func(u *work.Unit, r *Request) error {
		if !r.Confidential {
			return fault.New(fault.Conflict, "servicerequest.error.not_confidential")
		}
		known, err := identity.People(ctx, u.Tx, in.PersonID)
		if err != nil {
			return err
		}
		if !known[in.PersonID].Active {
			return fault.OnField("person_id", "validation.unknown")
		}
		if r.own(in.PersonID) {
			return fault.OnField("person_id", "servicerequest.error.named_already")
		}
		until := u.Now.Add(namedFor)
		if in.Days > 0 {
			until = u.Now.AddDate(0, 0, in.Days)
		}
		record.Name(&u.Batch, r.ID, in.PersonID, u.Actor.ID, in.Reason, u.Now, until)
		u.Note("named", nil, in.PersonID)
		u.Note("named_reason", nil, in.Reason)
		u.Emit("servicerequest.named", in.PersonID)
		return nil
	})
}

// needToKnow keeps the lists of open confidential requests in step with the
// teams that work on them.
func (s *Service) needToKnow(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	ctx = identity.With(ctx, identity.NewSystem("catalogue"))
	now := s.desk.Now()
	ids, err := s.repo.outOfStep(ctx, s.desk.DB, now, now.Add(renewBefore), 200)
	if err != nil {
		return err
	}
	var failed []error
	for _, id := range ids {
		if _, err := s.update(ctx, ActionKeepNames, id, 0, struct{}{}, s.keepNames(ctx)); err != nil && !fault.Is(err, fault.Conflict) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// keepNames names who joined a team of the request, takes off who left, and
// renews what runs out.
func (s *Service) keepNames(ctx context.Context) func(*work.Unit, *Request) error {
	return func(u *work.Unit, r *Request) error {
		tasks, err := s.repo.tasks(ctx, u.Tx, r.ID)
		if err != nil {
			return err
		}
		want, err := s.repo.workers(ctx, u.Tx, tasks)
		if err != nil {
			return err
		}
		list, err := record.NamedOn(ctx, u.Tx, r.ID, u.Now)
		if err != nil {
			return err
		}
		var in, out []uuid.UUID
		for _, id := range want {
			if !r.own(id) && !slices.ContainsFunc(list, func(n record.Named) bool { return n.PersonID == id }) {
				record.Name(&u.Batch, r.ID, id, u.Actor.ID, namedTask, u.Now, u.Now.Add(namedFor))
				in = append(in, id)
			}
		}
		for _, n := range list {
			works := contains(want, n.PersonID)
			switch {
			case n.Reason == namedTask && !works:
				record.Unname(&u.Batch, r.ID, n.PersonID)
				out = append(out, n.PersonID)
			case n.Until.Before(u.Now.Add(renewBefore)) && (works || n.Reason == namedAsked && r.State == Approving):
				record.Name(&u.Batch, r.ID, n.PersonID, u.Actor.ID, n.Reason, u.Now, u.Now.Add(namedFor))
			}
		}
		if len(in)+len(out) > 0 {
			u.Note("named", nonNil(out), nonNil(in))
		}
		return nil
	}
}
