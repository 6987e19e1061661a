// Package work is the one write path. A use case is a function on a record;
// work gives it the actor, the time and the transaction, and does everything
// that every write needs exactly once: authorization on the locked row,
// validation, the version check, idempotency, the register line, the trail and
// the events.
package work

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/event"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
)

// Desk is what every module gets.
type Desk struct {
	DB       *db.Pool
	Clock    func() time.Time
	Matrix   *authz.Matrix
	Policies authz.Policies
	Kinds    *record.Kinds
	Bus      *event.Bus
	Registry *jobs.Registry
	Jobs     *jobs.Client
	Messages *i18n.Catalog
	Log      *slog.Logger
	App      string // version of the program, for the trail
	// Undo is how long the messages of an act that its actor may take back wait.
	Undo time.Duration
}

// Now is the instant of a use case: UTC, to the microsecond that the database
// keeps.
func (d *Desk) Now() time.Time { return d.Clock().UTC().Truncate(time.Microsecond) }

// Row is the line of the matrix that decides an action. An action that no
// module declared is a bug.
func (d *Desk) Row(act authz.Action) (authz.Row, error) {
	row, ok := d.Policies[act]
	if !ok {
		return "", fault.Wrap(fault.Internal, "error.internal", errUndeclared(act))
	}
	return row, nil
}

type errUndeclared authz.Action

func (e errUndeclared) Error() string { return "action " + string(e) + " is in no policy" }

// Can answers for pages: may the actor take the action on what f describes
// (nil: at all)? An action that waits for a second person counts as possible.
func (d *Desk) Can(ctx context.Context, act authz.Action, f *authz.Facts) bool {
	who := identity.Of(ctx)
	row, ok := d.Policies[act]
	if who == nil || !ok {
		return false
	}
	dec := d.Matrix.For(who, row, f)
	return dec.Allowed || dec.SecondPerson
}

// Permit answers for reads that are not about records: the actor, or a
// Forbidden fault that is also in the trail.
func (d *Desk) Permit(ctx context.Context, act authz.Action) (identity.Actor, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return who, err
	}
	row, err := d.Row(act)
	if err != nil {
		return who, err
	}
	if dec := d.Matrix.Decide(who, row, nil); !dec.Allowed {
		d.Refused(ctx, who, act, record.Ref{}, trail.Denied, dec.Reason)
		return who, forbidden(dec)
	}
	return who, nil
}

// Visibility is the access predicate of the actor for records of a kind.
func (d *Desk) Visibility(ctx context.Context, kind record.Kind) (record.Visibility, identity.Actor, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return record.Visibility{}, who, err
	}
	spec, _ := d.Kinds.Spec(kind)
	return record.Visible(d.Matrix.ReadScope(who, spec.Read), who, d.Now()), who, nil
}

// See returns the register line of a record that the actor may see, with the
// facts for further decisions. A record that is hidden is NotFound, and the
// attempt is in the trail. also are reads about the same record that travel
// with the question; what they read is to be used only if the error is nil.
// That a person read a confidential record is in the trail before they get it.
func (d *Desk) See(ctx context.Context, ref record.Ref, also ...func(db.Querier) error) (record.Entry, authz.Facts, error) {
	return d.SeeWith(ctx, ref, nil, also...)
}

// SeeWith is See with small questions as well, which share the statement that
// asks for the actor's standing, and are answered before all else is read.
func (d *Desk) SeeWith(ctx context.Context, ref record.Ref, parts []db.Part, also ...func(db.Querier) error) (record.Entry, authz.Facts, error) {
	v, who, err := d.Visibility(ctx, ref.Kind)
	if err != nil {
		return record.Entry{}, authz.Facts{}, err
	}
	var e record.Entry
	var s record.Standing
	var hidden error // the answer of the access predicate goes before all others
	err = db.Together(ctx, d.DB, append([]func(db.Querier) error{
		func(q db.Querier) error { return record.Stand(ctx, q, &s, ref.ID, who.ID, d.Now(), parts...) },
		func(q db.Querier) error { e, hidden = record.Find(ctx, q, v, ref.ID); return nil },
	}, also...)...)
	if hidden != nil {
		if fault.Is(hidden, fault.NotFound) {
			d.refusedIfThere(ctx, who, ref)
		}
		return e, authz.Facts{}, hidden
	}
	if err != nil {
		return e, authz.Facts{}, db.Map(err)
	}
	if err := d.noteRead(ctx, who, e); err != nil {
		return e, authz.Facts{}, err
	}
	return e, e.Facts(s), nil
}

// Seen is a record that the actor may see, with the facts for further decisions.
type Seen struct {
	record.Entry
	Facts authz.Facts
}

// SeeAll is See for some records of a kind, in their order and in a handful of
// statements however many they are. Those that are hidden, or are not there, are
// left out; attempts at hidden ones are in the trail.
func (d *Desk) SeeAll(ctx context.Context, kind record.Kind, ids []uuid.UUID) ([]Seen, error) {
	v, who, err := d.Visibility(ctx, kind)
	if err != nil {
		return nil, err
	}
	entries, err := record.FindAll(ctx, d.DB, v, kind, ids)
	if err != nil {
		return nil, err
	}
	if len(entries) < len(ids) {
		if err := d.refusedAmong(ctx, who, kind, ids, entries); err != nil {
			return nil, err
		}
	}
	standings, err := record.StandingsIn(ctx, d.DB, ids, who.ID, d.Now())
	if err != nil {
		return nil, err
	}
	place := make(map[uuid.UUID]int, len(ids))
	for n, id := range ids {
		place[id] = n
	}
	slices.SortFunc(entries, func(a, b record.Entry) int { return place[a.ID] - place[b.ID] })
	out := make([]Seen, len(entries))
	for n, e := range entries {
		if err := d.noteRead(ctx, who, e); err != nil {
			return nil, err
		}
		out[n] = Seen{e, e.Facts(standings[e.ID])}
	}
	return out, nil
}

