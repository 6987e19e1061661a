package record

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
)

// ChangeChannel is where every change of a record is announced when its
// transaction commits (LISTEN/NOTIFY).
const ChangeChannel = "opsdesk_change"

// Change says that a record is not what it was. It carries references only,
// never contents, and what is needed to decide in memory who may hear of it:
// whoever may see the record now, and whoever could before, whose page must let
// it go.
type Change struct {
	Key     string     `json:"u"` // of the announcement: the same for every listener
	Kind    Kind       `json:"k"`
	ID      uuid.UUID  `json:"id"`
	Number  string     `json:"n,omitempty"`
	Version int        `json:"v"`
	By      uuid.UUID  `json:"by"`
	Now     Standpoint `json:"now"`
	// Was stands only where the standpoint is another than before.
	Was *Standpoint `json:"was,omitempty"`
	// Who follows the record, is named on it or takes part in it. Where there are
	// more than fit, More is set and the listener has to ask.
	Watchers     []uuid.UUID `json:"w,omitempty"`
	Named        []uuid.UUID `json:"m,omitempty"`
	Participants []uuid.UUID `json:"p,omitempty"`
	More         bool        `json:"more,omitempty"`
	// Many says that more has changed than is named; nothing else is set then.
	Many bool `json:"many,omitempty"`
}

// Standpoint is where a record stands for the access predicate.
type Standpoint struct {
	Requester    *uuid.UUID `json:"r,omitempty"`
	Creator      uuid.UUID  `json:"c"`
	Team         *uuid.UUID `json:"t,omitempty"`
	Department   *uuid.UUID `json:"d,omitempty"`
	Service      *uuid.UUID `json:"s,omitempty"`
	Confidential bool       `json:"x,omitempty"`
}

func (e Entry) standpoint() Standpoint {
	return Standpoint{e.RequesterID, e.CreatedBy, e.TeamID, e.DepartmentID, e.ServiceID, e.Confidential}
}

func (p Standpoint) facts(s Standing) authz.Facts {
	return Entry{RequesterID: p.Requester, CreatedBy: p.Creator, TeamID: p.Team, DepartmentID: p.Department, ServiceID: p.Service, Confidential: p.Confidential}.Facts(s)
}

// most is how many people of each sort an announcement names: with it the
// payload stays below the 8000 bytes that Postgres carries.
const most = 50

// QueueChange announces a change to whoever listens, if the transaction of b
// commits. before is the record's entry as it was; nil for a new record.
func QueueChange(b *pgx.Batch, before *Entry, e Entry, version int, by uuid.UUID, now time.Time) error {
	c := Change{Key: uuid.NewString(), Kind: e.Kind, ID: e.ID, Number: e.Number, Version: version, By: by, Now: e.standpoint()}
	if before != nil {
		if was := before.standpoint(); c.Now.facts(Standing{}) != was.facts(Standing{}) {
			c.Was = &was
		}
	}
	head, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("announce %s: %w", e.Number, err)
	}
	b.Queue(`SELECT pg_notify(@channel, x.payload) FROM (`+payloadSQL+`) x`, db.Args{"channel": ChangeChannel, "head": string(head), "id": e.ID, "now": now, "most": most})
	return nil
}

// payloadSQL completes an announcement with the people who stand to the record.
const payloadSQL = `SELECT (@head::jsonb || jsonb_strip_nulls(jsonb_build_object('w', w.l, 'm', m.l, 'p', p.l,
			'more', CASE WHEN w.n > @most OR m.n > @most OR p.n > @most THEN true END)))::text AS payload
		FROM (SELECT jsonb_agg(x.person_id) FILTER (WHERE x.i <= @most) AS l, count(*) AS n FROM (SELECT person_id, row_number() OVER () AS i FROM record_watchers WHERE record_id = @id LIMIT @most + 1) x) w,
			(SELECT jsonb_agg(x.person_id) FILTER (WHERE x.i <= @most) AS l, count(*) AS n FROM (SELECT person_id, row_number() OVER () AS i FROM record_named WHERE record_id = @id AND until > @now LIMIT @most + 1) x) m,
			(SELECT jsonb_agg(x.person_id) FILTER (WHERE x.i <= @most) AS l, count(*) AS n FROM (SELECT DISTINCT person_id, dense_rank() OVER (ORDER BY person_id) AS i FROM record_participants WHERE record_id = @id LIMIT @most + 1) x) p`

// QueueMany announces that more records have changed than are worth naming:
// pages fetch afresh what they show. It says of no record that it exists.
func QueueMany(b *pgx.Batch) {
	b.Queue(`SELECT pg_notify(@channel, json_build_object('u', @key::text, 'many', true)::text)`, db.Args{"channel": ChangeChannel, "key": uuid.NewString()})
}

// Seen is who may hear of a change.
type Seen int

// The answers of Reaches.
const (
	Hidden Seen = iota // as before: nothing may be said
	Gone               // was visible and is not any more
	Shown
)

// Reaches decides in memory what Visible decides in the database: may the
// person with the scope hear of the change? more answers how the person stands
// to the record where the announcement could not name everybody.
func (c Change) Reaches(s authz.ReadScope, me uuid.UUID, more func() Standing) Seen {
	st := Standing{Watcher: has(c.Watchers, me), Named: has(c.Named, me), Participant: has(c.Participants, me)}
	if Admits(s, me, c.Now.facts(st)) {
		return Shown
	}
	if c.More {
		st = more()
		if Admits(s, me, c.Now.facts(st)) {
			return Shown
		}
	}
	if c.Was != nil && Admits(s, me, c.Was.facts(st)) {
		return Gone
	}
	return Hidden
}

func has(list []uuid.UUID, id uuid.UUID) bool {
	for _, x := range list {
		if x == id {
			return true
		}
	}
	return false
}

// Admits is Visible for one record whose facts are known: it says of the same
// scope, person and record what the predicate says. TestAdmitsAsVisible holds
// the two together.
func Admits(s authz.ReadScope, me uuid.UUID, f authz.Facts) bool {
	if f.Confidential {
		return s.Named && f.Named
	}
	return s.All || s.Own && (f.RequesterID == me || f.CreatedBy == me || f.IsWatcher) || s.Participant && f.Participant ||
		in(s.Teams, f.TeamID) || in(s.Departments, f.DepartmentID) || in(s.Services, f.ServiceID)
}

func in(list []uuid.UUID, id uuid.UUID) bool { return id != uuid.Nil && has(list, id) }

// Scope is what an actor may read of a kind.
func (k *Kinds) Scope(m *authz.Matrix, who identity.Actor, kind Kind) authz.ReadScope {
	return m.ReadScope(who, k.specs[kind].Read)
}
