package audit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/trail"
)

// sealed is a desk whose trail is sealed.
func sealed(t *testing.T) *apptest.Desk {
	t.Helper()
	d := apptest.New(t, apptest.Options{})
	d.Seal()
	return d
}

// tamper does what only somebody with the database's own password can.
func tamper(t *testing.T, d *apptest.Desk, statements ...string) {
	t.Helper()
	err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		for _, s := range append([]string{"ALTER TABLE trail_entries DISABLE TRIGGER USER", "ALTER TABLE trail_leaves DISABLE TRIGGER USER"}, statements...) {
			if _, err := tx.Exec(context.WithoutCancel(t.Context()), s); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func verify(t *testing.T, d *apptest.Desk) []trail.Finding {
	t.Helper()
	r, err := d.Audit.Verify(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.Findings
}

// entry is the id at a place of the log.
func entry(t *testing.T, d *apptest.Desk, leaf int) int64 {
	t.Helper()
	var id int64
	if err := d.Pool.QueryRow(t.Context(), `SELECT entry_id FROM trail_leaves WHERE leaf = $1`, leaf).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestAnHonestTrailVerifies(t *testing.T) {
	t.Parallel()
	d := sealed(t)
	if f := verify(t, d); len(f) != 0 {
		t.Errorf("%+v", f)
	}
	// More entries, another checkpoint; the old one still holds.
	if _, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Description: "x", Impact: 3, Urgency: 3, Location: "y", Channel: "portal"}); err != nil {
		t.Fatal(err)
	}
	d.Seal()
	if f := verify(t, d); len(f) != 0 {
		t.Errorf("%+v", f)
	}
}

func TestTheDatabaseRefusesChanges(t *testing.T) {
	t.Parallel()
	d := sealed(t)
	for _, s := range []string{"UPDATE trail_entries SET actor_name = 'x'", "DELETE FROM trail_entries", "TRUNCATE trail_entries", "DELETE FROM trail_leaves"} {
		err := d.Pool.InTx(t.Context(), func(tx db.Tx) error { _, err := tx.Exec(t.Context(), s); return err })
		if err == nil || !strings.Contains(err.Error(), "never changed") {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestAChangedByteIsNamed(t *testing.T) {
	t.Parallel()
	d := sealed(t)
	id := entry(t, d, 50)
	tamper(t, d, fmt.Sprintf("UPDATE trail_entries SET actor_name = actor_name || 'x' WHERE id = %d", id))
	f := verify(t, d)
	if len(f) != 1 || f[0].What != "changed" || f[0].Entry != id || f[0].Leaf != 50 {
		t.Errorf("%+v", f)
	}
}

func TestEveryColumnCounts(t *testing.T) {
	t.Parallel()
	d := sealed(t)
	columns := []string{
		"at = at + interval '1 microsecond'", "occurred_at = occurred_at - interval '1 second'", "actor_id = gen_random_uuid()", "behalf_id = gen_random_uuid()",
		"action = action || 'x'", "kind = 'x'", "record_id = gen_random_uuid()", "number = number || '1'", "version = version + 1", "outcome = 'denied'",
		"reason = 'x'", "diff = diff || ' '", "session = 'x'", "request_id = 'x'", "ip = '10.0.0.1'", "user_agent = 'x'", "app = 'x'",
	}
	for n, c := range columns {
		tamper(t, d, fmt.Sprintf("UPDATE trail_entries SET %s WHERE id = %d", c, entry(t, d, 20+n)))
	}
	if f := verify(t, d); len(f) != len(columns) {
		t.Errorf("%d of %d changes were found: %+v", len(f), len(columns), f)
	}
}

func TestADeletedRowIsNamed(t *testing.T) {
	t.Parallel()
	d := sealed(t)
	a, b := entry(t, d, 30), entry(t, d, 60)
	tamper(t, d, fmt.Sprintf("DELETE FROM trail_entries WHERE id = %d", a),
		fmt.Sprintf("DELETE FROM trail_entries WHERE id = %d", b), fmt.Sprintf("DELETE FROM trail_leaves WHERE entry_id = %d", b))
	f := verify(t, d)
	if len(f) != 2 || f[0].What != "deleted" || f[0].Entry != a || f[1].What != "missing" || f[1].Leaf != 60 {
		t.Errorf("%+v", f)
	}
}

func TestAReorderedPairIsNamed(t *testing.T) {
	t.Parallel()
	d := sealed(t)
	a, b := entry(t, d, 40), entry(t, d, 41)
	tamper(t, d, "UPDATE trail_leaves SET entry_id = -1 WHERE leaf = 40",
		fmt.Sprintf("UPDATE trail_leaves SET entry_id = %d WHERE leaf = 41", a), fmt.Sprintf("UPDATE trail_leaves SET entry_id = %d WHERE leaf = 40", b))
	f := verify(t, d)
	if len(f) != 2 || f[0].What != "reordered" || f[1].What != "reordered" || f[0].Entry != b || f[0].Other != a {
		t.Errorf("%+v", f)
	}
}

func TestACutTailIsNamed(t *testing.T) {
	t.Parallel()
	d := sealed(t)
	var size int64
	if err := d.Pool.QueryRow(t.Context(), `SELECT size FROM trail_log`).Scan(&size); err != nil {
		t.Fatal(err)
	}
	// The cleverest cut: entries, their places and the counter all agree again.
	tamper(t, d, fmt.Sprintf("DELETE FROM trail_entries WHERE id IN (SELECT entry_id FROM trail_leaves WHERE leaf >= %d)", size-7),
		fmt.Sprintf("DELETE FROM trail_leaves WHERE leaf >= %d", size-7), fmt.Sprintf("UPDATE trail_log SET size = %d", size-7))
	f := verify(t, d)
	if len(f) != 1 || f[0].What != "tail" || f[0].Leaf != size-7 || f[0].Other != size {
		t.Errorf("%+v", f)
	}
	if _, err := d.Audit.Seal(t.Context()); err == nil || !strings.Contains(err.Error(), "tail was cut") {
		t.Errorf("sealing went on over a cut tail: %v", err)
	}
}

func TestAForgedCheckpointAndHashesAreNamed(t *testing.T) {
	t.Parallel()
	d := sealed(t)
	dir := d.Config.TrailDir
	files, err := filepath.Glob(filepath.Join(dir, "checkpoints", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	forged := strings.Replace(string(b), "\n", "\n9", 1)
	if err := os.WriteFile(files[0], []byte(forged), 0o600); err != nil {
		t.Fatal(err)
	}
	if f := verify(t, d); !slices.ContainsFunc(f, func(f trail.Finding) bool { return f.What == "checkpoint" }) {
		t.Errorf("a forged checkpoint: %+v", f)
	}
	if err := os.WriteFile(files[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := os.OpenFile(filepath.Join(dir, "hashes"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.WriteAt([]byte{1, 2, 3}, 32*9); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if f := verify(t, d); len(f) == 0 {
		t.Error("altered hashes were not noticed")
	}
}

func TestAProofHoldsOfflineAndOnlyForItsEntry(t *testing.T) {
	t.Parallel()
	d := sealed(t)
	id := entry(t, d, 77)
	p, err := d.Audit.Prove(d.As("auditadmin"), id)
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(d.Config.TrailDir, "key.pub"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back trail.Proof
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	text, c, err := back.Check(strings.TrimSpace(string(key)))
	if err != nil || c.Size < 78 || !strings.Contains(text, fmt.Sprintf(`"id":%d,`, id)) {
		t.Fatalf("%v %+v %s", err, c, text)
	}
	forged := back
	forged.Entry = json.RawMessage(strings.Replace(string(back.Entry), "success", "denied", 1))
	if _, _, err := forged.Check(""); err == nil {
		t.Error("a changed entry passed")
	}
	other := back
	other.Leaf++
	if _, _, err := other.Check(""); err == nil {
		t.Error("another place passed")
	}
	if _, _, err := back.Check("opsdesk.trail+deadbeef+AaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA="); err == nil {
		t.Error("another key passed")
	}
}

func TestACrashBetweenFileAndDatabaseLeavesNothing(t *testing.T) {
	t.Parallel()
	d := sealed(t)
	f, err := os.OpenFile(filepath.Join(d.Config.TrailDir, "hashes"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	// Half a batch, as a crash leaves it: hashes that no committed row has.
	if _, err := f.Write(make([]byte, 32*11)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Description: "x", Impact: 3, Urgency: 3, Location: "y", Channel: "portal"}); err != nil {
		t.Fatal(err)
	}
	d.Seal()
	if got := verify(t, d); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestRefusedActsAreInTheTrail(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	before := d.Desk.Now().Add(-time.Second)
	p, err := d.Incidents.List(d.As("lead"), incident.Filter{View: "open"}, "")
	if err != nil {
		t.Fatal(err)
	}
	id := p.Rows[0].ID
	if _, err := d.Incidents.Claim(d.As("auditor"), id, incident.StepInput{}); err == nil {
		t.Fatal("an auditor claimed")
	}
	if _, _, err := d.Incidents.Get(d.As("reviewer"), id); err == nil {
		t.Fatal("a reviewer read")
	}
	if _, err := d.Incidents.Confirm(d.As("lead"), id, incident.StepInput{}); err == nil {
		t.Fatal("confirmed what is not resolved")
	}
	l, err := d.Audit.List(d.As("auditadmin"), trail.Filter{From: &before, Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]trail.Outcome{}
	for _, e := range l {
		if e.RecordID == id {
			got[string(e.Action)+" "+e.ActorName] = e.Outcome
		}
	}
	if got["incident.claim 冯瑶"] != trail.Denied || got["ticket.read 周岚"] != trail.Denied || got["incident.confirm 赵敏"] != trail.Failure {
		t.Errorf("%v", got)
	}
}

func TestAuditorsSeeNoAdministration(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	has := func(who, kind string) bool {
		l, err := d.Audit.List(d.As(who), trail.Filter{Limit: 10000})
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(l, func(e trail.Entry) bool { return string(e.Kind) == kind })
	}
	if has("auditor", "person") || !has("auditor", "incident") {
		t.Error("an auditor sees what administrators did, or not the business")
	}
	if !has("auditadmin", "person") || !has("auditadmin", "incident") {
		t.Error("the audit administrator sees too little")
	}
}
