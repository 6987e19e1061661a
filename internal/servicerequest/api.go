package servicerequest

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/form"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/queue"
	"opsdesk/internal/sla"
	"opsdesk/internal/work"
)

type api struct{ s *Service }

type (
	catalogueQuery struct {
		Q string `query:"q"`
	}
	shelfOut struct {
		ID     uuid.UUID `json:"id"`
		NameZh string    `json:"name_zh"`
		NameEn string    `json:"name_en"`
		Items  []offer   `json:"items"`
	}
	offer struct {
		ID        uuid.UUID `json:"id"`
		NameZh    string    `json:"name_zh"`
		NameEn    string    `json:"name_en"`
		SummaryZh string    `json:"summary_zh"`
		SummaryEn string    `json:"summary_en"`
		Days      int       `json:"days"`
		Price     int64     `json:"price"`
		Favourite bool      `json:"favourite"`
	}
	catalogueOut struct {
		Items []shelfOut `json:"items"`
	}
	offerOut struct {
		ID        uuid.UUID `json:"id"`
		VersionID uuid.UUID `json:"version_id"`
		NameZh    string    `json:"name_zh"`
		NameEn    string    `json:"name_en"`
		TextZh    string    `json:"text_zh"`
		TextEn    string    `json:"text_en"`
		Days      int       `json:"days"`
		Price     int64     `json:"price"`
		MayOrder  bool      `json:"may_order"`
		Form      form.Form `json:"form"`
	}
	itemOut struct {
		ID         uuid.UUID   `json:"id"`
		Version    int         `json:"version"`
		State      ItemState   `json:"state"`
		DraftState DraftState  `json:"draft_state"`
		DraftHash  string      `json:"draft_hash"`
		CurrentID  *uuid.UUID  `json:"current_id"`
		CurrentNo  int         `json:"current_no"`
		CategoryID uuid.UUID   `json:"category_id"`
		ServiceID  *uuid.UUID  `json:"service_id"`
		Editors    []uuid.UUID `json:"editors"`
		Remark     string      `json:"remark"`
		ReviewAt   *time.Time  `json:"review_at"`
		Draft      *Content    `json:"draft"`
	}
	listQuery struct {
		View     string   `query:"view" enum:"open,mine,team,approving,pending,fulfilled,closed,all"`
		Q        string   `query:"q"`
		Sort     string   `query:"sort" enum:"due,priority,updated,created"`
		Priority int      `query:"priority"`
		Team     string   `query:"team"`
		Item     string   `query:"item"`
		F        []string `query:"f" description:"field.operator.value,value; may be repeated"`
		Group    string   `query:"group" enum:"due,priority,state,team,assignee"`
		Limit    int      `query:"limit"`
		Cursor   string   `query:"cursor"`
	}
	rowOut struct {
		ID          uuid.UUID  `json:"id"`
		Number      string     `json:"number"`
		Title       string     `json:"title"`
		State       string     `json:"state"`
		Priority    int        `json:"priority"`
		RequesterID *uuid.UUID `json:"requester_id"`
		ExpectedAt  *time.Time `json:"expected_at"`
		DueAt       *time.Time `json:"due_at"`
		Secret      bool       `json:"confidential"`
		CreatedAt   time.Time  `json:"created_at"`
		UpdatedAt   time.Time  `json:"updated_at"`
	}
	listOut struct {
		Items []rowOut `json:"items"`
		Next  string   `json:"next"`
	}
	todoQuery struct {
		Mine   bool   `query:"mine"`
		Cursor string `query:"cursor"`
	}
	todoOut struct {
		Items []Todo `json:"items"`
		Next  string `json:"next"`
	}
)

