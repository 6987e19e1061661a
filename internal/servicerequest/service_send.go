package servicerequest

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"opsdesk/internal/form"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/work"
)

// send submits a draft: the quota is held against what was asked for before,
// and approvals begin, or the work does where none are asked for.
func (s *Service) send(ctx context.Context, u *work.Unit, r *Request, c Content, later *aftermath, creating bool) error {
	if err := s.withinQuota(ctx, u, *r, c); err != nil {
		return err
	}
	if err := r.submit(u.Now); err != nil {
		return err
	}
	steps := c.stepsFor(r.Answers, s.today())
	u.Emit("servicerequest.submitted", r.RequesterID)
	if len(steps) == 0 {
		if err := r.move(MoveWaive); err != nil {
			return err
		}
		return s.begin(ctx, u, r, c, later)
	}
	if err := r.move(MoveAsk); err != nil {
		return err
	}
	return s.askApproval(ctx, u, r, c, steps, creating)
}

func (s *Service) withinQuota(ctx context.Context, u *work.Unit, r Request, c Content) error {
	if c.QuotaCount == 0 {
		return nil
	}
	n, err := s.repo.ordered(ctx, u.Tx, r.ItemID, r.RequesterID, r.ID, u.Now.AddDate(0, 0, -c.QuotaDays))
	if err != nil {
		return err
	}
	if n >= c.QuotaCount {
		return fault.New(fault.Conflict, "servicerequest.error.quota", "count", c.QuotaCount, "days", c.QuotaDays)
	}
	return nil
}

// stepsFor are the steps of approval that answers call for.
func (c Content) stepsFor(answers form.Raw, today string) []Step {
	return slices.DeleteFunc(slices.Clone(c.Steps), func(st Step) bool { return !c.Form.Holds(st.When, answers, today) })
}

// begin starts fulfilment of what is approved: tasks are planned by the
// answers, and the first ones handed to their teams.
func (s *Service) begin(ctx context.Context, u *work.Unit, r *Request, c Content, later *aftermath) error {
	expected, err := s.Days.AddDays(ctx, u, u.Now, c.Days)
	if err != nil {
		return err
	}
	r.ApprovedAt, r.ExpectedAt = &u.Now, &expected
	tasks := planTasks(c, r.Answers, s.today(), work.NewID)
	later.tasks = tasks
	later.about(*r)
	return s.handOver(ctx, u, r, later)
}

// handOver makes the next tasks ready and tells their teams; when nothing is
// left to do the request is delivered.
func (s *Service) handOver(ctx context.Context, u *work.Unit, r *Request, later *aftermath) error {
	for _, i := range release(later.tasks, u.Now) {
		t := later.tasks[i]
		if t.Output == OutputIncident {
			later.incidents = append(later.incidents, i)
			continue
		}
		await(u, *r, t) // where somebody was chosen before it was ready
		to, err := s.repo.teamPeople(ctx, u.Tx, t.TeamID)
		if err != nil {
			return err
		}
		u.EmitAbout("servicerequest.task_ready", t.ID, to...)
	}
	r.TeamID, r.AssigneeID = front(later.tasks)
	if !allEnded(later.tasks) {
		return nil
	}
	if r.State == Approved {
		if err := r.move(MoveStart); err != nil {
			return err
		}
	}
	set, err := s.settings(ctx, u.Tx)
	if err != nil {
		return err
	}
	closes, err := s.Days.AddDays(ctx, u, u.Now, set.AutoCloseDays)
	if err != nil {
		return err
	}
	u.Emit("servicerequest.fulfilled", r.RequesterID)
	return r.deliver(u.Actor.ID, u.Now, closes)
}

// aftermath is what follows an act on a request in the same transaction, once
// the request's own rows are queued: its tasks, and records that they make.
type aftermath struct {
	request   uuid.UUID
	secret    *Request // of what is confidential, itself
	tasks     []Task
	incidents []int // tasks that open an incident
}

// about says which request it is.
func (a *aftermath) about(r Request) {
	if a.request = r.ID; r.Confidential {
		a.secret = &r
	}
}

// do runs an act on a request, and then what follows from it.
func (s *Service) do(ctx context.Context, fn func(*work.Unit, *aftermath) error) error {
	return s.desk.Do(ctx, func(u *work.Unit) error {
		var later aftermath
		if err := fn(u, &later); err != nil {
			return err
		}
		return s.follow(ctx, u, &later)
	})
}

// follow writes the tasks and opens the incidents that tasks stand for.
func (s *Service) follow(ctx context.Context, u *work.Unit, later *aftermath) error {
	if len(later.tasks) == 0 {
		return nil
	}
	if len(later.incidents) > 0 {
		if err := u.Flush(ctx); err != nil {
			return err
		}
		r, err := s.repo.get(ctx, u.Tx, later.request)
		if err != nil {
			return err
		}
		for _, i := range later.incidents {
			t := &later.tasks[i]
			ref, err := s.Incidents.OpenIn(ctx, u, IncidentOrder{
				Title: t.Title("zh-CN"), Text: r.Title + "\n" + r.Label() + "\n" + r.Remark, Impact: r.Impact, Urgency: r.Urgency, RequesterID: r.RequesterID, ServiceID: r.ServiceID, TeamID: t.TeamID, From: r.Ref(),
				Confidential: r.Confidential,
			})
			if err != nil {
				return err
			}
			if r.Confidential {
				if err := s.nameTeam(ctx, u, ref.ID, t.TeamID); err != nil {
					return err
				}
			}
			t.MadeKind, t.MadeID = ref.Kind, &ref.ID
		}
	}
	s.repo.saveTasks(&u.Batch, later.request, later.tasks...)
	if later.secret != nil {
		return s.nameWorkers(ctx, u, *later.secret, later.tasks)
	}
	return nil
}
