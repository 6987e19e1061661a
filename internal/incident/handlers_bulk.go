package incident

import (
	"bytes"
	"context"
	"io"
	"mime"
	"net/http"
	"path/filepath"
	"strconv"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// bulkProps is the form of a change of many incidents.
type bulkProps struct {
	In       BulkInput
	Assignee string // as picked
	Config   Config
	Teams    []identity.Team
	Fault    *fault.Error
}

// bulkForm asks what the change needs to know; one that needs nothing more goes
// to its preview at once.
func (h handlers) bulkForm(w http.ResponseWriter, r *http.Request) error {
	var in BulkInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if _, known := bulkActs[in.Act]; !known {
		return fault.OnField("act", "validation.oneof")
	}
	if len(in.IDs) == 0 && !in.All {
		web.Flash(w, "incident.bulk.choose_first")
		return web.SeeOther(w, r, "/incidents?"+in.Query)
	}
	if in.Act == "start" || in.Act == "resume" {
		return h.bulk(w, r)
	}
	return h.showBulk(w, r, http.StatusOK, bulkProps{In: in})
}

func (h handlers) showBulk(w http.ResponseWriter, r *http.Request, status int, p bulkProps) error {
	ctx := r.Context()
	var err error
	if p.Config, err = h.s.Config(ctx); err != nil {
		return err
	}
	if p.Teams, err = identity.Teams(ctx, h.desk.DB); err != nil {
		return err
	}
	if p.In.AssigneeID != nil {
		m, err := identity.People(ctx, h.desk.DB, *p.In.AssigneeID)
		if err != nil {
			return err
		}
		p.Assignee = m[*p.In.AssigneeID].Name
	}
	return web.Render(w, r, status, bulkPage(p))
}

// bulk makes the preview, which its owner then starts.
func (h handlers) bulk(w http.ResponseWriter, r *http.Request) error {
	var in BulkInput
	err := web.Decode(r, &in)
	if fault.Is(err, fault.Malformed) {
		return err
	}
	if err == nil {
		err = identity.FillPicked(r.Context(), h.desk.DB, r.Form, "assignee_id")
	}
	if ferr := web.Form(r.Form, &in); err == nil {
		err = ferr
	}
	if err == nil {
		b, berr := h.s.Bulk(work.WithKey(r.Context(), web.Key(r)), in)
		if berr == nil {
			return web.SeeOther(w, r, "/jobs/"+b.ID.String())
		}
		err = berr
	}
	f := fault.Of(err)
	if _, known := bulkActs[in.Act]; !known || !shown(f) {
		return err
	}
	return h.showBulk(w, r, web.StatusOf(f), bulkProps{In: in, Fault: f})
}

// exported is an export as asked for by a form or by JSON.
type exported struct {
	Exported
	name string
	body bytes.Buffer // at most ExportNow rows: an error half-way is still a proper answer
}

func (s *Service) exported(r *http.Request) (*exported, error) {
	var in ExportInput
	if err := web.Decode(r, &in); err != nil {
		return nil, err
	}
	var x exported
	var err error
	x.Exported, err = s.Export(work.WithKey(r.Context(), web.Key(r)), in, func(name string) io.Writer { x.name = name; return &x.body })
	return &x, err
}

// export answers with the file, or with the page of the work that makes it.
func (h handlers) export(w http.ResponseWriter, r *http.Request) error {
	x, err := h.s.exported(r)
	if err != nil {
		return err
	}
	if x.Batch != nil {
		return web.SeeOther(w, r, "/jobs/"+x.Batch.ID.String())
	}
	return x.send(w)
}

var exportTypes = map[string]string{
	".csv": "text/csv; charset=utf-8", ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

func (x *exported) send(w http.ResponseWriter) error {
	hd := w.Header()
	hd.Set("Content-Type", exportTypes[filepath.Ext(x.name)])
	hd.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": x.name}))
	hd.Set("Cache-Control", "private, no-store")
	hd.Set("Content-Length", strconv.Itoa(x.body.Len()))
	_, err := x.body.WriteTo(w)
	return err
}

func (a api) bulk(w http.ResponseWriter, r *http.Request) error {
	var in BulkInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	b, err := a.s.Bulk(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/jobs/"+b.ID.String())
	return web.JSON(w, http.StatusAccepted, b)
}

func (a api) export(w http.ResponseWriter, r *http.Request) error {
	x, err := a.s.exported(r)
	if err != nil {
		return err
	}
	if x.Batch != nil {
		w.Header().Set("Location", "/api/v1/jobs/"+x.Batch.ID.String())
		return web.JSON(w, http.StatusAccepted, x.Batch)
	}
	return x.send(w)
}

// mayExport reports whether the reader may take a list out at all.
func (h handlers) mayExport(ctx context.Context) bool { return h.desk.Can(ctx, ActionExport, nil) }
