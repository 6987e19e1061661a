package servicerequest

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
)

// Views are the lists by name.
var Views = []string{"open", "mine", "team", "approving", "pending", "fulfilled", "closed", "all"}

// Filter narrows and orders a list of requests; zero values mean any.
type Filter struct {
	View     string
	Text     string // words or a number
	Sort     string // due, priority, updated, created
	Priority int
	Team     *uuid.UUID
	Item     *uuid.UUID
	After    *Cursor
	Limit    int

	requester *uuid.UUID // whose requests
}

// everything is the view that also holds drafts; only one's own are asked for
// with it.
const everything = "everything"

// Cursor is the place after the last row shown.
type Cursor struct {
	Priority int
	Due      string // of the order by time left; "infinity" for none
	At       time.Time
	ID       uuid.UUID
}

// ParseFilter reads a filter from an address. Unknown values are refused, so
// that a mistyped filter never shows more than was meant.
func ParseFilter(q url.Values) (Filter, error) {
	f := Filter{View: q.Get("view"), Sort: q.Get("sort"), Text: strings.TrimSpace(q.Get("q"))}
	if f.View != "" && !slices.Contains(Views, f.View) {
		return f, fault.OnField("view", "validation.oneof")
	}
	if _, ok := orders[f.Sort]; f.Sort != "" && !ok {
		return f, fault.OnField("sort", "validation.oneof")
	}
	if len(f.Text) > 200 || strings.ContainsRune(f.Text, 0) || !utf8.ValidString(f.Text) {
		return f, fault.OnField("q", "validation.text")
	}
	if s := q.Get("priority"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 4 {
			return f, fault.OnField("priority", "validation.number")
		}
		f.Priority = n
	}
	for name, to := range map[string]**uuid.UUID{"team": &f.Team, "item": &f.Item} {
		if s := q.Get(name); s != "" {
			id, err := uuid.Parse(s)
			if err != nil {
				return f, fault.OnField(name, "validation.uuid")
			}
			*to = &id
		}
	}
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 200 {
			return f, fault.OnField("limit", "validation.number")
		}
		f.Limit = n
	}
	return f, nil
}
