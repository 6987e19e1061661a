package incident

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
)

// KindAnnouncement is what the trail calls an announcement. "Me too" is noted
// there, so that five hundred of them do not bury the history of the ticket.
const KindAnnouncement record.Kind = "announcement"

// The use cases of announcements.
const (
	ActionAnnounce authz.Action = "incident.announce"
	ActionWithdraw authz.Action = "incident.withdraw_announcement"
	ActionUpdate   authz.Action = "incident.post_update"
	ActionMeToo    authz.Action = "incident.me_too"
	ActionTell     authz.Action = "incident.tell_affected"
)

// Announcement is what staff are told of a fault that concerns many.
type Announcement struct {
	ID          uuid.UUID   `db:"id" json:"id"`
	Version     int         `db:"version" json:"version"`
	IncidentID  uuid.UUID   `db:"incident_id" json:"-"`
	Number      string      `db:"number" json:"number"`
	TitleZh     string      `db:"title_zh" json:"title_zh"`
	TitleEn     string      `db:"title_en" json:"title_en"`
	TextZh      string      `db:"text_zh" json:"text_zh"`
	TextEn      string      `db:"text_en" json:"text_en"`
	Everybody   bool        `db:"everybody" json:"everybody"`
	Departments []uuid.UUID `db:"departments" json:"departments"`
	Services    []uuid.UUID `db:"services" json:"services"`
	ExpectedAt  *time.Time  `db:"expected_at" json:"expected_at"`
	PublishedAt time.Time   `db:"published_at" json:"published_at"`
	WithdrawnAt *time.Time  `db:"withdrawn_at" json:"withdrawn_at"`
	UpdatedAt   time.Time   `db:"updated_at" json:"updated_at"`
	State       State       `db:"state" json:"-"`
	Affected    int         `db:"affected" json:"affected"` // "me too" and open reports
	Mine        bool        `db:"-" json:"mine"`            // the reader said "me too"
}

// Title and Text are in the reader's language, or in the other where that is
// missing.
func (a Announcement) Title(lang string) string { return said(lang, a.TitleZh, a.TitleEn) }

// Text is what is said, see Title.
func (a Announcement) Text(lang string) string { return said(lang, a.TextZh, a.TextEn) }

func said(lang, zh, en string) string {
	if lang == i18n.English && en != "" || zh == "" {
		return en
	}
	return zh
}

// Path is the page of the announcement.
func (a Announcement) Path() string { return "/announcements/" + a.Number }

// audience is whom it is sent to as a message, beside those who said that it
// concerns them. Whom it concerns only because it concerns everybody sees the
// banner: nobody means to write to a whole company by one press.
func (a *Announcement) audience(incident uuid.UUID) audience {
	if a == nil || a.Everybody {
		return audience{incident: incident}
	}
	return audience{incident, a.Departments, a.Services}
}

// Open reports whether it still stands.
func (a Announcement) Open() bool { return a.WithdrawnAt == nil }

// AnnounceFields are the words of an announcement and whom it concerns: all, or
// some departments and those below them, and whoever has reported on some
// services within half a year, owns them or works in their team.
type AnnounceFields struct {
	TitleZh     string      `json:"title_zh" validate:"omitempty,line,max=120"`
	TitleEn     string      `json:"title_en" validate:"omitempty,line,max=120"`
	TextZh      string      `json:"text_zh" validate:"omitempty,text,max=2000"`
	TextEn      string      `json:"text_en" validate:"omitempty,text,max=2000"`
	Audience    string      `json:"audience" validate:"omitempty,oneof=all some"`
	Departments []uuid.UUID `json:"departments" validate:"max=50"`
	Services    []uuid.UUID `json:"services" validate:"max=50"`
	ExpectedAt  *time.Time  `json:"expected_at"`
}

// worded reports whether anything is to be announced.
func (f AnnounceFields) worded() bool {
	return strings.TrimSpace(f.TitleZh+f.TitleEn+f.TextZh+f.TextEn) != ""
}

// check names what is missing: words in at least one language, and readers.
func (f AnnounceFields) check() error {
	out := fault.New(fault.Invalid, "error.invalid")
	missing := func(bad bool, field, code string) {
		if bad {
			out.Fields = append(out.Fields, fault.Field{Name: field, Code: code})
		}
	}
	missing(strings.TrimSpace(f.TitleZh+f.TitleEn) == "", "title_zh", "incident.error.announce_title")
	missing(strings.TrimSpace(f.TextZh+f.TextEn) == "", "text_zh", "incident.error.announce_text")
	missing(f.Audience == "some" && len(f.Departments)+len(f.Services) == 0, "departments", "incident.error.announce_nobody")
	if len(out.Fields) > 0 {
		return out
	}
	return nil
}

// Line is one entry of the chronicle of a fault that concerns many.
type Line struct {
	ID         uuid.UUID `db:"id" json:"id"`
	At         time.Time `db:"at" json:"at"`
	Kind       string    `db:"kind" json:"kind"`
	TextZh     string    `db:"text_zh" json:"text_zh"`
	TextEn     string    `db:"text_en" json:"text_en"`
	Public     bool      `db:"public" json:"public"`
	AuthorID   uuid.UUID `db:"author_id" json:"author_id"`
	AuthorName string    `db:"author_name" json:"author_name"`
}

// Text is in the reader's language, see Announcement.Title.
func (l Line) Text(lang string) string { return said(lang, l.TextZh, l.TextEn) }
