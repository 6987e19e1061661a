package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/approval"
	"opsdesk/internal/change"
	"opsdesk/internal/record"
)

// evening is a day's window at night, so many days from now.
func (c *Company) evening(days, hours int) (from, to *time.Time) {
	zone := time.FixedZone("", 8*3600)
	n := c.Desk.Now().In(zone).AddDate(0, 0, days)
	a := time.Date(n.Year(), n.Month(), n.Day(), 22, 0, 0, 0, zone)
	b := a.Add(time.Duration(hours) * time.Hour)
	return &a, &b
}

// changes plays changes that stand at different places of their life.
func (c *Company) changes(ctx context.Context) error {
	if c.Changes == nil {
		return nil
	}
	for _, play := range []func(context.Context) error{c.certificateRenewed, c.vpnRolledBack, c.coreSwitches, c.databasePatch, c.rackPower} {
		if err := play(ctx); err != nil {
			return err
		}
		c.At(time.Time{})
	}
	if err := c.monthEnd(ctx); err != nil {
		return err
	}
	if err := c.maintenance(ctx); err != nil {
		return err
	}
	if err := c.standardChanges(ctx); err != nil {
		return err
	}
	return c.boardMeeting(ctx)
}

// boardMeeting is the next meeting of the board, with what waits for it.
func (c *Company) boardMeeting(ctx context.Context) error {
	manager, err := c.as(ctx, "changemanager")
	if err != nil {
		return err
	}
	from, _ := c.evening(1, 1)
	begins := from.Add(-8 * time.Hour) // two in the afternoon
	m, err := c.Changes.PlanMeeting(manager, change.MeetingInput{BeginsAt: begins, EndsAt: begins.Add(time.Hour), Place: "A 座 301 会议室"})
	if err == nil && len(m.Agenda) > 0 {
		_, err = c.Changes.Minute(manager, m.ID, change.MinutesInput{Said: []change.Said{{ChangeID: m.Agenda[0].ChangeID, Minutes: "请实施人在会上演示回退步骤。"}}})
	}
	return err
}

// standardChanges are two templates, one in force and one that waits, and a
// change made from the first.
func (c *Company) standardChanges(ctx context.Context) error {
	author, err := c.as(ctx, "engineer2")
	if err != nil {
		return err
	}
	manager, err := c.as(ctx, "changemanager")
	if err != nil {
		return err
	}
	in := change.TemplateInput{
		NameZh: "TLS 证书续期", NameEn: "Renewal of a TLS certificate", Content: "用同一 CA 签发的新证书替换即将到期的证书，并重新加载服务。", Reason: "证书将在 30 天内到期。",
		Effect: "重新加载期间新连接可能延迟数秒，已有连接不中断。", Communication: "在服务公告中注明时间。", Steps: c.steps("备份现有证书与私钥", "文件校验一致", "替换证书并重新加载", "到期日为新日期，链完整"),
		TestPlan: "用 openssl 与浏览器检查证书链和到期日。", RollbackTrigger: "任一检查失败，或 5 分钟内出现握手错误。", Back: c.steps("还原旧证书并重新加载", "握手成功"), RollbackMinutes: 10,
		Rehearsal: "每季度在测试环境演练。", CriticalFrom: 1, ReviewBy: c.Desk.Now().AddDate(0, 9, 0).Format(time.DateOnly),
	}
	t, err := c.Changes.DraftTemplate(author, in)
	if err == nil {
		t, err = c.Changes.SubmitTemplate(author, t.ID, change.TemplateStep{})
	}
	if err == nil {
		t, err = c.Changes.ApproveTemplate(manager, t.ID, change.TemplateStep{Remark: "第四季度复核通过。"})
	}
	if err != nil {
		return fmt.Errorf("template: %w", err)
	}
	from, to := c.evening(3, 1)
	service, hands := c.services["Company mail"], c.persons["implementer"]
	x, err := c.Changes.Create(author, change.CreateInput{Type: change.Standard, TemplateID: &t.ID, Plan: change.Plan{
		Title: "邮件网关证书续期 Certificate of the mail gateway", Items: []uuid.UUID{c.items["邮件网关"]}, ServiceID: &service, WindowFrom: from, WindowTo: to, ImplementerID: &hands,
		Steps: in.Steps, Back: in.Back,
	}})
	if err == nil {
		_, err = c.Changes.Submit(author, x.ID, change.StepInput{})
	}
	if err != nil {
		return fmt.Errorf("standard change: %w", err)
	}
	in.NameZh, in.NameEn, in.Content = "测试环境虚拟机重启", "Restart of a test machine", "重启测试环境的虚拟机。"
	in.Reason, in.Effect, in.Communication = "内存泄漏或更新后需要重启。", "该虚拟机停止约 3 分钟，只影响测试人员。", "在测试群告知。"
	in.Steps, in.TestPlan = c.steps("确认无人使用", "没有登录会话", "重启", "健康检查通过"), "健康检查连续通过 5 分钟。"
	in.RollbackTrigger, in.Back, in.CriticalFrom = "重启后 10 分钟内健康检查未通过。", c.steps("从昨日快照还原", "健康检查通过"), 4
	if t, err = c.Changes.DraftTemplate(author, in); err == nil {
		_, err = c.Changes.SubmitTemplate(author, t.ID, change.TemplateStep{})
	}
	return err
}

