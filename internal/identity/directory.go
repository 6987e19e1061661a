package identity

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
)

// Person is what the desk may show of somebody.
type Person struct {
	ID           uuid.UUID  `db:"id"`
	Username     string     `db:"username"`
	Name         string     `db:"name"`
	NameEn       string     `db:"name_en"`
	Email        string     `db:"email"`
	Phone        string     `db:"phone"`
	Title        string     `db:"title"`
	Location     string     `db:"location"`
	DepartmentID *uuid.UUID `db:"department_id"`
	DepartmentZh string     `db:"department_zh"`
	DepartmentEn string     `db:"department_en"`
	Lang         string     `db:"lang"`
	TimeZone     string     `db:"time_zone"`
	VIP          bool       `db:"vip"`
	Active       bool       `db:"active"`
	Mail         bool       `db:"mail"`
}

// Display is the name for a reader of a language.
func (p Person) Display(lang string) string {
	if lang == i18n.English && p.NameEn != "" {
		return p.NameEn
	}
	return p.Name
}

// Department is the department's name for a reader of a language.
func (p Person) Department(lang string) string {
	if lang == i18n.English && p.DepartmentEn != "" || p.DepartmentZh == "" {
		return p.DepartmentEn
	}
	return p.DepartmentZh
}

const personSQL = `SELECT p.id, p.username, p.name, p.name_en, p.email, p.phone, p.title, p.location, p.department_id, coalesce(d.name_zh, '') AS department_zh,
	coalesce(d.name_en, '') AS department_en, p.lang, p.time_zone, p.vip, p.active, p.mail FROM people p LEFT JOIN departments d ON d.id = p.department_id`

// People reads persons by id. Unknown ids are absent. Whom a page showed lately
// is known without asking, for as long as nobody's particulars were changed.
func People(ctx context.Context, q db.Querier, ids ...uuid.UUID) (map[uuid.UUID]Person, error) {
	out := make(map[uuid.UUID]Person, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	k, err := db.Kept(ctx, q, "identity.people", func() (*known, error) { return &known{of: map[uuid.UUID]Person{}}, nil })
	if err != nil {
		return out, err
	}
	missing := k.find(ids, out)
	if len(missing) == 0 {
		return out, nil
	}
	rows, _ := q.Query(ctx, personSQL+` WHERE p.id = ANY(ARRAY(SELECT unnest(@ids::uuid[])))`, db.Args{"ids": missing}) // one plan, however many
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Person])
	if err != nil {
		return out, db.Map(err)
	}
	for _, p := range list {
		out[p.ID] = p
	}
	k.add(list)
	return out, nil
}

// known are the persons that were read in one generation of the configuration.
type known struct {
	mu sync.RWMutex
	of map[uuid.UUID]Person
}

// maxKnown bounds how many are kept: some 2 MB.
const maxKnown = 5000

// find adds to out whom it knows of ids, and returns whom it does not.
func (k *known) find(ids []uuid.UUID, out map[uuid.UUID]Person) (missing []uuid.UUID) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	asked := make(map[uuid.UUID]bool, len(ids))
	for _, id := range ids {
		if asked[id] {
			continue
		}
		asked[id] = true
		if id == uuid.Nil || id.Version() == 5 {
			continue // nobody, or a component of the desk (NewSystem)
		}
		if p, ok := k.of[id]; ok {
			out[id] = p
		} else {
			missing = append(missing, id)
		}
	}
	return missing
}

func (k *known) add(list []Person) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.of)+len(list) > maxKnown {
		clear(k.of)
	}
	for _, p := range list {
		if len(k.of) < maxKnown {
			k.of[p.ID] = p
		}
	}
}

// SearchPeople finds active people whose name, account, pinyin or its
// initials, mail or phone begins with text; where asked only agents, as
// they are now. At most limit.
func SearchPeople(ctx context.Context, q db.Querier, text string, agents bool, now time.Time, limit int) ([]Person, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	rows, _ := q.Query(ctx, personSQL+` WHERE p.active AND (@text = '' OR p.name LIKE @prefix OR lower(p.username) LIKE @prefix OR lower(p.name_en) LIKE @prefix
			OR p.pinyin LIKE @prefix OR p.pinyin LIKE @initials OR lower(p.email) LIKE @prefix OR p.phone LIKE @prefix)
			AND (NOT @agents OR `+Engineer+`)
		ORDER BY p.name, p.id LIMIT @limit`,
		db.Args{"text": text, "prefix": escape(text) + "%", "initials": "% " + escape(text) + "%", "agents": agents, "now": now, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Person])
	return out, db.Map(err)
}

// Hold keeps an active person from being disabled until the transaction ends.
// It reports false for whoever is not active, or is being disabled at this
// moment. Whoever gives somebody open work holds them first: who disables an
// account locks its row before looking whether work is open, so one of the two
// waits and then sees what the other did.
func Hold(ctx context.Context, tx db.Tx, id uuid.UUID) (bool, error) {
	rows, _ := tx.Query(ctx, `SELECT true FROM people WHERE id = @id AND active FOR SHARE`, db.Args{"id": id})
	held, err := pgx.CollectRows(rows, pgx.RowTo[bool])
	return len(held) == 1, db.Map(err)
}

// Engage is Hold for whoever is named by a field of a form: who is not active is
// refused there.
func Engage(ctx context.Context, tx db.Tx, id uuid.UUID, field string) error {
	held, err := Hold(ctx, tx, id)
	if err == nil && !held {
		err = fault.OnField(field, "validation.unknown")
	}
	return err
}

