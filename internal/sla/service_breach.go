package sla

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Breach is the fact that a target was missed.
type Breach struct {
	RecordID   uuid.UUID   `db:"record_id" json:"record_id"`
	Kind       record.Kind `db:"kind" json:"kind"`
	Number     string      `db:"number" json:"number"`
	Title      string      `db:"title" json:"title"`
	State      string      `db:"state" json:"state"`
	Metric     Metric      `db:"metric" json:"metric"`
	Stint      int         `db:"stint" json:"stint"`
	Due        time.Time   `db:"due_at" json:"due_at"`
	DetectedAt time.Time   `db:"detected_at" json:"detected_at"`
	TermsID    uuid.UUID   `db:"terms_id" json:"agreement_version_id"`
	Priority   int         `db:"priority" json:"priority"`
	TeamID     *uuid.UUID  `db:"team_id" json:"team_id"`
	ServiceID  *uuid.UUID  `db:"service_id" json:"service_id"`
	ExcludedAt *time.Time  `db:"excluded_at" json:"excluded_at"`
	ExcludedBy *uuid.UUID  `db:"excluded_by" json:"excluded_by"`
	Exclusion  string      `db:"exclusion" json:"exclusion"`
}

// BreachFilter narrows the list of breaches; zero values mean any.
type BreachFilter struct {
	Metric   Metric
	Team     *uuid.UUID
	Service  *uuid.UUID
	Priority int
	Excluded string // "", only, without
	Limit    int
	After    *BreachCursor
}

// BreachCursor is the place after the last row shown.
type BreachCursor struct {
	Due    time.Time
	ID     uuid.UUID
	Metric Metric
	Stint  int
}

const breachSelect = `SELECT b.record_id, r.kind, r.number, r.title, r.state, b.metric, b.stint, b.due_at, b.detected_at, b.terms_id, b.priority, b.team_id, r.service_id, b.excluded_at, b.excluded_by, b.exclusion
	FROM sla_breaches b JOIN records r ON r.id = b.record_id WHERE `

func breachSQL(v record.Visibility, f BreachFilter) (string, db.Args) {
	cond := `(@metric::text = '' OR b.metric = @metric) AND (@team::uuid IS NULL OR b.team_id = @team) AND (@service::uuid IS NULL OR r.service_id = @service)
		AND (@priority::int = 0 OR b.priority = @priority) AND (@excluded::text = '' OR (b.excluded_at IS NOT NULL) = (@excluded = 'only')) AND `
	args := db.Args{"metric": string(f.Metric), "team": f.Team, "service": f.Service, "priority": f.Priority, "excluded": f.Excluded, "limit": f.Limit}
	if f.After != nil {
		cond += `(b.due_at, b.record_id, b.metric, b.stint) < (@c_due, @c_id, @c_metric, @c_stint) AND `
		args["c_due"], args["c_id"], args["c_metric"], args["c_stint"] = f.After.Due, f.After.ID, string(f.After.Metric), f.After.Stint
	}
	return v.SQL(breachSelect+cond, ` ORDER BY b.due_at DESC, b.record_id DESC, b.metric DESC, b.stint DESC LIMIT @limit`), v.With(args)
}

func (repository) breaches(ctx context.Context, q db.Querier, v record.Visibility, f BreachFilter) ([]Breach, error) {
	sql, args := breachSQL(v, f)
	rows, _ := q.Query(ctx, sql, args)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Breach])
	return out, db.Map(err)
}

func (repository) breachesOf(ctx context.Context, q db.Querier, id uuid.UUID) ([]Breach, error) {
	rows, _ := q.Query(ctx, breachSelect+`b.record_id = @id ORDER BY b.due_at LIMIT 200`, db.Args{"id": id})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Breach])
	return out, db.Map(err)
}

func (repository) entry(ctx context.Context, q db.Querier, number string) (record.Entry, error) {
	rows, _ := q.Query(ctx, `SELECT r.* FROM records r WHERE r.number = @number`, db.Args{"number": number})
	e, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Entry])
	return e, db.Map(err)
}

// Breaches lists missed targets of records that the actor may see, the latest
// first; next is the cursor of the following page.
func (s *Service) Breaches(ctx context.Context, f BreachFilter, cursor string) (list []Breach, next string, err error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return nil, "", err
	}
	if f.After, err = db.ParseCursor[BreachCursor](cursor); err != nil {
		return nil, "", err
	}
	v, _, err := s.desk.Visibility(ctx, "incident")
	if err != nil {
		return nil, "", err
	}
	want := 50
	f.Limit = want + 1
	if list, err = s.repo.breaches(ctx, s.desk.DB, v, f); err != nil {
		return nil, "", err
	}
	if len(list) > want {
		list = list[:want]
		l := list[want-1]
		next = db.Cursor(BreachCursor{l.Due, l.RecordID, l.Metric, l.Stint})
	}
	return list, next, nil
}

// ExcludeInput takes a breach out of reports, with the reason.
type ExcludeInput struct {
	Number string `json:"number" validate:"required,line,max=40"`
	Metric Metric `json:"metric" validate:"required,oneof=response resolution team"`
	Stint  int    `json:"stint" validate:"min=1"`
	Reason string `json:"reason" validate:"required,notblank,text,max=1000"`
}

// Exclude takes a breach out of reports. The breach and the exclusion both stay
// visible; nobody excludes a breach of their own work, and it is done once.
func (s *Service) Exclude(ctx context.Context, in ExcludeInput) error {
	e, err := s.repo.entry(ctx, s.desk.DB, in.Number)
	if err != nil {
		return err
	}
	ref := e.Ref()
	if _, _, err := s.desk.See(ctx, ref); err != nil {
		return err
	}
	err = s.desk.Do(ctx, func(u *work.Unit) error {
		e, err := record.Get(ctx, u.Tx, ref.ID)
		if err != nil {
			return err
		}
		st, err := record.StandingOf(ctx, u.Tx, ref.ID, u.Actor.ID, u.Now)
		if err != nil {
			return db.Map(err)
		}
		f := e.Facts(st)
		if !s.desk.Can(ctx, ActionExclude, &f) {
			return fault.New(fault.Forbidden, "error.forbidden")
		}
		if err := validate.Struct(in); err != nil {
			return err
		}
		tag, err := u.Tx.Exec(ctx, `UPDATE sla_breaches SET excluded_at = @now, excluded_by = @by, exclusion = @reason WHERE record_id = @id AND metric = @metric AND stint = @stint AND excluded_at IS NULL`,
			db.Args{"now": u.Now, "by": u.Actor.ID, "reason": in.Reason, "id": ref.ID, "metric": in.Metric, "stint": in.Stint})
		if err != nil {
			return db.Map(err)
		}
		if tag.RowsAffected() == 0 {
			return fault.New(fault.Conflict, "sla.error.no_breach")
		}
		return u.Record(ctx, ActionExclude, ref, trail.Diff{"promise": {nil, []string{string(in.Metric) + " excluded: " + in.Reason}}})
	})
	return s.desk.Noted(ctx, ActionExclude, ref, err)
}
