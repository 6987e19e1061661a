package work

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/authz"
	"opsdesk/internal/event"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
)

// Unit is one running use case: one actor, one moment, one transaction.
type Unit struct {
	Tx    db.Tx
	Now   time.Time
	Actor identity.Actor
	// Occurred is when the act happened, where that is not Now: back-dated
	// reports and imported history.
	Occurred time.Time
	// Behalf is for whom the actor acts, where that is another person: an import
	// acts for whoever did it in the old system. BehalfName is set where what is
	// said in the unit is that person's own word.
	Behalf     *uuid.UUID
	BehalfName string
	// Batch collects the unit's own rows; they travel to the database together.
	Batch pgx.Batch
	// Quiet suppresses events: imported history tells nobody anything.
	Quiet bool
	// Group, where set, makes the unit's events one with those of other units of
	// the group: a person is told of them once.
	Group uuid.UUID

	desk    *Desk
	id      uuid.UUID // of the record that Create makes
	events  []event.Event
	jobs    []jobs.Job
	extra   trail.Diff
	after   []func() error
	held    bool     // messages wait until the act stands
	whole   *whole   // of several use cases this is one
	changes int      // announced so far
	used    *usedKey // a repeated idempotency key: the effect exists already
	// claimed: the key belongs to the unit's first act. done: and it was used.
	claimed, done bool
}

// ID is the identifier of the record that Create is making.
func (u *Unit) ID() uuid.UUID { return u.id }

// By is the person whose act it is: the one acted for, or the actor.
func (u *Unit) By() uuid.UUID {
	if u.Behalf != nil {
		return *u.Behalf
	}
	return u.Actor.ID
}

// Author is who says what is said in the unit.
func (u *Unit) Author() (uuid.UUID, string) {
	if u.Behalf != nil && u.BehalfName != "" {
		return *u.Behalf, u.BehalfName
	}
	return u.Actor.ID, u.Actor.Name
}

// Desk is the desk the unit runs on.
func (u *Unit) Desk() *Desk { return u.desk }

// Emit announces what happened to the record being written, and to whom
// beside those who follow it.
func (u *Unit) Emit(name string, to ...uuid.UUID) {
	u.events = append(u.events, event.Event{Name: name, To: to})
}

// EmitAbout is Emit for a part of the record, such as a comment.
func (u *Unit) EmitAbout(name string, about uuid.UUID, to ...uuid.UUID) {
	u.events = append(u.events, event.Event{Name: name, To: to, About: about})
}

// Tell is EmitAbout for exactly the people in to. They hear of the act by this
// event only, whatever else it emits.
func (u *Unit) Tell(name string, about uuid.UUID, to ...uuid.UUID) {
	u.events = append(u.events, event.Event{Name: name, To: to, About: about, Only: true})
}

// Announce is Emit for a thing that has no line in the register: exactly those
// in to are told, and the caller has seen to it that they may know.
func (u *Unit) Announce(name string, subject event.Subject, to ...uuid.UUID) {
	u.events = append(u.events, event.Event{Name: name, To: to, Subject: &subject})
}

// Hold lets people hear of the act only once its actor cannot take it back any
// more; of an act that was taken back by then they hear nothing.
func (u *Unit) Hold() { u.held = true }

// AfterRegister runs fn once the new record's register line is queued, for rows
// that refer to it.
func (u *Unit) AfterRegister(fn func() error) { u.after = append(u.after, fn) }

func (u *Unit) runAfter() error {
	for _, fn := range u.after {
		if err := fn(); err != nil {
			return err
		}
	}
	u.after = nil
	return nil
}

// Enqueue adds a job to the unit's transaction.
func (u *Unit) Enqueue(j jobs.Job) { u.jobs = append(u.jobs, j) }

// Note adds a fact to the trail entry of the act, beside the columns that
// changed: the remark of a transfer, the id of a new comment.
func (u *Unit) Note(field string, before, after any) {
	if u.extra == nil {
		u.extra = trail.Diff{}
	}
	u.extra[field] = [2]any{before, after}
}

// Flush sends the collected rows now, for a use case that reads its own
// writes.
func (u *Unit) Flush(ctx context.Context) error {
	if u.Batch.Len() == 0 {
		return nil
	}
	b := u.Batch
	u.Batch = pgx.Batch{}
	return u.Tx.SendBatch(ctx, &b).Close()
}

func (u *Unit) occurred() time.Time {
	if u.Occurred.IsZero() {
		return u.Now
	}
	return u.Occurred
}

