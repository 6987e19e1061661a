package configuration

import (
	"fmt"
	"strings"

	"rsc.io/qr"

	"opsdesk/internal/platform/fault"
)

// maxLabels is how many labels one page prints.
const maxLabels = 500

// layout is how labels lie on a sheet of A4. The measures of each stand in the
// style sheet under its key.
type layout struct {
	Key           string
	Columns, Rows int
}

// layouts are those that shops sell sheets for.
var layouts = []layout{{"3x8", 3, 8}, {"2x7", 2, 7}, {"3x7", 3, 7}, {"5x13", 5, 13}}

// each is how many labels one sheet has.
func (l layout) each() int { return l.Columns * l.Rows }

func layoutOf(key string) (layout, error) {
	if key == "" {
		return layouts[0], nil
	}
	for _, l := range layouts {
		if l.Key == key {
			return l, nil
		}
	}
	return layout{}, fault.OnField("layout", "validation.oneof")
}

// tagged is an item as its label shows it.
type tagged struct {
	ID       string `db:"id"`
	Number   int64  `db:"number"`
	Name     string `db:"name"`
	AssetTag string `db:"asset_tag"`
	URL      string `db:"-"`
	Code     square `db:"-"`
}

// Label is the number people use.
func (t tagged) Label() string { return Label(t.Number) }

// square is a QR code: the side of its picture with the quiet zone around it,
// and the dark modules as a path.
type square struct {
	Side int
	Path string
}

// quietZone is the light border that readers need, in modules.
const quietZone = 4

// code draws a text. Level M mends 15 %, which a scratched label needs.
func code(text string) (square, error) {
	c, err := qr.Encode(text, qr.M)
	if err != nil {
		return square{}, fmt.Errorf("code of %q: %w", text, err)
	}
	var b strings.Builder
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			from := x
			for x < c.Size && c.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+quietZone, y+quietZone, x-from, x-from)
			}
		}
	}
	return square{c.Size + 2*quietZone, b.String()}, nil
}

// sheets cuts labels into sheets; the first begins after some that are used up.
func sheets(list []tagged, l layout, skip int) [][]*tagged {
	cells := make([]*tagged, skip, skip+len(list))
	for n := range list {
		cells = append(cells, &list[n])
	}
	var out [][]*tagged
	for len(cells) > 0 {
		n := min(l.each(), len(cells))
		out = append(out, cells[:n])
		cells = cells[n:]
	}
	return out
}
