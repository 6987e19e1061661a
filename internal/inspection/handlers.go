package inspection

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/queue"
	"opsdesk/internal/ui"
	"opsdesk/internal/work"
)

// Inbox is what the module needs to know of notifications: opening a record
// reads them.
type Inbox interface {
	Read(ctx context.Context, ids []uuid.UUID, about uuid.UUID) error
}

type handlers struct {
	s     *Service
	desk  *work.Desk
	files *attachment.Service
	inbox Inbox
}

// list is the list of inspections as people work from it.
func (h handlers) list(w http.ResponseWriter, r *http.Request) error {
	p, rows, done, err := h.s.queue.Show(w, r)
	if done || err != nil {
		return err
	}
	if p.Look, err = h.look(r.Context(), rows); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, queue.ListPage(p))
}

// pageProps is an inspection's page and how the last form on it fared.
type pageProps struct {
	Detail
	Form  url.Values
	Fault *fault.Error
}

func (h handlers) detail(r *http.Request) (Detail, error) {
	id, err := h.s.key(r)
	if err != nil {
		return Detail{}, err
	}
	return h.s.Detail(r.Context(), id)
}

func (h handlers) inspection(w http.ResponseWriter, r *http.Request) error {
	d, err := h.detail(r)
	if err != nil {
		return err
	}
	// Opening an inspection is reading what the inbox says about it.
	if err := h.inbox.Read(r.Context(), nil, d.ID); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, inspectionPage(pageProps{Detail: d}))
}

// formOf is the target of an act's form on the page of an inspection.
func formOf[In any](h handlers, run func(context.Context, uuid.UUID, In) (Inspection, error), said string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := h.s.key(r)
		if err != nil {
			return err
		}
		var in In
		if err = web.Decode(r, &in); fault.Is(err, fault.Malformed) {
			return err
		}
		var i Inspection
		if err == nil {
			i, err = run(work.WithKey(r.Context(), web.Key(r)), id, in)
		}
		if err != nil {
			return h.failed(w, r, id, err)
		}
		web.Flash(w, said)
		return web.SeeOther(w, r, address(i.Label()))
	}
}

// failed shows the page with what has to be mended; nothing typed is lost.
func (h handlers) failed(w http.ResponseWriter, r *http.Request, id uuid.UUID, err error) error {
	f := fault.Of(err)
	if !shown(f) {
		return err
	}
	d, derr := h.s.Detail(r.Context(), id)
	if derr != nil {
		return err
	}
	return web.Render(w, r, web.StatusOf(f), inspectionPage(pageProps{Detail: d, Form: r.Form, Fault: f}))
}

// itemProps is one item of an inspection as a form, and how the last one fared.
type itemProps struct {
	ItemDetail
	Form    url.Values // what was typed
	Fault   *fault.Error
	Clashes []ui.ClashRow
}

func (h handlers) itemDetail(r *http.Request) (ItemDetail, error) {
	id, err := h.s.key(r)
	if err != nil {
		return ItemDetail{}, err
	}
	item, err := web.PathID(r, "item")
	if err != nil {
		return ItemDetail{}, err
	}
	return h.s.ItemDetail(r.Context(), id, item)
}

func (h handlers) item(w http.ResponseWriter, r *http.Request) error {
	d, err := h.itemDetail(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, itemPage(itemProps{ItemDetail: d}))
}

