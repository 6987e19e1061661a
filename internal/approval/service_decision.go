package approval

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
)

// Decision is all that the decision page shows to one reader.
type Decision struct {
	View
	Title     string // of the record
	Card      Card
	Requester uuid.UUID
	Mine      *SeatView  // the seat the reader can fill now
	Behalf    *uuid.UUID // whose seat that is, if not their own
	Voted     *SeatView  // the seat of this round that the reader has filled
	Why       string     // message key: why the reader may not fill it
	MayAnswer bool
	Drifted   bool     // the record says something else by now
	Changes   []Change // since it was asked the last time
	Questions []LogView
	URL       string // of the record, "" where the reader cannot see it
}

// Change is a field that differs from what was asked before.
type Change struct{ Field, Before, After string }

// Decision reads a process for deciding about it. It changes nothing.
func (s *Service) Decision(ctx context.Context, id uuid.UUID) (Decision, error) {
	var d Decision
	p, err := s.read(ctx, id)
	if err != nil {
		return d, err
	}
	sub, ok := s.subjects[p.Kind]
	if !ok {
		return d, fault.New(fault.NotFound, "error.not_found")
	}
	c, err := sub.Content(ctx, s.desk.DB, p.RecordID)
	if err != nil {
		return d, err
	}
	v, err := s.view(ctx, s.desk.DB, p)
	if err != nil {
		return d, err
	}
	d = Decision{View: *v, Title: p.Title, Card: c.Card, Requester: or(uuid.Nil, c.Entry.RequesterID), Questions: p.questions()}
	_, hash, err := canonical(c.Fields)
	if err != nil {
		return d, err
	}
	d.Drifted = hash != p.Hash && !p.state.Status.Ended()
	if hash != p.Hash {
		if d.Card, err = s.bound(ctx, p); err != nil {
			return d, err
		}
	}
	if d.Changes, err = s.changes(ctx, p); err != nil {
		return d, err
	}
	vis, who, err := s.desk.Visibility(ctx, p.Kind)
	if err != nil {
		return d, err
	}
	if _, err = record.Find(ctx, s.desk.DB, vis, p.RecordID); err == nil {
		d.URL = s.desk.Kinds.URL(p.Kind, p.Number)
	} else if !fault.Is(err, fault.NotFound) {
		return d, err
	}
	h := &sitting{s: s, p: p, content: c}
	d.MayAnswer = len(d.Questions) > 0 && p.state.Status == Open && slices.Contains(h.askers(), who.ID)
	return d, s.mine(ctx, &d, p, c, who.ID)
}

// mine finds the seat that the reader can fill: their own, or one of those for
// whose holders they stand.
func (s *Service) mine(ctx context.Context, d *Decision, p *process, c Content, me uuid.UUID) error {
	if d.Step < 1 || d.Status.Ended() {
		return nil
	}
	seats := d.Steps[d.Step-1].Seats
	for i, x := range seats {
		if x.Vote != "" && (x.PersonID == me && x.ByID == nil || x.ByID != nil && *x.ByID == me) {
			d.Voted = &seats[i]
			return nil
		}
	}
	if d.Status != Open {
		return nil
	}
	k, err := s.court(ctx, s.desk.DB, s.desk.Now(), p, c)
	if err != nil {
		return err
	}
	deputies, err := s.repo.deputiesOf(ctx, s.desk.DB, persons(p.state.Waiting()), s.desk.Now())
	if err != nil {
		return err
	}
	for i, x := range seats {
		st, _ := p.place(x.ID)
		if x.Vote != "" || x.PersonID != me && !slices.Contains(deputies[x.PersonID], me) && !slices.Contains(p.delegate(x.ID), me) {
			continue
		}
		why, err := k.against(ctx, me, p.step(), st.Source)
		if x.PersonID != me {
			why, err = k.againstDeputy(ctx, me, st, p.step())
		}
		if err != nil {
			return err
		}
		if why != "" {
			d.Why = why
			continue
		}
		d.Mine, d.Why, d.Behalf = &seats[i], "", nil
		if x.PersonID == me {
			return nil // one's own seat before anybody else's
		}
		d.Behalf = &seats[i].PersonID
	}
	return nil
}

