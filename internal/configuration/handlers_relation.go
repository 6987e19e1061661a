package configuration

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// relationsProps is what an item hangs together with.
type relationsProps struct {
	itemProps
	Ties  []Tie
	Types []RelationType
	May   bool
	Form  url.Values
	Shown string // name of the item chosen
	Fault *fault.Error

	At      string // as typed: the relations are those of that instant
	AtFault *fault.Error
	Ended   []Tie
	Next    string // of those that ended
}

func (h handlers) relationsProps(r *http.Request) (relationsProps, error) {
	d, err := h.detail(r)
	p := relationsProps{itemProps: itemProps{Detail: d, Tab: "relations"}, Form: url.Values{}}
	if err != nil {
		return p, err
	}
	p.May = h.desk.Can(r.Context(), ActionRelate, &d.Facts) && d.Lifecycle != Disposed
	if p.Types, err = h.s.repo.relationTypes(r.Context(), h.desk.DB); err != nil {
		return p, err
	}
	q := r.URL.Query()
	if p.Ended, p.Next, err = h.s.RelationsEnded(r.Context(), d.ID, q.Get("ended")); err != nil {
		return p, err
	}
	if p.At = q.Get("at"); p.At != "" {
		at, err := local(r.Context(), "at", p.At)
		if err == nil {
			p.May = false // of the past nothing is ended or added
			p.Ties, err = h.s.RelationsAt(r.Context(), d.ID, at)
			return p, err
		}
		p.AtFault = fault.Of(err)
	}
	p.Ties, err = h.s.Relations(r.Context(), d.ID)
	return p, err
}

func (h handlers) relationsPage(w http.ResponseWriter, r *http.Request) error {
	p, err := h.relationsProps(r)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if p.AtFault != nil {
		status = http.StatusUnprocessableEntity
	}
	return web.Render(w, r, status, relationsPage(p))
}

func (h handlers) relate(w http.ResponseWriter, r *http.Request) error {
	id, err := h.s.key(r)
	if err != nil {
		return err
	}
	var in RelateInput
	if perr := r.ParseForm(); perr != nil {
		return fault.Wrap(fault.Malformed, "error.bad_form", perr)
	}
	// One choice says the type and the direction.
	if typ, ok := cutInverse(r.Form.Get("relation")); ok {
		r.Form.Set("inverse", "true")
		r.Form.Set("type_id", typ)
	} else {
		r.Form.Set("type_id", typ)
	}
	if err = h.typed(r); err == nil {
		err = web.Decode(r, &in)
	}
	if err == nil {
		_, err = h.s.Relate(work.WithKey(r.Context(), web.Key(r)), id, in)
	}
	return h.related(w, r, err)
}

// cutInverse reads the value of a choice of relations.
func cutInverse(s string) (string, bool) {
	if len(s) > 1 && s[0] == '-' {
		return s[1:], true
	}
	return s, false
}

func (h handlers) part(w http.ResponseWriter, r *http.Request) error {
	id, err := h.s.key(r)
	if err != nil {
		return err
	}
	var in PartInput
	if err = web.Decode(r, &in); err == nil {
		_, err = h.s.Part(work.WithKey(r.Context(), web.Key(r)), id, in)
	}
	return h.related(w, r, err)
}

// related ends a form of the relations' page.
func (h handlers) related(w http.ResponseWriter, r *http.Request, err error) error {
	f, mend := mendable(err)
	if err != nil && !mend {
		return err
	}
	p, perr := h.relationsProps(r)
	if perr != nil {
		return perr
	}
	if f != nil {
		p.Fault, p.Form = f, r.Form
		if id, err := uuid.Parse(r.Form.Get("other_id")); err == nil {
			names, err := h.s.called(r.Context(), id)
			if err != nil {
				return err
			}
			p.Shown = names[id].Name
		}
		return web.Render(w, r, web.StatusOf(f), relationsPage(p))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, itemURL(p.Item, "/relations"))
}

// impactProps is an analysis and how it is shown.
type impactProps struct {
	Impact
	Item  *Detail // the item whose page it is; nil for several
	Model Model
	Map   bool
	Query url.Values
	Types []RelationType // that carry faults
}

