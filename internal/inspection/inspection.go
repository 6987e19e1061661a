package inspection

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/search"
)

// Kind is the record kind of inspections.
const Kind record.Kind = "inspection"

// State is where an inspection stands.
type State string

// The states.
const (
	Planned    State = "planned"
	InProgress State = "in_progress"
	Done       State = "done"
	Missed     State = "missed" // nobody began it before the next one
	Cancelled  State = "cancelled"
)

// States lists the states in the order of a life.
var States = [...]State{Planned, InProgress, Done, Missed, Cancelled}

// Category is what a state means.
func (s State) Category() record.Category {
	switch s {
	case Planned:
		return record.New
	case InProgress:
		return record.Active
	case Cancelled:
		return record.Cancelled
	}
	return record.Closed
}

// Open reports whether somebody still owes work.
func (s State) Open() bool { return s.Category().Open() }

// Inspection is one occurrence of a plan.
type Inspection struct {
	ID          uuid.UUID   `db:"id"`
	Version     int         `db:"version"`
	Number      int64       `db:"number"`
	PlanID      uuid.UUID   `db:"plan_id"`
	PlanVersion int         `db:"plan_version" audit:"plan_version"`
	State       State       `db:"state" audit:"state"`
	NameZh      string      `db:"name_zh" audit:"name_zh"`
	NameEn      string      `db:"name_en" audit:"name_en"`
	Items       []uuid.UUID `db:"items" audit:"items"`
	Points      []Point     `db:"points" audit:"points"` // as they were when it began
	TeamID      uuid.UUID   `db:"team_id" audit:"team"`
	PersonID    *uuid.UUID  `db:"person_id" audit:"assignee"`
	ServiceID   *uuid.UUID  `db:"service_id" audit:"service"`
	RequesterID uuid.UUID   `db:"requester_id"` // who made the plan
	ScheduledAt time.Time   `db:"scheduled_at" audit:"scheduled_at"`
	DueAt       time.Time   `db:"due_at" audit:"due_at"`
	OverdueAt   *time.Time  `db:"overdue_at" audit:"overdue_at"`
	StartedAt   *time.Time  `db:"started_at" audit:"started_at"`
	StartedBy   *uuid.UUID  `db:"started_by" audit:"started_by"`
	EndedAt     *time.Time  `db:"ended_at" audit:"ended_at"`
	FinishedBy  *uuid.UUID  `db:"finished_by" audit:"finished_by"`
	Findings    int         `db:"findings"`
	// Files are the pictures of each item.
	Files        map[string][]uuid.UUID `db:"files" audit:"files"`
	Remark       string                 `db:"remark" audit:"remark"`
	CancelReason string                 `db:"cancel_reason" audit:"cancel_reason"`
	// Superseded: it was called off because its plan changed.
	Superseded bool      `db:"superseded" audit:"superseded"`
	CreatedAt  time.Time `db:"created_at"`
	UpdatedAt  time.Time `db:"updated_at"`

	// Readings are what was noted, by ReadingKey. Edits of different readings are
	// edits of different fields.
	Readings map[string]Reading `db:"-" audit:"readings"`

	touched []string // readings that changed
	moved   bool     // to other items
	renamed bool
}

// Ref points at the inspection.
func (i Inspection) Ref() record.Ref { return record.Ref{Kind: Kind, ID: i.ID} }

// CurrentVersion counts the changes to the record, from 1.
func (i Inspection) CurrentVersion() int { return i.Version }

// Touch notes an edit.
func (i *Inspection) Touch(now time.Time) { i.Version++; i.UpdatedAt = now }

// Label is the number people use, such as INS-000123.
func (i Inspection) Label() string { return Label(i.Number) }

// Label writes a number the way people use it.
func Label(n int64) string { return fmt.Sprintf("INS-%06d", n) }

// ParseLabel reads a number as people type it: INS-000123, ins123.
func ParseLabel(s string) (int64, bool) {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "#"), "INS")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimLeft(rest, "- "), 10, 64)
	return n, err == nil && n > 0 && n < 1e15
}

// Overdue reports whether it should have been finished before an instant.
func (i Inspection) Overdue(now time.Time) bool { return i.State.Open() && !i.DueAt.After(now) }

// Entry is the inspection's line in the register.
func (i Inspection) Entry() record.Entry {
	priority := 3
	if i.OverdueAt != nil && i.State.Open() {
		priority = 2
	}
	return record.Entry{
		ID: i.ID, Kind: Kind, Number: i.Label(), Title: i.NameZh, State: string(i.State), Category: i.State.Category(), Priority: priority,
		RequesterID: &i.RequesterID, CreatedBy: i.RequesterID, AssigneeID: i.PersonID, TeamID: &i.TeamID, ServiceID: i.ServiceID, DueAt: &i.DueAt,
		CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt, ClosedAt: i.EndedAt,
	}
}

