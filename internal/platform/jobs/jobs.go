// Package jobs is a thin seam over River: background work that is enqueued in
// the transaction that caused it, retried with back-off until it succeeds, and
// run at least once. Handlers must therefore be idempotent.
package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"opsdesk/internal/platform/db"
)

// Run is what a handler knows about the attempt it is.
type Run struct {
	ID      int64
	Attempt int // 1 for the first
	Max     int
}

// Handler does one job. An error is retried later; Cancel(err) is not.
type Handler func(ctx context.Context, payload json.RawMessage, run Run) error

// Cancel marks an error that no retry can mend.
func Cancel(err error) error { return river.JobCancel(err) }

// Snooze asks for the job to be run again after d without counting an attempt.
func Snooze(d time.Duration) error { return river.JobSnooze(d) }

// Job is one piece of work to enqueue.
type Job struct {
	Kind    string
	Payload any
	// RunAt delays the job; zero means as soon as possible.
	RunAt time.Time
	// Unique, when set, lets at most one unfinished job of the kind and key
	// exist; enqueueing another is a silent no-op.
	Unique string
	// Max is the number of attempts; zero means 25, about three weeks.
	Max int
}

type kind struct {
	handler Handler
	timeout time.Duration
}

type periodic struct {
	kind  string
	every time.Duration
}

// Registry collects handlers while the desk is wired.
type Registry struct {
	kinds     map[string]kind
	periodics []periodic
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry { return &Registry{kinds: map[string]kind{}} }

// Handle says who does the jobs of a kind, and how long one may take.
func (r *Registry) Handle(name string, timeout time.Duration, h Handler) error {
	if _, dup := r.kinds[name]; dup {
		return fmt.Errorf("job kind %q is registered twice", name)
	}
	r.kinds[name] = kind{h, timeout}
	return nil
}

// Every enqueues a job of the kind at each interval, on one process of all
// that share the database. Ticks missed while no process ran are not made up,
// so the handler looks for all overdue work.
func (r *Registry) Every(name string, every time.Duration, timeout time.Duration, h Handler) error {
	r.periodics = append(r.periodics, periodic{name, every})
	return r.Handle(name, timeout, h)
}

// args carries any job: the kind is a value, not a type, so that modules
// register handlers as functions. The key is what River compares for
// uniqueness.
type args struct {
	kind    string
	Payload json.RawMessage `json:"payload"`
	Key     string          `json:"key,omitempty" river:"unique"`
}

func (a args) Kind() string { return a.kind }

type worker struct {
	river.WorkerDefaults[args]
	kind kind
}

func (w *worker) Timeout(*river.Job[args]) time.Duration { return w.kind.timeout }

func (w *worker) Work(ctx context.Context, j *river.Job[args]) error {
	return w.kind.handler(ctx, j.Args.Payload, Run{ID: j.ID, Attempt: j.Attempt, Max: j.MaxAttempts})
}

// Client enqueues and, once started, works.
type Client struct {
	river *river.Client[pgx.Tx]
	reg   *Registry
	works bool
}

// New builds a client. A pool without a real connection (inside a test's
// transaction) can enqueue but not work; use Drain there. workers is how many
// jobs run at once in this process; zero only enqueues.
func New(pool *db.Pool, reg *Registry, workers int, log *slog.Logger) (*Client, error) {
	cfg := &river.Config{Logger: quiet(log)}
	works := workers > 0 && pool.PGX() != nil
	if works {
		cfg.Workers = river.NewWorkers()
		for name, k := range reg.kinds {
			river.AddWorkerArgs(cfg.Workers, args{kind: name}, &worker{kind: k})
		}
		cfg.Queues = map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}}
		cfg.FetchPollInterval = 500 * time.Millisecond // Queue sends no notification
		cfg.RescueStuckJobsAfter = 10 * time.Minute
		cfg.CompletedJobRetentionPeriod = time.Hour
		for _, p := range reg.periodics {
			cfg.PeriodicJobs = append(cfg.PeriodicJobs, river.NewPeriodicJob(river.PeriodicInterval(p.every), func() (river.JobArgs, *river.InsertOpts) {
				return args{kind: p.kind, Key: p.kind, Payload: json.RawMessage("null")}, &river.InsertOpts{UniqueOpts: unique(), MaxAttempts: 3}
			}, &river.PeriodicJobOpts{RunOnStart: true}))
		}
	}
	c, err := river.NewClient(riverpgxv5.New(pool.PGX()), cfg)
	if err != nil {
		return nil, fmt.Errorf("job queue: %w", err)
	}
	return &Client{river: c, reg: reg, works: works}, nil
}