// refusedAmong notes attempts to read records that exist but are hidden.
func (d *Desk) refusedAmong(ctx context.Context, who identity.Actor, kind record.Kind, ids []uuid.UUID, seen []record.Entry) error {
	there, err := record.There(ctx, d.DB, kind, ids)
	if err != nil {
		return err
	}
	shown := make(map[uuid.UUID]bool, len(seen))
	for _, e := range seen {
		shown[e.ID] = true
	}
	spec, _ := d.Kinds.Spec(kind)
	for _, id := range there {
		if !shown[id] {
			d.Refused(ctx, who, authz.Action(spec.Read), record.Ref{Kind: kind, ID: id}, trail.Denied, "error.not_found")
		}
	}
	return nil
}

// Glance is SeeWith for who keeps records in memory: it asks in which edition
// the record is, and whether the actor may see it at all, in the one statement
// of the parts. kept returns the entry of that edition; where it has none, known
// is false and the record is to be read.
func (d *Desk) Glance(ctx context.Context, ref record.Ref, kept func(record.Edition) (record.Entry, bool), parts ...db.Part) (facts authz.Facts, known bool, err error) {
	v, who, err := d.Visibility(ctx, ref.Kind)
	if err != nil {
		return authz.Facts{}, false, err
	}
	var s record.Standing
	var is record.Edition
	if err := record.Stand(ctx, d.DB, &s, ref.ID, who.ID, d.Now(), append(parts, v.EditionPart(ref.ID, &is))...); err != nil {
		return authz.Facts{}, false, db.Map(err)
	}
	if is == "" {
		d.refusedIfThere(ctx, who, ref)
		return authz.Facts{}, false, fault.New(fault.NotFound, "error.not_found")
	}
	e, known := kept(is)
	if !known {
		return authz.Facts{}, false, nil
	}
	return e.Facts(s), true, d.noteRead(ctx, who, e)
}

// readAgain is how long a person may go on reading a confidential record before
// the trail says so once more: a page asks for a record many times.
const readAgain = time.Hour

// noteRead writes to the trail that a person reads a record, if it is
// confidential. What cannot be written there is not read.
func (d *Desk) noteRead(ctx context.Context, who identity.Actor, e record.Entry) error {
	if !e.Confidential || who.System {
		return nil
	}
	now := d.Now()
	noted, err := trail.ReadSince(ctx, d.DB, e.ID, who.ID, now.Add(-readAgain))
	if err != nil || noted {
		return err
	}
	x := trail.Entry{At: now, OccurredAt: now, Action: trail.ReadConfidential, Kind: e.Kind, RecordID: e.ID, Number: e.Number, Outcome: trail.Success, App: d.App}
	x.By(who)
	return d.DB.InTx(ctx, func(tx db.Tx) error {
		u := &Unit{Tx: tx, Now: now, Actor: who, desk: d}
		trail.Queue(&u.Batch, x)
		return u.Flush(ctx)
	})
}

// refusedIfThere notes an attempt to read a record that exists but is hidden.
// A wrong address is not an act worth keeping.
func (d *Desk) refusedIfThere(ctx context.Context, who identity.Actor, ref record.Ref) {
	var there bool
	if err := d.DB.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM records WHERE id = @id AND kind = @kind)`, db.Args{"id": ref.ID, "kind": ref.Kind}).Scan(&there); err == nil && there {
		spec, _ := d.Kinds.Spec(ref.Kind)
		d.Refused(ctx, who, authz.Action(spec.Read), ref, trail.Denied, "error.not_found")
	}
}

// Refused writes a refused act to the trail in a transaction of its own: the
// act's transaction is gone. A trail that cannot be written is logged; the
// refusal stands either way.
func (d *Desk) Refused(ctx context.Context, who identity.Actor, act authz.Action, ref record.Ref, outcome trail.Outcome, reason string) {
	now := d.Now()
	e := trail.Entry{At: now, OccurredAt: now, Action: act, Kind: ref.Kind, RecordID: ref.ID, Outcome: outcome, Reason: reason, App: d.App}
	e.By(who)
	ctx = context.WithoutCancel(ctx)
	err := d.DB.InTx(ctx, func(tx db.Tx) error {
		u := &Unit{Tx: tx, Now: now, Actor: who, desk: d}
		trail.Queue(&u.Batch, e)
		return u.Flush(ctx)
	})
	if err != nil {
		d.Log.ErrorContext(ctx, "refusal not in the trail", "action", act, "err", err)
	}
}

func forbidden(dec authz.Decision) *fault.Error {
	code := dec.Reason
	if code == "" {
		code = "error.forbidden"
	}
	return fault.New(fault.Forbidden, code)
}

// NewID returns a fresh identifier: UUID v7, so that ids sort by age.
func NewID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