// monthEnd is a freeze that warns while finance closes the month.
func (c *Company) monthEnd(ctx context.Context) error {
	manager, err := c.as(ctx, "changemanager")
	if err != nil {
		return err
	}
	from, _ := c.evening(4, 1)
	service := c.services["ERP system"]
	_, err = c.Changes.Freeze(manager, change.FreezeInput{
		NameZh: "ERP 月末结账", NameEn: "Month end of the ERP", ServiceID: &service, From: *from, To: from.AddDate(0, 0, 3), Reason: "财务月结期间尽量不变更 ERP。",
	})
	return err
}

// maintenance is when mail, the ERP and the core switches may be changed.
func (c *Company) maintenance(ctx context.Context) error {
	manager, err := c.as(ctx, "changemanager")
	if err != nil {
		return err
	}
	today := c.Desk.Now().Format(time.DateOnly)
	for _, in := range []change.MaintenanceInput{
		{NameZh: "邮件系统维护", NameEn: "Maintenance of mail", Weekdays: []int{7}, Starts: "02:00", Ends: "06:00", Services: []uuid.UUID{c.services["Company mail"]}},
		{NameZh: "ERP 月度维护", NameEn: "Monthly maintenance of the ERP", Binding: true, Nth: change.LastOfMonth, Weekdays: []int{6}, Starts: "20:00", Ends: "04:00", Services: []uuid.UUID{c.services["ERP system"]}},
		{NameZh: "核心网络维护", NameEn: "Maintenance of the core network", Weekdays: []int{2, 4}, Starts: "22:00", Ends: "02:00", Items: []uuid.UUID{c.items["SW-CORE-A1"], c.items["SW-CORE-A2"]}},
	} {
		in.Zone, in.ValidFrom = "Asia/Shanghai", today
		if _, err := c.Changes.SetMaintenance(manager, in); err != nil {
			return fmt.Errorf("%s: %w", in.NameZh, err)
		}
	}
	return nil
}

func (c *Company) steps(list ...string) []change.PlanStep {
	hands := c.persons["implementer"]
	var out []change.PlanStep
	for i := 0; i+1 < len(list); i += 2 {
		out = append(out, change.PlanStep{Title: list[i], Check: list[i+1], OwnerID: &hands, Minutes: 15 + 10*(i/2)})
	}
	return out
}

// scene plays acts one after the other, each as somebody, and stops at the
// first that fails.
type scene struct {
	c   *Company
	ctx context.Context //nolint:containedctx // lives as long as one scene
	id  uuid.UUID
	err error
}

func (s *scene) as(who string, do func(context.Context, uuid.UUID) error) {
	if s.err != nil {
		return
	}
	ctx, err := s.c.as(s.ctx, who)
	if err == nil {
		err = do(ctx, s.id)
	}
	if err != nil {
		s.err = fmt.Errorf("%s: %w", who, err)
	}
}

func act[In any](run func(context.Context, uuid.UUID, In) (change.Change, error), in In) func(context.Context, uuid.UUID) error {
	return func(ctx context.Context, id uuid.UUID) error {
		_, err := run(ctx, id, in)
		return err
	}
}

// vote approves what waits for whoever acts.
func (s *scene) vote(who string) {
	s.as(who, func(ctx context.Context, id uuid.UUID) error {
		v, err := s.c.Approvals.Of(ctx, s.c.Desk.DB, record.Ref{Kind: change.Kind, ID: id})
		if err != nil {
			return err
		}
		for _, st := range v.Steps {
			for _, x := range st.Seats {
				if st.State == "current" && x.PersonID == s.c.persons[who] {
					return s.c.Approvals.Vote(ctx, v.ID, approval.VoteInput{SeatID: x.ID, Hash: v.Hash, Choice: approval.Approve})
				}
			}
		}
		return fmt.Errorf("nothing waits for %s", who)
	})
}

