package servicerequest

import (
	"context"
	"strconv"

	"github.com/a-h/templ"

	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/queue"
	"opsdesk/internal/ui"
)

// hints are the keys that the foot of the list names.
var hints = [][2]string{{"J K", "ui.keys.move"}, {"X", "ui.keys.select"}, {"I", "ui.keys.claim"}, {"/", "ui.keys.search"}, {"?", "ui.keys.help"}}

// look says how requests look in their list.
func (h handlers) look(ctx context.Context, rows []Row) (queue.Look, error) {
	services, err := h.s.Services(ctx)
	if err != nil {
		return queue.Look{}, err
	}
	items, err := h.s.Items(ctx)
	if err != nil {
		return queue.Look{}, err
	}
	offered := map[string][]ui.Option{"service": serviceOptions(ctx, services), "item": itemOptions(ctx, items)}
	word := func(_ context.Context, field, v string) string {
		for _, o := range offered[field] {
			if o.Value == v {
				return o.Label
			}
		}
		return ""
	}
	return queue.Look{
		StateKey: "servicerequest.state.", PendingKey: "servicerequest.pending_reason.", Status: state, Lamp: func(s string) templ.Component { return stateLamp(s) },
		Name:   func(ctx context.Context, n int) string { return pick(i18n.Lang(ctx), rows[n].Title, rows[n].TitleEn) },
		Badges: func(n int) templ.Component { return secretBadge(rows[n].Confidential) },
		Cell: func(n int, column string) templ.Component {
			switch {
			case column == "service":
				return cellText(orNone(ctx, word(ctx, "service", idText(rows[n].ServiceID))))
			case column == "expected" && rows[n].ExpectedAt != nil:
				return ui.Time(*rows[n].ExpectedAt)
			case column == "expected":
				return templ.NopComponent
			}
			return nil
		},
		Word: word, Offer: func(_ context.Context, field string) []ui.Option { return offered[field] },
		Top: queueButtons(), Acts: acts, Hints: hints, Previewed: true,
	}, nil
}

func itemOptions(ctx context.Context, list []ItemName) []ui.Option {
	var out []ui.Option
	for _, x := range list {
		out = append(out, ui.Option{Value: x.ID.String(), Label: pick(i18n.Lang(ctx), x.NameZh, x.NameEn)})
	}
	return out
}

// levels are the three of impact or urgency.
func levels(ctx context.Context, field string) []ui.Option {
	var out []ui.Option
	for n := 3; n >= 1; n-- {
		out = append(out, ui.Option{Value: strconv.Itoa(n), Label: ui.T(ctx, "servicerequest."+field+"."+strconv.Itoa(n))})
	}
	return out
}

// next is the task that the reader would do next, and what they may do to it.
func (d Detail) next() *TaskView {
	for i := range d.Tasks {
		if d.Tasks[i].MayClaim || d.Tasks[i].MayDone || d.Tasks[i].MayOpen || d.Tasks[i].MayAssign && d.Tasks[i].State == TaskReady {
			return &d.Tasks[i]
		}
	}
	return nil
}

func levelText(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