func unique() river.UniqueOpts {
	return river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled,
	}}
}

// Queue adds jobs to the batch of their cause, so that they travel with its
// rows: what Insert does, without River's round trip. Unique jobs need Insert.
func (c *Client) Queue(b *pgx.Batch, list ...Job) error {
	for _, j := range list {
		if _, ok := c.reg.kinds[j.Kind]; !ok {
			return fmt.Errorf("no handler for job kind %q", j.Kind)
		}
		if j.Unique != "" {
			return fmt.Errorf("job %q is unique: use Insert", j.Kind)
		}
		payload, err := json.Marshal(j.Payload)
		if err != nil {
			return fmt.Errorf("payload of job %q: %w", j.Kind, err)
		}
		body, err := json.Marshal(args{Payload: payload})
		if err != nil {
			return err
		}
		attempts := j.Max
		if attempts == 0 {
			attempts = river.MaxAttemptsDefault
		}
		if j.RunAt.IsZero() {
			b.Queue(`INSERT INTO river_job (args, kind, max_attempts) VALUES (@args, @kind, @max)`, db.Args{"args": body, "kind": j.Kind, "max": attempts})
			continue
		}
		b.Queue(`INSERT INTO river_job (args, kind, max_attempts, scheduled_at, state) VALUES (@args, @kind, @max, @at, 'scheduled')`,
			db.Args{"args": body, "kind": j.Kind, "max": attempts, "at": j.RunAt})
	}
	return nil
}

// Insert enqueues jobs in tx: they exist exactly when tx commits.
func (c *Client) Insert(ctx context.Context, tx db.Tx, list ...Job) error {
	if len(list) == 0 {
		return nil
	}
	params := make([]river.InsertManyParams, len(list))
	for i, j := range list {
		if _, ok := c.reg.kinds[j.Kind]; !ok {
			return fmt.Errorf("no handler for job kind %q", j.Kind)
		}
		payload, err := json.Marshal(j.Payload)
		if err != nil {
			return fmt.Errorf("payload of job %q: %w", j.Kind, err)
		}
		opts := &river.InsertOpts{MaxAttempts: j.Max, ScheduledAt: j.RunAt}
		if j.Unique != "" {
			opts.UniqueOpts = unique()
		}
		params[i] = river.InsertManyParams{Args: args{kind: j.Kind, Payload: payload, Key: j.Unique}, InsertOpts: opts}
	}
	// Rows are returned (and conflicts skipped) only by the slower variant,
	// which unique jobs need.
	for _, j := range list {
		if j.Unique != "" {
			_, err := c.river.InsertManyTx(ctx, tx.Raw(), params)
			return err
		}
	}
	_, err := c.river.InsertManyFastTx(ctx, tx.Raw(), params)
	return err
}

// Start begins to work; Stop waits for running jobs until ctx ends.
func (c *Client) Start(ctx context.Context) error {
	if !c.works {
		return nil
	}
	return c.river.Start(ctx)
}

// Stop ends the work that Start began.
func (c *Client) Stop(ctx context.Context) error {
	if !c.works {
		return nil
	}
	err := c.river.Stop(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return c.river.StopAndCancel(context.WithoutCancel(ctx))
	}
	return err
}

// quiet keeps River's own chatter out of the log but for warnings.
func quiet(log *slog.Logger) *slog.Logger {
	if log == nil {
		log = slog.Default()
	}
	return slog.New(atLeast{log.Handler(), slog.LevelWarn})
}

type atLeast struct {
	slog.Handler
	level slog.Level
}

func (h atLeast) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }
func (h atLeast) WithAttrs(a []slog.Attr) slog.Handler {
	return atLeast{h.Handler.WithAttrs(a), h.level}
}

func (h atLeast) WithGroup(n string) slog.Handler { return atLeast{h.Handler.WithGroup(n), h.level} }
