package incident

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/comment"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/queue"
	"opsdesk/internal/sla"
	"opsdesk/internal/work"
)

type api struct{ s *Service }

// Out is an incident as the API shows it. The fields of the desk's own side are
// absent for readers who only reported or follow it.
type Out struct {
	ID             uuid.UUID  `json:"id"`
	Number         string     `json:"number"`
	Version        int        `json:"version"`
	Title          string     `json:"title"`
	Description    string     `json:"description"`
	State          State      `json:"state"`
	PendingReason  string     `json:"pending_reason,omitempty"`
	Priority       int        `json:"priority"`
	Impact         int        `json:"impact"`
	Urgency        int        `json:"urgency"`
	CategoryID     *uuid.UUID `json:"category_id"`
	ServiceID      *uuid.UUID `json:"service_id"`
	Location       string     `json:"location"`
	Device         string     `json:"device"`
	RequesterID    uuid.UUID  `json:"requester_id"`
	ResolutionCode string     `json:"resolution_code,omitempty"`
	Cause          string     `json:"cause,omitempty"`
	Process        string     `json:"process,omitempty"`
	CancelReason   string     `json:"cancel_reason,omitempty"`
	ReportedAt     time.Time  `json:"reported_at"`
	RespondedAt    *time.Time `json:"responded_at"`
	ResolvedAt     *time.Time `json:"resolved_at"`
	ClosedAt       *time.Time `json:"closed_at"`
	CreatedAt      time.Time  `json:"created_at"`
	UpdatedAt      time.Time  `json:"updated_at"`

	// Clocks are the promised times of the incident and how they stand.
	Clocks []sla.ClockOut `json:"clocks"`
	Desk   *DeskOut       `json:"desk,omitempty"`
}

// DeskOut is what only the desk's own people see of an incident.
type DeskOut struct {
	Channel        string     `json:"channel"`
	PriorityReason string     `json:"priority_reason"`
	CreatedBy      uuid.UUID  `json:"created_by"`
	DepartmentID   *uuid.UUID `json:"department_id"`
	TeamID         *uuid.UUID `json:"team_id"`
	AssigneeID     *uuid.UUID `json:"assignee_id"`
	Confidential   bool       `json:"confidential"`
	ReopenCount    int        `json:"reopen_count"`
	ResolvedBy     *uuid.UUID `json:"resolved_by"`
	ClosedBy       *uuid.UUID `json:"closed_by"`
	AutoCloseAt    *time.Time `json:"auto_close_at"`
	Source         string     `json:"source"`
	SourceKey      string     `json:"source_key"`
}

func (a api) out(ctx context.Context, i Incident) (Out, error) {
	o := Out{
		ID: i.ID, Number: i.Label(), Version: i.Version, Title: i.Title, Description: i.Description, State: i.State, PendingReason: string(i.PendingReason),
		Priority: i.Priority, Impact: i.Impact, Urgency: i.Urgency, CategoryID: i.CategoryID, ServiceID: i.ServiceID, Location: i.Location, Device: i.Device,
		RequesterID: i.RequesterID, ResolutionCode: i.ResolutionCode, Cause: i.Cause, Process: i.Process, CancelReason: i.CancelReason, ReportedAt: i.ReportedAt,
		RespondedAt: i.RespondedAt, ResolvedAt: i.ResolvedAt, ClosedAt: i.ClosedAt, CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt,
	}
	if a.s.insider(ctx) {
		o.Desk = &DeskOut{
			Channel: i.Channel, PriorityReason: i.PriorityReason, CreatedBy: i.CreatedBy, DepartmentID: i.DepartmentID, TeamID: i.TeamID, AssigneeID: i.AssigneeID,
			Confidential: i.Confidential, ReopenCount: i.ReopenCount, ResolvedBy: i.ResolvedBy, ClosedBy: i.ClosedBy, AutoCloseAt: i.AutoCloseAt,
			Source: i.Source, SourceKey: i.SourceKey,
		}
	}
	clocks, err := a.s.sla.Clocks(ctx, a.s.desk.DB, i.ID)
	o.Clocks = sla.Outs(clocks)
	return o, err
}

