package incident

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// AttachInput makes an incident a child of another one. As is "same" (the same
// fault, follows the parent) or "part" (work that the parent waits for).
type AttachInput struct {
	Version int    `json:"version"`
	Number  string `json:"number" validate:"required,line,max=40"`
	As      string `json:"as" validate:"omitempty,oneof=same part"`
}

// Attach makes an incident a child of another that the actor may see
// (capabilities 9). Attached to another parent it moves there.
func (s *Service) Attach(ctx context.Context, id uuid.UUID, in AttachInput) (Incident, error) {
	var out Incident
	err := s.desk.Do(ctx, func(u *work.Unit) error {
		parent, err := s.other(ctx, u, in.Number)
		if err == nil && parent.Kind != Kind {
			err = fault.OnField("number", "incident.error.no_such_number")
		}
		if err != nil {
			return s.afterAccess(ctx, u, id, err)
		}
		if err = s.repo.lock(ctx, u.Tx, id, parent.ID); err != nil {
			return err
		}
		out, err = s.attachIn(ctx, u, id, parent.ID, in.As, in.Version, in)
		return err
	})
	return out, s.desk.Noted(ctx, ActionParent, record.Ref{Kind: Kind, ID: id}, err)
}

// parentNamed is the incident that others are to hang on, as the actor sees it.
func (s *Service) parentNamed(ctx context.Context, number string) (Incident, error) {
	none := fault.OnField("parent_number", "incident.error.no_such_number")
	n, ok := ParseLabel(number)
	if !ok {
		return Incident{}, none
	}
	id, err := s.ID(ctx, Label(n))
	if err == nil {
		var p Incident
		if p, _, err = s.Get(ctx, id); err == nil {
			return p, nil
		}
	}
	if fault.Is(err, fault.NotFound) {
		err = none
	}
	return Incident{}, err
}

// afterAccess returns err to who may see and change the incident, and what
// their standing says to others: a wrong number is no way to learn of a hidden
// record.
func (s *Service) afterAccess(ctx context.Context, u *work.Unit, id uuid.UUID, err error) error {
	_, aerr := work.Apply(ctx, u, s.repo, ActionParent, id, 0, struct{}{}, func(*work.Unit, *Incident) error { return err })
	return aerr
}

