// Package view keeps saved views: a list's address under a name, a person's own
// or a team's, and how a person likes a list to be shown. What a view finds is
// decided anew for each reader; sharing one shows nobody more.
package view

import (
	"context"
	"embed"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

//go:embed messages/*.json
var messages embed.FS

// KindView is what the trail calls a saved view.
const KindView record.Kind = "view"

// The use cases.
const (
	ActionSave   authz.Action = "view.save"
	ActionDelete authz.Action = "view.delete"
	ActionAlarm  authz.Action = "view.alarm"
)

// maxPerOwner bounds how many views one navigation can hold.
const maxPerOwner = 30

// View is one saved view.
type View struct {
	ID         uuid.UUID   `db:"id" json:"id"`
	Version    int         `db:"version" json:"version"`
	Kind       record.Kind `db:"kind" json:"kind" audit:"kind"`
	Name       string      `db:"name" json:"name" audit:"name"`
	Query      string      `db:"query" json:"query" audit:"query"`
	OwnerID    uuid.UUID   `db:"owner_id" json:"owner_id" audit:"owner"`
	TeamID     *uuid.UUID  `db:"team_id" json:"team_id" audit:"team"`
	AlertAbove *int        `db:"alert_above" json:"alert_above" audit:"alert_above"`
	Alerted    bool        `db:"alerted" json:"-"`
	Deleted    bool        `db:"deleted" json:"-" audit:"deleted"`
	CreatedAt  time.Time   `db:"created_at" json:"created_at"`
	UpdatedAt  time.Time   `db:"updated_at" json:"updated_at"`
}

// Ref points at the view.
func (v View) Ref() record.Ref { return record.Ref{Kind: KindView, ID: v.ID} }

// CurrentVersion counts the changes, from 1.
func (v View) CurrentVersion() int { return v.Version }

// Touch notes a change.
func (v *View) Touch(now time.Time) { v.Version++; v.UpdatedAt = now }

// Facts: an own view is its owner's, a team's view the team's.
func (v View) Facts() authz.Facts {
	if v.TeamID != nil {
		return authz.Facts{TeamID: *v.TeamID}
	}
	return authz.Facts{CreatedBy: v.OwnerID, RequesterID: v.OwnerID}
}

// Display is how a person likes a list to be shown.
type Display struct {
	Layout  string   `json:"layout"`
	Columns []string `json:"columns"`
}

// Service holds the use cases of views.
type Service struct {
	desk *work.Desk
	repo repository
	// check says whether a query is one that the list of a kind understands.
	check map[record.Kind]func(query string) error
}

// New registers the policies and texts of views.
func New(d *work.Desk) (*Service, error) {
	d.Policies.Add(authz.Policies{ActionSave: "view.save", ActionDelete: "view.save", ActionAlarm: "view.save"})
	return &Service{desk: d, check: map[record.Kind]func(string) error{}}, d.Messages.Add(messages)
}

// For is called while wiring by the module whose lists are saved.
func (s *Service) For(kind record.Kind, check func(query string) error) { s.check[kind] = check }

// SaveInput makes a view, or changes one of the actor's.
type SaveInput struct {
	ID         *uuid.UUID `json:"id"`
	Version    int        `json:"version"`
	Name       string     `json:"name" validate:"required,notblank,line,max=60"`
	Query      string     `json:"query" validate:"max=4000"`
	TeamID     *uuid.UUID `json:"team_id"`
	AlertAbove *int       `json:"alert_above" validate:"omitempty,min=0,max=9999"`
}

// Save makes or changes a view of a kind of records.
func (s *Service) Save(ctx context.Context, kind record.Kind, in SaveInput) (View, error) {
	if err := s.check[kind](in.Query); err != nil {
		return View{}, err
	}
	in.Name = strings.TrimSpace(in.Name)
	if in.ID != nil {
		return work.Update(ctx, s.desk, s.repo, ActionSave, *in.ID, in.Version, in, func(_ *work.Unit, v *View) error {
			if err := s.mine(ctx, v, in); err != nil {
				return err
			}
			v.Name, v.Query, v.TeamID, v.AlertAbove, v.Alerted = in.Name, in.Query, in.TeamID, in.AlertAbove, false
			return nil
		})
	}
	who, err := identity.From(ctx)
	if err != nil {
		return View{}, err
	}
	n, err := s.repo.count(ctx, s.desk.DB, who.ID)
	if err == nil && n >= maxPerOwner {
		return View{}, fault.New(fault.Conflict, "view.error.too_many", "count", maxPerOwner)
	}
	if err != nil {
		return View{}, err
	}
	f := View{OwnerID: who.ID, TeamID: in.TeamID}.Facts()
	var out View
	err = s.desk.Do(ctx, func(u *work.Unit) (err error) {
		out, err = work.Insert(ctx, u, s.repo, ActionSave, &f, in, func(u *work.Unit) (View, error) {
			return View{ID: u.ID(), Version: 1, Kind: kind, Name: in.Name, Query: in.Query, OwnerID: u.Actor.ID, TeamID: in.TeamID, AlertAbove: in.AlertAbove, CreatedAt: u.Now, UpdatedAt: u.Now}, nil
		})
		return err
	})
	return out, s.desk.Noted(ctx, ActionSave, record.Ref{Kind: KindView}, err)
}

// mine: a view is handed to a team only by somebody who may save views there.
func (s *Service) mine(ctx context.Context, v *View, in SaveInput) error {
	if v.Deleted {
		return fault.New(fault.NotFound, "error.not_found")
	}
	f := View{OwnerID: v.OwnerID, TeamID: in.TeamID}.Facts()
	if !s.desk.Can(ctx, ActionSave, &f) {
		return fault.OnField("team_id", "authz.denied.scope")
	}
	return nil
}

// DeleteInput names the version that was seen.
type DeleteInput struct {
	Version int `json:"version"`
}

// Delete takes a view out of every navigation. The trail keeps it.
func (s *Service) Delete(ctx context.Context, id uuid.UUID, in DeleteInput) (View, error) {
	return work.Update(ctx, s.desk, s.repo, ActionDelete, id, in.Version, in, func(_ *work.Unit, v *View) error {
		v.Deleted = true
		return nil
	})
}

// Get returns a view that the actor may use.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (View, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return View{}, err
	}
	return s.repo.get(ctx, s.desk.DB, id, who.ID, who.Teams)
}