type (
	listQuery struct {
		View     string   `query:"view" enum:"open,mine,team,unassigned,pending,resolved,closed,all"`
		State    string   `query:"state"`
		Priority string   `query:"priority"`
		Team     string   `query:"team"`
		Assignee string   `query:"assignee"`
		Category string   `query:"category"`
		Service  string   `query:"service"`
		F        []string `query:"f" description:"field.operator.value,value; may be repeated"`
		Q        string   `query:"q"`
		Sort     string   `query:"sort" enum:"priority,updated,created"`
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
		AssigneeID  *uuid.UUID `json:"assignee_id"`
		TeamID      *uuid.UUID `json:"team_id"`
		CreatedAt   time.Time  `json:"created_at"`
		UpdatedAt   time.Time  `json:"updated_at"`
	}
	listOut struct {
		Items []rowOut `json:"items"`
		Next  string   `json:"next"`
		// Count is at most 10001, which stands for "more than 10,000".
		Count int `json:"count"`
	}
	commentsOut struct {
		Items []comment.Comment `json:"items"`
	}
	filesOut struct {
		Items []attachment.File `json:"items"`
	}
	tasksOut struct {
		Items []Task `json:"items"`
	}
	linkOut struct {
		Number   string `json:"number"`
		Title    string `json:"title"`
		State    string `json:"state"`
		Relation string `json:"relation"`
	}
	linksOut struct {
		Items []linkOut `json:"items"`
	}
	watchersOut struct {
		Items []uuid.UUID `json:"items"`
	}
	nameOut struct {
		PersonID uuid.UUID `json:"person_id"`
		Reason   string    `json:"reason"`
		Until    time.Time `json:"until"`
	}
	namesOut struct {
		Items []nameOut `json:"items"`
	}
	historyEntry struct {
		At         time.Time         `json:"at"`
		OccurredAt time.Time         `json:"occurred_at"`
		Actor      string            `json:"actor"`
		Action     string            `json:"action"`
		Version    int               `json:"version"`
		Changes    map[string][2]any `json:"changes"`
	}
	historyOut struct {
		Items []historyEntry `json:"items"`
	}
	matrixInput struct {
		Cells []Cell `json:"cells"`
		// Apply gives open records the priority of the new matrix.
		Apply bool `json:"apply"`
	}
)

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
	return web.JSON(w, http.StatusOK, a.rows(r.Context(), p))
}

// rows is a page of a list as the API shows it.
func (a api) rows(ctx context.Context, p Page) listOut {
	inside := a.s.insider(ctx)
	out := listOut{Items: []rowOut{}, Next: p.Next, Count: p.Total}
	for _, x := range p.Rows {
		o := rowOut{ID: x.ID, Number: x.Number, Title: x.Title, State: x.State, Priority: x.Priority, RequesterID: x.RequesterID, CreatedAt: x.CreatedAt, UpdatedAt: x.UpdatedAt}
		if inside {
			o.AssigneeID, o.TeamID = x.AssigneeID, x.TeamID
		}
		out.Items = append(out.Items, o)
	}
	return out
}

// key finds the incident of an address.
func (s *Service) key(r *http.Request) (uuid.UUID, error) {
	return s.ID(r.Context(), chi.URLParam(r, "id"))
}

