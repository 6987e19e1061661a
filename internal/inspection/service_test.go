package inspection_test

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/inspection"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/work"
)

type desk struct {
	*apptest.Desk
	t *testing.T
}

// newDesk is the demo company on a Monday morning.
func newDesk(t *testing.T) desk {
	t.Helper()
	d := desk{apptest.New(t, apptest.Options{}), t}
	d.SetClock(time.Date(2026, 12, 7, 0, 30, 0, 0, time.UTC)) // 08:30 in Shanghai
	return d
}

func (d desk) id(sql string, args ...any) uuid.UUID {
	d.t.Helper()
	var id uuid.UUID
	if err := d.Pool.QueryRow(d.t.Context(), sql, args...).Scan(&id); err != nil {
		d.t.Fatalf("%s: %v", sql, err)
	}
	return id
}

func (d desk) count(sql string, args ...any) (n int) {
	d.t.Helper()
	if err := d.Pool.QueryRow(d.t.Context(), sql, args...).Scan(&n); err != nil {
		d.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func (d desk) item(name string) uuid.UUID {
	return d.id(`SELECT id FROM ci_items WHERE name = $1`, name)
}

// team is that of engineer2, of which engineer is none.
func (d desk) team() uuid.UUID { return d.id(`SELECT id FROM teams WHERE name_en = 'Applications'`) }

func ptr[T any](v T) *T { return &v }

// room is a sound plan: every day at 09:00 on two switches, four hours.
func (d desk) room() inspection.PlanInput {
	return inspection.PlanInput{
		NameZh: "机房巡检", NameEn: "Machine room", Items: []uuid.UUID{d.item("SW-CORE-A1"), d.item("SW-CORE-A2")}, TeamID: d.team(), AllowMinutes: 240,
		Points: []inspection.Point{
			{Zh: "指示灯正常", En: "Lamps", Kind: inspection.Check, Required: true},
			{Zh: "进风温度", En: "Inlet temperature", Kind: inspection.Number, Unit: "°C", Lower: ptr(18.0), Upper: ptr(27.0), Required: true},
			{Zh: "备注", En: "Remarks", Kind: inspection.Text},
		},
		Recurrence: inspection.Recurrence{Unit: inspection.Days, Every: 1, At: "09:00", From: "2026-12-07"},
	}
}

func (d desk) plan(in inspection.PlanInput) inspection.Plan {
	d.t.Helper()
	p, err := d.Inspections.CreatePlan(d.As("configmanager"), in)
	if err != nil {
		d.t.Fatal(err, fault.Of(err).Fields)
	}
	return p
}

func (d desk) tick() {
	d.t.Helper()
	if err := d.Jobs.Tick(d.t.Context(), inspection.JobMake); err != nil {
		d.t.Fatal(err)
	}
	d.Drain()
}

// states are the states of a plan's inspections, the first first.
func (d desk) states(p inspection.Plan) string {
	d.t.Helper()
	var out *string
	if err := d.Pool.QueryRow(d.t.Context(), `SELECT string_agg(state, ' ' ORDER BY scheduled_at, created_at) FROM inspections WHERE plan_id = $1`, p.ID).Scan(&out); err != nil {
		d.t.Fatal(err)
	}
	if out == nil {
		return ""
	}
	return *out
}

// first is a plan's inspection that comes first of those in a state.
func (d desk) first(p inspection.Plan, state string) uuid.UUID {
	return d.id(`SELECT id FROM inspections WHERE plan_id = $1 AND state = $2 ORDER BY scheduled_at LIMIT 1`, p.ID, state)
}

// good reads everything of an item as it should be.
func good(p inspection.Plan, item uuid.UUID) inspection.RecordInput {
	return inspection.RecordInput{ItemID: item, Readings: []inspection.ReadingInput{
		{Point: p.Points[0].Key, Verdict: inspection.OK}, {Point: p.Points[1].Key, Number: ptr(22.5)},
	}}
}

func code(err error) string {
	if err == nil {
		return "ok"
	}
	f := fault.Of(err)
	for _, x := range f.Fields {
		return x.Name + ":" + x.Code
	}
	return f.Code
}

// TestOccurrencesAreMadeOnce: the next inspection lies ready, each is made once
// whoever looks and how often, and what came and went is there as missed.
func TestOccurrencesAreMadeOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.plan(d.room())
	d.tick()
	if got := d.states(p); got != "planned" {
		t.Fatalf("the first is made ahead: %q", got)
	}
	var wg sync.WaitGroup
	twin := d.Twin(apptest.Options{})
	for _, x := range []*apptest.Desk{d.Desk, twin} {
		wg.Go(func() { _ = x.Jobs.Tick(t.Context(), inspection.JobMake) })
	}
	wg.Wait()
	d.Drain()
	d.Advance(time.Hour) // 09:30: it has begun, and the next one is made
	d.tick()
	d.tick()
	if got := d.states(p); got != "planned planned" {
		t.Fatalf("%q", got)
	}
	// The worker is down for four days and a half.
	d.Advance(4*24*time.Hour + 6*time.Hour)
	d.tick()
	if got := d.states(p); got != "missed missed missed missed planned planned" {
		t.Fatalf("%q", got)
	}
	if n := d.count(`SELECT count(*) FROM inspections WHERE plan_id = $1 AND overdue_at IS NOT NULL AND state = 'planned'`, p.ID); n != 1 {
		t.Errorf("%d are overdue: the last one can still be done", n)
	}
	// A year: the last twenty are kept, and the trail says how many are not.
	d.Advance(365 * 24 * time.Hour)
	d.tick()
	if n := d.count(`SELECT count(*) FROM inspections WHERE plan_id = $1`, p.ID); n > 6+20+2 {
		t.Errorf("%d inspections after a year", n)
	}
	if n := d.count(`SELECT (diff::jsonb->'not_made'->>1)::int FROM trail_entries WHERE action = 'inspection.make' AND record_id = $1`, p.ID); n < 330 {
		t.Errorf("%d were left out", n)
	}
	if n := d.count(`SELECT count(*) - count(DISTINCT scheduled_at) FROM inspections WHERE plan_id = $1`, p.ID); n != 0 {
		t.Errorf("%d were made twice", n)
	}
}

// TestItIsDone: read piece by piece, finished only when what is required is
// there and every finding says what it is; then it is a fact.
func TestItIsDone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.plan(d.room())
	d.tick()
	id, eng := d.first(p, "planned"), d.As("engineer2")
	a, b := p.Items[0], p.Items[1]
	if _, err := d.Inspections.Finish(eng, id, inspection.FinishInput{}); code(err) != "inspection.error.not_now.planned" {
		t.Error(code(err))
	}
	// The first reading begins it.
	i, err := d.Inspections.Record(eng, id, inspection.RecordInput{ItemID: a, Readings: []inspection.ReadingInput{{Point: p.Points[0].Key, Verdict: inspection.OK}}})
	if err != nil || i.State != inspection.InProgress || i.StartedBy == nil {
		t.Fatal(i.State, err)
	}
	for name, c := range map[string]struct {
		in   inspection.ReadingInput
		want string
	}{
		"a check is no number":   {inspection.ReadingInput{Point: p.Points[0].Key, Number: ptr(1.0)}, "p." + p.Points[0].Key + ":inspection.error.reading.check"},
		"a number is no text":    {inspection.ReadingInput{Point: p.Points[1].Key, Text: "warm"}, "p." + p.Points[1].Key + ":inspection.error.reading.number"},
		"a point of another":     {inspection.ReadingInput{Point: "nope", Verdict: inspection.OK}, "p.nope:validation.unknown"},
		"a note without reading": {inspection.ReadingInput{Point: p.Points[2].Key, Note: "?"}, "p." + p.Points[2].Key + ":inspection.error.note_alone"},
	} {
		if _, err := d.Inspections.Record(eng, id, inspection.RecordInput{ItemID: a, Readings: []inspection.ReadingInput{c.in}}); code(err) != c.want {
			t.Errorf("%s: %s", name, code(err))
		}
	}
	if _, err := d.Inspections.Record(eng, id, inspection.RecordInput{ItemID: d.item("FW-A")}); code(err) != "item_id:inspection.error.not_of_it" {
		t.Error(code(err))
	}
	hot := inspection.RecordInput{ItemID: a, Readings: []inspection.ReadingInput{{Point: p.Points[1].Key, Number: ptr(31.0)}}}
	if i, err = d.Inspections.Record(eng, id, hot); err != nil {
		t.Fatal(err)
	}
	if r, _ := i.Reading(a, p.Points[1].Key); !r.Finding {
		t.Error("31 °C is no finding")
	}
	if _, err = d.Inspections.Finish(eng, id, inspection.FinishInput{}); code(err) != "inspection.error.missing" {
		t.Error(code(err))
	}
	if _, err = d.Inspections.Record(eng, id, good(p, b)); err != nil {
		t.Fatal(err)
	}
	if _, err = d.Inspections.Finish(eng, id, inspection.FinishInput{}); code(err) != "inspection.error.unexplained" {
		t.Error(code(err))
	}
	// One click makes an incident of the finding; another click is the same one.
	raise := inspection.RaiseInput{ItemID: a, Point: p.Points[1].Key}
	_, ref, err := d.Inspections.Raise(eng, id, raise)
	if err != nil {
		t.Fatal(err)
	}
	if _, again, err := d.Inspections.Raise(eng, id, raise); err != nil || again != ref {
		t.Error(again, err)
	}
	if _, _, err := d.Inspections.Raise(eng, id, inspection.RaiseInput{ItemID: b, Point: p.Points[1].Key}); code(err) != "inspection.error.no_finding" {
		t.Error(code(err))
	}
	if n := d.count(`SELECT count(*) FROM record_links WHERE from_id = $1 AND (to_id = $2 AND relation = 'affects' OR to_id = $3 AND relation = 'related')`, ref.ID, a, id); n != 2 {
		t.Errorf("the incident has %d links to the item and the inspection", n)
	}
	if i, err = d.Inspections.Finish(eng, id, inspection.FinishInput{Remark: "空调已报修"}); err != nil || i.State != inspection.Done || i.Findings != 1 {
		t.Fatal(i.State, i.Findings, err)
	}
	if _, err = d.Inspections.Record(eng, id, good(p, a)); code(err) != "inspection.error.not_now.done" {
		t.Error(code(err))
	}
	for _, sql := range []string{
		`UPDATE inspection_readings SET number = 20 WHERE inspection_id = $1`,
		`DELETE FROM inspection_readings WHERE inspection_id = $1`,
		`INSERT INTO inspection_readings (inspection_id, item_id, point, verdict, by_id, at) SELECT inspection_id, item_id, 'x', 'ok', by_id, at FROM inspection_readings WHERE inspection_id = $1 LIMIT 1`,
		`UPDATE inspections SET findings = 0 WHERE id = $1`,
		`UPDATE inspections SET state = 'in_progress', ended_at = NULL, finished_by = NULL WHERE id = $1`,
		`DELETE FROM inspections WHERE id = $1`,
	} {
		if _, err := d.Pool.PGX().Exec(t.Context(), sql, id); err == nil || !strings.Contains(err.Error(), "is over") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if n := d.count(`SELECT count(*) FROM trail_entries WHERE record_id = $1 AND action = 'inspection.finish' AND diff::jsonb ? 'readings_sha256'`, id); n != 1 {
		t.Error("the digest of the readings is not in the trail")
	}
}

// TestTwoAtOnce: two people may do two items, or two points; the same point twice
// is shown to the second with both values.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.plan(d.room())
	d.tick()
	id := d.first(p, "planned")
	i, err := d.Inspections.Start(d.As("engineer2"), id, inspection.StepInput{})
	if err != nil {
		t.Fatal(err)
	}
	one, other := good(p, p.Items[0]), good(p, p.Items[1])
	one.Version, other.Version = i.Version, i.Version
	if _, err = d.Inspections.Record(d.As("engineer2"), id, one); err != nil {
		t.Fatal(err)
	}
	if _, err = d.Inspections.Record(d.As("lead"), id, other); err != nil {
		t.Fatal("another item at once:", err)
	}
	one.Readings[1].Number = ptr(30.0)
	_, err = d.Inspections.Record(d.As("lead"), id, one)
	if err == nil {
		t.Fatal("the second overwrote the first")
	}
	f := fault.Of(err)
	if f.Kind != fault.Conflict || len(f.Clashes) != 1 || f.Clashes[0].Field != "readings."+inspection.ReadingKey(p.Items[0], p.Points[1].Key) {
		t.Fatalf("%v %+v", err, f.Clashes)
	}
	one.Version = 0
	if _, err = d.Inspections.Record(d.As("lead"), id, one); err != nil {
		t.Error(err)
	}
}

