package servicerequest

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/draft"
	"opsdesk/internal/event"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// NewItemInput begins an item: where it belongs and what it is called.
type NewItemInput struct {
	CategoryID uuid.UUID `json:"category_id" validate:"required"`
	ServiceID  uuid.UUID `json:"service_id" validate:"required"`
	NameZh     string    `json:"name_zh" validate:"omitempty,line,max=100"`
	NameEn     string    `json:"name_en" validate:"omitempty,line,max=100"`
}

// NewItem begins an item as a draft.
func (s *Service) NewItem(ctx context.Context, in NewItemInput) (Item, error) {
	in.NameZh, in.NameEn = strings.TrimSpace(in.NameZh), strings.TrimSpace(in.NameEn)
	var out Item
	err := s.desk.Do(ctx, func(u *work.Unit) (err error) {
		out, err = work.Insert(ctx, u, s.items, ActionDraftItem, &authz.Facts{ServiceID: in.ServiceID}, in, func(u *work.Unit) (Item, error) {
			if in.NameZh == "" && in.NameEn == "" {
				return Item{}, fault.OnField("name_zh", "servicerequest.error.name")
			}
			i := Item{ID: u.ID(), Version: 1, State: ItemDraft, CategoryID: in.CategoryID, ServiceID: &in.ServiceID, CreatedBy: u.Actor.ID, CreatedAt: u.Now, UpdatedAt: u.Now}
			c := Content{NameZh: in.NameZh, NameEn: in.NameEn, Icon: "tag", Days: 3, Impact: 3, Order: Audience{Everyone: true}}
			return i, i.edit(c, u.Actor.ID)
		})
		return err
	})
	return out, s.desk.Noted(ctx, ActionDraftItem, record.Ref{Kind: KindItem}, err)
}

// edit changes the draft of an item; where there is none, one begins from the
// version in force. part is what of the designer is saved by it: what the actor
// typed there and did not save is not kept any longer. "" where nothing is typed.
func (s *Service) edit(ctx context.Context, id uuid.UUID, version int, in any, part string, change func(*Item, *Content) error) (Item, error) {
	return work.Update(ctx, s.desk, s.items, ActionDraftItem, id, version, in, func(u *work.Unit, i *Item) error {
		if part != "" {
			draft.Clear(u, typedKey(id, part))
		}
		c, err := s.drafted(ctx, u.Tx, *i)
		if err != nil {
			return err
		}
		if err := change(i, &c); err != nil {
			return err
		}
		return i.edit(c, u.Actor.ID)
	})
}

// drafted is what an editor of the item begins from.
func (s *Service) drafted(ctx context.Context, q db.Querier, i Item) (Content, error) {
	if i.Draft != nil {
		return *i.Draft, nil
	}
	if i.CurrentID == nil {
		return Content{}, fault.New(fault.Conflict, "servicerequest.error.retired")
	}
	v, err := s.items.version(ctx, q, *i.CurrentID)
	return v.Content, err
}

// DetailsInput is what the first page of an item holds.
type DetailsInput struct {
	Version    int       `json:"version"`
	CategoryID uuid.UUID `json:"category_id" validate:"required"`
	ServiceID  uuid.UUID `json:"service_id" validate:"required"`
	Content
}

// Details changes what an item says of itself; form, steps and tasks stay.
func (s *Service) Details(ctx context.Context, id uuid.UUID, in DetailsInput) (Item, error) {
	return s.edit(ctx, id, in.Version, in, "details", func(i *Item, c *Content) error {
		if strings.TrimSpace(in.NameZh) == "" && strings.TrimSpace(in.NameEn) == "" {
			return fault.OnField("name_zh", "servicerequest.error.name")
		}
		if (in.QuotaCount == 0) != (in.QuotaDays == 0) {
			return fault.OnField("quota_count", "servicerequest.error.quota_half")
		}
		if in.ServiceID != *i.ServiceID && !s.desk.Can(ctx, ActionDraftItem, &authz.Facts{ServiceID: in.ServiceID}) {
			return fault.OnField("service_id", "servicerequest.error.other_service")
		}
		in.Form, in.Steps, in.Tasks = c.Form, c.Steps, c.Tasks
		if in.Picture == nil {
			in.Picture = c.Picture
		}
		*c, i.CategoryID, i.ServiceID = in.Content, in.CategoryID, &in.ServiceID
		return nil
	})
}

