package sla

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/ui"
)

// Chip is what a list shows of a record's clocks: the one that is due first,
// or else the last that mattered. All fields are nil where there is none.
type Chip struct {
	ClockMetric  *Metric    `db:"sla_metric"`
	ClockState   *State     `db:"sla_state"`
	ClockStarted *time.Time `db:"sla_started"`
	ClockDue     *time.Time `db:"sla_due"`
	ClockWarn    *time.Time `db:"sla_warn"`
	ClockCrit    *time.Time `db:"sla_crit"`
}

// ChipColumns and ChipJoin belong into a list's statement over `records r`.
const (
	ChipColumns = `k.metric AS sla_metric, k.state AS sla_state, k.started_at AS sla_started, k.due_at AS sla_due, k.warn_at AS sla_warn, k.crit_at AS sla_crit`
	ChipJoin    = ` LEFT JOIN LATERAL (SELECT c.* FROM sla_clocks c WHERE c.record_id = r.id AND c.metric <> 'team'
		ORDER BY c.state = 'running' DESC, c.due_at, c.metric LIMIT 1) k ON true `
)

// Show is the chip for the component that draws it; false: there is none.
func (c Chip) Show() (ui.Clock, bool) {
	if c.ClockState == nil || *c.ClockState == Void {
		return ui.Clock{}, false
	}
	return ui.Clock{Metric: string(*c.ClockMetric), State: string(*c.ClockState), Started: *c.ClockStarted, Due: c.ClockDue, Warn: c.ClockWarn, Crit: c.ClockCrit}, true
}

// Show is the clock for the component that draws it.
func (c ClockRow) Show() ui.Clock {
	return ui.Clock{Metric: string(c.Metric), State: string(c.State), Started: c.Started, Due: c.Due, Warn: c.Warn, Crit: c.Crit}
}

// Clocks reads how the clocks of a record stand, response before resolution
// before team. Whether the reader may see the record has been decided.
func (s *Service) Clocks(ctx context.Context, q db.Querier, id uuid.UUID) ([]ClockRow, error) {
	return s.repo.clocks(ctx, q, id)
}

// Left is the working time that a clock has left at an instant, by the book.
func (b *Book) Left(c ClockRow, now time.Time) time.Duration {
	spent := time.Duration(c.SpentUS) * time.Microsecond
	if c.State == Running {
		spent += b.Calendar(&c.CalendarID).Elapsed(c.As, now)
	}
	return time.Duration(c.GoalUS)*time.Microsecond - spent
}