// TestPlansChange: what is under way keeps its checklist, what lies ahead
// follows or is called off, and a paused plan makes nothing.
func TestPlansChange(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	in := d.room()
	p := d.plan(in)
	d.tick()
	running := d.first(p, "planned")
	d.Advance(time.Hour)
	if _, err := d.Inspections.Start(d.As("engineer2"), running, inspection.StepInput{}); err != nil {
		t.Fatal(err)
	}
	d.tick()
	next := d.first(p, "planned")
	cfg := d.As("configmanager")
	in.Points = append(p.Points[:2:2], inspection.Point{Zh: "风扇", Kind: inspection.Check, Required: true})
	in.AllowMinutes = 120
	p, err := d.Inspections.EditPlan(cfg, p.ID, in)
	if err != nil {
		t.Fatal(err)
	}
	old, _, err := d.Inspections.Get(cfg, running)
	if err != nil || len(old.Points) != 3 || old.Points[2].Zh != "备注" {
		t.Errorf("what is under way has another checklist now: %+v %v", old.Points, err)
	}
	ahead, _, err := d.Inspections.Get(cfg, next)
	if err != nil || ahead.State != inspection.Planned || ahead.Points[2].Zh != "风扇" || ahead.DueAt.Sub(ahead.ScheduledAt) != 2*time.Hour || ahead.Points[1].Key != old.Points[1].Key {
		t.Errorf("what lies ahead does not follow: %+v %v", ahead, err)
	}
	in.Recurrence.At = "10:00"
	if p, err = d.Inspections.EditPlan(cfg, p.ID, in); err != nil {
		t.Fatal(err)
	}
	d.tick()
	if got := d.states(p); got != "in_progress planned cancelled" { // today at ten, and not tomorrow at nine
		t.Errorf("after another hour: %q", got)
	}
	if p, err = d.Inspections.PausePlan(cfg, p.ID, inspection.ReasonInput{Reason: "搬迁"}); err != nil {
		t.Fatal(err)
	}
	before := d.count(`SELECT count(*) FROM inspections WHERE plan_id = $1`, p.ID)
	d.Advance(5 * 24 * time.Hour)
	d.tick()
	if n := d.count(`SELECT count(*) FROM inspections WHERE plan_id = $1`, p.ID); n != before {
		t.Errorf("a paused plan made %d", n-before)
	}
	if p, err = d.Inspections.ResumePlan(cfg, p.ID, inspection.StepInput{}); err != nil {
		t.Fatal(err)
	}
	d.tick()
	if n := d.count(`SELECT count(*) FROM inspections WHERE plan_id = $1`, p.ID); n != before+1 {
		t.Errorf("%d were made of the time that it was paused", n-before-1)
	}
	if _, err = d.Inspections.RetirePlan(cfg, p.ID, inspection.ReasonInput{Reason: "机房关闭"}); err != nil {
		t.Fatal(err)
	}
	if _, err = d.Inspections.EditPlan(cfg, p.ID, in); code(err) != "inspection.error.retired" {
		t.Error(code(err))
	}
	if n := d.count(`SELECT count(*) FROM inspections WHERE plan_id = $1 AND state = 'planned' AND scheduled_at > $2`, p.ID, d.Desk.Desk.Now()); n != 0 {
		t.Errorf("%d lie ahead of a retired plan", n)
	}
}

