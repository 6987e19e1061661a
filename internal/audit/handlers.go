package audit

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/trail"
	"opsdesk/internal/ui"
)

//go:embed messages/*.json
var messages embed.FS

const pageSize = 100

type handlers struct{ s *Service }

// Mount adds the trail's pages and API.
func Mount(s *Service, rt web.Router) {
	h := handlers{s}
	mountControls(h, rt)
	rt.Get("/trail", h.listPage)
	rt.Get("/trail/log", h.logPage)
	rt.Post("/trail/verify", h.verify)
	rt.Get("/trail/{id}", h.entryPage)
	rt.Get("/trail/{id}/proof", h.proof)

	op := func(id, summary string, out any) web.Op {
		return web.Op{ID: id, Tag: "trail", Summary: summary, Out: out}
	}
	l := op("listTrail", "Acts, newest first: who did what, when, from where, refused ones included", listOut{})
	l.Query = listQuery{}
	rt.API(http.MethodGet, "/api/v1/trail", l, h.apiList)
	rt.API(http.MethodGet, "/api/v1/trail/checkpoint", op("getCheckpoint", "The newest signed checkpoint", checkpointOut{}), h.apiCheckpoint)
	rt.API(http.MethodGet, "/api/v1/trail/checks", op("listChecks", "The newest verifications", checksOut{}), h.apiChecks)
	v := op("verifyTrail", "Have the whole trail verified; see the checks for what it finds", nil)
	v.Status = http.StatusAccepted
	rt.API(http.MethodPost, "/api/v1/trail/checks", v, h.apiVerify)
	rt.API(http.MethodGet, "/api/v1/trail/{id}", op("getTrailEntry", "One act", entryOut{}), h.apiEntry)
	rt.API(http.MethodGet, "/api/v1/trail/{id}/proof", op("getProof", "The inclusion proof of one act, to be checked offline with `opsdesk trail check`", trail.Proof{}), h.proof)
}

type (
	listQuery struct {
		Number  string `query:"number"`
		Actor   string `query:"actor"`
		Action  string `query:"action"`
		Outcome string `query:"outcome" enum:"success,denied,failure"`
		From    string `query:"from" format:"date-time"`
		To      string `query:"to" format:"date-time"`
		Before  int64  `query:"before"`
	}
	entryOut struct {
		ID         int64               `json:"id"`
		At         time.Time           `json:"at"`
		OccurredAt time.Time           `json:"occurred_at"`
		ActorID    string              `json:"actor_id"`
		Actor      string              `json:"actor"`
		Action     string              `json:"action"`
		Kind       string              `json:"kind"`
		RecordID   string              `json:"record_id"`
		Number     string              `json:"number"`
		Version    int                 `json:"version"`
		Outcome    string              `json:"outcome"`
		Reason     string              `json:"reason"`
		Changes    map[string][]string `json:"changes"`
		Session    string              `json:"session"`
		RequestID  string              `json:"request_id"`
		IP         string              `json:"ip"`
		UserAgent  string              `json:"user_agent"`
		App        string              `json:"app"`
	}
	listOut struct {
		Items []entryOut `json:"items"`
		Next  int64      `json:"next"` // for before; 0 at the end
	}
	checkpointOut struct {
		Size int64     `json:"size"`
		Root string    `json:"root"`
		At   time.Time `json:"at"`
		Note string    `json:"note"`
	}
	checksOut struct {
		Items []Check `json:"items"`
	}
)

func out(e trail.Entry) (entryOut, error) {
	o := entryOut{
		e.ID, e.At, e.OccurredAt, e.ActorID.String(), e.ActorName, string(e.Action), string(e.Kind), e.RecordID.String(), e.Number, e.Version, string(e.Outcome), e.Reason,
		map[string][]string{},
		e.Session, e.RequestID, e.IP, e.UserAgent, e.App,
	}
	d, err := e.Changes()
	for f, v := range d {
		o.Changes[f] = []string{text(v[0]), text(v[1])}
	}
	return o, err
}

// text writes a value of a diff; what is not a plain word stays JSON.
func text(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

func clean(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), ""))
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "")
	}
	return s
}

func filterOf(r *http.Request) (trail.Filter, error) {
	q := r.URL.Query()
	f := trail.Filter{
		Number: strings.ToUpper(clean(q.Get("number"))), Actor: clean(q.Get("actor")), Action: clean(q.Get("action")), Outcome: trail.Outcome(q.Get("outcome")), Limit: pageSize + 1,
	}
	if !known(q.Get("outcome")) {
		return f, fault.OnField("outcome", "validation.oneof")
	}
	for name, to := range map[string]**time.Time{"from": &f.From, "to": &f.To} {
		s := q.Get(name)
		if s == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t, err = time.ParseInLocation("2006-01-02T15:04", s, ui.Zone(r.Context()))
		}
		if err != nil {
			return f, fault.OnField(name, "validation.datetime")
		}
		*to = &t
	}
	if s := q.Get("before"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 0 {
			return f, fault.OnField("before", "validation.number")
		}
		f.Before = n
	}
	return f, nil
}

