package db

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// sender can send several statements at once.
type sender interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// errNested is a read that asks a second question while the rows of its first
// are open: they share one connection.
var errNested = errors.New("db.Together: a question within open rows")

// Together runs reads that do not depend on each other, and returns when all
// have ended. Their statements travel together: the first of each read in one
// round trip, then the second of those that have one, and so on. A page made of
// twenty questions costs as many round trips as its longest read has questions.
// Within a round they are answered in the order of the reads.
//
// Each read gets a Querier of its own, which it must not keep, and must close
// its rows before it asks again. The reads do not share a snapshot: each
// statement sees what was committed when its turn came. Statements with an
// execution mode of their own go alone.
func Together(ctx context.Context, q Querier, reads ...func(Querier) error) error {
	var s sender
	switch x := q.(type) {
	case *Pool:
		s, _ = x.p.(sender)
	case sender:
		s = x
	}
	if s == nil || len(reads) < 2 {
		for _, read := range reads {
			if err := read(q); err != nil {
				return err
			}
		}
		return nil
	}
	calls := make(chan call)
	errs := make([]error, len(reads))
	for i, read := range reads {
		go func() {
			m := &member{calls: calls, q: q, turn: i}
			c := call{done: true}
			defer func() {
				c.panicked = recover()
				m.closeRows()
				calls <- c
			}()
			errs[i] = read(m)
		}()
	}
	var waiting []call
	var panicked any
	for active := len(reads); active > 0; {
		if c := <-calls; c.done {
			active--
			if c.panicked != nil {
				panicked = c.panicked
			}
		} else {
			waiting = append(waiting, c)
		}
		if active > 0 && len(waiting) == active {
			slices.SortFunc(waiting, func(a, b call) int { return cmp.Compare(a.turn, b.turn) })
			round(ctx, s, waiting)
			waiting = nil
		}
	}
	if panicked != nil {
		panic(panicked) // of a read, in the goroutine of its caller
	}
	return errors.Join(errs...)
}

// call is what a member says: here is my question, or I have ended.
type call struct {
	turn     int // of the read that asks
	sql      string
	args     []any
	answer   chan answer
	done     bool
	panicked any
}

type answer struct {
	rows *sharedRows
	err  error
}

// round asks the questions of all who wait. They read their rows one after the
// other, as the rows arrive.
func round(ctx context.Context, s sender, waiting []call) {
	var b pgx.Batch
	for _, c := range waiting {
		b.Queue(c.sql, c.args...)
	}
	results := s.SendBatch(ctx, &b)
	for _, c := range waiting {
		rows, err := results.Query()
		if err != nil {
			rows.Close()
			c.answer <- answer{err: err}
			continue
		}
		r := &sharedRows{Rows: rows, closed: make(chan struct{})}
		c.answer <- answer{rows: r}
		<-r.closed
	}
	_ = results.Close() // each reader has had its own error
}

// member is one read's Querier.
type member struct {
	calls chan<- call
	turn  int
	q     Querier
	open  *sharedRows
}

func (m *member) closeRows() {
	if m.open != nil {
		m.open.Close()
	}
}

func (m *member) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if len(args) > 0 {
		switch args[0].(type) {
		case pgx.QueryExecMode, pgx.QueryResultFormats, pgx.QueryResultFormatsByOID:
			return m.q.Query(ctx, sql, args...)
		}
	}
	if m.open != nil && !m.open.isClosed {
		return failedRows{errNested}, errNested
	}
	c := call{turn: m.turn, sql: sql, args: args, answer: make(chan answer)}
	m.calls <- c
	a := <-c.answer
	if a.err != nil {
		return failedRows{a.err}, a.err
	}
	m.open = a.rows
	return a.rows, nil
}

func (m *member) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := m.Query(ctx, sql, args...)
	if err != nil {
		return failedRows{err}
	}
	return oneRow{rows}
}

// oneRow is the first row of an answer.
type oneRow struct{ rows pgx.Rows }

func (r oneRow) Scan(dest ...any) error {
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	r.rows.Close()
	return r.rows.Err()
}

// sharedRows tells when the connection is free for the next reader.
type sharedRows struct {
	pgx.Rows
	closed   chan struct{}
	isClosed bool
}

func (r *sharedRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close() // pgx closes rows at their end
	return false
}

func (r *sharedRows) Close() {
	r.Rows.Close()
	if !r.isClosed {
		r.isClosed = true
		close(r.closed)
	}
}

// failedRows are the rows of a question that failed.
type failedRows struct{ err error }

func (r failedRows) Close()                                       {}
func (r failedRows) Err() error                                   { return r.err }
func (r failedRows) CommandTag() (t pgconn.CommandTag)            { return t }
func (r failedRows) FieldDescriptions() []pgconn.FieldDescription { return nil }
func (r failedRows) Next() bool                                   { return false }
func (r failedRows) Scan(...any) error                            { return r.err }
func (r failedRows) Values() ([]any, error)                       { return nil, r.err }
func (r failedRows) RawValues() [][]byte                          { return nil }
func (r failedRows) Conn() *pgx.Conn                              { return nil }
func (r failedRows) TypeMap() *pgtype.Map                         { return nil }

// Beside runs two reads at the same time, each on a connection of its own, and
// returns when both have ended: for the few that take the database some
// milliseconds each. A panic of either is one of the caller.
func Beside(read, beside func() error) error {
	type ended struct {
		err      error
		panicked any
	}
	other := make(chan ended, 1)
	go func() {
		e := ended{panicked: true} // of runtime.Goexit there is nothing to recover
		defer func() {
			if r := recover(); r != nil {
				e.panicked = r
			}
			other <- e
		}()
		e.err = beside()
		e.panicked = nil
	}()
	err := read()
	e := <-other
	if e.panicked != nil {
		panic(e.panicked)
	}
	return errors.Join(err, e.err)
}
