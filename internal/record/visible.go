package record

import (
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
	cond string
	args db.Args
}

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
	return Visibility{cond: "(" + cond + ")", args: args}
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
