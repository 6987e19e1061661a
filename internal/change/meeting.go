package change

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/record"
)

// kindMeeting names meetings in the trail. They are in no register.
const kindMeeting record.Kind = "change.meeting"

// MeetingState is where a meeting stands.
type MeetingState string

// The states of a meeting.
const (
	MeetingPlanned   MeetingState = "planned"
	MeetingHeld      MeetingState = "held" // its minutes are closed
	MeetingCancelled MeetingState = "cancelled"
)

// Meeting is a meeting of the change advisory board.
type Meeting struct {
	ID       uuid.UUID    `db:"id" json:"id"`
	Version  int          `db:"version" json:"version"`
	Number   int64        `db:"number" json:"number"`
	State    MeetingState `db:"state" json:"state" audit:"state"`
	BeginsAt time.Time    `db:"begins_at" json:"begins_at" audit:"begins_at"`
	EndsAt   time.Time    `db:"ends_at" json:"ends_at" audit:"ends_at"`
	Place    string       `db:"place" json:"place" audit:"place"` // a room, or the address of a call
	ChairID  uuid.UUID    `db:"chair_id" json:"chair_id" audit:"chair"`
	Present  []uuid.UUID  `db:"present" json:"present" audit:"present"`
	Agenda   []AgendaItem `db:"agenda" json:"agenda" audit:"agenda"`
	Remarks  string       `db:"remarks" json:"remarks" audit:"remarks"`
	ClosedAt *time.Time   `db:"closed_at" json:"closed_at" audit:"closed_at"`
	// Quorate says whether enough of the board was there when the minutes were
	// closed; null before.
	Quorate *bool `db:"quorate" json:"quorate" audit:"quorate"`
	// Attendance is that of when the minutes were closed; null before, and in
	// minutes that are older than its being noted.
	Attendance *Attendance `db:"attendance" json:"attendance"`
	RemindedAt *time.Time  `db:"reminded_at" json:"-"` // when members were told that it begins soon
	CreatedBy  uuid.UUID   `db:"created_by" json:"created_by"`
	CreatedAt  time.Time   `db:"created_at" json:"created_at"`
	UpdatedAt  time.Time   `db:"updated_at" json:"updated_at"`
}

// AgendaItem is one change that a meeting is about.
type AgendaItem struct {
	ChangeID uuid.UUID `json:"change_id"`
	Minutes  string    `json:"minutes"` // what was said
	// Outcome is how the change stood when the minutes were closed: its state,
	// and the votes of the board as they were counted.
	Outcome State `json:"outcome,omitempty"`
	For     int   `json:"for,omitempty"`
	Against int   `json:"against,omitempty"`
}

// maxAgenda bounds how many changes one meeting is about.
const maxAgenda = 50

// Ref points at the meeting.
func (m Meeting) Ref() record.Ref { return record.Ref{Kind: kindMeeting, ID: m.ID} }

// CurrentVersion counts the changes to it, from 1.
func (m Meeting) CurrentVersion() int { return m.Version }

// Touch notes an edit.
func (m *Meeting) Touch(now time.Time) { m.Version++; m.UpdatedAt = now }

// Label is the number people use, such as CAB-0012.
func (m Meeting) Label() string { return fmt.Sprintf("CAB-%04d", m.Number) }

// topics are the changes on the agenda, in its order.
func (m Meeting) topics() []uuid.UUID {
	out := make([]uuid.UUID, len(m.Agenda))
	for n, a := range m.Agenda {
		out[n] = a.ChangeID
	}
	return out
}

// about reports whether a change is on the agenda.
func (m Meeting) about(id uuid.UUID) bool {
	return slices.ContainsFunc(m.Agenda, func(a AgendaItem) bool { return a.ChangeID == id })
}

// put puts changes on the agenda that are not on it, as far as there is room.
func (m *Meeting) put(ids ...uuid.UUID) {
	m.Agenda = slices.Clone(m.Agenda)
	for _, id := range ids {
		if !m.about(id) && len(m.Agenda) < maxAgenda {
			m.Agenda = append(m.Agenda, AgendaItem{ChangeID: id})
		}
	}
}
