// Package trail keeps the append-only history of every record: what was done,
// by whom, when and from where, refused acts included. Entries are written in
// the transaction of the act; a sealer chains them into a Merkle log whose
// signed checkpoints leave the database, so that nobody can quietly alter,
// remove or reorder them (regulation 3.2, controls §8).
package trail

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

// Outcome says how an act ended.
type Outcome string

// The outcomes.
const (
	Success Outcome = "success"
	Denied  Outcome = "denied"  // not permitted, or not visible
	Failure Outcome = "failure" // permitted, but the record's state refused it
)

// Diff is what an act changed: field → before and after.
type Diff map[string][2]any

// Entry is one act. At is when it was written, OccurredAt when it happened;
// they differ for back-dated and imported acts.
type Entry struct {
	ID         int64        `db:"id"`
	At         time.Time    `db:"at"`
	OccurredAt time.Time    `db:"occurred_at"`
	ActorID    uuid.UUID    `db:"actor_id"`
	ActorName  string       `db:"actor_name"`
	BehalfID   *uuid.UUID   `db:"behalf_id"`
	Action     authz.Action `db:"action"`
	Kind       record.Kind  `db:"kind"`
	RecordID   uuid.UUID    `db:"record_id"`
	Number     string       `db:"number"`
	Version    int          `db:"version"`
	Outcome    Outcome      `db:"outcome"`
	Reason     string       `db:"reason"`
	Diff       string       `db:"diff"` // canonical JSON of a Diff
	Session    string       `db:"session"`
	RequestID  string       `db:"request_id"`
	IP         string       `db:"ip"`
	UserAgent  string       `db:"user_agent"`
	App        string       `db:"app"`
}

// By fills in who acted and from where.
func (e *Entry) By(a identity.Actor) {
	e.ActorID, e.ActorName = a.ID, a.Name
	e.Session, e.RequestID, e.IP, e.UserAgent = a.Session, a.RequestID, a.IP, cut(a.UserAgent, 200)
}

func cut(s string, n int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "�"), "\x00", "�")
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n])
}

// SetDiff stores d in its canonical form: JSON with sorted keys.
func (e *Entry) SetDiff(d Diff) error {
	if len(d) == 0 {
		e.Diff = "{}"
		return nil
	}
	b, err := json.Marshal(d)
	e.Diff = string(b)
	return err
}

// Changes decodes the stored diff.
func (e Entry) Changes() (Diff, error) {
	d := Diff{}
	return d, json.Unmarshal([]byte(e.Diff), &d)
}

const columns = `at, occurred_at, actor_id, actor_name, behalf_id, action, kind, record_id, number, version, outcome, reason, diff, session, request_id, ip, user_agent, app`

// Queue adds the entry to the batch of its act.
func Queue(b *pgx.Batch, e Entry) {
	if e.Diff == "" {
		e.Diff = "{}"
	}
	b.Queue(`INSERT INTO trail_entries (`+columns+`)
		VALUES (@at, @occurred_at, @actor_id, @actor_name, @behalf_id, @action, @kind, @record_id, @number, @version, @outcome, @reason, @diff, @session, @request_id, @ip, @user_agent, @app)`,
		db.Args{
			"at": e.At, "occurred_at": e.OccurredAt, "actor_id": e.ActorID, "actor_name": e.ActorName, "behalf_id": e.BehalfID, "action": e.Action,
			"kind": e.Kind, "record_id": e.RecordID, "number": e.Number, "version": e.Version, "outcome": e.Outcome, "reason": e.Reason, "diff": e.Diff,
			"session": e.Session, "request_id": e.RequestID, "ip": e.IP, "user_agent": e.UserAgent, "app": e.App,
		})
}

// Compare lists the fields in which two values of one struct type differ, by
// their audit tags. A tag `audit:"name,secret"` records that the field changed
// but not its value. Times are compared as instants, maps key by key.
func Compare(before, after any) Diff {
	d := Diff{}
	b, a := reflect.ValueOf(before), reflect.ValueOf(after)
	for i := range a.NumField() {
		name, opt, _ := strings.Cut(a.Type().Field(i).Tag.Get("audit"), ",")
		if name == "" {
			continue
		}
		x, y := b.Field(i).Interface(), a.Field(i).Interface()
		if same(x, y) {
			continue
		}
		if a.Field(i).Kind() == reflect.Map && opt != "secret" {
			d.spread(name, b.Field(i), a.Field(i))
			continue
		}
		if opt == "secret" {
			x, y = nil, "•"
		}
		d[name] = [2]any{x, y}
	}
	return d
}

// spread compares two maps by key, so that edits of different keys are edits of
// different fields.
func (d Diff) spread(name string, before, after reflect.Value) {
	at := func(m, k reflect.Value) any {
		if v := m.MapIndex(k); v.IsValid() {
			return v.Interface()
		}
		return nil
	}
	for _, k := range append(before.MapKeys(), after.MapKeys()...) {
		if x, y := at(before, k), at(after, k); !reflect.DeepEqual(x, y) {
			d[name+"."+k.String()] = [2]any{x, y}
		}
	}
}

func same(x, y any) bool {
	if s, ok := x.(time.Time); ok {
		return s.Equal(y.(time.Time))
	}
	if s, ok := x.(*time.Time); ok {
		t := y.(*time.Time)
		return s == nil && t == nil || s != nil && t != nil && s.Equal(*t)
	}
	return reflect.DeepEqual(x, y)
}
