// Package demo fills an empty desk with a believable company: people of every
// role, teams, categories, and incidents that were carried through their lives
// by the same use cases as real ones.
package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/approval"
	"opsdesk/internal/change"
	"opsdesk/internal/configuration"
	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/inspection"
	"opsdesk/internal/people"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/routing"
	"opsdesk/internal/service"
	"opsdesk/internal/servicerequest"
	"opsdesk/internal/sla"
	"opsdesk/internal/work"
)

// Account is one sign-in to print.
type Account struct {
	Username, Name, NameEn string
	Roles                  []identity.Role
}

// Accounts are the sign-ins, one per role and one more engineer.
var Accounts = []Account{
	{"staff", "李雯", "Li Wen", []identity.Role{identity.Requester}},
	{"engineer", "王磊", "Wang Lei", []identity.Role{identity.Requester, identity.EngineerL1}},
	{"engineer2", "陈思远", "Chen Siyuan", []identity.Role{identity.Requester, identity.EngineerL2}},
	{"lead", "赵敏", "Zhao Min", []identity.Role{identity.Requester, identity.Lead}},
	{"changemanager", "孙涛", "Sun Tao", []identity.Role{identity.Requester, identity.ChangeManager}},
	{"reviewer", "周岚", "Zhou Lan", []identity.Role{identity.Requester, identity.Reviewer}},
	{"implementer", "吴昊", "Wu Hao", []identity.Role{identity.Requester, identity.Implementer}},
	{"configmanager", "郑洁", "Zheng Jie", []identity.Role{identity.Requester, identity.ConfigManager}},
	{"manager", "Emma Clarke", "Emma Clarke", []identity.Role{identity.Requester, identity.Manager}},
	{"auditor", "冯瑶", "Feng Yao", []identity.Role{identity.Requester, identity.Auditor}},
	{"admin", "褚建国", "Chu Jianguo", []identity.Role{identity.Requester, identity.SystemAdmin}},
	{"security", "卫东", "Wei Dong", []identity.Role{identity.Requester, identity.SecurityAdmin}},
	{"auditadmin", "蒋琳", "Jiang Lin", []identity.Role{identity.Requester, identity.AuditAdmin}},
}

// Company makes the demo in a desk.
type Company struct {
	Desk      *work.Desk
	People    *people.Service
	Incidents *incident.Service
	Services  *service.Registry
	SLA       *sla.Service
	// Routing gets a few rules where it is given; tests do without.
	Routing  *routing.Service
	Requests *servicerequest.Service
	// Changes gets a few changes where it is given, decided through Approvals.
	Changes   *change.Service
	Approvals *approval.Service
	// Inspections gets plans and what became of them, where it is given.
	Inspections *inspection.Service
	// Majors tells of major incidents too: the banner of the one that goes on is
	// on every page.
	Majors bool
	// At moves the desk's clock, so that the past can be told; the zero time
	// gives the real one back.
	At func(time.Time)

	// Configuration gets the company's items, where it is set.
	Configuration *configuration.Service
	items         map[string]uuid.UUID

	persons    map[string]uuid.UUID
	teams      map[string]uuid.UUID
	categories map[string]uuid.UUID
	services   map[string]uuid.UUID
}

const source = "demo"

