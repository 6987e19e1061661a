package configuration

import (
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
)

// Lifecycle is where in its life an item is: what the company does with it.
type Lifecycle string

// Operational is whether it works, whatever the plan.
type Operational string

// Install is whether it stands in its place.
type Install string

// The places of a life.
const (
	Planned     Lifecycle = "planned"
	Ordered     Lifecycle = "ordered"
	Stock       Lifecycle = "stock"
	Staging     Lifecycle = "staging"
	Production  Lifecycle = "production"
	Maintenance Lifecycle = "maintenance"
	Retired     Lifecycle = "retired"
	Disposed    Lifecycle = "disposed"
)

// The operational states.
const (
	Unknown  Operational = "unknown"
	Up       Operational = "up"
	Degraded Operational = "degraded"
	Down     Operational = "down"
	Off      Operational = "off"
)

// The install states.
const (
	NotInstalled Install = "none"
	Pending      Install = "pending"
	Installed    Install = "installed"
	Removing     Install = "removing"
	Removed      Install = "removed"
)

// Lifecycles, Operationals and Installs are all states in their order.
var (
	Lifecycles   = [...]Lifecycle{Planned, Ordered, Stock, Staging, Production, Maintenance, Retired, Disposed}
	Operationals = [...]Operational{Unknown, Up, Degraded, Down, Off}
	Installs     = [...]Install{NotInstalled, Pending, Installed, Removing, Removed}
)

// lifecycleNext and installNext are the steps a person may take; staying is
// always one.
var (
	lifecycleNext = map[Lifecycle][]Lifecycle{
		Planned:     {Ordered, Stock, Staging, Disposed},
		Ordered:     {Planned, Stock, Staging, Disposed},
		Stock:       {Staging, Production, Maintenance, Retired},
		Staging:     {Stock, Production, Retired},
		Production:  {Maintenance, Stock, Retired},
		Maintenance: {Production, Stock, Retired},
		Retired:     {Stock, Disposed},
		Disposed:    {},
	}
	installNext = map[Install][]Install{
		NotInstalled: {Pending, Installed},
		Pending:      {NotInstalled, Installed},
		Installed:    {Removing, Removed},
		Removing:     {Installed, Removed},
		Removed:      {Pending, Installed},
	}
)

// Category is what the place of life means in the register: an item that is
// planned is new, one that exists is active, one that left is closed.
func (l Lifecycle) Category() record.Category {
	switch l {
	case Planned, Ordered:
		return record.New
	case Retired, Disposed:
		return record.Closed
	}
	return record.Active
}

// Ended reports whether the item has left use for good.
func (l Lifecycle) Ended() bool { return l == Retired || l == Disposed }

// InUse reports whether people depend on the item now.
func (l Lifecycle) InUse() bool { return l == Production || l == Maintenance }

// agree refuses three states that contradict each other. The database has the
// same rule as ci_items_states_agree.
func agree(l Lifecycle, op Operational, in Install) error {
	switch {
	case l.InUse() && in != Installed:
		return fault.OnField("install", "configuration.error.not_installed")
	case (l == Planned || l == Ordered || l == Disposed) && (in == Installed || in == Removing):
		return fault.OnField("install", "configuration.error.still_installed")
	case op != Unknown && op != Off && in != Installed:
		return fault.OnField("operational", "configuration.error.runs_uninstalled")
	case l == Retired && (op == Up || op == Degraded):
		return fault.OnField("operational", "configuration.error.retired_runs")
	}
	return nil
}

// Healthy reports whether the item can be counted on for what depends on it.
func (o Operational) Healthy() bool { return o != Down && o != Off }
