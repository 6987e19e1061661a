package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
)

// NewSecret returns 256 random bits as text, for sessions, tokens and links.
func NewSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// HashSecret is what the database keeps of a secret. A fast hash suffices: the
// secrets are random, not chosen by people.
func HashSecret(s string) []byte {
	h := sha256.Sum256([]byte(s))
	return h[:]
}

// SessionLimits bound how long a sign-in lasts.
type SessionLimits struct {
	Idle     time.Duration // without a request
	Absolute time.Duration // in all
	PerUser  int           // at once; the oldest ends
}

// touchEvery is how often a request is noted on its session: not each time, so
// that reading stays reading.
const touchEvery = time.Minute

// person is what is read of people themselves.
type person struct {
	ID         uuid.UUID `db:"id"`
	Username   string    `db:"username"`
	Name       string    `db:"name"`
	NameEn     string    `db:"name_en"`
	Lang       string    `db:"lang"`
	TimeZone   string    `db:"time_zone"`
	Theme      string    `db:"theme"`
	Density    string    `db:"density"`
	Shortcuts  bool      `db:"shortcuts"`
	Department uuid.UUID `db:"department"`
}

const personColumns = `p.id, p.username, p.name, p.name_en, p.lang, p.time_zone, p.theme, p.density, p.shortcuts, coalesce(p.department_id, '00000000-0000-0000-0000-000000000000') AS department`

// seat is what decides about a person beside themselves. It changes when the
// company does.
type seat struct {
	Roles       []string    `db:"roles"`
	Until       []time.Time `db:"until"` // of each role
	Teams       []uuid.UUID `db:"teams"`
	Departments []uuid.UUID `db:"departments"`
	Services    []uuid.UUID `db:"services"`
}

// seatColumns read the seat of p.
const seatColumns = `ARRAY(SELECT g.role FROM role_grants g WHERE g.person_id = p.id ORDER BY g.role) AS roles,
		ARRAY(SELECT coalesce(g.until, '9999-01-01') FROM role_grants g WHERE g.person_id = p.id ORDER BY g.role) AS until,
		ARRAY(SELECT m.team_id FROM team_members m WHERE m.person_id = p.id) AS teams,
		ARRAY(WITH RECURSIVE tree AS (
			SELECT d.id FROM departments d WHERE d.manager_id = p.id
			UNION SELECT c.id FROM departments c JOIN tree t ON c.parent_id = t.id
		) SELECT id FROM tree) AS departments,
		ARRAY(SELECT s.id FROM services s WHERE s.owner_id = p.id) AS services`

// actor is the person in their seat, with the roles that they hold now.
func (p person) actor(s seat, now time.Time) Actor {
	a := Actor{
		ID: p.ID, Username: p.Username, Name: p.Name, NameEn: p.NameEn, Lang: p.Lang, TimeZone: p.TimeZone, Theme: p.Theme, Density: p.Density, NoShortcuts: !p.Shortcuts,
		Department: p.Department, Teams: s.Teams, Departments: s.Departments, Services: s.Services,
	}
	for n, r := range s.Roles {
		if s.Until[n].After(now) {
			a.Roles = append(a.Roles, Role(r))
		}
	}
	return a
}

// seated is a person read together with their seat.
type seated struct {
	person
	seat
}

// LoadActor reads an active person as an actor.
func LoadActor(ctx context.Context, q db.Querier, id uuid.UUID, now time.Time) (Actor, error) {
	all, err := LoadActors(ctx, q, []uuid.UUID{id}, now)
	if err != nil {
		return Actor{}, err
	}
	a, ok := all[id]
	if !ok {
		return Actor{}, missing(pgx.ErrNoRows)
	}
	return a, nil
}

