package servicerequest

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/approval"
	"opsdesk/internal/comment"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
	"opsdesk/internal/sla"
	"opsdesk/internal/timeline"
	"opsdesk/internal/trail"
	"opsdesk/internal/ui"
)

func daysText(ctx context.Context, n int) string {
	if n == 0 {
		return ui.T(ctx, "servicerequest.days_same")
	}
	return ui.T(ctx, "servicerequest.days", "count", n)
}

// askedText is one step of approval in words: who, by name where they are
// known.
func askedText(ctx context.Context, m map[uuid.UUID]identity.Person, a Asked) string {
	var names []string
	for _, id := range a.People {
		if x, ok := m[id]; ok {
			names = append(names, x.Display(i18n.Lang(ctx)))
		}
	}
	who := strings.Join(names, ui.T(ctx, "servicerequest.list_comma"))
	if who == "" {
		who = ui.T(ctx, "servicerequest.approver."+string(a.Step.From))
	}
	if len(names) > 1 {
		who += ui.T(ctx, "servicerequest.in_parens", "text", modeText(ctx, a.Step))
	}
	return who
}

func orderURL(p orderProps) string {
	if p.Request != nil {
		return requestURL(p.Request.Label(), "edit")
	}
	return "/catalogue/" + p.ID.String()
}

func draftKey(p orderProps) string {
	if p.Request != nil {
		return "request:" + p.Request.ID.String()
	}
	return "request:" + p.ID.String()
}

func requestVersion(p orderProps) int {
	if p.Request != nil {
		return p.Request.Version
	}
	return 0
}

func sendKey(p orderProps) string {
	if p.Request != nil && p.Request.State == Approving {
		return "ui.save"
	}
	return "servicerequest.send"
}

func urgencies(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, n := range []string{"3", "2", "1"} {
		out = append(out, ui.Option{Value: n, Label: ui.T(ctx, "servicerequest.urgency."+n), Hint: ui.T(ctx, "servicerequest.urgency_hint."+n), Icon: map[string]string{"3": "mood-smile", "2": "clock", "1": "alert-triangle"}[n]})
	}
	return out
}

// lamp is how a state looks in lists, in the shapes that all records share.
func lamp(state string) string {
	switch State(state) {
	case Draft, Sent:
		return "new"
	case Approving:
		return "accepted"
	case Approved, Fulfilling:
		return "in_progress"
	case Pending:
		return "pending"
	case Fulfilled:
		return "resolved"
	case Closed:
		return "closed"
	}
	return "cancelled"
}

// Progress is how far a request is, for the person who made it: 1 to 4.
func Progress(state string) int {
	switch State(state) {
	case Draft, Sent, Approving:
		return 1
	case Approved, Fulfilling, Pending:
		return 2
	case Fulfilled:
		return 3
	}
	return 4
}

// ProgressClass colours the progress: done, or waiting for the requester.
func ProgressClass(state, reason string) string {
	switch {
	case State(state) == Closed || State(state) == Fulfilled:
		return "ok"
	case State(state) == Pending && reason == string(OnUser), State(state) == Draft:
		return "wait"
	}
	return ""
}

// Plain is the message key of a state in the words of the requester.
func Plain(state, reason string) string {
	if State(state) == Pending {
		return "servicerequest.plain.pending." + reason
	}
	return "servicerequest.plain." + state
}

// author is who wrote a reply or a note, named for the reader.
func (d Detail) author(ctx context.Context, c *comment.Comment) string {
	if n := d.Person(&c.AuthorID, i18n.Lang(ctx)); n != "" {
		return n
	}
	return c.AuthorName
}

// actor is who an act in the timeline is told of.
func (d Detail) actor(ctx context.Context, e *trail.Entry) string {
	return timeline.Doer(ctx, e, d.Person)
}

// change is one changed field, ready to show.
type change struct{ Label, Before, After string }

// shownFields are the fields whose changes the timeline shows, in this order.
var shownFields = []string{"state", "pending_reason", "assignee", "team", "impact", "urgency", "priority", "priority_reason", "answers", "remark", "task", "task_done", "reject_reason", "cancel_reason", "watcher", "attachments", "approval", "nudged", "promise"}

