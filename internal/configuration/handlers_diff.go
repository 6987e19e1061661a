package configuration

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/ui"
)

// diffProps is an item at two instants that the reader chose.
type diffProps struct {
	itemProps
	From, To string // as typed, or as the page proposes
	Diff     *Diff
	Steps    []Step // to choose from
	Fault    *fault.Error
}

// diffPage compares an item at two instants. Without instants it compares the
// last week, or the item's life if that is shorter.
func (h handlers) diffPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	d, err := h.detail(r)
	if err != nil {
		return err
	}
	p := diffProps{itemProps: itemProps{Detail: d, Tab: "history"}}
	if p.Steps, _, err = h.s.History(ctx, d.ID, 0); err != nil {
		return err
	}
	from, to, f := instants(ctx, r.URL.Query(), d.CreatedAt, h.desk.Now())
	p.From, p.To = seconds(ctx, from), seconds(ctx, to)
	if f == nil {
		found, err := h.s.Diff(ctx, d.ID, from, to)
		if f = fault.Of(err); f != nil && f.Kind != fault.Invalid {
			return err
		}
		p.Diff = &found
	}
	if f == nil {
		return web.Render(w, r, http.StatusOK, diffPage(p))
	}
	p.Fault, p.Diff = f, nil
	for name, to := range map[string]*string{"from": &p.From, "to": &p.To} {
		if ui.FieldError(ctx, f, name) != "" && r.URL.Query().Has(name) {
			*to = r.URL.Query().Get(name)
		}
	}
	return web.Render(w, r, http.StatusUnprocessableEntity, diffPage(p))
}

// instants reads the two instants of an address. What is absent is now, and a
// week before the later one or the beginning; what is wrong names its field.
func instants(ctx context.Context, q url.Values, born, now time.Time) (from, to time.Time, f *fault.Error) {
	wrong := fault.New(fault.Invalid, "error.invalid")
	read := func(name string, other time.Time) time.Time {
		if q.Get(name) == "" {
			return other
		}
		t, err := local(ctx, name, q.Get(name))
		if err != nil {
			wrong.Fields = append(wrong.Fields, fault.Of(err).Fields...)
		}
		return t
	}
	to = read("to", now)
	earlier := to.AddDate(0, 0, -7)
	if earlier.Before(born) {
		earlier = born
	}
	if from = read("from", earlier); len(wrong.Fields) > 0 {
		return from, to, wrong
	}
	return from, to, nil
}

// seconds writes an instant for a datetime-local field to the second, rounded
// up: what began within that second has begun.
func seconds(ctx context.Context, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if whole := t.Truncate(time.Second); !whole.Equal(t) {
		t = whole.Add(time.Second)
	}
	return t.In(ui.Zone(ctx)).Format("2006-01-02T15:04:05")
}

// moment writes an instant of a comparison to the second, as its field does.
func moment(ctx context.Context, t time.Time) string {
	return strings.Replace(seconds(ctx, t), "T", " ", 1)
}

// diffLink is the address of a comparison; an empty instant leaves it to the
// page.
func diffLink(i Item, from, to string) string {
	q := url.Values{}
	if from != "" {
		q.Set("from", from)
	}
	if to != "" {
		q.Set("to", to)
	}
	if len(q) == 0 {
		return itemURL(i, "/diff")
	}
	return itemURL(i, "/diff?", q.Encode())
}

// exact writes an instant so that it is read back as it is.
func exact(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