// TestPlansAreSound: each mistake in a plan is named.
func TestPlansAreSound(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for want, change := range map[string]func(*inspection.PlanInput){
		"items:inspection.error.items":        func(in *inspection.PlanInput) { in.Items = nil },
		"items:inspection.error.no_such_item": func(in *inspection.PlanInput) { in.Items = []uuid.UUID{uuid.New()} },
		"points:inspection.error.no_points":   func(in *inspection.PlanInput) { in.Points = nil },
		"points:inspection.error.bounds":      func(in *inspection.PlanInput) { in.Points[1].Lower = ptr(50.0) },
		"at:inspection.error.time":            func(in *inspection.PlanInput) { in.Recurrence.At = "9 o'clock" },
		"from:inspection.error.date":          func(in *inspection.PlanInput) { in.Recurrence.From = "tomorrow" },
		"every:validation.min":                func(in *inspection.PlanInput) { in.Recurrence.Every = 0 },
		"team_id:validation.unknown":          func(in *inspection.PlanInput) { in.TeamID = uuid.New() },
		"person_id:inspection.error.not_in_team": func(in *inspection.PlanInput) {
			in.PersonID = ptr(d.id(`SELECT id FROM people WHERE username = 'staff'`))
		},
		"calendar_id:validation.unknown": func(in *inspection.PlanInput) { in.CalendarID = ptr(uuid.New()) },
		"text_zh:validation.required":    func(in *inspection.PlanInput) { in.Points[0].Zh = " " },
		"allow_minutes:validation.min":   func(in *inspection.PlanInput) { in.AllowMinutes = 0 },
		"class_id:validation.unknown": func(in *inspection.PlanInput) {
			in.Items, in.Selection = nil, &inspection.Selection{ClassID: uuid.New()}
		},
		"of_service_id:validation.unknown": func(in *inspection.PlanInput) {
			in.Items, in.Selection = nil, &inspection.Selection{ClassID: d.id(`SELECT id FROM ci_classes WHERE key = 'server'`), ServiceID: ptr(uuid.New())}
		},
		"lifecycle:validation.oneof": func(in *inspection.PlanInput) {
			in.Items, in.Selection = nil, &inspection.Selection{ClassID: d.id(`SELECT id FROM ci_classes WHERE key = 'server'`), Lifecycle: "gone"}
		},
	} {
		in := d.room()
		change(&in)
		if _, err := d.Inspections.CreatePlan(d.As("configmanager"), in); code(err) != want {
			t.Errorf("%s: %s", want, code(err))
		}
	}
	for _, who := range []string{"engineer2", "lead", "auditor", "manager", "staff"} {
		if _, err := d.Inspections.CreatePlan(d.As(who), d.room()); err == nil || fault.Of(err).Kind != fault.Forbidden {
			t.Errorf("%s made a plan: %v", who, err)
		}
	}
}

