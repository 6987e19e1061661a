package configuration

import (
	"net/http"

	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type driftsOut struct {
	Items []Drift `json:"items"`
}

func (a api) drifts(w http.ResponseWriter, r *http.Request) error {
	list, err := a.s.Drifts(r.Context())
	if err != nil {
		return err
	}
	if list == nil {
		list = []Drift{}
	}
	return web.JSON(w, http.StatusOK, driftsOut{list})
}

func (a api) settle(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "drift")
	if err != nil {
		return err
	}
	var in SettleInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if err := a.s.Settle(work.WithKey(r.Context(), web.Key(r)), id, in); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// raisedOut is the change that was drafted.
type raisedOut struct {
	Change string `json:"change"` // its number
}

func (a api) raise(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "drift")
	if err != nil {
		return err
	}
	var in RaiseInput
	if r.ContentLength != 0 {
		if err := web.Decode(r, &in); err != nil {
			return err
		}
	}
	number, err := a.s.Raise(work.WithKey(r.Context(), web.Key(r)), id, in)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, raisedOut{number})
}
