package incident

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/trail"
	"opsdesk/internal/ui"
)

// since answers a form that is open: what others have changed since the version
// it was drawn from. Nothing is an empty answer.
func (h handlers) since(w http.ResponseWriter, r *http.Request) error {
	d, err := h.detail(r)
	if err != nil {
		return err
	}
	version, _ := strconv.Atoi(r.URL.Query().Get("version")) // not a number: since the beginning
	diff, last := d.since(version)
	if last == nil {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	ctx := r.Context()
	return web.Render(w, r, http.StatusOK, sinceNote(d, d.actor(ctx, last), last.At, d.changes(ctx, diff)))
}

// since joins what others did after a version: each field from what it was to
// what it is, and the last act.
func (d *Detail) since(version int) (trail.Diff, *trail.Entry) {
	diff := trail.Diff{}
	var last *trail.Entry
	for _, it := range d.Timeline {
		if it.Entry == nil || it.Entry.Version <= version || it.Entry.ActorID == d.who.ID {
			continue
		}
		last = it.Entry
		for f, v := range it.Diff {
			if old, ok := diff[f]; ok {
				v[0] = old[0]
			}
			diff[f] = v
		}
	}
	return diff, last
}

// changedBy is who did the last thing that the page shows, and when.
func (d *Detail) changedBy(ctx context.Context) (string, time.Time) {
	for n := len(d.Timeline) - 1; n >= 0; n-- {
		it := d.Timeline[n]
		switch {
		case it.Comment != nil:
			return d.author(ctx, it.Comment), it.At
		case it.Entry != nil:
			return d.actor(ctx, it.Entry), it.At
		}
	}
	return "", time.Time{}
}

// collided are the fields on which two edits disagree, and after them those
// that the others alone changed since the version that the edit began from. The
// fault names the last of the others for the reader.
func (d *Detail) collided(ctx context.Context, version int, f *fault.Error) []ui.ClashRow {
	rows := clashRows(ctx, d, f)
	diff, last := d.since(version)
	if last != nil {
		f.By, f.At = d.actor(ctx, last), last.At
	}
	for _, field := range fieldOrder {
		if slices.ContainsFunc(rows, func(r ui.ClashRow) bool { return r.Field == field }) {
			continue
		}
		for _, c := range d.changes(ctx, trail.Diff{field: diff[field]}) {
			rows = append(rows, ui.ClashRow{Field: field, Label: c.Label, Theirs: orNone(ctx, c.After), Only: true})
		}
	}
	return rows
}
