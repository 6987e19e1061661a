package incident

import (
	"context"
	"slices"
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
// alike first, at most 5: among the newest, and the requester's own however old. It looks only at what the actor may see: to staff
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

// Known lists what is announced to the actor now and may be what they are
// writing about, the most alike first, at most 3: who reads it need not report
// it. It tells nothing that the actor is not told anyway.
func (s *Service) Known(ctx context.Context, in SimilarInput) ([]Announcement, error) {
	words := in.words()
	if len(words) == 0 {
		return nil, nil
	}
	list, err := s.Announcements(ctx)
	if err != nil {
		return nil, err
	}
	return knownAmong(list, words), nil
}

// knownShown bounds how many announcements a hint has.
const knownShown = 3

// knownAmong picks the announcements that share two words with a text, and a
// quarter of its words: a report has words of its own, and an announcement is
// short.
func knownAmong(list []Announcement, words []string) []Announcement {
	type scored struct {
		Announcement
		hits int
	}
	var found []scored
	for _, a := range list {
		said := search.Lexemes(strings.Join([]string{a.TitleZh, a.TitleEn, a.TextZh, a.TextEn}, " "), knownWords)
		hits := 0
		for _, w := range words {
			if slices.Contains(said, w) {
				hits++
			}
		}
		if hits >= min(2, len(words)) && 4*hits >= len(words) {
			found = append(found, scored{a, hits})
		}
	}
	slices.SortStableFunc(found, func(a, b scored) int { return b.hits - a.hits })
	var out []Announcement
	for _, f := range found[:min(knownShown, len(found))] {
		out = append(out, f.Announcement)
	}
	return out
}

// knownWords is how many words of an announcement are looked at.
const knownWords = 500

// words are the telling ones of what is known so far; none where that says too
// little.
func (in SimilarInput) words() []string {
	text := strings.TrimSpace(strings.ToValidUTF8(in.Title, ""))
	if text == "" {
		text = title("", strings.ToValidUTF8(in.Description, ""))
	}
	if weight(text) < minSimilar {
		return nil
	}
	return search.Lexemes(text, 14)
}

func (s *Service) similar(ctx context.Context, in SimilarInput, except uuid.UUID) ([]Alike, error) {
	words := in.words()
	if len(words) == 0 {
		return nil, nil
	}
	v, who, err := s.desk.Visibility(ctx, Kind)
	if err != nil || v.Never() {
		return nil, err
	}
	requester := who.ID // as it would be reported
	if in.RequesterID != nil {
		requester = *in.RequesterID
	}
	return s.repo.alike(ctx, s.desk.DB, v, looksLike{
		lexemes: words, category: in.CategoryID, requester: requester, device: strings.ToLower(strings.TrimSpace(strings.ToValidUTF8(in.Device, ""))),
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
