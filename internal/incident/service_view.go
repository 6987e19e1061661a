package incident

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/authz"
	"opsdesk/internal/comment"
	"opsdesk/internal/draft"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/markup"
	"opsdesk/internal/record"
	"opsdesk/internal/sla"
	"opsdesk/internal/timeline"
	"opsdesk/internal/trail"
)

// timelineLimit bounds what one page shows of a long history.
const timelineLimit = 300

// Item is one line of the timeline: a reply, a note, or an act.
type Item struct {
	At      time.Time
	Comment *comment.Comment
	Files   []attachment.File
	Entry   *trail.Entry
	Other   *Absorbed // a report that was merged into this one
	Diff    trail.Diff
}

// Detail is an incident with all that its page shows the actor: what they may
// not see is not in it.
type Detail struct {
	Incident
	Facts    authz.Facts
	Computed int // priority by the matrix
	Settings Settings
	Back     string // the list that its acts return to, "" for the ticket itself

	People     map[uuid.UUID]identity.Person
	Teams      []identity.Team
	Categories []Choice
	Services   []Choice
	Timeline   []Item
	Files      []attachment.File // of the report itself
	Tasks      []Task
	Links      []record.Summary
	Items      []record.Entry   // configuration items affected
	Reach      record.Reach     // what hangs on them
	Changes    []record.Summary // that touch them and are not over
	Clocks     []sla.ClockRow
	Now        time.Time
	Watchers   []uuid.UUID
	Named      []record.Named
	Drafts     map[string]draft.Fields
	Mentions   []comment.Mention // of replies and notes
	Absorbed   []Absorbed        // what was merged into it
	Family     Family
	Managed    *Major        // where it is or was a major incident
	Announced  *Announcement // of it, or of the incident it belongs to
	Voices     []Voice

	Agent    bool // sees the desk's side: notes, trail, groups
	Watching bool
	inside   bool // may read notes, and files of notes
	told     *markup.Shelf
	can      map[authz.Action]bool
	who      identity.Actor
}

// Can reports whether the actor may take the action on this incident now: by
// the matrix, and by the state machine.
func (d *Detail) Can(a authz.Action) bool { return d.can[a] }

// Person is the name of somebody for a reader of a language.
func (d *Detail) Person(id *uuid.UUID, lang string) string {
	if id == nil {
		return ""
	}
	p, ok := d.People[*id]
	if !ok {
		return ""
	}
	return p.Display(lang)
}

// moves says which state machine step an action takes.
var moves = map[authz.Action][]Move{
	ActionAccept: {MoveAccept}, ActionStart: {MoveStart}, ActionPend: {MovePend}, ActionResume: {MoveResume}, ActionConfirm: {MoveConfirm},
	ActionReject: {MoveReject}, ActionReopen: {MoveReopen}, ActionCancel: {MoveCancel}, ActionMerge: {MoveMerge},
}

// whileOpen lists the actions that only an open incident takes.
var whileOpen = []authz.Action{ActionAssign, ActionClaim, ActionTransfer, ActionPriority, ActionTasks, ActionNudge, ActionResolve, ActionRoute}

// around is what there is beside the dossier, of all that may be: most have
// little, and what is not there need not be read.
type around struct{ links, children, drafts bool }

// asks are the questions, all of one statement.
func (a *around) asks(s *Service, id, person uuid.UUID, agent bool) []db.Part {
	out := []db.Part{record.AnyLinkTo(id, &a.links), draft.Any(person, draftKeys(id), &a.drafts)}
	if agent {
		out = append(out, s.repo.anyChild(id, &a.children))
	}
	return out
}

// Detail reads the page of an incident. also are small questions about the same
// incident that travel with the others.
func (s *Service) Detail(ctx context.Context, id uuid.UUID, also ...db.Part) (*Detail, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return nil, err
	}
	d := &Detail{who: who, can: make(map[authz.Action]bool, len(useCases)+1), Drafts: map[string]draft.Fields{}, Now: s.desk.Now()}
	var a around
	x, facts, err := s.dossier(ctx, v, id, append(a.asks(s, id, who.ID, who.Agent()), also...))
	if err != nil {
		return nil, err
	}
	d.Facts, d.Incident, d.Clocks, d.Watchers, d.told = facts, x.incident, x.clocks, x.watchers, &x.told
	if err := s.permit(ctx, d); err != nil {
		return d, err
	}
	d.inside = who.Agent() && s.desk.Can(ctx, ActionNote, &d.Facts)
	d.Watching = slices.Contains(d.Watchers, who.ID)
	d.tell(x)
	return d, db.Map(s.rest(ctx, v, d, x, a))
}