func (a api) create(w http.ResponseWriter, r *http.Request) error {
	var in CreateInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	i, err := a.s.Create(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/incidents/"+i.Label())
	return a.answer(w, r, http.StatusCreated, i)
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
	if i.State == Merged && r.URL.Query().Get("tombstone") != "true" {
		t, err := a.s.Alive(r.Context(), i)
		if err == nil {
			return web.SeeOther(w, r, "/api/v1/incidents/"+t.Label())
		}
		if !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return a.answer(w, r, http.StatusOK, i)
}

// answer shows one incident and which version of it that is.
func (a api) answer(w http.ResponseWriter, r *http.Request, status int, i Incident) error {
	o, err := a.out(r.Context(), i)
	if err != nil {
		return err
	}
	web.ETag(w, i.Version)
	return web.JSON(w, status, o)
}

// write is what every change of one incident through the API does.
func write[In any](a api, run func(context.Context, uuid.UUID, In) (Incident, error)) web.Handler {
	return work.Act(a.s.key, run, func(w http.ResponseWriter, r *http.Request, i Incident) error {
		return a.answer(w, r, http.StatusOK, i)
	})
}

func (a api) tickTask(w http.ResponseWriter, r *http.Request) error {
	task, err := web.PathID(r, "task")
	if err != nil {
		return err
	}
	return write(a, func(ctx context.Context, id uuid.UUID, in TaskDoneInput) (Incident, error) {
		return a.s.TickTask(ctx, id, task, in)
	})(w, r)
}

// part answers with what belongs to one incident.
func part[T any](w http.ResponseWriter, r *http.Request, s *Service, read func(context.Context, uuid.UUID) (T, error)) error {
	id, err := s.key(r)
	if err != nil {
		return err
	}
	v, err := read(r.Context(), id)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, v)
}

func (a api) replies(w http.ResponseWriter, r *http.Request) error {
	return part(w, r, a.s, func(ctx context.Context, id uuid.UUID) (commentsOut, error) {
		l, err := a.s.Replies(ctx, id)
		return commentsOut{nonNil(l)}, err
	})
}

func (a api) notes(w http.ResponseWriter, r *http.Request) error {
	return part(w, r, a.s, func(ctx context.Context, id uuid.UUID) (commentsOut, error) {
		l, err := a.s.Notes(ctx, id)
		return commentsOut{nonNil(l)}, err
	})
}

func (a api) files(w http.ResponseWriter, r *http.Request) error {
	return part(w, r, a.s, func(ctx context.Context, id uuid.UUID) (filesOut, error) {
		l, err := a.s.Files(ctx, id)
		return filesOut{nonNil(l)}, err
	})
}

func (a api) tasks(w http.ResponseWriter, r *http.Request) error {
	return part(w, r, a.s, func(ctx context.Context, id uuid.UUID) (tasksOut, error) {
		l, err := a.s.Tasks(ctx, id)
		return tasksOut{nonNil(l)}, err
	})
}

func (a api) links(w http.ResponseWriter, r *http.Request) error {
	return part(w, r, a.s, func(ctx context.Context, id uuid.UUID) (linksOut, error) {
		l, err := a.s.Links(ctx, id)
		out := linksOut{[]linkOut{}}
		for _, x := range l {
			out.Items = append(out.Items, linkOut{x.Number, x.Title, x.State, x.Relation})
		}
		return out, err
	})
}

func (a api) watchers(w http.ResponseWriter, r *http.Request) error {
	return part(w, r, a.s, func(ctx context.Context, id uuid.UUID) (watchersOut, error) {
		l, err := a.s.Watchers(ctx, id)
		return watchersOut{nonNil(l)}, err
	})
}

func (a api) names(w http.ResponseWriter, r *http.Request) error {
	return part(w, r, a.s, func(ctx context.Context, id uuid.UUID) (namesOut, error) {
		l, err := a.s.Names(ctx, id)
		out := namesOut{[]nameOut{}}
		for _, n := range l {
			out.Items = append(out.Items, nameOut{n.PersonID, n.Reason, n.Until})
		}
		return out, err
	})
}

func (a api) history(w http.ResponseWriter, r *http.Request) error {
	return part(w, r, a.s, func(ctx context.Context, id uuid.UUID) (historyOut, error) {
		d, err := a.s.Detail(ctx, id)
		if err != nil {
			return historyOut{}, err
		}
		out := historyOut{[]historyEntry{}}
		for _, it := range d.Timeline {
			if e := it.Entry; e != nil {
				out.Items = append(out.Items, historyEntry{e.At, e.OccurredAt, e.ActorName, string(e.Action), e.Version, it.Diff})
			}
		}
		return out, err
	})
}

func nonNil[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

func (a api) config(w http.ResponseWriter, r *http.Request) error {
	c, err := a.s.Config(r.Context())
	if err != nil {
		return err
	}
	c.Categories, c.Services = nonNil(c.Categories), nonNil(c.Services)
	return web.JSON(w, http.StatusOK, c)
}

// configured decodes an input of the set-up and saves it.
func configured[In any](w http.ResponseWriter, r *http.Request, save func(context.Context, In) error) error {
	var in In
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if err := save(r.Context(), in); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a api) setSettings(w http.ResponseWriter, r *http.Request) error {
	return configured(w, r, a.s.SetSettings)
}

func (a api) previewMatrix(w http.ResponseWriter, r *http.Request) error {
	var in matrixInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	p, err := a.s.PreviewMatrix(r.Context(), in.Cells)
	if err != nil {
		return err
	}
	p.Flips = nonNil(p.Flips)
	return web.JSON(w, http.StatusOK, p)
}

func (a api) setMatrix(w http.ResponseWriter, r *http.Request) error {
	return configured(w, r, func(ctx context.Context, in matrixInput) error { return a.s.SetMatrix(ctx, in.Cells, in.Apply) })
}

func (a api) saveCategory(w http.ResponseWriter, r *http.Request) error {
	return configured(w, r, a.s.SaveCategory)
}

// operationID names an operation after its action: incident.assign →
// assignIncident. Paths that share an action are told apart.
func operationID(action, path string) string {
	_, verb, _ := strings.Cut(action, ".")
	switch path {
	case "links/remove":
		verb = "unlink"
	case "parent/remove":
		verb = "detach"
	case "children":
		verb = "adopt"
	}
	out := ""
	for i, w := range strings.Split(verb, "_") {
		if i > 0 {
			w = strings.ToUpper(w[:1]) + w[1:]
		}
		out += w
	}
	return out + "Incident"
}

func (a api) glossary(w http.ResponseWriter, r *http.Request) error {
	g, err := a.s.Glossary(r.Context())
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, GlossaryInput{g.Text()})
}

func (a api) setGlossary(w http.ResponseWriter, r *http.Request) error {
	return configured(w, r, a.s.SetGlossary)
}
