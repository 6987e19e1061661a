package configuration

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
)

// KindCampaign and KindAsk name campaigns and what they ask in the trail.
const (
	KindCampaign record.Kind = "ci_campaign"
	KindAsk      record.Kind = "ci_campaign_item"
)

// MaxCampaign is how many items one campaign may ask about.
const MaxCampaign = 20_000

// The states of a campaign. One that is over never changes.
const (
	CampaignOpen      = "open"
	CampaignClosed    = "closed"
	CampaignCancelled = "cancelled"
)

// How an item of a campaign stands. The answers are of who has it in their
// care; verified is the word of a configuration manager (control CFG-01).
const (
	AskOpen     = "open"
	AskSame     = "same"    // it is as it stands here
	AskDiffers  = "differs" // it is there, but otherwise
	AskMissing  = "missing" // it is not there
	AskVerified = "verified"
)

// AskStates lists them in the order offered.
var AskStates = []string{AskOpen, AskSame, AskDiffers, AskMissing, AskVerified}

// Campaign asks those who have items in their care whether these are as they
// stand here (ISO/IEC 20000-1 8.2.6: verified at planned intervals).
type Campaign struct {
	ID         uuid.UUID  `db:"id" json:"id"`
	Version    int        `db:"version" json:"version"`
	NameZh     string     `db:"name_zh" json:"name_zh" audit:"name_zh"`
	NameEn     string     `db:"name_en" json:"name_en" audit:"name_en"`
	Ask        string     `db:"ask" json:"ask" audit:"ask"`
	Scope      Scope      `db:"scope" json:"scope" audit:"scope"`
	NotSince   *time.Time `db:"not_since" json:"not_since" audit:"not_since"`
	DueAt      time.Time  `db:"due_at" json:"due_at" audit:"due_at"`
	State      string     `db:"state" json:"state" audit:"state"`
	Items      int        `db:"items" json:"items" audit:"items"`
	RemindedAt *time.Time `db:"reminded_at" json:"-" audit:"reminded_at"`
	OverdueAt  *time.Time `db:"overdue_at" json:"-" audit:"overdue_at"`
	EndedAt    *time.Time `db:"ended_at" json:"ended_at" audit:"ended_at"`
	EndedBy    *uuid.UUID `db:"ended_by" json:"ended_by" audit:"ended_by"`
	Remark     string     `db:"remark" json:"remark" audit:"remark"`
	MadeBy     uuid.UUID  `db:"made_by" json:"made_by"`
	MadeName   string     `db:"made_name" json:"made_name"`
	CreatedAt  time.Time  `db:"created_at" json:"created_at"`
	UpdatedAt  time.Time  `db:"updated_at" json:"updated_at"`
}

// Ref names the campaign in the trail.
func (c Campaign) Ref() record.Ref { return record.Ref{Kind: KindCampaign, ID: c.ID} }

// CurrentVersion counts the changes, from 1.
func (c Campaign) CurrentVersion() int { return c.Version }

// Touch notes a change.
func (c *Campaign) Touch(now time.Time) { c.Version++; c.UpdatedAt = now }

// Name is what the campaign is called.
func (c Campaign) Name(ctx context.Context) string { return i18n.Pick(ctx, c.NameZh, c.NameEn) }

// Overdue reports whether it should have been over before an instant.
func (c Campaign) Overdue(now time.Time) bool { return c.State == CampaignOpen && !c.DueAt.After(now) }

// end ends the campaign; what was not answered by then stays so.
func (c *Campaign) end(state, remark string, by uuid.UUID, now time.Time) error {
	if c.State != CampaignOpen {
		return fault.New(fault.Conflict, "configuration.error.campaign_over")
	}
	c.State, c.Remark, c.EndedAt, c.EndedBy = state, remark, &now, &by
	return nil
}

// Ask is one item of a campaign: who is asked, what they said, and who verified
// the item since the campaign began.
type Ask struct {
	ID          uuid.UUID  `db:"id" json:"id"`
	Version     int        `db:"version" json:"version"`
	CampaignID  uuid.UUID  `db:"campaign_id" json:"campaign_id"`
	ItemID      uuid.UUID  `db:"item_id" json:"item_id"`
	AskedID     *uuid.UUID `db:"asked_id" json:"asked_id"`
	Answer      string     `db:"answer" json:"answer" audit:"answer"`
	Note        string     `db:"note" json:"note" audit:"note"`
	ItemVersion *int       `db:"item_version" json:"item_version" audit:"item_version"`
	AnsweredBy  *uuid.UUID `db:"answered_by" json:"answered_by" audit:"answered_by"`
	AnsweredAt  *time.Time `db:"answered_at" json:"answered_at" audit:"answered_at"`
	VerifiedBy  *uuid.UUID `db:"verified_by" json:"verified_by"`
	VerifiedAt  *time.Time `db:"verified_at" json:"verified_at"`
	UpdatedAt   time.Time  `db:"updated_at" json:"updated_at"`
}

// Ref names it in the trail.
func (a Ask) Ref() record.Ref { return record.Ref{Kind: KindAsk, ID: a.ID} }

// CurrentVersion counts the changes, from 1.
func (a Ask) CurrentVersion() int { return a.Version }

// Touch notes a change.
func (a *Ask) Touch(now time.Time) { a.Version++; a.UpdatedAt = now }

// Facts are what the matrix decides by: it is the matter of who is asked.
func (a Ask) Facts() authz.Facts {
	return authz.Facts{RequesterID: deref(a.AskedID), CreatedBy: deref(a.AskedID)}
}

// answer takes what somebody says about the item in a version of it. What was
// said may be mended until the item is verified.
func (a *Ask) answer(what, note string, version int, by uuid.UUID, now time.Time) error {
	switch {
	case a.VerifiedAt != nil:
		return fault.New(fault.Conflict, "configuration.error.verified_already")
	case !slices.Contains([]string{AskSame, AskDiffers, AskMissing}, what):
		return fault.OnField("answer", "validation.required")
	case what != AskSame && note == "":
		return fault.OnField("note", "configuration.error.say_what")
	}
	a.Answer, a.Note, a.ItemVersion, a.AnsweredBy, a.AnsweredAt = what, note, &version, &by, &now
	return nil
}
