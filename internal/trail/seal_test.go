package trail_test

import (
	"testing"
	"time"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/dbtest"
	"opsdesk/internal/trail"
)

// many writes n entries in the transaction.
func many(t *testing.T, tx db.Tx, n int) {
	t.Helper()
	if _, err := tx.Exec(t.Context(), `INSERT INTO trail_entries
			(at, occurred_at, actor_id, actor_name, action, kind, record_id, number, version, outcome, reason, diff, session, request_id, ip, user_agent, app)
		SELECT now(), now(), gen_random_uuid(), 'x', 'ticket.read', 'incident', gen_random_uuid(), 'INC-1', 1, 'success', '', '{}', '', '', '', '', ''
		FROM generate_series(1, @n)`, db.Args{"n": n}); err != nil {
		t.Error(err)
	}
}

// A backlog larger than a round is sealed whole, each entry once and in the
// order of its id, and nothing over the head of a running transaction, whose ids
// are smaller.
func TestSealingABacklog(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	l, err := trail.OpenLog(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	seal := func() int {
		t.Helper()
		n, err := l.Seal(t.Context(), pool, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	wrote, commit, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		ended <- pool.InTx(t.Context(), func(tx db.Tx) error { many(t, tx, 3); close(wrote); <-commit; return nil })
	}()
	<-wrote
	backlog := 2*trail.SealBatch + 7
	if err := pool.InTx(t.Context(), func(tx db.Tx) error { many(t, tx, backlog); return nil }); err != nil {
		t.Fatal(err)
	}
	if n := seal(); n != 0 {
		t.Errorf("sealed %d entries that smaller ids may still precede", n)
	}
	close(commit)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if err := pool.InTx(t.Context(), func(tx db.Tx) error { many(t, tx, 2); return nil }); err != nil {
		t.Fatal(err)
	}
	// Tests share a server, and sealing stays below every running transaction of
	// it: it may take more than one round.
	sealed := seal()
	for range 400 {
		if sealed == backlog+5 {
			break
		}
		time.Sleep(50 * time.Millisecond)
		sealed += seal()
	}
	if sealed != backlog+5 {
		t.Fatalf("sealed %d of %d", sealed, backlog+5)
	}
	if n := seal(); n != 0 {
		t.Errorf("sealed %d twice", n)
	}
	var entries, leaves, last, disorder int
	if err := pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM trail_entries), count(*), max(leaf),
			count(*) FILTER (WHERE entry_id < before) FROM (SELECT leaf, entry_id, lag(entry_id) OVER (ORDER BY leaf) AS before FROM trail_leaves) x`).
		Scan(&entries, &leaves, &last, &disorder); err != nil {
		t.Fatal(err)
	}
	if leaves != entries || last != leaves-1 || disorder != 0 {
		t.Errorf("%d leaves, the last %d, of %d entries; %d out of order", leaves, last, entries, disorder)
	}
}