// Out is a request as the API shows it. The desk's own side is absent for
// readers who only asked for it or follow it.
type Out struct {
	ID            uuid.UUID     `json:"id"`
	Number        string        `json:"number"`
	Version       int           `json:"version"`
	ItemID        uuid.UUID     `json:"item_id"`
	ItemVersionID uuid.UUID     `json:"item_version_id"`
	Title         string        `json:"title"`
	State         State         `json:"state"`
	PendingReason PendingReason `json:"pending_reason,omitempty"`
	Answers       form.Raw      `json:"answers"`
	Remark        string        `json:"remark"`
	Urgency       int           `json:"urgency"`
	Priority      int           `json:"priority"`
	Price         int64         `json:"price"`
	Confidential  bool          `json:"confidential"` // only the people named on it see it
	RequesterID   uuid.UUID     `json:"requester_id"`
	RejectReason  string        `json:"reject_reason,omitempty"`
	CancelReason  string        `json:"cancel_reason,omitempty"`
	SubmittedAt   *time.Time    `json:"submitted_at"`
	ApprovedAt    *time.Time    `json:"approved_at"`
	ExpectedAt    *time.Time    `json:"expected_at"`
	FulfilledAt   *time.Time    `json:"fulfilled_at"`
	ClosedAt      *time.Time    `json:"closed_at"`
	CreatedAt     time.Time     `json:"created_at"`
	UpdatedAt     time.Time     `json:"updated_at"`

	// Clocks are the promised times of the request and how they stand.
	Clocks []sla.ClockOut `json:"clocks"`
	Desk   *DeskOut       `json:"desk,omitempty"`
}

// DeskOut is what only the desk's own people see of a request.
type DeskOut struct {
	CreatedBy    uuid.UUID  `json:"created_by"`
	DepartmentID *uuid.UUID `json:"department_id"`
	ServiceID    *uuid.UUID `json:"service_id"`
	TeamID       *uuid.UUID `json:"team_id"`
	AssigneeID   *uuid.UUID `json:"assignee_id"`
	Access       bool       `json:"access"`
	FulfilledBy  *uuid.UUID `json:"fulfilled_by"`
	AutoCloseAt  *time.Time `json:"auto_close_at"`
	ReopenCount  int        `json:"reopen_count"`
	Tasks        []Task     `json:"tasks"`
}

func (a api) out(ctx context.Context, r Request) (Out, error) {
	if err := a.s.moved(ctx, a.s.desk.DB, &r, a.s.desk.Now()); err != nil {
		return Out{}, err
	}
	o := Out{
		ID: r.ID, Number: r.Label(), Version: r.Version, ItemID: r.ItemID, ItemVersionID: r.VersionID, Title: r.Title, State: r.State, PendingReason: r.PendingReason,
		Answers: r.Answers, Remark: r.Remark, Urgency: r.Urgency, Priority: r.Priority, Price: r.Price, Confidential: r.Confidential, RequesterID: r.RequesterID, RejectReason: r.RejectReason,
		CancelReason: r.CancelReason, SubmittedAt: r.SubmittedAt, ApprovedAt: r.ApprovedAt, ExpectedAt: r.ExpectedAt, FulfilledAt: r.FulfilledAt, ClosedAt: r.ClosedAt,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
	if o.Answers == nil {
		o.Answers = form.Raw{}
	}
	clocks, err := a.s.Clocks.Clocks(ctx, a.s.desk.DB, r.ID)
	if err != nil {
		return o, err
	}
	o.Clocks = sla.Outs(clocks)
	who, err := identity.From(ctx)
	if err != nil || !who.System && !who.Agent() {
		return o, err
	}
	tasks, err := a.s.repo.tasks(ctx, a.s.desk.DB, r.ID)
	o.Desk = &DeskOut{
		CreatedBy: r.CreatedBy, DepartmentID: r.DepartmentID, ServiceID: r.ServiceID, TeamID: r.TeamID, AssigneeID: r.AssigneeID, Access: r.Access, FulfilledBy: r.FulfilledBy,
		AutoCloseAt: r.AutoCloseAt, ReopenCount: r.ReopenCount, Tasks: nonNil(tasks),
	}
	return o, err
}

func itemView(i Item) itemOut {
	return itemOut{i.ID, i.Version, i.State, i.DraftState, i.DraftHash, i.CurrentID, i.CurrentNo, i.CategoryID, i.ServiceID, nonNil(i.Editors), i.Remark, i.ReviewAt, i.Draft}
}

func (a api) catalogue(w http.ResponseWriter, r *http.Request) error {
	shelves, err := a.s.Browse(r.Context(), strings.TrimSpace(r.URL.Query().Get("q")), false)
	if err != nil {
		return err
	}
	out := catalogueOut{Items: []shelfOut{}}
	for _, sh := range shelves {
		o := shelfOut{ID: sh.ID, NameZh: sh.NameZh, NameEn: sh.NameEn}
		for _, x := range sh.Offers {
			o.Items = append(o.Items, offer{x.ID, x.NameZh, x.NameEn, x.SummaryZh, x.SummaryEn, x.Days, x.Price, x.Favourite})
		}
		out.Items = append(out.Items, o)
	}
	return web.JSON(w, http.StatusOK, out)
}

func (a api) offer(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "item")
	if err != nil {
		return err
	}
	who, err := identity.From(r.Context())
	if err != nil {
		return err
	}
	o, err := a.s.Offer(r.Context(), id, who.ID)
	if err != nil {
		return err
	}
	c := o.Content
	c.Form.Fields = nonNil(c.Form.Fields)
	return web.JSON(w, http.StatusOK, offerOut{id, o.VersionID, c.NameZh, c.NameEn, c.TextZh, c.TextEn, c.Days, c.Price, o.MayOrder, c.Form})
}

