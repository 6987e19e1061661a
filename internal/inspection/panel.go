package inspection

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/ui"
)

// Panel shows on the page of an item how it was inspected.
type Panel struct{ S *Service }

// OfItem is the panel of an item; it shows nothing where there is nothing that
// the reader may see.
func (p Panel) OfItem(ctx context.Context, item uuid.UUID) (templ.Component, error) {
	r, err := p.S.ItemRecord(ctx, item)
	if err != nil || len(r.Last) == 0 {
		return templ.NopComponent, err
	}
	return itemPanel(r), nil
}

// The box that a course is drawn in.
const sparkWidth, sparkHeight = 140.0, 34.0

// spark is a course as a drawing.
type spark struct {
	Line  string      // points of the line
	Bad   [][2]string // where it was a finding
	Lower string      // heights of the bounds; "" outside the drawing
	Upper string
}

// draw puts a course into its box, with the bounds that lie within.
func (c Course) draw() spark {
	low, high := *c.Values[0].Number, *c.Values[0].Number
	for _, v := range c.Values {
		low, high = min(low, *v.Number), max(high, *v.Number)
	}
	for _, b := range []*float64{c.Point.Lower, c.Point.Upper} {
		if b != nil {
			low, high = min(low, *b), max(high, *b)
		}
	}
	if high == low {
		low, high = low-1, high+1
	}
	y := func(n float64) string {
		return fmt.Sprintf("%.1f", 3+(sparkHeight-6)*(high-n)/(high-low))
	}
	var out spark
	var line []string
	for i, v := range c.Values {
		x := sparkWidth / 2
		if len(c.Values) > 1 {
			x = 3 + (sparkWidth-6)*float64(i)/float64(len(c.Values)-1)
		}
		at := [2]string{fmt.Sprintf("%.1f", x), y(*v.Number)}
		line = append(line, at[0]+","+at[1])
		if v.Finding {
			out.Bad = append(out.Bad, at)
		}
	}
	out.Line = strings.Join(line, " ")
	if c.Point.Lower != nil {
		out.Lower = y(*c.Point.Lower)
	}
	if c.Point.Upper != nil {
		out.Upper = y(*c.Point.Upper)
	}
	return out
}

// said is the course in words, for those who do not see it.
func (c Course) said(ctx context.Context) string {
	var out []string
	for _, v := range c.Values {
		out = append(out, number(*v.Number))
	}
	return ui.T(ctx, "inspection.course_said", "point", pointText(ctx, c.Point), "values", strings.Join(out, ", "))
}

// latest are the last readings of a course, the newest first.
func (c Course) latest(n int) []CourseValue {
	out := slices.Clone(c.Values[max(0, len(c.Values)-n):])
	slices.Reverse(out)
	return out
}

func (r ItemRecord) person(ctx context.Context, id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return r.People[*id].Display(i18n.Lang(ctx))
}

func pickName(ctx context.Context, b Brief) string { return i18n.Pick(ctx, b.NameZh, b.NameEn) }

func itoa(n int) string { return strconv.Itoa(n) }
