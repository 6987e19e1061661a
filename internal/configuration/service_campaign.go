package configuration

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/batch"
	"opsdesk/internal/event"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/work"
)

// batchVerify is the kind of batch that verifies what was answered "as it
// stands here".
const batchVerify = "ci.verify"

// CampaignInput asks for a campaign. One name is enough.
type CampaignInput struct {
	NameZh   string     `json:"name_zh" validate:"required_without=NameEn,line,max=120"`
	NameEn   string     `json:"name_en" validate:"line,max=120"`
	Ask      string     `json:"ask" validate:"required,notblank,text,max=1000"`
	NotSince *time.Time `json:"not_since"` // only items that were not verified since
	DueAt    *time.Time `json:"due_at" validate:"required"`
	ScopeInput
}

// WouldAsk is whom a campaign would ask about how much.
type WouldAsk struct {
	Items  int `json:"items"`
	People int `json:"people"`
	Nobody int `json:"nobody"` // items that nobody has in their care
}

// Standing counts the items of a campaign by how they stand.
type Standing map[string]int

// Total is how many items there are in some states, in all without any.
func (s Standing) Total(states ...string) (n int) {
	for state, x := range s {
		if len(states) == 0 || slices.Contains(states, state) {
			n += x
		}
	}
	return n
}

// campaignOf reads what was asked for.
func (s *Service) campaignOf(ctx context.Context, in CampaignInput) (c Campaign, m Model, ids []uuid.UUID, err error) {
	if err = validate.Struct(in); err != nil {
		return c, m, nil, err
	}
	now := s.desk.Now()
	if !in.DueAt.After(now) {
		return c, m, nil, fault.OnField("due_at", "configuration.error.past")
	}
	if in.NotSince != nil && in.NotSince.After(now) {
		return c, m, nil, fault.OnField("not_since", "configuration.error.future")
	}
	if m, err = s.repo.model(ctx, s.desk.DB); err != nil {
		return c, m, nil, err
	}
	scope, err := in.scope(m, func(key string) (uuid.UUID, error) { return s.visible(ctx, key) })
	if err != nil {
		return c, m, nil, err
	}
	if ids, err = s.reach(ctx, scope, nil); err != nil {
		return c, m, nil, err
	}
	c = Campaign{NameZh: in.NameZh, NameEn: in.NameEn, Ask: in.Ask, Scope: scope, DueAt: in.DueAt.UTC().Truncate(time.Microsecond), State: CampaignOpen}
	if in.NotSince != nil {
		since := in.NotSince.UTC().Truncate(time.Microsecond)
		c.NotSince = &since
	}
	return c, m, ids, nil
}

// PreviewCampaign says whom a campaign as it is written would ask about how
// much, without keeping anything.
func (s *Service) PreviewCampaign(ctx context.Context, in CampaignInput) (WouldAsk, error) {
	if _, err := s.desk.Permit(ctx, ActionCampaign); err != nil {
		return WouldAsk{}, err
	}
	c, m, ids, err := s.campaignOf(ctx, in)
	if err != nil {
		return WouldAsk{}, err
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return WouldAsk{}, err
	}
	return s.repo.wouldAsk(ctx, s.desk.DB, v, c, m, ids)
}

// StartCampaign asks about the items of a scope that its maker may see and that
// are in use now, each of whoever has it in their care: the custodian, or the
// owner where there is none. Each of them is told once.
func (s *Service) StartCampaign(ctx context.Context, in CampaignInput) (Campaign, error) {
	if _, err := s.desk.Permit(ctx, ActionCampaign); err != nil {
		return Campaign{}, err
	}
	c, m, ids, err := s.campaignOf(ctx, in)
	if err != nil {
		return c, err
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return c, err
	}
	return work.Create(ctx, s.desk, campaignStore{}, ActionCampaign, in, func(u *work.Unit) (Campaign, error) {
		c.ID, c.Version, c.MadeBy, c.MadeName, c.CreatedAt, c.UpdatedAt = u.ID(), 1, u.Actor.ID, u.Actor.Name, u.Now, u.Now
		n, err := s.repo.asks(ctx, u.Tx, v, c, m, ids)
		switch {
		case err != nil:
			return c, err
		case n == 0:
			return c, fault.OnField("by", "configuration.error.campaign_empty")
		case n > MaxCampaign:
			return c, fault.OnField("by", "configuration.error.campaign_large", strconv.Itoa(MaxCampaign))
		}
		c.Items = n
		return c, s.tellAsked(ctx, u, c, "ci.campaign_asked")
	})
}

