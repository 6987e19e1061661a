package inspection

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/civil"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/queue"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/ui"
)

// lamp is how a state looks, in the shapes that all records share.
func lamp(s State) string {
	switch s {
	case Planned:
		return "new"
	case InProgress:
		return "in_progress"
	case Done:
		return "resolved"
	}
	return "cancelled"
}

func stateColour(s State) string {
	switch s {
	case Planned, InProgress:
		return "blue"
	case Done:
		return "green"
	case Missed:
		return "red"
	}
	return "line"
}

// lifecycles are what a selection may ask of the lifecycle of items, whose words
// are those of configuration.
var lifecycles = []string{"living", "planned", "ordered", "stock", "staging", "production", "maintenance", "retired", "disposed"}

func lifecycleText(ctx context.Context, s string) string {
	if s == "living" {
		return ui.T(ctx, "inspection.lifecycle.living")
	}
	return ui.T(ctx, "configuration.lifecycle."+s)
}

func lifecycleOptions(ctx context.Context) []ui.Option {
	out := make([]ui.Option, len(lifecycles))
	for n, s := range lifecycles {
		out[n] = ui.Option{Value: s, Label: lifecycleText(ctx, s)}
	}
	return out
}

func planColour(s PlanState) string {
	switch s {
	case Active:
		return "green"
	case Paused:
		return "amber"
	}
	return "line"
}

// hints are the keys that the foot of the list names.
var hints = [][2]string{{"J K", "ui.keys.move"}, {"/", "ui.keys.search"}, {"?", "ui.keys.help"}}

// look says how inspections look in their list.
func (h handlers) look(ctx context.Context, rows []Row) (queue.Look, error) {
	services, err := h.s.repo.services(ctx, h.desk.DB)
	if err != nil {
		return queue.Look{}, err
	}
	offered := named(ctx, services)
	word := func(_ context.Context, field, v string) string {
		for _, o := range offered {
			if field == "service" && o.Value == v {
				return o.Label
			}
		}
		if field == "plan" && len(rows) > 0 {
			return i18n.Pick(ctx, rows[0].Title, rows[0].NameEn)
		}
		return ""
	}
	now := h.desk.Now()
	return queue.Look{
		StateKey: "inspection.state.",
		Status:   func(s string) templ.Component { return stateOf(State(s)) }, Lamp: func(s string) templ.Component { return stateLamp(State(s)) },
		Name:   func(ctx context.Context, n int) string { return i18n.Pick(ctx, rows[n].Title, rows[n].NameEn) },
		Badges: func(n int) templ.Component { return rowBadges(rows[n], now) },
		When:   func(n int) templ.Component { return rowDue(rows[n]) },
		Cell: func(n int, column string) templ.Component {
			switch column {
			case "due":
				return rowDue(rows[n])
			case "items":
				return rowText(strconv.Itoa(rows[n].ItemCount))
			case "findings":
				return rowText(strconv.Itoa(rows[n].Findings))
			case "service":
				return rowText(word(ctx, "service", idText(rows[n].ServiceID)))
			}
			return nil
		},
		Word: word,
		Offer: func(_ context.Context, field string) []ui.Option {
			if field == "service" {
				return offered
			}
			return nil
		},
		Top: listButtons(), Hints: hints,
	}, nil
}

func idText(id *uuid.UUID) string {
	if id == nil || *id == uuid.Nil {
		return ""
	}
	return id.String()
}

func named(ctx context.Context, list []Named) []ui.Option {
	out := make([]ui.Option, len(list))
	for n, x := range list {
		out[n] = ui.Option{Value: x.ID.String(), Label: i18n.Pick(ctx, x.Name, x.NameEn)}
	}
	return out
}

func options(ctx context.Context, prefix string, values ...string) []ui.Option {
	out := make([]ui.Option, len(values))
	for n, v := range values {
		out[n] = ui.Option{Value: v, Label: ui.T(ctx, prefix+v)}
	}
	return out
}

// verdicts are the answers to a check.
func verdicts(ctx context.Context) []ui.Option {
	return []ui.Option{
		{Value: string(OK), Label: ui.T(ctx, "inspection.verdict.ok"), Icon: "check"},
		{Value: string(NotOK), Label: ui.T(ctx, "inspection.verdict.not_ok"), Icon: "x"},
		{Value: string(NA), Label: ui.T(ctx, "inspection.verdict.na"), Icon: "ban"},
	}
}

func teamName(ctx context.Context, list []identity.Team, id uuid.UUID) string {
	n := slices.IndexFunc(list, func(t identity.Team) bool { return t.ID == id })
	if n < 0 {
		return ""
	}
	return list[n].Display(i18n.Lang(ctx))
}

func teamOptions(ctx context.Context, list []identity.Team) []ui.Option {
	var out []ui.Option
	for _, t := range list {
		if t.Active {
			out = append(out, ui.Option{Value: t.ID.String(), Label: t.Display(i18n.Lang(ctx))})
		}
	}
	return out
}

