// Package approval lets people decide together about a record: steps in
// sequence, each asking a fixed set of people, with votes that nobody can
// change and an outcome that is a function of the votes alone (regulation 4.2,
// 4.3; controls §5). Modules open a process inside their own use case and are
// told the outcome inside the transaction of the vote that brought it.
package approval

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

//go:embed messages/*.json
var messages embed.FS

// Content is what is to be approved and what deciding about it rests on.
type Content struct {
	// Entry is the record's line in the register: who asks, for which department
	// and service, whether it is confidential.
	Entry record.Entry
	// Fields are all that an approval approves, as values that encode to JSON.
	// An edit of any of them voids what was approved. The text
	// <kind>.field.<name> names each where a difference is shown.
	Fields map[string]any
	// Involved are the people beside those of Entry who may not decide:
	// author, implementers, who the record is about (suffixes 1 and 3).
	Involved []uuid.UUID
	// Card is what the decision page shows. It is read anew for each reader, in
	// their language.
	Card Card
}

// Card is the summary that people decide by, made for a phone.
type Card struct {
	Title string
	Lines []string // the reason in a sentence or two; may be long text
	Facts []Fact   // what, when, impact, risk, rollback
	// Conflicts are things to know before deciding, such as a clash of dates.
	Conflicts []string
	Files     []File
}

// Fact is a named value.
type Fact struct {
	Label, Value string
	Colour       string // "", red, amber, green, blue: with words, never alone
}

// File is something to open.
type File struct{ Name, URL string }

// Subject is what a module says about its kind of record, so that people can
// approve such records.
type Subject interface {
	// Lock locks the record's own row, so that its content stays what it is
	// until the transaction ends.
	Lock(ctx context.Context, tx db.Tx, id uuid.UUID) error
	// Content reads what stands to be approved now; texts of the card are in the
	// language of ctx. It decides nothing about access.
	Content(ctx context.Context, q db.Querier, id uuid.UUID) (Content, error)
	// Decided carries the outcome out, inside the unit of the act that brought
	// it. The unit's actor is the system "approval" then, acting on behalf of
	// whoever acted; the lines of the matrix it has are in package authz.
	Decided(ctx context.Context, u *work.Unit, o Outcome) error
}

// Outcome is how a process ended.
type Outcome struct {
	ID     uuid.UUID // of the process
	Ref    record.Ref
	Status Status // Approved, Rejected, Returned or Voided
	Step   int    // at which it ended, from 1
	Reason string // of the rejection
	// By is who acted last; Approvers are all whose approval counted.
	By        uuid.UUID
	Approvers []uuid.UUID
}

// Options are what the package needs beside the desk.
type Options struct {
	Zone *time.Location // of the company, for the days of deputies
	// Days is the calendar by which silence is counted now.
	Days func(ctx context.Context, q db.Querier) (Days, error)
}

// Days counts working days: the instant n of them after t.
type Days interface {
	AddDays(t time.Time, n int) time.Time
}

// Service holds the use cases of approvals.
type Service struct {
	desk     *work.Desk
	repo     repository
	options  Options
	subjects map[record.Kind]Subject
}

// The use cases, as the trail calls them.
const (
	ActionOpen     authz.Action = "approval.open"
	ActionVote     authz.Action = "approval.vote"
	ActionRecuse   authz.Action = "approval.recuse"
	ActionAsk      authz.Action = "approval.ask"
	ActionAnswer   authz.Action = "approval.answer"
	ActionDelegate authz.Action = "approval.delegate"
	ActionVoid     authz.Action = "approval.void"
	ActionRead     authz.Action = "approval.read"
	ActionDeputy   authz.Action = "approval.deputy"
	ActionLook     authz.Action = "approval.look"
)

// Policies says which line of the matrix lets a person come near each use case.
// Whether they may vote is decided by the line of the step.
func Policies() authz.Policies {
	own := authz.Row("session.own")
	return authz.Policies{
		ActionOpen: own, ActionVote: own, ActionRecuse: own, ActionAsk: own, ActionAnswer: own, ActionDelegate: own, ActionVoid: own,
		ActionRead: own, ActionDeputy: own, ActionLook: own,
	}
}

// New returns the use cases. Modules register their kinds with For while they
// are wired.
func New(d *work.Desk, o Options) (*Service, error) {
	s := &Service{desk: d, options: o, subjects: map[record.Kind]Subject{}}
	d.Policies.Add(Policies())
	if err := s.register(); err != nil {
		return nil, err
	}
	return s, d.Messages.Add(messages)
}

// For says how records of a kind are approved. It is called once per kind while
// wiring.
func (s *Service) For(kind record.Kind, sub Subject) { s.subjects[kind] = sub }

// canonical encodes fields with sorted names, so that equal contents have equal
// hashes, and returns the text and its hash.
func canonical(fields map[string]any) (text, hash string, err error) {
	b, err := json.Marshal(fields)
	if err != nil {
		return "", "", fmt.Errorf("content to be approved: %w", err)
	}
	// Once through plain values: a struct and what is read back from JSON encode
	// alike then.
	var plain map[string]any
	if err := json.Unmarshal(b, &plain); err != nil {
		return "", "", fmt.Errorf("content to be approved: %w", err)
	}
	if b, err = json.Marshal(plain); err != nil {
		return "", "", err
	}
	sum := sha256.Sum256(b)
	return string(b), hex.EncodeToString(sum[:]), nil
}
