package search

import (
	"slices"
	"strings"
)

// Query is what a person looks for, ready for PostgreSQL. The zero Query finds
// nothing.
type Query struct {
	sql string
	// Words are what to mark in the texts found.
	Words []string
}

// Empty reports whether there is nothing to look for.
func (q Query) Empty() bool { return q.sql == "" }

// maxTerms bounds how much one question may ask.
const maxTerms = 16

// Parse reads what a person typed: words, Chinese in any length, "exact
// phrases". Every part must occur; a part may also occur as one of its
// synonyms. The last letters of a word may be missing; letters alone may be
// pinyin initials of a title.
func Parse(text string, g Glossary) Query {
	var q Query
	var parts []string
	for _, piece := range pieces(text) {
		if len(parts) == maxTerms {
			break
		}
		if piece.exact {
			if s := phrase(runs(piece.text), false); s != "" {
				parts, q.Words = append(parts, s), append(q.Words, piece.text)
			}
			continue
		}
		alternatives := append([]string{piece.text}, g.Synonyms(piece.text)...)
		var or []string
		for i, a := range alternatives {
			if s := phrase(runs(a), i == 0); s != "" {
				or, q.Words = append(or, s), append(q.Words, a)
			}
		}
		if len(or) > 0 {
			parts = append(parts, "("+strings.Join(or, " | ")+")")
		}
	}
	q.sql = strings.Join(parts, " & ")
	return q
}

type piece struct {
	text  string
	exact bool
}

// pieces cuts a question at spaces and quotation marks of either language.
func pieces(text string) []piece {
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
		for _, w := range strings.Fields(s) {
			out = append(out, piece{w, false})
		}
	}
	return out
}

var markers = strings.NewReplacer("\x00", " ", "\x01", " ", `"`, "\x00\x01\x00", "“", "\x00\x01\x00", "”", "\x00\x01\x00", "「", "\x00\x01\x00", "」", "\x00\x01\x00")

// phrase asks for runs one after the other. With open the last word may go on.
func phrase(list []run, open bool) string {
	var parts []string
	for i, r := range list {
		switch {
		case r.han && len(r.text) == 1:
			parts = append(parts, lexeme(string(r.text), true))
		case r.han:
			var pairs []string
			for n := range len(r.text) - 1 {
				pairs = append(pairs, lexeme(string(r.text[n:n+2]), false))
			}
			parts = append(parts, strings.Join(pairs, " <-> "))
		default:
			w := word(r.text)
			s := lexeme(w, open && i == len(list)-1 && len(w) > 1)
			if open && len(list) == 1 && len(w) > 1 && len(w) <= maxInitial && strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") == "" {
				s = "(" + s + " | " + lexeme("~"+w, true) + ")"
			}
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	// A Latin word after Chinese has no fixed distance from it in a text with a
	// space between or without, so runs of different sorts need only both occur.
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
