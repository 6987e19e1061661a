// Package canned keeps ready texts for what people write again and again: a
// person's own, or a team's, in either language, with a few words that stand
// for what the record says.
package canned

import (
	"context"
	"embed"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

//go:embed messages/*.json
var messages embed.FS

// KindText is what the trail calls a ready text.
const KindText record.Kind = "canned_text"

// The use cases.
const (
	ActionSave   authz.Action = "canned.save"
	ActionDelete authz.Action = "canned.delete"
)

// maxPerOwner bounds how many texts one person can make.
const maxPerOwner = 100

// Text is one ready text.
type Text struct {
	ID        uuid.UUID  `db:"id" json:"id"`
	Version   int        `db:"version" json:"version"`
	Name      string     `db:"name" json:"name" audit:"name"`
	BodyZh    string     `db:"body_zh" json:"body_zh" audit:"body_zh"`
	BodyEn    string     `db:"body_en" json:"body_en" audit:"body_en"`
	OwnerID   uuid.UUID  `db:"owner_id" json:"owner_id" audit:"owner"`
	TeamID    *uuid.UUID `db:"team_id" json:"team_id" audit:"team"`
	Deleted   bool       `db:"deleted" json:"-" audit:"deleted"`
	CreatedAt time.Time  `db:"created_at" json:"created_at"`
	UpdatedAt time.Time  `db:"updated_at" json:"updated_at"`
}

// Ref points at the text.
func (t Text) Ref() record.Ref { return record.Ref{Kind: KindText, ID: t.ID} }

// CurrentVersion counts the changes, from 1.
func (t Text) CurrentVersion() int { return t.Version }

// Touch notes a change.
func (t *Text) Touch(now time.Time) { t.Version++; t.UpdatedAt = now }

// Facts: an own text is its owner's, a team's text the team's.
func (t Text) Facts() authz.Facts {
	if t.TeamID != nil {
		return authz.Facts{TeamID: *t.TeamID}
	}
	return authz.Facts{CreatedBy: t.OwnerID, RequesterID: t.OwnerID}
}

// Body is the text for a reader of a language, or in the other language where
// there is none in theirs.
func (t Text) Body(lang string) string {
	body, _ := t.In(lang)
	return body
}

// In is Body, and the language that it is in.
func (t Text) In(lang string) (body, in string) {
	if lang == i18n.English && t.BodyEn != "" || t.BodyZh == "" {
		return t.BodyEn, i18n.English
	}
	return t.BodyZh, i18n.Chinese
}

// Words are the words in braces that stand for what a record says. Any other
// stays as it is written.
var Words = [...]string{"requester", "number", "title", "assignee", "team", "service", "category", "me"}

var wordRE = regexp.MustCompile(`\{(` + strings.Join(Words[:], "|") + `)\}`)

// Fill puts values in place of the words. A value is put in as it is: words
// within it mean nothing.
func Fill(body string, values map[string]string) string {
	return wordRE.ReplaceAllStringFunc(body, func(w string) string { return values[w[1:len(w)-1]] })
}

// Service holds the use cases of ready texts.
type Service struct {
	desk *work.Desk
	repo repository
}

// New registers the policies and texts.
func New(d *work.Desk) (*Service, error) {
	d.Policies.Add(authz.Policies{ActionSave: "canned.save", ActionDelete: "canned.save"})
	return &Service{desk: d}, d.Messages.Add(messages)
}

// SaveInput makes a text, or changes one that the actor may change.
type SaveInput struct {
	ID      *uuid.UUID `json:"id"`
	Version int        `json:"version"`
	Name    string     `json:"name" validate:"required,notblank,line,max=60"`
	BodyZh  string     `json:"body_zh" validate:"omitempty,text,max=5000"`
	BodyEn  string     `json:"body_en" validate:"omitempty,text,max=5000"`
	TeamID  *uuid.UUID `json:"team_id"`
}

// Save makes or changes a text. Names are unique among those of one owner and
// team, whatever their case.
func (s *Service) Save(ctx context.Context, in SaveInput) (Text, error) {
	in.Name = strings.TrimSpace(in.Name)
	if in.ID != nil {
		return work.Update(ctx, s.desk, s.repo, ActionSave, *in.ID, in.Version, in, func(u *work.Unit, t *Text) error {
			if t.Deleted {
				return fault.New(fault.NotFound, "error.not_found")
			}
			if err := in.check(); err != nil {
				return err
			}
			t.Name, t.BodyZh, t.BodyEn, t.TeamID = in.Name, in.BodyZh, in.BodyEn, in.TeamID
			f := t.Facts()
			if !s.desk.Can(ctx, ActionSave, &f) {
				return fault.OnField("team_id", "authz.denied.scope")
			}
			return nil
		})
	}
	who, err := identity.From(ctx)
	if err != nil {
		return Text{}, err
	}
	f := Text{OwnerID: who.ID, TeamID: in.TeamID}.Facts()
	var out Text
	err = s.desk.Do(ctx, func(u *work.Unit) (err error) {
		out, err = work.Insert(ctx, u, s.repo, ActionSave, &f, in, func(u *work.Unit) (Text, error) {
			if err := in.check(); err != nil {
				return Text{}, err
			}
			n, err := s.repo.count(ctx, u.Tx, who.ID)
			if err == nil && n >= maxPerOwner {
				err = fault.New(fault.Conflict, "canned.error.too_many", "count", maxPerOwner)
			}
			return Text{ID: u.ID(), Version: 1, Name: in.Name, BodyZh: in.BodyZh, BodyEn: in.BodyEn, OwnerID: who.ID, TeamID: in.TeamID, CreatedAt: u.Now, UpdatedAt: u.Now}, err
		})
		return err
	})
	return out, s.desk.Noted(ctx, ActionSave, record.Ref{Kind: KindText}, err)
}

func (in SaveInput) check() error {
	if strings.TrimSpace(in.BodyZh) == "" && strings.TrimSpace(in.BodyEn) == "" {
		return fault.OnField("body_zh", "canned.error.no_text")
	}
	return nil
}

// DeleteInput names the version that was seen.
type DeleteInput struct {
	Version int `json:"version"`
}

// Delete takes a text out of every list. The trail keeps it.
func (s *Service) Delete(ctx context.Context, id uuid.UUID, in DeleteInput) (Text, error) {
	return work.Update(ctx, s.desk, s.repo, ActionDelete, id, in.Version, in, func(_ *work.Unit, t *Text) error {
		t.Deleted = true
		return nil
	})
}

// Get returns a text that the actor may use.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (Text, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return Text{}, err
	}
	return s.repo.get(ctx, s.desk.DB, id, who.ID, who.Teams)
}

// List lists the texts that the actor may use, their own and those of their
// teams, whose name or text has the words, by name; at most 200.
func (s *Service) List(ctx context.Context, words string) ([]Text, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	return s.repo.list(ctx, s.desk.DB, who.ID, who.Teams, strings.TrimSpace(words), 200)
}

// MayChange reports whether the actor may change or delete the text.
func (s *Service) MayChange(ctx context.Context, t Text) bool {
	f := t.Facts()
	return s.desk.Can(ctx, ActionSave, &f)
}