func (a api) newItem(w http.ResponseWriter, r *http.Request) error {
	var in NewItemInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	i, err := a.s.NewItem(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	web.ETag(w, i.Version)
	return web.JSON(w, http.StatusCreated, itemView(i))
}

func (a api) manage(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "item")
	if err != nil {
		return err
	}
	m, err := a.s.Manage(r.Context(), id)
	if err != nil {
		return err
	}
	web.ETag(w, m.Version)
	return web.JSON(w, http.StatusOK, itemView(m.Item))
}

func writeItem[In any](_ api, run func(context.Context, uuid.UUID, In) (Item, error)) web.Handler {
	return work.Act(web.At("item"), run, func(w http.ResponseWriter, _ *http.Request, i Item) error {
		web.ETag(w, i.Version)
		return web.JSON(w, http.StatusOK, itemView(i))
	})
}

// input reads the body of a write with its key and its condition.
func input[In any](r *http.Request) (context.Context, In, error) {
	var in In
	if r.ContentLength != 0 {
		if err := web.Decode(r, &in); err != nil {
			return nil, in, err
		}
	}
	ctx, err := work.Asked(r)
	return ctx, in, err
}

func (a api) list(w http.ResponseWriter, r *http.Request) error {
	f, err := ParseFilter(r.URL.Query())
	if err != nil {
		return err
	}
	f.CountTo = queue.ProgramLimit
	p, err := a.s.List(r.Context(), f, r.URL.Query().Get("cursor"))
	if err != nil {
		return err
	}
	out := listOut{Items: []rowOut{}, Next: p.Next}
	for _, x := range p.Rows {
		out.Items = append(out.Items, rowOut{x.ID, x.Number, x.Title, x.State, x.Priority, x.RequesterID, x.ExpectedAt, x.DueAt, x.Confidential, x.CreatedAt, x.UpdatedAt})
	}
	return web.JSON(w, http.StatusOK, out)
}

func (a api) todo(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	p, err := a.s.Todo(r.Context(), q.Get("mine") == "true", q.Get("cursor"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, todoOut{nonNil(p.Rows), p.Next})
}

func (a api) create(w http.ResponseWriter, r *http.Request) error {
	var in OrderInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	x, err := a.s.Order(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	web.ETag(w, x.Version)
	w.Header().Set("Location", "/api/v1/requests/"+x.Label())
	o, err := a.out(r.Context(), x)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, o)
}

func (a api) get(w http.ResponseWriter, r *http.Request) error {
	id, err := a.s.ID(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		return err
	}
	x, _, err := a.s.Get(r.Context(), id)
	if err != nil {
		return err
	}
	return a.answer(w, r, x)
}

func (a api) answer(w http.ResponseWriter, r *http.Request, x Request) error {
	o, err := a.out(r.Context(), x)
	if err != nil {
		return err
	}
	web.ETag(w, x.Version)
	return web.JSON(w, http.StatusOK, o)
}

// write is what every change of one request through the API does.
func write[In any](a api, run func(context.Context, uuid.UUID, In) (Request, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := a.s.ID(r.Context(), chi.URLParam(r, "id"))
		if err != nil {
			return err
		}
		ctx, in, err := input[In](r)
		if err != nil {
			return err
		}
		x, err := run(ctx, id, in)
		if err != nil {
			return err
		}
		return a.answer(w, r, x)
	}
}
