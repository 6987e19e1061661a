package change

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/approval"
	"opsdesk/internal/comment"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/trail"
	"opsdesk/internal/ui"
)

// lamp is how a state looks in lists, in the shapes that all records share.
func lamp(s State) string {
	switch s {
	case Draft, Submitted:
		return "new"
	case Assessing, Testing, Reviewing, Approved, Scheduled:
		return "accepted"
	case Implementing, RollingBack, Verifying:
		return "in_progress"
	case Review:
		return "resolved"
	case Closed:
		return "closed"
	}
	return "cancelled"
}

func stateKey(s string) string { return "change.state." + s }

// stage is one stage of the life as the page shows it.
type stage struct {
	Key  string
	Done bool
	Now  bool
}

// stages are the stages that a change goes through, by its type.
func stages(c Change) []stage {
	list := []struct {
		key    string
		states []State
	}{
		{"draft", []State{Draft, Submitted}},
		{"assess", []State{Assessing}},
		{"test", []State{Testing}},
		{"review", []State{Reviewing}},
		{"schedule", []State{Approved, Scheduled}},
		{"implement", []State{Implementing, RollingBack}},
		{"verify", []State{Verifying}},
		{"pir", []State{Review}},
	}
	var out []stage
	reached := -1
	for _, s := range list {
		if c.Type == Emergency && (s.key == "assess" || s.key == "test") || c.Type == Standard && (s.key == "assess" || s.key == "test" || s.key == "review") {
			continue
		}
		if slices.Contains(s.states, c.State) {
			reached = len(out)
		}
		out = append(out, stage{Key: s.key})
	}
	if c.State == Closed {
		reached = len(out)
	}
	for i := range out {
		out[i].Done, out[i].Now = i < reached, i == reached
	}
	return out
}

// cell is one cell of the risk matrix.
type cell struct {
	Score     int
	Class     string
	Now, Then bool // what is left of the risk, and what it was before mitigation
}

// matrix is the risk matrix, the worst impact first.
func matrix(a Assessment) [][]cell {
	bi, bl := a.Before()
	ai, al := a.After()
	var out [][]cell
	for impact := 5; impact >= 1; impact-- {
		var row []cell
		for likelihood := 1; likelihood <= 5; likelihood++ {
			n := Score(impact, likelihood)
			c := cell{Score: n, Class: map[Level]string{Low: "l", Medium: "m", High: "h"}[LevelOf(impact, likelihood)], Now: impact == ai && likelihood == al}
			if n >= 20 {
				c.Class = "c"
			}
			c.Then = impact == bi && likelihood == bl && !c.Now
			row = append(row, c)
		}
		out = append(out, row)
	}
	return out
}

func riskText(ctx context.Context, c Change) string {
	i, l := c.Assessment.After()
	return ui.T(ctx, "change.risk_score", "level", ui.T(ctx, "change.risk."+string(c.Risk)), "score", Score(i, l))
}

func typeColour(t Type) string {
	switch t {
	case Emergency:
		return "red"
	case Standard:
		return "teal"
	}
	return "violet"
}

func pick(ctx context.Context, zh, en string) string { return i18n.Pick(ctx, zh, en) }

func idText(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return id.String()
}

func named(ctx context.Context, list []Named) []ui.Option {
	out := []ui.Option{{Label: ui.T(ctx, "ui.none")}}
	for _, n := range list {
		out = append(out, ui.Option{Value: n.ID.String(), Label: pick(ctx, n.Name, n.NameEn)})
	}
	return out
}

func options(ctx context.Context, prefix string, values ...string) []ui.Option {
	var out []ui.Option
	for _, v := range values {
		out = append(out, ui.Option{Value: v, Label: ui.T(ctx, prefix+v)})
	}
	return out
}

// levels are the answers 1 to 5 to a question of the assessment.
func levels(ctx context.Context, prefix string) []ui.Option {
	var out []ui.Option
	for n := 1; n <= 5; n++ {
		out = append(out, ui.Option{Value: strconv.Itoa(n), Label: strconv.Itoa(n) + " " + ui.T(ctx, prefix+strconv.Itoa(n))})
	}
	return out
}

