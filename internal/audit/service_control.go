package audit

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// The jobs of controls: every night all of them, and all of them when somebody
// asks.
const (
	JobControls    = "control.nightly"
	jobControlsNow = "control.all"
	kindRun        = record.Kind("control_run")
	systemName     = "controls"
)

func (s *Service) registerControls() error {
	s.desk.Policies.Add(authz.Policies{ActionControl: "control.run"})
	return errors.Join(
		s.desk.Registry.Every(JobControls, 24*time.Hour, 30*time.Minute, s.nightly),
		s.desk.Registry.Handle(jobControlsNow, 30*time.Minute, s.nightly),
	)
}

// Overview lists every control with its last run.
func (s *Service) Overview(ctx context.Context) ([]ControlState, error) {
	if _, err := s.desk.Permit(ctx, ActionControl); err != nil {
		return nil, err
	}
	ids := make([]string, len(Controls))
	for n, c := range Controls {
		ids[n] = c.ID
	}
	runs, err := s.repo.lastRuns(ctx, s.desk.DB, ids)
	if err != nil {
		return nil, err
	}
	out := make([]ControlState, len(Controls))
	for n, c := range Controls {
		out[n].Control = c
		for k := range runs {
			if runs[k].Control == c.ID {
				out[n].Last = &runs[k]
			}
		}
	}
	return out, nil
}

// ControlDetail is a control with its newest runs, the exceptions of the last
// one that the reader may see, and how many they may not.
type ControlDetail struct {
	Control
	Runs   []Run
	Found  []Exception
	Hidden int
}

// ControlOf is the page of one control.
func (s *Service) ControlOf(ctx context.Context, id string) (ControlDetail, error) {
	c, ok := Find(id)
	if !ok {
		return ControlDetail{}, fault.New(fault.NotFound, "error.not_found")
	}
	d := ControlDetail{Control: c}
	if _, err := s.desk.Permit(ctx, ActionControl); err != nil {
		return d, err
	}
	var err error
	if d.Runs, err = s.repo.runs(ctx, s.desk.DB, id, 10); err != nil || len(d.Runs) == 0 {
		return d, err
	}
	v, err := s.desk.VisibilityAcross(ctx)
	if err != nil {
		return d, err
	}
	if d.Found, err = s.repo.exceptions(ctx, s.desk.DB, v, d.Runs[0].ID); err != nil {
		return d, err
	}
	d.Hidden = d.Runs[0].Exceptions - len(d.Found)
	return d, nil
}

// RunControl performs a control now and keeps what it found.
func (s *Service) RunControl(ctx context.Context, id string) (Run, error) {
	c, ok := Find(id)
	if !ok {
		return Run{}, fault.New(fault.NotFound, "error.not_found")
	}
	who, err := s.desk.Permit(ctx, ActionControl)
	if err != nil {
		return Run{}, err
	}
	r := Run{ID: work.NewID(), Control: c.ID, RanAt: s.desk.Now(), RanBy: who.ID, RanName: who.Name, SQLHash: c.Hash(), App: s.desk.App}
	var list []Exception
	err = s.desk.DB.InTx(ctx, func(tx db.Tx) (err error) {
		r.Population, list, err = s.repo.perform(ctx, tx, c, r.RanAt)
		return err
	})
	if err != nil {
		return r, err
	}
	if r.Bounded = len(list) > controlKept; r.Bounded {
		list = list[:controlKept]
	}
	r.Exceptions, r.TookMS = len(list), int(s.desk.Now().Sub(r.RanAt).Milliseconds())
	return r, s.desk.Do(ctx, func(u *work.Unit) error {
		s.repo.keepRun(&u.Batch, r, list)
		return u.Record(ctx, ActionControl, record.Ref{Kind: kindRun, ID: r.ID}, trail.Diff{"control": {nil, c.ID}, "population": {nil, r.Population}, "exceptions": {nil, r.Exceptions}})
	})
}

// RunControls has all of them performed in the background.
func (s *Service) RunControls(ctx context.Context) error {
	who, err := s.desk.Permit(ctx, ActionControl)
	if err != nil {
		return err
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		u.Enqueue(jobs.Job{Kind: jobControlsNow, Unique: "all:" + who.ID.String()})
		return u.Record(ctx, ActionControl, record.Ref{Kind: kindRun, ID: u.ID()}, trail.Diff{"control": {nil, "*"}})
	})
}

// nightly performs all of them; one that fails does not keep the others back.
func (s *Service) nightly(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	ctx = identity.With(ctx, identity.NewSystem(systemName))
	var failed []error
	for _, c := range Controls {
		if _, err := s.RunControl(ctx, c.ID); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// urlOf is the page of a record that was found.
func (s *Service) urlOf(x Exception) string { return s.desk.Kinds.URL(record.Kind(x.Kind), x.Label) }
