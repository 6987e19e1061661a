package people

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// SetupLink returns a fresh one-time link to make the first administrators, or
// "" when there are some. Links of earlier starts stop working.
func (s *Service) SetupLink(ctx context.Context) (string, error) {
	n, err := s.persons.others(ctx, s.desk.DB, identity.SystemAdmin, uuid.Nil, s.desk.Now())
	if err != nil || n > 0 {
		return "", db.Map(err)
	}
	token := identity.NewSecret()
	err = s.desk.Do(identity.With(ctx, identity.NewSystem("setup")), func(u *work.Unit) error {
		s.access.dropLinks(&u.Batch, "setup", nil)
		s.access.link(&u.Batch, identity.HashSecret(token), "setup", nil, u.Now, u.Now.Add(setupValid))
		return nil
	})
	return s.baseURL + "/setup/" + token, err
}

// SetupInput names the three administrators, who must be three people (等保 三员;
// controls §5 S1). Only the first sets a password here.
type SetupInput struct {
	Name      string `json:"name" validate:"required,notblank,line,max=100"`
	Username  string `json:"username" validate:"required,notblank,line,max=100,excludesall= "`
	Email     string `json:"email" validate:"omitempty,email,max=200"`
	Password  string `json:"password" validate:"required"`
	SecName   string `json:"security_name" validate:"required,notblank,line,max=100"`
	SecUser   string `json:"security_username" validate:"required,notblank,line,max=100,excludesall= "`
	AuditName string `json:"audit_name" validate:"required,notblank,line,max=100"`
	AuditUser string `json:"audit_username" validate:"required,notblank,line,max=100,excludesall= "`
}

// SetupLinks are the one-time links for the two other administrators, shown
// once.
type SetupLinks struct{ Security, Audit string }

// Setup makes the three administrators with a one-time link. A second use of
// the link is refused.
func (s *Service) Setup(ctx context.Context, token string, in SetupInput) (SetupLinks, error) {
	var links SetupLinks
	if good, err := s.LinkGood(ctx, "setup", token); err != nil || !good {
		if err == nil {
			err = fault.New(fault.NotFound, "people.error.link")
		}
		return links, err
	}
	if err := validated(in); err != nil {
		return links, err
	}
	if err := identity.CheckPassword(in.Password, in.Username, in.Name); err != nil {
		return links, err
	}
	a, b, c := strings.ToLower(in.Username), strings.ToLower(in.SecUser), strings.ToLower(in.AuditUser)
	if a == b || b == c || a == c {
		return links, fault.OnField("audit_username", "people.error.three_people")
	}
	hash := s.hasher.Hash(in.Password)
	ctx = identity.With(ctx, identity.NewSystem("setup"))
	err := s.desk.Do(ctx, func(u *work.Unit) error {
		if _, err := s.access.takeLink(ctx, u.Tx, identity.HashSecret(token), "setup", u.Now); err != nil {
			return fault.New(fault.NotFound, "people.error.link")
		}
		id, err := s.Ensure(ctx, u, Spec{Username: in.Username, Name: in.Name, Email: in.Email, Roles: []identity.Role{identity.SystemAdmin}})
		if err != nil {
			return err
		}
		s.access.setPassword(&u.Batch, id, hash, u.Now)
		if links.Security, err = s.invite(ctx, u, Spec{Username: in.SecUser, Name: in.SecName, Roles: []identity.Role{identity.SecurityAdmin}}); err != nil {
			return err
		}
		links.Audit, err = s.invite(ctx, u, Spec{Username: in.AuditUser, Name: in.AuditName, Roles: []identity.Role{identity.AuditAdmin}})
		return err
	})
	return links, err
}

// invite makes an account and a link to set its first password.
func (s *Service) invite(ctx context.Context, u *work.Unit, spec Spec) (string, error) {
	id, err := s.Ensure(ctx, u, spec)
	if err != nil {
		return "", err
	}
	token := identity.NewSecret()
	s.access.link(&u.Batch, identity.HashSecret(token), "reset", &id, u.Now, u.Now.Add(setupValid))
	return s.baseURL + "/reset/" + token, nil
}

// Spec describes a person to be made by an import, the demo or the set-up.
type Spec struct {
	Username, Name, NameEn, Email, Phone, Title, Location, Lang string

	DepartmentID      *uuid.UUID
	VIP               bool
	Roles             []identity.Role
	Source, SourceKey string
}

