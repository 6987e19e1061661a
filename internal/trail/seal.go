package trail

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"opsdesk/internal/platform/db"
)

// sealBatch is how many entries one round of sealing takes.
const sealBatch = 5000

// errBusy says that another process is sealing; it is not a failure.
var errBusy = errors.New("another process is sealing")

// Seal appends every entry of finished transactions to the log and signs a
// checkpoint, and returns how many it took. Entries of running transactions
// wait: their ids may still be followed by smaller ones.
func (l *Log) Seal(ctx context.Context, pool *db.Pool, now func() time.Time) (int, error) {
	total := 0
	var b bounds
	for {
		n, err := l.round(ctx, pool, &b)
		if errors.Is(err, errBusy) {
			return total, nil
		}
		total += n
		if err != nil {
			return total, err
		}
		if n < sealBatch {
			break
		}
	}
	return total, l.checkpointNow(now())
}

// bounds are what the rounds of one sealing have in common: entries of
// transactions in [from, to), of which those up to the id after are sealed. A
// large backlog is thus read once, not once a round.
type bounds struct{ from, to, after int64 }

func (l *Log) round(ctx context.Context, pool *db.Pool, b *bounds) (int, error) {
	h, err := l.hashes()
	if err != nil {
		return 0, err
	}
	defer h.Close()
	taken, last := 0, int64(0)
	err = pool.InTx(ctx, func(tx db.Tx) error {
		var mine bool
		if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock(7141)`).Scan(&mine); err != nil {
			return err
		}
		if !mine {
			return errBusy
		}
		size, err := l.aligned(ctx, tx, h)
		if err != nil {
			return err
		}
		list, err := unsealed(ctx, tx, b)
		if err != nil {
			return err
		}
		taken, last = len(list), b.after
		if taken > 0 {
			last = list[taken-1].ID
		}
		return l.take(ctx, tx, h, size, list, b.to)
	})
	if err == nil {
		b.after = last
	}
	return taken, err
}

// take appends the entries to the file first and to the database after: a
// crash between leaves only a tail in the file, which aligned drops.
func (l *Log) take(ctx context.Context, tx db.Tx, h *hashes, size int64, list []Entry, horizon int64) error {
	if len(list) > 0 {
		data := make([][]byte, len(list))
		ids := make([]int64, len(list))
		for i, e := range list {
			b, err := e.Canonical()
			if err != nil {
				return err
			}
			data[i], ids[i] = b, e.ID
		}
		if err := h.append(size, data); err != nil {
			return fmt.Errorf("trail log: %w", err)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO trail_leaves (leaf, entry_id) SELECT @size + n - 1, id FROM unnest(@ids::bigint[]) WITH ORDINALITY AS x (id, n)`,
			db.Args{"size": size, "ids": ids}); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `UPDATE trail_log SET size = @size, horizon = CASE WHEN @full THEN horizon ELSE @horizon END`,
		db.Args{"size": size + int64(len(list)), "full": len(list) == sealBatch, "horizon": horizon})
	return err
}

// aligned brings file and database to the same size, or says which of them
// lost something.
func (l *Log) aligned(ctx context.Context, tx db.Tx, h *hashes) (int64, error) {
	var size, leaves int64
	if err := tx.QueryRow(ctx, `SELECT size, (SELECT coalesce(max(leaf) + 1, 0) FROM trail_leaves) FROM trail_log FOR UPDATE`).Scan(&size, &leaves); err != nil {
		return 0, err
	}
	signed, err := l.Latest()
	if err != nil {
		return 0, err
	}
	file, err := h.size()
	if err != nil {
		return 0, err
	}
	switch {
	case leaves != size || size < signed.Size:
		return 0, fmt.Errorf("the database holds %d sealed entries where %d were signed: its tail was cut; run \"opsdesk trail verify\"", leaves, max(size, signed.Size))
	case file < size:
		return 0, fmt.Errorf("%s holds %d hashes where %d entries are sealed: restore the trail's folder from the backup", l.dir, file, size)
	case file > size:
		return size, h.truncate(size)
	}
	return size, nil
}

// unsealed reads the entries to seal next, in the order of their ids. In the
// first round it sets the bounds: below the horizon to, no transaction runs any
// more.
func unsealed(ctx context.Context, tx db.Tx, b *bounds) ([]Entry, error) {
	if b.to == 0 {
		// After a restore into another cluster, transaction numbers start anew.
		if err := tx.QueryRow(ctx, `SELECT CASE WHEN horizon > x.xmin THEN 0 ELSE horizon END, x.xmin FROM trail_log, (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin) x`).Scan(&b.from, &b.to); err != nil {
			return nil, err
		}
	}
	// That a leaf is of an entry after the last one says nothing new, but lets a
	// merge of both begin there: of millions to seal, each batch would else walk
	// over all leaves before.
	rows, _ := tx.Query(ctx, `SELECT id, `+columns+` FROM trail_entries e
		WHERE xid >= @from AND xid < @to AND id > @after AND NOT EXISTS (SELECT 1 FROM trail_leaves l WHERE l.entry_id = e.id AND l.entry_id > @after)
		ORDER BY id LIMIT @limit`, db.Args{"from": b.from, "to": b.to, "after": b.after, "limit": sealBatch})
	return pgx.CollectRows(rows, pgx.RowToStructByName[Entry])
}

// checkpointNow signs the present size unless it is signed already.
func (l *Log) checkpointNow(now time.Time) error {
	h, err := l.hashes()
	if err != nil {
		return err
	}
	defer h.Close()
	size, err := h.size()
	if err != nil {
		return err
	}
	signed, err := l.Latest()
	if err != nil || size == 0 || size <= signed.Size {
		return err
	}
	root, err := tlog.TreeHash(size, h)
	if err != nil {
		return err
	}
	_, err = l.sign(size, root, now)
	return err
}

// Dir is the log's folder, for backups.
func (l *Log) Dir() string { return l.dir }

// Exists reports whether a folder holds a log.
func Exists(dir string) bool {
	_, err := os.Stat(dir + "/key.pub")
	return err == nil
}
