// Package timeline is what was said and done on a record, in the order it
// happened: replies, notes for those who may read them, files and acts.
package timeline

import (
	"context"
	"maps"
	"slices"
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
// notes says whether the reader may see internal notes, shown what they may see
// of an act, and nil where nothing. Access to the record is the caller's to check.
func Read(ctx context.Context, q db.Querier, id uuid.UUID, notes bool, shown func(trail.Diff) trail.Diff) (items []Item, files []attachment.File, err error) {
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
		if diff = shown(diff); diff != nil {
			items = append(items, Item{At: entries[n].OccurredAt, Entry: &entries[n], Diff: diff})
		}
	}
	sort.SliceStable(items, func(a, b int) bool { return items[a].At.Before(items[b].At) })
	return items, files, nil
}

// Whole shows every act with all that it changed.
func Whole(d trail.Diff) trail.Diff { return d }

// For is what a reader is shown of an act: those who work on the record all of
// it, but for what is internal where they may not read its notes; its requester
// and who follows it the steps of its life only, and of a step just what the
// record itself tells them.
func For(agent, notes bool) func(trail.Diff) trail.Diff {
	switch {
	case !agent:
		return steps
	case !notes:
		return outside
	}
	return Whole
}

// internal are facts of an act that hold the words of a note.
var internal = []string{"remark", "note_text"}

// outside leaves out what is internal.
func outside(d trail.Diff) trail.Diff {
	if !slices.ContainsFunc(internal, func(f string) bool { _, ok := d[f]; return ok }) {
		return d
	}
	d = maps.Clone(d)
	for _, f := range internal {
		delete(d, f)
	}
	return d
}

func steps(d trail.Diff) trail.Diff {
	if _, ok := d["state"]; !ok {
		return nil
	}
	out := trail.Diff{}
	for _, f := range []string{"state", "pending_reason", "cancel_reason", "resolution_code"} {
		if v, ok := d[f]; ok {
			out[f] = v
		}
	}
	return out
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
