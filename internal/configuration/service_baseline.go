package configuration

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/batch"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// batchBaseline is the kind of batch that takes a baseline.
const batchBaseline = "ci.baseline"

// BaselineInput asks for a baseline. One name is enough.
type BaselineInput struct {
	NameZh string     `json:"name_zh" validate:"required_without=NameEn,line,max=120"`
	NameEn string     `json:"name_en" validate:"line,max=120"`
	Reason string     `json:"reason" validate:"required,notblank,text,max=1000"`
	At     *time.Time `json:"at"` // a past instant; now unless given
	ScopeInput
}

// TakeBaseline begins to take a baseline in the background. It holds the items
// of the scope that its maker may see, as they were at the instant.
func (s *Service) TakeBaseline(ctx context.Context, in BaselineInput) (Baseline, error) {
	if _, err := s.desk.Permit(ctx, ActionBaseline); err != nil {
		return Baseline{}, err
	}
	if err := validate.Struct(in); err != nil {
		return Baseline{}, err
	}
	m, err := s.repo.model(ctx, s.desk.DB)
	if err != nil {
		return Baseline{}, err
	}
	scope, err := in.scope(m, func(key string) (uuid.UUID, error) { return s.visible(ctx, key) })
	if err != nil {
		return Baseline{}, err
	}
	if now := s.desk.Now(); in.At != nil && in.At.After(now.Add(time.Minute)) {
		return Baseline{}, fault.OnField("at", "configuration.error.future")
	}
	job, err := s.batches.Draft(ctx, batchBaseline, in, []batch.Row{{Number: cut(or(in.NameZh, in.NameEn), 80)}})
	if err != nil {
		return Baseline{}, err
	}
	var b Baseline
	err = s.desk.Do(ctx, func(u *work.Unit) (err error) {
		b, err = work.Insert(ctx, u, baselineStore{}, ActionBaseline, nil, in, s.newBaseline(in, scope, job.ID))
		if err != nil {
			return err
		}
		// A baseline that is being taken has work that takes it.
		return s.batches.StartIn(ctx, u, deref(b.BatchID))
	})
	return b, s.desk.Noted(ctx, ActionBaseline, record.Ref{Kind: KindBaseline}, err)
}

func (s *Service) newBaseline(in BaselineInput, scope Scope, job uuid.UUID) func(*work.Unit) (Baseline, error) {
	return func(u *work.Unit) (Baseline, error) {
		b := Baseline{
			ID: u.ID(), Version: 1, NameZh: in.NameZh, NameEn: in.NameEn, Reason: in.Reason, Scope: scope, At: u.Now, State: Taking, BatchID: &job,
			MadeBy: u.Actor.ID, MadeName: u.Actor.Name, CreatedAt: u.Now, UpdatedAt: u.Now,
		}
		if in.At != nil && in.At.Before(u.Now) {
			b.At = in.At.UTC().Truncate(time.Microsecond)
		}
		return b, nil
	}
}

// visible finds an item of an address that the actor may see.
func (s *Service) visible(ctx context.Context, key string) (uuid.UUID, error) {
	id, err := s.ID(ctx, key)
	if err == nil {
		_, _, err = s.Get(ctx, id)
	}
	return id, err
}

// baselineStep takes the baseline of a batch. Done again after a crash it finds
// it taken.
func (s *Service) baselineStep(ctx context.Context, job batch.Batch, _ batch.Row) (any, error) {
	b, err := s.repo.baselineOf(ctx, s.desk.DB, job.ID)
	if err != nil || b.State != Taking {
		return nil, err
	}
	err = s.fillBaseline(ctx, b)
	if f := fault.Of(err); f != nil && f.Kind != fault.Internal && f.Kind != fault.Unavailable {
		// What was written is undone with the transaction; that it failed stays.
		ferr := s.desk.Do(ctx, func(u *work.Unit) error { return s.abandon(ctx, u, job.ID, batch.Reason(f)) })
		if ferr != nil {
			return nil, ferr
		}
	}
	return nil, err
}

// baselineEnded makes sure that no baseline is being taken once its batch is
// over: cancelled, or failed before its step.
func (s *Service) baselineEnded(ctx context.Context, u *work.Unit, job batch.Batch) error {
	why := "configuration.error.baseline_ended"
	switch {
	case job.State == batch.Cancelled:
		why = "configuration.error.baseline_cancelled"
	case job.Problem != "":
		why = job.Problem
	}
	return s.abandon(ctx, u, job.ID, why)
}

// abandon marks the baseline of a batch as failed, unless it is taken. It is the
// desk's own act: whoever asked for the baseline may have lost the right, or
// the account.
func (s *Service) abandon(ctx context.Context, u *work.Unit, job uuid.UUID, why string) error {
	b, err := s.repo.lockBaselineOf(ctx, u.Tx, job)
	if fault.Is(err, fault.NotFound) || err == nil && b.State != Taking {
		return nil
	}
	if err != nil {
		return err
	}
	before := b
	b.State, b.Problem = Failed, why
	b.Touch(u.Now)
	baselineStore{}.Update(&u.Batch, &b)
	return u.Component("configuration", ActionAbandon, b.Ref(), "", b.Version, trail.Compare(before, b), nil)
}

