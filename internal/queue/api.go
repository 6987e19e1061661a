package queue

import (
	"net/http"
	"strings"

	"opsdesk/internal/platform/web"
	"opsdesk/internal/view"
	"opsdesk/internal/work"
)

type (
	viewOut struct {
		view.View
		Count int `json:"count"` // at most 100, which stands for "more than 99"
	}
	viewsOut struct {
		Items []viewOut `json:"items"`
	}
)

// mountAPI adds the operations of saved views and of the export.
func (q *Queue[R]) mountAPI(rt web.Router, one, many, tag string) {
	at := "/api/v1/" + strings.ToLower(one) + "-views"
	rt.API(http.MethodPost, "/api/v1"+q.Path+"/export", web.Op{ID: "export" + many, Tag: tag, Summary: "The rows of a list as a file; 202 with the job where there are more than 1,000", In: ExportInput{}, ContentType: "application/octet-stream"}, q.exportAPI)
	rt.API(http.MethodGet, at, web.Op{ID: "list" + one + "Views", Tag: tag, Summary: "Saved views of the caller and their teams, with counts up to 100", Out: viewsOut{}}, q.listViewsAPI)
	rt.API(http.MethodPost, at, web.Op{ID: "save" + one + "View", Tag: tag, Summary: "Make a saved view, or change one", In: view.SaveInput{}, Out: view.View{}, Idempotent: true}, q.saveViewAPI)
	rt.API(http.MethodDelete, at+"/{view}", web.Op{ID: "delete" + one + "View", Tag: tag, Summary: "Delete a saved view", Status: http.StatusNoContent}, q.deleteViewAPI)
}

func (q *Queue[R]) exportAPI(w http.ResponseWriter, r *http.Request) error {
	x, err := q.file(r)
	if err != nil {
		return err
	}
	if x.Batch != nil {
		w.Header().Set("Location", "/api/v1/jobs/"+x.Batch.ID.String())
		return web.JSON(w, http.StatusAccepted, x.Batch)
	}
	return x.send(w)
}

func (q *Queue[R]) listViewsAPI(w http.ResponseWriter, r *http.Request) error {
	list, n, err := q.Saved(r.Context())
	if err != nil {
		return err
	}
	out := viewsOut{Items: []viewOut{}}
	for _, v := range list {
		out.Items = append(out.Items, viewOut{v, n[v.ID.String()]})
	}
	return web.JSON(w, http.StatusOK, out)
}

func (q *Queue[R]) saveViewAPI(w http.ResponseWriter, r *http.Request) error {
	var in view.SaveInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	v, err := q.Saves.Save(work.WithKey(r.Context(), web.Key(r)), q.Kind, in)
	if err != nil {
		return err
	}
	q.Forget(v.OwnerID)
	return web.JSON(w, http.StatusOK, v)
}

func (q *Queue[R]) deleteViewAPI(w http.ResponseWriter, r *http.Request) error {
	v, err := q.saved(r)
	if err != nil {
		return err
	}
	if _, err := q.Saves.Delete(r.Context(), v.ID, view.DeleteInput{}); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
