package incident

import (
	"context"
	"net/http"

	"github.com/google/uuid"
)

type (
	itemOut struct {
		ID     uuid.UUID `json:"id"`
		Number string    `json:"number"`
		Name   string    `json:"name"`
	}
	itemsOut struct {
		Items []itemOut `json:"items"`
	}
)

func (a api) items(w http.ResponseWriter, r *http.Request) error {
	return part(w, r, a.s, func(ctx context.Context, id uuid.UUID) (itemsOut, error) {
		l, err := a.s.AffectedItems(ctx, id)
		out := itemsOut{[]itemOut{}}
		for _, e := range l {
			out.Items = append(out.Items, itemOut{e.ID, e.Number, e.Title})
		}
		return out, err
	})
}
