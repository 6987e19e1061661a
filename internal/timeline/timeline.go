// Package timeline is what was said and done on a record, in the order it
// happened: replies, notes for those who may read them, files and acts.
package timeline

import (
	"context"
	"sort"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/comment"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/trail"
)

// Limit bounds what one page shows of a long history.
const Limit = 300

// Item is one line: a reply, a note, or an act.
type Item struct {
	At      time.Time
	Comment *comment.Comment
	Files   []attachment.File
	Entry   *trail.Entry
	Diff    trail.Diff
}

// Read merges what belongs to a record; files that are no reply's come apart.
// notes says whether the reader may see internal notes, acts which acts they
// may. Access to the record is the caller's to check.
func Read(ctx context.Context, q db.Querier, id uuid.UUID, notes bool, acts func(trail.Diff) bool) (items []Item, files []attachment.File, err error) {
	said, err := comment.Replies(ctx, q, id, Limit)
	if err != nil {
		return nil, nil, db.Map(err)
	}
	if notes {
		n, err := comment.Notes(ctx, q, id, Limit)
		if err != nil {
			return nil, nil, db.Map(err)
		}
		said = append(said, n...)
	}
	all, err := attachment.List(ctx, q, id, notes)
	if err != nil {
		return nil, nil, db.Map(err)
	}
	by := map[uuid.UUID][]attachment.File{}
	for _, f := range all {
		if f.CommentID == nil {
			files = append(files, f)
			continue
		}
		by[*f.CommentID] = append(by[*f.CommentID], f)
	}
	for n := range said {
		items = append(items, Item{At: said[n].At, Comment: &said[n], Files: by[said[n].ID]})
	}
	entries, err := trail.OfRecord(ctx, q, id, Limit)
	if err != nil {
		return nil, nil, db.Map(err)
	}
	for n := range entries {
		diff, err := entries[n].Changes()
		if err != nil {
			return nil, nil, err
		}
		if acts(diff) {
			items = append(items, Item{At: entries[n].OccurredAt, Entry: &entries[n], Diff: diff})
		}
	}
	sort.SliceStable(items, func(a, b int) bool { return items[a].At.Before(items[b].At) })
	return items, files, nil
}

// People lists whose names the items show.
func People(items []Item) []uuid.UUID {
	var ids []uuid.UUID
	for _, it := range items {
		if it.Comment != nil {
			ids = append(ids, it.Comment.AuthorID)
		}
		if it.Entry != nil {
			ids = append(ids, it.Entry.ActorID)
			if it.Entry.BehalfID != nil {
				ids = append(ids, *it.Entry.BehalfID)
			}
		}
	}
	return ids
}
