package configuration

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type api struct{ s *Service }

// Out is an item as the API shows it.
type Out struct {
	ID            uuid.UUID   `json:"id"`
	Number        string      `json:"number"`
	Version       int         `json:"version"`
	ClassID       uuid.UUID   `json:"class_id"`
	Name          string      `json:"name"`
	Description   string      `json:"description"`
	Lifecycle     Lifecycle   `json:"lifecycle"`
	Operational   Operational `json:"operational"`
	Install       Install     `json:"install"`
	Criticality   int         `json:"criticality"`
	OwnerID       *uuid.UUID  `json:"owner_id"`
	CustodianID   *uuid.UUID  `json:"custodian_id"`
	DepartmentID  *uuid.UUID  `json:"department_id"`
	ServiceID     *uuid.UUID  `json:"service_id"`
	TeamID        *uuid.UUID  `json:"team_id"`
	Location      string      `json:"location"`
	Supplier      string      `json:"supplier"`
	Contract      string      `json:"contract"`
	ContractUntil string      `json:"contract_until,omitempty"`
	WarrantyUntil string      `json:"warranty_until,omitempty"`
	Redundancy    int         `json:"redundancy"`
	Attributes    Values      `json:"attributes"`
	Locks         []string    `json:"locks"`
	Source        string      `json:"source"`
	SourceKey     string      `json:"source_key"`
	StaleAt       *time.Time  `json:"stale_at"`
	VerifiedAt    *time.Time  `json:"verified_at"`
	VerifiedBy    *uuid.UUID  `json:"verified_by"`
	CreatedAt     time.Time   `json:"created_at"`
	UpdatedAt     time.Time   `json:"updated_at"`
}

func out(i Item) Out {
	day := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return t.Format(time.DateOnly)
	}
	return Out{
		ID: i.ID, Number: i.Label(), Version: i.Version, ClassID: i.ClassID, Name: i.Name, Description: i.Description, Lifecycle: i.Lifecycle, Operational: i.Operational,
		Install: i.Install, Criticality: i.Criticality, OwnerID: i.OwnerID, CustodianID: i.CustodianID, DepartmentID: i.DepartmentID, ServiceID: i.ServiceID, TeamID: i.TeamID,
		Location: i.Location, Supplier: i.Supplier, Contract: i.Contract, ContractUntil: day(i.ContractUntil), WarrantyUntil: day(i.WarrantyUntil), Redundancy: i.Redundancy,
		Attributes: i.Attributes, Locks: i.Locks, Source: i.Source, SourceKey: i.SourceKey, StaleAt: i.StaleAt, VerifiedAt: i.VerifiedAt, VerifiedBy: i.VerifiedBy,
		CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt,
	}
}

type (
	listQuery struct {
		Class       string `query:"class" description:"id of a class; items of classes below it are included"`
		Lifecycle   string `query:"lifecycle" enum:"living,planned,ordered,stock,staging,production,maintenance,retired,disposed"`
		Operational string `query:"operational" enum:"unknown,up,degraded,down,off"`
		Owner       string `query:"owner" description:"id of a person, me or none"`
		Service     string `query:"service"`
		Department  string `query:"department"`
		Location    string `query:"location" description:"beginning of the place"`
		Criticality int    `query:"criticality"`
		Stale       bool   `query:"stale"`
		Q           string `query:"q" description:"number, exact name, serial number, address, or words"`
		Sort        string `query:"sort" enum:"updated,name"`
		Limit       int    `query:"limit"`
		Cursor      string `query:"cursor"`
	}
	rowOut struct {
		ID          uuid.UUID   `json:"id"`
		Number      string      `json:"number"`
		Name        string      `json:"name"`
		ClassID     uuid.UUID   `json:"class_id"`
		Lifecycle   Lifecycle   `json:"lifecycle"`
		Operational Operational `json:"operational"`
		Criticality int         `json:"criticality"`
		Location    string      `json:"location"`
		UpdatedAt   time.Time   `json:"updated_at"`
	}
	listOut struct {
		Items []rowOut `json:"items"`
		Next  string   `json:"next"`
		// Count is at most 10001, which stands for "more than 10,000".
		Count int `json:"count"`
	}
	historyQuery struct {
		Below int `query:"below" description:"versions below this one"`
	}
	stepOut struct {
		Version   int       `json:"version"`
		At        time.Time `json:"at"`
		Actor     string    `json:"actor"`
		Source    string    `json:"source"`
		SourceRef string    `json:"source_ref"`
		Changes   []Change  `json:"changes"`
	}
	historyOut struct {
		Items []stepOut `json:"items"`
	}
	atQuery struct {
		At string `query:"at" description:"instant, RFC 3339"`
	}
	stateOut struct {
		Version int       `json:"version"`
		At      time.Time `json:"at"`
		State   State     `json:"state"`
	}
	diffQuery struct {
		From string `query:"from" description:"instant, RFC 3339"`
		To   string `query:"to" description:"instant, RFC 3339"`
	}
	fieldOut struct {
		Change
		// The last change of the field between the instants; absent when there were
		// more than 200 changes since.
		At        *time.Time `json:"at,omitempty"`
		Actor     string     `json:"actor,omitempty"`
		Source    string     `json:"source,omitempty"`
		SourceRef string     `json:"source_ref,omitempty"`
	}
	diffOut struct {
		Changes []fieldOut `json:"changes"`
		// Relations are those that there were at some time between the instants.
		Relations []tieDiffOut `json:"relations"`
	}
	classOut struct {
		Class
		Attributes []Attribute `json:"attributes"`
	}
	classesOut struct {
		Items []classOut `json:"items"`
	}
)