// bound is a card of what the process is about, where the record says something
// else by now: whoever decided sees what they decided, and not what came later.
func (s *Service) bound(ctx context.Context, p *process) (Card, error) {
	var fields map[string]any
	if err := json.Unmarshal([]byte(p.Content), &fields); err != nil {
		return Card{}, err
	}
	c := Card{Title: p.Title}
	for _, f := range slices.Sorted(maps.Keys(fields)) {
		if v := plain(fields[f]); v != "" {
			c.Facts = append(c.Facts, Fact{Label: fieldLabel(ctx, p.Kind, f), Value: v})
		}
	}
	return c, nil
}

// fieldLabel names a field of a kind of records; one without a text by itself.
func fieldLabel(ctx context.Context, kind record.Kind, field string) string {
	if m, k := i18n.From(ctx), string(kind)+".field."+field; m != nil && m.Has(k) {
		return m.T(k)
	}
	return field
}

// questions are those that nobody has answered.
func (p *process) questions() []LogView {
	var out []LogView
	for _, l := range p.Log {
		switch {
		case l.Kind == Answer:
			out = nil
		case l.Kind == Ask && l.Round == p.state.Round:
			out = append(out, LogView{Seq: l.Seq, Round: l.Round, Kind: l.Kind, ActorID: l.ActorID, Member: l.Member, Reason: l.Reason, At: l.At})
		}
	}
	return out
}

// changes lists what differs between a process and the void one it replaced.
func (s *Service) changes(ctx context.Context, p *process) ([]Change, error) {
	if p.PreviousID == nil {
		return nil, nil
	}
	old, err := s.repo.target(ctx, s.desk.DB, *p.PreviousID)
	if err != nil {
		return nil, err
	}
	var a, b map[string]any
	if err := json.Unmarshal([]byte(old.Content), &a); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(p.Content), &b); err != nil {
		return nil, err
	}
	var out []Change
	names := maps.Clone(a)
	maps.Copy(names, b)
	for _, f := range slices.Sorted(maps.Keys(names)) {
		if x, y := plain(a[f]), plain(b[f]); x != y {
			out = append(out, Change{f, x, y})
		}
	}
	return out, nil
}

// plain is a value of the content as text.
func plain(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case float64, bool:
		return fmt.Sprint(x)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// Item is a line of the list of approvals.
type Item struct {
	ID       uuid.UUID   `db:"id" json:"id"`
	Kind     record.Kind `db:"kind" json:"kind"`
	Number   string      `db:"number" json:"number"`
	Title    string      `db:"title" json:"title"`
	Status   Status      `db:"status" json:"status"`
	BehalfID *uuid.UUID  `db:"behalf_id" json:"behalf_id"` // for whom the reader decides, or has decided
	Behalf   string      `db:"-" json:"-"`
	Vote     Kind        `db:"vote" json:"vote"`
	At       time.Time   `db:"at" json:"at"`
	Cursor   uuid.UUID   `db:"cursor" json:"-"`
}

// Cursor is the place after the last line shown.
type Cursor struct {
	At time.Time
	ID uuid.UUID
}

// The lists: what waits for the reader, what they decided, what they asked for.
const (
	ListWaiting = "waiting"
	ListDecided = "decided"
	ListAsked   = "asked"
)

// Mine lists approvals of the actor: those waiting oldest first, the others
// latest first. Titles of confidential records are shown to those named on
// them only.
func (s *Service) Mine(ctx context.Context, which string, after *Cursor, limit int) ([]Item, error) {
	who, err := s.desk.Permit(ctx, ActionRead)
	if err != nil {
		return nil, err
	}
	items, err := s.repo.mine(ctx, s.desk.DB, which, who.ID, after, limit, s.desk.Now())
	return items, err
}

// Waiting counts what waits for the actor to decide, up to 100.
func (s *Service) Waiting(ctx context.Context, to *int) (db.Part, error) {
	who, err := s.desk.Permit(ctx, ActionRead)
	if err != nil {
		return db.Part{}, err
	}
	return s.repo.waiting(who.ID, to), nil
}
