package incident

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

const majorColumns = `incident_id, version, began_at, proposed_at, proposed_by, proposal, declined_at, declined_by, decline_reason, declined_seen, declared_at, declared_by, reason,
	manager_id, communicator_id, technical_id, cadence_minutes, next_update_at, update_reminded, notice_due_at, notice_at, notice_by, notice_reminded, management,
	ended_at, ended_by, ending, review_due_at, review_signed_at, review_reminded, created_at, updated_at`

// major is how an incident is managed as a major one; nil where it never was.
func (repository) major(ctx context.Context, q db.Querier, id uuid.UUID) (*Major, error) {
	rows, _ := q.Query(ctx, `SELECT `+majorColumns+` FROM incident_majors WHERE incident_id = @id`, db.Args{"id": id})
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Major])
	if err != nil || len(list) == 0 {
		return nil, db.Map(err)
	}
	return &list[0], nil
}

// saveMajor queues how the incident is managed now; the incident's row is
// locked.
func (repository) saveMajor(b *pgx.Batch, m Major, now time.Time) {
	b.Queue(`INSERT INTO incident_majors (`+majorColumns+`)
		VALUES (@id, 1, @began, @proposed_at, @proposed_by, @proposal, @declined_at, @declined_by, @decline_reason, @declined_seen, @declared_at, @declared_by, @reason,
			@manager, @communicator, @technical, @cadence, @next_update_at, @update_reminded, @notice_due_at, @notice_at, @notice_by, @notice_reminded, @management,
			@ended_at, @ended_by, @ending, @review_due_at, @review_signed_at, @review_reminded, @now, @now)
		ON CONFLICT (incident_id) DO UPDATE SET version = incident_majors.version + 1, began_at = excluded.began_at, proposed_at = excluded.proposed_at, proposed_by = excluded.proposed_by,
			proposal = excluded.proposal, declined_at = excluded.declined_at, declined_by = excluded.declined_by, decline_reason = excluded.decline_reason, declined_seen = excluded.declined_seen,
			declared_at = excluded.declared_at, declared_by = excluded.declared_by, reason = excluded.reason, manager_id = excluded.manager_id,
			communicator_id = excluded.communicator_id, technical_id = excluded.technical_id, cadence_minutes = excluded.cadence_minutes, next_update_at = excluded.next_update_at,
			update_reminded = excluded.update_reminded, notice_due_at = excluded.notice_due_at, notice_at = excluded.notice_at, notice_by = excluded.notice_by,
			notice_reminded = excluded.notice_reminded, management = excluded.management, ended_at = excluded.ended_at, ended_by = excluded.ended_by, ending = excluded.ending,
			review_due_at = excluded.review_due_at, review_signed_at = excluded.review_signed_at, review_reminded = excluded.review_reminded, updated_at = excluded.updated_at`,
		db.Args{
			"id": m.IncidentID, "began": m.BeganAt, "proposed_at": m.ProposedAt, "proposed_by": m.ProposedBy, "proposal": m.Proposal, "declined_at": m.DeclinedAt,
			"declined_by": m.DeclinedBy, "decline_reason": m.DeclineReason, "declined_seen": m.DeclinedSeen, "declared_at": m.DeclaredAt, "declared_by": m.DeclaredBy, "reason": m.Reason, "manager": m.ManagerID,
			"communicator": m.CommunicatorID, "technical": m.TechnicalID, "cadence": m.Cadence, "next_update_at": m.NextUpdateAt, "update_reminded": m.UpdateReminded,
			"notice_due_at": m.NoticeDueAt, "notice_at": m.NoticeAt, "notice_by": m.NoticeBy, "notice_reminded": m.NoticeReminded, "management": nonNil(m.Management),
			"ended_at": m.EndedAt, "ended_by": m.EndedBy, "ending": m.Ending, "review_due_at": m.ReviewDueAt, "review_signed_at": m.ReviewSignedAt, "review_reminded": m.ReviewReminded, "now": now,
		})
}

// MajorRow is a line of the list of major incidents.
type MajorRow struct {
	record.Entry
	Major          string     `db:"major"`
	BeganAt        time.Time  `db:"began_at"`
	DeclaredAt     *time.Time `db:"declared_at"`
	EndedAt        *time.Time `db:"ended_at"`
	NextUpdateAt   *time.Time `db:"next_update_at"`
	NoticeDueAt    *time.Time `db:"notice_due_at"`
	NoticeAt       *time.Time `db:"notice_at"`
	ReviewDueAt    *time.Time `db:"review_due_at"`
	ReviewSignedAt *time.Time `db:"review_signed_at"`
	Manager        string     `db:"manager"`
	ManagerEn      string     `db:"manager_en"`
}

