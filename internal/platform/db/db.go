// Package db opens the pool and defines the only two handles a repository
// accepts: Querier to read, Tx to write.
package db

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"

	"opsdesk/internal/platform/fault"
)

// Querier can read. Both *Pool and Tx satisfy it.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Tx can read and write. Only InTx hands one out, so a write outside a
// transaction does not compile.
type Tx interface {
	Querier
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
	CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, src pgx.CopyFromSource) (int64, error)
	// Raw is the driver's transaction, for the job queue only.
	Raw() pgx.Tx
	inTx()
}

type tx struct{ pgx.Tx }

func (tx) inTx()         {}
func (t tx) Raw() pgx.Tx { return t.Tx }

// conn is a pgxpool.Pool in production and an open pgx.Tx in most tests, where
// InTx becomes a savepoint.
type conn interface {
	Querier
	Begin(ctx context.Context) (pgx.Tx, error)
}

// Pool reads directly and writes through InTx.
type Pool struct {
	p     conn
	real  *pgxpool.Pool
	shelf shelf
}

// Within returns a Pool whose transactions are savepoints of t.
func Within(t pgx.Tx) *Pool { return &Pool{p: t} }

// Open connects to url and keeps at most max connections (0 = the driver's
// default). It does not wait for the server: the first query does. more
// changes the driver's settings, for tests that watch what is asked.
func Open(ctx context.Context, url string, max int32, more ...func(*pgxpool.Config)) (*Pool, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("database address: %w", err)
	}
	if max > 0 {
		cfg.MaxConns = max
	}
	cfg.MaxConnIdleTime = 5 * time.Minute
	cfg.HealthCheckPeriod = 15 * time.Second
	cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	// Sessions speak UTC and fail rather than wait for ever on a lock.
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	cfg.ConnConfig.RuntimeParams["application_name"] = "opsdesk"
	cfg.ConnConfig.RuntimeParams["lock_timeout"] = "10s"
	cfg.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "60s"
	// Identifiers travel as sixteen bytes, not as text.
	cfg.AfterConnect = func(_ context.Context, c *pgx.Conn) error {
		pgxuuid.Register(c.TypeMap())
		return nil
	}
	for _, change := range more {
		change(cfg)
	}
	p, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return &Pool{p: p, real: p}, nil
}

// PGX is the driver's pool for the job queue; nil inside a test transaction.
func (p *Pool) PGX() *pgxpool.Pool { return p.real }

// Close waits for running queries and closes every connection.
func (p *Pool) Close() {
	if p.real != nil {
		p.real.Close()
	}
}

// Query reads rows outside a transaction.
func (p *Pool) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return p.p.Query(ctx, sql, args...)
}

// QueryRow reads one row outside a transaction.
func (p *Pool) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return p.p.QueryRow(ctx, sql, args...)
}

// InTx runs fn in one transaction and maps what Postgres reports. The
// transaction is committed when fn returns nil, and rolled back otherwise.
func (p *Pool) InTx(ctx context.Context, fn func(Tx) error) error {
	spend(ctx)
	return Map(pgx.BeginFunc(ctx, p.p, func(t pgx.Tx) error { return fn(tx{t}) }))
}

// Snapshot lets fn read the database as it stands at one moment, however many
// questions it asks. It holds a connection, and old rows for everybody, until fn
// returns: fn must not wait for anybody's browser. Within a transaction fn reads
// what that sees.
func (p *Pool) Snapshot(ctx context.Context, fn func(Querier) error) error {
	if p.real == nil {
		return Map(fn(p.p))
	}
	return Map(pgx.BeginTxFunc(ctx, p.real, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(t pgx.Tx) error { return fn(t) }))
}

// Map turns driver errors into faults; constraint names are the contract: a
// violated constraint becomes the message key constraint.<name>. An error that
// is a fault already is returned unchanged.
func Map(err error) error {
	if err == nil {
		return nil
	}
	var f *fault.Error
	if errors.As(err, &f) {
		return err
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.Wrap(fault.NotFound, "error.not_found", err)
	}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		switch {
		case pe.Code == "23505" || pe.Code == "23P01":
			return fault.Wrap(fault.Conflict, "constraint."+pe.ConstraintName, err)
		case pe.Code == "23514" || pe.Code == "23503":
			return fault.Wrap(fault.Invalid, "constraint."+pe.ConstraintName, err)
		case pe.Code == "22021" || pe.Code == "22P05": // text that cannot be stored, such as NUL
			return fault.Wrap(fault.Invalid, "error.text_encoding", err)
		case pe.Code == "40001" || pe.Code == "40P01" || pe.Code == "55P03":
			return busy(fault.Wrap(fault.Conflict, "error.busy", err))
		case strings.HasPrefix(pe.Code, "57P") || strings.HasPrefix(pe.Code, "08") || strings.HasPrefix(pe.Code, "53"):
			return busy(fault.Wrap(fault.Unavailable, "error.unavailable", err))
		}
		return err
	}
	if Away(err) {
		return busy(fault.Wrap(fault.Unavailable, "error.unavailable", err))
	}
	return err
}

func busy(f *fault.Error) *fault.Error {
	f.RetryAfter = 2 * time.Second
	return f
}

// Away reports whether err says that the server cannot be reached.
func Away(err error) bool {
	var ce *pgconn.ConnectError
	var ne net.Error
	return errors.As(err, &ce) || errors.As(err, &ne) || pgconn.SafeToRetry(err) ||
		err != nil && (strings.Contains(err.Error(), "unexpected EOF") || strings.Contains(err.Error(), "conn closed") ||
			strings.Contains(err.Error(), "broken pipe") || strings.Contains(err.Error(), "connection reset"))
}
