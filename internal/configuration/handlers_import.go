package configuration

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/sheet"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/ui"
	"opsdesk/internal/work"
)

// importsProps is the list of imports with the form for a new one.
type importsProps struct {
	Imports    []Import
	Model      Model
	Reviews    int
	In         ImportInput
	Precedence string
	MaySetUp   bool
	Fault      *fault.Error
}

func (h handlers) importsProps(r *http.Request) (p importsProps, err error) {
	ctx := r.Context()
	p.In = ImportInput{Source: "csv"}
	if p.Imports, err = h.s.Imports(ctx); err != nil {
		return p, err
	}
	waiting, err := h.s.Reviews(ctx)
	if err != nil {
		return p, err
	}
	p.Reviews, p.MaySetUp = len(waiting), h.s.may(ctx, ActionConfigure)
	if p.MaySetUp {
		order, err := h.s.Precedence(ctx)
		if err != nil {
			return p, err
		}
		p.Precedence = precedenceText(order)
	}
	p.Model, err = h.s.Model(ctx)
	return p, err
}

func (h handlers) importsPage(w http.ResponseWriter, r *http.Request) error {
	p, err := h.importsProps(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, importsPage(p))
}

// upload reads the form of a new import with its file.
func upload(w http.ResponseWriter, r *http.Request) (in ImportInput, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, MaxFile+1<<20)
	if err := r.ParseMultipartForm(8 << 20); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return in, fault.Wrap(fault.TooLarge, "error.too_large", err)
		}
		return in, fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	if err := web.Form(r.Form, &in); err != nil {
		return in, err
	}
	f, head, err := r.FormFile("file")
	if err != nil {
		return in, fault.OnField("file", "validation.required")
	}
	defer f.Close() // only read
	in.FileName = cell(head.Filename)
	if in.Body, err = io.ReadAll(io.LimitReader(f, MaxFile+1)); err != nil {
		return in, err
	}
	if len(in.Body) > MaxFile {
		return in, fault.New(fault.TooLarge, "error.too_large")
	}
	return in, nil
}

func (h handlers) beginImport(w http.ResponseWriter, r *http.Request) error {
	// Who may not import is told so before the file is read.
	if _, err := h.desk.Permit(r.Context(), ActionImport); err != nil {
		return err
	}
	in, err := upload(w, r)
	var imp Import
	if err == nil {
		imp, err = h.s.BeginImport(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if err != nil {
		f := fault.Of(err)
		if _, ok := mendable(err); !ok && f.Kind != fault.TooLarge {
			return err
		}
		p, perr := h.importsProps(r)
		if perr != nil {
			return perr
		}
		p.Fault, p.In = f, in
		return web.Render(w, r, web.StatusOf(f), importsPage(p))
	}
	return web.SeeOther(w, r, "/configuration/imports/"+imp.ID.String())
}

// importProps is one import: its mapping, and what its rows would do.
type importProps struct {
	Import
	Model  Model
	Class  Class
	Rows   []ImportRow
	Counts map[string]int
	Action string
	Next   int
	Form   url.Values
	Fault  *fault.Error
}

func (h handlers) importProps(r *http.Request) (p importProps, err error) {
	id, err := web.PathID(r, "import")
	if err != nil {
		return p, err
	}
	if p.Import, err = h.s.GetImport(r.Context(), id); err != nil {
		return p, err
	}
	if p.Model, err = h.s.Model(r.Context()); err != nil {
		return p, err
	}
	p.Class = p.Model.Classes[deref(p.ClassID)]
	if a := r.URL.Query().Get("action"); slices.Contains(Actions[:], a) {
		p.Action = a
	}
	after, err := place(r.URL.Query(), "after")
	if err != nil {
		return p, err
	}
	if p.Rows, p.Counts, err = h.s.ImportRows(r.Context(), id, p.Action, after, PageSize+1); err != nil {
		return p, err
	}
	if len(p.Rows) > PageSize {
		p.Rows = p.Rows[:PageSize]
		p.Next = p.Rows[PageSize-1].N
	}
	return p, nil
}

func (h handlers) importPage(w http.ResponseWriter, r *http.Request) error {
	p, err := h.importProps(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, importPage(p))
}

func (h handlers) importFailed(w http.ResponseWriter, r *http.Request, err error) error {
	f, ok := mendable(err)
	if !ok {
		return err
	}
	p, perr := h.importProps(r)
	if perr != nil {
		return perr
	}
	p.Fault, p.Form = f, r.Form
	return web.Render(w, r, web.StatusOf(f), importPage(p))
}

func (h handlers) mapImport(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "import")
	if err != nil {
		return err
	}
	imp, err := h.s.GetImport(r.Context(), id)
	if err != nil {
		return err
	}
	var in MapInput
	if err = web.Decode(r, &in); err == nil {
		in.Mapping = map[string]string{}
		for n, c := range imp.Columns {
			if f := r.Form.Get(columnField(n)); f != "" {
				in.Mapping[c] = f
			}
		}
		_, err = h.s.MapColumns(work.WithKey(r.Context(), web.Key(r)), id, in)
	}
	if err != nil {
		return h.importFailed(w, r, err)
	}
	return web.SeeOther(w, r, "/configuration/imports/"+id.String()+"#rows")
}

func (h handlers) startImport(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "import")
	if err != nil {
		return err
	}
	var in struct {
		Version int `json:"version"`
	}
	var imp Import
	if err = web.Decode(r, &in); err == nil {
		imp, err = h.s.StartImport(r.Context(), id, in.Version)
	}
	if err != nil {
		return h.importFailed(w, r, err)
	}
	return web.SeeOther(w, r, "/jobs/"+imp.BatchID.String())
}

