package sla

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// agreementProps is the list of agreements, or the form of one version, and
// how the last form fared.
type agreementProps struct {
	List        []Version
	Uncovered   []Named
	One         *Version
	In          DraftInput
	Calendars   []CalendarRecord
	Services    []Named
	Departments map[uuid.UUID]identity.Department
	Teams       []identity.Team
	People      map[uuid.UUID]identity.Person
	Settings    Settings
	Now         time.Time
	May         bool // draft at all
	Configure   bool
	CanEdit     bool // this version, as it stands
	CanApprove  bool
	Fault       *fault.Error
	Part        string
	Preview     *Preview // what the version would do to open tickets
	Apply       bool     // to those as well, as the form said
}

func (p agreementProps) at(part string) *fault.Error {
	if p.Part == part {
		return p.Fault
	}
	return nil
}

func (h handlers) agreementForm(ctx context.Context) (agreementProps, error) {
	p := agreementProps{Now: h.desk.Now(), May: h.desk.Can(ctx, ActionDraft, nil), Configure: h.desk.Can(ctx, ActionCalendar, nil)}
	var err error
	if p.Calendars, err = h.s.Calendars(ctx); err != nil {
		return p, err
	}
	if p.Services, err = h.s.repo.services(ctx, h.desk.DB); err != nil {
		return p, err
	}
	if p.Teams, err = identity.Teams(ctx, h.desk.DB); err != nil {
		return p, err
	}
	p.Departments, err = identity.Departments(ctx, h.desk.DB)
	return p, err
}

func (h handlers) agreements(w http.ResponseWriter, r *http.Request) error {
	return h.agreementList(w, r, http.StatusOK, nil)
}

func (h handlers) agreementList(w http.ResponseWriter, r *http.Request, status int, f *fault.Error) error {
	ctx := r.Context()
	list, err := h.s.Agreements(ctx)
	if err != nil {
		return err
	}
	p, err := h.agreementForm(ctx)
	if err != nil {
		return err
	}
	p.List, p.Fault, p.Part = list, f, "settings"
	if p.Uncovered, err = h.s.Uncovered(ctx); err != nil {
		return err
	}
	if p.Settings, err = h.s.Settings(ctx); err != nil {
		return err
	}
	return web.Render(w, r, status, agreementsPage(p))
}

func (h handlers) saveSettings(w http.ResponseWriter, r *http.Request) error {
	var in Settings
	err := web.Decode(r, &in)
	if err == nil {
		err = h.s.SetSettings(r.Context(), in)
	}
	if f := fault.Of(err); f != nil {
		if !shown(f) {
			return err
		}
		return h.agreementList(w, r, web.StatusOf(f), f)
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/settings/agreements#settings")
}

// newAgreement is an empty form, or the next version of an agreement.
func (h handlers) newAgreement(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	p, err := h.agreementForm(ctx)
	if err != nil {
		return err
	}
	if !p.May {
		_, err := h.desk.Permit(ctx, ActionDraft)
		return err
	}
	today := p.Now.Format(time.DateOnly)
	p.In = DraftInput{Kind: "sla", Marks: stepsText(DefaultSteps()), ValidFrom: today, ReviewBy: p.Now.AddDate(1, 0, 0).Format(time.DateOnly)}
	if len(p.Calendars) > 0 {
		p.In.CalendarID = p.Calendars[0].ID
	}
	if r.URL.Query().Get("kind") == "ola" {
		p.In.Kind = "ola"
	}
	if id, err := uuid.Parse(r.URL.Query().Get("from")); err == nil {
		v, err := h.s.Agreement(ctx, id)
		if err != nil {
			return err
		}
		p.In = v.input(h.zone(p, v))
		p.In.Version, p.In.ValidFrom = 0, today
	}
	return web.Render(w, r, http.StatusOK, agreementPage(p))
}

func (h handlers) zone(p agreementProps, v Version) *time.Location {
	for _, c := range p.Calendars {
		if c.ID == v.CalendarID {
			return c.Last().Location()
		}
	}
	return time.UTC
}

func (h handlers) one(ctx context.Context, id uuid.UUID) (agreementProps, error) {
	v, err := h.s.Agreement(ctx, id)
	if err != nil {
		return agreementProps{}, err
	}
	p, err := h.agreementForm(ctx)
	if err != nil {
		return p, err
	}
	f := v.Facts()
	p.One, p.In = &v, v.input(h.zone(p, v))
	p.CanEdit = (v.State == Draft || v.State == Submitted) && h.desk.Can(ctx, ActionDraft, &f)
	p.CanApprove = v.State == Submitted && h.desk.Can(ctx, ActionApprove, &f)
	ids := append([]uuid.UUID{}, v.Authors...)
	if v.ApprovedBy != nil {
		ids = append(ids, *v.ApprovedBy)
	}
	p.People, err = identity.People(ctx, h.desk.DB, ids...)
	return p, err
}

func (h handlers) agreement(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	p, err := h.one(r.Context(), id)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("preview") != "" {
		seen, err := h.s.PreviewVersion(r.Context(), id)
		if err != nil {
			return err
		}
		p.Preview = &seen
	}
	return web.Render(w, r, http.StatusOK, agreementPage(p))
}

// approve puts a version into force.
func (h handlers) approve(w http.ResponseWriter, r *http.Request) error {
	var in ApproveInput
	return versionForm(h, w, r, &in, nil, h.s.Approve, func(p *agreementProps) { p.Part, p.Apply = "step", in.Apply })
}

func (h handlers) draft(w http.ResponseWriter, r *http.Request) error {
	var in DraftInput
	var v Version
	seen, err := PreviewOr(r, web.Decode(r, &in), func(ctx context.Context) (Preview, error) { return h.s.PreviewDraft(ctx, in) }, func(ctx context.Context) (err error) {
		v, err = h.s.Draft(ctx, in)
		return err
	})
	return h.answerForm(w, r, seen, err, "/settings/agreements/"+v.ID.String(), func() (agreementProps, error) {
		p, err := h.agreementForm(r.Context())
		p.In, p.Part = in, "form"
		return p, err
	})
}

func (h handlers) editDraft(w http.ResponseWriter, r *http.Request) error {
	var in DraftInput
	keep := func(p *agreementProps) {
		in.Version = p.One.Version
		p.In, p.Part = in, "form"
	}
	return versionForm(h, w, r, &in, h.s.PreviewDraft, h.s.EditDraft, keep)
}

// step is the target of a button on a version's page.
func (h handlers) step(run func(context.Context, uuid.UUID, StepInput) (Version, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var in StepInput
		return versionForm(h, w, r, &in, nil, run, func(p *agreementProps) { p.Part = "step" })
	}
}

// versionForm runs one of the forms of a version's page; look, if there is one,
// says beforehand what it would do.
func versionForm[In any](h handlers, w http.ResponseWriter, r *http.Request, in *In, look func(context.Context, In) (Preview, error), run func(context.Context, uuid.UUID, In) (Version, error), keep func(*agreementProps)) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	var first func(context.Context) (Preview, error)
	if look != nil {
		first = func(ctx context.Context) (Preview, error) { return look(ctx, *in) }
	}
	seen, err := PreviewOr(r, web.Decode(r, in), first, func(ctx context.Context) error {
		_, err := run(ctx, id, *in)
		return err
	})
	return h.answerForm(w, r, seen, err, "/settings/agreements/"+id.String(), func() (agreementProps, error) {
		p, err := h.one(r.Context(), id)
		if err == nil {
			keep(&p)
		}
		return p, err
	})
}

