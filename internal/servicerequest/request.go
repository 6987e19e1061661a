package servicerequest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/form"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/search"
)

// Kind is the record kind of requests.
const Kind record.Kind = "servicerequest"

// Request is one thing somebody asked for.
type Request struct {
	ID            uuid.UUID     `db:"id"`
	Version       int           `db:"version"`
	Number        int64         `db:"number"`
	ItemID        uuid.UUID     `db:"item_id" audit:"item"`
	VersionID     uuid.UUID     `db:"version_id" audit:"item_version"` // of the item: its form stays with the request
	Title         string        `db:"title" audit:"title"`
	State         State         `db:"state" audit:"state"`
	PendingReason PendingReason `db:"pending_reason" audit:"pending_reason"`
	Answers       form.Raw      `db:"answers" audit:"answers"`
	Remark        string        `db:"remark" audit:"remark"` // what the requester adds in words
	Impact        int           `db:"impact" audit:"impact"`
	Urgency       int           `db:"urgency" audit:"urgency"`
	Priority      int           `db:"priority" audit:"priority"`
	Price         int64         `db:"price" audit:"price"`
	Access        bool          `db:"access" audit:"access"`
	Confidential  bool          `db:"confidential" audit:"confidential"` // only the people named on it see it
	RequesterID   uuid.UUID     `db:"requester_id" audit:"requester"`
	CreatedBy     uuid.UUID     `db:"created_by" audit:"created_by"`
	DepartmentID  *uuid.UUID    `db:"department_id" audit:"department"`
	ServiceID     *uuid.UUID    `db:"service_id" audit:"service"`
	TeamID        *uuid.UUID    `db:"team_id" audit:"team"` // of the first task that is open
	AssigneeID    *uuid.UUID    `db:"assignee_id" audit:"assignee"`
	RejectReason  string        `db:"reject_reason" audit:"reject_reason"`
	CancelReason  string        `db:"cancel_reason" audit:"cancel_reason"`
	CopyOf        *uuid.UUID    `db:"copy_of" audit:"copy_of"`
	ReopenCount   int           `db:"reopen_count" audit:"reopen_count"`
	SubmittedAt   *time.Time    `db:"submitted_at" audit:"submitted_at"`
	ApprovedAt    *time.Time    `db:"approved_at" audit:"approved_at"`
	ExpectedAt    *time.Time    `db:"expected_at" audit:"expected_at"` // when it comes, as the requester was told
	HeldSince     *time.Time    `db:"held_since"`                      // while it waits for a reason that pauses, ExpectedAt moves from here
	FulfilledAt   *time.Time    `db:"fulfilled_at" audit:"fulfilled_at"`
	FulfilledBy   *uuid.UUID    `db:"fulfilled_by" audit:"fulfilled_by"`
	ClosedAt      *time.Time    `db:"closed_at" audit:"closed_at"`
	ClosedBy      *uuid.UUID    `db:"closed_by" audit:"closed_by"`
	AutoCloseAt   *time.Time    `db:"auto_close_at"`
	CreatedAt     time.Time     `db:"created_at"`
	UpdatedAt     time.Time     `db:"updated_at"`

	// acting is the task through which somebody works on the request, with who
	// approved the request; set by the store that reads it for that.
	acting    *Task
	approvers []uuid.UUID
}

// Ref points at the request.
func (r Request) Ref() record.Ref { return record.Ref{Kind: Kind, ID: r.ID} }

// CurrentVersion counts the changes to the request, from 1.
func (r Request) CurrentVersion() int { return r.Version }

// Touch notes a change.
func (r *Request) Touch(now time.Time) { r.Version++; r.UpdatedAt = now }

// Label is the number people use, such as REQ-000123.
func (r Request) Label() string { return Label(r.Number) }

// Label writes a number the way people use it.
func Label(n int64) string { return fmt.Sprintf("REQ-%06d", n) }

// ParseLabel reads a number as people type it: REQ-000123, req123.
func ParseLabel(s string) (int64, bool) {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "#"), "REQ")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimLeft(rest, "- "), 10, 64)
	return n, err == nil && n > 0 && n < 1e15
}

// Entry is the request's line in the register.
func (r Request) Entry() record.Entry {
	return record.Entry{
		ID: r.ID, Kind: Kind, Number: r.Label(), Title: r.Title, State: string(r.State), Category: r.State.Category(), Priority: r.Priority,
		RequesterID: &r.RequesterID, CreatedBy: r.CreatedBy, AssigneeID: r.AssigneeID, TeamID: r.TeamID, DepartmentID: r.DepartmentID, ServiceID: r.ServiceID,
		Confidential: r.Confidential, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, ClosedAt: r.ClosedAt,
	}
}