// List lists the views of the actor and of their teams, by name.
func (s *Service) List(ctx context.Context, kind record.Kind) ([]View, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	return s.repo.list(ctx, s.desk.DB, kind, who.ID, who.Teams)
}

// MayChange reports whether the actor may change or delete the view.
func (s *Service) MayChange(ctx context.Context, v View) bool {
	f := v.Facts()
	return s.desk.Can(ctx, ActionSave, &f)
}

// Display returns how the actor likes a list; the zero Display where they have
// not said.
func (s *Service) Display(ctx context.Context, list string) (Display, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return Display{}, err
	}
	return s.repo.display(ctx, s.desk.DB, who.ID, list)
}

// SetDisplay keeps how the actor likes a list. It is a preference, not an act,
// and so not in the trail.
func (s *Service) SetDisplay(ctx context.Context, list string, d Display) error {
	who, err := identity.From(ctx)
	if err != nil {
		return err
	}
	if d.Layout != "split" && d.Layout != "table" {
		return fault.OnField("layout", "validation.oneof")
	}
	return s.desk.DB.InTx(ctx, func(tx db.Tx) error { return s.repo.setDisplay(ctx, tx, who.ID, list, d, s.desk.Now()) })
}

// watchedPage is how many views the job that looks at them reads at once.
const watchedPage = 200

// EachWatched hands every view of a kind that is to raise an alarm to fn, for
// the job that looks at them, however many there are.
func (s *Service) EachWatched(ctx context.Context, kind record.Kind, fn func(View) error) error {
	for after := uuid.Nil; ; {
		list, err := s.repo.watched(ctx, s.desk.DB, kind, after, watchedPage)
		if err != nil {
			return err
		}
		for _, v := range list {
			if err := fn(v); err != nil {
				return err
			}
			after = v.ID
		}
		if len(list) < watchedPage {
			return nil
		}
	}
}

// Alerted notes that an alarm was raised, or is over. It reports whether that
// is news: of two jobs at once only one tells people.
func (s *Service) Alerted(ctx context.Context, tx db.Tx, id uuid.UUID, on bool) (news bool, err error) {
	return s.repo.alerted(ctx, tx, id, on)
}
