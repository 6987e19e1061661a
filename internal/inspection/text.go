package inspection

import (
	"strconv"
	"strings"

	"opsdesk/internal/platform/i18n"
)

// number writes a number as it was typed.
func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// valueText is a reading in words.
func valueText(m *i18n.Messages, p Point, r Reading) string {
	switch {
	case r.Verdict != "":
		return m.T("inspection.verdict." + string(r.Verdict))
	case r.Number != nil:
		return strings.TrimSpace(number(*r.Number) + " " + p.Unit)
	}
	return r.Text
}

// boundsText is what a number should be between; "" for anything.
func boundsText(m *i18n.Messages, p Point) string {
	switch {
	case p.Lower != nil && p.Upper != nil:
		return strings.TrimSpace(number(*p.Lower) + "–" + number(*p.Upper) + " " + p.Unit)
	case p.Lower != nil:
		return m.T("inspection.at_least", "value", strings.TrimSpace(number(*p.Lower)+" "+p.Unit))
	case p.Upper != nil:
		return m.T("inspection.at_most", "value", strings.TrimSpace(number(*p.Upper)+" "+p.Unit))
	}
	return ""
}