// begin makes a change of a type as an engineer.
func (c *Company) begin(ctx context.Context, t change.Type, p change.Plan) *scene {
	s := &scene{c: c, ctx: ctx}
	s.as("engineer2", func(ctx context.Context, _ uuid.UUID) error {
		x, err := c.Changes.Create(ctx, change.CreateInput{Type: t, Plan: p})
		s.id = x.ID
		return err
	})
	return s
}

// propose takes a normal change as far as its review.
func (s *scene) propose(a change.AssessInput, evidence string) {
	m := s.c.Changes
	s.as("engineer2", act(m.Submit, change.StepInput{}))
	s.as("lead", act(m.Assess, a))
	s.as("lead", act(m.Test, change.TestInput{Result: change.Passed, Evidence: evidence}))
	s.as("engineer2", act(m.Ask, change.StepInput{}))
}

func (s *scene) run(list string, n int) {
	for i := 1; i <= n; i++ {
		s.as("implementer", act(s.c.Changes.Run, change.RunInput{List: list, Step: i, Do: "start"}))
		s.c.At(s.c.Desk.Now().Add(12 * time.Minute))
		s.as("implementer", act(s.c.Changes.Run, change.RunInput{List: list, Step: i, Do: "end"}))
	}
}

func (c *Company) certificateRenewed(ctx context.Context) error {
	c.At(c.Desk.Now().AddDate(0, 0, -12))
	from, to := c.evening(2, 2)
	service, hands := c.services["Company mail"], c.persons["implementer"]
	s := c.begin(ctx, change.Normal, change.Plan{
		Title: "更换邮件网关证书 Renew the mail gateway's certificate", Content: "现有证书 11 月到期，换为新证书，并更新中间证书链。", Reason: "到期后外部邮件服务器会拒绝投递。",
		Effect: "重启网关服务，邮件收发中断约 1 分钟，期间邮件排队不丢失。", Communication: "当天 17:00 在公告栏通知。", Items: []uuid.UUID{c.items["邮件网关"]}, ServiceID: &service,
		Steps: c.steps("导出并备份现有证书与私钥", "备份文件可读", "安装新证书并重启服务", "openssl s_client 显示新到期日", "收发测试邮件", "两个外部邮箱收到"), TestPlan: "在测试网关安装同一证书，用三种客户端收发。",
		RollbackTrigger: "重启后 5 分钟内收发测试失败。", Back: c.steps("恢复原证书并重启", "收发恢复"), RollbackMinutes: 10, Rehearsal: "测试网关演练，用时 6 分钟。", WindowFrom: from, WindowTo: to, ImplementerID: &hands,
	})
	s.propose(change.AssessInput{Answers: []int{3, 1, 1, 2, 2, 2}, Mitigation: "夜间实施，队列保留 24 小时。", Impact: 3, Likelihood: 1}, "测试网关 10:20 通过，记录在变更附件。")
	s.vote("changemanager")
	s.as("engineer2", act(c.Changes.Schedule, change.StepInput{}))
	c.At(from.Add(5 * time.Minute))
	s.as("implementer", act(c.Changes.Start, change.StepInput{}))
	s.run("steps", 3)
	s.as("implementer", act(c.Changes.Finish, change.StepInput{}))
	s.as("lead", act(c.Changes.Verify, change.VerifyInput{Result: change.Success, Note: "新到期日正确，次日早 9 点无投诉。"}))
	s.as("changemanager", act(c.Changes.Close, change.ReviewInput{Lessons: "证书到期提醒应提前 60 天。", ItemsConfirmed: true}))
	return s.err
}

func (c *Company) vpnRolledBack(ctx context.Context) error {
	c.At(c.Desk.Now().Add(-20 * time.Hour))
	from, hands := c.Desk.Now().Add(30*time.Minute), c.persons["implementer"]
	to := from.Add(3 * time.Hour)
	service := c.services["Remote access"]
	s := c.begin(ctx, change.Emergency, change.Plan{
		Title: "VPN 网关紧急升级，修复远程漏洞 Urgent VPN gateway fix", Content: "升级到厂商当日发布的修复版本。", Reason: "厂商通告漏洞已被利用。", Effect: "在线用户断开一次，约 3 分钟。",
		Items: []uuid.UUID{c.items["VPN 网关"]}, ServiceID: &service, Steps: c.steps("备份配置", "校验和一致", "升级并重启", "登录成功"), RollbackTrigger: "重启后 10 分钟内用户无法登录。",
		Back: c.steps("切回旧版本", "用户可登录"), RollbackMinutes: 15, WindowFrom: &from, WindowTo: &to, ImplementerID: &hands,
	})
	s.as("engineer2", act(c.Changes.Submit, change.StepInput{}))
	s.as("engineer2", act(c.Changes.Ask, change.StepInput{}))
	s.vote("changemanager")
	s.as("engineer2", act(c.Changes.Schedule, change.StepInput{}))
	c.At(from.Add(time.Minute))
	s.as("implementer", act(c.Changes.Start, change.StepInput{}))
	s.run("steps", 1)
	s.as("implementer", act(c.Changes.RollBack, change.ReasonInput{Reason: "升级后 LDAP 登录失败，10 分钟内未恢复。"}))
	s.run("back", 1)
	s.as("implementer", act(c.Changes.Finish, change.StepInput{}))
	s.as("lead", act(c.Changes.Verify, change.VerifyInput{Result: change.RolledBack, Note: "旧版本可用，已临时封禁受影响接口。"}))
	return s.err
}

