package batch

import (
	"context"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/ui"
)

// Opener finds a result.
type Opener interface {
	Open(sum string) (*os.File, error)
}

type handlers struct {
	s     *Service
	files Opener
}

// rowsShown is how many rows of a batch one page shows.
const rowsShown = 200

// Mount adds the pages and the API.
func Mount(s *Service, rt web.Router, files Opener) {
	h := handlers{s, files}
	rt.Get("/jobs", h.list)
	rt.Get("/jobs/{id}", h.show)
	rt.Get("/jobs/{id}/progress", h.progress)
	rt.Get("/jobs/{id}/file", h.file)
	rt.Post("/jobs/{id}/start", h.start)
	rt.Post("/jobs/{id}/cancel", h.cancel)
	rt.Post("/jobs/{id}/undo", h.undo)
	tag := func(o web.Op) web.Op { o.Tag = "jobs"; return o }
	rt.API(http.MethodGet, "/api/v1/jobs", tag(web.Op{ID: "listJobs", Summary: "The caller's long work, newest first", Query: listQuery{}, Out: listOut{}}), h.apiList)
	rt.API(http.MethodGet, "/api/v1/jobs/{id}", tag(web.Op{ID: "getJob", Summary: "How far a long work is", Out: Batch{}}), h.apiGet)
	rt.API(http.MethodGet, "/api/v1/jobs/{id}/rows", tag(web.Op{ID: "listJobRows", Summary: "What became of each record, at most 200 from after on", Query: rowsQuery{}, Out: rowsOut{}}), h.apiRows)
	rt.API(http.MethodPost, "/api/v1/jobs/{id}/start", tag(web.Op{ID: "startJob", Summary: "Start what was only previewed", Out: Batch{}}), h.apiTurn(s.Start))
	rt.API(http.MethodPost, "/api/v1/jobs/{id}/cancel", tag(web.Op{ID: "cancelJob", Summary: "Stop; what is done stays done", Out: Batch{}}), h.apiTurn(s.Cancel))
	rt.API(http.MethodPost, "/api/v1/jobs/{id}/undo", tag(web.Op{ID: "undoJob", Summary: "Take back what can be; the answer is the work that does it", Out: Batch{}}), h.apiTurn(s.Undo))
}

type (
	listQuery struct {
		Cursor string `query:"cursor"`
	}
	listOut struct {
		Items []Batch `json:"items"`
		Next  string  `json:"next"`
	}
	rowsQuery struct {
		After    int    `query:"after"`
		Problems string `query:"problems" enum:"0,1"`
	}
	rowsOut struct {
		Items []Row `json:"items"`
	}
)

func (h handlers) read(r *http.Request) (Batch, error) {
	id, err := web.PathID(r, "id")
	if err != nil {
		return Batch{}, err
	}
	return h.s.Get(r.Context(), id)
}

// props are a batch as its page shows it.
type props struct {
	Batch
	Runner   Runner
	Rows     []Row
	Next     int
	Problems bool
	Undoable bool
	Now      time.Time
}

// reason says why a row is, or would be, refused.
func reason(ctx context.Context, r Row) string {
	return ui.T(ctx, r.Code, r.Args.pairs()...)
}

func (h handlers) props(r *http.Request) (props, error) {
	b, err := h.read(r)
	if err != nil {
		return props{}, err
	}
	p := props{Batch: b, Runner: h.s.Runner(b.Kind), Now: h.s.desk.Now(), Problems: r.URL.Query().Get("problems") == "1"}
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	if p.Rows, err = h.s.Rows(r.Context(), b.ID, p.Problems, after, rowsShown); err != nil {
		return p, err
	}
	if len(p.Rows) == rowsShown {
		p.Next = p.Rows[rowsShown-1].N
	}
	p.Undoable, err = h.s.Undoable(r.Context(), b)
	return p, err
}

func (h handlers) show(w http.ResponseWriter, r *http.Request) error {
	p, err := h.props(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, page(p))
}

// progress is the part of the page that asks for itself while work goes on.
func (h handlers) progress(w http.ResponseWriter, r *http.Request) error {
	p, err := h.props(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, body(p))
}

func (h handlers) page(r *http.Request) (listOut, error) {
	l, next, err := h.s.List(r.Context(), r.URL.Query().Get("cursor"))
	out := listOut{Items: l, Next: next}
	if out.Items == nil {
		out.Items = []Batch{}
	}
	return out, err
}

func (h handlers) list(w http.ResponseWriter, r *http.Request) error {
	out, err := h.page(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, listPage(out, h.s.runners))
}

// file sends the result; only its owner gets here.
func (h handlers) file(w http.ResponseWriter, r *http.Request) error {
	b, err := h.read(r)
	if err != nil {
		return err
	}
	if b.File == "" {
		return fault.New(fault.NotFound, "error.not_found")
	}
	f, err := h.files.Open(b.File)
	if err != nil {
		return err
	}
	defer f.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", `attachment; filename="`+b.FileName+`"`)
	http.ServeContent(w, r, "", b.CreatedAt, f)
	return nil
}

func (h handlers) start(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	b, err := h.s.Start(r.Context(), id)
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/jobs/"+b.ID.String())
}

func (h handlers) cancel(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	b, err := h.s.Cancel(r.Context(), id)
	if err != nil && !fault.Is(err, fault.Conflict) { // it has just ended: the page says how
		return err
	}
	if err != nil {
		b.ID = id
	}
	return web.SeeOther(w, r, "/jobs/"+b.ID.String())
}

func (h handlers) undo(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	b, err := h.s.Undo(r.Context(), id)
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/jobs/"+b.ID.String())
}

func (h handlers) apiList(w http.ResponseWriter, r *http.Request) error {
	out, err := h.page(r)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, out)
}

func (h handlers) apiGet(w http.ResponseWriter, r *http.Request) error {
	b, err := h.read(r)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, b)
}

func (h handlers) apiRows(w http.ResponseWriter, r *http.Request) error {
	p, err := h.props(r)
	if err != nil {
		return err
	}
	if p.Rows == nil {
		p.Rows = []Row{}
	}
	return web.JSON(w, http.StatusOK, rowsOut{p.Rows})
}

func (h handlers) apiTurn(do func(context.Context, uuid.UUID) (Batch, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := web.PathID(r, "id")
		if err != nil {
			return err
		}
		b, err := do(r.Context(), id)
		if err != nil {
			return err
		}
		return web.JSON(w, http.StatusOK, b)
	}
}
