package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"opsdesk/internal/platform/db"
)

// Drain runs every job that is due at now, and those they enqueue, one after
// the other in this goroutine until none is left, and returns how many ran. It
// is how tests move time; a failing job is left for its next attempt and its
// error is returned joined with the others.
func (c *Client) Drain(ctx context.Context, pool *db.Pool, now time.Time) (int, error) {
	n := 0
	var failed []error
	for {
		id, name, raw, err := c.take(ctx, pool, now)
		if errors.Is(err, pgx.ErrNoRows) {
			return n, errors.Join(failed...)
		}
		if err != nil {
			return n, err
		}
		n++
		k, ok := c.reg.kinds[name]
		if !ok {
			return n, fmt.Errorf("no handler for job kind %q", name)
		}
		var a args
		if err := json.Unmarshal(raw, &a); err != nil {
			return n, err
		}
		state := "completed"
		var cancelled *river.JobCancelError
		if err := k.handler(ctx, a.Payload, Run{ID: id, Attempt: 1, Max: 25}); err != nil {
			failed = append(failed, fmt.Errorf("job %s: %w", name, err))
			state = "discarded"
			if errors.As(err, &cancelled) {
				state = "cancelled"
			}
		}
		if err := pool.InTx(ctx, func(tx db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE river_job SET state = @state::text::river_job_state, finalized_at = @now WHERE id = @id`, db.Args{"state": state, "now": now, "id": id})
			return err
		}); err != nil {
			return n, err
		}
	}
}

// Tick runs the handler of one periodic job now, as its schedule would.
func (c *Client) Tick(ctx context.Context, name string) error {
	k, ok := c.reg.kinds[name]
	if !ok {
		return fmt.Errorf("no handler for job kind %q", name)
	}
	return k.handler(ctx, json.RawMessage("null"), Run{Attempt: 1, Max: 1})
}

func (c *Client) take(ctx context.Context, pool *db.Pool, now time.Time) (id int64, name string, raw []byte, err error) {
	err = pool.InTx(ctx, func(tx db.Tx) error {
		return tx.QueryRow(ctx, `UPDATE river_job SET state = 'running', attempt = attempt + 1, attempted_at = @now
			WHERE id = (SELECT id FROM river_job WHERE state IN ('available', 'scheduled', 'retryable') AND (scheduled_at <= @now OR state = 'available')
				ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
			RETURNING id, kind, args`, db.Args{"now": now}).Scan(&id, &name, &raw)
	})
	return id, name, raw, err
}
