package approval

import (
	"context"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/ui"
)

func statusColour(s Status) string {
	return map[Status]string{Open: "blue", Held: "amber", Approved: "green", Rejected: "red", Returned: "amber"}[s]
}

func stepColour(state string) string {
	return map[string]string{"current": "blue", "approved": "green", "rejected": "red"}[state]
}

func voteColour(k Kind) string {
	return map[Kind]string{Approve: "green", Reject: "red", Recuse: "amber"}[k]
}

func voteIcon(k Kind) string {
	return map[Kind]string{Approve: "check", Reject: "x", Recuse: "hand-stop"}[k]
}

// name is what somebody in the process is called; the desk's own components
// have the name of the product.
func name(ctx context.Context, v View, id uuid.UUID) string {
	if p, ok := v.Names[id]; ok {
		return p.Display(i18n.Lang(ctx))
	}
	return ui.T(ctx, "ui.product")
}

func stepName(ctx context.Context, s StepView) string {
	st := Step{Key: s.Key, NameZh: s.NameZh, NameEn: s.NameEn}
	return st.Name(i18n.From(ctx).T, i18n.Lang(ctx) == i18n.English)
}

// rule says in words how a step is decided.
func rule(ctx context.Context, s StepView) string {
	out := ui.T(ctx, "approval.mode."+string(s.Mode), "count", s.N)
	if s.Need > 0 && s.Mode != All && s.Mode != Any {
		out += " · " + ui.T(ctx, "approval.need", "have", s.Approvals, "need", s.Need)
	}
	return out
}

func waitingKey(s SeatView) string {
	if s.Asked {
		return "approval.vote.asked"
	}
	return "approval.vote.waiting"
}

// seatNote says what is special about a seat.
func seatNote(ctx context.Context, v View, s SeatView) string {
	var out []string
	if s.Veto {
		out = append(out, ui.T(ctx, "approval.seat.veto"))
	}
	if s.Chair {
		out = append(out, ui.T(ctx, "approval.seat.chair"))
	}
	if s.StandIn {
		out = append(out, ui.T(ctx, "approval.seat.stand_in"))
	}
	if s.ByID != nil {
		out = append(out, ui.T(ctx, "approval.by_deputy", "name", name(ctx, v, *s.ByID), "member", name(ctx, v, s.PersonID)))
	}
	if s.At != nil {
		out = append(out, ui.Date(ctx, *s.At))
	}
	return strings.Join(out, " · ")
}

// said is a reason: what somebody wrote, or a text of our own by its key.
func said(ctx context.Context, reason string) string {
	if m := i18n.From(ctx); m != nil && m.Has(reason) {
		return m.T(reason)
	}
	return reason
}

func logLine(ctx context.Context, v View, l LogView) string {
	who := name(ctx, v, l.ActorID)
	if l.Member != nil && *l.Member != l.ActorID {
		who = ui.T(ctx, "approval.on_behalf", "name", who, "member", name(ctx, v, *l.Member))
	}
	to := ""
	if l.ToID != nil {
		to = name(ctx, v, *l.ToID)
	}
	return ui.T(ctx, "approval.log."+string(l.Kind), "name", who, "to", to)
}

// headline says whose turn it is.
func headline(ctx context.Context, d Decision) string {
	if d.Mine != nil {
		return ui.T(ctx, "approval.your_turn")
	}
	return ui.T(ctx, "approval.status."+string(d.Status))
}

func itemTitle(ctx context.Context, x Item) string {
	if x.Title == "" {
		return ui.T(ctx, "approval.confidential")
	}
	return x.Title
}

// picked is the name of the deputy that was chosen on a refused form.
func picked(ctx context.Context, p deputyProps) string {
	id, err := uuid.Parse(p.Form.Get("deputy_id"))
	if err != nil {
		return ""
	}
	return display(ctx, p.Names, id)
}

func display(ctx context.Context, names map[uuid.UUID]identity.Person, id uuid.UUID) string {
	return names[id].Display(i18n.Lang(ctx))
}

func deputyLine(ctx context.Context, p appointments, d Deputy) string {
	key := "approval.deputies.line_other"
	if p.mine {
		key = "approval.deputies.line_mine"
	}
	return ui.T(ctx, key, "deputy", display(ctx, p.names, d.DeputyID), "name", display(ctx, p.names, d.PersonID))
}

// days are the dates of an appointment, both included.
func days(ctx context.Context, d Deputy) string {
	s := ui.T(ctx, "approval.deputies.days", "from", ui.Date(ctx, d.BeginsAt), "until", ui.Date(ctx, d.EndsAt.Add(-1)))
	if d.Ended {
		s += " · " + ui.T(ctx, "approval.deputies.over")
	}
	return s
}

// leads are where a rejection may lead: as the step says, back to a step, or to
// the requester.
func (p decisionProps) leads(ctx context.Context) []ui.Option {
	now := p.Steps[p.Step-1]
	as := ui.T(ctx, "approval.leads.end")
	if now.BackTo > 0 {
		as = ui.T(ctx, "approval.leads.rule", "n", now.BackTo)
	}
	out := []ui.Option{{Value: "0", Label: as}, {Value: "-1", Label: ui.T(ctx, "approval.leads.requester")}}
	for n := 1; n <= p.Step; n++ {
		if n != now.BackTo {
			out = append(out, ui.Option{Value: strconv.Itoa(n), Label: ui.T(ctx, "approval.leads.step", "n", n)})
		}
	}
	return out
}

func orZero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}