// Open is Detail for somebody who looks at the page: that is reading what the
// inbox says about it.
func (s *Service) Open(ctx context.Context, id uuid.UUID, in Inbox) (*Detail, error) {
	unread := 0
	about, err := in.About(ctx, id, &unread)
	if err != nil {
		return nil, err
	}
	d, err := s.Detail(ctx, id, about)
	if err != nil || unread == 0 {
		return d, err
	}
	return d, in.Read(ctx, nil, id)
}

// draftPrefix is how the names of drafts on an incident begin; the form follows.
func draftPrefix(id uuid.UUID) string { return "incident:" + id.String() + ":" }

// draftKeys are the drafts that the page of an incident goes on with.
func draftKeys(id uuid.UUID) []string {
	prefix := draftPrefix(id)
	return []string{prefix + "reply", prefix + "note", prefix + "resolve"}
}

// drafts are what the actor has begun to write on an incident, by form.
func (s *Service) drafts(ctx context.Context, q db.Querier, person, id uuid.UUID) (map[string]draft.Fields, error) {
	m, err := draft.LoadAll(ctx, q, person, draftKeys(id)...)
	out := make(map[string]draft.Fields, len(m))
	for key, f := range m {
		out[strings.TrimPrefix(key, draftPrefix(id))] = f
	}
	return out, err
}

// permit works out what the actor may do with the incident, from what the desk
// is configured with.
func (s *Service) permit(ctx context.Context, d *Detail) (err error) {
	for a := range useCases {
		d.can[a] = s.legal(d.Incident, a) && s.desk.Can(ctx, a, &d.Facts)
	}
	d.can[actionVIP] = s.desk.Can(ctx, actionVIP, nil)
	d.Agent = s.desk.Can(ctx, ActionNote, &d.Facts) || d.who.Has(identity.EngineerL1, identity.EngineerL2, identity.Lead, identity.ConfigManager, identity.Auditor)
	q := s.desk.DB
	if d.Settings, err = s.settings(ctx, q); err != nil {
		return err
	}
	if tooLate(d.Incident, d.Settings.ReopenDays, d.Now) {
		d.can[ActionReopen] = false
	}
	if d.ResolvedBy != nil && *d.ResolvedBy == d.who.ID {
		d.can[ActionConfirm] = false
	}
	cells, err := s.repo.matrix(ctx, q)
	if err != nil {
		return err
	}
	for _, c := range cells {
		if c.Impact == d.Impact && c.Urgency == d.Urgency {
			d.Computed = c.Priority
		}
	}
	if d.Categories, err = s.repo.categories(ctx, q); err != nil {
		return err
	}
	if d.Services, err = s.repo.services(ctx, q); err != nil {
		return err
	}
	if d.Teams, err = identity.Teams(ctx, q); err != nil {
		return err
	}
	return s.announcedOf(ctx, d)
}

// rest reads what follows from what the incident turned out to be and to have.
func (s *Service) rest(ctx context.Context, v record.Visibility, d *Detail, x *dossier, a around) error {
	texts, names := d.texts(), d.everyone() // before the reads, which write to d side by side
	var reads []func(db.Querier) error
	named := false // whether a read finds people whose names are shown
	read := func(when, people bool, f func(db.Querier) error) {
		if when {
			reads, named = append(reads, f), named || people
		}
	}
	read(x.has.absorbed, true, func(q db.Querier) (err error) { d.Absorbed, err = s.repo.absorbed(ctx, q, d.ID); return err })
	read(x.has.links || a.links, false, func(q db.Querier) (err error) { d.Links, err = s.desk.Kinds.Linked(ctx, q, v, d.ID); return err })
	read(x.has.items, false, func(q db.Querier) error { return s.reach(ctx, q, d.ID, d) })
	read(a.drafts, false, func(q db.Querier) (err error) { d.Drafts, err = s.drafts(ctx, q, d.who.ID, d.ID); return err })
	read(d.Confidential, true, func(q db.Querier) (err error) { d.Named, err = record.NamedOn(ctx, q, d.ID, d.Now); return err })
	read(d.Agent && d.Major != "", true, func(q db.Querier) (err error) { d.Managed, err = s.repo.major(ctx, q, d.ID); return err })
	read(d.Agent && (d.ParentID != nil || a.children), false, func(q db.Querier) (err error) { d.Family, err = s.family(ctx, q, d.Incident); return err })
	read(true, false, func(q db.Querier) (err error) { d.Mentions, err = comment.Mentions(ctx, q, texts...); return err })
	read(!named, false, func(q db.Querier) (err error) { d.People, err = identity.People(ctx, q, names...); return err })
	if err := db.Together(ctx, s.desk.DB, reads...); err != nil {
		return err
	}
	if len(d.Absorbed) > 0 {
		for n := range d.Absorbed {
			d.Timeline = append(d.Timeline, Item{At: d.Absorbed[n].ReportedAt, Other: &d.Absorbed[n]})
		}
		inOrder(d.Timeline)
	}
	if !named {
		return nil
	}
	var err error
	d.People, err = identity.People(ctx, s.desk.DB, d.everyone()...)
	return err
}