// ContentInput replaces the whole draft: what a program sends that keeps the
// catalogue elsewhere.
type ContentInput struct {
	Version int     `json:"version"`
	Content Content `json:"content"`
}

// Replace puts another content in the draft's place. It must be complete.
func (s *Service) Replace(ctx context.Context, id uuid.UUID, in ContentInput) (Item, error) {
	return s.edit(ctx, id, in.Version, in, "", func(_ *Item, c *Content) error {
		*c = in.Content
		return c.Check()
	})
}

// StepInput is an act that needs nothing but the version it saw.
type StepInput struct {
	Version int `json:"version"`
}

// SubmitItem hands the draft to the owner of its service.
func (s *Service) SubmitItem(ctx context.Context, id uuid.UUID, in StepInput) (Item, error) {
	return work.Update(ctx, s.desk, s.items, ActionDraftItem, id, in.Version, in, func(u *work.Unit, i *Item) error {
		if err := i.submit(); err != nil {
			return err
		}
		return s.announce(ctx, u, *i, "catalogue.submitted")
	})
}

// announce tells those who answer for an item, and those who work on its
// draft.
func (s *Service) announce(ctx context.Context, u *work.Unit, i Item, name string, more ...uuid.UUID) error {
	to, err := s.items.keepers(ctx, u.Tx, i.ServiceID, u.Now)
	if err != nil {
		return err
	}
	u.Announce(name, event.Subject{Path: "/catalogue/manage/" + i.ID.String(), Title: i.Name("zh-CN")}, append(to, more...)...)
	return nil
}

// ApproveInput puts the draft in force that the approver has read: Hash names
// it ("": whatever it is now).
type ApproveInput struct {
	Version int    `json:"version"`
	Hash    string `json:"hash"`
}

// ApproveItem puts the draft in force (S7: never one's own).
func (s *Service) ApproveItem(ctx context.Context, id uuid.UUID, in ApproveInput) (Item, error) {
	return work.Update(ctx, s.desk, s.items, ActionApproveItem, id, in.Version, in, func(u *work.Unit, i *Item) error {
		editors := i.Editors
		v, err := i.approve(work.NewID(), in.Hash, u.Actor.ID, u.Now)
		if err != nil {
			return err
		}
		s.items.addVersion(&u.Batch, v)
		u.Note("content", nil, v.Hash)
		return s.announce(ctx, u, *i, "catalogue.approved", editors...)
	})
}

// SendBackInput says what has to be mended.
type SendBackInput struct {
	Version int    `json:"version"`
	Reason  string `json:"reason" validate:"required,notblank,text,max=2000"`
}

// SendBack returns a draft that waits for approval.
func (s *Service) SendBack(ctx context.Context, id uuid.UUID, in SendBackInput) (Item, error) {
	return work.Update(ctx, s.desk, s.items, ActionSendBack, id, in.Version, in, func(u *work.Unit, i *Item) error {
		if err := i.sendBack(in.Reason); err != nil {
			return err
		}
		return s.announce(ctx, u, *i, "catalogue.sent_back", i.Editors...)
	})
}

// ReviewItem notes the yearly look at an item.
func (s *Service) ReviewItem(ctx context.Context, id uuid.UUID, in StepInput) (Item, error) {
	return work.Update(ctx, s.desk, s.items, ActionReviewItem, id, in.Version, in, func(u *work.Unit, i *Item) error {
		return i.review(u.Actor.ID, u.Now)
	})
}

// RetireItem takes an item out of the catalogue.
func (s *Service) RetireItem(ctx context.Context, id uuid.UUID, in StepInput) (Item, error) {
	return work.Update(ctx, s.desk, s.items, ActionReviewItem, id, in.Version, in, func(_ *work.Unit, i *Item) error { return i.retire() })
}

// RestoreItem brings a retired item back.
func (s *Service) RestoreItem(ctx context.Context, id uuid.UUID, in StepInput) (Item, error) {
	return work.Update(ctx, s.desk, s.items, ActionReviewItem, id, in.Version, in, func(u *work.Unit, i *Item) error { return i.restore(u.Now) })
}

// CategoryInput makes or changes a category of the catalogue.
type CategoryInput struct {
	ID       *uuid.UUID `json:"id"`
	Version  int        `json:"version"`
	NameZh   string     `json:"name_zh" validate:"omitempty,line,max=100"`
	NameEn   string     `json:"name_en" validate:"omitempty,line,max=100"`
	Icon     string     `json:"icon" validate:"omitempty,line,max=40"`
	Position int        `json:"position" validate:"min=0,max=10000"`
	Active   bool       `json:"active"`
}

