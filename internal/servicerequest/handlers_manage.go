package servicerequest

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// keepProps is the list of the catalogue for its keepers.
type keepProps struct {
	Items      []Managed
	Categories []Category
	Services   []ServiceName
	In         NewItemInput
	Category   CategoryInput
	Part       string // which form the fault belongs to
	Fault      *fault.Error
}

func (h handlers) keepProps(ctx context.Context) (p keepProps, err error) {
	if p.Items, err = h.s.ManagedItems(ctx); err != nil {
		return p, err
	}
	if p.Categories, err = h.s.Categories(ctx); err != nil {
		return p, err
	}
	p.Category.Active = true
	p.Services, err = h.s.Services(ctx)
	return p, err
}

func (h handlers) keep(w http.ResponseWriter, r *http.Request) error {
	p, err := h.keepProps(r.Context())
	if err != nil {
		return err
	}
	if id, err := uuid.Parse(r.URL.Query().Get("category")); err == nil {
		for _, c := range p.Categories {
			if c.ID == id {
				p.Part = "category"
				p.Category = CategoryInput{ID: &c.ID, Version: c.Version, NameZh: c.NameZh, NameEn: c.NameEn, Icon: c.Icon, Position: c.Position, Active: c.Active}
			}
		}
	}
	return web.Render(w, r, http.StatusOK, keepPage(p))
}

func (h handlers) keepFailed(w http.ResponseWriter, r *http.Request, err error, set func(*keepProps)) error {
	f := fault.Of(err)
	if !shown(f) {
		return err
	}
	p, perr := h.keepProps(r.Context())
	if perr != nil {
		return perr
	}
	p.Fault = f
	set(&p)
	return web.Render(w, r, web.StatusOf(f), keepPage(p))
}

