package trail

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"opsdesk/internal/platform/db"
)

// Finding is one thing that is not as it was sealed.
type Finding struct {
	// What is a message key below trail.finding: changed, deleted, reordered,
	// missing, tail, checkpoint, hashes.
	What  string `json:"what"`
	Entry int64  `json:"entry,omitempty"` // id of the entry
	Leaf  int64  `json:"leaf"`            // its place in the log
	Other int64  `json:"other,omitempty"` // the entry it changed places with; the size that was signed
	Text  string `json:"text,omitempty"`  // detail for people who read logs
}

// Report is what a verification found.
type Report struct {
	Size     int64     `json:"size"`    // entries that were sealed
	Waiting  int64     `json:"waiting"` // entries not sealed yet
	Findings []Finding `json:"findings"`
}

// maxFindings bounds a report; a log that is wrong from end to end needs no
// more proof.
const maxFindings = 1000

// Verify holds every sealed entry of the database against the log, and the log
// against every signed checkpoint. progress is told how many are done.
func (l *Log) Verify(ctx context.Context, pool *db.Pool, progress func(done, of int64)) (Report, error) {
	r := Report{Findings: []Finding{}}
	h, err := l.hashes()
	if err != nil {
		return r, err
	}
	defer h.Close()
	file, err := h.size()
	if err != nil {
		return r, err
	}
	signed, err := l.signatures(h, file, &r)
	if err != nil {
		return r, err
	}
	r.Size = max(signed, 0)
	if err := l.entries(ctx, pool, h, file, signed, &r, progress); err != nil {
		return r, err
	}
	err = pool.QueryRow(ctx, `SELECT count(*) FROM trail_entries e WHERE NOT EXISTS (SELECT 1 FROM trail_leaves l WHERE l.entry_id = e.id)`).Scan(&r.Waiting)
	return r, db.Map(err)
}

func (r *Report) add(f Finding) {
	if len(r.Findings) < maxFindings {
		r.Findings = append(r.Findings, f)
	}
}

