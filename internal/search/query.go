package search

import (
	"slices"
	"strings"
)

// Query is what a person looks for, ready for PostgreSQL. The zero Query finds
// nothing.
type Query struct {
	sql string
	// index is what the index is asked: the same with the beginnings of words for
	// words that may go on (see beginning), which finds no less.
	index string
	// loose is the index's question with one pair of each run of Chinese only: no
	// less is found by it, and the planner knows how many that is. It takes the
	// pairs of a run for independent of each other, which they never are.
	loose string
	// Words are what to mark in the texts found.
	Words []string
}

// Empty reports whether there is nothing to look for.
func (q Query) Empty() bool { return q.sql == "" }

// maxTerms bounds how much one question may ask.
const maxTerms = 16

// Parse reads what a person typed: words, Chinese in any length, "exact
// phrases", whose words stand next to each other. Every part must occur; a part may also occur as one of its
// synonyms. The last letters of a word may be missing; letters alone may be
// pinyin initials of a title.
func Parse(text string, g Glossary) Query {
	var q Query
	var parts, index, loose []string
	for _, piece := range pieces(text, g) {
		if len(parts) == maxTerms {
			break
		}
		if piece.exact {
			if s := sequence(runs(piece.text)); s != "" {
				parts, index, q.Words = append(parts, s), append(index, s), append(q.Words, piece.text)
				loose = append(loose, phrase(first(runs(piece.text)), whole))
			}
			continue
		}
		alternatives := append([]string{piece.text}, g.Synonyms(piece.text)...)
		var or, orIndex, orLoose []string
		for i, a := range alternatives {
			last, lastOfIndex := whole, whole
			if i == 0 {
				last, lastOfIndex = open, begins
			}
			if s := phrase(runs(a), last); s != "" {
				or, q.Words = append(or, s), append(q.Words, a)
				orIndex = append(orIndex, phrase(runs(a), lastOfIndex))
				orLoose = append(orLoose, phrase(first(runs(a)), lastOfIndex))
			}
		}
		if len(or) > 0 {
			parts, index, loose = append(parts, anyOf(or)), append(index, anyOf(orIndex)), append(loose, anyOf(orLoose))
		}
	}
	q.sql, q.index, q.loose = strings.Join(parts, " & "), strings.Join(index, " & "), strings.Join(loose, " & ")
	return q
}

func anyOf(list []string) string { return "(" + strings.Join(list, " | ") + ")" }

// first keeps one pair of each run of Chinese.
func first(list []run) []run {
	out := slices.Clone(list)
	for n, r := range out {
		if r.han {
			out[n].text = r.text[:min(2, len(r.text))]
		}
	}
	return out
}

type piece struct {
	text  string
	exact bool
}

// pieces cuts a question at spaces and quotation marks of either language; what
// the glossary has as one term stays one.
func pieces(text string, g Glossary) []piece {
	var out []piece
	quoted := false
	for _, s := range strings.FieldsFunc(markers.Replace(text), func(r rune) bool { return r == '\x00' }) {
		if s == "\x01" {
			quoted = !quoted
			continue
		}
		if quoted {
			out = append(out, piece{s, true})
			continue
		}
		for words := strings.Fields(s); len(words) > 0; {
			n := g.longest(words)
			out = append(out, piece{strings.Join(words[:n], " "), false})
			words = words[n:]
		}
	}
	return out
}

var markers = strings.NewReplacer("\x00", " ", "\x01", " ", `"`, "\x00\x01\x00", "“", "\x00\x01\x00", "”", "\x00\x01\x00", "「", "\x00\x01\x00", "」", "\x00\x01\x00")

// ending says how the last word of a question is meant.
type ending int

const (
	whole  ending = iota // as it is
	open                 // it may go on
	begins               // it may go on, as the index is asked: no less than open
)

// sequence asks for runs that stand next to each other. A word takes one place
// in a text and a run of n Chinese characters takes n, of which its last pair
// is the last but one (see Terms.Add).
func sequence(list []run) string {
	if len(list) == 0 {
		return ""
	}
	var b strings.Builder
	for i, r := range list {
		if i > 0 && list[i-1].han && len(list[i-1].text) > 1 {
			b.WriteString(" <2> ")
		} else if i > 0 {
			b.WriteString(" <-> ")
		}
		b.WriteString(asked(r))
	}
	return "(" + b.String() + ")"
}

// asked asks for one run as it is.
func asked(r run) string {
	switch {
	case !r.han:
		return lexeme(word(r.text), false)
	case len(r.text) == 1:
		return lexeme(string(r.text), true)
	}
	var pairs []string
	for n := range len(r.text) - 1 {
		pairs = append(pairs, lexeme(string(r.text[n:n+2]), false))
	}
	return strings.Join(pairs, " <-> ")
}

// phrase asks for runs that all occur.
func phrase(list []run, last ending) string {
	var parts []string
	for i, r := range list {
		switch {
		case r.han:
			parts = append(parts, asked(r))
		default:
			w := word(r.text)
			goesOn := last != whole && i == len(list)-1 && len(w) > 1
			s := lexeme(w, goesOn)
			if b, ok := beginning(w); ok && goesOn && last == begins {
				s = lexeme(b, false)
			}
			if last != whole && len(list) == 1 && len(w) > 1 && len(w) <= maxInitial && strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") == "" {
				s = "(" + s + " | " + lexeme("~"+w, true) + ")"
			}
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "(" + strings.Join(parts, ") & (") + ")"
}

func lexeme(s string, prefix bool) string {
	var b strings.Builder
	quote(&b, s)
	if prefix {
		b.WriteString(":*")
	}
	return b.String()
}

// Lexemes are the most telling words of a text, at most n of them in the order
// they stand: words of other scripts and the pairs of Chinese characters that
// are not everyday ones. Each is a question of its own, so that the caller can
// count how many another text shares.
func Lexemes(text string, n int) []string {
	var out []string
	add := func(w string) {
		if l := lexeme(w, false); !common[w] && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	for _, r := range runs(text) {
		if !r.han {
			if len(r.text) > 2 {
				add(word(r.text))
			}
			continue
		}
		for i := range max(0, len(r.text)-1) {
			add(string(r.text[i : i+2]))
		}
	}
	return out[:min(n, len(out))]
}

// common are words that say nothing about a fault.
var common = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields("the and for not can cannot with from this that have has was are our all when after since please help problem issue error today " +
		"不能 无法 问题 我的 你好 您好 请帮 帮忙 谢谢 今天 一直 出现 还是 已经 的时 时候 有时 我们 一下 怎么 什么 可以 没有 麻烦") {
		m[w] = true
	}
	return m
}()

// SQL is the question in the input syntax of tsquery.
func (q Query) SQL() string { return q.sql }

// TSQuery is the question as PostgreSQL reads it, for vectors that are kept
// elsewhere than in the index of records.
func (q Query) TSQuery() string { return q.sql }
