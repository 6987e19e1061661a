package configuration

import (
	"context"
	"net/http"
	"time"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/ui"
)

// historyProps is the history of an item and, where asked for, its state at an
// instant.
type historyProps struct {
	itemProps
	Steps []Step
	Names Names
	Next  int
	At    string // as typed
	Then  *Version
	Since []Change // from then to now
	Fault *fault.Error
}

func (h handlers) history(w http.ResponseWriter, r *http.Request) error {
	d, err := h.detail(r)
	if err != nil {
		return err
	}
	p := historyProps{itemProps: itemProps{Detail: d, Tab: "history"}, At: r.URL.Query().Get("at")}
	below, err := place(r.URL.Query(), "below")
	if err != nil {
		return err
	}
	if p.Steps, p.Names, err = h.s.History(r.Context(), d.ID, below); err != nil {
		return err
	}
	if n := len(p.Steps); n >= PageSize && p.Steps[n-1].Version.Version > 1 {
		p.Next = p.Steps[n-1].Version.Version
	}
	status := http.StatusOK
	if p.At != "" {
		if p.Fault = h.then(r.Context(), &p); p.Fault != nil {
			if p.Fault.Kind != fault.Invalid {
				return p.Fault
			}
			status = http.StatusUnprocessableEntity
		}
	}
	return web.Render(w, r, status, historyPage(p))
}

// then reads the state at the instant typed, which is in the reader's zone.
func (h handlers) then(ctx context.Context, p *historyProps) *fault.Error {
	at, err := local(ctx, "at", p.At)
	if err != nil {
		return fault.Of(err)
	}
	v, err := h.s.At(ctx, p.ID, at)
	if err != nil {
		return fault.Of(err)
	}
	p.Then, p.Since = &v, Compare(v.State, p.state())
	m := p.Model
	if p.Names, err = h.s.names(ctx, m, append(statesOf(p.Steps), v.State, p.state())...); err != nil {
		return fault.Of(err)
	}
	return nil
}

func statesOf(list []Step) []State {
	var out []State
	for _, x := range list {
		out = append(out, x.State)
	}
	return out
}

// local reads an instant of a field, in the reader's zone unless it names one.
func local(ctx context.Context, field, s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, ui.Zone(ctx)); err == nil {
			if layout == time.DateOnly {
				t = t.AddDate(0, 0, 1).Add(-time.Microsecond)
			}
			return t, nil
		}
	}
	return time.Time{}, fault.OnField(field, "validation.datetime")
}