// Ensure makes a person within a unit of a component of the desk, unless an
// account of that name exists already, and returns its id.
func (s *Service) Ensure(ctx context.Context, u *work.Unit, spec Spec) (uuid.UUID, error) {
	id, err := s.persons.idOf(ctx, u.Tx, spec.Username)
	if err != nil || id != uuid.Nil {
		return id, err
	}
	in := PersonInput{
		Username: spec.Username, Name: spec.Name, NameEn: spec.NameEn, Email: spec.Email, Phone: spec.Phone, Title: spec.Title, Location: spec.Location,
		Lang: spec.Lang, DepartmentID: spec.DepartmentID, VIP: spec.VIP,
	}
	p, err := work.Insert(ctx, u, s.persons, ActionCreatePerson, nil, in, func(u *work.Unit) (Person, error) {
		p := Person{
			ID: u.ID(), Version: 1, Active: true, Shortcuts: true, Mail: true, Source: spec.Source, SourceKey: spec.SourceKey, CreatedAt: u.Now, UpdatedAt: u.Now,
		}
		in.apply(&p)
		return p, nil
	})
	if err != nil {
		return id, err
	}
	if len(spec.Roles) == 0 {
		spec.Roles = []identity.Role{identity.Requester}
	}
	for _, r := range spec.Roles {
		s.persons.giveRole(&u.Batch, p.ID, r, u.Actor.ID, u.Now, nil)
	}
	if err := u.Record(ctx, ActionGrant, p.Ref(), trail.Diff{"role": {nil, spec.Roles}}); err != nil {
		return id, err
	}
	return p.ID, u.Flush(ctx)
}

// EnsureTeam makes a team within a unit unless one of that source exists.
func (s *Service) EnsureTeam(ctx context.Context, u *work.Unit, t Team, members ...uuid.UUID) (uuid.UUID, error) {
	id, err := s.teams.bySource(ctx, u.Tx, t.Source, t.SourceKey)
	if err != nil || id != uuid.Nil {
		return id, err
	}
	in := TeamInput{NameZh: t.NameZh, NameEn: t.NameEn, LeadID: t.LeadID, Active: true, Members: members}
	made, err := work.Insert(ctx, u, s.teams, ActionOrg, nil, in, func(u *work.Unit) (Team, error) {
		t.ID, t.Version, t.Active, t.CreatedAt, t.UpdatedAt = u.ID(), 1, true, u.Now, u.Now
		u.AfterRegister(func() error { s.teams.members(&u.Batch, t.ID, members); return nil })
		return t, nil
	})
	if err != nil {
		return id, err
	}
	return made.ID, u.Flush(ctx)
}

// EnsureDepartment makes a department within a unit unless one of that name
// exists.
func (s *Service) EnsureDepartment(ctx context.Context, u *work.Unit, d Department) (uuid.UUID, error) {
	id, err := s.departments.byName(ctx, u.Tx, d.NameZh, d.NameEn)
	if err != nil || id != uuid.Nil {
		return id, err
	}
	in := DepartmentInput{ParentID: d.ParentID, NameZh: d.NameZh, NameEn: d.NameEn, ManagerID: d.ManagerID, Active: true}
	made, err := work.Insert(ctx, u, s.departments, ActionOrg, nil, in, func(u *work.Unit) (Department, error) {
		d.ID, d.Version, d.Active, d.CreatedAt, d.UpdatedAt = u.ID(), 1, true, u.Now, u.Now
		return d, nil
	})
	if err != nil {
		return id, err
	}
	return made.ID, u.Flush(ctx)
}

// SetPassword sets an account's password from inside the desk: demo data only,
// whose passwords are made at start and printed.
func (s *Service) SetPassword(u *work.Unit, id uuid.UUID, password string) {
	s.access.setPassword(&u.Batch, id, s.hasher.Hash(password), u.Now)
}

// SetManager makes a person answer for a department, within a unit of a
// component of the desk.
func (s *Service) SetManager(ctx context.Context, u *work.Unit, department, person uuid.UUID) error {
	_, err := work.Apply(ctx, u, s.departments, ActionOrg, department, 0, nil, func(_ *work.Unit, d *Department) error {
		d.ManagerID = &person
		return nil
	})
	return err
}
