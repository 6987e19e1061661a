package incident

import (
	"net/http"
	"strconv"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
)

// mountFamily adds the pages and the API of parents and children.
func mountFamily(m mounter) {
	act(m, "parent", ActionParent, "Make it a child of another incident", m.a.s.Attach)
	act(m, "parent/remove", ActionParent, "End that it is a child", m.a.s.Detach)
	act(m, "children", ActionParent, "Make several incidents its children: all, or none", m.a.s.Adopt)
	m.rt.API(http.MethodGet, "/api/v1/incidents/{id}/children", web.Op{ID: "listChildren", Tag: "incidents", Summary: "Children of an incident, newest first", Query: pageQuery{}, Out: listOut{}}, m.a.children)
	m.rt.API(http.MethodGet, "/api/v1/incidents/{id}/cascade", web.Op{ID: "getCascade", Tag: "incidents", Summary: "The last step that its children took with it, and how far that is", Out: Cascade{}}, m.a.cascade)
}

// pageQuery are the parameters of a list that has no filter.
type pageQuery struct {
	Limit  int    `query:"limit"`
	Cursor string `query:"cursor"`
}

// limit reads how many rows a page of a list is to have; 0 where it is not said.
func limit(r *http.Request) (int, error) {
	v := r.URL.Query().Get("limit")
	if v == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 200 {
		return 0, fault.OnField("limit", "validation.number")
	}
	return n, nil
}

func (a api) children(w http.ResponseWriter, r *http.Request) error {
	id, err := a.s.key(r)
	if err != nil {
		return err
	}
	n, err := limit(r)
	if err != nil {
		return err
	}
	p, err := a.s.Children(r.Context(), id, n, r.URL.Query().Get("cursor"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, a.rows(r.Context(), p))
}

func (a api) cascade(w http.ResponseWriter, r *http.Request) error {
	return part(w, r, a.s, a.s.Cascaded)
}
