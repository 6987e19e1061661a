package routing

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/presence"
	"opsdesk/internal/work"
)

// How a rule chooses a person of its team.
const (
	RoundRobin = "round_robin" // who waited longest for something
	LeastLoad  = "least_load"  // who has the fewest open records
)

// Strategies lists the ways to choose a person.
var Strategies = []string{RoundRobin, LeastLoad}

// Pick chooses the person that the outcome's rule asks for among those of its
// team who are present, and gives them their turn. nil means that nobody is
// there, or that the rule chooses nobody: the record waits in the team's queue.
//
// The team's row stays locked until the unit ends, so that of many records that
// come at once each sees whom the one before it went to.
func (s *Service) Pick(ctx context.Context, u *work.Unit, o Outcome) (*uuid.UUID, error) {
	if o.Team == nil || o.Person == "" {
		return nil, nil
	}
	v, err := s.settings(ctx, u.Tx)
	if err != nil {
		return nil, err
	}
	turn, err := s.repo.turn(ctx, u.Tx, *o.Team)
	if err != nil {
		return nil, err
	}
	book, err := s.sla.Book(ctx, u.Tx)
	if err != nil {
		return nil, err
	}
	var f Facts
	f.At(u.Now, &book.Calendar(nil).Calendar)
	q := presence.Query{Now: u.Now, Workday: f.Workday}
	if v.PresentHours > 0 {
		t := u.Now.Add(-time.Duration(v.PresentHours) * time.Hour)
		q.Seen = &t
	}
	ids, err := presence.Present(ctx, u.Tx, *o.Team, q)
	if err == nil && len(ids) == 0 {
		ids, err = presence.StandIns(ctx, u.Tx, *o.Team, q)
	}
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	list, err := s.repo.candidates(ctx, u.Tx, *o.Team, ids)
	if err != nil {
		return nil, err
	}
	for len(list) > 0 {
		id := choose(list, o.Person)
		held, err := identity.Hold(ctx, u.Tx, id)
		if err != nil {
			return nil, err
		}
		if held {
			s.repo.served(&u.Batch, *o.Team, id, turn)
			return &id, nil
		}
		list = slices.DeleteFunc(list, func(c candidate) bool { return c.ID == id }) // their account was disabled just now
	}
	return nil, nil
}

// candidate is a person who could get the record.
type candidate struct {
	ID   uuid.UUID `db:"id"`
	Turn int64     `db:"turn"` // of the last record they got by a rule; 0 for none
	Open int       `db:"open"` // records they have to do
}

// choose takes the one with the least to do, or, where that is equal or not
// asked, the one whose last turn is longest ago. list must not be empty.
func choose(list []candidate, strategy string) uuid.UUID {
	best := list[0]
	for _, c := range list[1:] {
		if strategy == LeastLoad && c.Open != best.Open {
			if c.Open < best.Open {
				best = c
			}
			continue
		}
		if c.Turn < best.Turn {
			best = c
		}
	}
	return best.ID
}

// turn locks the team's turns and returns the next one.
func (repository) turn(ctx context.Context, tx db.Tx, team uuid.UUID) (n int64, err error) {
	err = tx.QueryRow(ctx, `INSERT INTO routing_turns (team_id, turn) VALUES (@team, 1) ON CONFLICT (team_id) DO UPDATE SET turn = routing_turns.turn + 1 RETURNING turn`,
		db.Args{"team": team}).Scan(&n)
	return n, db.Map(err)
}

// candidates reads when each person had their last turn, and how much each has
// to do.
func (repository) candidates(ctx context.Context, tx db.Tx, team uuid.UUID, ids []uuid.UUID) ([]candidate, error) {
	rows, _ := tx.Query(ctx, `SELECT p.id, coalesce(s.turn, 0) AS turn,
			(SELECT count(*) FROM records r WHERE r.assignee_id = p.id AND r.category IN ('new', 'active', 'pending')) AS open
		FROM unnest(@ids::uuid[]) AS p (id) LEFT JOIN routing_served s ON s.team_id = @team AND s.person_id = p.id ORDER BY p.id`, db.Args{"ids": ids, "team": team})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[candidate])
	return out, db.Map(err)
}

// served queues that a person had a turn.
func (repository) served(b *pgx.Batch, team, person uuid.UUID, turn int64) {
	b.Queue(`INSERT INTO routing_served (team_id, person_id, turn) VALUES (@team, @person, @turn) ON CONFLICT (team_id, person_id) DO UPDATE SET turn = excluded.turn`,
		db.Args{"team": team, "person": person, "turn": turn})
}
