package queue

import (
	"bytes"
	"context"
	"io"
	"mime"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"opsdesk/internal/batch"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// Many are the changes of many records of a kind: In is the input of all of
// them.
type Many[In interface{ Chosen() Chosen }] struct {
	Acts []Act
	// Run makes the preview.
	Run func(context.Context, In) (batch.Batch, error)
	// Fields are the form's fields of the act.
	Fields func(context.Context, In, *fault.Error) (templ.Component, error)
}

// Act is a change that may be made to many records at once.
type Act struct {
	Name string
	// Icon is of those that the bar shows itself, Key of those that have one.
	Icon, Key string
	// Direct acts need no form: they go to their preview at once.
	Direct bool
}

func (m Many[In]) act(name string) (Act, bool) {
	n := slices.IndexFunc(m.Acts, func(a Act) bool { return a.Name == name })
	if n < 0 {
		return Act{}, false
	}
	return m.Acts[n], true
}

// MountMany adds the pages and the operation of changes of many.
func MountMany[R Row, In interface{ Chosen() Chosen }](q *Queue[R], rt web.Router, many, tag string, m Many[In]) {
	rt.Post(q.Path+"/bulk/form", bulkForm(q, m))
	rt.Post(q.Path+"/bulk", bulk(q, m))
	var in In
	rt.API(http.MethodPost, "/api/v1"+q.Path+"/bulk", web.Op{ID: "bulk" + many, Tag: tag, Summary: "Preview a change of many records; start it at /api/v1/jobs/{id}/start", In: in, Out: batch.Batch{}, Status: http.StatusAccepted},
		func(w http.ResponseWriter, r *http.Request) error {
			var in In
			if err := web.Decode(r, &in); err != nil {
				return err
			}
			b, err := m.Run(work.WithKey(r.Context(), web.Key(r)), in)
			if err != nil {
				return err
			}
			w.Header().Set("Location", "/api/v1/jobs/"+b.ID.String())
			return web.JSON(w, http.StatusAccepted, b)
		})
}

// bulkForm asks what the change needs to know; one that needs nothing more goes
// to its preview at once.
func bulkForm[R Row, In interface{ Chosen() Chosen }](q *Queue[R], m Many[In]) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var in In
		if err := web.Decode(r, &in); err != nil {
			return err
		}
		c := in.Chosen()
		act, known := m.act(c.Act)
		if !known {
			return fault.OnField("act", "validation.oneof")
		}
		if len(c.IDs) == 0 && !c.All {
			web.Flash(w, "queue.bulk.choose_first")
			return web.SeeOther(w, r, q.Path+"?"+c.Query)
		}
		if act.Direct {
			return bulk(q, m)(w, r)
		}
		return showBulk(w, r, http.StatusOK, q, m, in, nil)
	}
}

func showBulk[R Row, In interface{ Chosen() Chosen }](w http.ResponseWriter, r *http.Request, status int, q *Queue[R], m Many[In], in In, f *fault.Error) error {
	fields, err := m.Fields(r.Context(), in, f)
	if err != nil {
		return err
	}
	return web.Render(w, r, status, bulkPage(bulkProps{&q.Spec, in.Chosen(), fields, f}))
}

// bulk makes the preview, which its owner then starts.
func bulk[R Row, In interface{ Chosen() Chosen }](q *Queue[R], m Many[In]) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var in In
		err := web.Decode(r, &in)
		if fault.Is(err, fault.Malformed) {
			return err
		}
		if err == nil {
			err = identity.FillPicked(r.Context(), q.desk.DB, r.Form, "assignee_id")
		}
		if ferr := web.Form(r.Form, &in); err == nil {
			err = ferr
		}
		if err == nil {
			b, berr := m.Run(work.WithKey(r.Context(), web.Key(r)), in)
			if berr == nil {
				return web.SeeOther(w, r, "/jobs/"+b.ID.String())
			}
			err = berr
		}
		f := fault.Of(err)
		if _, known := m.act(in.Chosen().Act); !known || !slices.Contains([]fault.Kind{fault.Invalid, fault.Conflict, fault.Forbidden, fault.Stale}, f.Kind) {
			return err
		}
		return showBulk(w, r, web.StatusOf(f), q, m, in, f)
	}
}

// file is an export as asked for by a form or by JSON.
type file struct {
	Exported
	name string
	body bytes.Buffer // at most ExportNow rows: an error half-way is still a proper answer
}

func (q *Queue[R]) file(r *http.Request) (*file, error) {
	var in ExportInput
	if err := web.Decode(r, &in); err != nil {
		return nil, err
	}
	var x file
	var err error
	x.Exported, err = q.Take(work.WithKey(r.Context(), web.Key(r)), in, func(name string) io.Writer { x.name = name; return &x.body })
	return &x, err
}

// export answers with the file, or with the page of the work that makes it.
func (q *Queue[R]) export(w http.ResponseWriter, r *http.Request) error {
	x, err := q.file(r)
	if err != nil {
		return err
	}
	if x.Batch != nil {
		return web.SeeOther(w, r, "/jobs/"+x.Batch.ID.String())
	}
	return x.send(w)
}

var fileTypes = map[string]string{
	".csv": "text/csv; charset=utf-8", ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

func (x *file) send(w http.ResponseWriter) error {
	hd := w.Header()
	hd.Set("Content-Type", fileTypes[filepath.Ext(x.name)])
	hd.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": x.name}))
	hd.Set("Cache-Control", "private, no-store")
	hd.Set("Content-Length", strconv.Itoa(x.body.Len()))
	_, err := x.body.WriteTo(w)
	return err
}