func (h handlers) list(r *http.Request) ([]trail.Entry, int64, error) {
	f, err := filterOf(r)
	if err != nil {
		return nil, 0, err
	}
	list, err := h.s.List(r.Context(), f)
	next := int64(0)
	if len(list) > pageSize {
		list = list[:pageSize]
		next = list[pageSize-1].ID
	}
	return list, next, err
}

type listProps struct {
	Entries []trail.Entry
	Query   url.Values
	Next    int64
}

func (p listProps) more() string {
	q := url.Values{}
	for k, v := range p.Query {
		q[k] = v
	}
	q.Set("before", strconv.FormatInt(p.Next, 10))
	return "/trail?" + q.Encode()
}

func (h handlers) listPage(w http.ResponseWriter, r *http.Request) error {
	list, next, err := h.list(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, listPage(listProps{list, r.URL.Query(), next}))
}

type logProps struct {
	Checkpoint trail.Checkpoint
	Checks     []Check
	MayVerify  bool
}

func (h handlers) logPage(w http.ResponseWriter, r *http.Request) error {
	p := logProps{MayVerify: h.s.desk.Can(r.Context(), ActionVerify, nil)}
	var err error
	if p.Checkpoint, err = h.s.Checkpoint(r.Context()); err != nil {
		return err
	}
	if p.Checks, err = h.s.Checks(r.Context()); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, logPage(p))
}

func (h handlers) verify(w http.ResponseWriter, r *http.Request) error {
	if err := h.s.Ask(r.Context()); err != nil {
		return err
	}
	web.Flash(w, "audit.asked")
	return web.SeeOther(w, r, "/trail/log")
}

func entryID(r *http.Request) (int64, error) {
	n, err := strconv.ParseInt(chi.URLParam(r, "id"), 10, 64)
	if err != nil || n < 1 {
		return 0, fault.Wrap(fault.NotFound, "error.not_found", err)
	}
	return n, nil
}

func (h handlers) entry(r *http.Request) (trail.Entry, error) {
	id, err := entryID(r)
	if err != nil {
		return trail.Entry{}, err
	}
	return h.s.Get(r.Context(), id)
}

func (h handlers) entryPage(w http.ResponseWriter, r *http.Request) error {
	e, err := h.entry(r)
	if err != nil {
		return err
	}
	d, err := e.Changes()
	if err != nil {
		return err
	}
	sealed, err := h.s.Sealed(r.Context(), e)
	if err != nil {
		return err
	}
	url := ""
	if e.Number != "" {
		url = h.s.desk.Kinds.URL(e.Kind, e.Number)
	}
	return web.Render(w, r, http.StatusOK, entryPage(e, d, sealed, url))
}

func (h handlers) proof(w http.ResponseWriter, r *http.Request) error {
	id, err := entryID(r)
	if err != nil {
		return err
	}
	p, err := h.s.Prove(r.Context(), id)
	if err != nil {
		return err
	}
	if !web.IsAPI(r) {
		w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="trail-%d-proof.json"`, id))
	}
	return web.JSON(w, http.StatusOK, p)
}

func (h handlers) apiList(w http.ResponseWriter, r *http.Request) error {
	list, next, err := h.list(r)
	if err != nil {
		return err
	}
	o := listOut{Items: []entryOut{}, Next: next}
	for _, e := range list {
		x, err := out(e)
		if err != nil {
			return err
		}
		o.Items = append(o.Items, x)
	}
	return web.JSON(w, http.StatusOK, o)
}

func (h handlers) apiEntry(w http.ResponseWriter, r *http.Request) error {
	e, err := h.entry(r)
	if err != nil {
		return err
	}
	o, err := out(e)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, o)
}

func (h handlers) apiCheckpoint(w http.ResponseWriter, r *http.Request) error {
	c, err := h.s.Checkpoint(r.Context())
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, checkpointOut{c.Size, c.Root.String(), c.At, c.Note})
}

func (h handlers) apiChecks(w http.ResponseWriter, r *http.Request) error {
	list, err := h.s.Checks(r.Context())
	if err != nil {
		return err
	}
	if list == nil {
		list = []Check{}
	}
	return web.JSON(w, http.StatusOK, checksOut{list})
}

func (h handlers) apiVerify(w http.ResponseWriter, r *http.Request) error {
	if err := h.s.Ask(r.Context()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}
