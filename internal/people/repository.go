package people

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
)

// persons, teams and departments are the only code that knows their tables.
type (
	persons     struct{}
	teams       struct{}
	departments struct{}
)

const personColumns = `id, version, username, name, name_en, pinyin, email, phone, title, location, department_id, lang, time_zone, theme, density, shortcuts, mail, vip, active, source, source_key, created_at, updated_at`

func personArgs(p *Person) db.Args {
	return db.Args{
		"id": p.ID, "version": p.Version, "username": p.Username, "name": p.Name, "name_en": p.NameEn, "pinyin": p.Pinyin, "email": p.Email, "phone": p.Phone,
		"title": p.Title, "location": p.Location, "department_id": p.DepartmentID, "lang": p.Lang, "time_zone": p.TimeZone, "theme": p.Theme, "density": p.Density,
		"shortcuts": p.Shortcuts, "mail": p.Mail, "vip": p.VIP, "active": p.Active, "source": p.Source, "source_key": p.SourceKey, "created_at": p.CreatedAt, "updated_at": p.UpdatedAt,
	}
}

func (persons) Insert(b *pgx.Batch, p *Person) {
	b.Queue(`INSERT INTO people (`+personColumns+`) VALUES (@id, @version, @username, @name, @name_en, @pinyin, @email, @phone, @title, @location, @department_id,
		@lang, @time_zone, @theme, @density, @shortcuts, @mail, @vip, @active, @source, @source_key, @created_at, @updated_at)`, personArgs(p))
}

func (persons) Update(b *pgx.Batch, p *Person) {
	b.Queue(`UPDATE people SET version = @version, username = @username, name = @name, name_en = @name_en, pinyin = @pinyin, email = @email, phone = @phone, title = @title,
			location = @location, department_id = @department_id, lang = @lang, time_zone = @time_zone, theme = @theme, density = @density, shortcuts = @shortcuts,
			mail = @mail, vip = @vip, active = @active, source = @source, source_key = @source_key, created_at = @created_at, updated_at = @updated_at
		WHERE id = @id AND version = @version - 1`, personArgs(p))
}

func (persons) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Person, error) {
	rows, _ := tx.Query(ctx, `SELECT `+personColumns+` FROM people WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Person])
}

func (persons) get(ctx context.Context, q db.Querier, id uuid.UUID) (Person, error) {
	rows, _ := q.Query(ctx, `SELECT `+personColumns+` FROM people WHERE id = @id`, db.Args{"id": id})
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Person])
	return p, db.Map(err)
}

func (persons) byUsername(ctx context.Context, q db.Querier, name string) (Person, error) {
	rows, _ := q.Query(ctx, `SELECT `+personColumns+` FROM people WHERE lower(username) = lower(@name)`, db.Args{"name": name})
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Person])
	return p, db.Map(err)
}

// Filter narrows the list of people; zero values mean any.
type Filter struct {
	Text       string
	Department *uuid.UUID
	Role       string
	Inactive   bool
	After      string // keyset: name and id of the last row shown
	AfterID    uuid.UUID
	Limit      int
}

func (persons) list(ctx context.Context, q db.Querier, f Filter, now time.Time) ([]Person, error) {
	rows, _ := q.Query(ctx, `SELECT `+personColumns+` FROM people p
		WHERE p.active = NOT @inactive
			AND (@text = '' OR p.name LIKE @prefix OR lower(p.username) LIKE @prefix OR lower(p.name_en) LIKE @prefix OR p.pinyin LIKE @prefix OR p.pinyin LIKE @initials OR lower(p.email) LIKE @prefix)
			AND (@department::uuid IS NULL OR p.department_id = @department)
			AND (@role = '' OR EXISTS (SELECT 1 FROM role_grants g WHERE g.person_id = p.id AND g.role = @role AND `+identity.Granted+`))
			AND (@after = '' OR (p.name, p.id) > (@after, @after_id))
		ORDER BY p.name, p.id LIMIT @limit`,
		db.Args{"inactive": f.Inactive, "text": f.Text, "prefix": like(f.Text) + "%", "initials": "% " + like(f.Text) + "%", "department": f.Department, "role": f.Role, "after": f.After, "after_id": f.AfterID, "limit": f.Limit, "now": now})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Person])
	return out, db.Map(err)
}

func (teams) Insert(b *pgx.Batch, t *Team) {
	b.Queue(`INSERT INTO teams (id, version, name_zh, name_en, lead_id, email, active, source, source_key, created_at, updated_at)
		VALUES (@id, @version, @zh, @en, @lead, @email, @active, @source, @key, @created, @updated)`, teamArgs(t))
}

func (teams) Update(b *pgx.Batch, t *Team) {
	b.Queue(`UPDATE teams SET version = @version, name_zh = @zh, name_en = @en, lead_id = @lead, email = @email, active = @active, source = @source, source_key = @key,
		created_at = @created, updated_at = @updated WHERE id = @id AND version = @version - 1`, teamArgs(t))
}

func teamArgs(t *Team) db.Args {
	return db.Args{
		"id": t.ID, "version": t.Version, "zh": t.NameZh, "en": t.NameEn, "lead": t.LeadID, "email": t.Email, "active": t.Active,
		"source": t.Source, "key": t.SourceKey, "created": t.CreatedAt, "updated": t.UpdatedAt,
	}
}

const teamColumns = `id, version, name_zh, name_en, lead_id, email, active, source, source_key, created_at, updated_at`

func (teams) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Team, error) {
	rows, _ := tx.Query(ctx, `SELECT `+teamColumns+` FROM teams WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Team])
}

