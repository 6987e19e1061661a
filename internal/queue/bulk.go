package queue

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/batch"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/work"
)

// MaxBulk is how many records one bulk change may touch.
const MaxBulk = 1000

// Chosen are the records that a change of many is about: those of IDs, or all
// that the list at Query shows.
type Chosen struct {
	Act   string
	IDs   []uuid.UUID
	All   bool
	Query string
}

// Choose lists the records that a change of many is about, each once.
func (q *Queue[R]) Choose(ctx context.Context, c Chosen) ([]uuid.UUID, error) {
	if !c.All {
		slices.SortFunc(c.IDs, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
		return slices.Compact(c.IDs), nil
	}
	f, err := q.ParseQuery(c.Query)
	if err != nil {
		return nil, err
	}
	f.Limit = MaxBulk + 1
	list, err := q.Rows(ctx, f)
	if err != nil {
		return nil, err
	}
	if len(list) > MaxBulk {
		return nil, fault.New(fault.Conflict, "batch.error.too_many", "count", MaxBulk)
	}
	ids := make([]uuid.UUID, len(list))
	for n, r := range list {
		ids[n] = r.Base().ID
	}
	return ids, nil
}

// Draft previews a change of many: look lists those of them that the actor may
// see, and says why each would be refused, if it would. Nothing is changed until
// the batch is started; then every record is decided anew.
func (q *Queue[R]) Draft(ctx context.Context, kind string, c Chosen, in any, look func(context.Context, []uuid.UUID) ([]batch.Row, error)) (batch.Batch, error) {
	ids, err := q.Choose(ctx, c)
	if err != nil {
		return batch.Batch{}, err
	}
	list, err := look(ctx, ids)
	if err != nil {
		return batch.Batch{}, err
	}
	if len(list) == 0 {
		return batch.Batch{}, fault.OnField("ids", "queue.error.bulk_none")
	}
	return q.Batches.Draft(ctx, kind, in, list)
}

// Denied is why the actor's rights do not let them do this to a record now; ""
// if they do.
func Denied(ctx context.Context, d *work.Desk, facts *authz.Facts, act authz.Action) (string, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return "", err
	}
	row, err := d.Row(act)
	if err != nil {
		return "", err
	}
	switch dec := d.Matrix.Decide(who, row, facts); {
	case dec.Allowed:
		return "", nil
	case dec.SecondPerson:
		return "authz.denied.four_eyes", nil
	default:
		return dec.Reason, nil
	}
}