// SaveCategory makes or changes a category.
func (s *Service) SaveCategory(ctx context.Context, in CategoryInput) (Category, error) {
	set := func(c *Category) error {
		c.NameZh, c.NameEn, c.Icon, c.Position, c.Active = strings.TrimSpace(in.NameZh), strings.TrimSpace(in.NameEn), in.Icon, in.Position, in.Active
		if c.NameZh == "" && c.NameEn == "" {
			return fault.OnField("name_zh", "servicerequest.error.name")
		}
		return nil
	}
	if in.ID != nil {
		return work.Update(ctx, s.desk, s.categories, ActionDraftItem, *in.ID, in.Version, in, func(_ *work.Unit, c *Category) error { return set(c) })
	}
	return work.Create(ctx, s.desk, s.categories, ActionDraftItem, in, func(u *work.Unit) (Category, error) {
		c := Category{ID: u.ID(), Version: 1, CreatedAt: u.Now, UpdatedAt: u.Now}
		return c, set(&c)
	})
}

// Managing is an item with what its keepers may do to it.
type Managing struct {
	Item
	Content  Content // of the draft, or in force where there is none
	Versions []Version
	People   map[uuid.UUID]identity.Person

	MayDraft, MayApprove, MayReview bool
}

// Manage reads an item for its keepers; for others it does not exist.
func (s *Service) Manage(ctx context.Context, id uuid.UUID) (Managing, error) {
	i, err := s.items.get(ctx, s.desk.DB, id)
	if err != nil {
		return Managing{}, err
	}
	who, err := identity.From(ctx)
	if err != nil {
		return Managing{}, err
	}
	f := i.Facts()
	m := Managing{Item: i, MayDraft: s.desk.Can(ctx, ActionDraftItem, &f), MayReview: s.desk.Can(ctx, ActionReviewItem, &f)}
	m.MayApprove = s.desk.Can(ctx, ActionApproveItem, &f) && !contains(i.Editors, who.ID)
	if !m.MayDraft && !s.desk.Can(ctx, ActionApproveItem, &f) {
		return Managing{}, fault.New(fault.NotFound, "error.not_found")
	}
	if m.Versions, err = s.items.versions(ctx, s.desk.DB, id); err != nil {
		return m, err
	}
	switch {
	case i.Draft != nil:
		m.Content = *i.Draft
	case len(m.Versions) > 0:
		m.Content = m.Versions[0].Content
	}
	ids := append([]uuid.UUID{i.CreatedBy}, i.Editors...)
	for _, v := range m.Versions {
		ids = append(ids, v.ApprovedBy)
	}
	for _, st := range m.Content.Steps {
		ids = append(ids, st.People...)
	}
	m.People, err = identity.People(ctx, s.desk.DB, ids...)
	return m, err
}

func contains(list []uuid.UUID, id uuid.UUID) bool {
	for _, x := range list {
		if x == id {
			return true
		}
	}
	return false
}

// ManagedItems lists the items that the actor keeps.
func (s *Service) ManagedItems(ctx context.Context) ([]Managed, error) {
	who, err := s.keeper(ctx)
	if err != nil {
		return nil, err
	}
	row, err := s.desk.Row(ActionDraftItem)
	if err != nil {
		return nil, err
	}
	scope := s.desk.Matrix.ReadScope(who, row)
	return s.items.managed(ctx, s.desk.DB, scope.All, scope.Services)
}

// keeper is the actor, if they keep any of the catalogue.
func (s *Service) keeper(ctx context.Context) (identity.Actor, error) {
	return s.desk.Permit(ctx, ActionDraftItem)
}

// MayKeep reports whether the actor keeps any of the catalogue.
func (s *Service) MayKeep(ctx context.Context) bool { return s.desk.Can(ctx, ActionDraftItem, nil) }

// Categories lists the categories of the catalogue.
func (s *Service) Categories(ctx context.Context) ([]Category, error) {
	return s.categories.list(ctx, s.desk.DB)
}

// Services lists the services that items belong to.
func (s *Service) Services(ctx context.Context) ([]ServiceName, error) {
	return s.items.services(ctx, s.desk.DB)
}

// Items lists the items that were ever in force, by name, for those who work on
// requests.
func (s *Service) Items(ctx context.Context) ([]ItemName, error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return nil, err
	}
	return s.items.named(ctx, s.desk.DB)
}
