package approval

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/jobs"
)

// Tick runs the periodic jobs now.
func (s *Service) Tick(ctx context.Context) error {
	if err := s.turnDeputies(ctx, nil, jobs.Run{}); err != nil {
		return err
	}
	return s.lookAll(ctx, nil, jobs.Run{})
}

// Plan is how the database reads a list when it cannot scan whole tables.
func (s *Service) Plan(ctx context.Context, list string) (out string, err error) {
	who, err := identity.From(ctx)
	if err != nil {
		return "", err
	}
	err = s.desk.DB.InTx(ctx, func(tx db.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL enable_seqscan = off`); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, `EXPLAIN `+lists[list], db.Args{"me": who.ID, "at": nil, "id": nil, "limit": 50, "now": s.desk.Now()})
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		out = strings.Join(lines, "\n")
		return err
	})
	return out, err
}
