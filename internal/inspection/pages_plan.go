package inspection

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/ui"
)

func (p planProps) title(ctx context.Context) string {
	if p.isNew() {
		return ui.T(ctx, "inspection.plan_new")
	}
	return ui.T(ctx, "inspection.plan_edit_name", "name", i18n.Pick(ctx, p.NameZh, p.NameEn))
}

func (p planProps) personName(ctx context.Context) string {
	id, err := uuid.Parse(p.Get("person_id", idText(p.PersonID)))
	if err != nil {
		return ""
	}
	return p.People[id].Display(i18n.Lang(ctx))
}

func classText(p planProps) string {
	if p.Selection == nil {
		return ""
	}
	return p.Selection.ClassID.String()
}

func critText(p planProps) string { return orEmpty(p.selection().Criticality) }

func criticalities(ctx context.Context) []ui.Option {
	var out []ui.Option
	for n := 1; n <= 4; n++ {
		out = append(out, ui.Option{Value: strconv.Itoa(n), Label: ui.T(ctx, "inspection.criticality", "n", n)})
	}
	return out
}

func orEmpty(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// overdue counts those of a short list that should have been finished.
func overdue(list []Brief, now time.Time) (n int) {
	for _, b := range list {
		if b.Overdue(now) {
			n++
		}
	}
	return n
}

// numberLabel is a point with its unit.
func numberLabel(ctx context.Context, x Point) string {
	if x.Unit == "" {
		return pointText(ctx, x)
	}
	return ui.T(ctx, "inspection.with_unit", "point", pointText(ctx, x), "unit", x.Unit)
}
