package servicerequest

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/draft"
	"opsdesk/internal/form"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// catalogueProps is the catalogue as its reader sees it.
type catalogueProps struct {
	Shelves    []Shelf
	Favourites []Offer
	Text       string
	MayKeep    bool
}

func (h handlers) catalogue(w http.ResponseWriter, r *http.Request) error {
	p := catalogueProps{Text: strings.TrimSpace(r.URL.Query().Get("q")), MayKeep: h.s.MayKeep(r.Context())}
	if len(p.Text) > 200 || !utf8.ValidString(p.Text) || strings.ContainsRune(p.Text, 0) {
		return fault.OnField("q", "validation.text")
	}
	var err error
	if p.Shelves, err = h.s.Browse(r.Context(), p.Text, false); err != nil {
		return err
	}
	for _, sh := range p.Shelves {
		for _, o := range sh.Offers {
			if o.Favourite {
				p.Favourites = append(p.Favourites, o)
			}
		}
	}
	return web.Render(w, r, http.StatusOK, cataloguePage(p))
}

// orderProps is an item with its form, new or as a request of one's own that
// can still be changed.
type orderProps struct {
	Offered
	Request    *Request // nil: a new one
	Form       form.Props
	In         OrderInput
	Requester  string
	MayBehalf  bool
	Asked      []Asked
	People     map[uuid.UUID]identity.Person
	Fault      *fault.Error
	ExpectedAt string
}

// orderPage is the page of an item: what it is, and the form to ask for it.
func (h handlers) orderPage(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "item")
	if err != nil {
		return err
	}
	who, err := identity.From(r.Context())
	if err != nil {
		return err
	}
	o, err := h.s.Offer(r.Context(), id, who.ID)
	if err != nil {
		return err
	}
	in := OrderInput{ItemID: id, Urgency: 3}
	raw, err := h.s.beginning(r.Context(), who, o, &in)
	if err != nil {
		return err
	}
	p, err := h.orderProps(r.Context(), o, nil, in, raw, nil)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, orderPage(p))
}

// beginning is what stands in the form of an item first: the actor's unfinished
// draft, or the defaults.
func (s *Service) beginning(ctx context.Context, who identity.Actor, o Offered, in *OrderInput) (form.Raw, error) {
	d, _, err := draft.Load(ctx, s.desk.DB, who.ID, "request:"+o.ID.String())
	if err != nil {
		return nil, err
	}
	if d != nil {
		in.Remark = d["remark"]
		if n, err := strconv.Atoi(d["urgency"]); err == nil && n >= 1 && n <= 3 {
			in.Urgency = n
		}
		return o.Content.Form.FromDraft(d), nil
	}
	m, err := identity.People(ctx, s.desk.DB, who.ID)
	if err != nil {
		return nil, err
	}
	x, lang := m[who.ID], i18n.Lang(ctx)
	return o.Content.Form.Prefill(map[string]string{
		"self": who.ID.String(), "name": x.Display(lang), "department": x.Department(lang), "location": x.Location, "phone": x.Phone, "email": x.Email, "title": x.Title,
	}, s.today()), nil
}

func (h handlers) orderProps(ctx context.Context, o Offered, r *Request, in OrderInput, raw form.Raw, f *fault.Error) (p orderProps, err error) {
	c := o.Content
	p = orderProps{Offered: o, Request: r, In: in, MayBehalf: r == nil && h.desk.Can(ctx, ActionOnBehalf, nil), Fault: c.Form.Explain(f, i18n.Lang(ctx))}
	p.Form = form.Props{Form: c.Form, Raw: raw, Today: h.s.today(), Fault: p.Fault, People: map[string]string{}, Files: map[string]string{}, Assets: map[string]string{}}
	requester, err := identity.From(ctx)
	if err != nil {
		return p, err
	}
	whom := requester.ID
	switch {
	case r != nil:
		whom = r.RequesterID
	case in.RequesterID != nil:
		whom = *in.RequesterID
	}
	if p.Asked, err = h.s.Asks(ctx, c, o.ServiceID, whom, c.Form.Keep(raw, p.Form.Today)); err != nil {
		return p, err
	}
	ids := append(c.Form.People(raw), whom)
	for _, a := range p.Asked {
		ids = append(ids, a.People...)
	}
	if p.People, err = identity.People(ctx, h.desk.DB, ids...); err != nil {
		return p, err
	}
	for id, x := range p.People {
		p.Form.People[id.String()] = x.Display(i18n.Lang(ctx))
	}
	if in.RequesterID != nil {
		p.Requester = p.People[*in.RequesterID].Display(i18n.Lang(ctx))
	}
	return p, h.fillForm(ctx, &p, raw)
}

