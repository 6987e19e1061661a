package change

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/ui"
)

func meetingColour(s MeetingState) string {
	switch s {
	case MeetingHeld:
		return "green"
	case MeetingPlanned:
		return "blue"
	}
	return "gray"
}

// said are the minutes of a topic, as they were typed or as they are.
func (p meetingProps) said(t Topic) string { return p.Get("said."+t.ChangeID.String(), t.Minutes) }

// candidates are who may have come: the board, the chair, and who is noted
// already.
func (p meetingProps) candidates() []Named {
	out := slices.Clone(p.Members)
	for id, x := range p.People {
		if !slices.ContainsFunc(out, func(n Named) bool { return n.ID == id }) {
			out = append(out, Named{ID: id, Name: x.Name, NameEn: x.NameEn})
		}
	}
	slices.SortFunc(out, func(a, b Named) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (p meetingProps) isPresent(id uuid.UUID) bool {
	if p.Form.Has("present") {
		return slices.Contains(p.Form["present"], id.String())
	}
	return slices.Contains(p.Present, id)
}

// chairs are who may lead it.
func (p meetingProps) chairs(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, n := range p.candidates() {
		out = append(out, ui.Option{Value: n.ID.String(), Label: pick(ctx, n.Name, n.NameEn)})
	}
	return out
}

// present names who came.
func (d MeetingDetail) present(ctx context.Context) string {
	var out []string
	for _, id := range d.Present {
		out = append(out, d.People[id].Display(i18n.Lang(ctx)))
	}
	return orDash(strings.Join(out, ui.T(ctx, "change.comma")))
}
