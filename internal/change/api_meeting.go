package change

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type (
	meetingsQuery struct {
		Cursor string `query:"cursor"`
	}
	meetingsOut struct {
		Items []MeetingRow `json:"items"`
		Next  string       `json:"next"`
	}
)

func (a api) meetings(w http.ResponseWriter, r *http.Request) error {
	rows, next, err := a.s.Meetings(r.Context(), r.URL.Query().Get("cursor"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, meetingsOut{nonNil(rows), next})
}

// meeting is one meeting; topics that the caller may not see are left out.
func (a api) meeting(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "meeting")
	if err != nil {
		return err
	}
	d, err := a.s.Meeting(r.Context(), id)
	if err != nil {
		return err
	}
	return a.meets(w, http.StatusOK, d)
}

func (a api) meets(w http.ResponseWriter, status int, d MeetingDetail) error {
	m := d.Meeting
	m.Agenda = []AgendaItem{}
	for _, t := range d.Topics {
		m.Agenda = append(m.Agenda, t.AgendaItem)
	}
	m.Present = nonNil(m.Present)
	web.ETag(w, m.Version)
	return web.JSON(w, status, m)
}

func (a api) planMeeting(w http.ResponseWriter, r *http.Request) error {
	var in MeetingInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	m, err := a.s.PlanMeeting(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	d, err := a.s.Meeting(r.Context(), m.ID)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/change-meetings/"+m.ID.String())
	return a.meets(w, http.StatusCreated, d)
}

// apiMeeting is what every act on a meeting through the API does.
func apiMeeting[In any](a api, run func(context.Context, uuid.UUID, In) (Meeting, error)) web.Handler {
	return work.Act(web.At("meeting"), run, func(w http.ResponseWriter, r *http.Request, m Meeting) error {
		d, err := a.s.Meeting(r.Context(), m.ID)
		if err != nil {
			return err
		}
		return a.meets(w, http.StatusOK, d)
	})
}
