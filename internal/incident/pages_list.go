package incident

import (
	"context"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"opsdesk/internal/queue"
	"opsdesk/internal/ui"
)

// hints are the keys that the foot of the queue names.
var hints = [][2]string{{"J K", "ui.keys.move"}, {"X", "ui.keys.select"}, {"I", "ui.keys.claim"}, {"E", "ui.keys.resolve"}, {"/", "ui.keys.search"}, {"?", "ui.keys.help"}}

// look says how incidents look in their list.
func (h handlers) look(ctx context.Context, f Filter, rows []Row) (queue.Look, error) {
	c, err := h.s.Config(ctx)
	if err != nil {
		return queue.Look{}, err
	}
	parents, err := h.s.parents(ctx, f)
	if err != nil {
		return queue.Look{}, err
	}
	number := func(id uuid.UUID) string { return parents[id].Number }
	return queue.Look{
		StateKey: "ui.state.", PendingKey: "incident.pending_reason.", Status: ui.Status, Lamp: ui.StatusIcon,
		Name:   func(_ context.Context, n int) string { return rows[n].Title },
		Badges: func(n int) templ.Component { return rowBadges(rows[n]) },
		Cell:   func(n int, column string) templ.Component { return cell(ctx, c, rows[n], column) },
		Word:   func(ctx context.Context, field, v string) string { return word(ctx, c, number, field, v) },
		Offer: func(ctx context.Context, field string) []ui.Option {
			if field != "parent" {
				return offered(ctx, c, field)
			}
			var out []ui.Option
			for id, e := range parents {
				out = append(out, ui.Option{Value: id.String(), Label: e.Number})
			}
			return out
		},
		Top: newButton(), Acts: acts, Hints: hints, Previewed: true,
	}, nil
}

// cell is a column that only incidents have; nil for another.
func cell(ctx context.Context, c Config, r Row, column string) templ.Component {
	switch column {
	case "category":
		return rowText(orNone(ctx, choiceName(ctx, c.Categories, r.CategoryID)))
	case "service":
		return rowText(orNone(ctx, choiceName(ctx, c.Services, r.ServiceID)))
	case "channel":
		return rowText(ui.T(ctx, "incident.channel."+r.Channel))
	}
	return nil
}

// word is a value of a field that only incidents have.
func word(ctx context.Context, c Config, number func(uuid.UUID) string, field, v string) string {
	switch field {
	case "major":
		return ui.T(ctx, "incident.major."+v)
	case "channel":
		return ui.T(ctx, "incident.channel."+v)
	}
	id, err := uuid.Parse(v)
	if err != nil {
		return v
	}
	switch field {
	case "category":
		return choiceName(ctx, c.Categories, &id)
	case "service":
		return choiceName(ctx, c.Services, &id)
	}
	return number(id)
}

// offered are the values of such a field.
func offered(ctx context.Context, c Config, field string) []ui.Option {
	switch field {
	case "major":
		return keyed(ctx, "incident.major.", Majors[:])
	case "channel":
		return keyed(ctx, "incident.channel.", Channels[:])
	case "category":
		return choiceOptions(ctx, c.Categories, nil)
	}
	return choiceOptions(ctx, c.Services, nil)
}
