package configuration

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// State is everything that people know of an item at one instant: field →
// value, with attributes as "attributes.key". What is empty is absent.
type State map[string]any

// state is the item as its history keeps it.
func (i Item) state() State {
	s := State{}
	put := func(k string, v any) {
		switch t := v.(type) {
		case string:
			if t != "" {
				s[k] = t
			}
		case *uuid.UUID:
			if t != nil {
				s[k] = t.String()
			}
		case *time.Time:
			if t != nil {
				s[k] = t.UTC().Format(time.RFC3339)
			}
		case int:
			if t != 0 {
				s[k] = float64(t) // as JSON reads it back
			}
		default:
			s[k] = v
		}
	}
	day := func(k string, t *time.Time) {
		if t != nil {
			s[k] = t.Format(time.DateOnly)
		}
	}
	put("name", i.Name)
	put("description", i.Description)
	put("class", &i.ClassID)
	put("lifecycle", string(i.Lifecycle))
	put("operational", string(i.Operational))
	put("install", string(i.Install))
	put("criticality", i.Criticality)
	put("owner", i.OwnerID)
	put("custodian", i.CustodianID)
	put("department", i.DepartmentID)
	put("service", i.ServiceID)
	put("team", i.TeamID)
	put("location", i.Location)
	put("supplier", i.Supplier)
	put("contract", i.Contract)
	day("contract_until", i.ContractUntil)
	day("warranty_until", i.WarrantyUntil)
	put("redundancy", i.Redundancy)
	put("locks", strings.Join(i.Locks, " "))
	put("stale_at", i.StaleAt)
	put("verified_at", i.VerifiedAt)
	put("verified_by", i.VerifiedBy)
	for k, v := range i.Attributes {
		s["attributes."+k] = v
	}
	return s
}

// Change is one field that differs between two states.
type Change struct {
	Field  string `json:"field"`
	Before any    `json:"before"`
	After  any    `json:"after"`
}

// Compare lists the fields in which two states differ, by name.
func Compare(before, after State) []Change {
	keys := map[string]bool{}
	for k := range before {
		keys[k] = true
	}
	for k := range after {
		keys[k] = true
	}
	out := []Change{}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if before[k] != after[k] {
			out = append(out, Change{k, before[k], after[k]})
		}
	}
	return out
}
