package change

import (
	"context"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type api struct{ s *Service }

type (
	listQuery struct {
		View   string `query:"view" enum:"open,mine,planning,scheduled,running,review,closed,all"`
		Type   string `query:"type" enum:"normal,standard,emergency"`
		Risk   string `query:"risk" enum:"low,medium,high"`
		Q      string `query:"q"`
		Sort   string `query:"sort" enum:"due,priority,updated,created"`
		Limit  int    `query:"limit"`
		Cursor string `query:"cursor"`
	}
	rowOut struct {
		ID         uuid.UUID  `json:"id"`
		Number     string     `json:"number"`
		Type       Type       `json:"type"`
		Title      string     `json:"title"`
		State      string     `json:"state"`
		Risk       Level      `json:"risk"`
		OnHold     bool       `json:"on_hold"`
		WindowFrom *time.Time `json:"window_from"`
		WindowTo   *time.Time `json:"window_to"`
		UpdatedAt  time.Time  `json:"updated_at"`
	}
	listOut struct {
		Items []rowOut `json:"items"`
		Next  string   `json:"next"`
	}
)

// Out is a change as the API shows it.
type Out struct {
	ID              uuid.UUID   `json:"id"`
	Number          string      `json:"number"`
	Version         int         `json:"version"`
	Type            Type        `json:"type"`
	State           State       `json:"state"`
	Unauthorised    bool        `json:"unauthorised"`
	OnHold          bool        `json:"on_hold"`
	HoldReason      string      `json:"hold_reason,omitempty"`
	Title           string      `json:"title"`
	Content         string      `json:"content"`
	Reason          string      `json:"reason"`
	Effect          string      `json:"effect"`
	Communication   string      `json:"communication"`
	Items           []uuid.UUID `json:"items"`
	ServiceID       *uuid.UUID  `json:"service_id"`
	Steps           []Step      `json:"steps"`
	TestPlan        string      `json:"test_plan"`
	TestResult      TestResult  `json:"test_result"`
	TestEvidence    string      `json:"test_evidence"`
	TestFiles       []Evidence  `json:"test_files"`
	RollbackTrigger string      `json:"rollback_trigger"`
	Back            []Step      `json:"back"`
	RollbackMinutes int         `json:"rollback_minutes"`
	Rehearsal       string      `json:"rehearsal"`
	WindowFrom      *time.Time  `json:"window_from"`
	WindowTo        *time.Time  `json:"window_to"`
	Assessment      *Assessment `json:"assessment"`
	Risk            Level       `json:"risk"`
	RequesterID     uuid.UUID   `json:"requester_id"`
	ImplementerID   *uuid.UUID  `json:"implementer_id"`
	PlanHash        string      `json:"plan_hash"`
	ApprovedHash    string      `json:"approved_hash"`
	ApprovedAt      *time.Time  `json:"approved_at"`
	RejectReason    string      `json:"reject_reason,omitempty"`
	CancelReason    string      `json:"cancel_reason,omitempty"`
	StartedAt       *time.Time  `json:"started_at"`
	RolledBackAt    *time.Time  `json:"rolled_back_at"`
	EndedAt         *time.Time  `json:"ended_at"`
	Result          Result      `json:"result"`
	ResultNote      string      `json:"result_note"`
	Lessons         string      `json:"lessons"`
	Actions         string      `json:"actions"`
	ReviewDueAt     *time.Time  `json:"review_due_at"`
	GlassReason     string      `json:"glass_reason,omitempty"`
	GlassAt         *time.Time  `json:"glass_at"`
	GlassUntil      *time.Time  `json:"glass_until"`
	ClosedAt        *time.Time  `json:"closed_at"`
	CreatedAt       time.Time   `json:"created_at"`
	UpdatedAt       time.Time   `json:"updated_at"`

	// NextMove is the move that people work towards, Gates what it asks for, and
	// Clashes the changes that want the same items, relatives or people. Outside
	// are maintenance windows that the window does not lie in.
	NextMove Move      `json:"next_move,omitempty"`
	Gates    []Gate    `json:"gates"`
	Clashes  []Clash   `json:"clashes"`
	Outside  []Outside `json:"outside"`
}

func (a api) out(ctx context.Context, c Change) (Out, error) {
	o := Out{
		ID: c.ID, Number: c.Label(), Version: c.Version, Type: c.Type, State: c.State, Unauthorised: c.Unauthorised, OnHold: c.OnHold, HoldReason: c.HoldReason, Title: c.Title,
		Content: c.Content, Reason: c.Reason, Effect: c.Effect, Communication: c.Communication, Items: nonNil(c.Items), ServiceID: c.ServiceID, Steps: nonNil(c.Steps),
		TestPlan: c.TestPlan, TestResult: c.TestResult, TestEvidence: c.TestEvidence, TestFiles: nonNil(c.TestFiles), RollbackTrigger: c.RollbackTrigger, Back: nonNil(c.Back), RollbackMinutes: c.RollbackMinutes,
		Rehearsal: c.Rehearsal, WindowFrom: c.WindowFrom, WindowTo: c.WindowTo, Risk: c.Risk, RequesterID: c.RequesterID, ImplementerID: c.ImplementerID, PlanHash: c.Hash(),
		ApprovedHash: c.ApprovedHash, ApprovedAt: c.ApprovedAt, RejectReason: c.RejectReason, CancelReason: c.CancelReason, StartedAt: c.StartedAt, RolledBackAt: c.BackAt,
		EndedAt: c.EndedAt, Result: c.Result, ResultNote: c.ResultNote, Lessons: c.Lessons, Actions: c.Actions, ReviewDueAt: c.ReviewDueAt, GlassReason: c.GlassReason,
		GlassAt: c.GlassAt, GlassUntil: c.GlassUntil, ClosedAt: c.ClosedAt, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, NextMove: nextMove(c),
	}
	if c.Assessment.Complete() {
		o.Assessment = &c.Assessment
	}
	gates, clashes, outside, err := a.s.ahead(ctx, c)
	o.Gates, o.Clashes, o.Outside = nonNil(gates), nonNil(clashes), nonNil(outside)
	return o, err
}

// key is the change that an address names by its number or id.
func (s *Service) key(r *http.Request) (uuid.UUID, error) {
	return s.ID(r.Context(), chi.URLParam(r, "id"))
}

func (a api) list(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f, err := ParseFilter(q)
	if err != nil {
		return err
	}
	p, err := a.s.List(r.Context(), f, q.Get("cursor"))
	if err != nil {
		return err
	}
	out := listOut{Items: []rowOut{}, Next: p.Next}
	for _, x := range p.Rows {
		out.Items = append(out.Items, rowOut{x.ID, x.Number, x.Type, x.Title, x.State, x.Risk, x.OnHold, x.WindowFrom, x.WindowTo, x.UpdatedAt})
	}
	return web.JSON(w, http.StatusOK, out)
}

func (a api) create(w http.ResponseWriter, r *http.Request) error {
	var in CreateInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	c, err := a.s.Create(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/changes/"+c.Label())
	return a.answer(w, r, http.StatusCreated, c)
}

func (a api) get(w http.ResponseWriter, r *http.Request) error {
	id, err := a.s.key(r)
	if err != nil {
		return err
	}
	c, _, err := a.s.Get(r.Context(), id)
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, c)
}

func (a api) answer(w http.ResponseWriter, r *http.Request, status int, c Change) error {
	o, err := a.out(r.Context(), c)
	if err != nil {
		return err
	}
	web.ETag(w, c.Version)
	return web.JSON(w, status, o)
}

// write is what every act on one change through the API does.
func write[In any](a api, run func(context.Context, uuid.UUID, In) (Change, error)) web.Handler {
	return work.Act(a.s.key, run, func(w http.ResponseWriter, r *http.Request, c Change) error { return a.answer(w, r, http.StatusOK, c) })
}
