package trail

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// origin is the first line of every checkpoint and the name of the key.
const origin = "opsdesk.trail"

// leaf is an entry in the one form that is hashed. Its fields and their order
// never change; a new form gets a new V.
type leaf struct {
	V          int        `json:"v"`
	ID         int64      `json:"id"`
	At         string     `json:"at"`
	OccurredAt string     `json:"occurred_at"`
	ActorID    uuid.UUID  `json:"actor_id"`
	ActorName  string     `json:"actor_name"`
	BehalfID   *uuid.UUID `json:"behalf_id"`
	Action     string     `json:"action"`
	Kind       string     `json:"kind"`
	RecordID   uuid.UUID  `json:"record_id"`
	Number     string     `json:"number"`
	Version    int        `json:"version"`
	Outcome    string     `json:"outcome"`
	Reason     string     `json:"reason"`
	Diff       string     `json:"diff"`
	Session    string     `json:"session"`
	RequestID  string     `json:"request_id"`
	IP         string     `json:"ip"`
	UserAgent  string     `json:"user_agent"`
	App        string     `json:"app"`
}

// Canonical is the text of an entry that the log hashes.
func (e Entry) Canonical() ([]byte, error) {
	stamp := func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
	return json.Marshal(leaf{
		1, e.ID, stamp(e.At), stamp(e.OccurredAt), e.ActorID, e.ActorName, e.BehalfID, string(e.Action), string(e.Kind), e.RecordID, e.Number, e.Version,
		string(e.Outcome), e.Reason, e.Diff, e.Session, e.RequestID, e.IP, e.UserAgent, e.App,
	})
}

// Log is the Merkle log beside the database: a folder with the hashes, the
// signing key and the signed checkpoints (RFC 6962 trees, as in Go's checksum
// database). It belongs on storage that the database's administrator cannot
// write.
type Log struct{ dir string }

// OpenLog prepares the folder and makes the signing key when there is none.
func OpenLog(dir string) (*Log, error) {
	l := &Log{dir}
	if err := os.MkdirAll(l.path("checkpoints"), 0o700); err != nil {
		return nil, err
	}
	if _, err := os.Stat(l.path("key")); !errors.Is(err, os.ErrNotExist) {
		return l, err
	}
	if cs, err := l.names(); err != nil || len(cs) > 0 {
		return nil, errors.Join(err, fmt.Errorf("%s has checkpoints but no key: restore the key from the backup", dir))
	}
	skey, vkey, err := note.GenerateKey(nil, origin)
	if err != nil {
		return nil, err
	}
	if err := durably(l.path("key.pub"), []byte(vkey+"\n"), 0o644); err != nil {
		return nil, err
	}
	return l, durably(l.path("key"), []byte(skey+"\n"), 0o600)
}

func (l *Log) path(name ...string) string {
	return filepath.Join(append([]string{l.dir}, name...)...)
}

