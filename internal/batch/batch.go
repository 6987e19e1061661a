// Package batch runs long work that a person started: a change of many records,
// an export. A batch lives in the database and is worked on by a job, so it
// survives the desk and can be looked at, cancelled and, where every step can
// be, undone. Each record goes through the same use case as a click, with the
// rights that its owner has at that moment.
package batch

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/event"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

//go:embed messages/*.json
var messages embed.FS

// KindBatch is what the trail calls a batch.
const KindBatch record.Kind = "batch"

// The use cases.
const (
	ActionStart  authz.Action = "batch.start"
	ActionCancel authz.Action = "batch.cancel"
)

// The states of a batch.
const (
	Draft     = "draft" // shown to its owner before it starts
	Queued    = "queued"
	Running   = "running"
	Done      = "done"
	Failed    = "failed"
	Cancelled = "cancelled"
)

// MaxRows is how many records one batch may change.
const MaxRows = 5000

// keepDrafts is how long a batch waits for its owner to start it.
const keepDrafts = 24 * time.Hour

// Batch is one piece of long work.
type Batch struct {
	ID         uuid.UUID       `db:"id" json:"id"`
	Version    int             `db:"version" json:"version"`
	Kind       string          `db:"kind" json:"kind"`
	OwnerID    uuid.UUID       `db:"owner_id" json:"owner_id"`
	Input      json.RawMessage `db:"input" json:"input"`
	State      string          `db:"state" json:"state"`
	Total      int             `db:"total" json:"total"`
	Done       int             `db:"done" json:"done"`
	Succeeded  int             `db:"succeeded" json:"succeeded"`
	Refused    int             `db:"refused" json:"refused"`
	Undoes     *uuid.UUID      `db:"undoes" json:"undoes"`
	File       string          `db:"file" json:"-"`
	FileName   string          `db:"file_name" json:"file_name"`
	Problem    string          `db:"problem" json:"problem"`
	CreatedAt  time.Time       `db:"created_at" json:"created_at"`
	StartedAt  *time.Time      `db:"started_at" json:"started_at"`
	FinishedAt *time.Time      `db:"finished_at" json:"finished_at"`
	UpdatedAt  time.Time       `db:"updated_at" json:"updated_at"`
}

// Ended reports whether nothing more will happen.
func (b Batch) Ended() bool { return b.State == Done || b.State == Failed || b.State == Cancelled }

// Ref points at the batch.
func (b Batch) Ref() record.Ref { return record.Ref{Kind: KindBatch, ID: b.ID} }

// Runner does the batches of a kind: row by row, or as a whole.
type Runner struct {
	// Row changes one record and returns what would take that back; nil where
	// nothing can. It must be idempotent under the key in its context.
	Row func(ctx context.Context, b Batch, r Row) (undo any, err error)
	// All does the whole work and writes its result; it is begun anew after a
	// crash. report says how far it is and returns an error when it is to stop.
	All func(ctx context.Context, b Batch, w io.Writer, report func(done int) error) error
	// Ended is called once when a batch ends, however it does: done, failed or
	// cancelled, also where its owner may do nothing any more. It runs in the unit
	// that ends the batch, whose actor may be anybody; what it writes, it writes as
	// a component of the desk. What it refuses leaves the batch as it was.
	Ended func(ctx context.Context, u *work.Unit, b Batch) error
	// Undo is the kind that takes such a batch back; "" if none does.
	Undo string
	// Title is the message key of what the work is called.
	Title string
	// Max is how many records one batch may have; 0: MaxRows.
	Max int
	// Path is the address of a record before its number.
	Path string
}

func (r Runner) max() int {
	if r.Max > 0 {
		return r.Max
	}
	return MaxRows
}

// Files keeps the results.
type Files interface {
	Put(r io.Reader, limit int64, name string) (sum string, size int64, err error)
}

