package comment

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
)

// maxMentions bounds how many people one text can call.
const maxMentions = 20

// maxName is how many characters after the @ may be a name without spaces.
const maxName = 8

// Mention is one @ of a text and whom it calls.
type Mention struct {
	// Name is what was written after the @.
	Name   string
	Person identity.Person
	// Several people have this name: the @ calls nobody until it says whom.
	Several bool
}

// call is an @ of a text: where it stands, in bytes, and the names that may
// stand after it, the longest first.
type call struct {
	at, sign int // sign is the length of the @ itself
	names    []string
}

// calls finds each @ of a text. One within a word, as in a mail address, calls
// nobody. Account names end where their characters end; Chinese names have no
// end of their own, so that each beginning may be one.
func calls(text string) []call {
	var out []call
	before := ' '
	for i, r := range text {
		inside := account(before)
		before = r
		if r != '@' && r != '＠' || inside {
			continue
		}
		c := call{at: i, sign: utf8.RuneLen(r)}
		rest := []rune(text[i+c.sign : min(len(text), i+c.sign+400)])
		n := 0
		for n < len(rest) && account(rest[n]) {
			n++
		}
		if name := strings.TrimRight(string(rest[:n]), "._-"); name != "" {
			c.names = []string{name}
		}
		if n == 0 {
			for n < len(rest) && n < maxName && unicode.IsLetter(rest[n]) && !account(rest[n]) {
				n++
			}
			for ; n > 1; n-- {
				c.names = append(c.names, string(rest[:n]))
			}
		}
		if len(c.names) > 0 {
			out = append(out, c)
		}
	}
	return out[:min(len(out), maxMentions)]
}

// account reports whether a character may stand in an account name.
func account(r rune) bool {
	return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r))
}

// Mentions finds whom some texts call: by account name, or by their name in
// Chinese. What is nobody's name is no mention. Nobody is called twice.
func Mentions(ctx context.Context, q db.Querier, texts ...string) ([]Mention, error) {
	var all []call
	var names []string
	for _, t := range texts {
		for _, c := range calls(t) {
			all, names = append(all, c), append(names, c.names...)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	found, err := identity.Named(ctx, q, names)
	if err != nil {
		return nil, err
	}
	var out []Mention
	seen := map[uuid.UUID]bool{}
	for _, c := range all {
		for _, name := range c.names {
			people := found[strings.ToLower(name)]
			if len(people) == 0 {
				continue
			}
			m := Mention{Name: name, Several: len(people) > 1}
			if !m.Several {
				m.Person = people[0]
			}
			if m.Several && !slices.ContainsFunc(out, func(x Mention) bool { return x.Several && x.Name == name }) || !m.Several && !seen[m.Person.ID] {
				out = append(out, m)
			}
			seen[m.Person.ID] = true
			break
		}
	}
	return out, nil
}

// Names maps what is written after an @ to the person's name for a reader of a
// language, for BodyWith.
func Names(list []Mention, lang string) map[string]string {
	out := map[string]string{}
	for _, m := range list {
		if !m.Several {
			out[strings.ToLower(m.Name)] = m.Person.Display(lang)
		}
	}
	return out
}

// mentions marks in a plain text whom it calls; names is what Names gave.
func mentions(text string, names map[string]string) []Span {
	var out []Span
	at := 0
	for _, c := range calls(text) {
		for _, name := range c.names {
			who, ok := names[strings.ToLower(name)]
			if !ok {
				continue
			}
			if c.at > at {
				out = append(out, Span{Text: text[at:c.at]})
			}
			at = c.at + c.sign + len(name)
			out = append(out, Span{Text: "@" + who, Mention: true})
			break
		}
	}
	if at < len(text) {
		out = append(out, Span{Text: text[at:]})
	}
	return out
}