// durably writes a file that is complete or not there.
func durably(name string, b []byte, mode os.FileMode) error {
	tmp := name + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, werr := f.Write(b)
	if err := errors.Join(werr, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(tmp, name)
}

// Key is the public key that checks the checkpoints.
func (l *Log) Key() (string, error) {
	b, err := os.ReadFile(l.path("key.pub"))
	return strings.TrimSpace(string(b)), err
}

// hashes is the file of stored hashes, read and appended by position.
type hashes struct{ f *os.File }

func (l *Log) hashes() (*hashes, error) {
	f, err := os.OpenFile(l.path("hashes"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &hashes{f}, nil
}

func (h *hashes) Close() error { return h.f.Close() }

// ReadHashes is the tlog.HashReader of the file.
func (h *hashes) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, n := range at {
		if _, err := h.f.ReadAt(out[i][:], n*tlog.HashSize); err != nil {
			return nil, fmt.Errorf("hash %d of the trail's log: %w", n, err)
		}
	}
	return out, nil
}

// size is how many entries the file holds.
func (h *hashes) size() (int64, error) {
	st, err := h.f.Stat()
	if err != nil {
		return 0, err
	}
	stored := st.Size() / tlog.HashSize
	n := int64(sort.Search(1<<40, func(n int) bool { return tlog.StoredHashCount(int64(n)) > stored })) - 1
	return n, nil
}

// truncate drops what a crash left behind after n entries.
func (h *hashes) truncate(n int64) error {
	return h.f.Truncate(tlog.StoredHashCount(n) * tlog.HashSize)
}

// append adds entries after the n that are there, durably.
func (h *hashes) append(n int64, data [][]byte) error {
	mem := overlay{h: h, base: tlog.StoredHashCount(n)}
	for i, b := range data {
		more, err := tlog.StoredHashes(n+int64(i), b, &mem)
		if err != nil {
			return err
		}
		mem.more = append(mem.more, more...)
	}
	buf := make([]byte, 0, len(mem.more)*tlog.HashSize)
	for _, x := range mem.more {
		buf = append(buf, x[:]...)
	}
	if _, err := h.f.WriteAt(buf, mem.base*tlog.HashSize); err != nil {
		return err
	}
	return h.f.Sync()
}

// overlay reads hashes of the file and those about to be written to it.
type overlay struct {
	h    *hashes
	base int64
	more []tlog.Hash
}

func (o *overlay) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, n := range at {
		if n >= o.base && n-o.base < int64(len(o.more)) {
			out[i] = o.more[n-o.base]
			continue
		}
		x, err := o.h.ReadHashes([]int64{n})
		if err != nil {
			return nil, err
		}
		out[i] = x[0]
	}
	return out, nil
}

// Checkpoint is a signed statement: at that time the log had Size entries with
// that root hash.
type Checkpoint struct {
	Size int64
	Root tlog.Hash
	At   time.Time
	Note string // as signed
}

func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n%s\n", origin, c.Size, c.Root, c.At.UTC().Format(time.RFC3339))
}

// parseCheckpoint opens a note with a public key.
func parseCheckpoint(text, key string) (Checkpoint, error) {
	v, err := note.NewVerifier(key)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("public key: %w", err)
	}
	n, err := note.Open([]byte(text), note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("signature: %w", err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 5 || lines[0] != origin {
		return Checkpoint{}, errors.New("not a checkpoint of a trail")
	}
	c := Checkpoint{Note: text}
	var e1, e2, e3 error
	c.Size, e1 = strconv.ParseInt(lines[1], 10, 64)
	c.Root, e2 = tlog.ParseHash(lines[2])
	c.At, e3 = time.Parse(time.RFC3339, lines[3])
	return c, errors.Join(e1, e2, e3)
}

// sign makes and keeps the checkpoint of a size.
func (l *Log) sign(size int64, root tlog.Hash, now time.Time) (Checkpoint, error) {
	c := Checkpoint{Size: size, Root: root, At: now}
	b, err := os.ReadFile(l.path("key"))
	if err != nil {
		return c, err
	}
	s, err := note.NewSigner(strings.TrimSpace(string(b)))
	if err != nil {
		return c, fmt.Errorf("signing key: %w", err)
	}
	msg, err := note.Sign(&note.Note{Text: c.text()}, s)
	if err != nil {
		return c, err
	}
	c.Note = string(msg)
	if err := durably(l.path("checkpoints", fmt.Sprintf("%015d", size)), msg, 0o644); err != nil {
		return c, err
	}
	return c, durably(l.path("latest"), msg, 0o644)
}

func (l *Log) names() ([]string, error) {
	files, err := os.ReadDir(l.path("checkpoints"))
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range files {
		if len(f.Name()) == 15 {
			out = append(out, f.Name())
		}
	}
	sort.Strings(out)
	return out, nil
}

// Latest is the newest checkpoint; its Size is 0 where there is none.
func (l *Log) Latest() (Checkpoint, error) {
	names, err := l.names()
	if err != nil || len(names) == 0 {
		return Checkpoint{}, err
	}
	return l.checkpoint(names[len(names)-1])
}

func (l *Log) checkpoint(name string) (Checkpoint, error) {
	b, err := os.ReadFile(l.path("checkpoints", name))
	if err != nil {
		return Checkpoint{}, err
	}
	key, err := l.Key()
	if err != nil {
		return Checkpoint{}, err
	}
	c, err := parseCheckpoint(string(b), key)
	if err != nil {
		return c, fmt.Errorf("checkpoint %s: %w", name, err)
	}
	return c, nil
}
