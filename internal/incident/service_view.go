package incident

import (
	"context"
	"slices"
	"sort"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/authz"
	"opsdesk/internal/comment"
	"opsdesk/internal/draft"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
	"opsdesk/internal/sla"
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
	Items      []record.Entry // configuration items affected
	Reach      record.Reach   // what hangs on them
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
	can      map[authz.Action]bool
	who      identity.Actor
}

// Can reports whether the actor may take the action on this incident now: by
// the matrix, and by the state machine.
func (d Detail) Can(a authz.Action) bool { return d.can[a] }

// Person is the name of somebody for a reader of a language.
func (d Detail) Person(id *uuid.UUID, lang string) string {
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

// Detail reads the page of an incident.
func (s *Service) Detail(ctx context.Context, id uuid.UUID) (Detail, error) {
	i, facts, err := s.Get(ctx, id)
	if err != nil {
		return Detail{}, err
	}
	who, err := identity.From(ctx)
	if err != nil {
		return Detail{}, err
	}
	d := Detail{Incident: i, Facts: facts, who: who, can: map[authz.Action]bool{}, Drafts: map[string]draft.Fields{}}
	for a := range Policies() {
		d.can[a] = s.desk.Can(ctx, a, &facts) && s.legal(i, a)
	}
	d.can[actionVIP] = s.desk.Can(ctx, actionVIP, nil)
	d.Agent = s.desk.Can(ctx, ActionNote, &facts) || who.Has(identity.EngineerL1, identity.EngineerL2, identity.Lead, identity.ConfigManager, identity.Auditor)
	if d.Settings, err = s.settings(ctx, s.desk.DB); err != nil {
		return d, err
	}
	if tooLate(i, d.Settings.ReopenDays, s.desk.Now()) {
		d.can[ActionReopen] = false
	}
	if i.ResolvedBy != nil && *i.ResolvedBy == who.ID {
		d.can[ActionConfirm] = false
	}
	if err := s.fill(ctx, &d); err != nil {
		return d, db.Map(err)
	}
	return d, nil
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
	case ActionEdit:
		return i.State != Closed && i.State != Cancelled
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

// fill reads what belongs to the incident.
func (s *Service) fill(ctx context.Context, d *Detail) (err error) {
	q := s.desk.DB
	if d.Computed, err = s.repo.priority(ctx, q, d.Impact, d.Urgency); err != nil {
		return err
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
	notes := s.desk.Can(ctx, ActionNote, &d.Facts)
	if err := s.timeline(ctx, d, notes); err != nil {
		return err
	}
	if d.Tasks, err = s.repo.tasks(ctx, q, d.ID); err != nil {
		return err
	}
	if d.Clocks, err = s.sla.Clocks(ctx, q, d.ID); err != nil {
		return err
	}
	d.Now = s.desk.Now()
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return err
	}
	if d.Links, err = s.desk.Kinds.Linked(ctx, q, v, d.ID); err != nil {
		return err
	}
	if err := s.reach(ctx, d); err != nil {
		return err
	}
	if d.Watchers, err = record.Watchers(ctx, q, d.ID); err != nil {
		return err
	}
	d.Watching = slices.Contains(d.Watchers, d.who.ID)
	if d.Confidential {
		if d.Named, err = record.NamedOn(ctx, q, d.ID, s.desk.Now()); err != nil {
			return err
		}
	}
	if err := s.announcedOf(ctx, d); err != nil {
		return err
	}
	if d.Agent && d.Major != "" {
		if d.Managed, err = s.repo.major(ctx, q, d.ID); err != nil {
			return err
		}
	}
	if d.Agent {
		if d.Family, err = s.family(ctx, d.Incident); err != nil {
			return err
		}
	}
	for _, k := range []string{"reply", "note", "resolve"} {
		if d.Drafts[k], _, err = draft.Load(ctx, q, d.who.ID, "incident:"+d.ID.String()+":"+k); err != nil {
			return err
		}
	}
	if d.Mentions, err = comment.Mentions(ctx, q, d.texts()...); err != nil {
		return err
	}
	d.People, err = identity.People(ctx, q, d.everyone()...)
	return err
}

// texts are the replies and notes that the page shows.
func (d Detail) texts() []string {
	var out []string
	for _, it := range d.Timeline {
		if it.Comment != nil {
			out = append(out, it.Comment.Body)
		}
	}
	return out
}

// everyone lists whose names the page shows.
func (d Detail) everyone() []uuid.UUID {
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
		for _, f := range []string{"assignee", "requester", "watcher", "named", "stands_in_for"} {
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

// timeline merges what was said and what was done, in the order it happened.
func (s *Service) timeline(ctx context.Context, d *Detail, notes bool) error {
	q := s.desk.DB
	replies, err := comment.Replies(ctx, q, d.ID, timelineLimit)
	if err != nil {
		return err
	}
	if notes {
		n, err := comment.Notes(ctx, q, d.ID, timelineLimit)
		if err != nil {
			return err
		}
		replies = append(replies, n...)
	}
	files, err := attachment.List(ctx, q, d.ID, notes)
	if err != nil {
		return err
	}
	by := map[uuid.UUID][]attachment.File{}
	for _, f := range files {
		if f.CommentID == nil {
			d.Files = append(d.Files, f)
			continue
		}
		by[*f.CommentID] = append(by[*f.CommentID], f)
	}
	for n := range replies {
		d.Timeline = append(d.Timeline, Item{At: replies[n].At, Comment: &replies[n], Files: by[replies[n].ID]})
	}
	entries, err := trail.OfRecord(ctx, q, d.ID, timelineLimit)
	if err != nil {
		return err
	}
	for n := range entries {
		diff, err := entries[n].Changes()
		if err != nil {
			return err
		}
		if d.Agent || public(diff) {
			d.Timeline = append(d.Timeline, Item{At: entries[n].OccurredAt, Entry: &entries[n], Diff: diff})
		}
	}
	if d.Absorbed, err = s.repo.absorbed(ctx, q, d.ID); err != nil {
		return err
	}
	for n := range d.Absorbed {
		d.Timeline = append(d.Timeline, Item{At: d.Absorbed[n].ReportedAt, Other: &d.Absorbed[n]})
	}
	sort.SliceStable(d.Timeline, func(a, b int) bool { return d.Timeline[a].At.Before(d.Timeline[b].At) })
	return nil
}

// public: of the acts, requesters are shown the steps of the life only.
func public(d trail.Diff) bool { _, ok := d["state"]; return ok }
