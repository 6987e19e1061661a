package change

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// meetingsProps is the list of meetings, with the form of a new one for those
// who plan them.
type meetingsProps struct {
	Rows  []MeetingRow
	Next  string
	May   bool
	Board Board
	Form  url.Values
	Fault *fault.Error
}

func (h handlers) meetingsOf(r *http.Request) (p meetingsProps, err error) {
	p.Form = url.Values{}
	p.Rows, p.Next, err = h.s.Meetings(r.Context(), r.URL.Query().Get("cursor"))
	if err != nil {
		return p, err
	}
	p.May = h.desk.Can(r.Context(), ActionMeet, nil)
	p.Board, err = h.s.Board(r.Context())
	return p, err
}

// board saves how the board decides.
func (h handlers) board(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	var in BoardInput
	err := web.Form(r.Form, &in)
	if err == nil {
		_, err = h.s.SetBoard(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if err != nil {
		f := fault.Of(err)
		if !shown(f) {
			return err
		}
		p, perr := h.meetingsOf(r)
		if perr != nil {
			return err
		}
		p.Form, p.Fault = r.Form, f
		return web.Render(w, r, web.StatusOf(f), meetingsPage(p))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, meetingAddress())
}

func (h handlers) meetings(w http.ResponseWriter, r *http.Request) error {
	p, err := h.meetingsOf(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, meetingsPage(p))
}

// meetingProps is one meeting, and how the last form on it fared.
type meetingProps struct {
	MeetingDetail
	Form  url.Values
	Fault *fault.Error
}

// Get is the value of a field as it was typed, or what it is now.
func (p meetingProps) Get(field, now string) string {
	if p.Form.Has(field) {
		return p.Form.Get(field)
	}
	return now
}

func meetingAddress(parts ...string) string { return address("meetings", parts...) }

func (h handlers) meeting(r *http.Request) (MeetingDetail, error) {
	id, err := web.PathID(r, "meeting")
	if err != nil {
		return MeetingDetail{}, err
	}
	return h.s.Meeting(r.Context(), id)
}

func (h handlers) meetingPage(w http.ResponseWriter, r *http.Request) error {
	d, err := h.meeting(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, meetingPage(meetingProps{MeetingDetail: d, Form: url.Values{}}))
}

func (h handlers) meetingPaper(w http.ResponseWriter, r *http.Request) error {
	d, err := h.meeting(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, meetingPaper(d))
}

func meetingInput(r *http.Request) (in MeetingInput, err error) {
	for _, f := range []string{"begins_at", "ends_at"} {
		local(r.Context(), r.Form, f)
	}
	return in, web.Form(r.Form, &in)
}

func (h handlers) planMeeting(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	in, err := meetingInput(r)
	var m Meeting
	if err == nil {
		m, err = h.s.PlanMeeting(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if err != nil {
		f := fault.Of(err)
		if !shown(f) {
			return err
		}
		p, perr := h.meetingsOf(r)
		if perr != nil {
			return err
		}
		p.Form, p.Fault = r.Form, f
		return web.Render(w, r, web.StatusOf(f), meetingsPage(p))
	}
	web.Flash(w, "change.said.meeting_planned")
	return web.SeeOther(w, r, meetingAddress(m.ID.String()))
}

// onMeeting is the target of the forms on a meeting's page; read turns the form
// into the input.
func onMeeting[In any](h handlers, read func(*http.Request, *In) error, run func(context.Context, uuid.UUID, In) (Meeting, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := readForm(w, r); err != nil {
			return err
		}
		d, err := h.meeting(r)
		if err != nil {
			return err
		}
		var in In
		if err = read(r, &in); err == nil {
			_, err = run(work.WithKey(r.Context(), web.Key(r)), d.ID, in)
		}
		if err != nil {
			if f := fault.Of(err); shown(f) {
				return web.Render(w, r, web.StatusOf(f), meetingPage(meetingProps{MeetingDetail: d, Form: r.Form, Fault: f}))
			}
			return err
		}
		web.Flash(w, "ui.done")
		return web.SeeOther(w, r, meetingAddress(d.ID.String()))
	}
}

func readMeeting(r *http.Request, in *MeetingInput) (err error) {
	*in, err = meetingInput(r)
	return err
}

func readStep(r *http.Request, in *StepInput) (err error) {
	if in.Version, err = strconv.Atoi(r.Form.Get("version")); err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	return nil
}

// readMinutes reads the minutes: what was said under said.<change>, and the
// names of those present. The form has an empty value beside those ticked: with
// it alone nobody is.
func readMinutes(r *http.Request, in *MinutesInput) error {
	if err := web.Form(r.Form, in); err != nil {
		return err
	}
	for field, v := range r.Form {
		if rest, ok := strings.CutPrefix(field, "said."); ok {
			id, err := uuid.Parse(rest)
			if err != nil {
				return fault.OnField("said", "validation.uuid")
			}
			in.Said = append(in.Said, Said{id, v[0]})
		}
	}
	return nil
}