// clocks are those of the row.
func (r MajorRow) clocks() Major {
	return Major{NextUpdateAt: r.NextUpdateAt, NoticeDueAt: r.NoticeDueAt, NoticeAt: r.NoticeAt, EndedAt: r.EndedAt, ReviewDueAt: r.ReviewDueAt, ReviewSignedAt: r.ReviewSignedAt}
}

// majorLists are what the list of major incidents may be narrowed to.
var majorLists = map[string]string{
	"open": "m.declared_at IS NOT NULL AND m.ended_at IS NULL AND i.major = 'declared'", "proposed": "i.major = 'proposed'", "ended": "i.major = 'ended'", "all": "i.major <> ''",
}

// majors lists major incidents, the latest first.
func (repository) majors(ctx context.Context, q db.Querier, v record.Visibility, list string, after *Cursor, limit int) ([]MajorRow, error) {
	sql, args := majorsSQL(v, list, after, limit)
	rows, _ := q.Query(ctx, sql, args)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[MajorRow])
	return out, db.Map(err)
}

func majorsSQL(v record.Visibility, list string, after *Cursor, limit int) (string, db.Args) {
	cond, args := majorLists[list], db.Args{"limit": limit}
	if after != nil {
		cond += " AND (m.began_at, m.incident_id) < (@at, @after)"
		args["at"], args["after"] = after.At, after.ID
	}
	return v.SQL(`SELECT r.*, i.major, m.began_at, m.declared_at, m.ended_at, m.next_update_at, m.notice_due_at, m.notice_at, m.review_due_at, m.review_signed_at,
			coalesce(p.name, '') AS manager, coalesce(p.name_en, '') AS manager_en
		FROM incident_majors m JOIN incidents i ON i.id = m.incident_id JOIN records r ON r.id = m.incident_id LEFT JOIN people p ON p.id = m.manager_id
		WHERE `+cond+` AND `, ` ORDER BY m.began_at DESC, m.incident_id DESC LIMIT @limit`), v.With(args)
}

// leads are who decides about a proposal: the lead of the incident's team, and
// the desk's leads; at most 50.
func (repository) leads(ctx context.Context, q db.Querier, team *uuid.UUID, now time.Time) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT lead_id FROM teams WHERE id = @team::uuid AND lead_id IS NOT NULL
		UNION SELECT g.person_id FROM role_grants g JOIN people p ON p.id = g.person_id AND p.active WHERE g.role = 'LEAD' AND `+identity.Granted+` LIMIT 50`, db.Args{"team": team, "now": now})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

// management is who is told of a major incident beside those who work on it:
// the owners of its services, and the managers of the departments it concerns
// and of those above them; all managers where it concerns everybody. At most
// 500.
func (repository) management(ctx context.Context, q db.Querier, i Incident, a *Announcement, now time.Time) ([]uuid.UUID, error) {
	everybody := a == nil || a.Everybody
	var departments, services []uuid.UUID
	if a != nil {
		departments, services = a.Departments, a.Services
	}
	services = append(services, people(i.ServiceID)...)
	departments = append(departments, people(i.DepartmentID)...)
	rows, _ := q.Query(ctx, `WITH RECURSIVE up AS (
			SELECT d.id, d.parent_id, d.manager_id FROM departments d WHERE d.id = ANY(@departments) UNION SELECT p.id, p.parent_id, p.manager_id FROM departments p JOIN up ON p.id = up.parent_id)
		SELECT p.id FROM people p WHERE p.active AND (p.id IN (SELECT manager_id FROM up WHERE manager_id IS NOT NULL)
				OR p.id IN (SELECT owner_id FROM services WHERE id = ANY(@services) AND owner_id IS NOT NULL)
				OR @everybody AND p.id IN (SELECT g.person_id FROM role_grants g WHERE g.role = 'MGR' AND `+identity.Granted+`))
		ORDER BY p.id LIMIT 500`, db.Args{"departments": nonNil(departments), "services": nonNil(services), "everybody": everybody, "now": now})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

func (repository) majorSettings(ctx context.Context, q db.Querier) (MajorSettings, error) {
	v := majorDefaults()
	var raw []byte
	err := q.QueryRow(ctx, `SELECT (SELECT value FROM settings WHERE name = 'incident.major')`).Scan(&raw)
	if err != nil || raw == nil {
		return v, db.Map(err)
	}
	return v, json.Unmarshal(raw, &v)
}

func (repository) saveMajorSettings(b *pgx.Batch, v MajorSettings, by uuid.UUID, now time.Time) {
	b.Queue(`INSERT INTO settings (id, name, value, updated_at, updated_by) VALUES (@id, 'incident.major', @value, @now, @by)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value, version = settings.version + 1, updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
		db.Args{"id": majorConfigID, "value": v, "now": now, "by": by})
}

