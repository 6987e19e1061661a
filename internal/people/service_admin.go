package people

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/live"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/work"
)

func validated(in any) error { return validate.Struct(in) }

// PersonInput is the account form.
type PersonInput struct {
	Version      int        `json:"version"`
	Username     string     `json:"username" validate:"required,notblank,line,max=100,excludesall= "`
	Name         string     `json:"name" validate:"required,notblank,line,max=100"`
	NameEn       string     `json:"name_en" validate:"omitempty,line,max=100"`
	Email        string     `json:"email" validate:"omitempty,email,max=200"`
	Phone        string     `json:"phone" validate:"omitempty,line,max=50"`
	Title        string     `json:"title" validate:"omitempty,line,max=100"`
	Location     string     `json:"location" validate:"omitempty,line,max=200"`
	DepartmentID *uuid.UUID `json:"department_id"`
	Lang         string     `json:"lang" validate:"omitempty,oneof=zh-CN en"`
	TimeZone     string     `json:"time_zone" validate:"omitempty,timezone"`
	VIP          bool       `json:"vip"`
}

func (in PersonInput) apply(p *Person) {
	p.Username, p.Name, p.NameEn, p.Email, p.Phone, p.Title = in.Username, in.Name, in.NameEn, in.Email, in.Phone, in.Title
	p.Location, p.DepartmentID, p.Lang, p.VIP = in.Location, in.DepartmentID, in.Lang, in.VIP
	if p.TimeZone = in.TimeZone; p.TimeZone == "" {
		p.TimeZone = "Asia/Shanghai"
	}
	p.spell()
}

// CreatePerson opens an account with the requester's role and no password: the
// person sets one with a link.
func (s *Service) CreatePerson(ctx context.Context, in PersonInput) (Person, error) {
	return work.Create(ctx, s.desk, s.persons, ActionCreatePerson, in, func(u *work.Unit) (Person, error) {
		p := Person{ID: u.ID(), Version: 1, Active: true, Shortcuts: true, Mail: true, CreatedAt: u.Now, UpdatedAt: u.Now}
		in.apply(&p)
		u.AfterRegister(func() error {
			s.persons.giveRole(&u.Batch, p.ID, identity.Requester, u.Actor.ID, u.Now, nil)
			return nil
		})
		return p, nil
	})
}

// EditPerson changes an account's fields.
func (s *Service) EditPerson(ctx context.Context, id uuid.UUID, in PersonInput) (Person, error) {
	return work.Update(ctx, s.desk, s.persons, ActionEditPerson, id, in.Version, in, func(_ *work.Unit, p *Person) error {
		in.apply(p)
		return nil
	})
}

// ProfileInput is what people may change about themselves.
type ProfileInput struct {
	Version   int    `json:"version"`
	Phone     string `json:"phone" validate:"omitempty,line,max=50"`
	Location  string `json:"location" validate:"omitempty,line,max=200"`
	Lang      string `json:"lang" validate:"omitempty,oneof=zh-CN en"`
	TimeZone  string `json:"time_zone" validate:"required,timezone"`
	Theme     string `json:"theme" validate:"omitempty,oneof=light dark auto"`
	Density   string `json:"density" validate:"omitempty,oneof=compact"`
	Shortcuts bool   `json:"shortcuts"`
	Mail      bool   `json:"mail"`
}

// EditSelf changes the actor's own profile.
func (s *Service) EditSelf(ctx context.Context, in ProfileInput) (Person, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return Person{}, err
	}
	return work.Update(ctx, s.desk, s.persons, ActionEditSelf, who.ID, in.Version, in, func(_ *work.Unit, p *Person) error {
		p.Phone, p.Location, p.Lang, p.TimeZone, p.Theme, p.Density, p.Shortcuts, p.Mail = in.Phone, in.Location, in.Lang, in.TimeZone, in.Theme, in.Density, in.Shortcuts, in.Mail
		return nil
	})
}

// Prefer stores the actor's choice of theme or language; "" leaves one alone.
func (s *Service) Prefer(ctx context.Context, theme, lang, density string) error {
	who, err := identity.From(ctx)
	if err != nil {
		return nil //nolint:nilerr // nobody is signed in: the cookie is all there is
	}
	_, err = work.Update(ctx, s.desk, s.persons, ActionEditSelf, who.ID, 0, struct{}{}, func(_ *work.Unit, p *Person) error {
		if theme != "" {
			p.Theme = theme
		}
		if lang != "" {
			p.Lang = lang
		}
		if density != "" {
			p.Density = strings.TrimPrefix(density, "normal")
		}
		return nil
	})
	return err
}

// ActivateInput enables or disables an account.
type ActivateInput struct {
	Version int  `json:"version"`
	Active  bool `json:"active"`
}

