package change

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/platform/civil"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/work"
)

// ActionMaintain sets maintenance windows.
const ActionMaintain authz.Action = "change.maintain"

// maxMaintenance bounds how many windows are in use at once: every change is
// held against them.
const maxMaintenance = 500

// MaintenanceInput sets a maintenance window.
type MaintenanceInput struct {
	Version    int         `json:"version"`
	NameZh     string      `json:"name_zh" validate:"required,notblank,line,max=100"`
	NameEn     string      `json:"name_en" validate:"required,notblank,line,max=100"`
	Binding    bool        `json:"binding"`
	Nth        int         `json:"nth" validate:"min=-1,max=4"` // 0: every week; -1: the last of a month
	Weekdays   []int       `json:"weekdays" validate:"max=7"`   // 1: Monday
	Starts     string      `json:"starts" validate:"required"`  // HH:MM
	Ends       string      `json:"ends" validate:"required"`
	Zone       string      `json:"zone" validate:"required,max=60"`
	ValidFrom  string      `json:"valid_from" validate:"required,datetime=2006-01-02"`
	ValidUntil string      `json:"valid_until" validate:"omitempty,datetime=2006-01-02"`
	Services   []uuid.UUID `json:"services" validate:"max=100"`
	Items      []uuid.UUID `json:"items" validate:"max=200"`
}

// MaintenanceList is the windows in use, and what they are for, by its names.
type MaintenanceList struct {
	Windows  []Maintenance
	Items    map[uuid.UUID]string // those that the reader may see
	Services []Named
	Retired  []Named            // services that are not in use, of windows that are
	Mine     map[uuid.UUID]bool // windows that the reader may change
}

// Maintenance lists the windows in use by name, for those who plan changes.
func (s *Service) Maintenance(ctx context.Context) (l MaintenanceList, err error) {
	if _, err = s.planner(ctx); err != nil {
		return l, err
	}
	if l.Windows, err = (maintenances{}).all(ctx, s.desk.DB); err != nil {
		return l, err
	}
	var items, services []uuid.UUID
	l.Mine = map[uuid.UUID]bool{}
	for _, m := range l.Windows {
		items, services = append(items, m.Items...), append(services, m.Services...)
		facts := m.Facts()
		l.Mine[m.ID] = s.desk.Can(ctx, ActionMaintain, &facts)
	}
	if l.Services, l.Retired, err = s.services(ctx, s.desk.DB, services); err != nil {
		return l, err
	}
	l.Items, err = s.names(ctx, s.desk.DB, unique(items))
	return l, err
}

// SetMaintenance sets a window.
func (s *Service) SetMaintenance(ctx context.Context, in MaintenanceInput) (Maintenance, error) {
	of := Maintenance{Services: unique(in.Services), Items: unique(in.Items)}
	return set(ctx, s.desk, maintenances{}, ActionMaintain, of, in, func(u *work.Unit, m *Maintenance) error {
		all, err := maintenances{}.all(ctx, u.Tx)
		if err != nil {
			return err
		}
		if len(all) >= maxMaintenance {
			return fault.New(fault.Conflict, "change.error.maintenance_many", "n", maxMaintenance)
		}
		*m = Maintenance{ID: u.ID(), Version: 1, CreatedBy: u.Actor.ID, CreatedAt: u.Now, UpdatedAt: u.Now}
		return s.fillMaintenance(ctx, u.Tx, m, in)
	})
}

// EditMaintenance changes a window: for all changes that are not made yet. Items
// of it that the actor may not see stay in it, and a conflict does not name them.
func (s *Service) EditMaintenance(ctx context.Context, id uuid.UUID, in MaintenanceInput) (Maintenance, error) {
	m, err := work.Update(ctx, s.desk, maintenances{}, ActionMaintain, id, in.Version, in, func(u *work.Unit, m *Maintenance) error {
		if m.Ended {
			return fault.New(fault.Conflict, "change.error.maintenance_ended")
		}
		if err := s.fillMaintenance(ctx, u.Tx, m, in); err != nil {
			return err
		}
		if facts := m.Facts(); !s.desk.Can(ctx, ActionMaintain, &facts) { // as it is from now on
			return fault.New(fault.Forbidden, "error.forbidden")
		}
		return nil
	})
	return m, s.shownClash(ctx, err)
}