// Adjust completes the facts of a decision for whoever works through a task:
// the task's team and holder count, and for fulfilment who approved (S5).
func (r Request) Adjust(f *authz.Facts, who identity.Actor) {
	if r.acting == nil {
		return
	}
	f.TeamID, f.AssigneeID = uuid.Nil, uuid.Nil
	if r.acting.TeamID != nil {
		f.TeamID = *r.acting.TeamID
	}
	if r.acting.AssigneeID != nil {
		f.AssigneeID = *r.acting.AssigneeID
	}
	f.Approver = contains(r.approvers, who.ID)
}

// doc is what the request is found by.
func (r Request) doc(f form.Form) search.Doc {
	texts := []string{r.Label(), r.Remark}
	for _, x := range f.Fields {
		switch x.Type {
		case form.Text, form.Long, form.Asset, form.Table:
			texts = append(texts, r.Answers[x.Key]...)
		case form.Choice, form.Multi:
			for _, o := range x.Options {
				if slices.Contains(r.Answers[x.Key], o.Value) {
					texts = append(texts, o.LabelZh, o.LabelEn)
				}
			}
		}
	}
	return search.Doc{ID: r.ID, Week: search.Week(Kind, r.UpdatedAt), Title: r.Title, Texts: texts}
}

// Hash names the content that approvals are about: what is asked for, by whom
// and how it was answered.
func (r Request) Hash() string {
	b, _ := json.Marshal([]any{r.VersionID, r.RequesterID, r.Answers, r.Remark, r.Price, r.Access}) // plain values always encode
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// move takes one step of the state machine and clears what the old state held.
func (r *Request) move(m Move) error {
	to, err := r.State.Next(m)
	if err != nil {
		return err
	}
	r.State, r.PendingReason = to, ""
	return nil
}

// submit sends a draft off.
func (r *Request) submit(now time.Time) error {
	if err := r.move(MoveSubmit); err != nil {
		return err
	}
	r.SubmittedAt, r.RejectReason = &now, ""
	return nil
}

// pend stops the work for a reason outside the teams.
func (r *Request) pend(reason PendingReason) error {
	if r.State == Pending && r.PendingReason != reason {
		r.PendingReason = reason // still waiting, for something else
		return nil
	}
	if err := r.move(MovePend); err != nil {
		return err
	}
	r.PendingReason = reason
	return nil
}

// deliver ends the work: everything that was asked for is there.
func (r *Request) deliver(by uuid.UUID, now, autoClose time.Time) error {
	if r.State == Pending {
		if err := r.move(MoveResume); err != nil {
			return err
		}
	}
	if err := r.move(MoveDeliver); err != nil {
		return err
	}
	r.FulfilledAt, r.FulfilledBy, r.AutoCloseAt, r.AssigneeID = &now, &by, &autoClose, nil
	return nil
}

// close ends the life: the requester has it, or said nothing long enough.
func (r *Request) close(m Move, by uuid.UUID, now time.Time) error {
	if err := r.move(m); err != nil {
		return err
	}
	r.ClosedAt, r.ClosedBy, r.AutoCloseAt = &now, &by, nil
	return nil
}

// reopen takes a request back to work because what came was not right.
func (r *Request) reopen(m Move) error {
	if err := r.move(m); err != nil {
		return err
	}
	r.ReopenCount++
	r.ClosedAt, r.ClosedBy, r.FulfilledAt, r.FulfilledBy, r.AutoCloseAt = nil, nil, nil, nil, nil
	return nil
}

// reject ends a request that is not granted or cannot be fulfilled.
func (r *Request) reject(reason string, by uuid.UUID, now time.Time) error {
	if err := r.move(MoveReject); err != nil {
		return err
	}
	r.RejectReason, r.ClosedAt, r.ClosedBy = reason, &now, &by
	return nil
}

// cancel ends a request that its requester takes back.
func (r *Request) cancel(reason string, by uuid.UUID, now time.Time) error {
	if err := r.move(MoveCancel); err != nil {
		return err
	}
	r.CancelReason, r.ClosedAt, r.ClosedBy = reason, &now, &by
	return nil
}

// revise takes a request back to its requester to be changed.
func (r *Request) revise() error {
	if err := r.move(MoveRevise); err != nil {
		return err
	}
	r.SubmittedAt, r.ExpectedAt = nil, nil
	return nil
}

// tooLate reports whether the time to reopen is over.
func (r Request) tooLate(days int, now time.Time) bool {
	return r.ClosedAt != nil && now.After(r.ClosedAt.Add(time.Duration(days)*24*time.Hour))
}

// TaskState is where a task of fulfilment stands.
type TaskState string

// The states of a task.
const (
	TaskWaiting TaskState = "waiting" // for others before it
	TaskReady   TaskState = "ready"   // its team can begin
	TaskDone    TaskState = "done"
	TaskSkipped TaskState = "skipped" // its condition does not hold
	TaskVoid    TaskState = "void"    // the request ended first
)

// ended reports whether others need not wait for it any more.
func (s TaskState) ended() bool { return s == TaskDone || s == TaskSkipped || s == TaskVoid }

// Task is one part of fulfilment.
type Task struct {
	ID         uuid.UUID  `db:"id" json:"id"`
	RequestID  uuid.UUID  `db:"request_id" json:"-"`
	Key        string     `db:"key" json:"key"`
	TitleZh    string     `db:"title_zh" json:"title_zh"`
	TitleEn    string     `db:"title_en" json:"title_en"`
	Output     Output     `db:"output" json:"output"`
	State      TaskState  `db:"state" json:"state"`
	TeamID     *uuid.UUID `db:"team_id" json:"team_id"`
	AssigneeID *uuid.UUID `db:"assignee_id" json:"assignee_id"`
	Position   int        `db:"position" json:"position"`
	After      []string   `db:"after" json:"after"`
	ReadyAt    *time.Time `db:"ready_at" json:"ready_at"`
	DoneAt     *time.Time `db:"done_at" json:"done_at"`
	DoneBy     *uuid.UUID `db:"done_by" json:"done_by"`
	Remark     string     `db:"remark" json:"remark"`
	// Waits: it ends with the change that it opens.
	Waits bool `db:"waits" json:"waits"`
	// MadeKind and MadeID point at the record that the task made.
	MadeKind record.Kind `db:"made_kind" json:"made_kind,omitempty"`
	MadeID   *uuid.UUID  `db:"made_id" json:"made_id,omitempty"`
}

// Title is what the task is called for a reader of a language.
func (t Task) Title(lang string) string { return pick(lang, t.TitleZh, t.TitleEn) }

// elsewhere reports whether the work is done in another record: the task ends
// with that.
func (t Task) elsewhere() bool {
	return t.Output == OutputIncident || t.Output == OutputChange && t.MadeID != nil
}

// planTasks makes the tasks of a request from its item's plan; those whose
// condition does not hold are skipped.
func planTasks(c Content, answers form.Raw, today string, newID func() uuid.UUID) []Task {
	var out []Task
	for n, p := range c.Tasks {
		t := Task{ID: newID(), Key: p.Key, TitleZh: p.TitleZh, TitleEn: p.TitleEn, Output: p.Output, State: TaskWaiting, TeamID: p.TeamID, Position: n + 1, After: nonNil(p.After), Waits: p.Wait && p.Output == OutputChange}
		if !c.Form.Holds(p.When, answers, today) {
			t.State = TaskSkipped
		}
		out = append(out, t)
	}
	return out
}

// release makes those tasks ready whose predecessors have all ended, and
// returns their places. A task follows only tasks above it, so nothing waits
// for ever.
func release(tasks []Task, now time.Time) []int {
	ended := map[string]bool{}
	for _, t := range tasks {
		ended[t.Key] = t.State.ended()
	}
	var out []int
	for i := range tasks {
		t := &tasks[i]
		if t.State != TaskWaiting || slices.ContainsFunc(t.After, func(k string) bool { return !ended[k] }) {
			continue
		}
		t.State, t.ReadyAt = TaskReady, &now
		out = append(out, i)
	}
	return out
}

// allEnded reports whether nothing is left to do.
func allEnded(tasks []Task) bool {
	return !slices.ContainsFunc(tasks, func(t Task) bool { return !t.State.ended() })
}

// complete ends a task.
func (t *Task) complete(by uuid.UUID, remark string, now time.Time) error {
	if t.State != TaskReady {
		return fault.New(fault.Conflict, "servicerequest.error.task."+string(t.State))
	}
	t.State, t.DoneAt, t.DoneBy, t.Remark = TaskDone, &now, &by, remark
	return nil
}

// front is the team and the person of the first open task: where the request
// stands in the queues.
func front(tasks []Task) (team, person *uuid.UUID) {
	for _, t := range tasks {
		if t.State == TaskReady && !t.elsewhere() {
			return t.TeamID, t.AssigneeID
		}
	}
	return nil, nil
}
