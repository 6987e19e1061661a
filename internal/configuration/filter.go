package configuration

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
)

// Filter narrows and orders the list of items; zero values mean any.
type Filter struct {
	Class       *uuid.UUID // and those below it
	Lifecycle   string     // a state, or "living": neither retired nor disposed
	Operational string
	Owner       string // a person's id, "me" or "none"
	Service     *uuid.UUID
	Department  *uuid.UUID
	Location    string // beginning
	Criticality int
	Stale       bool
	Text        string // number, name, serial number, address, or words
	Sort        string // updated, name
	Limit       int
	CountTo     int
}

// ParseFilter reads a filter from an address. Unknown values are refused, so
// that a mistyped filter never shows more than was meant.
func ParseFilter(q url.Values) (Filter, error) {
	f := Filter{
		Lifecycle: q.Get("lifecycle"), Operational: q.Get("operational"), Owner: q.Get("owner"), Location: strings.TrimSpace(q.Get("location")),
		Stale: q.Get("stale") == "1" || q.Get("stale") == "true", Text: strings.TrimSpace(q.Get("q")), Sort: q.Get("sort"),
	}
	for name, to := range map[string]**uuid.UUID{"class": &f.Class, "service": &f.Service, "department": &f.Department} {
		if s := q.Get(name); s != "" {
			id, err := uuid.Parse(s)
			if err != nil {
				return f, fault.OnField(name, "validation.uuid")
			}
			*to = &id
		}
	}
	if f.Lifecycle != "" && f.Lifecycle != "living" && !slices.Contains(Lifecycles[:], Lifecycle(f.Lifecycle)) {
		return f, fault.OnField("lifecycle", "validation.oneof")
	}
	if f.Operational != "" && !slices.Contains(Operationals[:], Operational(f.Operational)) {
		return f, fault.OnField("operational", "validation.oneof")
	}
	if f.Owner != "" && f.Owner != "me" && f.Owner != "none" {
		if _, err := uuid.Parse(f.Owner); err != nil {
			return f, fault.OnField("owner", "validation.uuid")
		}
	}
	if f.Sort != "" && f.Sort != "updated" && f.Sort != "name" {
		return f, fault.OnField("sort", "validation.oneof")
	}
	for name, s := range map[string]string{"q": f.Text, "location": f.Location} {
		if len(s) > 200 || strings.ContainsRune(s, 0) || !utf8.ValidString(s) {
			return f, fault.OnField(name, "validation.text")
		}
	}
	if s := q.Get("criticality"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 4 {
			return f, fault.OnField("criticality", "validation.number")
		}
		f.Criticality = n
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

// Query writes the filter as an address; ParseFilter reads it back.
func (f Filter) Query() url.Values {
	q := url.Values{}
	for k, v := range map[string]string{
		"lifecycle": f.Lifecycle, "operational": f.Operational, "owner": f.Owner, "location": f.Location, "q": f.Text, "sort": f.Sort,
		"class": idText(f.Class), "service": idText(f.Service), "department": idText(f.Department),
	} {
		if v != "" {
			q.Set(k, v)
		}
	}
	if f.Criticality > 0 {
		q.Set("criticality", strconv.Itoa(f.Criticality))
	}
	if f.Stale {
		q.Set("stale", "1")
	}
	return q
}

// Narrowed reports whether the filter leaves anything out.
func (f Filter) Narrowed() bool {
	f.Sort = ""
	return len(f.Query()) > 0
}

func idText(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return id.String()
}
