package incident

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/ui"
)

// reviewParts are the texts of a review, in their order on paper.
var reviewParts = []string{"summary", "impact", "cause", "went_well", "went_badly"}

func (p roomProps) reviewPart(f string) string {
	if p.Review == nil {
		return ""
	}
	return map[string]string{"summary": p.Review.Summary, "impact": p.Review.Impact, "cause": p.Review.Cause, "went_well": p.Review.WentWell, "went_badly": p.Review.WentBadly}[f]
}

func (p roomProps) reviewState() string {
	if p.Review == nil {
		return ReviewDraft
	}
	return p.Review.State
}

func (p roomProps) reviewVersion() int {
	if p.Review == nil {
		return 0
	}
	return p.Review.Version
}

// instant is a moment of the review's form: as it was typed, as it stands, or
// what the ticket says.
func (p roomProps) instant(ctx context.Context, f string) string {
	if p.Part == "review" && p.Form.Has(f) {
		return typedInstant(ctx, p.Form.Get(f))
	}
	now := map[string]*time.Time{"started_at": &p.Incident.ReportedAt, "restored_at": p.Incident.ResolvedAt}[f]
	if p.Review != nil {
		now = map[string]*time.Time{"started_at": p.Review.StartedAt, "restored_at": p.Review.RestoredAt}[f]
	}
	return timeText(ctx, now)
}

// typedInstant gives back what somebody typed into a field for a moment.
func typedInstant(ctx context.Context, typed string) string {
	if t, err := time.Parse(time.RFC3339, typed); err == nil {
		return ui.Local(ctx, t)
	}
	return typed
}

func (p actProps) instant(ctx context.Context, f string) string {
	return typedInstant(ctx, p.Form.Get(f))
}

func (p actProps) proposal() string {
	if p.Managed == nil {
		return ""
	}
	return p.Managed.Proposal
}

// role is who holds a role now; in a new declaration the assignee leads the
// repair.
func (p actProps) role(r string) *uuid.UUID {
	m := p.Managed
	if m == nil {
		m = &Major{}
	}
	switch r {
	case "manager":
		return m.ManagerID
	case "communicator":
		return m.CommunicatorID
	}
	return first(m.TechnicalID, p.AssigneeID)
}

func (p actProps) cadence() string {
	if p.Managed == nil || p.Managed.Cadence == 0 {
		return ""
	}
	return fmt.Sprint(p.Managed.Cadence)
}

func cadences(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, m := range []int{15, 30, 60, 120, 240} {
		out = append(out, ui.Option{Value: fmt.Sprint(m), Label: ui.Span(ctx, time.Duration(m)*time.Minute)})
	}
	return out
}

// lineTitle is what a line of the timeline is about.
func lineTitle(ctx context.Context, l Line) string {
	if l.Kind == "state" {
		return ui.T(ctx, "incident.field.state") + ": " + ui.T(ctx, "ui.state."+l.TextZh)
	}
	return ui.T(ctx, "incident.chronicle."+l.Kind)
}

func lineBody(ctx context.Context, l Line) string {
	if l.Kind == "state" {
		return ""
	}
	return l.Text(i18n.Lang(ctx))
}

func instantOf(ctx context.Context, t *time.Time) string {
	if t == nil {
		return ui.T(ctx, "ui.none")
	}
	return t.In(ui.Zone(ctx)).Format("2006-01-02 15:04")
}

func measureState(m Measure, now time.Time) string {
	switch {
	case m.DoneAt != nil:
		return "incident.review.done"
	case now.After(m.DueOn.AddDate(0, 0, 1)):
		return "incident.review.overdue"
	}
	return "incident.review.open"
}

func (p roomProps) affected() int {
	if p.Announced == nil {
		return p.Children.Total()
	}
	return p.Announced.Affected
}

// oldestFirst is the timeline as paper tells it.
func (p roomProps) oldestFirst() []Line {
	out := slices.Clone(p.Lines)
	slices.Reverse(out)
	return out
}

func (p roomProps) authors(ctx context.Context) string {
	var names []string
	for _, id := range p.Review.Authors {
		names = append(names, p.person(&id, i18n.Lang(ctx)))
	}
	return orNone(ctx, strings.Join(names, ", "))
}

func (p majorSettingsProps) flagged(service string) bool {
	return slices.ContainsFunc(p.MajorSettings.Services, func(id uuid.UUID) bool { return id.String() == service })
}