func (d Detail) changes(ctx context.Context, diff trail.Diff) []change {
	var out []change
	for _, f := range shownFields {
		v, ok := diff[f]
		if !ok {
			continue
		}
		c := change{ui.T(ctx, "servicerequest.field."+f), d.value(ctx, f, v[0]), d.value(ctx, f, v[1])}
		if c.Before != "" || c.After != "" {
			out = append(out, c)
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
	case "state", "pending_reason":
		return ui.T(ctx, "servicerequest."+field+"."+s)
	case "priority":
		return timeline.Priority(ctx, v)
	case "impact", "urgency":
		return timeline.Level(ctx, "servicerequest."+field+".", 3, v)
	case "answers":
		return ui.T(ctx, "servicerequest.answers_changed")
	case "approval":
		return ui.T(ctx, "servicerequest.approval_begun")
	case "nudged":
		return ui.T(ctx, "ui.yes")
	case "promise":
		return sla.Told(ctx, v)
	case "assignee", "watcher":
		if id, err := uuid.Parse(s); err == nil {
			return d.Person(&id, i18n.Lang(ctx))
		}
	case "team":
		if id, err := uuid.Parse(s); err == nil {
			return teamName(ctx, d.Teams, &id)
		}
	case "attachments":
		if l, ok := v.([]any); ok {
			var names []string
			for _, x := range l {
				names = append(names, fmt.Sprint(x))
			}
			return strings.Join(names, ", ")
		}
	}
	if isText {
		return ui.Cut(s, 120)
	}
	return fmt.Sprint(v)
}

// names are the people and the assets that answers speak of, by id.
func (d Detail) names(ctx context.Context) (people, assets map[string]string) {
	people, assets = map[string]string{}, map[string]string{}
	for id, x := range d.People {
		people[id.String()] = x.Display(i18n.Lang(ctx))
	}
	for id, n := range d.Assets {
		assets[id.String()] = n
	}
	return people, assets
}

// typed is the text of a composer: what a refused form held, else the draft.
func (p requestProps) typed(tab string) string {
	if p.Fault != nil && p.Tab == tab && p.Form.Has("body") {
		return p.Form.Get("body")
	}
	return p.Drafts[tab]["body"]
}

func tabPath(tab string) string {
	if tab == "note" {
		return "notes"
	}
	return "replies"
}

func noteKey(tab string) string {
	if tab == "note" {
		return "servicerequest.note.send"
	}
	return "servicerequest.reply.send"
}

func taskURL(d Detail, t Task, parts ...string) string {
	return requestURL(d.Label(), append([]string{"tasks", t.ID.String()}, parts...)...)
}

func cursorURL(base string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return base + "?" + q.Encode()
}

func taskLamp(s TaskState) string {
	switch s {
	case TaskReady:
		return "in_progress"
	case TaskDone:
		return "resolved"
	case TaskSkipped, TaskVoid:
		return "cancelled"
	}
	return "new"
}

func editKey(d Detail) string {
	if d.State == Draft {
		return "servicerequest.act.go_on"
	}
	return "servicerequest.act.edit"
}

func orNone(ctx context.Context, s string) string {
	if s == "" {
		return ui.T(ctx, "ui.none")
	}
	return s
}

func mineView(mine bool) string {
	if mine {
		return "mine"
	}
	return ""
}

// plainStep is a step of the life in the requester's words; "" where an act was
// none.
func plainStep(ctx context.Context, it timeline.Item) string {
	v, ok := it.Diff["state"]
	to, isText := v[1].(string)
	if !ok || !isText || it.Entry.Version <= 1 {
		return ""
	}
	reason, _ := it.Diff["pending_reason"][1].(string)
	return ui.T(ctx, Plain(to, reason))
}

func voteLamp(k approval.Kind) string {
	switch k {
	case approval.Approve:
		return "resolved"
	case approval.Reject, approval.Recuse:
		return "cancelled"
	}
	return "in_progress"
}

// voteKey says what a seat's holder did; who has not voted when the step is
// over was not needed.
func voteKey(k approval.Kind, step string) string {
	switch {
	case k != "":
		return "servicerequest.vote." + string(k)
	case step == "current":
		return "servicerequest.vote.waiting"
	}
	return "servicerequest.vote.unneeded"
}

// whyNamed says why somebody may see a confidential request, and until when.
func (d Detail) whyNamed(ctx context.Context, n record.Named) string {
	switch n.Reason {
	case namedOwn:
		return ui.T(ctx, "servicerequest.names.own")
	case namedAsked:
		return ui.T(ctx, "servicerequest.names.asked", "until", ui.Date(ctx, n.Until))
	case namedTask:
		return ui.T(ctx, "servicerequest.names.task", "until", ui.Date(ctx, n.Until))
	}
	return ui.T(ctx, "servicerequest.names.by_hand", "reason", n.Reason, "until", ui.Date(ctx, n.Until))
}
