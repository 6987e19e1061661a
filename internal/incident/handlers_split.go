package incident

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"opsdesk/internal/comment"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

func mountSplit(m mounter) {
	m.rt.Get("/incidents/{id}/split", m.h.splitPage)
	m.rt.Post("/incidents/{id}/split", m.h.split)
	m.rt.API(http.MethodPost, "/api/v1/incidents/{id}/split", web.Op{
		ID: "splitIncident", Tag: "incidents", Summary: "Make a new incident of a reply or a note; the answer is the new one", In: SplitInput{}, Out: Out{}, Versioned: true, Idempotent: true,
	}, write(m.a, m.a.s.Split))
}

// splitProps is the form for what is split off.
type splitProps struct {
	*Detail
	Comment comment.Comment
	In      SplitInput
	Fault   *fault.Error
}

func (h handlers) splitForm(r *http.Request, id uuid.UUID) (splitProps, error) {
	d, err := h.detail(r)
	if err != nil {
		return splitProps{}, err
	}
	if !h.desk.Can(r.Context(), ActionSplit, &d.Facts) {
		return splitProps{}, h.desk.Noted(r.Context(), ActionSplit, d.Ref(), fault.New(fault.Forbidden, "error.forbidden"))
	}
	// Of what the page shows its reader, so that nothing else can be asked for.
	at := slices.IndexFunc(d.Timeline, func(it Item) bool { return it.Comment != nil && it.Comment.ID == id })
	if at < 0 {
		return splitProps{}, fault.New(fault.NotFound, "error.not_found")
	}
	c := *d.Timeline[at].Comment
	return splitProps{Detail: d, Comment: c, In: SplitInput{CommentID: id, Internal: c.Internal, Title: title("", c.Body)}}, nil
}

func (h handlers) splitPage(w http.ResponseWriter, r *http.Request) error {
	id, err := uuid.Parse(r.URL.Query().Get("comment"))
	if err != nil {
		return fault.New(fault.NotFound, "error.not_found")
	}
	p, err := h.splitForm(r, id)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, splitPage(p))
}

func (h handlers) split(w http.ResponseWriter, r *http.Request) error {
	id, err := h.s.key(r)
	if err != nil {
		return err
	}
	var in SplitInput
	if err := web.Decode(r, &in); err != nil && !fault.Is(err, fault.Invalid) {
		return err
	}
	i, err := h.s.Split(work.WithKey(r.Context(), web.Key(r)), id, in)
	if f := fault.Of(err); f != nil {
		if f.Kind != fault.Invalid && f.Kind != fault.Conflict {
			return err
		}
		p, perr := h.splitForm(r, in.CommentID)
		if perr != nil {
			return err
		}
		p.In, p.Fault = in, f
		return web.Render(w, r, web.StatusOf(f), splitPage(p))
	}
	web.Flash(w, "incident.said.split")
	return web.SeeOther(w, r, "/incidents/"+i.Label())
}

// splitURL is where something said on an incident is split off.
func splitURL(d *Detail, c *comment.Comment) string {
	return "/incidents/" + d.Label() + "/split?" + url.Values{"comment": {c.ID.String()}}.Encode()
}
