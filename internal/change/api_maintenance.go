package change

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type maintenanceOut struct {
	Items []Maintenance `json:"items"`
}

func (a api) maintenance(w http.ResponseWriter, r *http.Request) error {
	l, err := a.s.Maintenance(r.Context())
	if err != nil {
		return err
	}
	out := maintenanceOut{Items: make([]Maintenance, len(l.Windows))}
	for n, m := range l.Windows {
		out.Items[n] = l.seen(m)
	}
	return web.JSON(w, http.StatusOK, out)
}

func (a api) setMaintenance(w http.ResponseWriter, r *http.Request) error {
	var in MaintenanceInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	m, err := a.s.SetMaintenance(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	return a.maintained(w, r, http.StatusCreated, m)
}

func (a api) maintained(w http.ResponseWriter, r *http.Request, status int, m Maintenance) (err error) {
	l := MaintenanceList{}
	if l.Items, err = a.s.names(r.Context(), a.s.desk.DB, m.Items); err != nil {
		return err
	}
	web.ETag(w, m.Version)
	return web.JSON(w, status, l.seen(m))
}

// apiMaintenance is what every act on a window through the API does.
func apiMaintenance[In any](a api, run func(context.Context, uuid.UUID, In) (Maintenance, error)) web.Handler {
	return work.Act(web.At("window"), run, func(w http.ResponseWriter, r *http.Request, m Maintenance) error {
		return a.maintained(w, r, http.StatusOK, m)
	})
}
