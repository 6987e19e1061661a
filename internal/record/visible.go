package record

import (
	"cmp"
	"maps"
	"strings"
	"time"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
)

// Visibility is the one access predicate (controls §4): a condition on
// `records r` for one reader at one instant. Lists, details, search, counts,
// exports and attachments all embed it, so that none of them can show more
// than another. It is put together from fixed pieces only.
type Visibility struct {
	cond          string
	few           string
	never, always bool
	args          db.Args
}

// Never reports that the reader may see nothing; Always, that they may see
// everything that is not confidential, and what names them.
func (v Visibility) Never() bool  { return v.never }
func (v Visibility) Always() bool { return v.always }

// Few narrows a list, for readers who see no more than what concerns
// themselves, to the records that do: a condition that follows the predicate,
// for the planner's sake. It shows nothing that the predicate hides.
func (v Visibility) Few() string { return v.few }

// few is found by indexes on one person; it may hold more than the predicate
// lets through.
const few = ` AND r.id = ANY(ARRAY(SELECT x.id FROM records x WHERE x.requester_id = @vis_me UNION SELECT x.id FROM records x WHERE x.created_by = @vis_me AND x.created_by IS DISTINCT FROM x.requester_id
	UNION SELECT w.record_id FROM record_watchers w WHERE w.person_id = @vis_me UNION SELECT p.record_id FROM record_participants p WHERE p.person_id = @vis_me
	UNION SELECT n.record_id FROM record_named n WHERE n.person_id = @vis_me))`

// Visible returns the predicate for what the scope lets the actor read.
func Visible(s authz.ReadScope, a identity.Actor, now time.Time) Visibility {
	args := db.Args{}
	var arms []string
	arm := func(cond, name string, value any) {
		arms = append(arms, cond)
		args[name] = value
	}
	if s.All {
		arms = append(arms, "true")
	} else {
		if s.Own {
			arm(`r.requester_id = @vis_me OR r.created_by = @vis_me OR EXISTS (SELECT 1 FROM record_watchers w WHERE w.record_id = r.id AND w.person_id = @vis_me)`, "vis_me", a.ID)
		}
		if len(s.Teams) > 0 {
			arm(`r.team_id = ANY(@vis_teams)`, "vis_teams", s.Teams)
		}
		if len(s.Departments) > 0 {
			arm(`r.department_id = ANY(@vis_departments)`, "vis_departments", s.Departments)
		}
		if len(s.Services) > 0 {
			arm(`r.service_id = ANY(@vis_services)`, "vis_services", s.Services)
		}
		if s.Participant {
			arm(`EXISTS (SELECT 1 FROM record_participants p WHERE p.record_id = r.id AND p.person_id = @vis_me)`, "vis_me", a.ID)
		}
	}
	cond := "false"
	if len(arms) > 0 {
		cond = "NOT r.confidential AND (" + strings.Join(arms, " OR ") + ")"
	}
	if s.Named {
		cond = "(" + cond + ") OR (r.confidential AND EXISTS (SELECT 1 FROM record_named n WHERE n.record_id = r.id AND n.person_id = @vis_me AND n.until > @vis_now))"
		args["vis_me"], args["vis_now"] = a.ID, now
	}
	v := Visibility{cond: "(" + cond + ")", args: args, never: len(arms) == 0 && !s.Named, always: s.All}
	if !s.All && !v.never && len(s.Teams)+len(s.Departments)+len(s.Services) == 0 {
		v.few = few
		args["vis_me"] = a.ID
	}
	return v
}

// And lets through what both do. They are for one reader at one instant, so
// that their arguments are the same.
func (v Visibility) And(w Visibility) Visibility {
	return Visibility{cond: "(" + v.cond + " AND " + w.cond + ")", few: cmp.Or(v.few, w.few), never: v.never || w.never, always: v.always && w.always, args: w.With(v.args)}
}

// SQL completes a statement that ends where the condition belongs; rest
// follows it.
func (v Visibility) SQL(head string, rest ...string) string {
	return head + v.cond + strings.Join(rest, "")
}

// With adds the predicate's arguments to those of the statement.
func (v Visibility) With(args db.Args) db.Args {
	out := maps.Clone(v.args)
	maps.Copy(out, args)
	return out
}