// tellAsked tells those of whom an answer is waited for.
func (s *Service) tellAsked(ctx context.Context, u *work.Unit, c Campaign, what string, also ...uuid.UUID) error {
	to, err := s.repo.asked(ctx, u.Tx, c.ID)
	if err == nil && len(to)+len(also) > 0 {
		u.Announce(what, event.Subject{Title: or(c.NameZh, c.NameEn), Path: "/configuration/campaigns/mine", In: map[string]event.Said{
			"zh-CN": {Title: or(c.NameZh, c.NameEn)}, "en": {Title: or(c.NameEn, c.NameZh)},
		}}, append(to, also...)...)
	}
	return err
}

// EndInput ends a campaign.
type EndInput struct {
	Version int    `json:"version"`
	Remark  string `json:"remark" validate:"required,notblank,text,max=2000"`
}

// CloseCampaign ends a campaign, with what came of it. What was not answered
// stays so; nothing of it changes any more.
func (s *Service) CloseCampaign(ctx context.Context, id uuid.UUID, in EndInput) (Campaign, error) {
	return s.endCampaign(ctx, id, in, CampaignClosed)
}

// CancelCampaign calls a campaign off, with the reason.
func (s *Service) CancelCampaign(ctx context.Context, id uuid.UUID, in EndInput) (Campaign, error) {
	return s.endCampaign(ctx, id, in, CampaignCancelled)
}

func (s *Service) endCampaign(ctx context.Context, id uuid.UUID, in EndInput, state string) (Campaign, error) {
	return work.Update(ctx, s.desk, campaignStore{}, ActionCampaign, id, in.Version, in, func(u *work.Unit, c *Campaign) error {
		return c.end(state, in.Remark, u.Actor.ID, u.Now)
	})
}

// AnswerInput is what somebody says about an item.
type AnswerInput struct {
	Version int    `json:"version"`
	Answer  string `json:"answer" validate:"required,oneof=same differs missing"`
	Note    string `json:"note" validate:"omitempty,text,max=1000"`
}

// AnswerAsk notes what whoever is asked says about an item; a configuration
// manager may note it for them. It may be said anew until the item is verified
// or the campaign is over.
func (s *Service) AnswerAsk(ctx context.Context, id uuid.UUID, in AnswerInput) (Ask, error) {
	return work.Update(ctx, s.desk, askStore{}, ActionAnswer, id, in.Version, in, func(u *work.Unit, a *Ask) error {
		state, version, err := s.repo.stands(ctx, u.Tx, a.CampaignID, a.ItemID)
		if err != nil {
			return err
		}
		if state != CampaignOpen {
			return fault.New(fault.Conflict, "configuration.error.campaign_over")
		}
		return a.answer(in.Answer, in.Note, version, u.Actor.ID, u.Now)
	})
}

// VerifyAsked verifies the item of an answer.
func (s *Service) VerifyAsked(ctx context.Context, id uuid.UUID) error {
	a, err := s.repo.question(ctx, s.desk.DB, id)
	if err == nil {
		_, err = s.Verify(ctx, a.ItemID, VerifyInput{})
	}
	return err
}

// VerifySame begins to verify, in the background, all items of a campaign that
// were answered to be as they stand here; each is checked like a single one, and
// those that changed since the answer are left to be looked at.
func (s *Service) VerifySame(ctx context.Context, id uuid.UUID) (batch.Batch, error) {
	c, err := s.Campaign(ctx, id)
	if err != nil {
		return batch.Batch{}, err
	}
	if _, err := s.desk.Permit(ctx, ActionCampaign); err != nil {
		return batch.Batch{}, err
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return batch.Batch{}, err
	}
	list, err := s.repo.askRows(ctx, s.desk.DB, v, c.ID, AskSame, 0, MaxCampaign)
	if err != nil {
		return batch.Batch{}, err
	}
	if len(list) == 0 || c.State != CampaignOpen {
		return batch.Batch{}, fault.New(fault.Conflict, "configuration.error.nothing_to_verify")
	}
	rows := make([]batch.Row, len(list))
	for n, x := range list {
		rows[n] = batch.Row{RecordID: x.ItemID, Number: x.Label()}
	}
	b, err := s.batches.Draft(ctx, batchVerify, map[string]uuid.UUID{"campaign": c.ID}, rows)
	if err != nil {
		return b, err
	}
	return s.batches.Start(ctx, b.ID)
}