// Service holds the use cases of batches.
type Service struct {
	desk    *work.Desk
	repo    repository
	files   Files
	runners map[string]Runner
}

const jobRun = "batch.run"

// New registers the policies, texts and jobs of batches.
func New(d *work.Desk, files Files) (*Service, error) {
	s := &Service{desk: d, files: files, runners: map[string]Runner{}}
	d.Policies.Add(authz.Policies{ActionStart: "session.own", ActionCancel: "session.own"})
	return s, errors.Join(
		d.Registry.Handle(jobRun, time.Hour, s.run),
		d.Registry.Every("batch.prune", time.Hour, time.Minute, s.prune),
		d.Messages.Add(messages),
	)
}

// Handle says who does the batches of a kind. It is called while wiring.
func (s *Service) Handle(kind string, r Runner) { s.runners[kind] = r }

// Runner returns who does the batches of a kind.
func (s *Service) Runner(kind string) Runner { return s.runners[kind] }

// Draft makes a batch that its owner looks at before it starts.
func (s *Service) Draft(ctx context.Context, kind string, input any, rows []Row) (Batch, error) {
	b := Batch{Kind: kind, State: Draft, Total: len(rows)}
	for _, r := range rows {
		if r.Code != "" {
			b.Refused++ // as far as can be told now
		}
	}
	return s.make(ctx, b, input, rows)
}

// BeginFile makes a batch that starts at once and ends with a file of that
// name.
func (s *Service) BeginFile(ctx context.Context, kind string, input any, total int, name string) (Batch, error) {
	return s.make(ctx, Batch{Kind: kind, State: Queued, Total: total, FileName: name}, input, nil)
}

func (s *Service) make(ctx context.Context, b Batch, input any, rows []Row) (Batch, error) {
	who, err := s.desk.Permit(ctx, ActionStart)
	if err != nil {
		return b, err
	}
	if limit := s.runners[b.Kind].max(); len(rows) > limit {
		return b, fault.New(fault.Conflict, "batch.error.too_many", "count", limit)
	}
	if b.Input, err = json.Marshal(input); err != nil {
		return b, fmt.Errorf("input of batch %s: %w", b.Kind, err)
	}
	b.ID, b.Version, b.OwnerID = work.NewID(), 1, who.ID
	if key := work.Key(ctx); key != "" {
		// The same key is the same batch: a form sent twice makes one.
		b.ID = uuid.NewSHA1(who.ID, []byte("batch\n"+key))
		old, err := s.repo.get(ctx, s.desk.DB, b.ID, who.ID)
		if !fault.Is(err, fault.NotFound) {
			return again(old, b, err)
		}
	}
	err = s.desk.Do(ctx, func(u *work.Unit) error {
		b.CreatedAt, b.UpdatedAt = u.Now, u.Now
		s.repo.insert(&u.Batch, b)
		s.repo.insertRows(&u.Batch, b.ID, rows)
		if b.State == Draft {
			return nil
		}
		return s.queue(ctx, u, b)
	})
	if err != nil && work.Key(ctx) != "" {
		if old, gerr := s.repo.get(ctx, s.desk.DB, b.ID, who.ID); gerr == nil {
			return again(old, b, nil) // the other of two that came at once
		}
	}
	return b, err
}

// again is the answer to a key that was used before.
func again(old, b Batch, err error) (Batch, error) {
	if err != nil {
		return b, err
	}
	if old.Kind != b.Kind || !sameJSON(old.Input, b.Input) {
		return b, fault.New(fault.Invalid, "error.idempotency_mismatch")
	}
	return old, nil
}

// sameJSON compares documents: the database keeps them in an order of its own.
func sameJSON(a, b json.RawMessage) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

func (s *Service) queue(ctx context.Context, u *work.Unit, b Batch) error {
	u.Enqueue(jobs.Job{Kind: jobRun, Payload: b.ID, Max: 20})
	return u.Record(ctx, ActionStart, b.Ref(), trail.Diff{"kind": {nil, b.Kind}, "total": {nil, b.Total}, "input": {nil, b.Input}})
}

