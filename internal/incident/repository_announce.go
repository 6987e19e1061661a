package incident

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// affectedSQL counts whom a fault is known to concern: who said "me too" and
// whose report hangs on it, each once, up to 10,000.
const affectedSQL = `(SELECT count(*) FROM (SELECT f.person_id FROM incident_affected f WHERE f.incident_id = a.incident_id
		UNION SELECT c.requester_id FROM incidents c WHERE c.parent_id = a.incident_id AND c.child_as = 'same' AND c.state <> 'cancelled' LIMIT 10000) who)`

// concerned counts the same people of one incident.
func (repository) concerned(ctx context.Context, q db.Querier, incident uuid.UUID) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT `+affectedSQL+` FROM (SELECT @id::uuid AS incident_id) a`, db.Args{"id": incident}).Scan(&n)
	return n, db.Map(err)
}

const announcementSQL = `SELECT a.id, a.version, a.incident_id, r.number, a.title_zh, a.title_en, a.text_zh, a.text_en, a.everybody, a.departments, a.services, a.expected_at,
		a.published_at, a.withdrawn_at, a.updated_at, r.state, ` + affectedSQL + ` AS affected
	FROM incident_announcements a JOIN records r ON r.id = a.incident_id AND NOT r.confidential `

// openAnnouncements lists what stands, the newest first; at most 20.
func (repository) openAnnouncements(ctx context.Context, q db.Querier) ([]Announcement, error) {
	rows, _ := q.Query(ctx, announcementSQL+`WHERE a.withdrawn_at IS NULL ORDER BY a.published_at DESC, a.id LIMIT 20`)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Announcement])
	return out, db.Map(err)
}

// announcement is what was announced of an incident; nil where nothing was.
func (repository) announcement(ctx context.Context, q db.Querier, incident uuid.UUID) (*Announcement, error) {
	rows, _ := q.Query(ctx, announcementSQL+`WHERE a.incident_id = @id`, db.Args{"id": incident})
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Announcement])
	if err != nil || len(list) == 0 {
		return nil, db.Map(err)
	}
	return &list[0], nil
}

// affectedOn asks on which of some incidents a person said "me too".
func (repository) affectedOn(person uuid.UUID, incidents []uuid.UUID, to *[]uuid.UUID) db.Part {
	return db.Part{
		SQL:  `ARRAY(SELECT incident_id FROM incident_affected WHERE person_id = @person AND incident_id = ANY(ARRAY(SELECT unnest(@announced::uuid[]))))`,
		Args: db.Args{"person": person, "announced": incidents}, To: to,
	}
}

// servicesUsed lists which of some services a person owns, works for, or has
// reported on or asked for since.
func (repository) servicesUsed(ctx context.Context, q db.Querier, person uuid.UUID, services []uuid.UUID, since time.Time) (map[uuid.UUID]bool, error) {
	rows, _ := q.Query(ctx, `SELECT s.id FROM services s WHERE s.id = ANY(@services) AND (s.owner_id = @person OR s.team_id IN (SELECT m.team_id FROM team_members m WHERE m.person_id = @person)
			OR EXISTS (SELECT 1 FROM records x WHERE x.requester_id = @person AND x.service_id = s.id AND x.updated_at > @since))`,
		db.Args{"person": person, "services": services, "since": since})
	out := map[uuid.UUID]bool{}
	var id uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&id}, func() error { out[id] = true; return nil })
	return out, db.Map(err)
}

func (repository) saveAnnouncement(b *pgx.Batch, a Announcement, by uuid.UUID, now time.Time) {
	b.Queue(`INSERT INTO incident_announcements (id, incident_id, title_zh, title_en, text_zh, text_en, everybody, departments, services, expected_at, published_at, published_by, created_at, updated_at)
		VALUES (@id, @incident, @title_zh, @title_en, @text_zh, @text_en, @everybody, @departments, @services, @expected, @now, @by, @now, @now)
		ON CONFLICT (incident_id) DO UPDATE SET title_zh = excluded.title_zh, title_en = excluded.title_en, text_zh = excluded.text_zh, text_en = excluded.text_en,
			everybody = excluded.everybody, departments = excluded.departments, services = excluded.services, expected_at = excluded.expected_at,
			published_at = CASE WHEN incident_announcements.withdrawn_at IS NULL THEN incident_announcements.published_at ELSE excluded.published_at END,
			published_by = excluded.published_by, withdrawn_at = NULL, version = incident_announcements.version + 1, updated_at = excluded.updated_at`,
		db.Args{
			"id": a.ID, "incident": a.IncidentID, "title_zh": a.TitleZh, "title_en": a.TitleEn, "text_zh": a.TextZh, "text_en": a.TextEn, "everybody": a.Everybody,
			"departments": nonNil(a.Departments), "services": nonNil(a.Services), "expected": a.ExpectedAt, "by": by, "now": now,
		})
}

// reword gives an announcement the words of the newest update.
func (repository) reword(b *pgx.Batch, incident uuid.UUID, zh, en string, expected *time.Time, now time.Time) {
	b.Queue(`UPDATE incident_announcements SET text_zh = @zh, text_en = @en, expected_at = coalesce(@expected, expected_at), version = version + 1, updated_at = @now
		WHERE incident_id = @id AND withdrawn_at IS NULL`, db.Args{"id": incident, "zh": zh, "en": en, "expected": expected, "now": now})
}

func (repository) withdraw(b *pgx.Batch, incident uuid.UUID, now time.Time) {
	b.Queue(`UPDATE incident_announcements SET withdrawn_at = @now, version = version + 1, updated_at = @now WHERE incident_id = @id AND withdrawn_at IS NULL`, db.Args{"id": incident, "now": now})
}

// mark notes that an incident concerns a person; false where it was noted
// before, with the same words.
func (repository) mark(ctx context.Context, tx db.Tx, incident, person uuid.UUID, note string, now time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `INSERT INTO incident_affected (incident_id, person_id, note, at) VALUES (@id, @person, @note, @now)
		ON CONFLICT (incident_id, person_id) DO UPDATE SET note = excluded.note WHERE incident_affected.note <> excluded.note AND excluded.note <> ''`,
		db.Args{"id": incident, "person": person, "note": note, "now": now})
	return err == nil && tag.RowsAffected() > 0, err
}

func (repository) unmark(ctx context.Context, tx db.Tx, incident, person uuid.UUID) (bool, error) {
	tag, err := tx.Exec(ctx, `DELETE FROM incident_affected WHERE incident_id = @id AND person_id = @person`, db.Args{"id": incident, "person": person})
	return err == nil && tag.RowsAffected() > 0, err
}

// audience is whom lines of an incident's chronicle are sent to.
type audience struct {
	incident              uuid.UUID
	departments, services []uuid.UUID // that it is announced to
}

func (x audience) args(after uuid.UUID, limit int, now time.Time) db.Args {
	return db.Args{
		"id": x.incident, "departments": nonNil(x.departments), "services": nonNil(x.services), "since": now.Add(-usedWithin), "after": after, "limit": limit,
	}
}

// toTellSQL lists the next people of an audience, in the order of their ids, each
// once and only those who are active. Departments are taken with those below
// them, each by its index from the last person on.
const toTellSQL = `WITH RECURSIVE below AS (
		SELECT d.id FROM departments d WHERE d.id = ANY(@departments::uuid[]) UNION SELECT d.id FROM departments d JOIN below b ON d.parent_id = b.id)
	SELECT p.id FROM (
		SELECT f.person_id AS person FROM incident_affected f WHERE f.incident_id = @id
		UNION SELECT c.requester_id FROM incidents c WHERE c.parent_id = @id AND c.child_as = 'same' AND c.state <> 'cancelled'
		UNION SELECT i.requester_id FROM incidents i WHERE i.id = @id
		UNION SELECT m.id FROM below b, LATERAL (SELECT x.id FROM people x WHERE x.department_id = b.id AND x.active AND x.id > @after ORDER BY x.id LIMIT @limit) m
		UNION SELECT s.owner_id FROM services s WHERE s.id = ANY(@services::uuid[])
		UNION SELECT m.person_id FROM services s JOIN team_members m ON m.team_id = s.team_id WHERE s.id = ANY(@services::uuid[])
		UNION SELECT r.requester_id FROM records r WHERE r.service_id = ANY(@services::uuid[]) AND r.updated_at > @since AND r.requester_id > @after) who
	JOIN people p ON p.id = who.person AND p.active WHERE p.id > @after ORDER BY p.id LIMIT @limit`

// toTell lists the next people whom an incident concerns: "me too", those whose
// reports hang on it, who reported it, and whom its announcement is addressed
// to by department or service (see addressed).
func (repository) toTell(ctx context.Context, q db.Querier, x audience, after uuid.UUID, limit int, now time.Time) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, toTellSQL, x.args(after, limit, now))
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

// countToTell counts the same, up to limit.
func (repository) countToTell(ctx context.Context, q db.Querier, x audience, limit int, now time.Time) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM (`+toTellSQL+`) x`, x.args(uuid.Nil, limit, now)).Scan(&n)
	return n, db.Map(err)
}

