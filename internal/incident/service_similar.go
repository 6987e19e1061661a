package incident

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"opsdesk/internal/search"
)

// minSimilar is from how many characters on a text says enough to look for
// others like it.
const minSimilar = 6

// SimilarInput is what is known of a report so far.
type SimilarInput struct {
	Title       string     `json:"title" validate:"omitempty,max=200"`
	Description string     `json:"description" validate:"omitempty,max=20000"`
	Device      string     `json:"device" validate:"omitempty,max=200"`
	CategoryID  *uuid.UUID `json:"category_id"`
	RequesterID *uuid.UUID `json:"requester_id"`
}

// Similar lists open incidents that may be about the same fault, the most
// alike first, at most 5. It looks only at what the actor may see: to staff
// that is their own and what they follow, so that a hint tells nobody of a
// report they could not open.
func (s *Service) Similar(ctx context.Context, in SimilarInput) ([]Alike, error) {
	return s.similar(ctx, in, uuid.Nil)
}

// SimilarTo is Similar for an incident that the actor may see.
func (s *Service) SimilarTo(ctx context.Context, id uuid.UUID) ([]Alike, error) {
	i, _, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if !i.State.Open() {
		return nil, nil
	}
	return s.similar(ctx, SimilarInput{Title: i.Title, Device: i.Device, CategoryID: i.CategoryID, RequesterID: &i.RequesterID}, i.ID)
}

func (s *Service) similar(ctx context.Context, in SimilarInput, except uuid.UUID) ([]Alike, error) {
	text := strings.TrimSpace(strings.ToValidUTF8(in.Title, ""))
	if text == "" {
		text = title("", strings.ToValidUTF8(in.Description, ""))
	}
	if weight(text) < minSimilar {
		return nil, nil
	}
	words := search.Lexemes(text, 14)
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil || len(words) == 0 || v.Never() {
		return nil, err
	}
	return s.repo.alike(ctx, s.desk.DB, v, looksLike{
		lexemes: words, category: in.CategoryID, requester: in.RequesterID, device: strings.ToLower(strings.TrimSpace(strings.ToValidUTF8(in.Device, ""))),
		except: except, since: s.desk.Now().Add(-alikeSince),
	})
}

// weight is how much a text says: Chinese characters count twice.
func weight(text string) int {
	return utf8.RuneCountInString(text) + len([]rune(strings.Map(func(r rune) rune {
		if r < 0x2e80 {
			return -1
		}
		return r
	}, text)))
}
