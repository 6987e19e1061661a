package configuration

import (
	"net/http"
	"net/url"
	"strconv"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
)

// labelProps is a page of labels to print.
type labelProps struct {
	Layout layout
	Sheets [][]*tagged
	Count  int
	More   bool
	Chosen bool // those that were ticked, which may be none
	Skip   int
	Query  url.Values
	Fault  *fault.Error
}

// most is how many labels can be used up of the largest sheet: which one it is
// may be chosen at the same time.
func (p labelProps) most() (n int) {
	for _, l := range layouts {
		n = max(n, l.each()-1)
	}
	return n
}

// labels is the page that prints labels: of the items named in the address, or
// of the list that its filter shows.
func (h handlers) labels(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	p := labelProps{Query: q, Chosen: q.Get("chosen") == "1"}
	var err error
	if p.Layout, err = layoutOf(q.Get("layout")); err != nil {
		return err
	}
	skip, err := number(r, "skip")
	if err != nil {
		return err
	}
	if p.Skip = int(min(skip, int64(p.most())+1)); p.Skip >= p.Layout.each() {
		if _, err := h.desk.Permit(r.Context(), ActionRead); err != nil {
			return err
		}
		p.Fault = fault.OnField("skip", "validation.max", strconv.Itoa(p.Layout.each()-1))
		return web.Render(w, r, web.StatusOf(p.Fault), labelsPage(p))
	}
	f, err := ParseFilter(q)
	if err != nil {
		return err
	}
	list := &f
	if p.Chosen {
		list = nil // who ticks nothing did not mean all
	}
	found, more, err := h.s.Labels(r.Context(), q["item"], list)
	if err != nil {
		return err
	}
	p.Count, p.More, p.Sheets = len(found), more, sheets(found, p.Layout, p.Skip)
	return web.Render(w, r, http.StatusOK, labelsPage(p))
}

// kept are the parameters of the address that the form of the layout carries
// on.
func (p labelProps) kept() [][2]string {
	var out [][2]string
	for _, k := range sortedKeys(p.Query) {
		if k == "layout" || k == "skip" {
			continue
		}
		for _, v := range p.Query[k] {
			out = append(out, [2]string{k, v})
		}
	}
	return out
}
