package inspection

import (
	"context"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

type api struct{ s *Service }

type (
	listQuery struct {
		View   string `query:"view" enum:"open,mine,team,overdue,today,coming,done,missed,all"`
		Plan   string `query:"plan"`
		Q      string `query:"q"`
		Sort   string `query:"sort" enum:"due,priority,updated,created"`
		Limit  int    `query:"limit"`
		Cursor string `query:"cursor"`
	}
	rowOut struct {
		ID          uuid.UUID  `json:"id"`
		Number      string     `json:"number"`
		PlanID      uuid.UUID  `json:"plan_id"`
		NameZh      string     `json:"name_zh"`
		NameEn      string     `json:"name_en"`
		State       string     `json:"state"`
		Overdue     bool       `json:"overdue"`
		ScheduledAt time.Time  `json:"scheduled_at"`
		DueAt       *time.Time `json:"due_at"`
		EndedAt     *time.Time `json:"ended_at"`
		Findings    int        `json:"findings"`
		TeamID      *uuid.UUID `json:"team_id"`
		AssigneeID  *uuid.UUID `json:"assignee_id"`
		UpdatedAt   time.Time  `json:"updated_at"`
	}
	listOut struct {
		Items []rowOut `json:"items"`
		Next  string   `json:"next"`
	}
	readingOut struct {
		ItemID     uuid.UUID  `json:"item_id"`
		Point      string     `json:"point"`
		IncidentID *uuid.UUID `json:"incident_id,omitempty"`
		Reading
	}
	raisedOut struct {
		Incident record.Ref `json:"incident"`
	}
	plansQuery struct {
		State  string `query:"state" enum:"active,paused,retired"`
		Cursor string `query:"cursor"`
	}
	plansOut struct {
		Items []planRowOut `json:"items"`
		Next  string       `json:"next"`
	}
	planRowOut struct {
		Plan
		Overdue  int        `json:"overdue"`
		Missed   int        `json:"missed"` // of the last 20
		LastDone *time.Time `json:"last_done"`
		NextDue  *time.Time `json:"next_due"`
	}
)

// Out is an inspection as the API shows it.
type Out struct {
	ID           uuid.UUID    `json:"id"`
	Number       string       `json:"number"`
	Version      int          `json:"version"`
	PlanID       uuid.UUID    `json:"plan_id"`
	PlanVersion  int          `json:"plan_version"`
	State        State        `json:"state"`
	Overdue      bool         `json:"overdue"`
	NameZh       string       `json:"name_zh"`
	NameEn       string       `json:"name_en"`
	Items        []uuid.UUID  `json:"items"`
	Points       []Point      `json:"points"`
	Readings     []readingOut `json:"readings"`
	TeamID       uuid.UUID    `json:"team_id"`
	AssigneeID   *uuid.UUID   `json:"assignee_id"`
	ServiceID    *uuid.UUID   `json:"service_id"`
	ScheduledAt  time.Time    `json:"scheduled_at"`
	DueAt        time.Time    `json:"due_at"`
	StartedAt    *time.Time   `json:"started_at"`
	StartedBy    *uuid.UUID   `json:"started_by"`
	EndedAt      *time.Time   `json:"ended_at"`
	FinishedBy   *uuid.UUID   `json:"finished_by"`
	Missing      int          `json:"missing"`     // required readings that are not there
	Unexplained  int          `json:"unexplained"` // findings without a note or an incident
	Findings     int          `json:"findings"`
	Remark       string       `json:"remark,omitempty"`
	CancelReason string       `json:"cancel_reason,omitempty"`
	Superseded   bool         `json:"superseded"` // called off because its plan changed
	CreatedAt    time.Time    `json:"created_at"`
	UpdatedAt    time.Time    `json:"updated_at"`
}

// key is the inspection that an address names by its number or id.
func (s *Service) key(r *http.Request) (uuid.UUID, error) {
	return s.ID(r.Context(), chi.URLParam(r, "id"))
}

func (a api) out(ctx context.Context, i Inspection) (Out, error) {
	raised, err := a.s.repo.raised(ctx, a.s.desk.DB, i.ID)
	p := i.Whole(has(raised))
	o := Out{
		ID: i.ID, Number: i.Label(), Version: i.Version, PlanID: i.PlanID, PlanVersion: i.PlanVersion, State: i.State, Overdue: i.Overdue(a.s.desk.Now()), NameZh: i.NameZh, NameEn: i.NameEn,
		Items: nonNil(i.Items), Points: nonNil(i.Points), Readings: []readingOut{}, TeamID: i.TeamID, AssigneeID: i.PersonID, ServiceID: i.ServiceID, ScheduledAt: i.ScheduledAt, DueAt: i.DueAt,
		StartedAt: i.StartedAt, StartedBy: i.StartedBy, EndedAt: i.EndedAt, FinishedBy: i.FinishedBy, Missing: p.Missing, Unexplained: p.Unexplained, Findings: p.Findings, Remark: i.Remark,
		CancelReason: i.CancelReason, Superseded: i.Superseded, CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt,
	}
	for _, item := range i.Items {
		for _, x := range i.Points {
			if r, ok := i.Reading(item, x.Key); ok {
				n := readingOut{ItemID: item, Point: x.Key, Reading: r}
				if incident, ok := raised[ReadingKey(item, x.Key)]; ok {
					n.IncidentID = &incident
				}
				o.Readings = append(o.Readings, n)
			}
		}
	}
	return o, err
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
	now := a.s.desk.Now()
	out := listOut{Items: []rowOut{}, Next: p.Next}
	for _, x := range p.Rows {
		out.Items = append(out.Items, rowOut{
			x.ID, x.Number, x.PlanID, x.Title, x.NameEn, x.State, x.Overdue(now), x.ScheduledAt, x.DueAt, x.EndedAt, x.Findings, x.TeamID, x.AssigneeID, x.UpdatedAt,
		})
	}
	return web.JSON(w, http.StatusOK, out)
}

func (a api) get(w http.ResponseWriter, r *http.Request) error {
	id, err := a.s.key(r)
	if err != nil {
		return err
	}
	i, _, err := a.s.Get(r.Context(), id)
	if err != nil {
		return err
	}
	return a.answer(w, r, i)
}

func (a api) answer(w http.ResponseWriter, r *http.Request, i Inspection) error {
	o, err := a.out(r.Context(), i)
	if err != nil {
		return err
	}
	web.ETag(w, i.Version)
	return web.JSON(w, http.StatusOK, o)
}

// write is what every act on one inspection through the API does.
func write[In any](a api, run func(context.Context, uuid.UUID, In) (Inspection, error)) web.Handler {
	return work.Act(a.s.key, run, a.answer)
}

func (a api) raise(w http.ResponseWriter, r *http.Request) error {
	id, err := a.s.key(r)
	if err != nil {
		return err
	}
	var in RaiseInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	_, ref, err := a.s.Raise(work.WithKey(r.Context(), web.Key(r)), id, in)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, raisedOut{ref})
}

