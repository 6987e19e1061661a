package change

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type (
	spanQuery struct {
		From    string `query:"from"` // RFC 3339
		To      string `query:"to"`
		Service string `query:"service"`
		Item    string `query:"item"`
	}
	calendarOut struct {
		Changes     []Slot   `json:"changes"`
		Freezes     []Freeze `json:"freezes"`
		Windows     []Band   `json:"windows"`
		More        bool     `json:"more"`
		MoreFreezes bool     `json:"more_freezes"`
		MoreWindows bool     `json:"more_windows"`
	}
)

func (a api) calendar(w http.ResponseWriter, r *http.Request) (err error) {
	q := r.URL.Query()
	var s Span
	for name, to := range map[string]*time.Time{"from": &s.From, "to": &s.To} {
		if *to, err = time.Parse(time.RFC3339, q.Get(name)); err != nil {
			return fault.OnField(name, "validation.datetime")
		}
	}
	for name, to := range map[string]**uuid.UUID{"service": &s.Service, "item": &s.Item} {
		if v := q.Get(name); v != "" {
			id, err := uuid.Parse(v)
			if err != nil {
				return fault.OnField(name, "validation.uuid")
			}
			*to = &id
		}
	}
	c, err := a.s.Calendar(r.Context(), s)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, calendarOut{nonNil(c.Slots), nonNil(c.Freezes), nonNil(c.Bands), c.More, c.MoreFreezes, c.MoreBands})
}

func (a api) freeze(w http.ResponseWriter, r *http.Request) error {
	var in FreezeInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	f, err := a.s.Freeze(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	web.ETag(w, f.Version)
	return web.JSON(w, http.StatusCreated, f)
}

// lifted answers with a freeze that was ended.
func lifted(w http.ResponseWriter, _ *http.Request, f Freeze) error {
	web.ETag(w, f.Version)
	return web.JSON(w, http.StatusOK, f)
}