// Activate enables or disables an account; disabling ends its sessions with the
// next request, and is refused while the person has open work: that is handed on
// first (HandOver). The last holder of an administrator role stays.
func (s *Service) Activate(ctx context.Context, id uuid.UUID, in ActivateInput) (Person, error) {
	return work.Update(ctx, s.desk, s.persons, ActionActivate, id, in.Version, in, func(u *work.Unit, p *Person) error {
		if !in.Active {
			if err := s.notLast(ctx, u, id, administrators...); err != nil {
				return err
			}
			if err := s.nothingOpen(ctx, u.Tx, id); err != nil {
				return err
			}
			s.access.endAll(&u.Batch, id)
			live.Rights(&u.Batch, id)
		}
		p.Active = in.Active
		return nil
	})
}

// notLast refuses to take an administrator role from the only person who holds
// it now. One whose own is over does not hold it.
func (s *Service) notLast(ctx context.Context, u *work.Unit, id uuid.UUID, roles ...identity.Role) error {
	held, err := s.persons.grants(ctx, u.Tx, id)
	if err != nil {
		return err
	}
	for _, g := range held {
		if !g.inForce(u.Now) || !slices.Contains(roles, g.Role) || !slices.Contains(administrators, g.Role) {
			continue
		}
		n, err := s.persons.others(ctx, u.Tx, g.Role, id, u.Now)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "people.error.last_admin")
		}
	}
	return nil
}

// RoleInput grants or revokes a role.
type RoleInput struct {
	Version int           `json:"version"`
	Role    identity.Role `json:"role" validate:"required,oneof=REQ L1 L2 LEAD CM CAB IMP CFG MGR AUD SYS SEC ADA"`
	Until   *time.Time    `json:"until"`
}

// Grant gives a role. Nobody grants a role to themselves, and pairs that
// separation of duties forbids are refused (controls §5).
func (s *Service) Grant(ctx context.Context, id uuid.UUID, in RoleInput) (Person, error) {
	return work.Update(ctx, s.desk, s.persons, ActionGrant, id, in.Version, in, func(u *work.Unit, _ *Person) error {
		return s.giveRole(ctx, u, id, in.Role, in.Until)
	})
}

func (s *Service) giveRole(ctx context.Context, u *work.Unit, id uuid.UUID, role identity.Role, until *time.Time) error {
	if id == u.Actor.ID {
		return fault.New(fault.Forbidden, "people.error.own_role")
	}
	held, err := s.persons.grants(ctx, u.Tx, id)
	if err != nil {
		return err
	}
	roles := []identity.Role{role}
	for _, g := range held {
		if g.Role != role && g.inForce(u.Now) {
			roles = append(roles, g.Role)
		}
	}
	if c := authz.Conflicts(roles); len(c) > 0 {
		return fault.OnField("role", c[0].Reason)
	}
	s.persons.giveRole(&u.Batch, id, role, u.Actor.ID, u.Now, until)
	live.Rights(&u.Batch, id)
	u.Note("role", nil, role)
	return nil
}

// Revoke takes a role away, with effect on the next request.
func (s *Service) Revoke(ctx context.Context, id uuid.UUID, in RoleInput) (Person, error) {
	return work.Update(ctx, s.desk, s.persons, ActionRevoke, id, in.Version, in, func(u *work.Unit, _ *Person) error {
		if err := s.notLast(ctx, u, id, in.Role); err != nil {
			return err
		}
		s.persons.takeRole(&u.Batch, id, in.Role)
		live.Rights(&u.Batch, id)
		u.Note("role", in.Role, nil)
		return nil
	})
}

// TeamInput is the team form.
type TeamInput struct {
	Version int         `json:"version"`
	NameZh  string      `json:"name_zh" validate:"required,notblank,line,max=100"`
	NameEn  string      `json:"name_en" validate:"required,notblank,line,max=100"`
	LeadID  *uuid.UUID  `json:"lead_id"`
	Email   string      `json:"email" validate:"omitempty,email,max=200"`
	Active  bool        `json:"active"`
	Members []uuid.UUID `json:"members" validate:"max=500"`
}