// LoadActors reads active people as actors in one statement. Others are absent.
func LoadActors(ctx context.Context, q db.Querier, ids []uuid.UUID, now time.Time) (map[uuid.UUID]Actor, error) {
	rows, _ := q.Query(ctx, `SELECT `+personColumns+`, `+seatColumns+` FROM people p WHERE p.id = ANY(ARRAY(SELECT unnest(@ids::uuid[]))) AND p.active`, db.Args{"ids": ids}) // one plan, however many
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[seated])
	out := make(map[uuid.UUID]Actor, len(list))
	for _, r := range list {
		out[r.ID] = r.actor(r.seat, now)
	}
	return out, db.Map(err)
}

// signedIn is the person a request is from, and the generation of what the
// company has set up (db.Kept), read in the same statement.
type signedIn struct {
	person
	Generation int64 `db:"generation"`
}

const generation = `(SELECT coalesce(sum(n), 0)::bigint FROM generations) AS generation`

// actor adds the person's seat as it stands in the generation just read, from
// memory if it has not changed since it was last read.
func (p signedIn) actor(ctx context.Context, pool *db.Pool, now time.Time) (Actor, error) {
	s, err := db.Kept(pool.Keep(ctx, p.Generation), pool, "seat:"+p.ID.String(), func() (seat, error) {
		rows, _ := pool.Query(ctx, `SELECT `+seatColumns+` FROM people p WHERE p.id = @id`, db.Args{"id": p.ID})
		return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[seat])
	})
	if err != nil {
		return Actor{}, db.Map(err)
	}
	a := p.person.actor(s, now)
	a.Generation = p.Generation
	return a, nil
}

type sessionRow struct {
	signedIn
	Seen time.Time `db:"last_seen_at"`
}

// BySession reads the actor of a session in one statement. A session that is
// idle too long, too old, or of a disabled person has none. touch says that the
// person is there: it keeps the session from being idle.
func BySession(ctx context.Context, pool *db.Pool, token string, l SessionLimits, now time.Time, touch bool) (Actor, error) {
	h := HashSecret(token)
	rows, _ := pool.Query(ctx, `SELECT `+personColumns+`, `+generation+`, s.last_seen_at FROM sessions s JOIN people p ON p.id = s.person_id AND p.active
		WHERE s.token_hash = @hash AND s.expires_at > @now AND s.last_seen_at > @idle`, db.Args{"hash": h, "now": now, "idle": now.Add(-l.Idle)})
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[sessionRow])
	if err != nil {
		return Actor{}, missing(err)
	}
	a, err := r.actor(ctx, pool, now)
	if err != nil {
		return Actor{}, err
	}
	a.Session = hex.EncodeToString(h[:6])
	if touch && now.Sub(r.Seen) > touchEvery {
		err = pool.InTx(ctx, func(tx db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE sessions SET last_seen_at = @now WHERE token_hash = @hash`, db.Args{"now": now, "hash": h})
			return err
		})
	}
	return a, err
}

type tokenRow struct {
	signedIn
	Used *time.Time `db:"last_used_at"`
}

// ByToken reads the actor of an API token.
func ByToken(ctx context.Context, pool *db.Pool, token string, now time.Time) (Actor, error) {
	h := HashSecret(token)
	rows, _ := pool.Query(ctx, `SELECT `+personColumns+`, `+generation+`, t.last_used_at FROM api_tokens t JOIN people p ON p.id = t.person_id AND p.active
		WHERE t.token_hash = @hash AND t.expires_at > @now AND t.revoked_at IS NULL`, db.Args{"hash": h, "now": now})
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[tokenRow])
	if err != nil {
		return Actor{}, missing(err)
	}
	a, err := r.actor(ctx, pool, now)
	if err != nil {
		return Actor{}, err
	}
	a.Session = "token:" + hex.EncodeToString(h[:6])
	if r.Used == nil || now.Sub(*r.Used) > 10*touchEvery {
		err = pool.InTx(ctx, func(tx db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE api_tokens SET last_used_at = @now WHERE token_hash = @hash`, db.Args{"now": now, "hash": h})
			return err
		})
	}
	return a, err
}

func missing(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.New(fault.Unauthenticated, "error.unauthenticated")
	}
	return db.Map(err)
}
