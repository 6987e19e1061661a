package change

import (
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
)

// Views of the list.
var Views = []string{"open", "mine", "planning", "scheduled", "running", "review", "closed", "all"}

// Sorts of the list.
var Sorts = []string{"due", "priority", "updated", "created"}

// Filter is what a list of changes is asked for.
type Filter struct {
	View  string
	Type  Type
	Risk  Level
	Text  string // words or a number
	Sort  string // one of Sorts; "": by what is due next
	After *Cursor
	Limit int
}

// Cursor is the place after the last row shown.
type Cursor struct {
	Priority int
	Due      string // of the order by what is due; "infinity" for none
	At       time.Time
	ID       uuid.UUID
}

// ParseFilter reads a filter from the parameters of an address.
func ParseFilter(q url.Values) (Filter, error) {
	f := Filter{View: q.Get("view"), Sort: q.Get("sort"), Text: strings.TrimSpace(q.Get("q")), Type: Type(q.Get("type")), Risk: Level(q.Get("risk"))}
	for name, c := range map[string]struct {
		v  string
		of []string
	}{
		"view": {f.View, Views}, "sort": {f.Sort, Sorts}, "type": {string(f.Type), []string{string(Normal), string(Standard), string(Emergency)}},
		"risk": {string(f.Risk), []string{string(Low), string(Medium), string(High)}},
	} {
		if c.v != "" && !slices.Contains(c.of, c.v) {
			return f, fault.OnField(name, "validation.oneof")
		}
	}
	if len(f.Text) > 200 || strings.ContainsRune(f.Text, 0) || !utf8.ValidString(f.Text) {
		return f, fault.OnField("q", "validation.text")
	}
	return f, nil
}

// open reports whether the list holds only what is not over: only then is there
// an order by what is due.
func (f Filter) open() bool {
	return f.View == "" || slices.Contains([]string{"open", "mine", "planning", "scheduled", "running"}, f.View)
}

func (f Filter) sorted() string {
	switch {
	case f.Sort != "" && (f.Sort != "due" || f.open()):
		return f.Sort
	case f.open():
		return "due"
	}
	return "updated"
}
