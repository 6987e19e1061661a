package incident

import (
	"context"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/queue"
	"opsdesk/internal/record"
)

// paletteEach is how many records of a kind the palette shows.
const paletteEach = 5

// FindAlso says which other lists the palette looks in, and of which kinds
// beside these it shows what a person opened last. It is called while wiring.
func (s *Service) FindAlso(also []queue.Source, known ...queue.Source) { s.also, s.known = also, known }

// sources are the lists of the palette, incidents first.
func (s *Service) sources() []queue.Source {
	return append([]queue.Source{s.queue.Source()}, s.also...)
}

// Find looks records up for the command palette, of every practice that the
// actor may read: those with that number first, then by what is written on
// them, the newest first.
func (s *Service) Find(ctx context.Context, text string) ([]queue.Hit, error) {
	found, _, err := queue.Find(ctx, s.desk, s.desk.DB, text, paletteEach, s.sources()...)
	return found, err
}

// Found is what the palette shows for a text.
type Found struct {
	Rows   []queue.Hit
	Lists  []queue.Source   // that have some of the rows, or may have
	Items  []record.Summary // of configuration
	People []identity.Person
}

// look looks for records and for people at once, as far as they are asked for.
// Items and people are for those who work at the desk.
func (s *Service) look(ctx context.Context, text string, records, people bool) (out Found, err error) {
	who, err := identity.From(ctx)
	if err != nil {
		return out, err
	}
	var reads []func(db.Querier) error
	if records {
		reads = append(reads, func(q db.Querier) (err error) {
			out.Rows, out.Lists, err = queue.Find(ctx, s.desk, q, text, paletteEach, s.sources()...)
			return err
		})
	}
	if records && who.Agent() && s.items != nil {
		reads = append(reads, func(db.Querier) (err error) { out.Items, err = s.items.Look(ctx, text, paletteEach); return err })
	}
	if people && who.Agent() {
		reads = append(reads, func(q db.Querier) (err error) {
			out.People, err = identity.SearchPeople(ctx, q, text, false, s.desk.Now(), paletteEach)
			return err
		})
	}
	err = db.Together(ctx, s.desk.DB, reads...)
	return out, err
}

// Opened lists, of the numbers of records that a browser remembers, those that
// the actor may see now.
func (s *Service) Opened(ctx context.Context, numbers []string) ([]queue.Hit, error) {
	return queue.Seen(ctx, s.desk, s.desk.DB, numbers, append(s.sources(), s.known...)...)
}
