package demo

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/inspection"
)

// rounds is how many days of inspections the demo tells.
const rounds = 9

func bound(n float64) *float64 { return &n }

// inspections plays routine maintenance: a daily round of the machine room with
// a finding and a missed day, a weekly one of switches that is overdue, one that
// lies ahead, one that is paused and one that is no more.
func (c *Company) inspections(ctx context.Context) error {
	if c.Inspections == nil {
		return nil
	}
	now := c.Desk.Now()
	zone := time.FixedZone("", 8*3600)
	begin := now.In(zone).AddDate(0, 0, -rounds)
	c.At(time.Date(begin.Year(), begin.Month(), begin.Day(), 7, 0, 0, 0, zone))
	author, err := c.as(ctx, "configmanager")
	if err != nil {
		return err
	}
	from := begin.Format(time.DateOnly)
	room, err := c.Inspections.CreatePlan(author, c.machineRoom(from))
	if err != nil {
		return err
	}
	for _, in := range c.otherRounds(from, now.In(zone)) {
		p, err := c.Inspections.CreatePlan(author, in)
		if err != nil {
			return err
		}
		switch in.NameEn {
		case "Restore test of backups":
			_, err = c.Inspections.PausePlan(author, p.ID, inspection.ReasonInput{Reason: "备份系统正在迁移，完成后恢复。"})
		case "Old machine room":
			_, err = c.Inspections.RetirePlan(author, p.ID, inspection.ReasonInput{Reason: "旧机房已腾空。"})
		}
		if err != nil {
			return err
		}
	}
	for day := range rounds {
		at := time.Date(begin.Year(), begin.Month(), begin.Day()+day, 8, 40, 0, 0, zone)
		c.At(at)
		if err := c.Inspections.Tick(ctx); err != nil {
			return err
		}
		if day == 4 {
			continue // nobody came
		}
		if err := c.round(ctx, room, at, day); err != nil {
			return err
		}
	}
	c.At(time.Time{})
	return c.Inspections.Tick(ctx)
}

// machineRoom is the plan of the daily round.
func (c *Company) machineRoom(from string) inspection.PlanInput {
	return inspection.PlanInput{
		NameZh: "A 座机房每日巡检", NameEn: "Daily round of machine room A", Items: []uuid.UUID{c.items["SW-CORE-A1"], c.items["SW-CORE-A2"], c.items["esx-01"], c.items["存储 SAN-A"]},
		TeamID: c.teams["Network"], AllowMinutes: 240, Recurrence: inspection.Recurrence{Unit: inspection.Days, Every: 1, At: "08:30", From: from},
		Points: []inspection.Point{
			{Zh: "面板无告警灯", En: "No alarm lamp", Kind: inspection.Check, Required: true},
			{Zh: "进风温度", En: "Inlet temperature", Kind: inspection.Number, Unit: "°C", Lower: bound(18), Upper: bound(27), Required: true},
			{Zh: "风扇无异响", En: "Fans sound as usual", Kind: inspection.Check, Required: true},
			{Zh: "其他情况", En: "Anything else", Kind: inspection.Text},
		},
	}
}

// otherRounds are plans that stand elsewhere in their life.
func (c *Company) otherRounds(from string, now time.Time) []inspection.PlanInput {
	check := []inspection.Point{{Zh: "运行正常", En: "Works as it should", Kind: inspection.Check, Required: true}}
	service := c.services["Office network"]
	return []inspection.PlanInput{
		{
			NameZh: "接入交换机周检", NameEn: "Weekly check of switches", Items: []uuid.UUID{c.items["SW-ACC-3F"], c.items["SW-ACC-2F"]}, TeamID: c.teams["Network"], ServiceID: &service, AllowMinutes: 360,
			Recurrence: inspection.Recurrence{Unit: inspection.Weeks, Every: 1, Weekdays: []int{(int(now.AddDate(0, 0, -2).Weekday())+6)%7 + 1}, At: "10:00", From: from},
			Points: []inspection.Point{
				{Zh: "端口错误计数未增长", En: "Port errors do not grow", Kind: inspection.Check, Required: true},
				{Zh: "CPU 占用", En: "CPU load", Kind: inspection.Number, Unit: "%", Upper: bound(70), Required: true},
			},
		},
		{
			NameZh: "打印机季度保养", NameEn: "Quarterly care of printers", Items: []uuid.UUID{c.items["PRN-3F-01"]}, TeamID: c.teams["Workplace"], AllowMinutes: 2880,
			Recurrence: inspection.Recurrence{Unit: inspection.Months, Every: 3, At: "09:00", From: now.AddDate(0, 0, 5).Format(time.DateOnly)},
			Points:     append(check[:1:1], inspection.Point{Zh: "打印页数", En: "Pages printed", Kind: inspection.Number, Required: true}),
		},
		{
			NameZh: "备份恢复抽查", NameEn: "Restore test of backups", Items: []uuid.UUID{c.items["vm-erp-db1"]}, TeamID: c.teams["Applications"], AllowMinutes: 1440,
			Recurrence: inspection.Recurrence{Unit: inspection.Months, Every: 1, MonthDay: 31, At: "14:00", From: from}, Points: check,
		},
		{
			NameZh: "旧机房巡检", NameEn: "Old machine room", Items: []uuid.UUID{c.items["备用交换机 S5560X"]}, TeamID: c.teams["Network"], AllowMinutes: 240,
			Recurrence: inspection.Recurrence{Unit: inspection.Weeks, Every: 2, At: "09:00", From: now.AddDate(0, 1, 0).Format(time.DateOnly)}, Points: check,
		},
	}
}

// round carries out the daily round of a day; on the seventh it is too warm.
func (c *Company) round(ctx context.Context, p inspection.Plan, at time.Time, day int) error {
	who, err := c.as(ctx, []string{"engineer2", "he.ming", "engineer"}[day%3])
	if err != nil {
		return err
	}
	page, err := c.Inspections.List(who, inspection.Filter{View: "open", Limit: 50}, "")
	if err != nil {
		return err
	}
	for _, r := range page.Rows {
		if r.PlanID != p.ID || r.ScheduledAt.After(at) {
			continue
		}
		for n, item := range p.Items {
			c.At(at.Add(time.Duration(5+4*n) * time.Minute))
			warm := 21.5 + 0.5*float64((day*3+n*2)%5)
			in := inspection.RecordInput{ItemID: item, Readings: []inspection.ReadingInput{
				{Point: p.Points[0].Key, Verdict: inspection.OK}, {Point: p.Points[1].Key, Number: &warm}, {Point: p.Points[2].Key, Verdict: inspection.OK},
			}}
			if day == 6 && n == 2 {
				warm = 29.5
			}
			if day == 7 && n == 2 {
				in.Readings[2] = inspection.ReadingInput{Point: p.Points[2].Key, Verdict: inspection.NotOK, Note: "2 号风扇有间歇异响，已通知厂商，周末更换。"}
			}
			if _, err := c.Inspections.Record(who, r.ID, in); err != nil {
				return err
			}
			if day == 6 && n == 2 {
				if _, _, err := c.Inspections.Raise(who, r.ID, inspection.RaiseInput{ItemID: item, Point: p.Points[1].Key}); err != nil {
					return err
				}
			}
		}
		if _, err := c.Inspections.Finish(who, r.ID, inspection.FinishInput{}); err != nil {
			return err
		}
	}
	return nil
}
