package servicerequest

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/search"
	"opsdesk/internal/work"
)

// Shelf is a category with what the reader may see of it.
type Shelf struct {
	Category
	Offers []Offer
}

// Browse lists the catalogue for the actor, by category; text narrows it.
func (s *Service) Browse(ctx context.Context, text string, favourites bool) ([]Shelf, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	w, err := s.items.viewer(ctx, s.desk.DB, who.ID, s.desk.Now())
	if err != nil {
		return nil, err
	}
	terms := ""
	if text != "" {
		g, err := search.LoadGlossary(ctx, s.desk.DB)
		if err != nil {
			return nil, err
		}
		q := search.Parse(text, g)
		if q.Empty() {
			return nil, nil
		}
		terms = q.TSQuery()
	}
	offers, err := s.items.offers(ctx, s.desk.DB, w, terms, favourites)
	if err != nil {
		return nil, err
	}
	categories, err := s.categories.list(ctx, s.desk.DB)
	if err != nil {
		return nil, err
	}
	var out []Shelf
	for _, c := range categories {
		sh := Shelf{Category: c}
		for _, o := range offers {
			if o.CategoryID == c.ID {
				sh.Offers = append(sh.Offers, o)
			}
		}
		if len(sh.Offers) > 0 {
			out = append(out, sh)
		}
	}
	return out, nil
}

// Offered is an item in force as somebody may order it.
type Offered struct {
	Item
	Content   Content
	VersionID uuid.UUID
	MayOrder  bool
	Favourite bool
	Service   string
}

// Offer reads an item in force for somebody, or says that there is none: what
// a person may not see does not exist for them, also by its address.
func (s *Service) Offer(ctx context.Context, id uuid.UUID, person uuid.UUID) (Offered, error) {
	i, err := s.items.get(ctx, s.desk.DB, id)
	if err != nil {
		return Offered{}, err
	}
	if i.State != ItemApproved || i.CurrentID == nil {
		return Offered{}, fault.New(fault.NotFound, "error.not_found")
	}
	v, err := s.items.version(ctx, s.desk.DB, *i.CurrentID)
	if err != nil {
		return Offered{}, err
	}
	w, err := s.items.viewer(ctx, s.desk.DB, person, s.desk.Now())
	if err != nil {
		return Offered{}, err
	}
	o := Offered{Item: i, Content: v.Content, VersionID: v.ID, MayOrder: v.Content.Order.Includes(w.Departments, w.Roles)}
	if !o.MayOrder && !v.Content.See.Includes(w.Departments, w.Roles) {
		return Offered{}, fault.New(fault.NotFound, "error.not_found")
	}
	o.Favourite, err = s.items.favourite(ctx, s.desk.DB, person, id)
	return o, err
}

// FavourInput keeps an item at hand, or ends that.
type FavourInput struct {
	On bool `json:"on"`
}

// Favour keeps an item among the actor's favourites. It is a bookmark, not an
// act, and so not in the trail.
func (s *Service) Favour(ctx context.Context, id uuid.UUID, in FavourInput) error {
	who, err := identity.From(ctx)
	if err != nil {
		return err
	}
	if _, err := s.Offer(ctx, id, who.ID); err != nil {
		return err
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		s.items.favour(&u.Batch, who.ID, id, in.On, u.Now)
		return nil
	})
}