func serviceName(ctx context.Context, list []Named, id *uuid.UUID) string {
	for _, x := range list {
		if id != nil && x.ID == *id {
			return i18n.Pick(ctx, x.Name, x.NameEn)
		}
	}
	return ""
}

// itemName is what an item is called; a reader who may not see it is told so.
func itemName(ctx context.Context, names map[uuid.UUID]record.Summary, id uuid.UUID) string {
	if x, ok := names[id]; ok {
		return x.Title
	}
	return ui.T(ctx, "inspection.hidden_item")
}

func pointText(ctx context.Context, p Point) string { return i18n.Pick(ctx, p.Zh, p.En) }

func boundsOf(ctx context.Context, p Point) string { return boundsText(i18n.From(ctx), p) }

func valueOf(ctx context.Context, p Point, r Reading) string { return valueText(i18n.From(ctx), p, r) }

// pointHint is what stands under a point: its bounds, and what it was last time.
func (p itemProps) pointHint(ctx context.Context, x Point) string {
	b, last := boundsOf(ctx, x), ""
	if r, ok := p.Last[x.Key]; ok {
		last = ui.T(ctx, "inspection.last_time", "value", valueOf(ctx, x, r), "when", ui.Date(ctx, r.At))
	}
	switch {
	case b == "":
		return last
	case last == "":
		return ui.T(ctx, "inspection.bounds", "bounds", b)
	}
	return ui.T(ctx, "inspection.bounds", "bounds", b) + " · " + last
}

// now is a part of a reading as a field of the form shows it.
func now(x Point, r Reading, part string) string {
	switch {
	case part == ".note":
		return r.Note
	case part == ".na":
		if x.Kind != Check && r.Verdict == NA {
			return "on"
		}
		return ""
	case r.Number != nil:
		return number(*r.Number)
	case x.Kind == Check:
		return string(r.Verdict)
	}
	return r.Text
}

// was is a part of a reading as it is.
func (p itemProps) was(x Point, part string) string {
	r, _ := p.Reading(p.Item, x.Key)
	return now(x, r, part)
}

// get is a part of a reading as it was typed, as the draft has it, or as it is.
// What somebody only looked at is shown as it is now: another may have noted it
// since, and it would be taken back as if it had been typed.
func (p itemProps) get(x Point, part string) string {
	if name := fieldName(x.Key); touched(p.typed, name) {
		return p.typed(name + part)
	}
	return p.was(x, part)
}

// typed is a field as it was typed, or as the draft has it.
func (p itemProps) typed(field string) string {
	if p.Form != nil {
		return p.Form.Get(field)
	}
	return p.Draft[field]
}

// seen is the version on which what is typed was typed: what others noted since
// at the same points is to be chosen from, unless that is what the page asks.
func (p itemProps) seen() int {
	if n, err := strconv.Atoi(p.typed("seen")); err == nil && n > 0 && len(p.Clashes) == 0 && slices.ContainsFunc(p.Points, func(x Point) bool { return touched(p.typed, fieldName(x.Key)) }) {
		return n
	}
	return p.Version
}

// bound is a bound for a field; "" for none.
func bound(n *float64) string {
	if n == nil {
		return ""
	}
	return number(*n)
}

// clashes are the readings on which two people disagree, for people to choose.
func (d ItemDetail) clashes(ctx context.Context, f *fault.Error) []ui.ClashRow {
	var out []ui.ClashRow
	for _, c := range f.Clashes {
		for _, p := range d.Points {
			if c.Field != "readings."+ReadingKey(d.Item, p.Key) {
				continue
			}
			theirs, _ := d.Reading(d.Item, p.Key)
			row := ui.ClashRow{Field: fieldName(p.Key), Label: pointText(ctx, p), Theirs: noted(ctx, p, theirs)}
			if r, ok := c.Yours.(Reading); ok {
				row.Yours = noted(ctx, p, r)
			} else {
				row.Yours = ui.T(ctx, "ui.none")
			}
			out = append(out, row)
		}
	}
	return out
}

// noted is a reading with its note.
func noted(ctx context.Context, p Point, r Reading) string {
	s := valueOf(ctx, p, r)
	if r.Note != "" {
		s += " · " + r.Note
	}
	if s == "" {
		return ui.T(ctx, "ui.none")
	}
	return s
}

// did is one act in the history of an inspection, in words.
func (d Detail) did(ctx context.Context, e *trail.Entry) string {
	return ui.T(ctx, "inspection.did."+string(e.Action))
}

// actor is who an act is told of.
func (d Detail) actor(ctx context.Context, e *trail.Entry) string {
	if n := d.People[e.ActorID].Display(i18n.Lang(ctx)); n != "" {
		return n
	}
	return ui.T(ctx, "ui.product")
}

// reason is why something was cancelled, in words.
func reason(ctx context.Context, text string, superseded bool) string {
	if superseded {
		return ui.T(ctx, "inspection.superseded."+text)
	}
	return text
}

