package inspection

import (
	"net/url"
	"testing"

	"opsdesk/internal/platform/fault"
)

// TestARowMovesUp with everything that was typed in it, what is not ticked and
// what cannot be read as a number too; outside of the list nothing moves.
func TestARowMovesUp(t *testing.T) {
	t.Parallel()
	typed := func() url.Values {
		return url.Values{
			"points.1.key": {"a"}, "points.1.zh": {"温度"}, "points.1.kind": {"number"}, "points.1.upper": {"many"}, "points.1.required": {"on"},
			"points.2.key": {"b"}, "points.2.zh": {"指示灯"}, "points.2.en": {"Lamp"}, "points.2.kind": {"check"}, "points.2.upper": {""},
			"points.3.zh": {""}, "points.3.kind": {"check"},
		}
	}
	for _, row := range []int{-1, 0, 1, 4, 1000} {
		form := typed()
		moveUp(form, row)
		if form.Encode() != typed().Encode() {
			t.Errorf("row %d: %v", row, form)
		}
	}
	form := typed()
	moveUp(form, 2)
	want := url.Values{
		"points.1.key": {"b"}, "points.1.zh": {"指示灯"}, "points.1.en": {"Lamp"}, "points.1.kind": {"check"}, "points.1.upper": {""},
		"points.2.key": {"a"}, "points.2.zh": {"温度"}, "points.2.kind": {"number"}, "points.2.upper": {"many"}, "points.2.required": {"on"},
		"points.3.zh": {""}, "points.3.kind": {"check"},
	}
	if form.Encode() != want.Encode() {
		t.Errorf("%v", form)
	}
	moveUp(form, 2)
	if form.Encode() != typed().Encode() {
		t.Errorf("twice is not as before: %v", form)
	}
	f := fault.New(fault.Invalid, "error.invalid")
	if got := pointsIn(form, f); len(got) != 2 || got[0].Zh != "温度" {
		t.Errorf("%+v", got)
	}
}