// verifyStep verifies one item of a batch, if it is what the answer spoke of.
func (s *Service) verifyStep(ctx context.Context, b batch.Batch, r batch.Row) (any, error) {
	var in struct{ Campaign uuid.UUID }
	if err := json.Unmarshal(b.Input, &in); err != nil {
		return nil, err
	}
	_, err := s.update(ctx, ActionVerify, r.RecordID, 0, VerifyInput{}, func(u *work.Unit, _ Model, i *Item) error {
		still, err := s.repo.stillSame(ctx, u.Tx, in.Campaign, i.ID, i.Version)
		if err != nil {
			return err
		}
		if !still {
			return fault.New(fault.Conflict, "configuration.error.changed_since_answer")
		}
		s.verified(u, i)
		return nil
	})
	return nil, err
}

// Campaigns lists the campaigns, the newest first, and how their items stand;
// next is the cursor of the following page.
func (s *Service) Campaigns(ctx context.Context, cursor string) (list []Campaign, by map[uuid.UUID]Standing, next string, err error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return nil, nil, "", err
	}
	after, err := db.ParseCursor[MadeCursor](cursor)
	if err != nil {
		return nil, nil, "", err
	}
	list, err = s.repo.campaigns(ctx, s.desk.DB, after, PageSize+1)
	if len(list) > PageSize {
		list = list[:PageSize]
		last := list[PageSize-1]
		next = db.Cursor(MadeCursor{last.CreatedAt, last.ID})
	}
	if err != nil || len(list) == 0 {
		return list, nil, next, err
	}
	ids := make([]uuid.UUID, len(list))
	for n, c := range list {
		ids[n] = c.ID
	}
	by, err = s.repo.standing(ctx, s.desk.DB, ids)
	return list, by, next, err
}

// Campaign reads a campaign, for those who may read items.
func (s *Service) Campaign(ctx context.Context, id uuid.UUID) (Campaign, error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return Campaign{}, err
	}
	return s.repo.campaign(ctx, s.desk.DB, id)
}

// AskRow is an item of a campaign with what lists show.
type AskRow struct {
	Ask
	State    string    `db:"state"`
	Number   int64     `db:"number"`
	Name     string    `db:"name"`
	ClassID  uuid.UUID `db:"class_id"`
	Location string    `db:"location"`
	Serial   string    `db:"serial"`
	AssetTag string    `db:"asset_tag"`
	Changed  bool      `db:"changed"` // since the answer
}

// Label is the number people use.
func (r AskRow) Label() string { return Label(r.Number) }

// CampaignPage is a page of the items of a campaign.
type CampaignPage struct {
	Rows   []AskRow
	Next   int64 // number after which the following page begins; 0: none
	People map[uuid.UUID]identity.Person
}

// Asks lists the items of a campaign that the actor may see, in one state or
// all, from the item after a number on.
func (s *Service) Asks(ctx context.Context, c Campaign, state string, after int64, limit int) (p CampaignPage, err error) {
	if state != "" && !slices.Contains(AskStates, state) {
		return p, fault.OnField("state", "validation.oneof")
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return p, err
	}
	if p.Rows, err = s.repo.askRows(ctx, s.desk.DB, v, c.ID, state, after, limit+1); err != nil {
		return p, err
	}
	if len(p.Rows) > limit {
		p.Rows = p.Rows[:limit]
		p.Next = p.Rows[limit-1].Number
	}
	p.People, err = identity.People(ctx, s.desk.DB, askPeople(p.Rows)...)
	return p, db.Map(err)
}

// AskOf reads one item of a campaign, for those who may note answers of others.
func (s *Service) AskOf(ctx context.Context, c Campaign, id uuid.UUID) (AskRow, error) {
	if _, err := s.desk.Permit(ctx, ActionCampaign); err != nil {
		return AskRow{}, err
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return AskRow{}, err
	}
	return s.repo.askRow(ctx, s.desk.DB, v, c.ID, id)
}

