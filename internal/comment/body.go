package comment

import (
	"net/url"
	"regexp"
	"strings"
)

// Span is a piece of a text as it is shown: plain, a link, or a line break.
type Span struct {
	Text  string
	Href  string // a link, if not empty
	Break bool
	// Mention: the text is the name of somebody who was called.
	Mention bool
}

var linkRE = regexp.MustCompile(`(https?://[^\s<>"'，。；！？、（）【】《》]+|\bINC-\d{6,}\b)`)

// Paragraphs cuts a plain text into paragraphs of spans. Only http and https
// addresses and incident numbers become links; everything else stays text.
func Paragraphs(body string) [][]Span {
	var out [][]Span
	for _, p := range strings.Split(strings.ReplaceAll(strings.TrimSpace(body), "\r\n", "\n"), "\n\n") {
		var spans []Span
		for i, line := range strings.Split(strings.Trim(p, "\n"), "\n") {
			if i > 0 {
				spans = append(spans, Span{Break: true})
			}
			spans = append(spans, links(line)...)
		}
		out = append(out, spans)
	}
	return out
}

func links(line string) []Span {
	var out []Span
	at := 0
	for _, m := range linkRE.FindAllStringIndex(line, -1) {
		text := strings.TrimRight(line[m[0]:m[1]], ".,;:!?)")
		href := text
		if strings.HasPrefix(text, "INC-") {
			href = "/incidents/" + text
		} else if u, err := url.Parse(text); err != nil || u.Host == "" {
			continue
		}
		if m[0] > at {
			out = append(out, Span{Text: line[at:m[0]]})
		}
		out = append(out, Span{Text: text, Href: href})
		at = m[0] + len(text)
	}
	if at < len(line) {
		out = append(out, Span{Text: line[at:]})
	}
	return out
}
