package people

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
)

// pageSize is how many accounts one page of a list has.
const pageSize = 50

// nameCursor is the place after the last account shown.
type nameCursor struct {
	Name string
	ID   uuid.UUID
}

// Page lists people for administration, one page at a time.
func (s *Service) Page(ctx context.Context, f Filter) ([]Person, string, error) {
	f.Limit = pageSize + 1
	out, err := s.List(ctx, f)
	if err != nil || len(out) <= pageSize {
		return out, "", err
	}
	last := out[pageSize-1]
	return out[:pageSize], db.Cursor(nameCursor{last.Name, last.ID}), nil
}

// Directory finds active people for pickers.
func (s *Service) Directory(ctx context.Context, text string, agents bool) ([]identity.Person, error) {
	if _, err := s.desk.Permit(ctx, ActionDirectory); err != nil {
		return nil, err
	}
	return identity.SearchPeople(ctx, s.desk.DB, text, agents, s.desk.Now(), 20)
}

// Teams lists all teams.
func (s *Service) Teams(ctx context.Context) ([]identity.Team, error) {
	if _, err := s.desk.Permit(ctx, ActionDirectory); err != nil {
		return nil, err
	}
	return identity.Teams(ctx, s.desk.DB)
}

// TeamView is a team with the people of it.
type TeamView struct {
	Team
	Members []identity.Person
	Lead    string
}

// Team reads one team for its form.
func (s *Service) Team(ctx context.Context, id uuid.UUID) (TeamView, error) {
	if _, err := s.desk.Permit(ctx, ActionOrg); err != nil {
		return TeamView{}, err
	}
	t, err := s.teams.get(ctx, s.desk.DB, id)
	if err != nil {
		return TeamView{}, err
	}
	v := TeamView{Team: t}
	if v.Members, err = identity.Members(ctx, s.desk.DB, id); err != nil {
		return v, err
	}
	v.Lead, err = s.nameOf(ctx, t.LeadID)
	return v, err
}

// nameOf is the name of somebody for a picker that shows them already.
func (s *Service) nameOf(ctx context.Context, id *uuid.UUID) (string, error) {
	if id == nil {
		return "", nil
	}
	p, err := identity.People(ctx, s.desk.DB, *id)
	return p[*id].Name, err
}

// Departments lists the whole tree.
func (s *Service) Departments(ctx context.Context) ([]Department, error) {
	if _, err := s.desk.Permit(ctx, ActionDirectory); err != nil {
		return nil, err
	}
	return s.departments.all(ctx, s.desk.DB)
}

// Department reads one department and the name of its manager for the form.
func (s *Service) Department(ctx context.Context, id uuid.UUID) (Department, string, error) {
	if _, err := s.desk.Permit(ctx, ActionOrg); err != nil {
		return Department{}, "", err
	}
	list, err := s.departments.all(ctx, s.desk.DB)
	if err != nil {
		return Department{}, "", err
	}
	for _, d := range list {
		if d.ID == id {
			name, err := s.nameOf(ctx, d.ManagerID)
			return d, name, err
		}
	}
	return Department{}, "", fault.New(fault.NotFound, "error.not_found")
}

// Tokens lists the actor's API tokens.
func (s *Service) Tokens(ctx context.Context) ([]Token, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	return s.access.tokens(ctx, s.desk.DB, who.ID)
}

// from sets the place a list goes on at.
func (f *Filter) from(cursor string) error {
	c, err := db.ParseCursor[nameCursor](cursor)
	if err != nil || c == nil {
		return err
	}
	f.After, f.AfterID = c.Name, c.ID
	return nil
}

// mayKill reports whether the actor may end sign-ins of others.
func (s *Service) mayKill(ctx context.Context) bool {
	who, err := identity.From(ctx)
	return err == nil && s.desk.Matrix.ReadScope(who, "session.kill").All
}