// doc is what the inspection is found by.
func (i Inspection) doc() search.Doc {
	texts := []string{i.Label(), i.NameEn}
	for _, p := range i.Points {
		texts = append(texts, p.Zh, p.En)
	}
	return search.Doc{ID: i.ID, Week: search.Week(Kind, i.UpdatedAt), Title: i.NameZh, Texts: texts}
}

// Point is the point of a key.
func (i Inspection) Point(key string) (Point, bool) {
	n := slices.IndexFunc(i.Points, func(p Point) bool { return p.Key == key })
	if n < 0 {
		return Point{}, false
	}
	return i.Points[n], true
}

// Reading is what was noted at a point of an item.
func (i Inspection) Reading(item uuid.UUID, point string) (Reading, bool) {
	r, ok := i.Readings[ReadingKey(item, point)]
	return r, ok
}

// start begins the work.
func (i *Inspection) start(by uuid.UUID, now time.Time) error {
	if i.State != Planned {
		return i.notNow()
	}
	i.State, i.StartedAt, i.StartedBy = InProgress, &now, &by
	if i.PersonID == nil {
		i.PersonID = &by
	}
	return nil
}

func (i Inspection) notNow() error {
	return fault.New(fault.Conflict, "inspection.error.not_now."+string(i.State))
}

// note takes one reading, or takes it back where it is empty. It says why it
// cannot be; "" if it can.
func (i *Inspection) note(item uuid.UUID, key string, r Reading, by uuid.UUID, now time.Time) string {
	p, ok := i.Point(key)
	if !ok || !slices.Contains(i.Items, item) {
		return "validation.unknown"
	}
	at := ReadingKey(item, key)
	old, there := i.Readings[at]
	if r.empty() {
		if r.Note != "" {
			return "inspection.error.note_alone"
		}
		if there {
			i.readings()
			delete(i.Readings, at)
			i.touched = append(i.touched, at)
		}
		return ""
	}
	if code := p.refuses(r); code != "" {
		return code
	}
	if there && old.same(r) {
		return ""
	}
	i.readings()
	r.Finding, r.By, r.At = p.Finds(r), &by, now
	i.Readings[at] = r
	i.touched = append(i.touched, at)
	return ""
}

// readings makes the map its own: the one before is what was.
func (i *Inspection) readings() {
	if i.Readings = maps.Clone(i.Readings); i.Readings == nil {
		i.Readings = map[string]Reading{}
	}
}

// Progress is how far the readings of an item have come.
type Progress struct {
	Noted, Points int // of the checklist
	Missing       int // that are required
	Findings      int
	Unexplained   int // findings without a note or an incident
}

// Ready reports whether nothing is left to do.
func (p Progress) Ready() bool { return p.Missing == 0 && p.Unexplained == 0 }

func (p Progress) add(o Progress) Progress {
	return Progress{p.Noted + o.Noted, p.Points + o.Points, p.Missing + o.Missing, p.Findings + o.Findings, p.Unexplained + o.Unexplained}
}

// Of is the progress of one item; raised are the readings that have an incident.
func (i Inspection) Of(item uuid.UUID, raised map[string]bool) Progress {
	out := Progress{Points: len(i.Points)}
	for _, p := range i.Points {
		r, ok := i.Reading(item, p.Key)
		if !ok {
			if p.Required {
				out.Missing++
			}
			continue
		}
		out.Noted++
		if r.Finding {
			out.Findings++
		}
		if !p.explained(r, raised[ReadingKey(item, p.Key)]) {
			out.Unexplained++
		}
	}
	return out
}

// Whole is the progress of all items.
func (i Inspection) Whole(raised map[string]bool) (out Progress) {
	for _, item := range i.Items {
		out = out.add(i.Of(item, raised))
	}
	return out
}

// finish ends the work: every required point was read, and every finding says
// what it is.
func (i *Inspection) finish(remark string, raised map[string]bool, by uuid.UUID, now time.Time) error {
	if i.State != InProgress {
		return i.notNow()
	}
	p := i.Whole(raised)
	switch {
	case p.Noted == 0:
		return fault.New(fault.Invalid, "inspection.error.nothing_read")
	case p.Missing > 0:
		return fault.New(fault.Invalid, "inspection.error.missing", "count", p.Missing)
	case p.Unexplained > 0:
		return fault.New(fault.Invalid, "inspection.error.unexplained", "count", p.Unexplained)
	}
	i.State, i.EndedAt, i.FinishedBy, i.Remark, i.Findings = Done, &now, &by, remark, p.Findings
	return nil
}

// cancel ends it without a result.
func (i *Inspection) cancel(reason string, now time.Time) error {
	if !i.State.Open() {
		return i.notNow()
	}
	i.State, i.CancelReason, i.EndedAt = Cancelled, reason, &now
	return nil
}

// miss notes that nobody began it.
func (i *Inspection) miss(now time.Time) error {
	if i.State != Planned {
		return i.notNow()
	}
	i.State, i.EndedAt = Missed, &now
	return nil
}
