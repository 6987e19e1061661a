package ui

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Own is something of the reader's own, of any practice, in plain words.
type Own struct {
	ID                  uuid.UUID
	Href, Number, Title string
	Icon, Colour        string
	Plain               string // message key of how it stands
	Open                bool   // somebody still owes something, the reader included
	Person              string // who is on it
	Progress            int    // 1 to 4
	Class               string // of the progress: "", ok or wait
	ProgressKey         string // message key that names the progress
	Updated             time.Time
}

// Newest merges lists of own things, the newest change first, and keeps n.
func Newest(n int, lists ...[]Own) []Own {
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, func(a, b Own) int {
		if c := b.Updated.Compare(a.Updated); c != 0 {
			return c
		}
		return cmp.Compare(b.ID.String(), a.ID.String())
	})
	return all[:min(n, len(all))]
}