// record notes what was read at one item. Its page comes again with what is a
// finding; "save and next" goes on to the next item that is not ready.
func (h handlers) record(w http.ResponseWriter, r *http.Request) error {
	refused := h.files.ReadForm(w, r)
	if refused != nil && !shown(fault.Of(refused)) {
		return refused
	}
	if r.MultipartForm == nil {
		if err := readForm(w, r); err != nil {
			return err
		}
	}
	d, err := h.itemDetail(r)
	if err != nil {
		return err
	}
	in, err := readings(r.Form, d)
	if err == nil {
		err = refused
	}
	var i Inspection
	if err == nil {
		i, err = h.s.Record(work.WithKey(r.Context(), web.Key(r)), d.ID, in)
	}
	if err != nil {
		f := fault.Of(err)
		if !shown(f) {
			return err
		}
		if d, err = h.itemDetail(r); err != nil {
			return err
		}
		return web.Render(w, r, web.StatusOf(f), itemPage(itemProps{ItemDetail: d, Form: r.Form, Fault: f, Clashes: d.clashes(r.Context(), f)}))
	}
	to := address(i.Label(), "items", d.Item.String())
	if r.Form.Get("go") == "next" {
		d.Inspection = i
		p := d.Of(d.Item, d.raised())
		if next, ok := d.next(); ok && p.Unexplained == 0 {
			to = address(i.Label(), "items", next.String())
		} else if p.Unexplained == 0 {
			to = address(i.Label())
		}
	}
	web.Flash(w, "inspection.said.recorded")
	return web.SeeOther(w, r, to)
}

// readings reads the form of one item: only what was touched, so that what
// another noted meanwhile stays.
func readings(form url.Values, d ItemDetail) (RecordInput, error) {
	in := RecordInput{ItemID: d.Item}
	if err := web.Form(url.Values{"version": version(form)}, &in); err != nil {
		return in, fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	f := fault.New(fault.Invalid, "error.invalid")
	for _, s := range form["attachment_ids"] {
		if id, err := uuid.Parse(s); err == nil {
			in.Attachments = append(in.Attachments, id)
		}
	}
	for _, p := range d.Points {
		name := fieldName(p.Key)
		if !touched(form.Get, name) || form.Get("keep_"+name) == "theirs" {
			continue
		}
		x := ReadingInput{Point: p.Key, Note: form.Get(name + ".note")}
		v := strings.TrimSpace(form.Get(name))
		switch {
		case form.Get(name+".na") != "":
			x.Verdict = NA
		case v == "":
		case p.Kind == Check:
			x.Verdict = Verdict(v)
		case p.Kind == Text:
			x.Text = v
		default:
			n, ok := parseNumber(v)
			if !ok {
				f.Fields = append(f.Fields, fault.Field{Name: name, Code: "validation.number"})
				continue
			}
			x.Number = &n
		}
		in.Readings = append(in.Readings, x)
	}
	if len(f.Fields) > 0 {
		return in, f
	}
	return in, nil
}

// parseNumber reads a number as people type it. A comma is refused: it stands
// between thousands in both languages, and before decimals in neither.
func parseNumber(s string) (float64, bool) {
	n, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(s), "−", "-"), 64)
	return n, err == nil && sound(&n)
}

func version(form url.Values) []string {
	if v := form.Get("version"); v != "" {
		return []string{v}
	}
	return []string{"0"}
}

func fieldName(point string) string { return "p." + point }

// touched reports whether a reading is another one than the page showed.
func touched(typed func(string) string, name string) bool {
	for _, part := range []string{"", ".na", ".note"} {
		if plain(typed(name+part)) != plain(typed("was_"+name+part)) {
			return true
		}
	}
	return false
}

func plain(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

// raise makes an incident of a finding and returns to the item.
func (h handlers) raise(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	d, err := h.itemDetail(r)
	if err != nil {
		return err
	}
	in := RaiseInput{ItemID: d.Item, Point: r.Form.Get("point")}
	if _, _, err := h.s.Raise(work.WithKey(r.Context(), web.Key(r)), d.ID, in); err != nil {
		f := fault.Of(err)
		if !shown(f) {
			return err
		}
		return web.Render(w, r, web.StatusOf(f), itemPage(itemProps{ItemDetail: d, Fault: f}))
	}
	web.Flash(w, "inspection.said.raised")
	return web.SeeOther(w, r, address(d.Label(), "items", d.Item.String()))
}

func readForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, web.MaxBody)
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	return nil
}

// shown reports whether a fault belongs on the form it came from.
func shown(f *fault.Error) bool {
	switch f.Kind {
	case fault.Invalid, fault.Conflict, fault.TooLarge, fault.TooMany, fault.Forbidden, fault.Stale, fault.Unsupported:
		return true
	}
	return false
}

func address(label string, parts ...string) string {
	return strings.Join(append([]string{"/inspections", label}, parts...), "/")
}
