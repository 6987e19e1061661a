// Package audit is where auditors work (regulation 3.2, 4.8): reading the trail,
// verifying it and taking proofs of it away, and running the controls, which ask
// whether the desk's own records keep the rules.
package audit

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// Actions of this module.
const (
	ActionReadBusiness authz.Action = "trail.read"
	ActionReadAdmin    authz.Action = "trail.read_admin"
	ActionVerify       authz.Action = "trail.verify"
)

// Policies says which line of the matrix decides each use case.
func Policies() authz.Policies {
	return authz.Policies{ActionReadBusiness: "audit.read_business", ActionReadAdmin: "audit.read_admin_actions", ActionVerify: "control.run"}
}

const (
	jobSeal   = "trail.seal"
	jobVerify = "trail.verify"
	kindCheck = record.Kind("trail_check")
	sealEvery = 10 * time.Second
)

// Options are what the module needs beside the desk.
type Options struct{ Dir string } // of the log

// Service holds the use cases about the trail.
type Service struct {
	desk *work.Desk
	log  *trail.Log
	repo repository
}

// New opens the log and registers sealing and verifying.
func New(d *work.Desk, o Options) (*Service, error) {
	l, err := trail.OpenLog(o.Dir)
	if err != nil {
		return nil, err
	}
	s := &Service{desk: d, log: l}
	d.Policies.Add(Policies())
	if err := d.Registry.Every(jobSeal, sealEvery, 5*time.Minute, s.seal); err != nil {
		return nil, err
	}
	if err := d.Registry.Handle(jobVerify, time.Hour, s.check); err != nil {
		return nil, err
	}
	if err := s.registerControls(); err != nil {
		return nil, err
	}
	return s, d.Messages.Add(messages)
}

func (s *Service) seal(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	_, err := s.Seal(ctx)
	return err
}

// Seal seals what waits and returns how many entries that were.
func (s *Service) Seal(ctx context.Context) (int, error) {
	return s.log.Seal(ctx, s.desk.DB, s.desk.Now)
}

// Verify verifies the whole trail now.
func (s *Service) Verify(ctx context.Context, progress func(done, of int64)) (trail.Report, error) {
	return s.log.Verify(ctx, s.desk.DB, progress)
}

// MayRead reports whether the actor reads the trail at all.
func (s *Service) MayRead(ctx context.Context) bool {
	return s.desk.Can(ctx, ActionReadBusiness, nil) || s.desk.Can(ctx, ActionReadAdmin, nil)
}

// within narrows a filter to what the actor may read: auditors the business,
// the audit administrator also what administrators did (controls §3).
func (s *Service) within(ctx context.Context, f trail.Filter) (trail.Filter, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return f, err
	}
	if !s.desk.Can(ctx, ActionReadAdmin, nil) {
		if _, err := s.desk.Permit(ctx, ActionReadBusiness); err != nil {
			return f, err
		}
		f.Kinds = s.businessKinds()
	}
	f.Reader, f.Now = who.ID, s.desk.Now()
	return f, nil
}

// businessKinds are the kinds of records, and the settings of their modules.
func (s *Service) businessKinds() []string {
	out := []string{"setting"}
	for _, k := range s.desk.Kinds.All() {
		out = append(out, string(k))
	}
	return out
}

// List reads the trail, newest first.
func (s *Service) List(ctx context.Context, f trail.Filter) ([]trail.Entry, error) {
	f, err := s.within(ctx, f)
	if err != nil {
		return nil, err
	}
	return trail.List(ctx, s.desk.DB, f)
}

// Get reads one entry.
func (s *Service) Get(ctx context.Context, id int64) (trail.Entry, error) {
	f, err := s.within(ctx, trail.Filter{})
	if err != nil {
		return trail.Entry{}, err
	}
	return trail.Find(ctx, s.desk.DB, f, id)
}

// Prove makes the inclusion proof of an entry that the actor may read.
func (s *Service) Prove(ctx context.Context, id int64) (trail.Proof, error) {
	e, err := s.Get(ctx, id)
	if err != nil {
		return trail.Proof{}, err
	}
	p, err := s.log.Prove(ctx, s.desk.DB, e)
	if errors.Is(err, trail.ErrWaiting) {
		f := fault.New(fault.Conflict, "audit.error.waiting")
		f.RetryAfter = sealEvery
		return p, f
	}
	return p, err
}

// Sealed reports whether an entry is in the signed log.
func (s *Service) Sealed(ctx context.Context, e trail.Entry) (bool, error) {
	_, err := s.log.Prove(ctx, s.desk.DB, e)
	if errors.Is(err, trail.ErrWaiting) {
		return false, nil
	}
	return err == nil, err
}

// Check is one verification that somebody asked for.
type Check struct {
	ID        uuid.UUID       `db:"id" json:"id"`
	AskedName string          `db:"asked_name" json:"asked_by"`
	AskedAt   time.Time       `db:"asked_at" json:"asked_at"`
	EndedAt   *time.Time      `db:"ended_at" json:"ended_at"`
	Size      int64           `db:"size" json:"size"`
	Waiting   int64           `db:"waiting" json:"waiting"`
	Findings  []trail.Finding `db:"findings" json:"findings"`
}

// Checks lists the newest verifications.
func (s *Service) Checks(ctx context.Context) ([]Check, error) {
	if _, err := s.within(ctx, trail.Filter{}); err != nil {
		return nil, err
	}
	return s.repo.checks(ctx, s.desk.DB)
}

// Checkpoint is the newest signed statement about the trail.
func (s *Service) Checkpoint(ctx context.Context) (trail.Checkpoint, error) {
	if _, err := s.within(ctx, trail.Filter{}); err != nil {
		return trail.Checkpoint{}, err
	}
	return s.log.Latest()
}

// Ask has the whole trail verified in the background.
func (s *Service) Ask(ctx context.Context) error {
	if _, err := s.desk.Permit(ctx, ActionVerify); err != nil {
		return err
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		id := work.NewID()
		s.repo.ask(&u.Batch, id, u.Actor.ID, u.Actor.Name, u.Now)
		u.Enqueue(jobs.Job{Kind: jobVerify, Payload: id, Max: 3})
		return u.Record(ctx, ActionVerify, record.Ref{Kind: kindCheck, ID: id}, nil)
	})
}

func (s *Service) check(ctx context.Context, payload json.RawMessage, _ jobs.Run) error {
	var id uuid.UUID
	if err := json.Unmarshal(payload, &id); err != nil {
		return jobs.Cancel(err)
	}
	if _, err := s.Seal(ctx); err != nil {
		s.desk.Log.WarnContext(ctx, "the trail could not be sealed before its verification", "err", err)
	}
	r, err := s.log.Verify(ctx, s.desk.DB, nil)
	if err != nil {
		return err
	}
	if len(r.Findings) > 0 {
		s.desk.Log.ErrorContext(ctx, "the trail was altered", "findings", len(r.Findings))
	}
	return s.desk.DB.InTx(ctx, func(tx db.Tx) error {
		return s.repo.ended(ctx, tx, id, r, s.desk.Now())
	})
}

// outcomes in the order a filter offers them.
var outcomes = []trail.Outcome{trail.Success, trail.Denied, trail.Failure}

func known(o string) bool { return o == "" || slices.Contains(outcomes, trail.Outcome(o)) }