func (a api) plans(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	var states []string
	switch s := q.Get("state"); PlanState(s) {
	case "":
	case Active, Paused, Retired:
		states = []string{s}
	default:
		return fault.OnField("state", "validation.oneof")
	}
	rows, next, err := a.s.Plans(r.Context(), states, q.Get("cursor"))
	if err != nil {
		return err
	}
	out := plansOut{Items: []planRowOut{}, Next: next}
	for _, x := range rows {
		out.Items = append(out.Items, planRowOut(x))
	}
	return web.JSON(w, http.StatusOK, out)
}

func (a api) createPlan(w http.ResponseWriter, r *http.Request) error {
	var in PlanInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	p, err := a.s.CreatePlan(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/inspection-plans/"+p.ID.String())
	web.ETag(w, p.Version)
	return web.JSON(w, http.StatusCreated, p)
}

func (a api) preview(w http.ResponseWriter, r *http.Request) error {
	var in PlanInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	p, err := a.s.PreviewPlan(r.Context(), in)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, p)
}

func (a api) plan(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "plan")
	if err != nil {
		return err
	}
	p, err := a.s.Plan(r.Context(), id)
	if err != nil {
		return err
	}
	web.ETag(w, p.Version)
	return web.JSON(w, http.StatusOK, p)
}

// writePlan is what every act on one plan through the API does.
func writePlan[In any](run func(context.Context, uuid.UUID, In) (Plan, error)) web.Handler {
	return work.Act(web.At("plan"), run, func(w http.ResponseWriter, _ *http.Request, p Plan) error {
		web.ETag(w, p.Version)
		return web.JSON(w, http.StatusOK, p)
	})
}
