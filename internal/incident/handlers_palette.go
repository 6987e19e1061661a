package incident

import (
	"net/http"
	"strings"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/web"
)

// recentMost is how many records a browser may ask about that were opened in it.
const recentMost = 10

// palette answers the command palette: a number first, then titles; and where
// nothing is typed, what the reader opened last.
func (h handlers) palette(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	who, err := identity.From(ctx)
	if err != nil {
		return err
	}
	if numbers := r.URL.Query().Get("recent"); numbers != "" {
		list, err := h.s.Opened(ctx, recent(numbers))
		if err != nil {
			return err
		}
		return web.Render(w, r, http.StatusOK, paletteRows("pal-recent", list))
	}
	typed := strings.TrimSpace(r.URL.Query().Get("q"))
	q := strings.TrimLeft(typed, "#@>")
	q = strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(q, "\x00", ""), ""))
	p := paletteProps{Text: q, Agent: who.Agent()}
	if q == "" || len(q) > 200 {
		return web.Render(w, r, http.StatusOK, paletteHits(p))
	}
	if p.Found, err = h.s.look(ctx, q, !strings.HasPrefix(typed, "@"), !strings.HasPrefix(typed, "#")); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, paletteHits(p))
}

// recent reads the numbers of what was opened.
func recent(text string) []string {
	var out []string
	for n := range strings.SplitSeq(strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), ""), ",") {
		if n != "" && len(n) < 40 && len(out) < recentMost {
			out = append(out, n)
		}
	}
	return out
}

// paletteProps is what the palette found.
type paletteProps struct {
	Found
	Text  string
	Agent bool
}
