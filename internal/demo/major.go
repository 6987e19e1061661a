package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/incident"
)

// majors tells two major incidents: one that ended with a signed review, and
// one that goes on, whose banner is on every page.
func (c *Company) majors(ctx context.Context, now time.Time) error {
	if err := c.ended(ctx, now.Add(-12*d)); err != nil {
		return fmt.Errorf("ended: %w", err)
	}
	if err := c.goingOn(ctx, now.Add(-100*m)); err != nil {
		return fmt.Errorf("going on: %w", err)
	}
	return nil
}

// acts are use cases of one incident, each by somebody at a time.
type acts struct {
	c   *Company
	ctx context.Context
	at  time.Time
	err error
}

func (a *acts) do(after time.Duration, who string, fn func(context.Context) error) {
	if a.err != nil {
		return
	}
	a.at = a.at.Add(after)
	a.c.At(a.at)
	ctx, err := a.c.as(a.ctx, who)
	if err == nil {
		err = fn(ctx)
	}
	if err != nil {
		a.err = fmt.Errorf("%s: %w", who, err)
	}
}

func (c *Company) ended(ctx context.Context, at time.Time) error {
	network, service := c.categories["Wired"], c.services["Office network"]
	a := &acts{c: c, ctx: ctx, at: at}
	s := c.Incidents
	var id uuid.UUID
	a.do(0, "luo.qiang", func(ctx context.Context) error {
		i, err := s.Create(ctx, incident.CreateInput{
			Title: "苏州工厂全厂断网", Description: "所有产线终端离线，电话也打不出去。", Impact: 1, Urgency: 1, Location: "S-2F-101", Channel: "portal", CategoryID: &network, ServiceID: &service,
		})
		id = i.ID
		return err
	})
	step := func(after time.Duration, who string, fn func(context.Context, uuid.UUID) error) {
		a.do(after, who, func(ctx context.Context) error { return fn(ctx, id) })
	}
	step(3*m, "he.ming", func(ctx context.Context, id uuid.UUID) error {
		_, err := s.Claim(ctx, id, incident.StepInput{})
		return err
	})
	step(m, "he.ming", func(ctx context.Context, id uuid.UUID) error {
		_, err := s.Start(ctx, id, incident.StepInput{})
		return err
	})
	step(4*m, "lead", func(ctx context.Context, id uuid.UUID) error {
		_, err := s.Declare(ctx, id, incident.DeclareInput{
			Reason: "全厂停产，影响两条产线。", Notify: true, RoleFields: incident.RoleFields{Cadence: 30},
			AnnounceFields: incident.AnnounceFields{TitleZh: "苏州工厂断网", TitleEn: "Suzhou plant offline", TextZh: "核心交换机故障，正在更换板卡。", TextEn: "A core switch failed; its card is being replaced.", Audience: "all"},
		})
		return err
	})
	step(25*m, "lead", func(ctx context.Context, id uuid.UUID) error {
		_, err := s.PostUpdate(ctx, id, incident.UpdateInput{TextZh: "备用板卡已装上，产线逐条恢复。", TextEn: "The spare card is in; the lines come back one by one."})
		return err
	})
	step(30*m, "he.ming", func(ctx context.Context, id uuid.UUID) error {
		_, err := s.Resolve(ctx, id, incident.ResolveInput{Code: "replaced", Cause: "核心交换机 1 号板卡硬件故障，备机未自动接管。", Process: "更换板卡，手动切换，逐条产线验证。"})
		return err
	})
	step(2*h, "lead", func(ctx context.Context, id uuid.UUID) error {
		_, err := s.End(ctx, id, incident.EndInput{Reason: "稳定运行两小时，产线全部恢复。", TextZh: "已全部恢复，谢谢大家的耐心。", TextEn: "Everything works again. Thank you for your patience."})
		return err
	})
	step(26*h, "he.ming", func(ctx context.Context, id uuid.UUID) error {
		began, restored := at, at.Add(64*m)
		_, err := s.WriteReview(ctx, id, incident.ReviewInput{
			Summary: "09:00 核心交换机 1 号板卡故障，备机没有接管；09:08 宣布重大故障，10:04 恢复。", Impact: "苏州工厂约 180 人，两条产线停产 64 分钟。",
			Cause: "板卡固件缺陷；备机的切换脚本在上次升级后没有验证。", WentWell: "四分钟内有人接手，备件就在机房。", WentBadly: "备机切换没有演练。", StartedAt: &began, RestoredAt: &restored,
		})
		return err
	})
	step(5*m, "he.ming", func(ctx context.Context, id uuid.UUID) error {
		_, err := s.AddMeasure(ctx, id, incident.MeasureInput{Title: "每季度演练核心交换机切换", OwnerID: c.persons["he.ming"], DueOn: at.Add(30 * d).Truncate(24 * h)})
		return err
	})
	step(5*m, "he.ming", func(ctx context.Context, id uuid.UUID) error {
		_, err := s.SubmitReview(ctx, id, incident.StepInput{})
		return err
	})
	step(20*h, "lead", func(ctx context.Context, id uuid.UUID) error {
		_, err := s.SignReview(ctx, id, incident.StepInput{})
		return err
	})
	return a.err
}

