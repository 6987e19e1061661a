package incident

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type (
	majorsQuery struct {
		List   string `query:"list" enum:"open,proposed,ended,all"`
		Cursor string `query:"cursor"`
	}
	majorRowOut struct {
		Number         string     `json:"number"`
		Title          string     `json:"title"`
		State          string     `json:"state"`
		Major          string     `json:"major"`
		Priority       int        `json:"priority"`
		BeganAt        time.Time  `json:"began_at"`
		DeclaredAt     *time.Time `json:"declared_at"`
		EndedAt        *time.Time `json:"ended_at"`
		NextUpdateAt   *time.Time `json:"next_update_at"`
		NoticeAt       *time.Time `json:"notice_at"`
		ReviewDueAt    *time.Time `json:"review_due_at"`
		ReviewSignedAt *time.Time `json:"review_signed_at"`
	}
	majorsOut struct {
		Items []majorRowOut `json:"items"`
		Next  string        `json:"next"`
	}
	majorOut struct {
		Major
		Number     string        `json:"number"`
		Title      string        `json:"title"`
		State      State         `json:"state"`
		Status     string        `json:"major"` // proposed, declared, ended; empty where a proposal was declined
		UpdateLate bool          `json:"update_late"`
		NoticeLate bool          `json:"notice_late"`
		ReviewLate bool          `json:"review_late"`
		Announced  *Announcement `json:"announcement,omitempty"`
		Timeline   []lineOut     `json:"timeline"`
		Review     *Review       `json:"review,omitempty"`
	}
	lineOut struct {
		At       time.Time `json:"at"`
		Kind     string    `json:"kind"`
		TextZh   string    `json:"text_zh"`
		TextEn   string    `json:"text_en"`
		Public   bool      `json:"public"`
		AuthorID uuid.UUID `json:"author_id"`
	}
)

func (a api) majors(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	rows, next, err := a.s.Majors(r.Context(), q.Get("list"), q.Get("cursor"))
	if err != nil {
		return err
	}
	out := majorsOut{Items: []majorRowOut{}, Next: next}
	for _, x := range rows {
		out.Items = append(out.Items, majorRowOut{x.Number, x.Title, x.State, x.Major, x.Priority, x.BeganAt, x.DeclaredAt, x.EndedAt, x.NextUpdateAt, x.NoticeAt, x.ReviewDueAt, x.ReviewSignedAt})
	}
	return web.JSON(w, http.StatusOK, out)
}

func (a api) major(w http.ResponseWriter, r *http.Request) error { return part(w, r, a.s, a.majorOf) }

func (a api) majorOf(ctx context.Context, id uuid.UUID) (majorOut, error) {
	x, err := a.s.Room(ctx, id)
	out := majorOut{
		Major: x.Major, Number: x.Incident.Label(), Title: x.Incident.Title, State: x.Incident.State, Status: x.Incident.Major, UpdateLate: x.UpdateLate(x.Now),
		NoticeLate: x.NoticeLate(x.Now), ReviewLate: x.ReviewLate(x.Now), Announced: x.Announced, Timeline: []lineOut{}, Review: x.Review,
	}
	if out.Announced != nil {
		out.Announced.Departments, out.Announced.Services = nonNil(out.Announced.Departments), nonNil(out.Announced.Services)
	}
	if out.Review != nil {
		out.Review.Authors, out.Review.Actions = nonNil(out.Review.Authors), nonNil(out.Review.Actions)
	}
	for _, l := range x.Lines {
		out.Timeline = append(out.Timeline, lineOut{l.At, l.Kind, l.TextZh, l.TextEn, l.Public, l.AuthorID})
	}
	return out, err
}

// managed is what every change of one major incident through the API does.
func managed[In any](a api, run func(context.Context, uuid.UUID, In) (Incident, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var in In
		if r.ContentLength != 0 {
			if err := web.Decode(r, &in); err != nil {
				return err
			}
		}
		return part(w, r, a.s, func(ctx context.Context, id uuid.UUID) (majorOut, error) {
			if _, err := run(work.WithKey(ctx, web.Key(r)), id, in); err != nil {
				return majorOut{}, err
			}
			return a.majorOf(ctx, id)
		})
	}
}

func (a api) tickMeasure(w http.ResponseWriter, r *http.Request) error {
	action, err := web.PathID(r, "action")
	if err != nil {
		return err
	}
	return managed(a, func(ctx context.Context, id uuid.UUID, in TaskDoneInput) (Incident, error) {
		return a.s.TickMeasure(ctx, id, action, in)
	})(w, r)
}

func (a api) dropMeasure(w http.ResponseWriter, r *http.Request) error {
	action, err := web.PathID(r, "action")
	if err != nil {
		return err
	}
	id, err := a.s.key(r)
	if err != nil {
		return err
	}
	if _, err := a.s.DropMeasure(r.Context(), id, action); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a api) majorSettings(w http.ResponseWriter, r *http.Request) error {
	v, err := a.s.MajorSettings(r.Context())
	if err != nil {
		return err
	}
	v.Services = nonNil(v.Services)
	return web.JSON(w, http.StatusOK, v)
}

func (a api) setMajorSettings(w http.ResponseWriter, r *http.Request) error {
	return configured(w, r, a.s.SetMajorSettings)
}
