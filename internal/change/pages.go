package change

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/i18n"
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

// shortTime is the day and the hour of an instant, in the reader's zone.
func shortTime(ctx context.Context, t time.Time) string {
	return t.In(ui.Zone(ctx)).Format("01-02 15:04")
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

// typeOptions are the types that somebody may begin.
func typeOptions(ctx context.Context) []ui.Option {
	out := options(ctx, "change.type.", string(Normal), string(Emergency))
	out[0].Icon, out[1].Icon = "git-pull-request", "alert-triangle"
	return out
}

func roleNames(ctx context.Context, roles []identity.Role) string {
	var out []string
	for _, r := range roles {
		out = append(out, ui.T(ctx, "authz.role."+string(r)))
	}
	return strings.Join(out, ui.T(ctx, "change.comma"))
}
