package incident

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
)

// mentionable answers the composer while a name is typed after an @.
func (h handlers) mentionable(w http.ResponseWriter, r *http.Request) error {
	id, err := h.s.key(r)
	if err != nil {
		return err
	}
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	if !utf8.ValidString(q) || strings.Contains(q, "\x00") || len(q) > 60 {
		return web.Render(w, r, http.StatusOK, mentionList(nil, false))
	}
	found, err := h.s.Mentionable(r.Context(), id, q)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, mentionList(found, r.URL.Query().Get("kind") == "note"))
}

// mayGrant reports whether the reader may let in whom their text called.
func (p *ticketProps) mayGrant() bool {
	return p.Can(letInBy(p.Incident)) && slices.ContainsFunc(p.Fault.Fields, func(f fault.Field) bool { return f.Code == "incident.error.mention_no_access" })
}
