package people

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type api struct{ s *Service }

func (a api) me(w http.ResponseWriter, r *http.Request) error {
	who, err := identity.From(r.Context())
	if err != nil {
		return err
	}
	p, err := a.s.Self(r.Context())
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, meOut{p, nonNil(who.Roles), nonNil(who.Teams)})
}

func nonNil[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

func (a api) editMe(w http.ResponseWriter, r *http.Request) error {
	return changed(w, r, http.StatusOK, func(ctx context.Context, _ uuid.UUID, in ProfileInput) (Person, error) { return a.s.EditSelf(ctx, in) })
}

func (a api) sessions(w http.ResponseWriter, r *http.Request) error {
	who, err := identity.From(r.Context())
	if err != nil {
		return err
	}
	l, err := a.s.Sessions(r.Context(), who.ID)
	return answer(w, http.StatusOK, list[Session]{nonNil(l)}, err)
}

// answer ends a handler whose value needs no more work.
func answer(w http.ResponseWriter, status int, v any, err error) error {
	if err != nil {
		return err
	}
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return nil
	}
	return web.JSON(w, status, v)
}

func (a api) endSession(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	return answer(w, http.StatusNoContent, nil, a.s.EndSession(r.Context(), id))
}

func (a api) tokens(w http.ResponseWriter, r *http.Request) error {
	l, err := a.s.Tokens(r.Context())
	return answer(w, http.StatusOK, list[Token]{nonNil(l)}, err)
}

func (a api) newToken(w http.ResponseWriter, r *http.Request) error {
	var in TokenInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	secret, err := a.s.CreateOwnToken(r.Context(), in)
	return answer(w, http.StatusCreated, tokenOut{secret}, err)
}

func (a api) revokeToken(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	return answer(w, http.StatusNoContent, nil, a.s.RevokeToken(r.Context(), id))
}

func (a api) directory(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	found, err := a.s.Directory(r.Context(), q.Get("q"), q.Get("agents") == "true")
	out := list[directoryPerson]{[]directoryPerson{}}
	for _, p := range found {
		out.Items = append(out.Items, directoryPerson{p.ID, p.Username, p.Name, p.NameEn, p.Title})
	}
	return answer(w, http.StatusOK, out, err)
}

func (a api) list(w http.ResponseWriter, r *http.Request) error {
	f, err := filter(r)
	if err != nil {
		return err
	}
	people, next, err := a.s.Page(r.Context(), f)
	return answer(w, http.StatusOK, page[Person]{nonNil(people), next}, err)
}

func (a api) get(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	v, err := a.s.Get(r.Context(), id)
	if err != nil {
		return err
	}
	out := personOut{v.Person, []roleOut{}}
	for _, g := range v.Roles {
		out.Roles = append(out.Roles, roleOut(g))
	}
	web.ETag(w, v.Version)
	return web.JSON(w, http.StatusOK, out)
}

// changed decodes, changes and answers with the new version: what every write
// of this API does.
func changed[In any, T interface{ CurrentVersion() int }](w http.ResponseWriter, r *http.Request, status int, fn func(context.Context, uuid.UUID, In) (T, error)) error {
	var id uuid.UUID
	var err error
	if chi.URLParam(r, "id") != "" {
		if id, err = web.PathID(r, "id"); err != nil {
			return err
		}
	}
	var in In
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	ctx, err := work.Asked(r)
	if err != nil {
		return err
	}
	t, err := fn(ctx, id, in)
	if err != nil {
		return err
	}
	web.ETag(w, t.CurrentVersion())
	return web.JSON(w, status, t)
}

func (a api) create(w http.ResponseWriter, r *http.Request) error {
	return changed(w, r, http.StatusCreated, func(ctx context.Context, _ uuid.UUID, in PersonInput) (Person, error) {
		return a.s.CreatePerson(ctx, in)
	})
}

func (a api) edit(w http.ResponseWriter, r *http.Request) error {
	return changed(w, r, http.StatusOK, a.s.EditPerson)
}

func (a api) activate(w http.ResponseWriter, r *http.Request) error {
	return changed(w, r, http.StatusOK, a.s.Activate)
}

func (a api) grant(w http.ResponseWriter, r *http.Request) error {
	return changed(w, r, http.StatusOK, a.s.Grant)
}

func (a api) revoke(w http.ResponseWriter, r *http.Request) error {
	return changed(w, r, http.StatusOK, a.s.Revoke)
}

func (a api) sendReset(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	return answer(w, http.StatusNoContent, nil, a.s.SendReset(r.Context(), id))
}

func (a api) teams(w http.ResponseWriter, r *http.Request) error {
	teams, err := a.s.Teams(r.Context())
	out := list[teamOut]{[]teamOut{}}
	for _, t := range teams {
		out.Items = append(out.Items, teamOut(t))
	}
	return answer(w, http.StatusOK, out, err)
}

func (a api) createTeam(w http.ResponseWriter, r *http.Request) error {
	return changed(w, r, http.StatusCreated, func(ctx context.Context, _ uuid.UUID, in TeamInput) (Team, error) { return a.s.CreateTeam(ctx, in) })
}

func (a api) editTeam(w http.ResponseWriter, r *http.Request) error {
	return changed(w, r, http.StatusOK, a.s.EditTeam)
}

func (a api) departments(w http.ResponseWriter, r *http.Request) error {
	l, err := a.s.Departments(r.Context())
	return answer(w, http.StatusOK, list[Department]{nonNil(l)}, err)
}

func (a api) createDepartment(w http.ResponseWriter, r *http.Request) error {
	return changed(w, r, http.StatusCreated, func(ctx context.Context, _ uuid.UUID, in DepartmentInput) (Department, error) {
		return a.s.CreateDepartment(ctx, in)
	})
}

func (a api) editDepartment(w http.ResponseWriter, r *http.Request) error {
	return changed(w, r, http.StatusOK, a.s.EditDepartment)
}