func (teams) get(ctx context.Context, q db.Querier, id uuid.UUID) (Team, error) {
	rows, _ := q.Query(ctx, `SELECT `+teamColumns+` FROM teams WHERE id = @id`, db.Args{"id": id})
	t, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Team])
	return t, db.Map(err)
}

func (teams) members(b *pgx.Batch, team uuid.UUID, ids []uuid.UUID) {
	b.Queue(`DELETE FROM team_members WHERE team_id = @team AND NOT person_id = ANY(@ids)`, db.Args{"team": team, "ids": ids})
	b.Queue(`INSERT INTO team_members (team_id, person_id) SELECT @team, unnest(@ids::uuid[]) ON CONFLICT DO NOTHING`, db.Args{"team": team, "ids": ids})
}

func (teams) memberIDs(ctx context.Context, q db.Querier, team uuid.UUID) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT person_id FROM team_members WHERE team_id = @team ORDER BY person_id`, db.Args{"team": team})
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

const departmentColumns = `id, version, parent_id, name_zh, name_en, manager_id, active, created_at, updated_at`

func departmentArgs(d *Department) db.Args {
	return db.Args{"id": d.ID, "version": d.Version, "parent": d.ParentID, "zh": d.NameZh, "en": d.NameEn, "manager": d.ManagerID, "active": d.Active, "created": d.CreatedAt, "updated": d.UpdatedAt}
}

func (departments) Insert(b *pgx.Batch, d *Department) {
	b.Queue(`INSERT INTO departments (`+departmentColumns+`) VALUES (@id, @version, @parent, @zh, @en, @manager, @active, @created, @updated)`, departmentArgs(d))
}

func (departments) Update(b *pgx.Batch, d *Department) {
	b.Queue(`UPDATE departments SET version = @version, parent_id = @parent, name_zh = @zh, name_en = @en, manager_id = @manager, active = @active, created_at = @created, updated_at = @updated
		WHERE id = @id AND version = @version - 1`, departmentArgs(d))
}

func (departments) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Department, error) {
	rows, _ := tx.Query(ctx, `SELECT `+departmentColumns+` FROM departments WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Department])
}

// below reports whether child stands below id in the tree, or is it.
func (departments) below(ctx context.Context, q db.Querier, id, child uuid.UUID) (yes bool, err error) {
	err = q.QueryRow(ctx, `WITH RECURSIVE tree AS (SELECT @id::uuid AS id UNION SELECT d.id FROM departments d JOIN tree t ON d.parent_id = t.id)
		SELECT EXISTS (SELECT 1 FROM tree WHERE id = @child)`, db.Args{"id": id, "child": child}).Scan(&yes)
	return yes, err
}

