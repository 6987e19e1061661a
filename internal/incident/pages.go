package incident

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/authz"
	"opsdesk/internal/comment"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/markup"
	"opsdesk/internal/record"
	"opsdesk/internal/sla"
	"opsdesk/internal/timeline"
	"opsdesk/internal/trail"
	"opsdesk/internal/ui"
)

// actPages are the actions whose form has a page of its own.
var actPages = map[string]authz.Action{
	"accept": ActionAccept, "pend": ActionPend, "resolve": ActionResolve, "reject": ActionReject, "reopen": ActionReopen, "cancel": ActionCancel,
	"assign": ActionAssign, "transfer": ActionTransfer, "priority": ActionPriority, "edit": ActionEdit, "names": ActionName, "tasks": ActionTasks,
	"links": ActionLink, "items": ActionItems, "watchers": ActionWatchers, "parent": ActionParent, "children": ActionParent,
	"announce": ActionAnnounce, "update": ActionUpdate, "propose": ActionPropose, "declare": ActionDeclare, "decline": ActionDecline, "roles": ActionRoles,
	"notice": ActionNotice, "log": ActionLog, "end": ActionEnd,
}

// saidKeys are what the page says after an action that changes nothing one
// would see at once.
var saidKeys = map[string]bool{
	"incident.said.replies": true, "incident.said.notes": true, "incident.said.resolve": true, "incident.said.confirm": true, "incident.said.claim": true,
	"incident.said.accept": true, "incident.said.reject": true, "incident.said.reopen": true, "incident.said.transfer": true, "incident.said.assign": true,
	"incident.said.cancel": true, "incident.said.nudge": true, "incident.said.pend": true,
	"incident.said.parent": true, "incident.said.children": true, "incident.said.parent_remove": true, "incident.said.announce": true, "incident.said.update": true,
	"incident.said.unannounce": true, "incident.said.propose": true, "incident.said.decline": true, "incident.said.declare": true, "incident.said.notice": true, "incident.said.end": true,
}

func choiceName(ctx context.Context, list []Choice, id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	for _, c := range list {
		if c.ID == *id {
			s := i18n.Pick(ctx, c.NameZh, c.NameEn)
			if c.ParentID != nil {
				if p := choiceName(ctx, list, c.ParentID); p != "" {
					return p + " / " + s
				}
			}
			return s
		}
	}
	return ""
}

func choiceOptions(ctx context.Context, list []Choice, keep *uuid.UUID) []ui.Option {
	var out []ui.Option
	for _, c := range list {
		if c.Active || keep != nil && *keep == c.ID {
			out = append(out, ui.Option{Value: c.ID.String(), Label: choiceName(ctx, list, &c.ID)})
		}
	}
	slices.SortFunc(out, func(a, b ui.Option) int { return strings.Compare(a.Label+a.Value, b.Label+b.Value) })
	return out
}

func teamOptions(ctx context.Context, d []identity.Team) []ui.Option {
	var out []ui.Option
	for _, t := range d {
		if t.Active {
			out = append(out, ui.Option{Value: t.ID.String(), Label: t.Display(i18n.Lang(ctx))})
		}
	}
	return out
}

func teamName(ctx context.Context, list []identity.Team, id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	for _, t := range list {
		if t.ID == *id {
			return t.Display(i18n.Lang(ctx))
		}
	}
	return ""
}

// keyed makes options of stable words: prefix + word is the message key.
func keyed[T ~string](ctx context.Context, prefix string, list []T) []ui.Option {
	var out []ui.Option
	for _, w := range list {
		out = append(out, ui.Option{Value: string(w), Label: ui.T(ctx, prefix+string(w))})
	}
	return out
}

func levels(ctx context.Context, field string) []ui.Option {
	icons := map[string][]string{"impact": {"building", "users", "user"}, "urgency": {"ban", "clock-exclamation", "coffee"}}
	var out []ui.Option
	for _, n := range []int{3, 2, 1} {
		k := fmt.Sprintf("incident.%s.%d", field, n)
		out = append(out, ui.Option{Value: strconv.Itoa(n), Label: ui.T(ctx, k), Hint: ui.T(ctx, k+".hint"), Icon: icons[field][n-1]})
	}
	return out
}

