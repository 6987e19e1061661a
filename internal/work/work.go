package work

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
)

// Record is what a domain type must say about itself. Types whose values stand
// in the register also have Entry() record.Entry.
type Record interface {
	Ref() record.Ref
	CurrentVersion() int
}

// Pointer lets work stamp a changed record: Touch raises the version by one
// and notes the time.
type Pointer[T any] interface {
	*T
	Touch(now time.Time)
}

type registered interface{ Entry() record.Entry }

// described is for things that are not in the register but have facts to
// decide by, such as a token and its owner.
type described interface{ Facts() authz.Facts }

// adjusted is for records whose facts depend on how somebody works on them,
// such as through one of several tasks.
type adjusted interface {
	Adjust(f *authz.Facts, who identity.Actor)
}

// Store is what a repository must offer to take part. Insert and Update queue
// their statements; they run with the unit's other rows.
type Store[T Record] interface {
	Insert(b *pgx.Batch, t *T)
	ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (T, error)
	Update(b *pgx.Batch, t *T)
}

// Create makes one record in one transaction: authorize, validate, make, save,
// register, trail, announce. With a repeated idempotency key it returns what
// the first call made. make finds the new record's id in u.ID().
func Create[T Record](ctx context.Context, d *Desk, s Store[T], act authz.Action, in any, make func(*Unit) (T, error)) (T, error) {
	var out, zero T
	err := d.Do(ctx, func(u *Unit) (err error) {
		out, err = Insert(ctx, u, s, act, nil, in, make)
		return err
	})
	if err != nil {
		return zero, d.Noted(ctx, act, record.Ref{Kind: zero.Ref().Kind}, err)
	}
	return out, nil
}

// Insert is Create within a unit. f describes what the new record belongs to,
// where that decides (nil: nothing yet).
func Insert[T Record](ctx context.Context, u *Unit, s Store[T], act authz.Action, f *authz.Facts, in any, make func(*Unit) (T, error)) (T, error) {
	var zero T
	if err := u.authorize(act, f); err != nil {
		return zero, err
	}
	if err := validate.Struct(in); err != nil {
		return zero, err
	}
	u.id = NewID()
	id, err := u.claim(ctx, act, u.id, in)
	if err != nil {
		return zero, err
	}
	if u.done {
		return s.ForUpdate(ctx, u.Tx, id)
	}
	t, err := make(u)
	if err != nil {
		return zero, err
	}
	s.Insert(&u.Batch, &t)
	number := ""
	if r, ok := any(t).(registered); ok {
		e := r.Entry()
		record.Queue(&u.Batch, e)
		number = e.Number
	}
	if err := u.runAfter(); err != nil {
		return zero, err
	}
	if err := u.changed(nil, t); err != nil {
		return zero, err
	}
	return t, u.finish(act, t.Ref(), number, t.CurrentVersion(), trail.Compare(zero, t))
}

// Update changes one record in one transaction: lock, authorize, validate,
// compare versions, change, save, register, trail, announce.
//
// version is what the editor saw; 0 skips the comparison. When others have
// changed the record since, the edit still goes through if it touches none of
// the fields they touched, and is a Conflict fault with the clashing fields
// otherwise.
func Update[T Record, P Pointer[T]](ctx context.Context, d *Desk, s Store[T], act authz.Action, id uuid.UUID, version int, in any, change func(*Unit, *T) error) (T, error) {
	var out, zero T
	err := d.Do(ctx, func(u *Unit) (err error) {
		out, err = Apply[T, P](ctx, u, s, act, id, version, in, change)
		return err
	})
	if err != nil {
		return zero, d.Noted(ctx, act, record.Ref{Kind: zero.Ref().Kind, ID: id}, err)
	}
	return out, nil
}

