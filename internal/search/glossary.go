package search

import (
	"slices"
	"strings"
)

// Glossary holds groups of words that mean the same: who looks for one finds
// the others (宕机 = 停机 = down).
type Glossary [][]string

// DefaultGlossary is in force until an administrator writes another.
func DefaultGlossary() Glossary {
	return Glossary{
		{"宕机", "停机", "死机", "down", "crash"},
		{"打印机", "printer"},
		{"密码", "口令", "password"},
		{"邮箱", "邮件", "email", "mail"},
		{"网络", "network"},
		{"登录", "登陆", "login", "sign in"},
		{"蓝屏", "bluescreen", "bsod"},
		{"无线", "wifi", "wi-fi", "wlan"},
		{"服务器", "server"},
		{"数据库", "database"},
		{"电脑", "计算机", "computer", "pc"},
		{"慢", "卡顿", "slow"},
		{"磁盘", "硬盘", "disk"},
		{"备份", "backup"},
	}
}

// Synonyms lists the other ways to say a piece of a question: a word of a
// group becomes each other word of it, also within a run of Chinese.
func (g Glossary) Synonyms(piece string) []string {
	var out []string
	p := strings.ToLower(strings.TrimSpace(piece))
	for _, group := range g {
		for _, w := range group {
			w = strings.ToLower(w)
			if p != w && (!strings.Contains(p, w) || !ideographic([]rune(w)[0])) {
				continue
			}
			for _, other := range group {
				said := strings.ReplaceAll(p, w, other)
				if !ideographic([]rune(other)[0]) {
					said = strings.TrimSpace(strings.ReplaceAll(p, w, " "+other+" "))
				}
				if !strings.EqualFold(other, w) && !slices.Contains(out, said) && len(out) < 8 {
					out = append(out, said)
				}
			}
		}
	}
	return out
}

// longest is how many of some words, from the first on, are one term of the
// glossary; 1 where none is.
func (g Glossary) longest(words []string) int {
	n := 1
	for _, group := range g {
		for _, term := range group {
			parts := strings.Fields(term)
			if len(parts) > n && len(parts) <= len(words) && slices.EqualFunc(parts, words[:len(parts)], strings.EqualFold) {
				n = len(parts)
			}
		}
	}
	return n
}

// Text writes the groups as people edit them: one a line, parted by "=".
func (g Glossary) Text() string {
	lines := make([]string, len(g))
	for i, group := range g {
		lines[i] = strings.Join(group, " = ")
	}
	return strings.Join(lines, "\n")
}

// ParseGlossary reads what Text writes. bad is the first line, counted from 1,
// with fewer than two words or with one longer than 40 characters; 0 if all
// are well.
func ParseGlossary(text string) (g Glossary, bad int) {
	for n, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		var group []string
		for _, w := range strings.FieldsFunc(line, func(r rune) bool { return r == '=' || r == '＝' }) {
			if w = strings.TrimSpace(w); w != "" {
				if len([]rune(w)) > 40 {
					return nil, n + 1
				}
				group = append(group, w)
			}
		}
		if len(group) < 2 {
			return nil, n + 1
		}
		g = append(g, group)
	}
	return g, 0
}
