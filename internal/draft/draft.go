// Package draft keeps what people are writing until they send it, on the
// server, per person and form. Drafts are private and short-lived, so they are
// not in the trail; what is sent is.
package draft

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

const (
	maxBytes = 256 << 10
	keep     = 90 * 24 * time.Hour
)

var keyRE = regexp.MustCompile(`^[a-z0-9:_-]{1,120}$`)

// Fields are the values of a form as they were typed.
type Fields map[string]string

// Load returns the actor's draft and when it was saved; nil if there is none.
func Load(ctx context.Context, q db.Querier, person uuid.UUID, key string) (Fields, time.Time, error) {
	var f Fields
	var at time.Time
	err := q.QueryRow(ctx, `SELECT body, updated_at FROM drafts WHERE person_id = @person AND key = @key`, db.Args{"person": person, "key": key}).Scan(&f, &at)
	if fault.Is(db.Map(err), fault.NotFound) {
		return nil, at, nil
	}
	return f, at, err
}

// LoadAll returns those of several drafts of a person that there are, by key.
func LoadAll(ctx context.Context, q db.Querier, person uuid.UUID, keys ...string) (map[string]Fields, error) {
	rows, _ := q.Query(ctx, `SELECT key, body FROM drafts WHERE person_id = @person AND key = ANY(@keys)`, db.Args{"person": person, "keys": keys})
	out := map[string]Fields{}
	var key string
	var f Fields
	_, err := pgx.ForEachRow(rows, []any{&key, &f}, func() error { out[key], f = f, nil; return nil })
	return out, db.Map(err)
}

// Any asks whether a person has one of these drafts.
func Any(person uuid.UUID, keys []string, to *bool) db.Part {
	return db.Part{SQL: `EXISTS (SELECT 1 FROM drafts WHERE person_id = @person AND key = ANY(@drafts))`, Args: db.Args{"person": person, "drafts": keys}, To: to}
}

// Save keeps what a person has typed. It is no use case of its own: a draft is
// its writer's alone, and nothing is decided by it.
func Save(ctx context.Context, pool *db.Pool, person uuid.UUID, key string, f Fields, now time.Time) error {
	return pool.InTx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO drafts (person_id, key, body, updated_at) VALUES (@person, @key, @body, @now)
			ON CONFLICT (person_id, key) DO UPDATE SET body = excluded.body, updated_at = excluded.updated_at`,
			db.Args{"person": person, "key": key, "body": f, "now": now})
		return err
	})
}

// Drop forgets one draft of a person.
func Drop(ctx context.Context, pool *db.Pool, person uuid.UUID, key string) error {
	return pool.InTx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM drafts WHERE person_id = @person AND key = @key`, db.Args{"person": person, "key": key})
		return err
	})
}

const othersSQL = `SELECT person_id FROM drafts WHERE key LIKE @prefix AND person_id <> @person AND updated_at > @since
	GROUP BY person_id ORDER BY max(updated_at) DESC LIMIT 10`

// Others lists who else has typed since an instant under keys that begin with
// prefix (which holds none of the signs of LIKE), the latest first, at most 10. What they typed stays theirs.
func Others(ctx context.Context, q db.Querier, person uuid.UUID, prefix string, since time.Time) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, othersSQL, db.Args{"prefix": prefix + "%", "person": person, "since": since})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

// Clear forgets one draft of the actor because its text was sent, within the
// transaction that sends it. Nothing else another person does clears a draft.
func Clear(u *work.Unit, key string) {
	u.Batch.Queue(`DELETE FROM drafts WHERE person_id = @person AND key = @key`, db.Args{"person": u.Actor.ID, "key": key})
}

// Restore gives the actor back what they had sent, unless they have begun to
// write something else, within the transaction that takes it back.
func Restore(u *work.Unit, key string, f Fields) {
	u.Batch.Queue(`INSERT INTO drafts (person_id, key, body, updated_at) VALUES (@person, @key, @body, @now) ON CONFLICT (person_id, key) DO NOTHING`,
		db.Args{"person": u.Actor.ID, "key": key, "body": f, "now": u.Now})
}

// Mount adds the routes that desk.js saves to.
func Mount(d *work.Desk, rt web.Router) error {
	h := handlers{d}
	rt.Put("/drafts/{key}", h.save)
	rt.Post("/drafts/{key}", h.save) // what a closing page can still send
	rt.Get("/drafts/{key}", h.load)
	rt.Delete("/drafts/{key}", h.drop)
	return d.Registry.Every("draft.prune", 6*time.Hour, time.Minute, func(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
		return d.DB.InTx(ctx, func(tx db.Tx) error {
			_, err := tx.Exec(ctx, `DELETE FROM drafts WHERE updated_at < @before`, db.Args{"before": d.Now().Add(-keep)})
			return err
		})
	})
}

type handlers struct{ desk *work.Desk }

func (h handlers) key(r *http.Request) (identity.Actor, string, error) {
	who, err := identity.From(r.Context())
	// A colon may come escaped; chi hands on what was sent.
	key, uerr := url.PathUnescape(chi.URLParam(r, "key"))
	if err == nil && (uerr != nil || !keyRE.MatchString(key)) {
		err = fault.New(fault.NotFound, "error.not_found")
	}
	return who, key, err
}

func (h handlers) save(w http.ResponseWriter, r *http.Request) error {
	who, key, err := h.key(r)
	if err != nil {
		return err
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBytes))
	if err != nil {
		return fault.Wrap(fault.TooLarge, "error.too_large", err)
	}
	var f Fields
	if err := json.Unmarshal(b, &f); err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_json", err)
	}
	now := h.desk.Now()
	if err := Save(r.Context(), h.desk.DB, who.ID, key, f, now); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]any{"saved_at": now})
}

func (h handlers) load(w http.ResponseWriter, r *http.Request) error {
	who, key, err := h.key(r)
	if err != nil {
		return err
	}
	f, at, err := Load(r.Context(), h.desk.DB, who.ID, key)
	if err != nil {
		return err
	}
	if f == nil {
		return fault.New(fault.NotFound, "error.not_found")
	}
	return web.JSON(w, http.StatusOK, map[string]any{"fields": f, "saved_at": at})
}

func (h handlers) drop(w http.ResponseWriter, r *http.Request) error {
	who, key, err := h.key(r)
	if err != nil {
		return err
	}
	if err := Drop(r.Context(), h.desk.DB, who.ID, key); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