// Get returns a batch of the actor; another's does not exist for them.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (Batch, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return Batch{}, err
	}
	return s.repo.get(ctx, s.desk.DB, id, who.ID)
}

// Cursor is the place after the last batch shown.
type Cursor struct {
	At time.Time
	ID uuid.UUID
}

// pageSize is how many batches one page lists.
const pageSize = 30

// List lists the actor's batches, newest first; cursor is the next of the page
// before.
func (s *Service) List(ctx context.Context, cursor string) (list []Batch, next string, err error) {
	who, err := identity.From(ctx)
	if err != nil {
		return nil, "", err
	}
	after, err := db.ParseCursor[Cursor](cursor)
	if err != nil {
		return nil, "", err
	}
	list, err = s.repo.list(ctx, s.desk.DB, who.ID, after, pageSize+1)
	if len(list) > pageSize {
		list = list[:pageSize]
		next = db.Cursor(Cursor{list[pageSize-1].CreatedAt, list[pageSize-1].ID})
	}
	return list, next, err
}

// Rows lists rows of a batch of the actor from number n on; problems only where
// asked.
func (s *Service) Rows(ctx context.Context, id uuid.UUID, problems bool, after, limit int) ([]Row, error) {
	b, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.repo.rows(ctx, s.desk.DB, b.ID, problems, after, limit)
}

// Start starts a draft. Pressed twice it starts once.
func (s *Service) Start(ctx context.Context, id uuid.UUID) (Batch, error) {
	return s.turn(ctx, ActionStart, id, func(u *work.Unit, b *Batch) error { return s.start(ctx, u, b) })
}

// StartIn is Start within a unit: the batch starts with what the unit writes, or
// not at all. It comes last in it.
func (s *Service) StartIn(ctx context.Context, u *work.Unit, id uuid.UUID) error {
	who, err := s.desk.Permit(ctx, ActionStart)
	if err != nil {
		return err
	}
	_, err = s.turned(ctx, u, who.ID, id, func(b *Batch) error { return s.start(ctx, u, b) })
	return err
}

func (s *Service) start(ctx context.Context, u *work.Unit, b *Batch) error {
	if b.State != Draft {
		return nil
	}
	b.State, b.Refused = Queued, 0
	return s.queue(ctx, u, *b)
}

// Cancel ends a batch; what it has done already stays done.
func (s *Service) Cancel(ctx context.Context, id uuid.UUID) (Batch, error) {
	return s.turn(ctx, ActionCancel, id, func(u *work.Unit, b *Batch) error {
		if b.Ended() {
			return fault.New(fault.Conflict, "batch.error.ended")
		}
		b.State, b.FinishedAt = Cancelled, &u.Now
		if err := u.Record(ctx, ActionCancel, b.Ref(), trail.Diff{"state": {nil, Cancelled}}); err != nil {
			return err
		}
		return s.ended(ctx, u, *b)
	})
}

func (s *Service) turn(ctx context.Context, act authz.Action, id uuid.UUID, fn func(*work.Unit, *Batch) error) (Batch, error) {
	who, err := s.desk.Permit(ctx, act)
	if err != nil {
		return Batch{}, err
	}
	var b Batch
	err = s.desk.Do(ctx, func(u *work.Unit) (err error) {
		b, err = s.turned(ctx, u, who.ID, id, func(b *Batch) error { return fn(u, b) })
		return err
	})
	return b, err
}

// turned changes a batch of its owner within a unit.
func (s *Service) turned(ctx context.Context, u *work.Unit, owner, id uuid.UUID, fn func(*Batch) error) (Batch, error) {
	b, err := s.repo.lock(ctx, u.Tx, id)
	if err != nil || b.OwnerID != owner {
		return b, fault.New(fault.NotFound, "error.not_found")
	}
	if err := fn(&b); err != nil {
		return b, err
	}
	b.UpdatedAt = u.Now
	s.repo.save(&u.Batch, b)
	return b, nil
}