// Do runs fn as the actor of ctx in one transaction, then writes what fn
// collected. Nothing else opens a transaction for business writes.
//
// With an idempotency key the unit's rows include the key. When the act fails
// and the key turns out to be used, its first use has had the effect already:
// fn runs once more and is given what that use made. Under Whole the
// transaction is the one that is open.
func (d *Desk) Do(ctx context.Context, fn func(*Unit) error) error {
	if within, err := shared(ctx, fn); within {
		return err
	}
	who, err := identity.From(ctx)
	if err != nil {
		return err
	}
	if err = d.once(ctx, who, nil, fn); err == nil {
		return nil
	}
	key, _ := ctx.Value(idemKey{}).(string)
	if key == "" {
		return err
	}
	used, uerr := d.usedKey(ctx, who.ID, key)
	if uerr != nil {
		return uerr
	}
	if used == nil {
		return err
	}
	return d.once(ctx, who, used, fn)
}

func (d *Desk) once(ctx context.Context, who identity.Actor, used *usedKey, fn func(*Unit) error) error {
	return d.DB.InTx(ctx, func(tx db.Tx) error {
		u := &Unit{Tx: tx, Now: d.Now(), Actor: who, desk: d, used: used}
		if err := fn(u); err != nil {
			return err
		}
		var unique []jobs.Job
		for _, j := range u.jobs {
			if j.Unique != "" {
				unique = append(unique, j)
				continue
			}
			if err := d.Jobs.Queue(&u.Batch, j); err != nil {
				return err
			}
		}
		if err := u.Flush(ctx); err != nil {
			return err
		}
		return d.Jobs.Insert(ctx, tx, unique...)
	})
}

// finish writes what an act leaves behind: its trail entry and its events.
func (u *Unit) finish(act authz.Action, ref record.Ref, number string, version int, diff trail.Diff) error {
	for f, v := range u.extra {
		diff[f] = v
	}
	u.extra = nil
	e := trail.Entry{At: u.Now, OccurredAt: u.occurred(), Action: act, Kind: ref.Kind, RecordID: ref.ID, Number: number, Version: version, Outcome: trail.Success, App: u.desk.App}
	e.By(u.Actor)
	e.BehalfID = u.Behalf
	if err := e.SetDiff(diff); err != nil {
		return err
	}
	trail.Queue(&u.Batch, e)
	events, held := u.events, u.held
	u.events, u.held = nil, false
	var directly []uuid.UUID
	for _, e := range events {
		if e.Only {
			directly = append(directly, e.To...)
		}
	}
	for i := range events {
		if !events[i].Only {
			events[i].Not = directly
		}
	}
	if w := u.whole; w != nil {
		w.told = append(w.told, told{ref, events})
		return nil
	}
	if !held {
		version = 0
	}
	return u.publish(ref, events, version)
}

// publish announces events about a record. version is that of an act which may
// still be taken back, 0 of one that stands.
func (u *Unit) publish(ref record.Ref, events []event.Event, version int) error {
	if u.Quiet || len(events) == 0 {
		return nil
	}
	for i := range events {
		events[i].ID, events[i].Ref, events[i].ActorID, events[i].At, events[i].Group = NewID(), ref, u.Actor.ID, u.Now, u.Group
		if version > 0 && u.desk.Undo > 0 {
			events[i].Version, events[i].Hold = version, u.desk.Undo
		}
	}
	return u.desk.Bus.Publish(&u.Batch, u.desk.Jobs, events)
}

// announced is how many changes of one unit are announced each by itself; a
// unit of more says at the end of its list that there are others.
const announced = 50

// changed announces a changed record of the register to the pages that are
// open. before is nil for a new one. Imported history (Quiet) tells nobody.
func (u *Unit) changed(before, after Record) error {
	r, ok := after.(registered)
	if !ok || u.Quiet || u.changes > announced {
		return nil
	}
	if u.changes++; u.changes > announced {
		record.QueueMany(&u.Batch)
		return nil
	}
	var was *record.Entry
	if before != nil {
		e := before.(registered).Entry()
		was = &e
	}
	return record.QueueChange(&u.Batch, was, r.Entry(), after.CurrentVersion(), u.Actor.ID, u.Now)
}

type idemKey struct{}

// WithKey gives ctx the idempotency key of the request. Keys are per actor.
func WithKey(ctx context.Context, key string) context.Context {
	if key == "" {
		return ctx
	}
	return context.WithValue(ctx, idemKey{}, key)
}

// Key is the idempotency key of the request under ctx, "" without one: for acts
// whose result is no record, which remember their key themselves.
func Key(ctx context.Context) string {
	key, _ := ctx.Value(idemKey{}).(string)
	return key
}