// answerForm ends a form of agreements: it leads on, or shows the form again
// with what it would do or what has to be mended.
func (h handlers) answerForm(w http.ResponseWriter, r *http.Request, seen *Preview, err error, to string, again func() (agreementProps, error)) error {
	if seen == nil && err == nil {
		web.Flash(w, "ui.done")
		return web.SeeOther(w, r, to)
	}
	f := fault.Of(err)
	if f != nil && !shown(f) {
		return err
	}
	p, perr := again()
	if perr != nil {
		return perr
	}
	status := http.StatusOK
	if p.Preview, p.Fault = seen, f; f != nil {
		status = web.StatusOf(f)
	}
	return web.Render(w, r, status, agreementPage(p))
}

// VersionOut is a version of an agreement as the API shows it.
type VersionOut struct {
	ID         uuid.UUID    `json:"id"`
	Number     int          `json:"number"`
	State      VersionState `json:"state"`
	Terms      DraftInput   `json:"terms"`
	Authors    []uuid.UUID  `json:"authors"`
	ApprovedBy *uuid.UUID   `json:"approved_by"`
	ApprovedAt *time.Time   `json:"approved_at"`
	Remark     string       `json:"remark"`
}

type agreementsOut struct {
	Items     []VersionOut `json:"items"`
	Uncovered []Named      `json:"uncovered_services"`
}

func (a api) out(b *Book, v Version) VersionOut {
	r := b.Calendar(&v.CalendarID).Timeline
	in := v.input(r[len(r)-1].Location())
	in.Kinds, in.Services, in.Departments = list(in.Kinds), list(in.Services), list(in.Departments)
	return VersionOut{v.ID, v.Number, v.State, in, v.Authors, v.ApprovedBy, v.ApprovedAt, v.Remark}
}

func (a api) agreements(w http.ResponseWriter, r *http.Request) error {
	versions, err := a.s.Agreements(r.Context())
	if err != nil {
		return err
	}
	b, err := a.s.Book(r.Context(), a.s.desk.DB)
	if err != nil {
		return err
	}
	out := agreementsOut{Items: []VersionOut{}}
	for _, v := range versions {
		out.Items = append(out.Items, a.out(b, v))
	}
	if out.Uncovered, err = a.s.Uncovered(r.Context()); err != nil {
		return err
	}
	out.Uncovered = list(out.Uncovered)
	return web.JSON(w, http.StatusOK, out)
}

func (a api) agreement(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	v, err := a.s.Agreement(r.Context(), id)
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, v)
}

func (a api) answer(w http.ResponseWriter, r *http.Request, status int, v Version) error {
	b, err := a.s.Book(r.Context(), a.s.desk.DB)
	if err != nil {
		return err
	}
	web.ETag(w, v.Version)
	return web.JSON(w, status, a.out(b, v))
}

func (a api) draft(w http.ResponseWriter, r *http.Request) error {
	var in DraftInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	v, err := a.s.Draft(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusCreated, v)
}

// versioned is the JSON form of a use case that changes a version.
func versioned[In any](a api, run func(context.Context, uuid.UUID, In) (Version, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := web.PathID(r, "id")
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
		return a.answer(w, r, http.StatusOK, v)
	}
}

func (a api) previewDraft(w http.ResponseWriter, r *http.Request) error {
	var in DraftInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	p, err := a.s.PreviewDraft(r.Context(), in)
	if err != nil {
		return err
	}
	p.Flips = list(p.Flips)
	return web.JSON(w, http.StatusOK, p)
}