func (s *Service) applyTeam(ctx context.Context, u *work.Unit, t *Team, in TeamInput) error {
	before, err := s.teams.memberIDs(ctx, u.Tx, t.ID)
	if err != nil {
		return err
	}
	t.NameZh, t.NameEn, t.LeadID, t.Email, t.Active = in.NameZh, in.NameEn, in.LeadID, in.Email, in.Active
	after := slices.Clone(in.Members)
	slices.SortFunc(after, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	after = slices.Compact(after)
	if !slices.Equal(before, after) {
		u.Note("members", before, after)
		live.Rights(&u.Batch, append(before, after...)...)
	}
	return nil
}

// CreateTeam makes a team.
func (s *Service) CreateTeam(ctx context.Context, in TeamInput) (Team, error) {
	return work.Create(ctx, s.desk, s.teams, ActionOrg, in, func(u *work.Unit) (Team, error) {
		t := Team{ID: u.ID(), Version: 1, CreatedAt: u.Now, UpdatedAt: u.Now}
		u.AfterRegister(func() error { s.teams.members(&u.Batch, t.ID, in.Members); return nil })
		return t, s.applyTeam(ctx, u, &t, in)
	})
}

// EditTeam changes a team and its members.
func (s *Service) EditTeam(ctx context.Context, id uuid.UUID, in TeamInput) (Team, error) {
	return work.Update(ctx, s.desk, s.teams, ActionOrg, id, in.Version, in, func(u *work.Unit, t *Team) error {
		s.teams.members(&u.Batch, id, in.Members)
		return s.applyTeam(ctx, u, t, in)
	})
}

// DepartmentInput is the department form.
type DepartmentInput struct {
	Version   int        `json:"version"`
	ParentID  *uuid.UUID `json:"parent_id"`
	NameZh    string     `json:"name_zh" validate:"required,notblank,line,max=100"`
	NameEn    string     `json:"name_en" validate:"required,notblank,line,max=100"`
	ManagerID *uuid.UUID `json:"manager_id"`
	Active    bool       `json:"active"`
}

// CreateDepartment adds a department to the tree.
func (s *Service) CreateDepartment(ctx context.Context, in DepartmentInput) (Department, error) {
	return work.Create(ctx, s.desk, s.departments, ActionOrg, in, func(u *work.Unit) (Department, error) {
		return Department{
			ID: u.ID(), Version: 1, ParentID: in.ParentID, NameZh: in.NameZh, NameEn: in.NameEn, ManagerID: in.ManagerID, Active: in.Active, CreatedAt: u.Now, UpdatedAt: u.Now,
		}, nil
	})
}

// EditDepartment changes a department. It cannot be moved below itself.
func (s *Service) EditDepartment(ctx context.Context, id uuid.UUID, in DepartmentInput) (Department, error) {
	return work.Update(ctx, s.desk, s.departments, ActionOrg, id, in.Version, in, func(u *work.Unit, d *Department) error {
		if in.ParentID != nil {
			loop, err := s.departments.below(ctx, u.Tx, id, *in.ParentID)
			if err != nil {
				return err
			}
			if loop {
				return fault.OnField("parent_id", "people.error.department_loop")
			}
		}
		for _, m := range [][2]*uuid.UUID{{d.ManagerID, in.ManagerID}, {in.ManagerID, d.ManagerID}} {
			if m[0] != nil && (m[1] == nil || *m[0] != *m[1]) {
				live.Rights(&u.Batch, *m[0])
			}
		}
		d.ParentID, d.NameZh, d.NameEn, d.ManagerID, d.Active = in.ParentID, in.NameZh, in.NameEn, in.ManagerID, in.Active
		return nil
	})
}

// View is a person with what administrators see beside the profile.
type View struct {
	Person
	Roles    []Grant
	Sessions []Session
	Locked   bool
}

// List lists people for administration.
func (s *Service) List(ctx context.Context, f Filter) ([]Person, error) {
	if _, err := s.desk.Permit(ctx, ActionEditPerson); err != nil {
		if _, err2 := s.desk.Permit(ctx, ActionGrant); err2 != nil && !fault.Is(err2, fault.Forbidden) || !s.desk.Can(ctx, ActionGrant, nil) {
			return nil, err
		}
	}
	return s.persons.list(ctx, s.desk.DB, f, s.desk.Now())
}

// Get reads a person for administration.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (View, error) {
	if !s.desk.Can(ctx, ActionEditPerson, nil) && !s.desk.Can(ctx, ActionGrant, nil) {
		_, err := s.desk.Permit(ctx, ActionEditPerson)
		return View{}, err
	}
	p, err := s.persons.get(ctx, s.desk.DB, id)
	if err != nil {
		return View{}, err
	}
	v := View{Person: p}
	if v.Roles, err = s.persons.grants(ctx, s.desk.DB, id); err != nil {
		return v, err
	}
	if v.Sessions, err = s.access.sessions(ctx, s.desk.DB, id); err != nil {
		return v, err
	}
	c, err := s.access.credentialOf(ctx, s.desk.DB, id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return v, err
	}
	v.Locked = c.LockedUntil != nil && c.LockedUntil.After(s.desk.Now())
	return v, nil
}

// Self reads the actor's own profile.
func (s *Service) Self(ctx context.Context) (Person, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return Person{}, err
	}
	return s.persons.get(ctx, s.desk.DB, who.ID)
}