// TestAPlanIsEditedOnCondition: the condition of a call is about the plan, and
// not about the inspections that follow it.
func TestAPlanIsEditedOnCondition(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	cfg := d.As("configmanager")
	in := d.room()
	p := d.plan(in)
	in.AllowMinutes = 60
	p, err := d.Inspections.EditPlan(cfg, p.ID, in)
	if err != nil {
		t.Fatal(err)
	}
	d.tick()
	in.AllowMinutes = 90
	if _, err := d.Inspections.EditPlan(work.WithMatch(cfg, p.Version+1), p.ID, in); !fault.Is(err, fault.Stale) {
		t.Errorf("another version: %v", err)
	}
	if _, err := d.Inspections.EditPlan(work.WithMatch(cfg, p.Version), p.ID, in); err != nil {
		t.Error(err)
	}
	ahead, _, err := d.Inspections.Get(cfg, d.first(p, "planned"))
	if err != nil || ahead.DueAt.Sub(ahead.ScheduledAt) != 90*time.Minute {
		t.Errorf("what lies ahead does not follow: %v %v", ahead.DueAt.Sub(ahead.ScheduledAt), err)
	}
}

// TestAPlanThatIsDueMoreOften: what comes before the inspection that was made
// ahead is made too.
func TestAPlanThatIsDueMoreOften(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	in := d.room()
	in.Recurrence.Unit, in.Recurrence.Weekdays = inspection.Weeks, []int{1}
	p := d.plan(in)
	d.Advance(2 * time.Hour)
	d.tick()
	in.Recurrence.Unit, in.Recurrence.Weekdays = inspection.Days, nil
	p, err := d.Inspections.EditPlan(d.As("configmanager"), p.ID, in)
	if err != nil {
		t.Fatal(err)
	}
	d.tick()
	d.Advance(24 * time.Hour)
	d.tick()
	days := `SELECT count(*) FROM inspections WHERE plan_id = $1 AND NOT superseded AND scheduled_at::date = $2::date`
	for day, want := range map[string]int{"2026-12-07": 1, "2026-12-08": 1, "2026-12-09": 1, "2026-12-14": 1} {
		if n := d.count(days, p.ID, day); n != want {
			t.Errorf("%s: %d inspections", day, n)
		}
	}
}