func (s *Service) fillBaseline(ctx context.Context, b Baseline) error {
	m, err := s.repo.model(ctx, s.desk.DB)
	if err != nil {
		return err
	}
	ids, err := s.reach(ctx, b.Scope, &b.At)
	if err != nil {
		return err
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return err
	}
	_, err = work.Update(ctx, s.desk, baselineStore{}, ActionBaseline, b.ID, 0, nil, func(u *work.Unit, b *Baseline) error {
		if b.State != Taking {
			return nil
		}
		n, err := s.repo.take(ctx, u.Tx, v, *b, m, ids)
		switch {
		case err != nil:
			return err
		case n == 0:
			return fault.New(fault.Conflict, "configuration.error.baseline_empty")
		case n > MaxBaseline:
			return fault.New(fault.Conflict, "configuration.error.baseline_large", limits...)
		}
		b.State, b.Items = Taken, n
		b.Hash, err = s.repo.hash(ctx, u.Tx, b.ID)
		return err
	})
	return err
}

// reach lists the items of a scope that names them: those chosen, or one and
// what hangs together with it, now or at an instant.
func (s *Service) reach(ctx context.Context, sc Scope, at *time.Time) ([]uuid.UUID, error) {
	if sc.By != ScopeReach {
		return sc.Items, nil
	}
	types, err := s.repo.relationTypes(ctx, s.desk.DB)
	if err != nil {
		return nil, err
	}
	w := s.walk(Question{Roots: sc.Items, Up: sc.Up, Depth: sc.Depth}, types)
	w.at = at
	if err := w.run(ctx); err != nil {
		return nil, err
	}
	if w.more {
		return nil, fault.New(fault.Conflict, "configuration.error.reach_large", limits...)
	}
	return slices.Collect(maps.Keys(w.depth)), nil
}

// MadeCursor is the place after the last thing shown, by when it was made.
type MadeCursor struct {
	At time.Time
	ID uuid.UUID
}

// Baselines lists the baselines, the newest first; next is the cursor of the
// following page.
func (s *Service) Baselines(ctx context.Context, cursor string) (list []Baseline, next string, err error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return nil, "", err
	}
	after, err := db.ParseCursor[MadeCursor](cursor)
	if err != nil {
		return nil, "", err
	}
	list, err = s.repo.baselines(ctx, s.desk.DB, after, PageSize+1)
	if len(list) > PageSize {
		list = list[:PageSize]
		last := list[PageSize-1]
		next = db.Cursor(MadeCursor{last.CreatedAt, last.ID})
	}
	return list, next, err
}

// GetBaseline reads a baseline, for those who may read items.
func (s *Service) GetBaseline(ctx context.Context, id uuid.UUID) (Baseline, error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return Baseline{}, err
	}
	return s.repo.baseline(ctx, s.desk.DB, id)
}

// CheckBaseline computes the hash of a baseline's content anew.
func (s *Service) CheckBaseline(ctx context.Context, id uuid.UUID) (hash string, same bool, err error) {
	b, err := s.GetBaseline(ctx, id)
	if err == nil {
		err = b.ready()
	}
	if err != nil {
		return "", false, err
	}
	hash, err = s.repo.hash(ctx, s.desk.DB, id)
	return hash, hash == b.Hash, err
}

// Comparison is a page of what differs between a baseline and what it is
// compared with, as far as the actor may see it.
type Comparison struct {
	With     *Baseline // nil: now
	Rows     []Deviation
	Next     int64          // number after which the following page begins; 0: none
	Counts   map[string]int // of items by fate, of all pages
	Names    Names
	Ties     []TieDeviation
	NextTies uuid.UUID // id after which the following page of relations begins
}

// CompareInput says with what a baseline is compared, and which page of what
// differs is asked for.
type CompareInput struct {
	With      string // id of another baseline; "" and "now": its scope as it is now
	Fate      string // only what was added, removed or changed
	After     int64  // number of the last item of the page before
	AfterTies uuid.UUID
	Limit     int
}

// against reads what a baseline is compared with: the id of another one, or
// "now", which is its scope as it is now.
func (s *Service) against(ctx context.Context, b Baseline, with string) (against, *Baseline, error) {
	if err := b.ready(); err != nil {
		return against{}, nil, err
	}
	if with != "" && with != "now" {
		id, err := uuid.Parse(with)
		if err != nil {
			return against{}, nil, fault.OnField("with", "validation.unknown")
		}
		other, err := s.repo.baseline(ctx, s.desk.DB, id)
		if fault.Is(err, fault.NotFound) || err == nil && !other.Ready() {
			return against{}, nil, fault.OnField("with", "validation.unknown")
		}
		return against{at: other.At, baseline: &other.ID}, &other, err
	}
	m, err := s.repo.model(ctx, s.desk.DB)
	if err != nil {
		return against{}, nil, err
	}
	ids, err := s.reach(ctx, b.Scope, nil)
	if err != nil {
		return against{}, nil, err
	}
	cond, args := b.Scope.now(m, ids)
	return against{at: s.desk.Now(), cond: cond, args: args}, nil, nil
}