// attachIn attaches one child within a unit that holds both rows.
func (s *Service) attachIn(ctx context.Context, u *work.Unit, child, parent uuid.UUID, as string, version int, in any) (Incident, error) {
	if as == "" {
		as = SameFault
	}
	return work.Apply(ctx, u, s.repo, ActionParent, child, version, in, func(u *work.Unit, i *Incident) error {
		p, err := s.repo.get(ctx, u.Tx, parent)
		if err != nil {
			return err
		}
		has, err := s.repo.hasChildren(ctx, u.Tx, child)
		if err != nil {
			return err
		}
		before, err := s.parentLabel(ctx, u, *i)
		if err != nil {
			return err
		}
		if err := i.attach(p, as, has, u.Now); err != nil {
			return err
		}
		if before != p.Label() {
			u.Note("parent", orNil(before), p.Label())
			u.Emit("incident.attached", people(i.AssigneeID)...)
		}
		return nil
	})
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (s *Service) parentLabel(ctx context.Context, u *work.Unit, i Incident) (string, error) {
	if i.ParentID == nil {
		return "", nil
	}
	p, err := s.repo.get(ctx, u.Tx, *i.ParentID)
	return p.Label(), err
}

// Detach ends that an incident is a child.
func (s *Service) Detach(ctx context.Context, id uuid.UUID, in StepInput) (Incident, error) {
	return s.update(ctx, ActionParent, id, in.Version, in, func(u *work.Unit, i *Incident) error {
		before, err := s.parentLabel(ctx, u, *i)
		if err != nil || before == "" {
			return err
		}
		u.Note("parent", before, nil)
		u.Emit("incident.detached", people(i.AssigneeID)...)
		i.leaveParent()
		return nil
	})
}

// maxAdopted bounds how many children one form attaches.
const maxAdopted = 50

// AdoptInput attaches several incidents to one parent: their numbers, however
// they are separated.
type AdoptInput struct {
	Numbers string `json:"numbers" validate:"required,notblank,text,max=2000"`
	As      string `json:"as" validate:"omitempty,oneof=same part"`
}

// Adopt makes several incidents children of one: all of them, or none.
func (s *Service) Adopt(ctx context.Context, id uuid.UUID, in AdoptInput) (Incident, error) {
	if !s.desk.Can(ctx, ActionParent, nil) {
		return Incident{}, s.permitted(ctx, ActionParent, nil)
	}
	numbers := strings.FieldsFunc(in.Numbers, func(r rune) bool { return strings.ContainsRune(" ,;，；、\r\n\t", r) })
	err := s.desk.Do(ctx, func(u *work.Unit) error {
		v, _, err := s.desk.Visibility(ctx, Kind)
		if err != nil {
			return err
		}
		if _, err := record.Find(ctx, u.Tx, v, id); err != nil {
			return err
		}
		if len(numbers) == 0 || len(numbers) > maxAdopted {
			return fault.OnField("numbers", "incident.error.adopt_count", "50")
		}
		ids := []uuid.UUID{id}
		for _, n := range numbers {
			e, err := s.other(ctx, u, n)
			if err == nil && e.Kind != Kind {
				err = fault.OnField("number", "incident.error.no_such_number")
			}
			if err != nil {
				return about(n, err)
			}
			if !slices.Contains(ids[1:], e.ID) {
				ids = append(ids, e.ID)
			}
		}
		if err := s.repo.lock(ctx, u.Tx, ids...); err != nil {
			return err
		}
		for n, child := range ids[1:] {
			if _, err := s.attachIn(ctx, u, child, id, in.As, 0, in); err != nil {
				return about(numbers[n], err)
			}
			if err := u.Flush(ctx); err != nil {
				return db.Map(err)
			}
		}
		return nil
	})
	if err != nil {
		return Incident{}, s.desk.Noted(ctx, ActionParent, record.Ref{Kind: Kind, ID: id}, err)
	}
	i, _, err := s.Get(ctx, id)
	return i, err
}

// about says of a list of numbers which of them is refused.
func about(number string, err error) error {
	f := fault.Of(err)
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable || f.Code == "error.busy" {
		return err
	}
	code := f.Code
	if len(f.Fields) > 0 {
		code = f.Fields[0].Code
	}
	out := fault.OnField("numbers", code, number)
	out.Code, out.Args = "incident.error.adopt", []any{"number", number}
	return out
}

// partsDone refuses to resolve a parent while work that belongs to it is open,
// unless there is a reason to.
func (s *Service) partsDone(ctx context.Context, u *work.Unit, i Incident, force string) error {
	n, err := s.repo.openParts(ctx, u.Tx, i.ID)
	if err != nil || n == 0 {
		return err
	}
	if strings.TrimSpace(force) == "" {
		return fault.OnField("force_reason", "incident.error.open_parts")
	}
	u.Note("forced", nil, force)
	return nil
}

// Family is what a page shows of an incident's parent and children.
type Family struct {
	Parent   *record.Entry // nil where there is none, or the reader may not see it
	Counts   map[record.Category]int
	Children []Row // the first of them
	Parts    int   // that the parent waits for
	Cascade  *Cascade
	LeftOut  []LeftOut
}

// Total counts the children.
func (f Family) Total() int {
	n := 0
	for _, x := range f.Counts {
		n += x
	}
	return n
}

// Open counts the children whose work is not done.
func (f Family) Open() int {
	return f.Counts[record.New] + f.Counts[record.Active] + f.Counts[record.Pending]
}

// familyShown is how many children the parent's page shows itself.
const familyShown = 8

// family reads parent and children of an incident, as the actor may see them.
func (s *Service) family(ctx context.Context, q db.Querier, i Incident) (f Family, err error) {
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return f, err
	}
	if i.ParentID != nil {
		m, err := s.repo.entries(ctx, q, v, []uuid.UUID{*i.ParentID})
		if err != nil {
			return f, err
		}
		if e, ok := m[*i.ParentID]; ok {
			f.Parent = &e
		}
		return f, nil // one level: a child has no children
	}
	if f.Counts, err = s.repo.childCounts(ctx, q, v, i.ID); err != nil || len(f.Counts) == 0 {
		return f, err
	}
	p, err := s.queue.List(ctx, childrenOf(i.ID, familyShown), "")
	if err != nil {
		return f, err
	}
	f.Children = p.Rows
	if f.Parts, err = s.repo.openParts(ctx, q, i.ID); err != nil {
		return f, err
	}
	if f.Cascade, err = s.repo.lastCascade(ctx, q, i.ID); err != nil || f.Cascade == nil || f.Cascade.Left == 0 {
		return f, err
	}
	f.LeftOut, err = s.repo.leftOut(ctx, q, v, f.Cascade.ID)
	return f, err
}

func childrenOf(id uuid.UUID, limit int) Filter {
	return Filter{View: "all", Clauses: []Clause{{Field: "parent", Op: "is", Values: []string{id.String()}}}, Sort: "created", Limit: limit}
}

// Children lists the children of an incident that the actor may see, newest
// first.
func (s *Service) Children(ctx context.Context, id uuid.UUID, limit int, cursor string) (Page, error) {
	if _, _, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id}); err != nil {
		return Page{}, err
	}
	return s.List(ctx, childrenOf(id, limit), cursor)
}

// Cascaded is the last step that an incident's children took with it; NotFound
// where there was none.
func (s *Service) Cascaded(ctx context.Context, id uuid.UUID) (Cascade, error) {
	if _, _, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id}); err != nil {
		return Cascade{}, err
	}
	if !s.insider(ctx) {
		return Cascade{}, fault.New(fault.NotFound, "error.not_found")
	}
	c, err := s.repo.lastCascade(ctx, s.desk.DB, id)
	if err == nil && c == nil {
		err = fault.New(fault.NotFound, "error.not_found")
	}
	if err != nil {
		return Cascade{}, err
	}
	return *c, nil
}

// parents are the incidents whose children a filter asks for, as the actor may
// see them.
func (s *Service) parents(ctx context.Context, f Filter) (map[uuid.UUID]record.Entry, error) {
	var ids []uuid.UUID
	for _, c := range f.Clauses {
		if c.Field != "parent" {
			continue
		}
		for _, x := range c.Values {
			if id, err := uuid.Parse(x); err == nil {
				ids = append(ids, id)
			}
		}
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return nil, err
	}
	return s.repo.entries(ctx, s.desk.DB, v, ids)
}