// fillForm names the files and the configuration items that answers hold.
func (h handlers) fillForm(ctx context.Context, p *orderProps, raw form.Raw) error {
	files, err := attachment.Sent(ctx, h.desk.DB, p.Content.Form.Files(raw), p.owner(ctx), p.requestID())
	if err != nil {
		return err
	}
	for _, f := range files {
		p.Form.Files[f.ID.String()] = f.Name
	}
	if h.s.Assets == nil {
		return nil
	}
	p.Form.AssetURL = h.s.Assets.PickURL(ctx)
	names, err := h.s.Assets.Names(ctx, p.Content.Form.Assets(raw))
	for id, n := range names {
		p.Form.Assets[id.String()] = n
	}
	return err
}

func (p orderProps) owner(ctx context.Context) uuid.UUID {
	who, err := identity.From(ctx)
	if err != nil {
		return uuid.Nil
	}
	return who.ID
}

func (p orderProps) requestID() *uuid.UUID {
	if p.Request == nil {
		return nil
	}
	return &p.Request.ID
}

// decodeOrder reads the form of an item: its own fields, and the answers. What
// was typed where a picker needs script is filled in.
func (h handlers) decodeOrder(w http.ResponseWriter, r *http.Request, in any, f func() (form.Form, error)) (form.Raw, error) {
	err := h.files.ReadForm(w, r)
	if r.Form == nil {
		if perr := r.ParseForm(); perr != nil {
			return nil, fault.Wrap(fault.Malformed, "error.bad_form", perr)
		}
	}
	if err != nil && !shown(fault.Of(err)) {
		return nil, err
	}
	if derr := web.Form(r.Form, in); err == nil {
		err = derr
	}
	fm, ferr := f()
	if ferr != nil {
		return nil, ferr
	}
	pickers := []string{"requester_id"}
	for _, x := range fm.Fields {
		if x.Type == form.Person {
			pickers = append(pickers, form.Prefix+x.Key)
		}
	}
	if perr := identity.FillPicked(r.Context(), h.desk.DB, r.Form, pickers...); err == nil {
		err = perr
	}
	if derr := web.Form(r.Form, in); err == nil {
		err = derr
	}
	return fm.FromForm(r.Form), err
}