func (p impactProps) link(change ...string) string {
	q := url.Values{}
	for k, v := range p.Query {
		q[k] = v
	}
	for n := 0; n+1 < len(change); n += 2 {
		if change[n+1] == "" {
			q.Del(change[n])
		} else {
			q.Set(change[n], change[n+1])
		}
	}
	path := "/configuration/impact"
	if p.Item != nil {
		path = itemURL(p.Item.Item, "/impact")
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// question reads an analysis from an address.
func question(q url.Values, roots []uuid.UUID) (Question, error) {
	out := Question{Roots: roots, Up: q.Get("direction") == "up"}
	if d := q.Get("direction"); d != "" && d != "up" && d != "down" {
		return out, fault.OnField("direction", "validation.oneof")
	}
	var err error
	if out.Depth, err = place(q, "depth"); err != nil {
		return out, err
	}
	for _, s := range q["type"] {
		id, err := uuid.Parse(s)
		if err != nil {
			return out, fault.OnField("type", "validation.uuid")
		}
		out.Types = append(out.Types, id)
	}
	return out, nil
}

func (h handlers) impactOf(ctx context.Context, q url.Values, roots []uuid.UUID) (impactProps, error) {
	p := impactProps{Query: q, Map: q.Get("view") == "map"}
	ask, err := question(q, roots)
	if err != nil {
		return p, err
	}
	if p.Impact, err = h.s.Impact(ctx, ask); err != nil {
		return p, err
	}
	if p.Model, err = h.s.Model(ctx); err != nil {
		return p, err
	}
	for _, t := range p.RelTypes {
		if t.Active && t.Impact != ImpactNone {
			p.Types = append(p.Types, t)
		}
	}
	slices.SortFunc(p.Types, func(a, b RelationType) int { return a.Position - b.Position })
	return p, nil
}

func (h handlers) impact(w http.ResponseWriter, r *http.Request) error {
	d, err := h.detail(r)
	if err != nil {
		return err
	}
	p, err := h.impactOf(r.Context(), r.URL.Query(), []uuid.UUID{d.ID})
	if err != nil {
		return err
	}
	p.Item = &d
	return web.Render(w, r, http.StatusOK, impactPage(p))
}

// maxRoots bounds how many items one analysis may begin from.
const maxRoots = 100

// several is the analysis of more than one item, such as those of an incident.
func (h handlers) several(w http.ResponseWriter, r *http.Request) error {
	var roots []uuid.UUID
	for _, k := range r.URL.Query()["item"] {
		id, err := h.s.ID(r.Context(), k)
		if err != nil {
			return err
		}
		if roots = append(roots, id); len(roots) > maxRoots {
			return fault.OnField("item", "validation.max", "100")
		}
	}
	if len(roots) == 0 {
		return fault.New(fault.NotFound, "error.not_found")
	}
	p, err := h.impactOf(r.Context(), r.URL.Query(), roots)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, impactPage(p))
}

func (h handlers) typesPage(w http.ResponseWriter, r *http.Request) error {
	if _, err := h.setUp(r.Context()); err != nil {
		return err
	}
	list, err := h.s.repo.relationTypes(r.Context(), h.desk.DB)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, typesPage(list))
}

// typeForm is the page of one relation type; a zero id is a new one.
type typeForm struct {
	ID    uuid.UUID
	Input RelationTypeInput
	Model Model
	Fault *fault.Error
}

func (h handlers) typeForm(r *http.Request) (typeForm, error) {
	f := typeForm{Input: RelationTypeInput{Active: true, Impact: ImpactForward}}
	m, err := h.setUp(r.Context())
	if err != nil {
		return f, err
	}
	f.Model = m
	if chi.URLParam(r, "type") == "new" {
		return f, nil
	}
	id, err := web.PathID(r, "type")
	if err != nil {
		return f, err
	}
	list, err := h.s.repo.relationTypes(r.Context(), h.desk.DB)
	if err != nil {
		return f, err
	}
	at := slices.IndexFunc(list, func(t RelationType) bool { return t.ID == id })
	if at < 0 {
		return f, fault.New(fault.NotFound, "error.not_found")
	}
	t := list[at]
	f.ID = id
	f.Input = RelationTypeInput{
		Version: t.Version, Key: t.Key, NameZh: t.NameZh, NameEn: t.NameEn, InverseZh: t.InverseZh, InverseEn: t.InverseEn, Impact: t.Impact, Redundant: t.Redundant,
		FromClassID: t.FromClassID, ToClassID: t.ToClassID, MaxTo: t.MaxTo, MaxFrom: t.MaxFrom, Active: t.Active,
	}
	return f, nil
}

func (h handlers) typePage(w http.ResponseWriter, r *http.Request) error {
	f, err := h.typeForm(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, typePage(f))
}

func (h handlers) saveType(w http.ResponseWriter, r *http.Request) error {
	f, err := h.typeForm(r)
	if err != nil {
		return err
	}
	f.Input = RelationTypeInput{}
	if err = web.Decode(r, &f.Input); err == nil {
		ctx := work.WithKey(r.Context(), web.Key(r))
		if f.ID == uuid.Nil {
			_, err = h.s.CreateRelationType(ctx, f.Input)
		} else {
			_, err = h.s.EditRelationType(ctx, f.ID, f.Input)
		}
	}
	if err != nil {
		var ok bool
		if f.Fault, ok = mendable(err); !ok {
			return err
		}
		return web.Render(w, r, web.StatusOf(f.Fault), typePage(f))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/configuration/relation-types")
}