// ended tells whoever does such batches that one is over.
func (s *Service) ended(ctx context.Context, u *work.Unit, b Batch) error {
	if r := s.runners[b.Kind]; r.Ended != nil {
		return r.Ended(ctx, u, b)
	}
	return nil
}

// Undoable reports whether the batch can be taken back: it has ended, none did
// so before, and something of it can be.
func (s *Service) Undoable(ctx context.Context, b Batch) (bool, error) {
	if s.runners[b.Kind].Undo == "" || !b.Ended() || b.Succeeded == 0 {
		return false, nil
	}
	return s.repo.undoable(ctx, s.desk.DB, b.ID)
}

// Undo takes a batch back as far as it can be: rows that others have changed
// since are refused one by one.
func (s *Service) Undo(ctx context.Context, id uuid.UUID) (Batch, error) {
	b, err := s.Get(ctx, id)
	if err != nil {
		return b, err
	}
	ok, err := s.Undoable(ctx, b)
	if err != nil || !ok {
		return b, errors.Join(err, fault.New(fault.Conflict, "batch.error.no_undo"))
	}
	rows, err := s.repo.undos(ctx, s.desk.DB, b.ID, s.runners[b.Kind].max())
	if err != nil {
		return b, err
	}
	u := Batch{Kind: s.runners[b.Kind].Undo, State: Queued, Total: len(rows), Undoes: &b.ID}
	return s.make(ctx, u, json.RawMessage(b.Input), rows)
}

// run is the job.
func (s *Service) run(ctx context.Context, payload json.RawMessage, run jobs.Run) error {
	var id uuid.UUID
	if err := json.Unmarshal(payload, &id); err != nil {
		return jobs.Cancel(err)
	}
	b, err := s.begin(ctx, id)
	if err != nil || b.ID == uuid.Nil {
		return err
	}
	owner, err := identity.LoadActor(ctx, s.desk.DB, b.OwnerID, s.desk.Now())
	if err != nil {
		if fault.Is(err, fault.Unauthenticated) {
			return s.finish(ctx, b, Failed, "batch.error.owner")
		}
		return err
	}
	as := identity.With(ctx, owner)
	r, ok := s.runners[b.Kind]
	switch {
	case !ok:
		return s.finish(ctx, b, Failed, "batch.error.unknown")
	case r.All != nil:
		err = s.whole(as, b, r)
	default:
		err = s.rowByRow(as, b, r)
	}
	switch {
	case errors.Is(err, errCancelled):
		return nil
	case err == nil:
		return s.finish(ctx, b, Done, "")
	case fault.Of(err).Kind != fault.Internal && fault.Of(err).Kind != fault.Unavailable || run.Attempt >= run.Max:
		return errors.Join(s.finish(ctx, b, Failed, fault.Of(err).Code), jobs.Cancel(err))
	}
	return err // tried again, from where it was
}

var errCancelled = errors.New("batch cancelled")

// begin marks the batch as running. A zero batch has ended, or is gone.
func (s *Service) begin(ctx context.Context, id uuid.UUID) (b Batch, err error) {
	err = s.desk.DB.InTx(ctx, func(tx db.Tx) error {
		if b, err = s.repo.lock(ctx, tx, id); err != nil {
			return err
		}
		if b.Ended() || b.State == Draft {
			b = Batch{}
			return nil
		}
		now := s.desk.Now()
		if b.StartedAt == nil {
			b.StartedAt = &now
		}
		b.State, b.UpdatedAt = Running, now
		return s.repo.saveNow(ctx, tx, b)
	})
	if fault.Is(db.Map(err), fault.NotFound) {
		return Batch{}, jobs.Cancel(err)
	}
	return b, err
}

