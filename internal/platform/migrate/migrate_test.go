package migrate_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/dbtest"
	"opsdesk/internal/platform/migrate"
	"opsdesk/internal/platform/pgembed"
)

// dump is the schema of a database as pg_dump writes it, without what differs
// from run to run.
func dump(t *testing.T, url string) string {
	t.Helper()
	bin, err := pgembed.Programs("")
	if err != nil {
		t.Skip("SKIPPED: " + err.Error())
	}
	out, err := exec.CommandContext(t.Context(), filepath.Join(bin, "pg_dump"), "--schema-only", "--no-owner", "--no-privileges", "--exclude-table=schema_migrations", url).Output()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.Lines(string(out)) {
		if s := strings.TrimSpace(line); s == "" || strings.HasPrefix(s, "--") || strings.HasPrefix(s, "SET ") || strings.HasPrefix(s, "SELECT pg_catalog") || strings.HasPrefix(s, `\`) {
			continue
		}
		b.WriteString(line)
	}
	return b.String()
}

func TestUpDownUp(t *testing.T) {
	t.Parallel()
	url := dbtest.SchemaURL(t)
	before := dump(t, url)
	if err := migrate.Down(url); err != nil {
		t.Fatal(err)
	}
	if left := dump(t, url); left != "" {
		t.Errorf("down leaves: %s", left)
	}
	if err := migrate.Up(url); err != nil {
		t.Fatal(err)
	}
	if after := dump(t, url); after != before {
		t.Error("up after down makes another schema")
	}
	s, err := migrate.Read(url)
	if err != nil || s.Pending() != 0 || s.Dirty || s.Version != migrate.Latest() {
		t.Errorf("%+v %v", s, err)
	}
}

// TestSchemaDocument keeps docs/schema.sql true: it is there for reading.
func TestSchemaDocument(t *testing.T) {
	t.Parallel()
	url := dbtest.SchemaURL(t)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	var version int
	if err := conn.QueryRow(t.Context(), `SELECT current_setting('server_version_num')::int / 10000`).Scan(&version); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if version != 15 {
		t.Skipf("SKIPPED: docs/schema.sql is written by PostgreSQL 15, this is %d", version)
	}
	const file = "../../../docs/schema.sql"
	got := "-- The schema as the migrations make it, for reading. Written by make schema.\n" + dump(t, url)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != got {
		t.Errorf("docs/schema.sql is out of date (%v): run make schema", err)
	}
}

// TestRepair clears the mark of a migration that failed half-way.
func TestRepair(t *testing.T) {
	t.Parallel()
	url := dbtest.SchemaURL(t)
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	last := migrate.Latest()
	down, err := os.ReadFile(downFile(t, last))
	if err != nil {
		t.Fatal(err)
	}
	// The newest file is undone, and marked as begun: what a failure leaves.
	if _, err := conn.Exec(ctx, string(down)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, `UPDATE schema_migrations SET dirty = true`); err != nil {
		t.Fatal(err)
	}
	if err := migrate.Up(url); err == nil || !strings.Contains(err.Error(), "migrate repair") {
		t.Errorf("a dirty database was migrated, or the message does not help: %v", err)
	}
	if err := migrate.Repair(url); err != nil {
		t.Fatal(err)
	}
	if err := migrate.Up(url); err != nil {
		t.Fatal(err)
	}
	s, err := migrate.Read(url)
	if err != nil || s.Dirty || s.Version != last {
		t.Errorf("%+v %v", s, err)
	}
}

func downFile(t *testing.T, n int) string {
	t.Helper()
	files, err := filepath.Glob("../../../migrations/*.down.sql")
	if err != nil || len(files) != n {
		t.Fatalf("%d files for %d migrations: %v", len(files), n, err)
	}
	return files[n-1]
}