// link is the list's address with some of its parts changed.
func (p listProps) link(pairs ...string) string {
	q := url.Values{}
	for k, v := range p.Query {
		if k != "cursor" {
			q[k] = slices.Clone(v)
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Del(pairs[i])
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return "/changes"
	}
	return "/changes?" + q.Encode()
}

func (p listProps) view() string {
	if p.Filter.View == "" {
		return "open"
	}
	return p.Filter.View
}

func (p listProps) filtered() bool {
	return p.Filter.Text != "" || p.Filter.Type != "" || p.Filter.Risk != ""
}

// Get is the value of a field as it was typed, as the draft has it, or what it
// is now.
func (p planProps) Get(field, now string) string {
	if p.Form != nil {
		if p.Form.Has(field) {
			return p.Form.Get(field)
		}
		return now
	}
	if v, ok := p.Draft[field]; ok {
		return v
	}
	return now
}

// instant is a date of the form for its field.
func (p planProps) instant(ctx context.Context, field string, now *time.Time) string {
	v := p.Get(field, "")
	if t, err := time.Parse(time.RFC3339, v); err == nil {
		return ui.Local(ctx, t)
	}
	if v != "" || p.Form != nil && p.Form.Has(field) {
		return v
	}
	if now == nil {
		return ""
	}
	return ui.Local(ctx, *now)
}

// row is one row of a list of steps in the form.
type row struct {
	N                           int
	Title, Owner, Minutes, How  string
	GoNoGo                      bool
	TitleName, OwnerName, NName string
	HowName, GoName             string
}

// rows are the rows of a list of steps: those that are there, or were typed,
// and empty ones to fill in.
func (p planProps) rows(list string, now []Step) []row {
	n := max(len(now)+1, 3)
	if p.Form != nil {
		n = max(rowsIn(p.Form, list), 1)
		if p.Form.Get("_rows") == list {
			n++
		}
	} else {
		for i := 1; i <= maxRows; i++ {
			if p.Draft[stepName(list, i, "title")] != "" {
				n = max(n, i)
			}
		}
	}
	var out []row
	for i := 1; i <= min(n, maxRows); i++ {
		var s Step
		if i <= len(now) && p.Form == nil {
			s = now[i-1]
		}
		r := row{N: i, TitleName: stepName(list, i, "title"), OwnerName: stepName(list, i, "owner_id"), NName: stepName(list, i, "minutes"), HowName: stepName(list, i, "check"), GoName: stepName(list, i, "go_no_go")}
		minutes := ""
		if s.Minutes > 0 {
			minutes = strconv.Itoa(s.Minutes)
		}
		r.Title, r.Owner, r.Minutes, r.How = p.Get(r.TitleName, s.Title), p.Get(r.OwnerName, idText(s.OwnerID)), p.Get(r.NName, minutes), p.Get(r.HowName, s.Check)
		r.GoNoGo = s.GoNoGo
		if p.Form != nil {
			r.GoNoGo = p.Form.Get(r.GoName) != ""
		}
		out = append(out, r)
	}
	return out
}

// items are those of the form: as typed, or as they are.
func (p planProps) items() []uuid.UUID {
	if p.Form == nil {
		return p.Items
	}
	var out []uuid.UUID
	for _, s := range p.Form["items"] {
		if id, err := uuid.Parse(s); err == nil {
			out = append(out, id)
		}
	}
	return out
}

func (p planProps) address() string {
	if p.New {
		return "/changes"
	}
	return address(p.Label(), "edit")
}

func (p planProps) draftKey() string {
	if p.New {
		return "change:new"
	}
	return "change:" + p.ID.String()
}

func (p planProps) kind() Type { return Type(p.Get("type", string(p.Type))) }

// part is one section of the form, and whether it is complete.
type part struct {
	Key      string
	Complete bool
}

// parts are the sections with their completeness, as the record stands.
func parts(c Change) []part {
	out := []part{
		{"what", c.Title != "" && c.Content != "" && c.Reason != ""},
		{"effect", c.Effect != "" && (len(c.Items) > 0 || c.ServiceID != nil)},
		{"steps", stepsReady(c.Steps)},
		{"test", c.TestPlan != ""},
		{"rollback", c.RollbackReady()},
		{"when", c.windowReady() && c.fits()},
	}
	return out
}

// change is one changed field, ready to show.
type changed struct{ Label, Before, After string }

// shownFields are the fields whose changes the timeline shows, in this order.
var shownFields = []string{
	"state", "type", "on_hold", "hold_reason", "title", "window_from", "window_to", "items", "steps", "back", "rollback_trigger", "risk", "test_result", "approval", "reject_reason", "cancel_reason",
	"back_reason", "result", "result_note", "lessons", "glass_reason", "glass_until", "review_due_at", "implementer", "exception",
}

func (d Detail) changes(ctx context.Context, diff trail.Diff) []changed {
	var out []changed
	for _, f := range shownFields {
		if v, ok := diff[f]; ok {
			c := changed{ui.T(ctx, "change.field."+f), d.value(ctx, f, v[0]), d.value(ctx, f, v[1])}
			if c.Before != "" || c.After != "" {
				out = append(out, c)
			}
		}
	}
	return out
}

func (d Detail) value(ctx context.Context, field string, v any) string {
	s, isText := v.(string)
	if v == nil || isText && s == "" {
		return ""
	}
	switch field {
	case "state", "type", "risk", "test_result", "result":
		return ui.T(ctx, "change."+field+"."+s)
	case "on_hold":
		if v == true {
			return ui.T(ctx, "ui.yes")
		}
		return ui.T(ctx, "ui.no")
	case "items", "steps", "back":
		if l, ok := v.([]any); ok {
			return ui.T(ctx, "change.count", "n", len(l))
		}
	case "window_from", "window_to", "glass_until", "review_due_at":
		if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
			return strings.ReplaceAll(ui.Local(ctx, t), "T", " ")
		}
	case "implementer":
		if id, err := uuid.Parse(s); err == nil {
			return d.Person(&id, i18n.Lang(ctx))
		}
	case "approval":
		return ui.T(ctx, "change.approval_status."+s)
	}
	if isText {
		return ui.Cut(s, 160)
	}
	return fmt.Sprint(v)
}

