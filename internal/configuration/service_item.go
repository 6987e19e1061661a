package configuration

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// CreateInput enters a new item. What is left empty of the three states is
// what agrees with the place of life, which is "stock" unless said otherwise.
type CreateInput struct {
	ClassID       uuid.UUID      `json:"class_id" validate:"required"`
	Name          string         `json:"name" validate:"required,notblank,line,max=200"`
	Description   string         `json:"description" validate:"omitempty,text,max=10000"`
	Lifecycle     Lifecycle      `json:"lifecycle" validate:"omitempty,oneof=planned ordered stock staging production maintenance"`
	Operational   Operational    `json:"operational" validate:"omitempty,oneof=unknown up degraded down off"`
	Install       Install        `json:"install" validate:"omitempty,oneof=none pending installed removing removed"`
	Criticality   int            `json:"criticality" validate:"omitempty,min=1,max=4"`
	OwnerID       *uuid.UUID     `json:"owner_id"`
	CustodianID   *uuid.UUID     `json:"custodian_id"`
	DepartmentID  *uuid.UUID     `json:"department_id"`
	ServiceID     *uuid.UUID     `json:"service_id"`
	TeamID        *uuid.UUID     `json:"team_id"`
	Location      string         `json:"location" validate:"omitempty,line,max=200"`
	Supplier      string         `json:"supplier" validate:"omitempty,line,max=200"`
	Contract      string         `json:"contract" validate:"omitempty,line,max=200"`
	ContractUntil *Date          `json:"contract_until"`
	WarrantyUntil *Date          `json:"warranty_until"`
	Redundancy    int            `json:"redundancy" validate:"min=0,max=10000"`
	Attributes    map[string]any `json:"attributes"`
}

func (in CreateInput) item(u *work.Unit) Item {
	i := Item{
		ID: u.ID(), Version: 1, Name: strings.TrimSpace(in.Name), Description: in.Description, ClassID: in.ClassID, Lifecycle: in.Lifecycle, Operational: in.Operational,
		Install: in.Install, Criticality: in.Criticality, OwnerID: in.OwnerID, CustodianID: in.CustodianID, DepartmentID: in.DepartmentID, ServiceID: in.ServiceID,
		TeamID: in.TeamID, Location: in.Location, Supplier: in.Supplier, Contract: in.Contract, ContractUntil: in.ContractUntil.time(), WarrantyUntil: in.WarrantyUntil.time(),
		Redundancy: in.Redundancy, CreatedBy: u.Actor.ID, CreatedAt: u.Now, UpdatedAt: u.Now, Attributes: Values{}, Locks: []string{},
	}
	if i.Lifecycle == "" {
		i.Lifecycle = Stock
	}
	if i.Criticality == 0 {
		i.Criticality = 3
	}
	if i.Install == "" {
		i.Install = NotInstalled
		if i.Lifecycle.InUse() {
			i.Install = Installed
		}
	}
	if i.Operational == "" {
		i.Operational = Unknown
		if i.Lifecycle == Production {
			i.Operational = Up
		}
	}
	return i
}

// Create enters a new item.
func (s *Service) Create(ctx context.Context, in CreateInput) (Item, error) {
	var out Item
	err := s.desk.Do(ctx, func(u *work.Unit) (err error) {
		// An item that does not exist yet is nobody's: rights that come with a task
		// on an item do not reach so far.
		out, err = work.Insert(ctx, u, s.repo, ActionCreate, &authz.Facts{}, in, func(u *work.Unit) (Item, error) {
			i := in.item(u)
			i.Cause = by(u)
			m, err := s.repo.model(ctx, u.Tx)
			if err != nil {
				return i, err
			}
			if err := agree(i.Lifecycle, i.Operational, i.Install); err != nil {
				return i, err
			}
			if err := i.owned(); err != nil {
				return i, err
			}
			if err := s.fit(ctx, u, m, &i, in.Attributes, false); err != nil {
				return i, err
			}
			i.told(State{}, FromPerson)
			i.Number, err = s.repo.nextNumber(ctx, u.Tx)
			return i, err
		})
		return err
	})
	return out, s.desk.Noted(ctx, ActionCreate, record.Ref{Kind: Kind}, err)
}

// fit puts attribute values into the item and holds the whole against its
// class: types, what is required and unique, references that must exist.
// partial leaves out what is required: sources report what they know.
func (s *Service) fit(ctx context.Context, u *work.Unit, m Model, i *Item, values map[string]any, partial bool) error {
	c, ok := m.Classes[i.ClassID]
	if !ok || c.Abstract || !c.Active {
		return fault.OnField("class_id", "configuration.error.class")
	}
	if err := i.set(m, values, partial); err != nil {
		return err
	}
	i.index(m)
	if err := s.refer(ctx, u, m, *i); err != nil {
		return err
	}
	taken, err := s.repo.taken(ctx, u.Tx, i)
	if err != nil || len(taken) == 0 {
		return err
	}
	f := fault.New(fault.Invalid, "error.invalid")
	for _, a := range m.Attributes(i.ClassID) {
		if n, ok := taken[a.ID]; ok {
			f.Fields = append(f.Fields, fault.Field{Name: field(a.Key), Code: "configuration.error.taken", Param: Label(n)})
		}
	}
	return f
}

