package notify

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
)

// mountHabits adds the page on which people choose what they are told.
func mountHabits(s *Service, rt web.Router) {
	rt.Get("/me/notifications", s.habitsPage)
	rt.Post("/me/notifications", s.saveHabits)
	rt.API(http.MethodGet, "/api/v1/me/notifications", web.Op{ID: "getHabits", Tag: "notifications", Summary: "What the caller is told, how and when", Out: Habits{}}, s.apiHabits)
	rt.API(http.MethodPut, "/api/v1/me/notifications", web.Op{
		ID: "setHabits", Tag: "notifications", Summary: "Change what the caller is told, how and when", In: Habits{}, Status: http.StatusNoContent,
	}, s.apiSetHabits)
}

// habitsProps is the page.
type habitsProps struct {
	Habits
	Mail  bool // the person takes mail at all
	Zone  string
	From  string
	To    string
	Fault *fault.Error
}

func (s *Service) habitsProps(r *http.Request, h Habits) (habitsProps, error) {
	p := habitsProps{Habits: h, From: clock(h.QuietFrom), To: clock(h.QuietTo)}
	if h.QuietFrom == h.QuietTo {
		p.From, p.To = "", ""
	}
	who, err := s.me(r.Context())
	p.Mail, p.Zone = who.Mail && who.Email != "", who.TimeZone
	return p, err
}

func clock(m int) string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }

func (s *Service) habitsPage(w http.ResponseWriter, r *http.Request) error {
	h, err := s.Habits(r.Context())
	if err != nil {
		return err
	}
	p, err := s.habitsProps(r, h)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, habitsPage(p))
}

// saveHabits reads the form: a box for each group and channel, ticked where the
// person wants it.
func (s *Service) saveHabits(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	f := r.PostForm
	h := Habits{Digest: f.Get("digest"), Urgent: ticked(f["urgent"]), QuietWeekend: ticked(f["quiet_weekend"])}
	for _, g := range Groups {
		for _, c := range Channels {
			if !slices.Contains(f["want"], g+":"+c) {
				h.Off = append(h.Off, g+":"+c)
			}
		}
	}
	var err error
	for name, to := range map[string]*int{"quiet_from": &h.QuietFrom, "quiet_to": &h.QuietTo, "digest_at": &h.DigestAt} {
		m, ok := minutes(f.Get(name))
		if *to = m; !ok {
			err = fault.OnField(name, "validation.datetime")
		}
	}
	if err == nil && (f.Get("quiet_from") == "") != (f.Get("quiet_to") == "") {
		err = fault.OnField("quiet_to", "notify.error.quiet_half")
	}
	if err == nil {
		err = s.SetHabits(r.Context(), h)
	}
	if err != nil {
		x := fault.Of(err)
		if x.Kind != fault.Invalid {
			return err
		}
		p, perr := s.habitsProps(r, h)
		if perr != nil {
			return perr
		}
		p.From, p.To, p.Fault = f.Get("quiet_from"), f.Get("quiet_to"), x
		return web.Render(w, r, web.StatusOf(x), habitsPage(p))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/me/notifications")
}

func ticked(values []string) bool {
	return len(values) > 0 && values[len(values)-1] == "true"
}

// minutes reads a time of day as minutes after midnight; "" is 0.
func minutes(s string) (int, bool) {
	if s = strings.TrimSpace(s); s == "" {
		return 0, true
	}
	a, b, _ := strings.Cut(s, ":")
	hour, err := strconv.Atoi(a)
	minute, err2 := strconv.Atoi(b)
	return hour*60 + minute, err == nil && err2 == nil && hour >= 0 && hour < 24 && minute >= 0 && minute < 60
}

func (s *Service) apiHabits(w http.ResponseWriter, r *http.Request) error {
	h, err := s.Habits(r.Context())
	if err != nil {
		return err
	}
	if h.Off == nil {
		h.Off = []string{}
	}
	return web.JSON(w, http.StatusOK, h)
}

func (s *Service) apiSetHabits(w http.ResponseWriter, r *http.Request) error {
	h, err := s.Habits(r.Context())
	if err == nil {
		err = web.Decode(r, &h)
	}
	if err == nil {
		err = s.SetHabits(r.Context(), h)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