// author is who wrote a note, named for the reader.
func (d Detail) author(ctx context.Context, c *comment.Comment) string {
	if n := d.Person(&c.AuthorID, i18n.Lang(ctx)); n != "" {
		return n
	}
	return c.AuthorName
}

// actor is who an act in the timeline is told of.
func (d Detail) actor(ctx context.Context, e *trail.Entry) string {
	for _, id := range []*uuid.UUID{e.BehalfID, &e.ActorID} {
		if id != nil {
			if n := d.Person(id, i18n.Lang(ctx)); n != "" {
				return n
			}
		}
	}
	if e.ActorName == "approval" {
		return ui.T(ctx, "ui.product")
	}
	return e.ActorName
}

// noteText is the text of the composer: what a refused form held, else the
// draft.
func (p pageProps) noteText() string {
	if p.Form.Has("body") {
		return p.Form.Get("body")
	}
	return p.NoteDraft["body"]
}

func voteBadge(k approval.Kind, step string) (colour, icon, key string) {
	switch {
	case k == approval.Approve:
		return "green", "check", "change.vote.approve"
	case k == approval.Reject:
		return "red", "x", "change.vote.reject"
	case k != "":
		return "line", "ban", "change.vote.recuse"
	case step == "current":
		return "amber", "clock", "change.vote.waiting"
	}
	return "line", "clock-pause", "change.vote.later"
}

// waitsForMe reports whether the review waits for the reader's vote.
func (d Detail) waitsForMe() bool {
	if d.Approval == nil {
		return false
	}
	for _, st := range d.Approval.Steps {
		for _, x := range st.Seats {
			if st.State == "current" && x.Vote == "" && x.PersonID == d.who.ID {
				return true
			}
		}
	}
	return false
}

// stepNow is the place, from 1, of the step that can be started or ended; 0
// when all are closed.
func stepNow(steps []Step) int {
	for i, s := range steps {
		if s.StoppedAt == nil {
			return i + 1
		}
	}
	return 0
}

func outcomeColour(o Outcome) string {
	switch o {
	case Done:
		return "green"
	case NotDone:
		return "red"
	}
	return "line"
}

func resultColour(r Result) string {
	switch r {
	case Success:
		return "green"
	case WithIssues:
		return "amber"
	}
	return "red"
}

// short is an instant of a step, in the reader's zone.
func clock(ctx context.Context, t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.In(ui.Zone(ctx)).Format("15:04")
}

func windowText(ctx context.Context, from, to *time.Time) string {
	if from == nil || to == nil {
		return ""
	}
	z := ui.Zone(ctx)
	a, b := from.In(z), to.In(z)
	end := b.Format("15:04")
	if a.Format(time.DateOnly) != b.Format(time.DateOnly) {
		end = b.Format("2006-01-02 15:04")
	}
	return a.Format("2006-01-02 15:04") + " – " + end
}

func orDash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}

// clashKey says what two changes want together.
func clashKey(c Clash) string {
	switch {
	case c.Same && c.Booked:
		return "change.clash_kind.booked"
	case c.Same:
		return "change.clash_kind.same"
	case c.People:
		return "change.clash_kind.people"
	}
	return "change.clash_kind.related"
}

func planTitle(ctx context.Context, p planProps) string {
	if p.New {
		return ui.T(ctx, "change.new")
	}
	return ui.T(ctx, "change.act.edit")
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func rowLabel(ctx context.Context, field string, n int) string {
	return ui.T(ctx, "change.step."+field) + " " + strconv.Itoa(n)
}

// answer is the answer to a question of the assessment.
func (p actProps) answer(i int) string {
	if l := p.Form["answers"]; i < len(l) {
		return l[i]
	}
	if i < len(p.Assessment.Answers) {
		return strconv.Itoa(p.Assessment.Answers[i])
	}
	return ""
}

// after are the levels that are left of a risk; the first leaves it as it was.
func after(ctx context.Context, prefix string) []ui.Option {
	return append([]ui.Option{{Value: "0", Label: ui.T(ctx, "change.as_before")}}, levels(ctx, prefix)...)
}

// results are those that a change can have had.
func (p actProps) results(ctx context.Context) []ui.Option {
	if p.BackAt != nil {
		return options(ctx, "change.result.", string(RolledBack), string(Failed))
	}
	return options(ctx, "change.result.", string(Success), string(WithIssues), string(Failed))
}

func (p actProps) danger() bool {
	return p.Act == "break-glass" || p.Act == "roll-back" || p.Act == "cancel"
}

func itemLines(d Detail) string {
	var out []string
	for _, id := range d.Items {
		if n := d.Names[id]; n != "" {
			out = append(out, n)
		}
	}
	return strings.Join(out, "\n")
}

func windowFull(ctx context.Context, d Detail) string {
	return d.Now.In(ui.Zone(ctx)).Format("2006-01-02 15:04")
}
