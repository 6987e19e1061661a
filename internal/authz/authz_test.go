package authz

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
)

func load(t testing.TB) *Matrix {
	m, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var (
	me, other           = uuid.MustParse("00000000-0000-0000-0000-000000000001"), uuid.MustParse("00000000-0000-0000-0000-000000000002")
	myTeam, myDep, mySv = uuid.New(), uuid.New(), uuid.New()
)

// relations are how an actor can stand to a record (controls §4).
var relations = []struct {
	name  string
	facts Facts
}{
	{"own", Facts{RequesterID: me}},
	{"watcher", Facts{RequesterID: other, IsWatcher: true}},
	{"team", Facts{RequesterID: other, TeamID: myTeam}},
	{"department", Facts{RequesterID: other, DepartmentID: myDep}},
	{"service", Facts{RequesterID: other, ServiceID: mySv}},
	{"participant", Facts{RequesterID: other, Participant: true}},
	{"other", Facts{RequesterID: other}},
	{"confidential", Facts{RequesterID: me, TeamID: myTeam, Confidential: true}},
	{"named", Facts{RequesterID: other, Confidential: true, Named: true}},
}

func actor(r identity.Role) identity.Actor {
	return identity.Actor{ID: me, Roles: []identity.Role{r}, Teams: []uuid.UUID{myTeam}, Departments: []uuid.UUID{myDep}, Services: []uuid.UUID{mySv}}
}

// TestTable compares every line × role × relation with the table that people
// review: y allowed, 2 needs a second person, . refused.
func TestTable(t *testing.T) {
	t.Parallel()
	m := load(t)
	var b strings.Builder
	fmt.Fprintf(&b, "%-34s", "")
	for _, r := range relations {
		fmt.Fprintf(&b, " %-13s", r.name)
	}
	b.WriteByte('\n')
	for _, row := range m.Rows() {
		fmt.Fprintf(&b, "%-34s", row)
		for _, rel := range relations {
			b.WriteByte(' ')
			for _, role := range identity.Roles {
				d := m.Decide(actor(role), row, &rel.facts)
				switch {
				case d.Allowed:
					b.WriteByte('y')
				case d.SecondPerson:
					b.WriteByte('2')
				default:
					b.WriteByte('.')
				}
			}
		}
		b.WriteByte('\n')
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("testdata/decisions.txt", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, _ := os.ReadFile("testdata/decisions.txt")
	if b.String() != string(want) {
		t.Errorf("decisions changed (UPDATE=1 rewrites testdata/decisions.txt):\n%s", b.String())
	}
}

// TestMatrix asserts on the matrix itself (controls §3).
func TestMatrix(t *testing.T) {
	t.Parallel()
	m := load(t)
	if n := len(m.Rows()); n < 76 {
		t.Errorf("%d lines, want the 76 of the controls and ours", n)
	}
	for _, r := range identity.Roles {
		if m.Cell("audit.delete", r) != "." {
			t.Errorf("%s may delete the trail", r)
		}
		for _, pair := range [][2]Row{
			{"change.implement", "change.approve_step1"},
			{"change.implement", "change.approve_cab"},
			{"finding.verify", "finding.respond"},
			{"role.grant_revoke", "role.grant_approve"},
			{"breakglass.request", "breakglass.approve"},
			{"user.create_disable", "role.grant_revoke"},
		} {
			if m.Cell(pair[0], r) != "." && m.Cell(pair[1], r) != "." {
				t.Errorf("%s holds both %s and %s", r, pair[0], pair[1])
			}
		}
	}
	admins := []identity.Role{identity.SystemAdmin, identity.SecurityAdmin, identity.AuditAdmin}
	for _, row := range m.Rows() {
		if strings.HasPrefix(string(row), "ticket.") || m.Cell(row, identity.Requester) != "." {
			continue // what every employee has
		}
		var holders []identity.Role
		for _, a := range admins {
			if m.Cell(row, a) != "." {
				holders = append(holders, a)
			}
		}
		shared := map[Row]bool{"ci.read": true, "kb.draft": true, "finding.respond": true, "breakglass.review": true, "change.submit": true}
		if len(holders) > 1 && !shared[row] {
			t.Errorf("%s is held by %v", row, holders)
		}
	}
	for _, write := range []Row{"ticket.assign", "ticket.resolve", "ticket.update_fields", "ticket.note_internal", "change.submit", "change.implement", "ci.write", "request.fulfil", "desk.classify"} {
		if m.Cell(write, identity.Auditor) != "." {
			t.Errorf("an auditor may %s", write)
		}
	}
}

// TestConfidentialNeverWidens: for who is not named, hiding an object never
// allows what was refused before.
func TestConfidentialNeverWidens(t *testing.T) {
	t.Parallel()
	m := load(t)
	for _, row := range m.Rows() {
		for _, role := range identity.Roles {
			for _, rel := range relations {
				f := rel.facts
				f.Named, f.Confidential = false, true
				if d := m.Decide(actor(role), row, &f); d.Allowed || d.SecondPerson {
					t.Errorf("%s %s %s reaches a confidential object unnamed", role, row, rel.name)
				}
			}
		}
	}
}

func TestConflicts(t *testing.T) {
	t.Parallel()
	if c := Conflicts([]identity.Role{identity.SystemAdmin, identity.SecurityAdmin}); len(c) != 1 || c[0].Reason != "authz.conflict.admins" {
		t.Error(c)
	}
	if c := Conflicts([]identity.Role{identity.Requester, identity.EngineerL1, identity.EngineerL2}); len(c) != 0 {
		t.Error(c)
	}
	if c := Conflicts([]identity.Role{identity.Auditor, identity.Lead}); len(c) != 1 {
		t.Error(c)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	head := "row,REQ,L1,L2,LEAD,CM,CAB,IMP,CFG,MGR,AUD,SYS,SEC,ADA,origin,note\n"
	for name, text := range map[string]string{
		"unknown letter": head + "x,Q,.,.,.,.,.,.,.,.,.,.,.,.,desk,\n",
		"suffix alone":   head + "x,1,.,.,.,.,.,.,.,.,.,.,.,.,desk,\n",
		"twice":          head + strings.Repeat("x,O,.,.,.,.,.,.,.,.,.,.,.,.,desk,\n", 2),
		"column order":   "row,L1,REQ,L2,LEAD,CM,CAB,IMP,CFG,MGR,AUD,SYS,SEC,ADA,origin,note\n",
	} {
		if _, err := parse(text); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	m := load(b)
	a, f := actor(identity.EngineerL1), relations[2].facts
	b.ReportAllocs()
	for b.Loop() {
		if !m.Decide(a, "ticket.assign", &f).Allowed {
			b.Fatal("refused")
		}
	}
}