// shownClash leaves the items that the actor may not see out of a conflict.
func (s *Service) shownClash(ctx context.Context, err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	for n := range f.Clashes {
		if f.Clashes[n].Field != "items" {
			continue
		}
		for _, side := range []*any{&f.Clashes[n].Theirs, &f.Clashes[n].Yours} {
			items, _ := (*side).([]uuid.UUID)
			names, err := s.names(ctx, s.desk.DB, items)
			if err != nil {
				return err
			}
			*side = MaintenanceList{Items: names}.seen(Maintenance{Items: items}).Items
		}
	}
	return err
}

// EndMaintenance takes a window out of use.
func (s *Service) EndMaintenance(ctx context.Context, id uuid.UUID, in StepInput) (Maintenance, error) {
	return work.Update(ctx, s.desk, maintenances{}, ActionMaintain, id, in.Version, in, func(_ *work.Unit, m *Maintenance) error {
		if m.Ended {
			return fault.New(fault.Conflict, "change.error.maintenance_ended")
		}
		m.Ended = true
		return nil
	})
}

func (s *Service) fillMaintenance(ctx context.Context, q db.Querier, m *Maintenance, in MaintenanceInput) error {
	f := fault.New(fault.Invalid, "error.invalid")
	bad := func(name, code string) { f.Fields = append(f.Fields, fault.Field{Name: name, Code: code}) }
	if _, err := civil.Zone(in.Zone); err != nil || in.Zone == "Local" {
		bad("zone", "change.error.zone")
	}
	if len(in.Weekdays) == 0 || slices.ContainsFunc(in.Weekdays, func(d int) bool { return d < 1 || d > 7 }) {
		bad("weekdays", "change.error.weekdays")
	}
	for _, x := range [][2]string{{"starts", in.Starts}, {"ends", in.Ends}} {
		if t, err := time.Parse("15:04", x[1]); err != nil || t.Format("15:04") != x[1] { // 2:00 is read too
			bad(x[0], "change.error.time_of_day")
		}
	}
	if in.ValidFrom < "0001-01-01" { // the database has no such day
		bad("valid_from", "validation.datetime")
	}
	if in.ValidUntil != "" && in.ValidUntil < in.ValidFrom {
		bad("valid_until", "change.error.valid_until")
	}
	seen, err := s.names(ctx, q, slices.Concat(m.Items, in.Items))
	if err != nil {
		return err
	}
	// Whoever edits it is not shown the items that they may not see, and so cannot
	// send them back: those stay.
	stay := slices.DeleteFunc(slices.Clone(m.Items), func(id uuid.UUID) bool { _, ok := seen[id]; return ok && !slices.Contains(in.Items, id) })
	services, items := unique(in.Services), unique(append(stay, in.Items...))
	if len(services)+len(items) == 0 {
		bad("services", "change.error.maintenance_about")
	}
	known, err := s.repo.services(ctx, q)
	if err != nil {
		return err
	}
	for _, id := range services {
		if !slices.ContainsFunc(known, func(n Named) bool { return n.ID == id }) && !slices.Contains(m.Services, id) {
			bad("services", "validation.unknown")
			break
		}
	}
	for _, id := range items {
		if _, ok := seen[id]; !ok && !slices.Contains(m.Items, id) {
			bad("items", "validation.unknown")
			break
		}
	}
	if len(f.Fields) > 0 {
		return f
	}
	m.NameZh, m.NameEn, m.Binding, m.Nth, m.Starts, m.Ends, m.Zone = in.NameZh, in.NameEn, in.Binding, in.Nth, in.Starts, in.Ends, in.Zone
	m.ValidFrom, m.ValidUntil, m.Services, m.Items = in.ValidFrom, in.ValidUntil, services, items
	m.Weekdays = slices.Compact(slices.Sorted(slices.Values(in.Weekdays)))
	return nil
}