// lastSaid is the newest public line of a chronicle; nil where nothing was said.
func (repository) lastSaid(ctx context.Context, q db.Querier, incident uuid.UUID) (*Line, error) {
	rows, _ := q.Query(ctx, `SELECT `+lineColumns+` FROM incident_chronicle WHERE incident_id = @id AND public ORDER BY at DESC, id DESC LIMIT 1`, db.Args{"id": incident})
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Line])
	if err != nil || len(list) == 0 {
		return nil, db.Map(err)
	}
	return &list[0], nil
}

const lineColumns = `id, at, kind, text_zh, text_en, public, author_id, author_name`

func (repository) addLine(b *pgx.Batch, incident uuid.UUID, l Line, now time.Time) {
	b.Queue(`INSERT INTO incident_chronicle (id, incident_id, at, kind, text_zh, text_en, public, author_id, author_name, created_at)
		VALUES (@line, @id, @at, @kind, @zh, @en, @public, @author, @name, @now)`,
		db.Args{"line": l.ID, "id": incident, "at": l.At, "kind": l.Kind, "zh": l.TextZh, "en": l.TextEn, "public": l.Public, "author": l.AuthorID, "name": l.AuthorName, "now": now})
}

// chronicle lists the newest lines, newest first, at most 300.
func (repository) chronicle(ctx context.Context, q db.Querier, incident uuid.UUID, publicOnly bool) ([]Line, error) {
	rows, _ := q.Query(ctx, `SELECT `+lineColumns+` FROM incident_chronicle
		WHERE incident_id = @id AND (public OR NOT @public) ORDER BY at DESC, id DESC LIMIT 300`, db.Args{"id": incident, "public": publicOnly})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Line])
	return out, db.Map(err)
}

func (repository) line(ctx context.Context, q db.Querier, id uuid.UUID) (Line, error) {
	rows, _ := q.Query(ctx, `SELECT `+lineColumns+` FROM incident_chronicle WHERE id = @id`, db.Args{"id": id})
	l, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Line])
	return l, db.Map(err)
}

// Voice is one person whom an incident concerns, and what they said of it.
type Voice struct {
	PersonID uuid.UUID `db:"person_id" json:"person_id"`
	Name     string    `db:"name" json:"name"`
	NameEn   string    `db:"name_en" json:"-"`
	Note     string    `db:"note" json:"note"`
	At       time.Time `db:"at" json:"at"`
}

// voices lists who said "me too" with words of their own, the newest first; at
// most 50.
func (repository) voices(ctx context.Context, q db.Querier, incident uuid.UUID) ([]Voice, error) {
	rows, _ := q.Query(ctx, `SELECT f.person_id, p.name, p.name_en, f.note, f.at FROM incident_affected f JOIN people p ON p.id = f.person_id
		WHERE f.incident_id = @id AND f.note <> '' ORDER BY f.at DESC, f.person_id LIMIT 50`, db.Args{"id": incident})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Voice])
	return out, db.Map(err)
}