type matchKey struct{}

// WithMatch makes every change under ctx conditional: a record whose version is
// another is refused with a Stale fault (RFC 9110, If-Match). 0 asks nothing, of
// records that an act changes besides the one it was asked of.
func WithMatch(ctx context.Context, version int) context.Context {
	if version == 0 && ctx.Value(matchKey{}) == nil {
		return ctx
	}
	return context.WithValue(ctx, matchKey{}, version)
}

// matches holds a record against the version that WithMatch asks for.
func matches(ctx context.Context, version int) error {
	if want, ok := ctx.Value(matchKey{}).(int); ok && want != 0 && want != version {
		return fault.New(fault.Stale, "error.stale", "version", version)
	}
	return nil
}

// usedKey is the first use of an idempotency key.
type usedKey struct {
	id     uuid.UUID
	action authz.Action
	hash   []byte
}

func (d *Desk) usedKey(ctx context.Context, actor uuid.UUID, key string) (*usedKey, error) {
	var k usedKey
	err := d.DB.QueryRow(ctx, `SELECT result_id, action, input_hash FROM idempotency_keys WHERE actor_id = @actor AND key = @key`,
		db.Args{"actor": actor, "key": key}).Scan(&k.id, &k.action, &k.hash)
	if fault.Is(db.Map(err), fault.NotFound) {
		return nil, nil
	}
	return &k, db.Map(err)
}

// claim takes the request's idempotency key for the act: its row joins the
// unit's own, and two uses at once meet at its primary key. A key that was used
// before yields the id of the record it made or changed, if it was used for the
// same act with the same input.
func (u *Unit) claim(ctx context.Context, act authz.Action, id uuid.UUID, in any) (uuid.UUID, error) {
	key, _ := ctx.Value(idemKey{}).(string)
	if key == "" || u.claimed {
		return id, nil
	}
	u.claimed = true
	b, err := json.Marshal(in)
	if err != nil {
		return id, fmt.Errorf("input of %s: %w", act, err)
	}
	h := sha256.Sum256(append([]byte(string(act)+"\n"), b...))
	if u.used != nil {
		if u.used.action != act || string(u.used.hash) != string(h[:]) {
			return id, fault.New(fault.Invalid, "error.idempotency_mismatch")
		}
		u.done = true
		return u.used.id, nil
	}
	u.Batch.Queue(`INSERT INTO idempotency_keys (actor_id, key, action, input_hash, result_id, created_at) VALUES (@actor, @key, @action, @hash, @id, @now)`,
		db.Args{"actor": u.Actor.ID, "key": key, "action": act, "hash": h[:], "id": id, "now": u.Now})
	return id, nil
}

// Noted returns err, after writing a refusal among such errors to the trail.
// It is for use cases that open their unit themselves.
func (d *Desk) Noted(ctx context.Context, act authz.Action, ref record.Ref, err error) error {
	var f *fault.Error
	if err == nil || !errors.As(err, &f) {
		return err
	}
	if w, ok := ctx.Value(wholeKey{}).(*whole); ok {
		w.refused, w.refusedRef = act, ref // once the transaction is over
		return err
	}
	who, werr := identity.From(ctx)
	if werr != nil {
		return err
	}
	switch {
	case f.Kind == fault.Forbidden:
		d.Refused(ctx, who, act, ref, trail.Denied, f.Code)
	case f.Kind == fault.NotFound && ref.ID != uuid.Nil:
		d.refusedIfThere(ctx, who, ref)
	case f.Kind == fault.Conflict && len(f.Clashes) == 0 && f.Code != "error.busy":
		d.Refused(ctx, who, act, ref, trail.Failure, f.Code)
	}
	return err
}

// Record writes a trail entry for an act on something that is not a record of
// its own, such as a session or a setting, or that changes nothing of a record
// but is told on it. The caller has authorised the act.
func (u *Unit) Record(ctx context.Context, act authz.Action, ref record.Ref, diff trail.Diff) error {
	if diff == nil {
		diff = trail.Diff{}
	}
	record.Touch(&u.Batch, ref.ID)
	return u.finish(act, ref, "", 0, diff)
}

// UnitIn is a unit on a transaction that is open already, for acts whose actor
// is known only inside it, such as whoever holds a one-time link. The caller
// flushes it.
func (d *Desk) UnitIn(tx db.Tx, who identity.Actor) *Unit {
	return &Unit{Tx: tx, Now: d.Now(), Actor: who, desk: d}
}