// Apply is Update within a unit.
func Apply[T Record, P Pointer[T]](ctx context.Context, u *Unit, s Store[T], act authz.Action, id uuid.UUID, version int, in any, change func(*Unit, *T) error) (T, error) {
	var zero T
	before, err := s.ForUpdate(ctx, u.Tx, id)
	if err != nil {
		return zero, db.Map(err)
	}
	facts, err := u.facts(ctx, before)
	if err != nil {
		return zero, err
	}
	if err := u.authorize(act, facts); err != nil {
		return zero, err
	}
	if err := validate.Struct(in); err != nil {
		return zero, err
	}
	if _, err := u.claim(ctx, act, id, in); err != nil {
		return zero, err
	}
	if u.done {
		return before, nil
	}
	queued := u.Batch.Len() // the key, which alone is no change
	if err := matches(ctx, before.CurrentVersion()); err != nil {
		return zero, err
	}
	after := before
	if err := change(u, &after); err != nil {
		return zero, u.stale(ctx, before, version, err)
	}
	diff := trail.Compare(before, after)
	if version != 0 && version != before.CurrentVersion() {
		if err := u.clash(ctx, id, version, diff); err != nil {
			return zero, err
		}
	}
	if len(diff) == 0 && len(u.extra) == 0 && len(u.events) == 0 && u.Batch.Len() == queued {
		return before, nil // nothing to do, nothing to tell
	}
	if err := u.employ(ctx, before, after); err != nil {
		return zero, err
	}
	P(&after).Touch(u.occurred())
	s.Update(&u.Batch, &after)
	number := ""
	if r, ok := any(after).(registered); ok {
		e := r.Entry()
		record.QueueUpdate(&u.Batch, e)
		number = e.Number
	}
	if err := u.changed(before, after); err != nil {
		return zero, err
	}
	return after, u.finish(act, after.Ref(), number, after.CurrentVersion(), diff)
}

// employ holds whom a change makes responsible for a record until it is done, so
// that their account is not disabled meanwhile with the record left on it.
// Imported history (Quiet) names who was responsible once.
func (u *Unit) employ(ctx context.Context, before, after Record) error {
	r, ok := after.(registered)
	if !ok || u.Quiet {
		return nil
	}
	to, was := r.Entry().AssigneeID, before.(registered).Entry().AssigneeID
	if to == nil || was != nil && *was == *to {
		return nil
	}
	return identity.Engage(ctx, u.Tx, *to, "assignee_id")
}

// facts is what the decision about a locked record rests on. For a record in
// the register it also decides whether the record exists for this actor.
func (u *Unit) facts(ctx context.Context, t any) (*authz.Facts, error) {
	if d, ok := t.(described); ok {
		f := d.Facts()
		return &f, nil
	}
	r, ok := t.(registered)
	if !ok {
		return nil, nil
	}
	e := r.Entry()
	s, err := record.StandingOf(ctx, u.Tx, e.ID, u.Actor.ID, u.Now)
	if err != nil {
		return nil, err
	}
	f := e.Facts(s)
	spec, _ := u.desk.Kinds.Spec(e.Kind)
	if !u.Actor.System && !u.desk.Matrix.Decide(u.Actor, spec.Read, &f).Allowed {
		return nil, fault.New(fault.NotFound, "error.not_found")
	}
	if a, ok := t.(adjusted); ok {
		a.Adjust(&f, u.Actor)
	}
	return &f, nil
}

func (u *Unit) authorize(act authz.Action, f *authz.Facts) error {
	row, err := u.desk.Row(act)
	if err != nil {
		return err
	}
	dec := u.desk.Matrix.Decide(u.Actor, row, f)
	if dec.Allowed {
		return nil
	}
	if dec.SecondPerson {
		return secondPerson()
	}
	return forbidden(dec)
}

// clash compares an edit with what others did since the version it began from.
func (u *Unit) clash(ctx context.Context, id uuid.UUID, version int, mine trail.Diff) error {
	since, err := trail.ChangedSince(ctx, u.Tx, id, version)
	if err != nil {
		return err
	}
	f := fault.New(fault.Conflict, "error.changed_meanwhile")
	f.By, f.At = since.By, since.At
	for field, v := range mine {
		if since.Fields[field] {
			f.Clashes = append(f.Clashes, fault.Clash{Field: field, Theirs: v[0], Yours: v[1]})
		}
	}
	if len(f.Clashes) == 0 {
		return nil
	}
	return f
}

// stale explains a refused change by the version it began from: what was legal
// on the page the person saw may not be any more.
func (u *Unit) stale(ctx context.Context, before Record, version int, err error) error {
	f := fault.Of(err)
	if f.Kind != fault.Conflict || version == 0 || version == before.CurrentVersion() {
		return err
	}
	since, serr := trail.ChangedSince(ctx, u.Tx, before.Ref().ID, version)
	if serr != nil {
		return serr
	}
	f.By, f.At = since.By, since.At
	return f
}
