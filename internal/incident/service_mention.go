package incident

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/comment"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// What to do about people whom a text calls and who may not see the incident
// (capabilities 10). The zero value asks.
const (
	MentionAsk   = ""
	MentionGrant = "grant" // let them see it, where the actor may
	MentionSkip  = "skip"  // send it, and tell them nothing
)

// reach is how a person stands to what would be shown to them.
type reach struct {
	Sees  bool // may read the incident now
	Notes bool // may read its internal notes
	Could bool // would see it, were they let in
	Own   bool // reported or works on it: told of every reply in any case
}

// called are the people whom a reply or a note is sent to by name.
type called struct{ tell, follow, granted []uuid.UUID }

// reaches says for each of some people how far they see into an incident.
func (s *Service) reaches(ctx context.Context, q db.Querier, i Incident, ids []uuid.UUID) (map[uuid.UUID]reach, error) {
	now := s.desk.Now()
	actors, err := identity.LoadActors(ctx, q, ids, now)
	if err != nil {
		return nil, err
	}
	standing, err := record.StandingsOf(ctx, q, i.ID, ids, now)
	if err != nil {
		return nil, db.Map(err)
	}
	read, note := s.desk.Policies[ActionRead], s.desk.Policies[ActionNote]
	out := make(map[uuid.UUID]reach, len(actors))
	for id, a := range actors {
		f := i.Entry().Facts(standing[id])
		r := reach{Own: id == i.RequesterID || i.AssigneeID != nil && *i.AssigneeID == id}
		r.Sees = s.desk.Matrix.Decide(a, read, &f).Allowed
		r.Notes = r.Sees && s.desk.Matrix.Decide(a, note, &f).Allowed && id != i.RequesterID
		f.IsWatcher, f.Named = true, true
		r.Could = s.desk.Matrix.Decide(a, read, &f).Allowed
		out[id] = r
	}
	return out, nil
}

// mentioned decides about everybody whom a text calls. Where somebody may not
// see what they are called to, and choice does not say what to do, the text is
// not sent: the fault names them, and why.
func (s *Service) mentioned(ctx context.Context, u *work.Unit, i Incident, body string, internal bool, choice string) (called, error) {
	var c called
	list, err := comment.Mentions(ctx, u.Tx, body)
	if err != nil || len(list) == 0 {
		return c, err
	}
	var ids []uuid.UUID
	for _, m := range list {
		if !m.Several && m.Person.ID != u.Actor.ID {
			ids = append(ids, m.Person.ID)
		}
	}
	far, err := s.reaches(ctx, u.Tx, i, ids)
	if err != nil {
		return c, err
	}
	grant, err := s.mayLetIn(ctx, u, i)
	if err != nil {
		return c, err
	}
	refused := map[string][]string{}
	for _, m := range list {
		r, ok := far[m.Person.ID]
		switch {
		case m.Several:
			refused["incident.error.mention_several"] = append(refused["incident.error.mention_several"], m.Name)
		case !ok: // the actor, or somebody who left meanwhile
		case internal && r.Sees && !r.Notes:
			refused["incident.error.mention_no_notes"] = append(refused["incident.error.mention_no_notes"], m.Person.Name)
		case r.Sees:
			c.tell = append(c.tell, m.Person.ID)
			if !r.Own {
				c.follow = append(c.follow, m.Person.ID)
			}
		case choice == MentionGrant && r.Could && grant && !internal:
			c.tell, c.granted = append(c.tell, m.Person.ID), append(c.granted, m.Person.ID)
		default:
			k := "incident.error.mention_no_access"
			if !r.Could || internal {
				k = "incident.error.mention_never"
			}
			refused[k] = append(refused[k], m.Person.Name)
		}
	}
	if len(refused) == 0 || choice == MentionSkip {
		return c, nil
	}
	f := fault.New(fault.Invalid, "incident.error.mention")
	for _, k := range []string{"incident.error.mention_no_access", "incident.error.mention_never", "incident.error.mention_no_notes", "incident.error.mention_several"} {
		if names := refused[k]; len(names) > 0 {
			f.Fields = append(f.Fields, fault.Field{Name: "body", Code: k, Param: strings.Join(names, ", ")})
		}
	}
	return c, f
}

// letInBy is the act by which others are let in: as followers, or onto the
// need-to-know list.
func letInBy(i Incident) authz.Action {
	if i.Confidential {
		return ActionName
	}
	return ActionWatchers
}

func (s *Service) mayLetIn(ctx context.Context, u *work.Unit, i Incident) (bool, error) {
	st, err := record.StandingOf(ctx, u.Tx, i.ID, u.Actor.ID, u.Now)
	f := i.Entry().Facts(st)
	return s.desk.Can(ctx, letInBy(i), &f), db.Map(err)
}

// carryOut makes those called followers, lets in whom the actor lets in, and
// tells them about the comment once.
func (c called) carryOut(u *work.Unit, i Incident, about uuid.UUID, event string) {
	if len(c.tell) == 0 {
		return
	}
	for _, p := range append(slices.Clone(c.follow), c.granted...) {
		record.Watch(&u.Batch, i.ID, p, u.Actor.ID, u.Now)
	}
	if i.Confidential {
		for _, p := range c.granted {
			record.Name(&u.Batch, i.ID, p, u.Actor.ID, "mentioned", u.Now, u.Now.Add(namedFor))
		}
	}
	u.Note("mention", nil, c.tell)
	u.Tell(event, about, c.tell...)
}

// Candidate is somebody whom a text on an incident may call.
type Candidate struct {
	identity.Person
	Reach reach
}

// Mentionable finds people by the beginning of their name, account or pinyin
// initials, for the composer of an incident that the actor may see. Whether
// they may see it stands beside each.
func (s *Service) Mentionable(ctx context.Context, id uuid.UUID, text string) ([]Candidate, error) {
	i, _, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	found, err := identity.SearchPeople(ctx, s.desk.DB, text, false, s.desk.Now(), 8)
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(found))
	for n, p := range found {
		ids[n] = p.ID
	}
	far, err := s.reaches(ctx, s.desk.DB, i, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Candidate, len(found))
	for n, p := range found {
		out[n] = Candidate{p, far[p.ID]}
	}
	return out, nil
}