func (s *Service) legal(i Incident, a authz.Action) bool {
	if i.State == Merged {
		return slices.Contains(onTombstone, a) && (a != ActionHide || !i.Confidential) && (a != ActionName || i.Confidential)
	}
	if m, ok := moves[a]; ok {
		return i.State.Offers(m[0])
	}
	if slices.Contains(whileOpen, a) {
		return i.State.Open()
	}
	switch a {
	case ActionEdit, ActionEditNote, ActionRemoveNote:
		return i.archived() == nil
	case ActionPropose:
		return i.Major == "" && i.State.Open() && i.ParentID == nil
	case ActionDeclare:
		return i.Major != Declared && i.State.Open() && i.ParentID == nil
	case ActionDecline:
		return i.Major == Proposed
	case ActionRoles, ActionNotice, ActionEnd:
		return i.Major == Declared
	case ActionLog:
		return i.Major == Declared || i.Major == Ended
	case ActionAnnounce:
		return i.State.Open() && !i.Confidential
	case ActionParent:
		return !i.Confidential && (i.State.Open() || i.State == Resolved)
	case ActionHide:
		return !i.Confidential
	case ActionUnmerge:
		return false
	case ActionUnhide, ActionName:
		return i.Confidential
	}
	return true
}

// texts are the replies and notes that the page shows.
func (d *Detail) texts() []string {
	var out []string
	for _, it := range d.Timeline {
		if it.Comment != nil {
			out = append(out, it.Comment.Body)
		}
	}
	return out
}

// everyone lists whose names the page shows.
func (d *Detail) everyone() []uuid.UUID {
	ids := people(&d.RequesterID, &d.CreatedBy, d.AssigneeID, d.ResolvedBy, d.ClosedBy)
	ids = append(ids, d.Watchers...)
	if d.Managed != nil {
		ids = append(ids, append(d.Managed.roles(), people(d.Managed.ProposedBy)...)...)
	}
	for _, t := range d.Tasks {
		ids = append(ids, people(t.AssigneeID, t.DoneBy)...)
	}
	for _, n := range d.Named {
		ids = append(ids, n.PersonID)
	}
	for _, a := range d.Absorbed {
		ids = append(ids, a.RequesterID)
	}
	for _, it := range d.Timeline {
		if it.Entry != nil {
			ids = append(ids, people(it.Entry.BehalfID, &it.Entry.ActorID)...)
		}
		if it.Comment != nil {
			ids = append(ids, it.Comment.AuthorID)
		}
		for _, f := range []string{"assignee", "requester", "watcher", "named", "stands_in_for", "tasks_handed"} {
			for _, v := range it.Diff[f] {
				if x, ok := v.(string); ok {
					if id, err := uuid.Parse(x); err == nil {
						ids = append(ids, id)
					}
				}
			}
		}
	}
	return ids
}

// tell merges what was said and done into one timeline, in the order it
// happened, without what the reader may not see.
func (d *Detail) tell(x *dossier) {
	d.Timeline, d.Tasks = make([]Item, 0, len(x.said)+len(x.acts)), x.tasks
	by := map[uuid.UUID][]attachment.File{}
	for _, f := range x.files {
		switch {
		case f.Internal && !d.inside:
		case f.CommentID == nil:
			d.Files = append(d.Files, f)
		default:
			by[*f.CommentID] = append(by[*f.CommentID], f)
		}
	}
	for n := range x.said {
		if c := &x.said[n]; d.inside || !c.Internal {
			d.Timeline = append(d.Timeline, Item{At: c.At, Comment: c, Files: by[c.ID]})
		}
	}
	shown := timeline.For(d.Agent, d.inside)
	for n := range x.acts {
		if diff := shown(x.acts[n].diff); diff != nil {
			d.Timeline = append(d.Timeline, Item{At: x.acts[n].OccurredAt, Entry: &x.acts[n].Entry, Diff: diff})
		}
	}
	inOrder(d.Timeline)
}

func inOrder(items []Item) {
	slices.SortStableFunc(items, func(a, b Item) int { return a.At.Compare(b.At) })
}