func (h handlers) newItem(w http.ResponseWriter, r *http.Request) error {
	var in NewItemInput
	err := web.Decode(r, &in)
	var i Item
	if err == nil {
		i, err = h.s.NewItem(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if err != nil {
		return h.keepFailed(w, r, err, func(p *keepProps) { p.Part, p.In = "item", in })
	}
	return web.SeeOther(w, r, manageURL(i.ID, "details"))
}

func (h handlers) saveCategory(w http.ResponseWriter, r *http.Request) error {
	var in CategoryInput
	err := web.Decode(r, &in)
	if err == nil {
		_, err = h.s.SaveCategory(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if err != nil {
		return h.keepFailed(w, r, err, func(p *keepProps) { p.Part, p.Category = "category", in })
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/catalogue/manage")
}

func manageURL(id uuid.UUID, parts ...string) string {
	return strings.Join(append([]string{"/catalogue/manage", id.String()}, parts...), "/")
}

// itemProps is a page about one item, and how the last form on it fared.
type itemProps struct {
	Managing
	Part  string
	Fault *fault.Error
	Typed url.Values
	// Unsaved is what the reader typed here and did not save, and who else does.
	Unsaved Typed

	Categories  []Category
	Services    []ServiceName
	Teams       []identity.Team
	Departments map[uuid.UUID]identity.Department
}

func (h handlers) itemProps(r *http.Request, part string) (p itemProps, err error) {
	id, err := web.PathID(r, "item")
	if err != nil {
		return p, err
	}
	ctx := r.Context()
	p.Part = part
	if p.Managing, err = h.s.Manage(ctx, id); err != nil {
		return p, err
	}
	if p.Categories, err = h.s.Categories(ctx); err != nil {
		return p, err
	}
	if p.Services, err = h.s.Services(ctx); err != nil {
		return p, err
	}
	if p.Teams, err = identity.Teams(ctx, h.desk.DB); err != nil {
		return p, err
	}
	p.Departments, err = identity.Departments(ctx, h.desk.DB)
	return p, err
}

// item is the page of an item for its keepers, in parts with an address each.
func (h handlers) item(part string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := h.itemProps(r, part)
		if err != nil {
			return err
		}
		if typed := map[string]string{"details": "details", "form": "add"}[part]; typed != "" {
			if p.Typed, err = h.resume(r, &p, typed); err != nil {
				return err
			}
		}
		return web.Render(w, r, http.StatusOK, itemPage(p))
	}
}

// itemFailed shows the part again with what was typed and what to mend.
func (h handlers) itemFailed(w http.ResponseWriter, r *http.Request, part string, err error) error {
	f := fault.Of(err)
	if !shown(f) {
		return err
	}
	p, perr := h.itemProps(r, part)
	if perr != nil {
		return err
	}
	p.Fault, p.Typed = f, r.Form
	if typed := map[string]string{"details": "details", "form": "add"}[part]; typed != "" && r.Form.Has("label_zh") == (typed == "add") && r.Form.Has("name_zh") == (typed == "details") {
		if p.Fault, err = h.refused(r.Context(), p.ID, typed, r.Form, f); err != nil {
			return err
		}
	}
	return web.Render(w, r, web.StatusOf(f), itemPage(p))
}

// itemDo is an act on an item from a form: decode, act, back to the part.
func itemDo[In any](h handlers, part, said string, run func(context.Context, *http.Request, uuid.UUID, In) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := web.PathID(r, "item")
		if err != nil {
			return err
		}
		var in In
		if err = h.decode(w, r, &in); err == nil {
			err = run(work.WithKey(r.Context(), web.Key(r)), r, id, in)
		}
		if err != nil {
			return h.itemFailed(w, r, part, err)
		}
		web.Flash(w, said)
		if part == "" {
			return web.SeeOther(w, r, manageURL(id))
		}
		return web.SeeOther(w, r, manageURL(id, part))
	}
}

// plain is an act that takes the input as it is decoded.
func plain[In any](run func(context.Context, uuid.UUID, In) (Item, error)) func(context.Context, *http.Request, uuid.UUID, In) error {
	return func(ctx context.Context, _ *http.Request, id uuid.UUID, in In) error {
		_, err := run(ctx, id, in)
		return err
	}
}

func (h handlers) details(ctx context.Context, r *http.Request, id uuid.UUID, in DetailsInput) error {
	in.See, in.Order = audience(r.Form, "see"), audience(r.Form, "order")
	price, err := parsePrice(r.Form.Get("price_text"))
	if err != nil {
		return err
	}
	in.Price = price
	_, err = h.s.Details(ctx, id, in)
	return err
}

// audience reads who an item is for from the details page.
func audience(f url.Values, name string) Audience {
	a := Audience{Everyone: f.Get(name+"_everyone") == "true"}
	for _, s := range f[name+"_departments"] {
		if id, err := uuid.Parse(s); err == nil {
			a.Departments = append(a.Departments, id)
		}
	}
	for _, role := range identity.Roles {
		if slices.Contains(f[name+"_roles"], string(role)) {
			a.Roles = append(a.Roles, role)
		}
	}
	return a
}

// parsePrice reads an amount such as 6500 or 99.50 into hundredths.
func parsePrice(s string) (int64, error) {
	s = strings.ReplaceAll(strings.TrimSpace(s), ",", "")
	if s == "" {
		return 0, nil
	}
	whole, part, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole+(part + "00")[:2], 10, 64)
	if err != nil || len(part) > 2 || n < 0 || strings.HasPrefix(s, "-") {
		return 0, fault.OnField("price_text", "servicerequest.error.price")
	}
	return n, nil
}

func (h handlers) setPicture(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "item")
	if err != nil {
		return err
	}
	if _, err := h.s.Manage(r.Context(), id); err != nil {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxPicture+64<<10)
	if err := r.ParseMultipartForm(maxPicture); err != nil {
		return h.itemFailed(w, r, "details", fault.OnField("picture", "servicerequest.error.picture"))
	}
	version, _ := strconv.Atoi(r.Form.Get("version"))
	f, _, err := r.FormFile("picture")
	if err != nil {
		return h.itemFailed(w, r, "details", fault.OnField("picture", "servicerequest.error.picture"))
	}
	defer func() { _ = f.Close() }() // reading is over
	if _, err := h.s.SetPicture(work.WithKey(r.Context(), web.Key(r)), id, version, f); err != nil {
		return h.itemFailed(w, r, "details", err)
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, manageURL(id, "details"))
}

func (h handlers) picture(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "picture")
	if err != nil {
		return err
	}
	p, err := h.s.Picture(r.Context(), id)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", p.MediaType)
	w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	_, err = w.Write(p.Body)
	return err
}
