package authz

import (
	"embed"
	"encoding/csv"
	"fmt"
	"strings"

	"opsdesk/internal/identity"
)

//go:embed matrix.csv
var matrixCSV string

// Messages holds the names of roles and the reasons of refusals.
//
//go:embed messages/*.json
var Messages embed.FS

type scope uint8

const (
	own scope = 1 << iota
	department
	team
	service
	all
	named
	participant
)

type suffix uint8

const (
	notInvolved suffix = 1 << iota
	notApprover
	notImplementer
	secondPerson
)

type cell struct {
	scope  scope
	suffix suffix
}

// Matrix is the parsed file. It is read-only.
type Matrix struct {
	rows   map[Row]map[identity.Role]cell
	order  []Row
	source map[Row]map[identity.Role]string
	system map[string]map[Row]bool
}

var (
	letters  = map[rune]scope{'O': own, 'D': department, 'T': team, 'S': service, 'A': all, 'N': named, 'P': participant}
	suffixes = map[rune]suffix{'1': notInvolved, '2': notApprover, '3': notImplementer, '*': secondPerson}
)

// systems says which lines each component of the desk itself may use: jobs and
// imports are authorised by data, like people.
var systems = map[string][]Row{
	"approval":   {"ticket.read", "change.read", "ticket.create", "request.approve", "request.approve_service", "change.approve_step1", "change.approve_cab", "change.emergency_authorise", "change.template_approve"},
	"auto-close": {"ticket.read", "ticket.close_confirm"},
	// The priority matrix is applied to what is open.
	"matrix":     {"ticket.read", "ticket.change_priority"},
	"majors":     {"ticket.read", "major.propose", "major.declare", "major.run"},
	"cascade":    {"ticket.read", "ticket.update_fields", "ticket.pause_sla", "ticket.resolve"},
	"importer":   {"ticket.read", "ticket.create", "ticket.create_on_behalf", "ticket.update_fields", "ticket.assign", "ticket.change_priority", "ticket.pause_sla", "ticket.resolve", "ticket.close_confirm", "ticket.reopen", "ticket.cancel", "ticket.comment_public", "ticket.note_internal", "import.incidents", "user.edit", "user.create_disable", "role.grant_revoke", "org.manage", "desk.classify"},
	"demo":       {"ci.read", "ci.write", "ci.configure", "ticket.read", "user.edit", "user.create_disable", "role.grant_revoke", "org.manage", "desk.classify"},
	"setup":      {"user.create_disable", "role.grant_revoke", "org.manage"},
	"notify":     {"ticket.read", "ci.read", "change.read", "inspection.read"},
	"routing":    {"ticket.read", "ticket.assign", "ticket.change_priority"},
	"catalogue":  {"catalog_sla.draft", "ticket.read", "ticket.create", "request.fulfil"},
	"unassigned": {"ticket.read"},
	"handover":   {"ticket.read", "ticket.assign", "task.manage"},
	"sealer":     {},
	"change":     {"change.meet"},
	"controls":   {"control.run"},
	"sla":        {"ticket.read", "sla.escalate"},

	// Inspections: making what is due, of items that it finds.
	"inspections": {"inspection.read", "inspection.make", "ci.read"},
	// Configuration: reminders, imports, agents.
	"configuration": {"ci.read", "ci.write", "ci.import_discovery"},
}

// Load parses the compiled matrix.
func Load() (*Matrix, error) { return parse(matrixCSV) }

func parse(text string) (*Matrix, error) {
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("permission matrix: %w", err)
	}
	m := &Matrix{rows: map[Row]map[identity.Role]cell{}, source: map[Row]map[identity.Role]string{}, system: map[string]map[Row]bool{}}
	for i, r := range identity.Roles {
		if len(lines) == 0 || lines[0][i+1] != string(r) {
			return nil, fmt.Errorf("permission matrix: column %d is not role %s", i+2, r)
		}
	}
	for n, line := range lines[1:] {
		row := Row(line[0])
		if _, dup := m.rows[row]; dup {
			return nil, fmt.Errorf("permission matrix: %s stands twice", row)
		}
		m.rows[row], m.source[row] = map[identity.Role]cell{}, map[identity.Role]string{}
		m.order = append(m.order, row)
		for i, role := range identity.Roles {
			c, err := parseCell(line[i+1])
			if err != nil {
				return nil, fmt.Errorf("permission matrix, line %d, %s: %w", n+2, role, err)
			}
			m.rows[row][role], m.source[row][role] = c, line[i+1]
		}
	}
	for name, rows := range systems {
		m.system[name] = map[Row]bool{}
		for _, r := range rows {
			if _, ok := m.rows[r]; !ok {
				return nil, fmt.Errorf("system %s: no line %s in the matrix", name, r)
			}
			m.system[name][r] = true
		}
	}
	return m, nil
}

func parseCell(s string) (cell, error) {
	var c cell
	if s == "." {
		return c, nil
	}
	for _, r := range s {
		if l, ok := letters[r]; ok && c.suffix == 0 {
			c.scope |= l
		} else if x, ok := suffixes[r]; ok && c.scope != 0 {
			c.suffix |= x
		} else {
			return c, fmt.Errorf("cell %q", s)
		}
	}
	if c.scope == 0 {
		return c, fmt.Errorf("cell %q has no scope", s)
	}
	return c, nil
}

// Rows lists the lines in the file's order.
func (m *Matrix) Rows() []Row { return m.order }

// Cell is the text of one cell, for pages that show the matrix.
func (m *Matrix) Cell(row Row, role identity.Role) string { return m.source[row][role] }

// Has reports whether the matrix knows the line.
func (m *Matrix) Has(row Row) bool { _, ok := m.rows[row]; return ok }