func row(r Row) rowOut {
	return rowOut{r.ID, r.Label(), r.Name, r.ClassID, r.Lifecycle, r.Operational, r.Criticality, r.Location, r.UpdatedAt}
}

func (a api) list(w http.ResponseWriter, r *http.Request) error {
	f, err := ParseFilter(r.URL.Query())
	if err != nil {
		return err
	}
	f.CountTo = ProgramLimit
	p, err := a.s.List(r.Context(), f, r.URL.Query().Get("cursor"))
	if err != nil {
		return err
	}
	o := listOut{Items: []rowOut{}, Next: p.Next, Count: p.Total}
	for _, x := range p.Rows {
		o.Items = append(o.Items, row(x))
	}
	return web.JSON(w, http.StatusOK, o)
}

// key finds the item of an address.
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
	web.ETag(w, i.Version)
	w.Header().Set("Location", "/api/v1/configuration/"+i.Label())
	return web.JSON(w, http.StatusCreated, out(i))
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
	web.ETag(w, i.Version)
	return web.JSON(w, http.StatusOK, out(i))
}

// write is what every change of one item through the API does.
func write[In any](a api, run func(context.Context, uuid.UUID, In) (Item, error)) web.Handler {
	return work.Act(a.s.key, run, func(w http.ResponseWriter, _ *http.Request, i Item) error {
		web.ETag(w, i.Version)
		return web.JSON(w, http.StatusOK, out(i))
	})
}

func (a api) history(w http.ResponseWriter, r *http.Request) error {
	id, err := a.s.key(r)
	if err != nil {
		return err
	}
	below, _ := strconv.Atoi(r.URL.Query().Get("below")) // anything else is the beginning
	list, _, err := a.s.History(r.Context(), id, below)
	if err != nil {
		return err
	}
	o := historyOut{Items: []stepOut{}}
	for _, x := range list {
		o.Items = append(o.Items, stepOut{x.Version.Version, x.At, x.ActorName, x.Source, x.SourceRef, x.Changes})
	}
	return web.JSON(w, http.StatusOK, o)
}

func instant(r *http.Request, name string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, r.URL.Query().Get(name))
	if err != nil {
		return t, fault.OnField(name, "validation.datetime")
	}
	return t, nil
}

func (a api) at(w http.ResponseWriter, r *http.Request) error {
	id, err := a.s.key(r)
	if err != nil {
		return err
	}
	if _, _, err := a.s.Get(r.Context(), id); err != nil {
		return err
	}
	at, err := instant(r, "at")
	if err != nil {
		return err
	}
	v, err := a.s.At(r.Context(), id, at)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, stateOut{v.Version, v.At, v.State})
}

func (a api) diff(w http.ResponseWriter, r *http.Request) error {
	id, err := a.s.key(r)
	if err != nil {
		return err
	}
	if _, _, err := a.s.Get(r.Context(), id); err != nil {
		return err
	}
	from, err := instant(r, "from")
	if err != nil {
		return err
	}
	to, err := instant(r, "to")
	if err != nil {
		return err
	}
	d, err := a.s.Diff(r.Context(), id, from, to)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, d.out())
}

func (d Diff) out() diffOut {
	o := diffOut{Changes: []fieldOut{}, Relations: []tieDiffOut{}}
	for _, f := range d.Fields {
		if !f.Changed() {
			continue
		}
		x := fieldOut{Change: f.Change}
		if f.By != nil {
			x.At, x.Actor, x.Source, x.SourceRef = &f.By.At, f.By.ActorName, f.By.Source, f.By.SourceRef
		}
		o.Changes = append(o.Changes, x)
	}
	for _, t := range d.Ties {
		o.Relations = append(o.Relations, tieDiffOut{tie(t.Tie), t.Before, t.After})
	}
	return o
}

func (a api) classes(w http.ResponseWriter, r *http.Request) error {
	m, err := a.s.Model(r.Context())
	if err != nil {
		return err
	}
	o := classesOut{Items: []classOut{}}
	for _, b := range m.Tree() {
		own := m.Own(b.ID)
		if own == nil {
			own = []Attribute{}
		}
		o.Items = append(o.Items, classOut{b.Class, own})
	}
	return web.JSON(w, http.StatusOK, o)
}

// made answers with a new thing of the set-up, changed with one that was
// changed.
func made[In, T any](w http.ResponseWriter, r *http.Request, run func(context.Context, In) (T, error)) error {
	var in In
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	v, err := run(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, v)
}

func changed[In, T any](w http.ResponseWriter, r *http.Request, name string, run func(context.Context, uuid.UUID, In) (T, error)) error {
	id, err := web.PathID(r, name)
	if err != nil {
		return err
	}
	var in In
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	ctx, err := work.Asked(r)
	if err != nil {
		return err
	}
	v, err := run(ctx, id, in)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, v)
}

func (a api) createClass(w http.ResponseWriter, r *http.Request) error {
	return made(w, r, a.s.CreateClass)
}

func (a api) editClass(w http.ResponseWriter, r *http.Request) error {
	return changed(w, r, "class", a.s.EditClass)
}

func (a api) createAttribute(w http.ResponseWriter, r *http.Request) error {
	return made(w, r, a.s.CreateAttribute)
}

func (a api) editAttribute(w http.ResponseWriter, r *http.Request) error {
	return changed(w, r, "attribute", a.s.EditAttribute)
}
