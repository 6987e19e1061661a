package presence

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type handlers struct{ s *Service }

// Mount adds the page and the API of absences.
func Mount(s *Service, rt web.Router) {
	h := handlers{s}
	rt.Get("/absences", h.page)
	rt.Post("/absences", h.enter)
	rt.Post("/absences/hours", h.setHours)
	rt.Post("/absences/{id}/end", h.end)
	tag := func(o web.Op) web.Op { o.Tag = "absences"; return o }
	rt.API(http.MethodGet, "/api/v1/absences", tag(web.Op{ID: "listAbsences", Summary: "Absences of the caller and of their teams that are not over", Out: absencesOut{}}), h.apiList)
	rt.API(http.MethodPost, "/api/v1/absences", tag(web.Op{ID: "enterAbsence", Summary: "Enter an absence, with a substitute", In: EnterInput{}, Out: Absence{}, Status: http.StatusCreated, Idempotent: true}), h.apiEnter)
	rt.API(http.MethodPost, "/api/v1/absences/{id}/end", tag(web.Op{ID: "endAbsence", Summary: "End an absence now, or take one back", In: EndInput{}, Out: Absence{}, Versioned: true, Idempotent: true}), h.apiEnd)
}

type absencesOut struct {
	Own   []Absence `json:"own"`
	Teams []Absence `json:"teams"`
}

// props are the page of absences.
type props struct {
	Own, Teams []Absence
	Names      map[uuid.UUID]identity.Person
	End        map[uuid.UUID]bool // those that the reader may end
	In         EnterInput
	Hours      *Hours
	Agent      bool
	Others     bool
	Me         uuid.UUID
	Zone       *time.Location
	Now        time.Time
	Fault      *fault.Error
	HoursFault *fault.Error
	HoursText  [2]string
}

func (h handlers) props(ctx context.Context) (p props, err error) {
	who, err := identity.From(ctx)
	if err != nil {
		return p, err
	}
	p = props{Agent: who.Agent(), Me: who.ID, Others: h.s.MayEnterOthers(ctx), Now: h.s.desk.Now(), End: map[uuid.UUID]bool{}}
	if p.Own, p.Teams, err = h.s.Mine(ctx); err != nil {
		return p, err
	}
	ids := []uuid.UUID{who.ID}
	for _, a := range append(p.Own, p.Teams...) {
		ids = append(ids, a.PersonID)
		if a.SubstituteID != nil {
			ids = append(ids, *a.SubstituteID)
		}
		if p.End[a.ID], err = h.s.MayEnd(ctx, a); err != nil {
			return p, err
		}
	}
	if p.Names, err = identity.People(ctx, h.s.desk.DB, ids...); err != nil {
		return p, err
	}
	if p.Zone, err = time.LoadLocation(who.TimeZone); err != nil {
		p.Zone, err = time.UTC, nil
	}
	p.Hours, err = h.s.Hours(ctx)
	if p.Hours != nil {
		p.HoursText = [2]string{clock(p.Hours.From), clock(p.Hours.To)}
	}
	return p, err
}

func clock(m int) string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }

func (h handlers) page(w http.ResponseWriter, r *http.Request) error {
	p, err := h.props(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, absencesPage(p))
}

func (h handlers) again(w http.ResponseWriter, r *http.Request, err error, set func(*props, *fault.Error)) error {
	f := fault.Of(err)
	if f.Kind != fault.Invalid && f.Kind != fault.Conflict {
		return err
	}
	p, perr := h.props(r.Context())
	if perr != nil {
		return err
	}
	set(&p, f)
	return web.Render(w, r, web.StatusOf(f), absencesPage(p))
}

func (h handlers) enter(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	var in EnterInput
	err := identity.FillPicked(r.Context(), h.s.desk.DB, r.Form, "person_id", "substitute_id")
	if err == nil {
		err = web.Form(r.Form, &in)
	}
	if err == nil {
		_, err = h.s.Enter(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if err != nil {
		return h.again(w, r, err, func(p *props, f *fault.Error) { p.In, p.Fault = in, f })
	}
	web.Flash(w, "presence.said.entered")
	return web.SeeOther(w, r, "/absences")
}

func (h handlers) end(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	var in EndInput
	if err = web.Decode(r, &in); err == nil {
		_, err = h.s.End(work.WithKey(r.Context(), web.Key(r)), id, in)
	}
	if err != nil {
		return h.again(w, r, err, func(p *props, f *fault.Error) { p.Fault = f })
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/absences")
}

// minutes reads a time of day; "" is 0.
func minutes(s string) (int, bool) {
	if s = strings.TrimSpace(s); s == "" {
		return 0, true
	}
	a, b, _ := strings.Cut(s, ":")
	hour, err := strconv.Atoi(a)
	minute, err2 := strconv.Atoi(b)
	return hour*60 + minute, err == nil && err2 == nil && hour >= 0 && minute >= 0 && minute < 60
}

func (h handlers) setHours(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	var in HoursInput
	var okFrom, okTo bool
	in.From, okFrom = minutes(r.Form.Get("work_from"))
	in.To, okTo = minutes(r.Form.Get("work_to"))
	var err error
	switch {
	case !okFrom:
		err = fault.OnField("work_from", "validation.datetime")
	case !okTo:
		err = fault.OnField("work_to", "validation.datetime")
	default:
		err = h.s.SetHours(r.Context(), in)
	}
	if err != nil {
		return h.again(w, r, err, func(p *props, f *fault.Error) {
			p.HoursText, p.HoursFault = [2]string{r.Form.Get("work_from"), r.Form.Get("work_to")}, f
		})
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/absences")
}

func (h handlers) apiList(w http.ResponseWriter, r *http.Request) error {
	own, teams, err := h.s.Mine(r.Context())
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, absencesOut{append([]Absence{}, own...), append([]Absence{}, teams...)})
}

func (h handlers) apiEnter(w http.ResponseWriter, r *http.Request) error {
	var in EnterInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	a, err := h.s.Enter(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, a)
}

func (h handlers) apiEnd(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	ctx, err := work.Asked(r)
	if err != nil {
		return err
	}
	var in EndInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	a, err := h.s.End(ctx, id, in)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", fmt.Sprintf(`"v%d"`, a.Version))
	return web.JSON(w, http.StatusOK, a)
}
