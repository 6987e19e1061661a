package incident

import (
	"context"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"opsdesk/internal/comment"
	"opsdesk/internal/draft"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// mountNotes adds that notes can be given other words, or removed.
func mountNotes(m mounter) {
	m.rt.Get("/incidents/{id}/notes/{note}", m.h.notePage)
	m.rt.Post("/incidents/{id}/notes/{note}", m.h.editNote)
	m.rt.Post("/incidents/{id}/notes/{note}/remove", m.h.removeNote)
	m.rt.API(http.MethodPut, "/api/v1/incidents/{id}/notes/{note}", web.Op{
		ID: "editNote", Tag: "incidents", Summary: "Give an internal note of one's own other words; what it said stays in the trail", In: NoteInput{}, Out: Out{}, Versioned: true, Idempotent: true,
	}, ofNote(m.a, m.a.s.EditNote))
	m.rt.API(http.MethodPost, "/api/v1/incidents/{id}/notes/{note}/remove", web.Op{
		ID: "removeNote", Tag: "incidents", Summary: "Remove an internal note of one's own; what it said stays in the trail", In: RemoveNoteInput{}, Out: Out{}, Versioned: true, Idempotent: true,
	}, ofNote(m.a, m.a.s.RemoveNote))
}

func ofNote[In any](a api, run func(context.Context, uuid.UUID, uuid.UUID, In) (Incident, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		note, err := web.PathID(r, "note")
		if err != nil {
			return err
		}
		return write(a, func(ctx context.Context, id uuid.UUID, in In) (Incident, error) { return run(ctx, id, note, in) })(w, r)
	}
}

// noteProps is the form of a note.
type noteProps struct {
	*Detail
	Comment comment.Comment
	Typed   string
	Fault   *fault.Error
}

// note finds the note of the address among what the page shows its reader, who
// must have written it.
func (h handlers) note(r *http.Request) (noteProps, error) {
	id, err := web.PathID(r, "note")
	if err != nil {
		return noteProps{}, err
	}
	d, err := h.detail(r)
	if err != nil {
		return noteProps{}, err
	}
	at := slices.IndexFunc(d.Timeline, func(it Item) bool { return it.Comment != nil && it.Comment.Internal && it.Comment.ID == id })
	if at < 0 {
		return noteProps{}, fault.New(fault.NotFound, "error.not_found")
	}
	c := *d.Timeline[at].Comment
	if c.RemovedAt != nil {
		return noteProps{}, fault.New(fault.Conflict, "ui.error.note_removed")
	}
	if err := d.archived(); err != nil {
		return noteProps{}, err
	}
	if !d.mends(&c) {
		return noteProps{}, h.desk.Noted(r.Context(), ActionEditNote, d.Ref(), fault.New(fault.Forbidden, "ui.error.note_not_yours"))
	}
	p := noteProps{Detail: d, Comment: c, Typed: c.Body}
	begun, _, err := draft.Load(r.Context(), h.desk.DB, d.who.ID, noteDraft(d.ID, id))
	if err != nil || begun["body"] == "" {
		return p, err
	}
	if p.Typed = begun["body"]; begun["was"] != c.Edition() { // begun before it was mended elsewhere
		p.Fault = fault.New(fault.Conflict, "ui.error.note_changed")
	}
	return p, nil
}

func (h handlers) notePage(w http.ResponseWriter, r *http.Request) error {
	p, err := h.note(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, notePage(p))
}

func (h handlers) editNote(w http.ResponseWriter, r *http.Request) error {
	var in NoteInput
	err := web.Decode(r, &in)
	if err != nil && !fault.Is(err, fault.Invalid) {
		return err
	}
	return h.noted(w, r, &in.Body, err, "edit_note", func(ctx context.Context, id, note uuid.UUID) (Incident, error) {
		return h.s.EditNote(ctx, id, note, in)
	})
}

func (h handlers) removeNote(w http.ResponseWriter, r *http.Request) error {
	var in RemoveNoteInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	return h.noted(w, r, nil, nil, "remove_note", func(ctx context.Context, id, note uuid.UUID) (Incident, error) {
		return h.s.RemoveNote(ctx, id, note, in)
	})
}

// noted makes a change of a note and leads back to the ticket; what is refused
// comes back with what was typed.
func (h handlers) noted(w http.ResponseWriter, r *http.Request, typed *string, err error, said string, run func(ctx context.Context, id, note uuid.UUID) (Incident, error)) error {
	id, kerr := h.s.key(r)
	if kerr != nil {
		return kerr
	}
	note, kerr := web.PathID(r, "note")
	if kerr != nil {
		return kerr
	}
	var i Incident
	if err == nil {
		i, err = run(work.WithKey(r.Context(), web.Key(r)), id, note)
	}
	if f := fault.Of(err); f != nil {
		if f.Kind != fault.Invalid && f.Kind != fault.Conflict {
			return err
		}
		p, perr := h.note(r)
		if perr != nil {
			return err
		}
		if p.Fault = f; typed != nil {
			p.Typed = *typed
		}
		return web.Render(w, r, web.StatusOf(f), notePage(p))
	}
	web.Flash(w, "incident.said."+said)
	return web.SeeOther(w, r, "/incidents/"+i.Label())
}

// noteURL is where a note is mended.
func noteURL(d *Detail, c *comment.Comment) string {
	return "/incidents/" + d.Label() + "/notes/" + c.ID.String()
}