// CompareBaseline lists what differs: the items, with how many there are of each
// fate, and the relations of items of either that there were at one of the two
// instants only.
func (s *Service) CompareBaseline(ctx context.Context, b Baseline, in CompareInput) (Comparison, error) {
	var c Comparison
	a, other, err := s.against(ctx, b, in.With)
	if c.With = other; err != nil {
		return c, err
	}
	if in.Fate != "" && !slices.Contains(Fates, in.Fate) {
		return c, fault.OnField("fate", "validation.oneof")
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return c, err
	}
	if c.Rows, c.Counts, err = s.repo.deviations(ctx, s.desk.DB, v, b.ID, a, in.Fate, in.After, in.Limit+1); err != nil {
		return c, err
	}
	if len(c.Rows) > in.Limit {
		c.Rows = c.Rows[:in.Limit]
		c.Next = c.Rows[in.Limit-1].Number
	}
	if c.Ties, err = s.tieDeviations(ctx, v, b, a, in.Fate, in.AfterTies, in.Limit+1); err != nil {
		return c, err
	}
	if len(c.Ties) > in.Limit {
		c.Ties = c.Ties[:in.Limit]
		c.NextTies = c.Ties[in.Limit-1].ID
	}
	c.Names, err = s.namesOf(ctx, c.Rows)
	return c, err
}

// tieDeviations reads a page of the relations that differ, with their types.
func (s *Service) tieDeviations(ctx context.Context, v record.Visibility, b Baseline, a against, fate string, after uuid.UUID, limit int) ([]TieDeviation, error) {
	list, err := s.repo.tieDeviations(ctx, s.desk.DB, v, b, a, fate, after, limit)
	if err != nil {
		return nil, err
	}
	types, err := s.repo.relationTypes(ctx, s.desk.DB)
	for n := range list {
		if at := slices.IndexFunc(types, func(t RelationType) bool { return t.ID == list[n].TypeID }); at >= 0 {
			list[n].Type = types[at]
		}
	}
	return list, err
}

// namesOf looks up what the ids in the changed fields are called.
func (s *Service) namesOf(ctx context.Context, list []Deviation) (Names, error) {
	m, err := s.repo.model(ctx, s.desk.DB)
	if err != nil {
		return Names{}, err
	}
	var states []State
	for _, d := range list {
		before, after := State{}, State{}
		for _, c := range d.Changes {
			before[c.Field], after[c.Field] = c.Before, c.After
		}
		states = append(states, before, after)
	}
	return s.names(ctx, m, states...)
}

// exportPage is how many rows of a file are read at once.
const exportPage = 5000

// takeable is what the actor may see and, as far as that right reaches, take
// out.
func (s *Service) takeable(ctx context.Context) (record.Visibility, error) {
	v, who, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return v, err
	}
	row, err := s.desk.Row(ActionExport)
	return v.And(record.Visible(s.desk.Matrix.ReadScope(who, row), who, s.desk.Now())), err
}

// ExportBaseline gives the lines of a comparison, or with "" the items of the
// baseline as they were, to each in turn, page by page and at least one: those
// that the actor may take out. Whoever takes them out is in the trail.
func (s *Service) ExportBaseline(ctx context.Context, b Baseline, with, fate string, each func(Comparison) error) error {
	if _, err := s.desk.Permit(ctx, ActionExport); err != nil {
		return err
	}
	if err := b.ready(); err != nil {
		return err
	}
	v, err := s.takeable(ctx)
	if err != nil {
		return err
	}
	read := func(after int64) ([]Deviation, error) {
		return s.repo.baselineRows(ctx, s.desk.DB, v, b.ID, after, exportPage)
	}
	var a against
	if with != "" {
		if a, _, err = s.against(ctx, b, with); err != nil {
			return err
		}
		read = func(after int64) ([]Deviation, error) {
			list, _, err := s.repo.deviations(ctx, s.desk.DB, v, b.ID, a, fate, after, exportPage)
			return list, err
		}
	}
	err = s.desk.Do(ctx, func(u *work.Unit) error {
		return u.Record(ctx, ActionExport, b.Ref(), map[string][2]any{"with": {nil, with}, "fate": {nil, fate}})
	})
	for after := int64(0); err == nil; {
		var c Comparison
		if c.Rows, err = read(after); err != nil {
			break
		}
		if c.Names, err = s.namesOf(ctx, c.Rows); err == nil {
			err = each(c)
		}
		if len(c.Rows) < exportPage {
			break
		}
		after = c.Rows[exportPage-1].Number
	}
	for after := uuid.Nil; err == nil && with != ""; {
		var c Comparison
		if c.Ties, err = s.tieDeviations(ctx, v, b, a, fate, after, exportPage); err == nil {
			err = each(c)
		}
		if len(c.Ties) < exportPage {
			break
		}
		after = c.Ties[exportPage-1].ID
	}
	return err
}