func level(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func idText(id *uuid.UUID) string {
	if id == nil || *id == uuid.Nil {
		return ""
	}
	return id.String()
}

func timeText(ctx context.Context, t *time.Time) string {
	if t == nil {
		return ""
	}
	return ui.Local(ctx, *t)
}

// actURL is the page of an act.
func (d *Detail) actURL(act string) string {
	u := "/incidents/" + d.Label() + "/act/" + act
	if d.Back != "" {
		u += "?" + url.Values{"return": {d.Back}}.Encode()
	}
	return u
}

// backURL is where the page of an act leads without acting.
func (d *Detail) backURL() string {
	if d.Back != "" {
		return d.Back
	}
	return "/incidents/" + d.Label()
}

func person(ctx context.Context, name, en string) string {
	if i18n.Lang(ctx) == i18n.English && en != "" {
		return en
	}
	return name
}

// progress is how far a report is, for the person who made it: 1 to 4.
func progress(state string) int {
	switch State(state) {
	case New:
		return 1
	case Accepted, InProgress, Pending:
		return 2
	case Resolved:
		return 3
	}
	return 4
}

func progressClass(state, reason string) string {
	switch {
	case State(state) == Closed || State(state) == Resolved:
		return "ok"
	case State(state) == Pending && reason == string(OnUser):
		return "wait"
	}
	return ""
}

// plain is the state in the words of the person who reported.
func plain(ctx context.Context, state, reason string) string {
	return ui.T(ctx, plainKey(state, reason))
}

func plainKey(state, reason string) string {
	if State(state) == Pending {
		return "incident.plain.pending." + reason
	}
	return "incident.plain." + state
}

// actor is who an act in the timeline is told of.
func (d *Detail) actor(ctx context.Context, e *trail.Entry) string {
	return timeline.Doer(ctx, e, d.Person)
}

// reader is all that the words of a timeline depend on beside the dossier and
// the language: what its reader may do and see, and the generation of names.
type reader struct {
	agent, inside, split bool
	generation           int64
	author               uuid.UUID // the reader, if they may mend notes of theirs here
}

func (d *Detail) reader() reader {
	r := reader{d.Agent, d.inside, d.Can(ActionSplit), d.who.Generation, uuid.Nil}
	if slices.ContainsFunc(d.Timeline, func(it Item) bool { return it.Comment != nil && d.mends(it.Comment) }) {
		r.author = d.who.ID
	}
	return r
}

// mends reports whether the reader may give a note other words, or remove it.
func (d *Detail) mends(c *comment.Comment) bool { return d.Can(ActionEditNote) && c.Mine(d.who.ID) }

// shelf is where the timeline is kept in words, nil if it cannot be: other
// incidents are part of it, or names after an @, which may be somebody's from
// one day to the next, or the generation of names is not known.
func (d *Detail) shelf() *markup.Shelf {
	if len(d.Absorbed) > 0 || d.who.Generation == 0 || slices.ContainsFunc(d.Timeline, func(it Item) bool { return it.Comment != nil && strings.ContainsAny(it.Comment.Body, "@＠") }) {
		return nil
	}
	return d.told
}

// called are the names of those whom replies and notes call.
func (d *Detail) called(ctx context.Context) map[string]string {
	return comment.Names(d.Mentions, i18n.Lang(ctx))
}

// author is who wrote a reply or a note, named for the reader.
func (d *Detail) author(ctx context.Context, c *comment.Comment) string {
	if n := d.Person(&c.AuthorID, i18n.Lang(ctx)); n != "" {
		return n
	}
	return c.AuthorName
}

// change is one changed field, ready to show.
type change struct{ Label, Before, After string }

// changes puts a diff into words, in a stable order.
func (d *Detail) changes(ctx context.Context, diff trail.Diff) []change {
	var out []change
	for _, f := range fieldOrder {
		v, ok := diff[f]
		if !ok {
			continue
		}
		c := change{ui.T(ctx, "incident.field."+f), d.value(ctx, f, v[0]), d.value(ctx, f, v[1])}
		if c.Before == "" && c.After == "" {
			continue
		}
		out = append(out, c)
	}
	return out
}

// fieldOrder lists the fields whose changes the timeline shows, and how they
// are ordered. What the desk keeps for itself (times it derives, ids) is not
// in it.
var fieldOrder = []string{
	"state", "pending_reason", "assignee", "stands_in_for", "team", "priority", "priority_reason", "title", "description", "category", "service", "impact", "urgency", "location", "device",
	"confidential", "resolution_code", "cause", "process", "cancel_reason", "follows", "parent", "child_as", "followed", "forced", "announcement", "update",
	"major", "notice", "log", "review", "action", "cadence", "link", "affects", "task", "tasks_handed", "task_done", "watcher", "named", "named_reason", "remark", "attachments", "reply_undone", "nudged", "promise", "source_event",
}

func (d *Detail) value(ctx context.Context, field string, v any) string {
	if v == nil {
		return ""
	}
	s, isText := v.(string)
	switch field {
	case "state":
		if s == "" {
			return ""
		}
		return ui.T(ctx, "ui.state."+s)
	case "pending_reason", "resolution_code", "cancel_reason":
		if s == "" {
			return ""
		}
		return ui.T(ctx, "incident."+field+"."+s)
	case "priority":
		return timeline.Priority(ctx, v)
	case "impact", "urgency":
		return timeline.Level(ctx, "incident."+field+".", 3, v)
	case "assignee", "watcher", "named", "stands_in_for", "tasks_handed":
		if id, err := uuid.Parse(s); err == nil {
			return d.Person(&id, i18n.Lang(ctx))
		}
		return ""
	case "team":
		if id, err := uuid.Parse(s); err == nil {
			return teamName(ctx, d.Teams, &id)
		}
	case "category", "service":
		if id, err := uuid.Parse(s); err == nil {
			list := d.Categories
			if field == "service" {
				list = d.Services
			}
			return choiceName(ctx, list, &id)
		}
	case "reply_undone":
		return ui.Cut(s, 300)
	case "promise":
		return sla.Told(ctx, v)
	case "confidential", "task_done", "nudged":
		if b, ok := v.(bool); ok {
			if b {
				return ui.T(ctx, "ui.yes")
			}
			return ui.T(ctx, "ui.no")
		}
	case "major":
		if s == "" {
			return ""
		}
		return ui.T(ctx, "incident.major."+s)
	case "review":
		if s == "" {
			return ""
		}
		return ui.T(ctx, "incident.review.state."+s)
	case "child_as":
		if s == "" {
			return ""
		}
		return ui.T(ctx, "incident.child_as."+s)
	case "link":
		relation, number, ok := strings.Cut(s, " ")
		if ok {
			return ui.T(ctx, "incident.relation."+relation) + " " + number
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

// clashRows puts the fields on which two edits disagree into words.
func clashRows(ctx context.Context, d *Detail, f *fault.Error) []ui.ClashRow {
	var out []ui.ClashRow
	for _, c := range f.Clashes {
		theirs, yours := plainJSON(c.Theirs), plainJSON(c.Yours)
		out = append(out, ui.ClashRow{Field: c.Field, Label: ui.T(ctx, "incident.field."+c.Field), Theirs: d.value(ctx, c.Field, theirs), Yours: d.value(ctx, c.Field, yours)})
	}
	slices.SortFunc(out, func(a, b ui.ClashRow) int { return strings.Compare(a.Field, b.Field) })
	return out
}

// plainJSON gives a value the type it has after a round through JSON, which is
// what value expects.
func plainJSON(v any) any {
	switch x := v.(type) {
	case int:
		return float64(x)
	case *uuid.UUID:
		if x == nil {
			return nil
		}
		return x.String()
	case State:
		return string(x)
	}
	return v
}

func cellsOf(form url.Values) []Cell {
	var out []Cell
	for i := 1; i <= 3; i++ {
		for u := 1; u <= 3; u++ {
			n, err := strconv.Atoi(form.Get(fmt.Sprintf("p%d%d", i, u)))
			if err != nil {
				continue // a missing cell is refused as a whole by the use case
			}
			out = append(out, Cell{i, u, n})
		}
	}
	return out
}

func (p settingsProps) cell(i, u int) int {
	for _, c := range p.Matrix {
		if c.Impact == i && c.Urgency == u {
			return c.Priority
		}
	}
	return 0
}

// at is the part of the set-up that a form's fault belongs to.
func (p settingsProps) at(part string) *fault.Error {
	if p.Part == part {
		return p.Fault
	}
	return nil
}

func (p settingsProps) input(part string) ChoiceInput {
	if p.Part == part {
		return p.In
	}
	return ChoiceInput{Active: true}
}

func greeting(ctx context.Context, now time.Time) string {
	switch h := now.In(ui.Zone(ctx)).Hour(); {
	case h < 5 || h >= 22:
		return "incident.hello.night"
	case h < 12:
		return "incident.hello.morning"
	case h < 18:
		return "incident.hello.afternoon"
	}
	return "incident.hello.evening"
}

func orNone(ctx context.Context, s string) string {
	if s == "" {
		return ui.T(ctx, "ui.none")
	}
	return s
}

// last is the newest reply or note that stands, if there is one.
func (d *Detail) last() *Item {
	for n := len(d.Timeline) - 1; n >= 0; n-- {
		if c := d.Timeline[n].Comment; c != nil && c.RemovedAt == nil {
			return &d.Timeline[n]
		}
	}
	return nil
}

func firstFiles(list []attachment.File, n int) []attachment.File { return list[:min(n, len(list))] }

func teamOf(list []Choice, id string) *uuid.UUID {
	for _, c := range list {
		if c.ID.String() == id {
			return c.TeamID
		}
	}
	return nil
}

// typed is the text of a composer: what a refused form held, else the draft.
func (p *ticketProps) typed(tab string) string {
	if p.Fault != nil && p.Tab == tab && p.Form.Has("body") {
		return p.Form.Get("body")
	}
	if p.Begun != "" && p.Tab == tab {
		return p.Begun
	}
	return p.Drafts[tab]["body"]
}

func tabPath(tab string) string {
	if tab == "note" {
		return "notes"
	}
	return "replies"
}

func sendKey(tab string) string {
	if tab == "note" {
		return "incident.note.send"
	}
	return "incident.reply.send"
}

func tickKey(t Task) string {
	if t.DoneAt == nil {
		return "incident.tasks.tick"
	}
	return "incident.tasks.untick"
}

func doneOf(tasks []Task) string {
	if len(tasks) == 0 {
		return ""
	}
	n := 0
	for _, t := range tasks {
		if t.DoneAt != nil {
			n++
		}
	}
	return fmt.Sprintf("%d/%d", n, len(tasks))
}

// removable: what the desk itself related stays related.
func removable(relation string) bool {
	return relation != "follows" && relation != "followed_by" && relation != "split_from" && relation != "split_into"
}

// forward names a relation from the end it was made from: that is the word a
// form sends.
func forward(relation string) string {
	for _, r := range record.Relations {
		if record.Inverse(r) == relation {
			return r
		}
	}
	return relation
}

// shown are the fields of the edit form as the page shows them, so that what
// comes back can be told from what was touched.
func (p actProps) shown() [][2]string {
	return [][2]string{
		{"title", p.Title},
		{"description", p.Description},
		{"category_id", idText(p.CategoryID)},
		{"service_id", idText(p.ServiceID)},
		{"impact", level(p.Impact)},
		{"urgency", level(p.Urgency)},
		{"location", p.Location},
		{"device", p.Device},
	}
}

func mineURL(text, cursor string) string {
	q := url.Values{"cursor": {cursor}}
	if text != "" {
		q.Set("q", text)
	}
	return "/my?" + q.Encode()
}
