package change

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
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

// candidates are who may have come: the board and its deputies, the chair, and
// who is noted already.
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

// quorum says whether enough of the board is there, or was; "" where that is not
// known.
func (d MeetingDetail) quorum(ctx context.Context) (text string, quorate bool) {
	switch {
	case d.Here != nil && d.Here.Quorate():
		return ui.T(ctx, "change.quorate", "n", d.Here.Members, "quorum", d.Here.Quorum), true
	case d.Here != nil:
		text = ui.T(ctx, "change.not_quorate", "n", d.Here.Members, "quorum", d.Here.Quorum)
		if len(d.Here.Missing) > 0 {
			text += " " + ui.T(ctx, "change.not_here", "roles", roleNames(ctx, d.Here.Missing))
		}
		return text, false
	case d.Quorate == nil: // minutes that are older than the rules of the board
		return "", false
	case *d.Quorate:
		return ui.T(ctx, "change.was_quorate"), true
	}
	return ui.T(ctx, "change.was_not_quorate"), false
}

// standIns says who stands in for whom.
func (d MeetingDetail) standIns(ctx context.Context) []string {
	var out []string
	for _, id := range d.Present {
		if d.Here == nil {
			break
		}
		if m, ok := d.Here.For[id]; ok {
			out = append(out, ui.T(ctx, "change.stands_in", "name", d.People[id].Display(i18n.Lang(ctx)), "member", d.People[m].Display(i18n.Lang(ctx))))
		}
	}
	return out
}

// boardText is the rules in a few words.
func boardText(ctx context.Context, b Board) string {
	text := ui.T(ctx, "change.board_quorum", "n", b.Quorum)
	if len(b.Must) > 0 {
		text += ui.T(ctx, "change.comma") + roleNames(ctx, b.Must)
	}
	return text
}

// boardRoles are the roles that may have to be at a meeting.
func boardRoles(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, r := range identity.Roles {
		if r != identity.Requester {
			out = append(out, ui.Option{Value: string(r), Label: ui.T(ctx, "authz.role."+string(r))})
		}
	}
	return out
}

func (p meetingsProps) quorum() string {
	if p.Form.Has("quorum") {
		return p.Form.Get("quorum")
	}
	return strconv.Itoa(p.Board.Quorum)
}

func (p meetingsProps) must() []string {
	if p.Form.Has("must") {
		return p.Form["must"]
	}
	out := make([]string, len(p.Board.Must))
	for n, r := range p.Board.Must {
		out[n] = string(r)
	}
	return out
}