// order is the target of an item's form: send it, keep it for later, or add a
// row to a table where scripts do not run.
func (h handlers) order(w http.ResponseWriter, r *http.Request) error {
	who, err := identity.From(r.Context())
	if err != nil {
		return err
	}
	id, err := web.PathID(r, "item")
	if err != nil {
		return err
	}
	in := OrderInput{ItemID: id}
	var o Offered
	raw, err := h.decodeOrder(w, r, &in, func() (form.Form, error) {
		o, err = h.s.Offer(r.Context(), id, who.ID)
		return o.Content.Form, err
	})
	if raw == nil {
		return err
	}
	in.ItemID, in.Answers, in.Draft = id, raw, r.Form.Get("_do") == "draft"
	if r.Form.Has("_rows") {
		p, perr := h.orderProps(r.Context(), o, nil, in, raw, nil)
		if perr != nil {
			return perr
		}
		return web.Render(w, r, http.StatusOK, orderPage(p))
	}
	var out Request
	if err == nil {
		out, err = h.s.Order(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if f := fault.Of(err); f != nil {
		if !shown(f) {
			return err
		}
		p, perr := h.orderProps(r.Context(), o, nil, in, raw, f)
		if perr != nil {
			return perr
		}
		return web.Render(w, r, web.StatusOf(f), orderPage(p))
	}
	if in.Draft {
		web.Flash(w, "servicerequest.said.kept")
		return web.SeeOther(w, r, requestURL(out.Label()))
	}
	web.Flash(w, "servicerequest.said.sent")
	return web.SeeOther(w, r, requestURL(out.Label()))
}

func requestURL(label string, parts ...string) string {
	return strings.Join(append([]string{"/requests", label}, parts...), "/")
}

// editPage is the form of a request that can still be changed, on the version
// of the item that it was made from.
func (h handlers) editPage(w http.ResponseWriter, r *http.Request) error {
	d, o, err := h.editable(r)
	if err != nil {
		return err
	}
	p, err := h.orderProps(r.Context(), o, &d.Request, orderOf(d.Request), d.Answers, nil)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, orderPage(p))
}

func orderOf(r Request) OrderInput {
	return OrderInput{ItemID: r.ItemID, Remark: r.Remark, Urgency: r.Urgency}
}

// editable reads a request whose content the actor may change.
func (h handlers) editable(r *http.Request) (Detail, Offered, error) {
	d, err := h.detail(r)
	if err != nil {
		return d, Offered{}, err
	}
	if !d.Can(ActionEdit) {
		return d, Offered{}, fault.New(fault.Conflict, "servicerequest.error.not_editable", "state", string(d.State))
	}
	i, err := h.s.items.get(r.Context(), h.desk.DB, d.ItemID)
	return d, Offered{Item: i, Content: d.Content, VersionID: d.VersionID, MayOrder: true}, err
}

func (h handlers) edit(w http.ResponseWriter, r *http.Request) error {
	d, o, err := h.editable(r)
	if err != nil {
		return err
	}
	var typed struct {
		Version int    `json:"version"`
		Remark  string `json:"remark"`
		Urgency int    `json:"urgency"`
	}
	raw, err := h.decodeOrder(w, r, &typed, func() (form.Form, error) { return d.Content.Form, nil })
	if raw == nil {
		return err
	}
	in := OrderInput{ItemID: d.ItemID, Remark: typed.Remark, Urgency: typed.Urgency}
	show := func(status int, f *fault.Error) error {
		p, perr := h.orderProps(r.Context(), o, &d.Request, in, raw, f)
		if perr != nil {
			return perr
		}
		return web.Render(w, r, status, orderPage(p))
	}
	if r.Form.Has("_rows") {
		return show(http.StatusOK, nil)
	}
	var out Request
	if err == nil {
		out, err = h.s.Edit(work.WithKey(r.Context(), web.Key(r)), d.ID, EditInput{Version: typed.Version, Answers: &raw, Remark: &typed.Remark, Urgency: &typed.Urgency, Submit: r.Form.Get("_do") != "draft" && d.State == Draft})
	}
	if f := fault.Of(err); f != nil {
		if !shown(f) {
			return err
		}
		return show(web.StatusOf(f), f)
	}
	said := "servicerequest.said.kept"
	if out.State != Draft {
		said = "servicerequest.said.sent"
	}
	web.Flash(w, said)
	return web.SeeOther(w, r, requestURL(out.Label()))
}

func (h handlers) favour(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "item")
	if err != nil {
		return err
	}
	var in FavourInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if err := h.s.Favour(r.Context(), id, in); err != nil {
		return err
	}
	return web.SeeOther(w, r, orReturn(r.Form, "/catalogue/"+id.String()))
}

func orReturn(v url.Values, otherwise string) string {
	if back := v.Get("return"); back != "" {
		return web.Local(back)
	}
	return otherwise
}
