package change

import (
	"context"

	"github.com/a-h/templ"

	"opsdesk/internal/queue"
	"opsdesk/internal/ui"
)

// hints are the keys that the foot of the list names.
var hints = [][2]string{{"J K", "ui.keys.move"}, {"/", "ui.keys.search"}, {"?", "ui.keys.help"}}

// look says how changes look in their list.
func (h handlers) look(ctx context.Context, rows []Row) (queue.Look, error) {
	services, err := h.s.Services(ctx)
	if err != nil {
		return queue.Look{}, err
	}
	offered := map[string][]ui.Option{
		"service": named(ctx, services)[1:], // without "none"
		"type":    options(ctx, "change.type.", string(Normal), string(Standard), string(Emergency)),
		"risk":    options(ctx, "change.risk.", string(Low), string(Medium), string(High)),
	}
	word := func(_ context.Context, field, v string) string {
		for _, o := range offered[field] {
			if o.Value == v {
				return o.Label
			}
		}
		return ""
	}
	return queue.Look{
		StateKey: "change.state.",
		Status:   func(s string) templ.Component { return stateOf(State(s)) }, Lamp: func(s string) templ.Component { return stateLamp(State(s)) },
		Name:   func(_ context.Context, n int) string { return rows[n].Title },
		Badges: func(n int) templ.Component { return rowBadges(rows[n]) },
		When:   func(n int) templ.Component { return rowWindow(rows[n]) },
		Cell: func(n int, column string) templ.Component {
			r := rows[n]
			switch column {
			case "type":
				return ui.Badge(typeColour(r.Type), "", ui.T(ctx, "change.type."+string(r.Type)))
			case "risk":
				return rowRisk(r)
			case "window":
				return rowText(windowText(ctx, r.WindowFrom, r.WindowTo))
			case "service":
				return rowText(word(ctx, "service", idText(r.ServiceID)))
			}
			return nil
		},
		Word: word, Offer: func(_ context.Context, field string) []ui.Option { return offered[field] },
		Top: listButtons(h.desk.Can(ctx, ActionCreate, nil)), Hints: hints,
	}, nil
}