func (c *Company) coreSwitches(ctx context.Context) error {
	c.At(c.Desk.Now().Add(-6 * time.Hour))
	from, to := c.evening(3, 4)
	service, hands := c.services["Office network"], c.persons["implementer"]
	s := c.begin(ctx, change.Normal, change.Plan{
		Title: "核心交换机固件升级 Core switch firmware upgrade", Content: "SW-CORE-A1、A2 由 17.9.4 升级到 17.12.3，逐台进行。", Reason: "17.9.4 内存泄漏，每 40 天需重启。",
		Effect: "每台切换时办公网中断约 90 秒。", Communication: "提前两天邮件通知，当晚值班群播报。", Items: []uuid.UUID{c.items["SW-CORE-A1"], c.items["SW-CORE-A2"]}, ServiceID: &service,
		Steps:    c.steps("公告、屏蔽告警、备份两台配置", "备份校验和一致", "流量切到 A2，升级并重启 A1", "A1 邻居 48/48，无丢包", "观察 20 分钟，流量切回 A1", "抽查会议、ERP、VPN", "同样升级 A2", "同上"),
		TestPlan: "实验室同型号设备升级，跑一天业务流量。", RollbackTrigger: "10 分钟内邻居少于 46，或丢包超过 0.5%，或 01:15 前未完成第 3 步。", Back: c.steps("启动备用分区", "版本 17.9.4", "恢复配置并通知评审委员会", "邻居恢复"),
		RollbackMinutes: 30, Rehearsal: "11 月 18 日实验室演练，12 分钟。", WindowFrom: from, WindowTo: to, ImplementerID: &hands,
	})
	s.propose(change.AssessInput{Answers: []int{4, 3, 1, 3, 2, 2}, Mitigation: "双机轮换，逐台进行，备用分区保留旧版本。", Impact: 4, Likelihood: 3}, "实验室 24 小时无异常，邻居与吞吐曲线见附件。")
	s.vote("changemanager")
	return s.err
}

func (c *Company) databasePatch(ctx context.Context) error {
	c.At(c.Desk.Now().Add(-30 * time.Hour))
	from, to := c.evening(5, 3)
	service, hands := c.services["ERP system"], c.persons["implementer"]
	s := c.begin(ctx, change.Normal, change.Plan{
		Title: "ERP 数据库安全补丁 Security patch of the ERP database", Content: "安装季度补丁并重启实例。", Reason: "合规要求 30 天内安装高危补丁。", Effect: "ERP 停用约 25 分钟。", Communication: "财务部已确认窗口。",
		Items: []uuid.UUID{c.items["vm-erp-db1"]}, ServiceID: &service, Steps: c.steps("停应用、快照与备份", "备份可恢复", "安装补丁并重启", "版本号正确", "启动应用并核对", "月结报表一致"),
		TestPlan: "在测试库安装，跑月结脚本。", RollbackTrigger: "月结脚本报错或 23:45 前未恢复。", Back: c.steps("恢复快照", "应用可登录"), RollbackMinutes: 40, Rehearsal: "测试库演练恢复 22 分钟。", WindowFrom: from, WindowTo: to, ImplementerID: &hands,
	})
	s.propose(change.AssessInput{Answers: []int{3, 3, 2, 2, 2, 1}, Mitigation: "快照加全备，财务在场核对。", Impact: 4, Likelihood: 2}, "测试库月结脚本通过。")
	s.vote("changemanager")
	s.vote("reviewer")
	s.as("engineer2", act(c.Changes.Schedule, change.StepInput{}))
	return s.err
}

func (c *Company) rackPower(ctx context.Context) error {
	from, to := c.evening(3, 2)
	return c.begin(ctx, change.Normal, change.Plan{
		Title: "机柜 R03 电源模块更换 New power module in rack R03", Content: "更换 B 路 PDU。", Reason: "指示灯告警。", Items: []uuid.UUID{c.items["A 座机柜 R03"]}, WindowFrom: from, WindowTo: to,
	}).err
}