// Fill makes what is missing and sets the password of every demo account. It
// reports whether the company was made now.
func (c *Company) Fill(ctx context.Context, password string) (bool, error) {
	c.persons, c.teams, c.categories, c.services = map[string]uuid.UUID{}, map[string]uuid.UUID{}, map[string]uuid.UUID{}, map[string]uuid.UUID{}
	sys := identity.With(ctx, identity.NewSystem("demo"))
	var there, complete bool
	if err := c.Desk.DB.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM people WHERE source = 'demo'), EXISTS (SELECT 1 FROM settings WHERE name = 'demo')`).Scan(&there, &complete); err != nil {
		return false, db.Map(err)
	}
	if there && !complete {
		return false, errors.New("an earlier demo was interrupted half-way: begin again with an empty OPSDESK_DATA or database")
	}
	if err := c.Desk.Do(sys, func(u *work.Unit) error { return c.organisation(sys, u) }); err != nil {
		return false, fmt.Errorf("organisation: %w", err)
	}
	if err := c.Desk.Do(sys, func(u *work.Unit) error {
		for _, a := range Accounts {
			c.People.SetPassword(u, c.persons[a.Username], password)
		}
		for _, approver := range []string{"tao.lin", "du.heng"} {
			c.People.SetPassword(u, c.persons[approver], password)
		}
		return nil
	}); err != nil {
		return false, fmt.Errorf("passwords: %w", err)
	}
	if there {
		return false, nil
	}
	if err := c.catalogue(sys); err != nil {
		return false, fmt.Errorf("catalogue: %w", err)
	}
	if err := c.configuration(sys); err != nil {
		return false, fmt.Errorf("configuration: %w", err)
	}
	if err := c.stock(sys); err != nil {
		return false, fmt.Errorf("stock: %w", err)
	}
	now := c.Desk.Now()
	err := c.play(ctx)
	if err == nil && c.Majors {
		err = c.majors(ctx, now)
	}
	if err == nil {
		err = c.together(ctx)
	}
	c.At(time.Time{})
	if err != nil {
		return false, err
	}
	if err := c.rules(ctx); err != nil {
		return false, fmt.Errorf("routing rules: %w", err)
	}
	err = c.ask(ctx)
	c.At(time.Time{})
	if err != nil {
		return false, fmt.Errorf("requests: %w", err)
	}
	err = c.changes(ctx)
	c.At(time.Time{})
	if err != nil {
		return false, fmt.Errorf("changes: %w", err)
	}
	err = c.inspections(ctx)
	c.At(time.Time{})
	if err != nil {
		return false, fmt.Errorf("inspections: %w", err)
	}
	if err := c.campaigns(ctx); err != nil {
		return false, fmt.Errorf("campaigns: %w", err)
	}
	if err := c.inventory(ctx); err != nil {
		return false, fmt.Errorf("inventory: %w", err)
	}
	return true, c.Desk.Do(sys, func(u *work.Unit) error {
		u.Batch.Queue(`INSERT INTO settings (id, name, value, updated_at, updated_by) VALUES (@id, 'demo', 'true', @now, @by)`, db.Args{"id": work.NewID(), "now": u.Now, "by": u.Actor.ID})
		return nil
	})
}

func (c *Company) organisation(ctx context.Context, u *work.Unit) error {
	u.Quiet = true
	deps := map[string]uuid.UUID{}
	for _, d := range departments {
		row := people.Department{NameZh: d.zh, NameEn: d.en}
		if p, ok := deps[d.under]; ok {
			row.ParentID = &p
		}
		id, err := c.People.EnsureDepartment(ctx, u, row)
		if err != nil {
			return err
		}
		deps[d.en] = id
	}
	for _, s := range specs() {
		dep := deps[s.department]
		id, err := c.People.Ensure(ctx, u, people.Spec{
			Username: s.Username, Name: s.Name, NameEn: s.NameEn, Email: s.Username + "@qiming.example", Phone: s.phone, Title: s.title, Location: s.location,
			Lang: s.lang, DepartmentID: &dep, VIP: s.vip, Roles: s.Roles, Source: source, SourceKey: s.Username,
		})
		if err != nil {
			return fmt.Errorf("%s: %w", s.Username, err)
		}
		c.persons[s.Username] = id
	}
	for _, t := range teams {
		lead := c.persons["lead"]
		var members []uuid.UUID
		for _, m := range strings.Fields(t.members) {
			members = append(members, c.persons[m])
		}
		id, err := c.People.EnsureTeam(ctx, u, people.Team{NameZh: t.zh, NameEn: t.en, LeadID: &lead, Source: source, SourceKey: t.en}, members...)
		if err != nil {
			return fmt.Errorf("%s: %w", t.en, err)
		}
		c.teams[t.en] = id
	}
	for department, who := range map[string]string{"Production": "manager", "Information Technology": "tao.lin", "Marketing": "du.heng"} {
		if err := c.People.SetManager(ctx, u, deps[department], c.persons[who]); err != nil {
			return err
		}
	}
	return nil
}

// catalogue makes categories, services and settings.
func (c *Company) catalogue(ctx context.Context) error {
	err := c.Desk.Do(ctx, func(u *work.Unit) error {
		for _, k := range categories {
			in := incident.ChoiceInput{NameZh: k.zh, NameEn: k.en, Active: true, Confidential: k.confidential, Source: source, SourceKey: k.en}
			if k.team != "" {
				t := c.teams[k.team]
				in.TeamID = &t
			}
			if p, ok := c.categories[k.under]; ok {
				in.ParentID = &p
			}
			id, err := c.Incidents.EnsureCategory(ctx, u, in)
			if err != nil {
				return err
			}
			c.categories[k.en] = id
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := c.promises(ctx); err != nil {
		return err
	}
	desk := c.teams["Service Desk"]
	return c.Incidents.SetSettings(ctx, incident.Settings{AutoCloseDays: 5, ReopenDays: 14, DefaultTeam: &desk})
}

// as is ctx with a person as its actor.
func (c *Company) as(ctx context.Context, username string) (context.Context, error) {
	id, ok := c.persons[username]
	if !ok {
		return ctx, fault.New(fault.Internal, "error.internal")
	}
	a, err := identity.LoadActor(ctx, c.Desk.DB, id, c.Desk.Now())
	return identity.With(ctx, a), err
}

// play carries every incident through its life.
func (c *Company) play(ctx context.Context) error {
	now := c.Desk.Now()
	for n, s := range scripts() {
		if err := c.perform(ctx, s, now.Add(-s.ago)); err != nil {
			return fmt.Errorf("incident %d (%s): %w", n+1, s.title, err)
		}
	}
	return nil
}

func (c *Company) perform(ctx context.Context, s script, at time.Time) error {
	c.At(at)
	who, err := c.as(ctx, s.who)
	if err != nil {
		return err
	}
	in := incident.CreateInput{
		Title: s.title, Description: s.text, Impact: s.impact, Urgency: s.urgency, Location: s.location, Channel: "portal",
	}
	if in.Location == "" {
		in.Location = "B-2F-017"
	}
	if id, ok := c.categories[s.category]; ok && s.classified {
		in.CategoryID = &id
	}
	if id, ok := c.services[s.service]; ok {
		in.ServiceID = &id
	}
	i, err := c.Incidents.Create(who, in)
	if err != nil {
		return err
	}
	if err := c.affect(ctx, s.category, i.ID); err != nil {
		return fmt.Errorf("affected item: %w", err)
	}
	for _, st := range s.steps {
		at = at.Add(st.after)
		c.At(at)
		if err := c.step(ctx, s, i.ID, st); err != nil {
			return fmt.Errorf("%s: %w", st.do, err)
		}
	}
	return nil
}

func (c *Company) step(ctx context.Context, s script, id uuid.UUID, st step) error {
	by := st.by
	if by == "" {
		by = s.engineer
	}
	ctx, err := c.as(ctx, by)
	if err != nil {
		return err
	}
	cat := c.categories[s.category]
	switch st.do {
	case "claim":
		_, err = c.Incidents.Claim(ctx, id, incident.StepInput{})
	case "accept":
		_, err = c.Incidents.Accept(ctx, id, incident.AcceptInput{CategoryID: &cat})
	case "start":
		_, err = c.Incidents.Start(ctx, id, incident.StepInput{})
	case "reply":
		_, err = c.Incidents.Reply(ctx, id, incident.ReplyInput{Body: st.text})
	case "note":
		_, err = c.Incidents.Note(ctx, id, incident.ReplyInput{Body: st.text})
	case "pend-user":
		_, err = c.Incidents.Pend(ctx, id, incident.PendInput{Reason: incident.OnUser, Remark: st.text})
	case "pend-parts":
		_, err = c.Incidents.Pend(ctx, id, incident.PendInput{Reason: incident.OnParts, Remark: st.text})
	case "pend-vendor":
		_, err = c.Incidents.Pend(ctx, id, incident.PendInput{Reason: incident.OnVendor, Remark: st.text})
	case "resolve":
		_, err = c.Incidents.Resolve(ctx, id, incident.ResolveInput{Code: st.code, Cause: st.cause, Process: st.text})
	case "confirm":
		_, err = c.Incidents.Confirm(ctx, id, incident.StepInput{})
	case "reject":
		_, err = c.Incidents.Reject(ctx, id, incident.RejectInput{Reason: st.text})
	case "cancel":
		_, err = c.Incidents.Cancel(ctx, id, incident.CancelInput{Reason: "duplicate", Remark: st.text})
	default:
		err = fmt.Errorf("no such step")
	}
	return err
}
