package queue

import (
	"context"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/record"
)

// besideProps are the addresses of the records before and after one in a list;
// "" where the list begins or ends with it.
type besideProps struct{ Prev, Next string }

// beside answers which records stand next to one in the list at the address
// that back gives.
func (q *Queue[R]) beside(w http.ResponseWriter, r *http.Request) error {
	to, err := url.Parse(r.URL.Query().Get("back"))
	if err != nil || to.Path != q.Path || to.Host != "" {
		return fault.New(fault.NotFound, "error.not_found")
	}
	p := Props{Spec: &q.Spec, Query: to.Query()}
	if p.Filter, err = q.Parse(p.Query); err != nil {
		return err
	}
	if err = q.opened(r.Context(), &p); err != nil {
		return err
	}
	b, err := q.Beside(r.Context(), chi.URLParam(r, "id"), p.Filter)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, besideLinks(b))
}

// Beside finds the records before and after one that the actor may see, by its
// place in the order of a list: it may have left the list since, by an act of
// theirs, and they go on from where it was.
func (q *Queue[R]) Beside(ctx context.Context, number string, f Filter) (b besideProps, err error) {
	label, _ := q.numbered(number)
	v, _, err := q.desk.Visibility(ctx, q.Kind)
	if err != nil {
		return b, err
	}
	e, err := record.FindNumber(ctx, q.desk.DB, v, label)
	if err != nil {
		return b, err
	}
	f.Limit = 1
	a, err := q.Ask(ctx, f)
	if err != nil {
		return b, err
	}
	f.After = q.place(f, Line{Entry: e})
	next, err := q.read(ctx, q.desk.DB, f, a)
	if err != nil {
		return b, err
	}
	f.Back, a.since = true, nil // what changed last before it has no weeks to begin with
	prev, err := q.read(ctx, q.desk.DB, f, a)
	return besideProps{q.pageOf(prev), q.pageOf(next)}, err
}

// pageOf is the page of the first of some rows.
func (q *Queue[R]) pageOf(rows []R) string {
	if len(rows) == 0 {
		return ""
	}
	return q.Path + "/" + rows[0].Base().Number
}