// TestOnePlanForOneKey: asked twice with one key there is one plan, whatever the
// desk fills in.
func TestOnePlanForOneKey(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	in := d.room()
	in.Items = append(in.Items, in.Items[0])
	in.Recurrence.Unit, in.Recurrence.Weekdays = inspection.Weeks, []int{5, 1}
	ctx := work.WithKey(d.As("configmanager"), "one")
	first, err := d.Inspections.CreatePlan(ctx, in)
	if err != nil || len(first.Items) != 2 {
		t.Fatal(first.Items, err)
	}
	again, err := d.Inspections.CreatePlan(ctx, in)
	if err != nil || again.ID != first.ID {
		t.Errorf("%v %v", again.ID, err)
	}
}

// TestNothingReadIsNoInspection: a checklist without required points is not done
// by pressing the button.
func TestNothingReadIsNoInspection(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	in := d.room()
	for n := range in.Points {
		in.Points[n].Required = false
	}
	p := d.plan(in)
	d.tick()
	id := d.first(p, "planned")
	if _, err := d.Inspections.Start(d.As("engineer2"), id, inspection.StepInput{}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Inspections.Finish(d.As("engineer2"), id, inspection.FinishInput{}); code(err) != "inspection.error.nothing_read" {
		t.Error(code(err))
	}
	if _, err := d.Inspections.Record(d.As("engineer2"), id, good(p, p.Items[0])); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Inspections.Finish(d.As("engineer2"), id, inspection.FinishInput{}); err != nil {
		t.Error(err)
	}
}

// TestWhatAnotherNotedStays: a form that comes back shows what others noted
// since where nothing was typed, and does not take it back; where both typed,
// people choose.
func TestWhatAnotherNotedStays(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.plan(d.room())
	d.tick()
	id := d.first(p, "planned")
	i, err := d.Inspections.Start(d.As("engineer2"), id, inspection.StepInput{})
	if err != nil {
		t.Fatal(err)
	}
	light, warm := "p."+p.Points[0].Key, "p."+p.Points[1].Key
	if _, err := d.Inspections.Record(d.As("lead"), id, inspection.RecordInput{ItemID: p.Items[0], Readings: good(p, p.Items[0]).Readings[:1]}); err != nil {
		t.Fatal(err)
	}
	c, at := d.Client("engineer2"), "/inspections/"+i.Label()+"/items/"+p.Items[0].String()
	seen := strconv.Itoa(i.Version)
	form := url.Values{"version": {seen}, "seen": {seen}, light: {""}, "was_" + light: {""}, warm: {"1,5"}, "was_" + warm: {""}}
	page := c.Post(at, form)
	if page.Status != 422 || !strings.Contains(page.Text(), `value="1,5"`) || !strings.Contains(page.Text(), `name="was_`+light+`" value="ok"`) || !strings.Contains(page.Text(), `name="seen" value="`+seen+`"`) {
		t.Fatalf("%d: the form", page.Status)
	}
	form.Set(light, "ok")
	form.Set("was_"+light, "ok")
	form.Set(warm, "21.5")
	if a := c.Post(at, form); a.Status != 303 {
		t.Fatal(a.Status)
	}
	i, _, err = d.Inspections.Get(d.As("lead"), id)
	if r, ok := i.Reading(p.Items[0], p.Points[0].Key); err != nil || !ok || r.Verdict != inspection.OK {
		t.Errorf("what the other noted is gone: %+v %v", r, err)
	}
	form.Set(warm, "30") // typed on what was seen before 21.5 was noted
	form.Set("was_"+warm, "")
	if a := c.Post(at, form); a.Status != 409 || !strings.Contains(a.Text(), "21.5") {
		t.Errorf("overwritten: %d", a.Status)
	}
}

// TestAClassIsInspected: items are those that the desk finds when it begins.
func TestAClassIsInspected(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	in := d.room()
	in.Items, in.Selection = nil, &inspection.Selection{ClassID: d.id(`SELECT id FROM ci_classes WHERE key = 'server'`), Lifecycle: "production"}
	p := d.plan(in)
	d.tick()
	id := d.first(p, "planned")
	i, _, err := d.Inspections.Get(d.As("auditor"), id)
	if err != nil || len(i.Items) != d.count(`SELECT count(*) FROM ci_items i JOIN ci_classes c ON c.id = i.class_id AND c.key = 'server' WHERE i.lifecycle = 'production'`) || len(i.Items) < 2 {
		t.Fatal(len(i.Items), err)
	}
	if _, err := d.Pool.PGX().Exec(t.Context(), `UPDATE ci_items SET lifecycle = 'maintenance' WHERE id = $1`, i.Items[0]); err != nil {
		t.Fatal(err)
	}
	begun, err := d.Inspections.Start(d.As("engineer2"), id, inspection.StepInput{})
	if err != nil || len(begun.Items) != len(i.Items)-1 {
		t.Errorf("%d items, %v", len(begun.Items), err)
	}
	if n := d.count(`SELECT count(*) FROM inspection_items WHERE inspection_id = $1`, id); n != len(begun.Items) {
		t.Errorf("%d are noted", n)
	}
}

// TestWhoMay: the team that the plan names does it, others read.
func TestWhoMay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.plan(d.room())
	d.tick()
	id := d.first(p, "planned")
	try := map[string]func(context.Context) error{
		"start": func(ctx context.Context) error {
			_, err := d.Inspections.Start(ctx, id, inspection.StepInput{})
			return err
		},
		"cancel": func(ctx context.Context) error {
			_, err := d.Inspections.Cancel(ctx, id, inspection.ReasonInput{Reason: "x"})
			return err
		},
	}
	for _, c := range []struct {
		who, act string
		want     fault.Kind
	}{
		{"auditor", "start", fault.Forbidden},
		{"auditor", "cancel", fault.Forbidden},
		{"engineer", "start", fault.Forbidden},
		{"engineer2", "cancel", fault.Forbidden},
		{"staff", "start", fault.NotFound},
		{"manager", "start", fault.NotFound},
	} {
		if err := try[c.act](d.As(c.who)); err == nil || fault.Of(err).Kind != c.want {
			t.Errorf("%s %s: %v", c.who, c.act, err)
		}
	}
	if _, _, err := d.Inspections.Get(d.As("auditor"), id); err != nil {
		t.Error("an auditor does not read it:", err)
	}
	in := d.room()
	in.ServiceID = ptr(d.id(`SELECT s.id FROM services s JOIN people p ON p.id = s.owner_id WHERE p.username = 'manager' LIMIT 1`))
	own := d.plan(in)
	for who, want := range map[string]bool{"auditor": true, "manager": false} {
		if _, err := d.Inspections.Plan(d.As(who), p.ID); (err == nil) != want {
			t.Errorf("%s reads a plan of another's service: %v", who, err)
		}
		list, _, err := d.Inspections.Plans(d.As(who), nil, "")
		there := func(id uuid.UUID) bool {
			return slices.ContainsFunc(list, func(x inspection.PlanRow) bool { return x.ID == id })
		}
		if err != nil || there(p.ID) != want || !there(own.ID) {
			t.Errorf("%s lists them: %t %t %v", who, there(p.ID), there(own.ID), err)
		}
	}
	if _, err := d.Inspections.Plan(d.As("manager"), own.ID); err != nil {
		t.Error("a manager does not read the plan of their service:", err)
	}
	if _, err := d.Inspections.Cancel(d.As("lead"), id, inspection.ReasonInput{}); code(err) != "reason:validation.required" {
		t.Error(code(err))
	}
	if _, err := d.Inspections.Cancel(d.As("lead"), id, inspection.ReasonInput{Reason: "停电检修"}); err != nil {
		t.Error(err)
	}
	d.tick() // what a person called off is not made again
	if got := d.states(p); got != "cancelled" {
		t.Errorf("%q", got)
	}
}

