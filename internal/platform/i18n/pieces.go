package i18n

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// pieces is a text cut up at its placeholders: literal, name, literal, name, …,
// literal. Pages are made of hundreds of texts; a template for each of them
// costs a tenth of the page.
type pieces []string

var placeholder = regexp.MustCompile(`\{\{\s*\.(\w+)\s*\}\}`)

// cutUp reports whether a text has plain placeholders only.
func cutUp(text string) (pieces, bool) {
	var p pieces
	at := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		p = append(p, text[at:m[0]], text[m[2]:m[3]])
		at = m[1]
	}
	p = append(p, text[at:])
	for n := 0; n < len(p); n += 2 {
		if strings.Contains(p[n], "{{") {
			return nil, false
		}
	}
	return p, true
}

// join fills in name, value pairs; a name without a value shows as a template
// shows it.
func (p pieces) join(args []any) string {
	if len(p) == 1 {
		return p[0]
	}
	var b strings.Builder
	for n, s := range p {
		if n%2 == 0 {
			b.WriteString(s)
			continue
		}
		b.WriteString(value(args, s))
	}
	return b.String()
}

func value(args []any, name string) string {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == name {
			switch v := args[i+1].(type) {
			case string:
				return v
			case int:
				return strconv.Itoa(v)
			}
			return fmt.Sprint(args[i+1])
		}
	}
	return "<no value>"
}