// flushEvery is how many rows are done between two notes of how far it is.
// Rows after the last note are done again after a crash, under their old keys:
// they have no second effect.
const flushEvery = 25

func (s *Service) rowByRow(ctx context.Context, b Batch, r Runner) error {
	for {
		state, err := s.repo.state(ctx, s.desk.DB, b.ID)
		if err != nil {
			return err
		}
		if state != Running {
			return errCancelled
		}
		rows, err := s.repo.waiting(ctx, s.desk.DB, b.ID, flushEvery)
		if err != nil || len(rows) == 0 {
			return err
		}
		for i := range rows {
			undo, err := r.Row(work.WithKey(ctx, fmt.Sprintf("batch:%s:%d", b.ID, rows[i].N)), b, rows[i])
			f := fault.Of(err)
			switch {
			case err == nil:
				rows[i].Outcome, rows[i].Code, rows[i].Args = "done", "", nil
				if undo != nil {
					if rows[i].Undo, err = json.Marshal(undo); err != nil {
						return err
					}
				}
			case f.Kind == fault.Internal || f.Kind == fault.Unavailable:
				return err
			default:
				rows[i].Outcome, rows[i].Undo = "refused", nil
				rows[i].Refuse(f)
			}
		}
		if err := s.desk.DB.InTx(ctx, func(tx db.Tx) error { return s.repo.progress(ctx, tx, b.ID, rows, s.desk.Now()) }); err != nil {
			return db.Map(err)
		}
	}
}

// maxFile bounds the result of a batch, in bytes.
const maxFile = 1 << 30

func (s *Service) whole(ctx context.Context, b Batch, r Runner) error {
	pr, pw := io.Pipe()
	defer pr.Close() //nolint:errcheck // a read end cannot fail to close
	go func() {
		pw.CloseWithError(r.All(ctx, b, pw, func(done int) error {
			return s.desk.DB.InTx(ctx, func(tx db.Tx) error { return s.repo.reached(ctx, tx, b.ID, done, s.desk.Now()) })
		}))
	}()
	sum, _, err := s.files.Put(pr, maxFile, b.FileName)
	if err != nil {
		return err
	}
	return s.desk.DB.InTx(ctx, func(tx db.Tx) error { return s.repo.result(ctx, tx, b.ID, sum) })
}

// tellAfter is how long a batch must have taken for its owner to be told that
// it has ended: of shorter ones they have seen the end.
const tellAfter = 10 * time.Second

func (s *Service) finish(ctx context.Context, b Batch, state, problem string) error {
	ctx = identity.With(context.WithoutCancel(ctx), identity.NewSystem("batch"))
	return s.desk.Do(ctx, func(u *work.Unit) error {
		now, err := s.repo.lock(ctx, u.Tx, b.ID)
		if err != nil || now.Ended() {
			return db.Map(err)
		}
		now.State, now.Problem, now.FinishedAt, now.UpdatedAt = state, problem, &u.Now, u.Now
		s.repo.save(&u.Batch, now)
		if now.StartedAt != nil && u.Now.Sub(*now.StartedAt) > tellAfter {
			people, err := identity.People(ctx, u.Tx, b.OwnerID)
			if err != nil {
				return err
			}
			m := s.desk.Messages.In(people[b.OwnerID].Lang)
			u.Announce("batch."+state, event.Subject{Title: m.T(s.runners[b.Kind].Title), Path: "/jobs/" + b.ID.String()}, b.OwnerID)
		}
		if err := u.Record(ctx, ActionStart, b.Ref(), trail.Diff{"state": {b.State, state}, "succeeded": {nil, now.Succeeded}, "refused": {nil, now.Refused}}); err != nil {
			return err
		}
		return s.ended(ctx, u, now)
	})
}

// prune forgets drafts that nobody started.
func (s *Service) prune(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	return s.desk.DB.InTx(ctx, func(tx db.Tx) error { return s.repo.prune(ctx, tx, s.desk.Now().Add(-keepDrafts)) })
}