func (departments) all(ctx context.Context, q db.Querier) ([]Department, error) {
	rows, _ := q.Query(ctx, `SELECT `+departmentColumns+` FROM departments ORDER BY name_zh, name_en, id LIMIT 5000`)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Department])
	return out, db.Map(err)
}

// Grant is a role that was given to a person, until some time where one is set.
type Grant struct {
	Role      identity.Role `db:"role"`
	GrantedBy uuid.UUID     `db:"granted_by"`
	GrantedAt time.Time     `db:"granted_at"`
	Until     *time.Time    `db:"until"`
}

// inForce says the same of a grant that was read as identity.Granted does.
func (g Grant) inForce(now time.Time) bool { return g.Until == nil || g.Until.After(now) }

// grants lists the roles of a person, those that are over too.
func (persons) grants(ctx context.Context, q db.Querier, id uuid.UUID) ([]Grant, error) {
	rows, _ := q.Query(ctx, `SELECT role, granted_by, granted_at, until FROM role_grants WHERE person_id = @id ORDER BY role`, db.Args{"id": id})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Grant])
	return out, db.Map(err)
}

// others counts the other active people who hold a role now.
func (persons) others(ctx context.Context, q db.Querier, role identity.Role, but uuid.UUID, now time.Time) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM role_grants g JOIN people p ON p.id = g.person_id AND p.active WHERE g.role = @role AND g.person_id <> @but AND `+identity.Granted,
		db.Args{"role": role, "but": but, "now": now}).Scan(&n)
	return n, err
}

// byNameOrMail finds an active person by account or address.
func (persons) byNameOrMail(ctx context.Context, q db.Querier, s string) (id uuid.UUID, err error) {
	err = q.QueryRow(ctx, `SELECT id FROM people WHERE active AND email <> '' AND (lower(username) = lower(@s) OR lower(email) = lower(@s)) ORDER BY id LIMIT 1`, db.Args{"s": s}).Scan(&id)
	return id, db.Map(err)
}

// like makes the wildcards of LIKE ordinary characters.
func like(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(s))
}

// giveRole grants a role, or changes until when it is granted.
func (persons) giveRole(b *pgx.Batch, person uuid.UUID, role identity.Role, by uuid.UUID, now time.Time, until *time.Time) {
	b.Queue(`INSERT INTO role_grants (person_id, role, granted_by, granted_at, until) VALUES (@person, @role, @by, @now, @until)
		ON CONFLICT (person_id, role) DO UPDATE SET granted_by = excluded.granted_by, granted_at = excluded.granted_at, until = excluded.until`,
		db.Args{"person": person, "role": role, "by": by, "now": now, "until": until})
}

func (persons) takeRole(b *pgx.Batch, person uuid.UUID, role identity.Role) {
	b.Queue(`DELETE FROM role_grants WHERE person_id = @person AND role = @role`, db.Args{"person": person, "role": role})
}

// idOf, bySource and byName find what an import may have made before; the zero
// id says that there is none.
func (persons) idOf(ctx context.Context, q db.Querier, username string) (uuid.UUID, error) {
	return orNone(ctx, q, `SELECT id FROM people WHERE lower(username) = lower(@name)`, db.Args{"name": username})
}

func (teams) bySource(ctx context.Context, q db.Querier, source, key string) (uuid.UUID, error) {
	return orNone(ctx, q, `SELECT id FROM teams WHERE source = @source AND source_key = @key`, db.Args{"source": source, "key": key})
}

func (departments) byName(ctx context.Context, q db.Querier, zh, en string) (uuid.UUID, error) {
	return orNone(ctx, q, `SELECT id FROM departments WHERE name_zh = @zh AND name_en = @en`, db.Args{"zh": zh, "en": en})
}

func orNone(ctx context.Context, q db.Querier, sql string, args db.Args) (uuid.UUID, error) {
	rows, _ := q.Query(ctx, sql, args)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil || len(ids) == 0 {
		return uuid.Nil, db.Map(err)
	}
	return ids[0], nil
}