// reminders find what is due, by what it is.
var reminders = map[string]string{
	"update": `SELECT incident_id FROM incident_majors WHERE declared_at IS NOT NULL AND ended_at IS NULL AND next_update_at <= @now AND (update_reminded IS NULL OR update_reminded <= @again) LIMIT 100`,
	"notice": `SELECT incident_id FROM incident_majors WHERE notice_at IS NULL AND notice_due_at IS NOT NULL AND notice_due_at <= @now AND ended_at IS NULL AND (notice_reminded IS NULL OR notice_reminded <= @again) LIMIT 100`,
	"review": `SELECT incident_id FROM incident_majors WHERE review_signed_at IS NULL AND review_due_at IS NOT NULL AND review_due_at <= @now AND (review_reminded IS NULL OR review_reminded <= @again) LIMIT 100`,
}

// reminded notes when the reminder was given last; of two processes one gives
// it.
var reminded = map[string]string{
	"update": `UPDATE incident_majors SET update_reminded = @now WHERE incident_id = @id AND (update_reminded IS NULL OR update_reminded <= @again)`,
	"notice": `UPDATE incident_majors SET notice_reminded = @now WHERE incident_id = @id AND (notice_reminded IS NULL OR notice_reminded <= @again)`,
	"review": `UPDATE incident_majors SET review_reminded = @now WHERE incident_id = @id AND (review_reminded IS NULL OR review_reminded <= @again)`,
}

func (repository) toRemind(ctx context.Context, q db.Querier, what string, due, again time.Time) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, reminders[what], db.Args{"now": due, "again": again})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

func (repository) remind(ctx context.Context, tx db.Tx, id uuid.UUID, what string, now, again time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, reminded[what], db.Args{"id": id, "now": now, "again": again})
	return err == nil && tag.RowsAffected() == 1, err
}

// candidate is an incident that a rule makes a major one. Was is how large it was
// when that was declined; nil where nobody decided about it.
type candidate struct {
	ID       uuid.UUID `db:"id"`
	Version  int       `db:"version"`
	Declined bool      `db:"declined"`
	Was      *seen     `db:"declined_seen"`
	seen
}

const candidateSQL = `SELECT a.incident_id AS id, i.version, m.incident_id IS NOT NULL AS declined, m.declined_seen, ` + affectedSQL + ` AS people, i.priority FROM (`

// undecided narrows a to what nobody manages or has decided about for good: what
// was declined is asked for again once it has grown.
const undecided = `) a JOIN incidents i ON i.id = a.incident_id AND i.major = '' AND i.parent_id IS NULL AND i.state NOT IN ('resolved', 'closed', 'cancelled') AND NOT i.confidential
	LEFT JOIN incident_majors m ON m.incident_id = i.id WHERE m.incident_id IS NULL OR m.declined_seen IS NOT NULL ORDER BY m.incident_id IS NOT NULL, i.id LIMIT 200`

// ruled lists the incidents that the rules make major ones: priority 1 on a
// service that is flagged, or as many people as set within as many minutes.
func (repository) ruled(ctx context.Context, q db.Querier, v MajorSettings, now time.Time) (byPriority, byPeople []candidate, err error) {
	rows, _ := q.Query(ctx, candidateSQL+`SELECT r.id AS incident_id FROM records r
		WHERE r.kind = 'incident' AND r.category IN ('new', 'active', 'pending') AND r.priority = 1 AND r.service_id = ANY(@services)`+undecided, db.Args{"services": nonNil(v.Services)})
	if byPriority, err = pgx.CollectRows(rows, pgx.RowToStructByName[candidate]); err != nil || v.RulePeople == 0 {
		return byPriority, nil, db.Map(err)
	}
	rows, _ = q.Query(ctx, candidateSQL+`SELECT x.id AS incident_id FROM (
			SELECT c.parent_id AS id, c.requester_id AS person FROM incidents c WHERE c.parent_id IS NOT NULL AND c.attached_at > @since AND c.child_as = 'same'
			UNION SELECT f.incident_id, f.person_id FROM incident_affected f WHERE f.at > @since) x
		GROUP BY x.id HAVING count(DISTINCT x.person) >= @n`+undecided, db.Args{"since": now.Add(-time.Duration(v.RuleMinutes) * time.Minute), "n": v.RulePeople})
	byPeople, err = pgx.CollectRows(rows, pgx.RowToStructByName[candidate])
	return byPriority, byPeople, db.Map(err)
}