// TestWhoIsNamedIsTold: a plan that names somebody tells them of each inspection
// it makes for them, and of none that was missed before.
func TestWhoIsNamedIsTold(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	in := d.room()
	who := d.id(`SELECT id FROM people WHERE username = 'engineer2'`)
	in.PersonID = &who
	d.plan(in)
	for range 2 {
		d.tick()
	}
	told := func() int {
		d.Drain()
		return d.count(`SELECT count(*) FROM notifications WHERE event = 'inspection.planned' AND person_id = $1`, who)
	}
	made := d.count(`SELECT count(*) FROM inspections WHERE person_id = $1 AND state = 'planned'`, who)
	if n := told(); made == 0 || n != made {
		t.Errorf("told of %d of %d", n, made)
	}
}

// TestTheLeadIsToldOnce: of what is overdue the team's lead hears once.
func TestTheLeadIsToldOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	in := d.room()
	in.Recurrence.Every = 7
	lead := d.id(`SELECT coalesce(lead_id, '00000000-0000-0000-0000-000000000000') FROM teams WHERE id = $1`, in.TeamID)
	if lead == uuid.Nil {
		lead = d.id(`SELECT id FROM people WHERE username = 'lead'`)
		if _, err := d.Pool.PGX().Exec(t.Context(), `UPDATE teams SET lead_id = $1 WHERE id = $2`, lead, in.TeamID); err != nil {
			t.Fatal(err)
		}
	}
	d.plan(in)
	d.tick()
	told := func() int {
		return d.count(`SELECT count(*) FROM notifications WHERE event = 'inspection.overdue' AND person_id = $1`, lead)
	}
	d.Advance(4 * time.Hour)
	d.tick()
	if told() != 0 {
		t.Error("told before it was over")
	}
	d.Advance(2 * time.Hour)
	for range 3 {
		d.tick()
	}
	if n := told(); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// A refused act on a plan shows its own form again, open, with the reason that
// was typed, and no other one.
func TestARefusedPauseKeepsItsReason(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.plan(d.room())
	typed := "空调大修" + strings.Repeat("，很久", 400)
	page := d.Client("configmanager").Post("/inspections/plans/"+p.ID.String()+"/pause", url.Values{"version": {"1"}, "reason": {typed}})
	if n := strings.Count(page.Text(), typed); page.Status != 422 || n != 1 || !strings.Contains(page.Text(), `<details class="card" open>`) {
		t.Errorf("%d: %d times the reason", page.Status, n)
	}
}
