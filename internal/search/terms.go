package search

import (
	"strconv"
	"strings"
	"unicode"

	pinyin "github.com/mozillazg/go-pinyin"
	"golang.org/x/text/unicode/norm"
)

// Bounds of one text: PostgreSQL keeps positions up to 16383 and 256 of them
// per lexeme (textsearch limits), and nobody looks for the twenty-thousandth
// character of a log.
const (
	maxRunes   = 12000
	maxPerTerm = 200
	maxWord    = 64
	maxInitial = 8
)

// run is a stretch of text of one sort.
type run struct {
	text []rune
	han  bool
}

// runs folds a text (compatibility forms, case) and cuts it into runs of
// Chinese characters and words of letters and digits; everything else parts
// them.
func runs(text string) []run {
	var out []run
	var cur run
	end := func() {
		if len(cur.text) > 0 {
			out = append(out, cur)
		}
		cur = run{}
	}
	n := 0
	for _, r := range norm.NFKC.String(text) {
		if n++; n > maxRunes {
			break
		}
		switch han := ideographic(r); {
		case han || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) && len(cur.text) > 0:
			if len(cur.text) > 0 && cur.han != han {
				end()
			}
			cur.han = han
			cur.text = append(cur.text, unicode.ToLower(r))
		default:
			end()
		}
	}
	end()
	return out
}

// ideographic: scripts written without spaces are cut into pairs.
func ideographic(r rune) bool {
	return unicode.Is(unicode.Han, r) || unicode.Is(unicode.Hiragana, r) || unicode.Is(unicode.Katakana, r) || unicode.Is(unicode.Thai, r)
}

// Terms is a text as PostgreSQL's tsvector wants it, with positions so that
// phrases can be told from words that merely both occur.
type Terms struct {
	at    map[string][]int
	order []string
	next  int
}

func (t *Terms) put(lexeme string, at int) {
	if t.at == nil {
		t.at = map[string][]int{}
	}
	l, seen := t.at[lexeme]
	if !seen {
		t.order = append(t.order, lexeme)
	}
	if len(l) < maxPerTerm && at < 16383 && (len(l) == 0 || l[len(l)-1] != at) {
		l = append(l, at)
	}
	t.at[lexeme] = l
}

// Add takes a text in: of n Chinese characters in a row the n-1 pairs and the
// last one alone, so that the beginning of a lexeme finds any single
// character; of other scripts the words.
func (t *Terms) Add(text string) {
	for _, r := range runs(text) {
		if !r.han {
			t.next++
			w := word(r.text)
			t.put(w, t.next)
			if b, ok := beginning(w); ok {
				t.put(b, t.next)
			}
			continue
		}
		for i := range r.text {
			t.next++
			t.put(string(r.text[i:min(i+2, len(r.text))]), t.next)
		}
	}
	t.next += 2 // a phrase does not reach from one text into the next
}

// AddTitle takes a title in, and the pinyin initials of its Chinese, so that
// dyj finds 打印机.
func (t *Terms) AddTitle(text string) {
	t.Add(text)
	for _, r := range runs(text) {
		if r.han {
			all := Initials(string(r.text))
			for i := range all {
				t.put("~"+all[i:min(i+maxInitial, len(all))], 1)
			}
		}
	}
}

// beginning is the lexeme of how a word of Latin letters begins. Looking for
// 'projector':* makes PostgreSQL gather every record that has such a word,
// however few are wanted of them; one lexeme is read only as far as it must be.
// Serial numbers and the like begin alike by the thousand and have none.
func beginning(w string) (string, bool) {
	const letters = 5
	if len(w) < letters || strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") != "" {
		return "", false
	}
	return "^" + w[:letters], true
}

func word(r []rune) string { return string(r[:min(len(r), maxWord)]) }

// Initials are the first letters of the pinyin of a text; characters without
// pinyin are left out.
func Initials(text string) string {
	var b strings.Builder
	for _, s := range pinyin.LazyPinyin(text, pinyin.NewArgs()) {
		b.WriteByte(s[0])
	}
	return b.String()
}

// Vector writes the terms in the input syntax of tsvector.
func (t *Terms) Vector() string {
	var b strings.Builder
	for i, l := range t.order {
		if i > 0 {
			b.WriteByte(' ')
		}
		quote(&b, l)
		for n, at := range t.at[l] {
			b.WriteByte(":,"[min(n, 1)])
			b.WriteString(strconv.Itoa(at))
		}
	}
	return b.String()
}

var quoting = strings.NewReplacer(`'`, `''`, `\`, `\\`)

// quote writes a lexeme in quotes, as tsvector and tsquery read it.
func quote(b *strings.Builder, lexeme string) {
	b.WriteByte('\'')
	b.WriteString(quoting.Replace(lexeme))
	b.WriteByte('\'')
}
