package queue

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"opsdesk/internal/ui"
)

// Left is something that a saved view asks for and the list does not know any
// more: the field or parameter, and the values of it; all of it where there are
// none.
type Left struct {
	Name   string
	Values []string
}

// ParseSaved reads the filter of a saved view. It may have been saved by a desk
// that knew other fields: what is not known any more is left out and named, so
// that the view can be opened, counted and saved again. A filter that somebody
// has just typed is for ParseQuery.
func (s *Spec) ParseSaved(query string) (Filter, []Left) {
	q, err := url.ParseQuery(query)
	if err != nil {
		return Filter{}, []Left{{Name: query}}
	}
	var left []Left
	for _, name := range []string{"view", "sort", "group", "q", "limit"} {
		if _, err := s.Parse(url.Values{name: q[name]}); err != nil {
			left = append(left, Left{name, q[name]})
			q.Del(name)
		}
	}
	clauses := q["f"]
	for _, f := range s.Fields {
		if v := split(q[f.Name]); f.Short && len(v) > 0 {
			clauses = append(clauses, Clause{f.Name, "is", v}.String())
			q.Del(f.Name)
		}
	}
	q.Del("f")
	for _, text := range clauses {
		known, gone := s.known(text)
		if known != "" {
			q.Add("f", known)
		}
		if gone != nil {
			left = append(left, *gone)
		}
	}
	f, err := s.Parse(q)
	if err != nil {
		return Filter{}, append(left, Left{Name: query})
	}
	return f, left
}

// known is what a list still knows of a clause, and what it does not; "" for
// nothing, nil for all.
func (s *Spec) known(text string) (string, *Left) {
	if _, err := s.clause(text); err == nil {
		return text, nil
	}
	name, rest, _ := strings.Cut(text, ".")
	op, value, _ := strings.Cut(rest, ".")
	field, ok := s.field(name)
	if !ok || !slices.Contains(field.Ops, op) {
		return "", &Left{Name: text}
	}
	var keep, gone []string
	for _, v := range split([]string{value}) {
		if field.takes(op, v) {
			keep = append(keep, v)
		} else {
			gone = append(gone, v)
		}
	}
	c := Clause{name, op, keep}.String()
	if _, err := s.clause(c); err != nil {
		return "", &Left{name, gone}
	}
	return c, &Left{name, gone}
}

// leftText names what was left out, in the reader's language as far as it still
// has a name.
func (s *Spec) leftText(ctx context.Context, list []Left) string {
	var out []string
	for _, l := range list {
		text := l.Name
		if len(l.Values) > 0 {
			label := "queue.left." + l.Name
			if _, field := s.field(l.Name); field {
				label = s.Label(l.Name)
			}
			text = ui.T(ctx, label) + " " + strings.Join(l.Values, ui.T(ctx, "queue.filter.or"))
		}
		out = append(out, ui.T(ctx, "queue.left.item", "text", text))
	}
	return strings.Join(out, ui.T(ctx, "queue.filter.or"))
}
