// Package queue is the list that agents work from, of any kind of record:
// named and saved views, conditions that an address carries, orders and groups
// with keyset pages, counts, exports and changes of many. A module says what
// its list is (Spec) and how its rows look (Look); what a list finds is decided
// by the one access predicate, anew for each reader.
package queue

import (
	"context"
	"embed"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/batch"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
	"opsdesk/internal/sla"
	"opsdesk/internal/view"
	"opsdesk/internal/work"
)

//go:embed messages/*.json
var messages embed.FS

// Line is what the row of every list has.
type Line struct {
	record.Entry
	PendingReason string `db:"pending_reason"`
	AssigneeName  string `db:"assignee_name"`
	AssigneeEn    string `db:"assignee_en"`
	RequesterName string `db:"requester_name"`
	RequesterEn   string `db:"requester_en"`
	VIP           bool   `db:"vip"`
	sla.Chip
}

// Base is the line itself; rows of a kind embed it.
func (l Line) Base() Line { return l }

// Row is a row of a kind of records: a Line and what only that kind knows.
type Row interface{ Base() Line }

// View is a list by name.
type View struct {
	Name string
	// Open lists hold open records only. They stay small whatever the age of the
	// desk, so only they can be grouped by anything.
	Open bool
	// Where is the condition; it may name @me, @my_teams, @now and @tomorrow, the
	// end of the reader's day.
	Where string
	// Hidden views cannot be asked for by an address.
	Hidden bool
}

// Spec says what the list of a kind of records is.
type Spec struct {
	Kind record.Kind
	Path string // "/incidents"
	Text string // beginning of the keys of its own texts: "incident."
	Icon string // of the kind, beside a record in the palette
	// TitleEn is the column, of Joins, of the English form of the title; "" where
	// it has one title.
	TitleEn string
	// Nav is the entry of the navigation of a view: this and the view's name.
	Nav    string
	Views  []View  // the first is the one that an address without one means
	Fields []Field // in the order the builder offers them
	Sort   string  // of lists that do not hold open records alone
	Flow   []string
	// Select and Joins add the columns of the kind's own tables to the rows of
	// the register, r.
	Select, Joins string
	// Pending is the column of the pending reason.
	Pending string
	// Number writes the number of a record the way people use it, ParseNumber reads
	// it from what was typed.
	Number      func(n int64) string
	ParseNumber func(text string) (n int64, ok bool)
	// Columns are those of the table that a person may choose; Chosen stand until
	// they do. Number, status and title are always there.
	Columns, Chosen []string
	// Exports are what a file may hold. People's names are not among them: that
	// takes two persons (controls, export.with_pii).
	Exports []string
}

func (s *Spec) view(name string) (View, bool) {
	if name == "" {
		return s.Views[0], true
	}
	n := slices.IndexFunc(s.Views, func(v View) bool { return v.Name == name })
	if n < 0 {
		return View{}, false
	}
	return s.Views[n], true
}

func (s *Spec) open(name string) bool { v, ok := s.view(name); return ok && v.Open }

func (s *Spec) field(name string) (Field, bool) {
	n := slices.IndexFunc(s.Fields, func(f Field) bool { return f.Name == name })
	if n < 0 {
		return Field{}, false
	}
	return s.Fields[n], true
}

// numbered is the number that a text names, if any. One that is written in full
// is meant alone; a bare one may as well be a word (铁路12306, error 404).
func (s *Spec) numbered(text string) (label string, alone bool) {
	if n, err := strconv.ParseUint(text, 10, 63); err == nil {
		return s.Number(int64(n)), false
	}
	if n, ok := s.ParseNumber(text); ok {
		return s.Number(n), true
	}
	return "", false
}

// Options are what a queue needs of its module and of the desk.
type Options[R Row] struct {
	Spec
	Zone    *time.Location // of the company, for readers without one
	Saves   *view.Service
	Batches *batch.Service
	// Note is the action of reading notes: words are looked for in them where it
	// is allowed. Export is that of taking a list out.
	Note, Export authz.Action
	// Cells returns what puts the kind's own columns into words, for exports.
	Cells func(ctx context.Context, m *i18n.Messages, zone *time.Location) (func(column string, r R) (string, bool), error)
	// Complete, where it is set, finishes rows that were read with what SQL cannot
	// tell: every list, page and file shows the same.
	Complete func(ctx context.Context, rows []R) error
	// Counted are the lists that the navigation counts beside the saved ones.
	Counted map[string]Filter
	// Over is the event of a view that holds more than was wanted.
	Over string
	// Job is the name of the job that looks at such views.
	Job string
}

// Queue holds the use cases of the list of one kind of records.
type Queue[R Row] struct {
	Options[R]
	desk    *work.Desk
	mu      sync.Mutex
	counted map[uuid.UUID]*personCounts
}

// New makes the queue of a kind and registers its jobs.
func New[R Row](d *work.Desk, o Options[R]) (*Queue[R], error) {
	q := &Queue[R]{Options: o, desk: d}
	o.Batches.Handle(q.exportKind(), batch.Runner{All: q.exportAll, Title: o.Text + "export.title", Path: o.Path + "/"})
	o.Saves.For(o.Kind, func(query string) error { _, err := q.ParseQuery(query); return err })
	return q, d.Registry.Every(o.Job, time.Minute, 5*time.Minute, q.alarm)
}

// Register adds the texts that all queues share.
func Register(d *work.Desk) error { return d.Messages.Add(messages) }

// Below finds, for each of ids, those under it.
type Below func(ctx context.Context, q db.Querier, ids []uuid.UUID) (map[uuid.UUID][]uuid.UUID, error)