// recurrenceText is a recurrence in words.
func recurrenceText(ctx context.Context, r Recurrence) string {
	every := ui.T(ctx, "inspection.every."+string(r.Unit), "count", r.Every)
	switch {
	case r.Unit == Weeks && len(r.Weekdays) > 0:
		days := ""
		for n, d := range r.Weekdays {
			if n > 0 {
				days += ui.T(ctx, "inspection.comma")
			}
			days += ui.T(ctx, "inspection.weekday."+strconv.Itoa(d))
		}
		return ui.T(ctx, "inspection.recurrence_on", "every", every, "on", days, "at", r.At)
	case r.Unit == Months && r.MonthDay > 0:
		return ui.T(ctx, "inspection.recurrence_on", "every", every, "on", ui.T(ctx, "inspection.month_day", "day", r.MonthDay), "at", r.At)
	}
	return ui.T(ctx, "inspection.recurrence", "every", every, "at", r.At)
}

// when writes an occurrence by the clocks of the company, with its weekday.
func when(ctx context.Context, t time.Time, zone *time.Location) string {
	t = t.In(zone)
	return ui.T(ctx, "inspection.on_day", "date", t.Format("2006-01-02"), "day", ui.T(ctx, "inspection.weekday."+strconv.Itoa(civil.Weekday(t))), "time", t.Format("15:04"))
}

// Get is the value of a field as it was typed, as the draft has it, or what it
// is now.
func (p planProps) Get(field, now string) string {
	if p.Form != nil {
		if p.Form.Has(field) {
			return p.Form.Get(field)
		}
		return now
	}
	if v, ok := p.Draft[field]; ok {
		return v
	}
	return now
}

// items are those of the form: as typed, or as they are.
// reason is what was typed for the act that was refused.
func (p planProps) reason(act string) string {
	if p.On != act {
		return ""
	}
	return p.Form.Get("reason")
}

func (p planProps) items() []uuid.UUID {
	if p.Form == nil {
		return p.Items
	}
	return typedItems(p.Form)
}

// weekdays are those of the form.
func (p planProps) weekdays() []string {
	if p.Form != nil {
		return p.Form["weekdays"]
	}
	var out []string
	for _, d := range p.Recurrence.Weekdays {
		out = append(out, strconv.Itoa(d))
	}
	return out
}

// selection is what the plan selects by, or nothing.
func (p planProps) selection() Selection {
	if p.Selection == nil {
		return Selection{}
	}
	return *p.Selection
}

func (p planProps) className(ctx context.Context) string {
	return serviceName(ctx, p.Classes, &p.Selection.ClassID)
}

func (p planProps) calendarName(ctx context.Context) string {
	for _, c := range p.Calendars {
		if p.CalendarID != nil && c.ID == *p.CalendarID {
			return i18n.Pick(ctx, c.NameZh, c.NameEn)
		}
	}
	return ui.T(ctx, "inspection.no_calendar")
}

func (p planProps) calendarOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, c := range p.Calendars {
		out = append(out, ui.Option{Value: c.ID.String(), Label: i18n.Pick(ctx, c.NameZh, c.NameEn)})
	}
	return out
}

// hours is the time allowed, in hours.
func (p Plan) hours() string { return number(float64(p.AllowMinutes) / 60) }

// pointRow is one row of the checklist in the form.
type pointRow struct {
	N                                   int
	Key, Zh, En, Kind, Unit, Lower, Upp string
	Required                            bool
}

// rows are the rows of the checklist: those that are there, or were typed, and
// empty ones to fill in.
func (p planProps) rows() []pointRow {
	n := len(p.Points) + 1
	if len(p.Points) == 0 {
		n = 4
	}
	if p.Form != nil {
		if n = max(rowsIn(p.Form), 1); p.Form.Get("_rows") == "points" {
			n += 2
		}
	} else {
		for i := n + 1; i <= maxPoints; i++ {
			if p.Draft[pointName(i, "zh")] != "" {
				n = i
			}
		}
	}
	var out []pointRow
	for i := 1; i <= min(n, maxPoints); i++ {
		x := Point{Kind: Check, Required: true}
		if i <= len(p.Points) && p.Form == nil {
			x = p.Points[i-1]
		}
		get := func(name, now string) string { return p.Get(pointName(i, name), now) }
		r := pointRow{N: i, Key: get("key", x.Key), Zh: get("zh", x.Zh), En: get("en", x.En), Kind: get("kind", string(x.Kind)), Unit: get("unit", x.Unit), Lower: get("lower", bound(x.Lower)), Upp: get("upper", bound(x.Upper)), Required: x.Required}
		if p.Form != nil && p.Form.Has(pointName(i, "zh")) {
			r.Required = p.Form.Get(pointName(i, "required")) != ""
		}
		out = append(out, r)
	}
	return out
}

func rowLabel(ctx context.Context, field string, n int) string {
	return ui.T(ctx, "inspection.row_label", "field", ui.T(ctx, "inspection.point."+field), "n", n)
}