// Called finds the people whose name or account is exactly the text, at most
// 20; somebody may search for what a person reported.
func Called(ctx context.Context, q db.Querier, text string) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT id FROM people WHERE name = @text OR lower(name_en) = lower(@text) OR lower(username) = lower(@text) LIMIT 20`, db.Args{"text": strings.TrimSpace(text)})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

// escape makes the wildcards of LIKE ordinary characters.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// Team is a group of people who share a queue.
type Team struct {
	ID     uuid.UUID  `db:"id"`
	NameZh string     `db:"name_zh"`
	NameEn string     `db:"name_en"`
	LeadID *uuid.UUID `db:"lead_id"`
	Active bool       `db:"active"`
}

// Display is the team's name for a reader of a language.
func (t Team) Display(lang string) string {
	if lang == i18n.English && t.NameEn != "" || t.NameZh == "" {
		return t.NameEn
	}
	return t.NameZh
}

// Teams reads all teams, at most 1,000: a company has few.
func Teams(ctx context.Context, q db.Querier) ([]Team, error) {
	return db.Kept(ctx, q, "teams", func() ([]Team, error) {
		rows, _ := q.Query(ctx, `SELECT id, name_zh, name_en, lead_id, active FROM teams ORDER BY active DESC, name_zh, name_en, id LIMIT 1000`)
		out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Team])
		return out, db.Map(err)
	})
}

// Members lists the active people of a team.
func Members(ctx context.Context, q db.Querier, team uuid.UUID) ([]Person, error) {
	rows, _ := q.Query(ctx, personSQL+` JOIN team_members m ON m.person_id = p.id WHERE m.team_id = @team AND p.active ORDER BY p.name, p.id LIMIT 500`, db.Args{"team": team})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Person])
	return out, db.Map(err)
}

// FillPicked completes a form sent without script: where the picker of a field
// is empty but an account name was typed beside it, the field gets that
// person's id. An unknown name is a fault on the field.
func FillPicked(ctx context.Context, q db.Querier, form url.Values, fields ...string) error {
	for _, f := range fields {
		name := strings.TrimSpace(form.Get(f + "_username"))
		if name == "" || form.Get(f) != "" {
			continue
		}
		ids, err := ByUsername(ctx, q, name)
		if err != nil {
			return err
		}
		id, ok := ids[strings.ToLower(name)]
		if !ok {
			return fault.OnField(f, "validation.unknown")
		}
		form.Set(f, id.String())
	}
	return nil
}

// ByUsername finds active people by their account names; the keys of the answer
// are in lower case.
func ByUsername(ctx context.Context, q db.Querier, names ...string) (map[string]uuid.UUID, error) {
	lower := make([]string, len(names))
	for i, n := range names {
		lower[i] = strings.ToLower(strings.TrimSpace(n))
	}
	rows, _ := q.Query(ctx, `SELECT lower(username), id FROM people WHERE active AND lower(username) = ANY(@names)`, db.Args{"names": lower})
	out := map[string]uuid.UUID{}
	var name string
	var id uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&name, &id}, func() error { out[name] = id; return nil })
	return out, db.Map(err)
}

// Named finds the active people whose account or name in their own writing is
// one of names; the keys of the answer are in lower case. An account goes
// before a name that is the same.
func Named(ctx context.Context, q db.Querier, names []string) (map[string][]Person, error) {
	lower := make([]string, len(names))
	for i, n := range names {
		lower[i] = strings.ToLower(n)
	}
	rows, _ := q.Query(ctx, personSQL+` WHERE p.active AND (lower(p.username) = ANY(@lower) OR p.name = ANY(@names)) ORDER BY p.id LIMIT 500`, db.Args{"lower": lower, "names": names})
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Person])
	out, accounts := map[string][]Person{}, map[string]Person{}
	for _, p := range list {
		out[strings.ToLower(p.Name)] = append(out[strings.ToLower(p.Name)], p)
		accounts[strings.ToLower(p.Username)] = p
	}
	for name, p := range accounts {
		out[name] = []Person{p}
	}
	return out, db.Map(err)
}

// Department is a department as lists show it.
type Department struct {
	ID     uuid.UUID `db:"id"`
	NameZh string    `db:"name_zh"`
	NameEn string    `db:"name_en"`
}

// Display is the department's name for a reader of a language.
func (d Department) Display(lang string) string {
	if lang == "en" && d.NameEn != "" || d.NameZh == "" {
		return d.NameEn
	}
	return d.NameZh
}

// Departments reads the names of all departments, at most 2000. The map may be
// shared (db.Kept).
func Departments(ctx context.Context, q db.Querier) (map[uuid.UUID]Department, error) {
	return db.Kept(ctx, q, "departments", func() (map[uuid.UUID]Department, error) {
		rows, _ := q.Query(ctx, `SELECT id, name_zh, name_en FROM departments WHERE active ORDER BY id LIMIT 2000`)
		list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Department])
		out := make(map[uuid.UUID]Department, len(list))
		for _, d := range list {
			out[d.ID] = d
		}
		return out, db.Map(err)
	})
}

// DepartmentsAbove lists a department and those it belongs to, up to the
// company. The list may be shared (db.Kept).
func DepartmentsAbove(ctx context.Context, q db.Querier, id uuid.UUID) ([]uuid.UUID, error) {
	return db.Kept(ctx, q, "above:"+id.String(), func() ([]uuid.UUID, error) {
		rows, _ := q.Query(ctx, `WITH RECURSIVE up AS (
				SELECT d.id, d.parent_id FROM departments d WHERE d.id = @id UNION SELECT p.id, p.parent_id FROM departments p JOIN up ON p.id = up.parent_id)
			SELECT id FROM up`, db.Args{"id": id})
		out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		return out, db.Map(err)
	})
}