// outside lists what a change concerns whose maintenance windows its window does
// not lie in: its items and what hangs on them; of its items without a window
// what they hang on, and their services; and its own service. above and below are
// what is around its items.
func (s *Service) outside(ctx context.Context, q db.Querier, c Change, above, below []uuid.UUID) ([]Outside, error) {
	if !c.windowReady() {
		return nil, nil
	}
	all, err := maintenances{}.all(ctx, q)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	from, to := *c.WindowFrom, *c.WindowTo
	x := concerned{items: slices.Concat(c.Items, below), services: people(c.ServiceID)}
	if bare := without(all, c.Items, from, to); len(bare) > 0 {
		if x.above = above; len(bare) < len(c.Items) { // of some of them, it is another question
			if x.above, _, err = s.Items.Around(ctx, q, bare); err != nil {
				return nil, err
			}
		}
		more, err := maintenances{}.servicesOf(ctx, q, bare)
		if err != nil {
			return nil, err
		}
		x.services = append(x.services, more...)
	}
	out := outside(all, x, from, to)
	if len(out) == 0 {
		return nil, nil
	}
	list, err := maintenances{}.exceptions(ctx, q, c)
	for n := range out {
		for _, m := range out[n].Windows {
			if e, ok := list[m.ID]; ok && m.Binding {
				out[n].Excepted, out[n].By = e.Reason, &e.By
			}
		}
	}
	return out, err
}

// seen is a window without the items that the reader may not see.
func (l MaintenanceList) seen(m Maintenance) Maintenance {
	items := []uuid.UUID{}
	for _, id := range m.Items {
		if _, ok := l.Items[id]; ok {
			items = append(items, id)
		}
	}
	m.Items, m.Services = items, nonNil(m.Services)
	return m
}

// shownOutside names what is outside for the actor. Items that they may not see
// have no name, and are in no window.
func (s *Service) shownOutside(ctx context.Context, q db.Querier, list []Outside) ([]Outside, error) {
	if len(list) == 0 {
		return nil, nil
	}
	var items, about []uuid.UUID
	for _, o := range list {
		items, about = append(items, people(o.ItemID)...), append(about, people(o.ServiceID)...)
		for _, m := range o.Windows {
			items = append(items, m.Items...)
		}
	}
	names, err := s.names(ctx, q, unique(items))
	if err != nil {
		return nil, err
	}
	seen := MaintenanceList{Items: names}.seen
	used, retired, err := s.services(ctx, q, about)
	out := slices.Clone(list)
	for n := range out {
		o := &out[n]
		o.Windows = make([]Maintenance, len(list[n].Windows))
		for i, m := range list[n].Windows {
			o.Windows[i] = seen(m)
		}
		if o.ItemID != nil {
			name, ok := names[*o.ItemID]
			if o.NameZh, o.NameEn = name, name; !ok {
				o.ItemID = nil
			}
		}
		for _, x := range slices.Concat(used, retired) {
			if o.ServiceID != nil && x.ID == *o.ServiceID {
				o.NameZh, o.NameEn = x.Name, x.NameEn
			}
		}
	}
	return out, err
}

// exceptOutside queues the exceptions from the windows that shut the change out,
// and counts them.
func (s *Service) exceptOutside(u *work.Unit, c Change, list []Outside, reason string) int {
	done := map[uuid.UUID]bool{}
	for _, o := range list {
		for _, m := range o.Windows {
			if o.Shut() && m.Binding && !done[m.ID] {
				maintenances{}.except(&u.Batch, m.ID, c, u.Actor.ID, reason, u.Now)
				u.Note("exception", nil, m.NameZh+" "+m.NameEn+": "+reason)
				done[m.ID] = true
			}
		}
	}
	return len(done)
}
