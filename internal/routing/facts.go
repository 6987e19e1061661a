package routing

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"opsdesk/internal/sla"
)

// Facts is everything a condition can ask about a record. The field names of
// the expression language are the tags; they are stable, since published rules
// use them.
type Facts struct {
	Kind string `expr:"kind"`
	// Category and Department hold the ids of the thing itself and of all
	// above it, so that "network" also means "network / wireless".
	Category     []string `expr:"category"`
	Service      string   `expr:"service"`
	Department   []string `expr:"department"`
	Team         string   `expr:"team"` // that it goes to so far
	Title        string   `expr:"title"`
	Text         string   `expr:"text"` // title and description
	Location     string   `expr:"location"`
	Channel      string   `expr:"channel"`
	Priority     int      `expr:"priority"`
	Impact       int      `expr:"impact"`
	Urgency      int      `expr:"urgency"`
	VIP          bool     `expr:"vip"` // the requester
	Confidential bool     `expr:"confidential"`
	InHours      bool     `expr:"in_hours"` // made within the desk's working hours
	Workday      bool     `expr:"workday"`
	Hour         int      `expr:"hour"`    // 0 to 23, in the company's zone
	Weekday      int      `expr:"weekday"` // 1 Monday to 7 Sunday
}

// At fills in what the clock says about a record made at an instant, by the
// company's calendar.
func (f *Facts) At(at time.Time, c *sla.Calendar) {
	r := c.At(at)
	t := at.In(r.Location())
	hours, _ := r.On(t.Format(time.DateOnly), t.Weekday())
	f.Workday, f.Hour, f.Weekday = len(hours) > 0, t.Hour(), (int(t.Weekday())+6)%7+1
	f.InHours = c.Elapsed(at, at.Add(time.Second)) > 0
}

// mentions reports whether the text holds one of the words. Letters compare
// without case. A word of Latin letters stands alone ("vpn" is not in "vpnx");
// with a star at its end it may go on ("print*"). Chinese is found anywhere,
// since it has no spaces.
func mentions(text string, words ...string) bool {
	text = strings.ToLower(text)
	for _, w := range words {
		if found(text, strings.ToLower(strings.TrimSpace(w))) {
			return true
		}
	}
	return false
}

// found looks for one lower-case word in a lower-case text, in time that grows
// with the length of the text only.
func found(text, w string) bool {
	w, open := strings.CutSuffix(w, "*")
	if w == "" {
		return false
	}
	first, _ := utf8.DecodeRuneInString(w)
	last, _ := utf8.DecodeLastRuneInString(w)
	for at := 0; ; {
		n := strings.Index(text[at:], w)
		if n < 0 {
			return false
		}
		begin, end := at+n, at+n+len(w)
		before, _ := utf8.DecodeLastRuneInString(text[:begin])
		after, _ := utf8.DecodeRuneInString(text[end:])
		if (begin == 0 || !latin(first) || !latin(before)) && (open || end == len(text) || !latin(last) || !latin(after)) {
			return true
		}
		at = end
	}
}

// latin: such letters make words with their neighbours; Chinese ones do not.
func latin(r rune) bool {
	return r < 0x2e80 && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// begins reports whether the text begins with one of the words, without case.
func begins(text string, words ...string) bool {
	text = strings.ToLower(strings.TrimSpace(text))
	for _, w := range words {
		if w = strings.ToLower(strings.TrimSpace(w)); w != "" && strings.HasPrefix(text, w) {
			return true
		}
	}
	return false
}

// within reports whether a path holds one of the ids.
func within(path []string, ids ...string) bool {
	for _, p := range path {
		for _, id := range ids {
			if p == id {
				return true
			}
		}
	}
	return false
}