func (c *Company) goingOn(ctx context.Context, at time.Time) error {
	mail, service := c.categories["Mail"], c.services["Company mail"]
	a := &acts{c: c, ctx: ctx, at: at}
	s := c.Incidents
	create := func(who, title, text, place string) (i incident.Incident) {
		a.do(2*m, who, func(ctx context.Context) (err error) {
			i, err = s.Create(ctx, incident.CreateInput{Title: title, Description: text, Impact: 1, Urgency: 1, Location: place, Channel: "portal", CategoryID: &mail, ServiceID: &service})
			return err
		})
		return i
	}
	p := create("liang.bo", "外部邮件收不到", "从九点起一封外部邮件都没有，内部正常。", "A-5F-019")
	a.do(3*m, "engineer2", func(ctx context.Context) error {
		_, err := s.Claim(ctx, p.ID, incident.StepInput{})
		return err
	})
	a.do(m, "engineer2", func(ctx context.Context) error {
		_, err := s.Start(ctx, p.ID, incident.StepInput{})
		return err
	})
	a.do(5*m, "lead", func(ctx context.Context) error {
		speaker, expected := c.persons["engineer"], at.Add(4*h)
		_, err := s.Declare(ctx, p.ID, incident.DeclareInput{
			Reason: "全公司外部邮件中断，客户联系不上。", Notify: true, RoleFields: incident.RoleFields{CommunicatorID: &speaker, Cadence: 60},
			AnnounceFields: incident.AnnounceFields{
				TitleZh: "邮件收发延迟，正在处理", TitleEn: "Mail is late; we are on it", TextZh: "外部邮件可能晚到 30 分钟，内部正常。急事请打电话。",
				TextEn: "Mail from outside may be 30 minutes late; inside all is well. Please phone if it is urgent.", Audience: "all", ExpectedAt: &expected,
			},
		})
		return err
	})
	for _, r := range [][3]string{{"gu.yan", "银行的回单邮件没到", "A-5F-014"}, {"anna.kowalska", "Customers say their mails bounce", "A-3F-E-120"}} {
		child := create(r[0], r[1], r[1], r[2])
		a.do(2*m, "engineer2", func(ctx context.Context) error {
			_, err := s.Attach(ctx, child.ID, incident.AttachInput{Number: p.Label()})
			return err
		})
	}
	for n, who := range []string{"ren.xue", "song.yu", "priya.nair", "tom.becker", "xie.fang", "shen.jing"} {
		a.do(3*m, who, func(ctx context.Context) error {
			note := ""
			if n == 0 {
				note = "手机邮箱也一样。"
			}
			_, err := s.MeToo(ctx, p.ID, incident.MeTooInput{Note: note})
			return err
		})
	}
	a.do(8*m, "engineer", func(ctx context.Context) error {
		_, err := s.PostUpdate(ctx, p.ID, incident.UpdateInput{TextZh: "网关积压约 2,000 封，正在分批放行。", TextEn: "About 2,000 mails wait at the gateway and are let through in batches."})
		return err
	})
	return a.err
}