func askPeople(list []AskRow) (ids []uuid.UUID) {
	for _, x := range list {
		ids = append(ids, people(x.AskedID, x.AnsweredBy, x.VerifiedBy)...)
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}

// Standing counts the items of a campaign by how they stand.
func (s *Service) Standing(ctx context.Context, c Campaign) (Standing, error) {
	by, err := s.repo.standing(ctx, s.desk.DB, []uuid.UUID{c.ID})
	return by[c.ID], err
}

// maxMine is how many questions a person's page shows.
const maxMine = 200

// Mine is what the open campaigns ask the actor, what is unanswered first. It is
// theirs to answer whatever else they may read.
func (s *Service) Mine(ctx context.Context) ([]AskRow, map[uuid.UUID]Campaign, error) {
	who, err := s.desk.Permit(ctx, ActionAnswer)
	if err != nil {
		return nil, nil, err
	}
	list, err := s.repo.asksOf(ctx, s.desk.DB, who.ID, maxMine)
	if err != nil {
		return nil, nil, err
	}
	out := map[uuid.UUID]Campaign{}
	for _, x := range list {
		if _, ok := out[x.CampaignID]; ok {
			continue
		}
		if out[x.CampaignID], err = s.repo.campaign(ctx, s.desk.DB, x.CampaignID); err != nil {
			return nil, nil, err
		}
	}
	return list, out, nil
}

// Waiting counts what open campaigns ask the actor and have no answer to, up to
// 100.
func (s *Service) Waiting(ctx context.Context, to *int) (db.Part, error) {
	who, err := s.desk.Permit(ctx, ActionAnswer)
	if err != nil {
		return db.Part{}, err
	}
	return s.repo.waiting(who.ID, 100, to), nil
}

// AskAbout is what a campaign found out about an item.
type AskAbout struct {
	CampaignID    uuid.UUID  `db:"campaign_id"`
	NameZh        string     `db:"name_zh"`
	NameEn        string     `db:"name_en"`
	CampaignState string     `db:"campaign_state"`
	State         string     `db:"state"`
	Note          string     `db:"note"`
	AnsweredBy    *uuid.UUID `db:"answered_by"`
	AnsweredAt    *time.Time `db:"answered_at"`
	VerifiedBy    *uuid.UUID `db:"verified_by"`
	VerifiedAt    *time.Time `db:"verified_at"`
}

// askedAbout adds what the last campaigns found out about an item, and the
// people in it.
func (s *Service) askedAbout(ctx context.Context, d *Detail) (err error) {
	if d.Asked, err = s.repo.asksAbout(ctx, s.desk.DB, d.ID, 5); err != nil || len(d.Asked) == 0 {
		return err
	}
	var ids []uuid.UUID
	for _, a := range d.Asked {
		ids = append(ids, people(a.AnsweredBy, a.VerifiedBy)...)
	}
	known, err := identity.People(ctx, s.desk.DB, ids...)
	maps.Copy(known, d.Names.People)
	d.Names.People = known
	return db.Map(err)
}

// ExportCampaign gives the items of a campaign that the actor may take out to each,
// a part at a time; whoever takes them out is in the trail. It names nobody: who
// said what stays in the desk (matrix line export.no_pii).
func (s *Service) ExportCampaign(ctx context.Context, c Campaign, each func([]AskRow) error) error {
	if _, err := s.desk.Permit(ctx, ActionExport); err != nil {
		return err
	}
	v, err := s.takeable(ctx)
	if err != nil {
		return err
	}
	err = s.desk.Do(ctx, func(u *work.Unit) error { return u.Record(ctx, ActionExport, c.Ref(), nil) })
	for after := int64(0); err == nil; {
		var rows []AskRow
		if rows, err = s.repo.askRows(ctx, s.desk.DB, v, c.ID, "", after, exportPage); err != nil || len(rows) == 0 {
			break
		}
		err = each(rows)
		after = rows[len(rows)-1].Number
	}
	return err
}

// remindCampaign is how long before its end those who did not answer are
// reminded of a campaign.
const remindCampaign = 3 * 24 * time.Hour

// RemindCampaigns tells those who did not answer, once before a campaign is due
// and once when it is; its maker hears of the latter as well.
func (s *Service) RemindCampaigns(ctx context.Context) error {
	ctx = identity.With(ctx, identity.NewSystem("configuration"))
	now := s.desk.Now()
	ids, err := s.repo.dueCampaigns(ctx, s.desk.DB, now.Add(remindCampaign), now, 200)
	if err != nil {
		return err
	}
	var failed []error
	for _, id := range ids {
		_, err := work.Update(ctx, s.desk, campaignStore{}, ActionRemind, id, 0, struct{}{}, func(u *work.Unit, c *Campaign) error {
			switch {
			case c.State != CampaignOpen:
			case c.Overdue(u.Now) && c.OverdueAt == nil:
				c.OverdueAt = &u.Now
				if c.RemindedAt == nil {
					c.RemindedAt = &u.Now
				}
				return s.tellAsked(ctx, u, *c, "ci.campaign_overdue", c.MadeBy)
			case c.RemindedAt == nil && !c.DueAt.After(u.Now.Add(remindCampaign)):
				c.RemindedAt = &u.Now
				return s.tellAsked(ctx, u, *c, "ci.campaign_soon")
			}
			return nil
		})
		if err != nil && !fault.Is(err, fault.Conflict) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

func (s *Service) remindCampaigns(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	return s.RemindCampaigns(ctx)
}