// signatures checks each checkpoint's signature, and its root against the tree
// that the leaves of the file make. The inner hashes of the file are not
// trusted: whoever can change a leaf could have left them as they were. It
// returns the largest size that was signed.
func (l *Log) signatures(h *hashes, file int64, r *Report) (int64, error) {
	names, err := l.names()
	if err != nil {
		return 0, err
	}
	largest := int64(0)
	var signed []Checkpoint
	for _, name := range names {
		c, err := l.checkpoint(name)
		if err != nil {
			r.add(Finding{What: "checkpoint", Text: err.Error()})
			continue
		}
		largest = max(largest, c.Size)
		if c.Size > file {
			r.add(Finding{What: "hashes", Leaf: file, Other: c.Size})
			continue
		}
		signed = append(signed, c)
	}
	slices.SortFunc(signed, func(a, b Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
	return largest, h.rebuild(file, signed, r)
}

// rebuild makes the tree anew from the leaves, and compares its root at every
// signed size and its inner hashes with those of the file.
func (h *hashes) rebuild(size int64, signed []Checkpoint, r *Report) error {
	in := bufio.NewReaderSize(io.NewSectionReader(h.f, 0, tlog.StoredHashCount(size)*tlog.HashSize), 1<<20)
	next := func() (x tlog.Hash, err error) {
		_, err = io.ReadFull(in, x[:])
		return x, err
	}
	var stack []tlog.Hash // roots of complete subtrees, the largest first
	for i := range size {
		leaf, err := next()
		if err != nil {
			return fmt.Errorf("hash of leaf %d: %w", i, err)
		}
		stack = append(stack, leaf)
		for range bits.TrailingZeros64(uint64(i + 1)) {
			n := len(stack)
			node := tlog.NodeHash(stack[n-2], stack[n-1])
			stack = append(stack[:n-2], node)
			stored, err := next()
			if err != nil {
				return fmt.Errorf("inner hash after leaf %d: %w", i, err)
			}
			if stored != node {
				r.add(Finding{What: "hashes", Leaf: i, Other: size, Text: "an inner hash does not follow from the leaves"})
			}
		}
		for len(signed) > 0 && signed[0].Size == i+1 {
			if root := fold(stack); root != signed[0].Root {
				r.add(Finding{What: "hashes", Leaf: i, Other: i + 1, Text: "the root differs from the signed one"})
			}
			signed = signed[1:]
		}
	}
	return nil
}

// fold is the root over complete subtrees.
func fold(stack []tlog.Hash) tlog.Hash {
	root := stack[len(stack)-1]
	for n := len(stack) - 2; n >= 0; n-- {
		root = tlog.NodeHash(stack[n], root)
	}
	return root
}

type sealed struct {
	Leaf    int64 `db:"leaf"`
	EntryID int64 `db:"entry_id"`
	Present bool  `db:"present"`
	Entry
}

// entries walks the sealed entries in the order of the log.
func (l *Log) entries(ctx context.Context, pool *db.Pool, h *hashes, file, signed int64, r *Report, progress func(done, of int64)) error {
	next := int64(0)
	var odd []sealed
	computed := map[tlog.Hash]int64{} // of the odd ones: hash → entry
	for {
		rows, _ := pool.Query(ctx, `SELECT l.leaf, l.entry_id, e.id IS NOT NULL AS present, coalesce(e.id, 0) AS id,
				coalesce(at, 'epoch') AS at, coalesce(occurred_at, 'epoch') AS occurred_at, coalesce(actor_id, '00000000-0000-0000-0000-000000000000') AS actor_id,
				coalesce(actor_name, '') AS actor_name, behalf_id, coalesce(action, '') AS action, coalesce(kind, '') AS kind,
				coalesce(record_id, '00000000-0000-0000-0000-000000000000') AS record_id, coalesce(number, '') AS number, coalesce(version, 0) AS version,
				coalesce(outcome, '') AS outcome, coalesce(reason, '') AS reason, coalesce(diff, '') AS diff, coalesce(session, '') AS session,
				coalesce(request_id, '') AS request_id, coalesce(ip, '') AS ip, coalesce(user_agent, '') AS user_agent, coalesce(app, '') AS app
			FROM trail_leaves l LEFT JOIN trail_entries e ON e.id = l.entry_id WHERE l.leaf >= @next ORDER BY l.leaf LIMIT @limit`,
			db.Args{"next": next, "limit": sealBatch})
		page, err := pgx.CollectRows(rows, pgx.RowToStructByName[sealed])
		if err != nil {
			return db.Map(err)
		}
		for _, s := range page {
			for ; next < s.Leaf; next++ {
				r.add(Finding{What: "missing", Leaf: next})
			}
			next = s.Leaf + 1
			if s.Leaf >= file {
				r.add(Finding{What: "hashes", Leaf: s.Leaf, Entry: s.EntryID})
				continue
			}
			if !s.Present {
				r.add(Finding{What: "deleted", Entry: s.EntryID, Leaf: s.Leaf})
				continue
			}
			same, got, err := matches(h, s)
			if err != nil {
				return err
			}
			if !same {
				odd = append(odd, s)
				computed[got] = s.EntryID
			}
		}
		if progress != nil {
			progress(next, max(file, signed))
		}
		if len(page) < sealBatch {
			break
		}
	}
	if next < signed {
		r.add(Finding{What: "tail", Leaf: next, Other: signed})
	}
	return name(h, odd, computed, r)
}

// matches reports whether an entry still has the hash it was sealed with.
func matches(h *hashes, s sealed) (bool, tlog.Hash, error) {
	b, err := s.Canonical()
	if err != nil {
		return false, tlog.Hash{}, err
	}
	got := tlog.RecordHash(b)
	want, err := h.ReadHashes([]int64{tlog.StoredHashIndex(0, s.Leaf)})
	if err != nil {
		return false, got, err
	}
	return got == want[0], got, nil
}

// name tells entries that changed places from entries that were changed: the
// hash sealed at one's place belongs to another's present content.
func name(h *hashes, odd []sealed, computed map[tlog.Hash]int64, r *Report) error {
	for _, s := range odd {
		want, err := h.ReadHashes([]int64{tlog.StoredHashIndex(0, s.Leaf)})
		if err != nil {
			return err
		}
		if other, ok := computed[want[0]]; ok && other != s.EntryID {
			r.add(Finding{What: "reordered", Entry: s.EntryID, Leaf: s.Leaf, Other: other})
			continue
		}
		r.add(Finding{What: "changed", Entry: s.EntryID, Leaf: s.Leaf})
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return int(a.Leaf - b.Leaf) })
	return nil
}

// Proof is what a person can take away to show, without the desk, that an
// entry stood in the log when the checkpoint was signed.
type Proof struct {
	Entry      json.RawMessage `json:"entry"` // exactly the bytes that are hashed, as a JSON string
	Leaf       int64           `json:"leaf"`
	Size       int64           `json:"size"`
	Hashes     []string        `json:"hashes"`
	Checkpoint string          `json:"checkpoint"`
	Key        string          `json:"key"`
}

// ErrWaiting says that an entry is not sealed yet; in some seconds it will be.
var ErrWaiting = errors.New("the entry is not sealed yet")

// Prove makes the inclusion proof of an entry under the newest checkpoint.
func (l *Log) Prove(ctx context.Context, q db.Querier, e Entry) (Proof, error) {
	var p Proof
	err := q.QueryRow(ctx, `SELECT coalesce((SELECT leaf FROM trail_leaves WHERE entry_id = @id), -1)`, db.Args{"id": e.ID}).Scan(&p.Leaf)
	if err != nil {
		return p, db.Map(err)
	}
	c, err := l.Latest()
	if err != nil {
		return p, err
	}
	if p.Leaf < 0 || p.Leaf >= c.Size {
		return p, ErrWaiting
	}
	h, err := l.hashes()
	if err != nil {
		return p, err
	}
	defer h.Close()
	path, err := tlog.ProveRecord(c.Size, p.Leaf, h)
	if err != nil {
		return p, err
	}
	b, err := e.Canonical()
	if err != nil {
		return p, err
	}
	if p.Entry, err = json.Marshal(string(b)); err != nil {
		return p, err
	}
	p.Size, p.Checkpoint = c.Size, c.Note
	for _, x := range path {
		p.Hashes = append(p.Hashes, x.String())
	}
	p.Key, err = l.Key()
	return p, err
}

// Check verifies a proof without a database. key is the public key the reader
// trusts; "" takes the one in the proof, which proves less.
func (p Proof) Check(key string) (entry string, c Checkpoint, err error) {
	if key == "" {
		key = p.Key
	}
	if c, err = parseCheckpoint(p.Checkpoint, key); err != nil {
		return "", c, err
	}
	if c.Size != p.Size {
		return "", c, fmt.Errorf("the proof is for %d entries, the checkpoint for %d", p.Size, c.Size)
	}
	if err := json.Unmarshal(p.Entry, &entry); err != nil {
		return "", c, fmt.Errorf("entry: %w", err)
	}
	var path tlog.RecordProof
	for _, s := range p.Hashes {
		x, err := tlog.ParseHash(s)
		if err != nil {
			return "", c, fmt.Errorf("hash of the proof: %w", err)
		}
		path = append(path, x)
	}
	if err := tlog.CheckRecord(path, c.Size, c.Root, p.Leaf, tlog.RecordHash([]byte(entry))); err != nil {
		return "", c, fmt.Errorf("the entry does not stand in the log: %w", err)
	}
	return entry, c, nil
}
