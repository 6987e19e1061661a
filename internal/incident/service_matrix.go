package incident

import (
	"context"
	"encoding/json"
	"errors"
	"maps"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/record"
	"opsdesk/internal/sla"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// JobMeasure gives open records the priority of the matrix in force.
const JobMeasure = "incident.measure"

// measureBatch is how many records the job reads at a time.
const measureBatch = 200

// Measured is a practice whose records have their priority from the matrix.
type Measured interface {
	// ByMatrix are the priorities that those of ids that are its own would have,
	// by the priorities of each impact and urgency; what somebody chose with a
	// reason is left out.
	ByMatrix(ctx context.Context, q db.Querier, ids []uuid.UUID, priorities map[[2]int]int) (map[uuid.UUID]int, error)
	// OpenAfter lists open records by id.
	OpenAfter(ctx context.Context, after uuid.UUID, limit int) ([]uuid.UUID, error)
	// Measure gives one of them the priority of the matrix.
	Measure(ctx context.Context, id uuid.UUID) error
}

// MeasureAlso tells the matrix of another practice; it is called while wiring.
func (s *Service) MeasureAlso(m Measured) { s.measured = append(s.measured, m) }

// checkCells refuses a matrix that is not whole; nil if it is.
func checkCells(cells []Cell) *fault.Error {
	f := fault.New(fault.Invalid, "error.invalid")
	seen := map[[2]int]bool{}
	for _, c := range cells {
		if c.Impact < 1 || c.Impact > 3 || c.Urgency < 1 || c.Urgency > 3 || c.Priority < 1 || c.Priority > 4 {
			f.Fields = append(f.Fields, fault.Field{Name: "matrix", Code: "validation.oneof"})
		}
		seen[[2]int{c.Impact, c.Urgency}] = true
	}
	if len(seen) != 9 || len(cells) != 9 {
		f.Fields = append(f.Fields, fault.Field{Name: "matrix", Code: "incident.error.matrix"})
	}
	if len(f.Fields) == 0 {
		return nil
	}
	return f
}

// PreviewMatrix says what a matrix would do to the open records that the actor
// may see, were their priority told anew by it; one that somebody chose with a
// reason stays. Nothing is changed.
func (s *Service) PreviewMatrix(ctx context.Context, cells []Cell) (sla.Preview, error) {
	if _, err := s.desk.Permit(ctx, ActionClassify); err != nil {
		return sla.Preview{}, err
	}
	if f := checkCells(cells); f != nil {
		return sla.Preview{}, f
	}
	priorities := map[[2]int]int{}
	for _, c := range cells {
		priorities[[2]int{c.Impact, c.Urgency}] = c.Priority
	}
	return s.sla.PreviewPriorities(ctx, func(ctx context.Context, q db.Querier, ids []uuid.UUID) (map[uuid.UUID]int, error) {
		out := map[uuid.UUID]int{}
		for _, m := range s.measures() {
			list, err := m.ByMatrix(ctx, q, ids, priorities)
			if err != nil {
				return nil, err
			}
			maps.Copy(out, list)
		}
		return out, nil
	})
}

// SetMatrix changes the priority matrix. Open records keep the priority they
// have until impact or urgency change, unless it is applied to them: then a job
// tells each anew, but for those that somebody chose with a reason.
func (s *Service) SetMatrix(ctx context.Context, cells []Cell, apply bool) error {
	f := checkCells(cells)
	return s.configure(ctx, nil, func(u *work.Unit) (trail.Diff, error) {
		if f != nil {
			return nil, f
		}
		before, err := s.repo.matrix(ctx, u.Tx)
		if err != nil {
			return nil, err
		}
		for _, c := range cells {
			s.repo.saveCell(&u.Batch, c)
		}
		diff := trail.Diff{"matrix": {before, cells}}
		if apply {
			diff["applied"] = [2]any{nil, true}
			u.Enqueue(jobs.Job{Kind: JobMeasure, Unique: u.ID().String()})
		}
		return diff, nil
	})
}

// measures are incidents, and the practices that share the matrix.
func (s *Service) measures() []Measured {
	return append([]Measured{measuredIncidents{s}}, s.measured...)
}

// measure is the job: record by record, each with a line in its trail. It can
// be broken off and run again.
func (s *Service) measure(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	ctx = identity.With(ctx, identity.NewSystem("matrix"))
	var failed []error
	for _, m := range s.measures() {
		for after := uuid.Nil; ; {
			list, err := m.OpenAfter(ctx, after, measureBatch)
			if err != nil {
				return err
			}
			for _, id := range list {
				if err := m.Measure(ctx, id); err != nil && !fault.Is(err, fault.Conflict) {
					failed = append(failed, err)
				}
			}
			if len(list) < measureBatch {
				break
			}
			after = list[len(list)-1]
		}
	}
	return errors.Join(failed...)
}

// measuredIncidents are incidents as the matrix sees them.
type measuredIncidents struct{ s *Service }

// ByMatrix leaves out those whose priority somebody chose.
func (m measuredIncidents) ByMatrix(ctx context.Context, q db.Querier, ids []uuid.UUID, priorities map[[2]int]int) (map[uuid.UUID]int, error) {
	return m.s.repo.byMatrix(ctx, q, ids, priorities)
}

// OpenAfter lists open incidents by id.
func (m measuredIncidents) OpenAfter(ctx context.Context, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	return record.OpenAfter(ctx, m.s.desk.DB, Kind, after, limit)
}

// Measure gives an incident the priority of the matrix.
func (m measuredIncidents) Measure(ctx context.Context, id uuid.UUID) error {
	i, err := m.s.repo.get(ctx, m.s.desk.DB, id)
	if err != nil || i.PriorityReason != "" {
		return err
	}
	if n, err := m.s.Priority(ctx, m.s.desk.DB, i.Impact, i.Urgency); err != nil || n == i.Priority {
		return err
	}
	_, err = m.s.update(ctx, ActionPriority, id, 0, struct{}{}, func(u *work.Unit, i *Incident) (err error) {
		if i.State.Open() && i.PriorityReason == "" {
			i.Priority, err = m.s.repo.priority(ctx, u.Tx, i.Impact, i.Urgency)
		}
		return err
	})
	return err
}
