package servicerequest

import (
	"bytes"
	"context"
	"image"
	_ "image/jpeg" // sizes only; pictures are never decoded
	_ "image/png"  // sizes only
	"io"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/work"
)

// maxPicture is the largest picture of an item, in bytes.
const maxPicture = 400 << 10

// Picture is the picture of an item.
type Picture struct {
	ID        uuid.UUID `db:"id"`
	MediaType string    `db:"media_type"`
	Body      []byte    `db:"body"`
}

// SetPicture gives the draft of an item a picture: PNG or JPEG of at most
// 400 kB and 2000 pixels a side.
func (s *Service) SetPicture(ctx context.Context, id uuid.UUID, version int, r io.Reader) (Item, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxPicture+1))
	if err != nil {
		return Item{}, err
	}
	cfg, kind, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil || len(b) > maxPicture || cfg.Width > 2000 || cfg.Height > 2000 {
		return Item{}, fault.OnField("picture", "servicerequest.error.picture")
	}
	p := Picture{ID: work.NewID(), MediaType: "image/" + kind, Body: b}
	return work.Update(ctx, s.desk, s.items, ActionDraftItem, id, version, StepInput{version}, func(u *work.Unit, i *Item) error {
		c, err := s.drafted(ctx, u.Tx, *i)
		if err != nil {
			return err
		}
		s.items.addPicture(&u.Batch, p, u.Actor.ID, u.Now)
		c.Picture = &p.ID
		return i.edit(c, u.Actor.ID)
	})
}

// Picture reads a picture. Pictures of items are no secret within the company.
func (s *Service) Picture(ctx context.Context, id uuid.UUID) (Picture, error) {
	if _, err := identity.From(ctx); err != nil {
		return Picture{}, err
	}
	return s.items.picture(ctx, s.desk.DB, id)
}