// refer checks that what the item refers to exists.
func (s *Service) refer(ctx context.Context, u *work.Unit, m Model, i Item) error {
	f := fault.New(fault.Invalid, "error.invalid")
	var people, departments, services, teams, items []uuid.UUID
	wanted := map[string]uuid.UUID{}
	want := func(name string, list *[]uuid.UUID, id *uuid.UUID) {
		if id != nil {
			*list = append(*list, *id)
			wanted[name] = *id
		}
	}
	want("owner_id", &people, i.OwnerID)
	want("custodian_id", &people, i.CustodianID)
	want("department_id", &departments, i.DepartmentID)
	want("service_id", &services, i.ServiceID)
	want("team_id", &teams, i.TeamID)
	classes := map[string]uuid.UUID{}
	for _, a := range m.Attributes(i.ClassID) {
		id, err := uuid.Parse(i.Attributes.Text(a.Key))
		switch {
		case err != nil:
		case a.Type == TypePerson:
			want(field(a.Key), &people, &id)
		case a.Type == TypeItem:
			want(field(a.Key), &items, &id)
			if a.RefClassID != nil {
				classes[field(a.Key)] = *a.RefClassID
			}
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	known, err := s.repo.known(ctx, u.Tx, people, departments, services, teams, items)
	if err != nil {
		return err
	}
	of, err := s.repo.classesOf(ctx, u.Tx, items)
	if err != nil {
		return err
	}
	for _, name := range sortedKeys(wanted) {
		id := wanted[name]
		if !known[id] || id == i.ID && classes[name] != uuid.Nil {
			f.Fields = append(f.Fields, fault.Field{Name: name, Code: "validation.unknown"})
		} else if top, ok := classes[name]; ok && !m.Within(of[id], top) {
			f.Fields = append(f.Fields, fault.Field{Name: name, Code: "configuration.error.ref_class"})
		}
	}
	if len(f.Fields) > 0 {
		return f
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// EditInput changes fields; what is absent stays. Clear names fields to empty,
// such as "owner_id"; an attribute is emptied by null or "".
type EditInput struct {
	Version       int        `json:"version"`
	ClassID       *uuid.UUID `json:"class_id"`
	Name          *string    `json:"name" validate:"omitempty,notblank,line,max=200"`
	Description   *string    `json:"description" validate:"omitempty,text,max=10000"`
	Criticality   *int       `json:"criticality" validate:"omitempty,min=1,max=4"`
	OwnerID       *uuid.UUID `json:"owner_id"`
	CustodianID   *uuid.UUID `json:"custodian_id"`
	DepartmentID  *uuid.UUID `json:"department_id"`
	ServiceID     *uuid.UUID `json:"service_id"`
	TeamID        *uuid.UUID `json:"team_id"`
	Location      *string    `json:"location" validate:"omitempty,line,max=200"`
	Supplier      *string    `json:"supplier" validate:"omitempty,line,max=200"`
	Contract      *string    `json:"contract" validate:"omitempty,line,max=200"`
	ContractUntil *Date      `json:"contract_until"`
	WarrantyUntil *Date      `json:"warranty_until"`
	Redundancy    *int       `json:"redundancy" validate:"omitempty,min=0,max=10000"`
	// Locks, unless absent, are all fields that imports leave alone.
	Locks      []string       `json:"locks" validate:"max=100"`
	Clear      []string       `json:"clear" validate:"max=40"`
	Attributes map[string]any `json:"attributes"`
	// ChangeRef is the number of the change under which this is done, if any.
	ChangeRef string `json:"change_ref" validate:"omitempty,line,max=40"`
}

// Edit changes fields of an item. A change of class keeps the attributes that
// the new class has too, and drops the others; history keeps them.
func (s *Service) Edit(ctx context.Context, id uuid.UUID, in EditInput) (Item, error) {
	return s.update(ctx, ActionEdit, id, in.Version, in, func(u *work.Unit, m Model, i *Item) error {
		if in.ChangeRef != "" {
			i.Cause.Source, i.Cause.Ref = FromChange, in.ChangeRef
		}
		if i.Lifecycle == Disposed {
			return fault.New(fault.Conflict, "configuration.error.disposed")
		}
		values := in.apply(i)
		if in.ClassID != nil && *in.ClassID != i.ClassID {
			values = i.reclass(m, *in.ClassID, values)
		}
		if in.Locks != nil {
			list, err := locks(m, *i, in.Locks)
			if err != nil {
				return err
			}
			i.Locks = list
		}
		if err := i.owned(); err != nil {
			return err
		}
		return s.fit(ctx, u, m, i, values, false)
	})
}

// apply puts the given fields into the item and returns the attribute values
// to set.
func (in EditInput) apply(i *Item) map[string]any {
	set := func(to *string, v *string) {
		if v != nil {
			*to = strings.TrimSpace(*v)
		}
	}
	set(&i.Name, in.Name)
	set(&i.Description, in.Description)
	set(&i.Location, in.Location)
	set(&i.Supplier, in.Supplier)
	set(&i.Contract, in.Contract)
	if in.Criticality != nil {
		i.Criticality = *in.Criticality
	}
	if in.Redundancy != nil {
		i.Redundancy = *in.Redundancy
	}
	refs := map[string]struct{ to, v **uuid.UUID }{
		"owner_id": {&i.OwnerID, &in.OwnerID}, "custodian_id": {&i.CustodianID, &in.CustodianID}, "department_id": {&i.DepartmentID, &in.DepartmentID},
		"service_id": {&i.ServiceID, &in.ServiceID}, "team_id": {&i.TeamID, &in.TeamID},
	}
	for name, r := range refs {
		if *r.v != nil {
			*r.to = *r.v
		} else if slices.Contains(in.Clear, name) {
			*r.to = nil
		}
	}
	days := map[string]struct {
		to **time.Time
		v  *Date
	}{"contract_until": {&i.ContractUntil, in.ContractUntil}, "warranty_until": {&i.WarrantyUntil, in.WarrantyUntil}}
	for name, d := range days {
		if d.v != nil {
			*d.to = d.v.time()
		} else if slices.Contains(in.Clear, name) {
			*d.to = nil
		}
	}
	return in.Attributes
}

// reclass takes the item to another class with the values that it has there
// too.
func (i *Item) reclass(m Model, class uuid.UUID, values map[string]any) map[string]any {
	out := map[string]any{}
	for _, a := range m.Attributes(class) {
		if v, ok := i.Attributes[a.Key]; ok {
			if kept, code, _ := a.parse(v); code == "" {
				out[a.Key] = kept
			}
		}
		if v, ok := values[a.Key]; ok {
			out[a.Key] = v
		}
	}
	i.ClassID, i.Attributes = class, Values{}
	return out
}

// lockable are the fields of an item itself that imports may fill.
var lockable = []string{"name", "description", "class", "lifecycle", "operational", "owner", "department", "service", "location", "supplier", "contract", "warranty_until", "criticality"}

// locks checks the names of fields that imports shall leave alone.
func locks(m Model, i Item, in []string) ([]string, error) {
	out := []string{}
	for _, k := range in {
		if _, ok := m.Attribute(i.ClassID, strings.TrimPrefix(k, "attributes.")); !slices.Contains(lockable, k) && (!ok || !strings.HasPrefix(k, "attributes.")) {
			return nil, fault.OnField("locks", "validation.oneof")
		}
		if !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out, nil
}

// MoveInput takes an item to another place of its life, with the two other
// states, which must agree with it. What is empty stays.
type MoveInput struct {
	Version     int         `json:"version"`
	Lifecycle   Lifecycle   `json:"lifecycle" validate:"omitempty,oneof=planned ordered stock staging production maintenance retired disposed"`
	Operational Operational `json:"operational" validate:"omitempty,oneof=unknown up degraded down off"`
	Install     Install     `json:"install" validate:"omitempty,oneof=none pending installed removing removed"`
	Reason      string      `json:"reason" validate:"omitempty,text,max=1000"`
	ChangeRef   string      `json:"change_ref" validate:"omitempty,line,max=40"`
}

// Move changes the states of an item. It cannot be retired while open tickets
// name it.
func (s *Service) Move(ctx context.Context, id uuid.UUID, in MoveInput) (Item, error) {
	return s.update(ctx, ActionMove, id, in.Version, in, func(u *work.Unit, _ Model, i *Item) error {
		if in.ChangeRef != "" {
			i.Cause.Source, i.Cause.Ref = FromChange, in.ChangeRef
		}
		to, op, install := or(in.Lifecycle, i.Lifecycle), or(in.Operational, i.Operational), or(in.Install, i.Install)
		if to.Ended() && !i.Lifecycle.Ended() {
			n, err := s.repo.openWork(ctx, u.Tx, i.ID)
			if err != nil {
				return err
			}
			if n > 0 {
				return fault.New(fault.Conflict, "configuration.error.open_work", "n", n)
			}
		}
		if in.Reason != "" {
			u.Note("reason", nil, in.Reason)
		}
		return i.move(to, op, install)
	})
}

func or[T comparable](v, other T) T {
	var zero T
	if v == zero {
		return other
	}
	return v
}