// importErrors is the rows that cannot be taken in, as a file to mend.
func (h handlers) importErrors(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "import")
	if err != nil {
		return err
	}
	imp, err := h.s.GetImport(r.Context(), id)
	if err != nil {
		return err
	}
	rows, _, err := h.s.ImportRows(r.Context(), id, doFailed, 0, maxRows)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="errors.csv"`)
	w.Header().Set("Cache-Control", "private, no-store")
	out := sheet.CSV(w)
	head := append(slices.Clone(imp.Columns), ui.T(r.Context(), "configuration.import.row"), ui.T(r.Context(), "configuration.import.why"))
	if err := out.Row(head...); err != nil {
		return err
	}
	for _, x := range rows {
		line := make([]string, len(imp.Columns))
		copy(line, x.Raw)
		if err := out.Row(append(line, strconv.Itoa(x.N), ui.T(r.Context(), x.Code, "param", x.Param))...); err != nil {
			return err
		}
	}
	return out.Close()
}

// reviewsProps is what waits for a person.
type reviewsProps struct {
	List  []Review
	Names map[uuid.UUID]Row
	Fault *fault.Error
}

func (h handlers) reviewsProps(r *http.Request) (p reviewsProps, err error) {
	if p.List, err = h.s.Reviews(r.Context()); err != nil {
		return p, err
	}
	var ids []uuid.UUID
	for _, x := range p.List {
		ids = append(ids, x.Candidates...)
	}
	p.Names, err = h.s.called(r.Context(), ids...)
	return p, err
}

func (h handlers) reviewsPage(w http.ResponseWriter, r *http.Request) error {
	p, err := h.reviewsProps(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, reviewsPage(p))
}

func (h handlers) decide(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "review")
	if err != nil {
		return err
	}
	var in DecideInput
	if err = web.Decode(r, &in); err == nil {
		err = h.s.Decide(r.Context(), id, in)
	}
	if err != nil {
		f, ok := mendable(err)
		if !ok {
			return err
		}
		p, perr := h.reviewsProps(r)
		if perr != nil {
			return perr
		}
		p.Fault = f
		return web.Render(w, r, web.StatusOf(f), reviewsPage(p))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/configuration/reviews")
}

func (h handlers) savePrecedence(w http.ResponseWriter, r *http.Request) error {
	var none struct{}
	if err := web.Decode(r, &none); err != nil {
		return err
	}
	err := h.s.SetPrecedence(r.Context(), parsePrecedence(r.Form.Get("precedence")))
	if err != nil {
		f, ok := mendable(err)
		if !ok {
			return err
		}
		p, perr := h.importsProps(r)
		if perr != nil {
			return perr
		}
		p.Fault, p.Precedence = f, r.Form.Get("precedence")
		return web.Render(w, r, web.StatusOf(f), importsPage(p))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/configuration/imports")
}

// precedenceText and parsePrecedence write and read the order of sources, a
// field a line.
func precedenceText(p Precedence) string {
	var b strings.Builder
	for _, f := range sortedKeys(p) {
		b.WriteString(f + ": " + strings.Join(p[f], " > ") + "\n")
	}
	return b.String()
}

func parsePrecedence(s string) Precedence {
	p := Precedence{}
	for _, l := range lines(s) {
		f, rest, _ := strings.Cut(l, ":")
		for x := range strings.SplitSeq(rest, ">") {
			if x = strings.TrimSpace(x); x != "" {
				p[strings.TrimSpace(f)] = append(p[strings.TrimSpace(f)], x)
			}
		}
	}
	return p
}
