package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/form"
	"opsdesk/internal/servicerequest"
)

// offer is an item of the demo's catalogue.
type offer struct {
	category, service string
	content           servicerequest.Content
}

var shelves = []struct{ zh, en, icon string }{
	{"设备与软件", "Devices and software", "device-laptop"},
	{"账号与权限", "Accounts and access", "key"},
	{"办公场所", "Workplace", "building"},
}

func option(value, zh, en string) form.Option {
	return form.Option{Value: value, LabelZh: zh, LabelEn: en}
}

// offers are the items; teams are told by their names.
func (c *Company) offers() []offer {
	team := func(name string) *uuid.UUID { id := c.teams[name]; return &id }
	everyone := servicerequest.Audience{Everyone: true}
	task := func(key, zh, en, team string, after ...string) servicerequest.Plan {
		id := c.teams[team]
		return servicerequest.Plan{Key: key, TitleZh: zh, TitleEn: en, Output: servicerequest.OutputTask, TeamID: &id, After: after}
	}
	dock := task("dock", "采购扩展坞", "Order the dock", "Workplace", "order")
	dock.When = `"dock" in extras`
	socket := servicerequest.Plan{Key: "socket", TitleZh: "工位网口不通", TitleEn: "Network socket does not work", Output: servicerequest.OutputIncident, TeamID: team("Network"), When: `socket == "broken"`}
	return []offer{
		{"Devices and software", "Workplace devices", servicerequest.Content{
			NameZh: "笔记本电脑", NameEn: "Laptop", SummaryZh: "新领用或更换办公笔记本", SummaryEn: "A new laptop, or one in place of an old one", Icon: "device-laptop", Days: 5, Price: 650000,
			TextZh: "配发前已装好办公软件并加入域。旧机请在领取时交回。", TextEn: "It comes with office software and joined to the domain. Hand the old one back when you collect it.",
			QuotaCount: 1, QuotaDays: 1095, Impact: 3, Order: everyone, Steps: []servicerequest.Step{{From: servicerequest.ByManager, Mode: "any"}},
			Form: form.Form{Fields: []form.Field{
				{Key: "model", Type: form.Choice, LabelZh: "机型", LabelEn: "Model", Required: true, Default: "light", Options: []form.Option{option("light", "轻薄型", "Light"), option("standard", "标准型", "Standard"), option("power", "高性能型", "Powerful")}},
				{Key: "why", Type: form.Long, LabelZh: "为什么需要高性能型", LabelEn: "Why a powerful one", HintZh: "例如三维设计、仿真计算", HintEn: "For example 3D design or simulation", Show: `model == "power"`, Required: true},
				{Key: "extras", Type: form.Multi, LabelZh: "配件", LabelEn: "Accessories", Options: []form.Option{option("dock", "扩展坞", "Dock"), option("mouse", "鼠标", "Mouse"), option("bag", "电脑包", "Bag")}},
				{Key: "needed", Type: form.Date, LabelZh: "希望领取日期", LabelEn: "Wanted by", Valid: "needed >= today", InvalidZh: "请选择今天或以后的日期", InvalidEn: "Choose today or later"},
				{Key: "place", Type: form.Text, LabelZh: "工位", LabelEn: "Your place", Required: true, Default: "profile.location"},
			}},
			Tasks: []servicerequest.Plan{
				task("order", "备货并登记资产", "Take from stock and register", "Workplace"), dock, task("account", "准备账号与授权", "Prepare account and licences", "Service Desk"),
				task("install", "安装并交付", "Install and hand over", "Workplace", "dock", "account"),
			},
		}},
		{"Devices and software", "Workplace devices", servicerequest.Content{
			NameZh: "安装软件", NameEn: "Install software", SummaryZh: "在办公电脑上安装已授权的软件", SummaryEn: "Licensed software on your computer", Icon: "puzzle", Days: 2, Impact: 3, Order: everyone,
			Form: form.Form{Fields: []form.Field{
				{Key: "software", Type: form.Choice, LabelZh: "软件", LabelEn: "Software", Required: true, Options: []form.Option{option("visio", "流程图工具", "Diagrams"), option("cad", "CAD", "CAD"), option("other", "其他", "Something else")}},
				{Key: "which", Type: form.Text, LabelZh: "软件名称", LabelEn: "Which", Show: `software == "other"`, Required: true},
				{Key: "computer", Type: form.Asset, LabelZh: "电脑", LabelEn: "Computer", HintZh: "标签上的资产编号，例如 LT-LW-042", HintEn: "The number on its label, such as LT-LW-042", Required: true},
			}},
			Tasks: []servicerequest.Plan{task("install", "远程安装", "Install remotely", "Workplace")},
		}},
		{"Accounts and access", "ERP system", servicerequest.Content{
			NameZh: "ERP 权限", NameEn: "ERP access", SummaryZh: "开通或调整 ERP 模块权限", SummaryEn: "Access to modules of the ERP system", Icon: "key", Days: 1, Impact: 3, Access: true, Order: everyone,
			Steps: []servicerequest.Step{{From: servicerequest.ByManager, Mode: "any"}, {From: servicerequest.ByOwner, Mode: "any", When: `"pay" in modules`}},
			Form: form.Form{Fields: []form.Field{
				{Key: "who", Type: form.Person, LabelZh: "为谁开通", LabelEn: "For whom", Required: true, Default: "profile.self"},
				{Key: "modules", Type: form.Multi, LabelZh: "模块", LabelEn: "Modules", Required: true, Options: []form.Option{option("stock", "库存", "Stock"), option("buy", "采购", "Purchasing"), option("pay", "付款", "Payments")}},
				{Key: "until", Type: form.Date, LabelZh: "有效期至", LabelEn: "Until", RequiredIf: `"pay" in modules`, Valid: "until > today"},
			}},
			Tasks: []servicerequest.Plan{task("grant", "配置权限", "Grant the access", "Applications"), task("check", "核对权限", "Check it", "Security", "grant")},
		}},
		{"Workplace", "Workplace devices", servicerequest.Content{
			NameZh: "工位搬迁", NameEn: "Move to another place", SummaryZh: "电脑、电话和网络一起搬到新工位", SummaryEn: "Computer, phone and network move with you", Icon: "building", Days: 3, Impact: 3, Order: everyone,
			Form: form.Form{Fields: []form.Field{
				{Key: "from", Type: form.Text, LabelZh: "现工位", LabelEn: "From", Required: true, Default: "profile.location"},
				{Key: "to", Type: form.Text, LabelZh: "新工位", LabelEn: "To", Required: true, Valid: "to != from", InvalidZh: "新工位与现工位相同", InvalidEn: "This is where you are now"},
				{Key: "day", Type: form.Date, LabelZh: "搬迁日期", LabelEn: "Day", Required: true, Valid: "day >= today"},
				{Key: "socket", Type: form.Choice, LabelZh: "新工位的网口", LabelEn: "The socket there", Required: true, Default: "unknown", Options: []form.Option{option("works", "可用", "Works"), option("broken", "不通", "Does not work"), option("unknown", "没试过", "Not tried")}},
				{Key: "things", Type: form.Table, LabelZh: "要搬的东西", LabelEn: "What moves", Columns: []form.Column{{LabelZh: "物品", LabelEn: "Thing", Type: form.Text}, {LabelZh: "数量", LabelEn: "How many", Type: form.Number}}},
			}},
			Tasks: []servicerequest.Plan{socket, task("port", "开通网口", "Switch the port on", "Network"), task("move", "搬运设备", "Move the devices", "Workplace"), task("test", "联合测试", "Test together", "Service Desk", "port", "move", "socket")},
		}},
	}
}

// stock fills the catalogue: drafted by the service desk's lead, approved by
// the owner of the services.
func (c *Company) stock(ctx context.Context) error {
	lead, err := c.as(ctx, "lead")
	if err != nil {
		return err
	}
	owner, err := c.as(ctx, "tao.lin")
	if err != nil {
		return err
	}
	shelf := map[string]uuid.UUID{}
	for n, s := range shelves {
		k, err := c.Requests.SaveCategory(lead, servicerequest.CategoryInput{NameZh: s.zh, NameEn: s.en, Icon: s.icon, Position: n + 1, Active: true})
		if err != nil {
			return err
		}
		shelf[s.en] = k.ID
	}
	for _, o := range c.offers() {
		i, err := c.Requests.NewItem(lead, servicerequest.NewItemInput{CategoryID: shelf[o.category], ServiceID: c.services[o.service], NameZh: o.content.NameZh, NameEn: o.content.NameEn})
		if err == nil {
			i, err = c.Requests.Replace(lead, i.ID, servicerequest.ContentInput{Content: o.content})
		}
		if err == nil {
			i, err = c.Requests.SubmitItem(lead, i.ID, servicerequest.StepInput{})
		}
		if err == nil {
			_, err = c.Requests.ApproveItem(owner, i.ID, servicerequest.ApproveInput{Hash: i.DraftHash})
		}
		if err != nil {
			return fmt.Errorf("%s: %w", o.content.NameEn, err)
		}
	}
	return nil
}

// ask plays a few requests.
func (c *Company) ask(ctx context.Context) error {
	items, err := c.offered(ctx)
	if err != nil {
		return err
	}
	c.At(c.Desk.Now().Add(-26 * time.Hour))
	staff, err := c.as(ctx, "staff")
	if err != nil {
		return err
	}
	day := c.Desk.Now().AddDate(0, 0, 5).Format(time.DateOnly)
	r, err := c.Requests.Order(staff, servicerequest.OrderInput{ItemID: items["Move to another place"], Urgency: 2, Answers: form.Raw{
		"from": {"A-3F-E-112"}, "to": {"A-3F-W-105"}, "day": {day}, "socket": {"works"}, "things": {"显示器", "2", "电话", "1"},
	}})
	if err != nil {
		return err
	}
	if err := c.finish(ctx, r.ID, "engineer2", "port", "端口 A3-W105 已划入办公网段。"); err != nil {
		return err
	}
	c.At(c.Desk.Now().Add(3 * time.Hour))
	other, err := c.as(ctx, "anna.kowalska")
	if err != nil {
		return err
	}
	r, err = c.Requests.Order(other, servicerequest.OrderInput{ItemID: items["Install software"], Answers: form.Raw{"software": {"visio"}, "computer": {"LT-AK-017"}}})
	if err != nil {
		return err
	}
	if err := c.finish(ctx, r.ID, "engineer", "install", "已通过软件中心推送。"); err != nil {
		return err
	}
	if _, err = c.Requests.Order(staff, servicerequest.OrderInput{ItemID: items["Install software"], Answers: form.Raw{"software": {"other"}, "which": {"7-Zip"}}, Draft: true}); err != nil {
		return err
	}
	return c.queued(ctx, items)
}

// queued plays requests that are open in different states, so that the queue
// shows what it is for: one waits for its approval, one for parts, one is in
// work, and two wait to be taken.
func (c *Company) queued(ctx context.Context, items map[string]uuid.UUID) error {
	day := c.Desk.Now().AddDate(0, 0, 8).Format(time.DateOnly)
	orders := []struct {
		who   string
		in    servicerequest.OrderInput
		after time.Duration
		then  func(id uuid.UUID) error
	}{
		{who: "tom.becker", after: 40 * time.Minute, in: servicerequest.OrderInput{ItemID: items["Laptop"], Urgency: 2, Answers: form.Raw{"model": {"power"}, "why": {"Line simulation for the new press."}, "extras": {"dock", "mouse"}, "place": {"S-1F-011"}}}},
		{who: "james.miller", after: time.Hour, in: servicerequest.OrderInput{ItemID: items["Install software"], Urgency: 2, Answers: form.Raw{"software": {"cad"}, "computer": {"LT-JM-033"}}}, then: func(id uuid.UUID) error {
			return c.begun(ctx, id, "engineer", "install", &servicerequest.PendInput{Reason: servicerequest.OnVendor, Remark: "CAD 授权数已满，已向供应商追加一个。"})
		}},
		{who: "xie.fang", after: 90 * time.Minute, in: servicerequest.OrderInput{ItemID: items["Install software"], Answers: form.Raw{"software": {"visio"}, "computer": {"LT-XF-044"}}}, then: func(id uuid.UUID) error {
			return c.begun(ctx, id, "engineer", "install", nil)
		}},
		{who: "shen.jing", after: 2 * time.Hour, in: servicerequest.OrderInput{ItemID: items["Move to another place"], Urgency: 1, Remark: "新同事周一入职，请尽量提前。", Answers: form.Raw{"from": {"A-6F-008"}, "to": {"A-6F-021"}, "day": {day}, "socket": {"works"}}}},
		{who: "liang.bo", after: 30 * time.Minute, in: servicerequest.OrderInput{ItemID: items["Install software"], Answers: form.Raw{"software": {"other"}, "which": {"Power Query"}, "computer": {"LT-LB-019"}}}},
	}
	for _, o := range orders {
		c.At(c.Desk.Now().Add(o.after))
		as, err := c.as(ctx, o.who)
		if err != nil {
			return err
		}
		r, err := c.Requests.Order(as, o.in)
		if err == nil && o.then != nil {
			err = o.then(r.ID)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", o.who, err)
		}
	}
	return nil
}

// begun takes a task of a request and, where it is said, puts the request on
// hold.
func (c *Company) begun(ctx context.Context, id uuid.UUID, who, key string, hold *servicerequest.PendInput) error {
	ctx, err := c.as(ctx, who)
	if err != nil {
		return err
	}
	d, err := c.Requests.Detail(ctx, id)
	if err != nil {
		return err
	}
	for _, t := range d.Tasks {
		if t.Key != key {
			continue
		}
		if _, err = c.Requests.ClaimTask(ctx, id, t.ID, servicerequest.StepInput{}); err == nil && hold != nil {
			_, err = c.Requests.Pend(ctx, id, *hold)
		}
		return err
	}
	return fmt.Errorf("%s has no task %s", d.Label(), key)
}

// offered are the demo's items by their English names.
func (c *Company) offered(ctx context.Context) (map[string]uuid.UUID, error) {
	lead, err := c.as(ctx, "lead")
	if err != nil {
		return nil, err
	}
	list, err := c.Requests.ManagedItems(lead)
	out := map[string]uuid.UUID{}
	for _, i := range list {
		out[i.NameEn] = i.ID
	}
	return out, err
}

// finish takes a task of a request and ends it.
func (c *Company) finish(ctx context.Context, id uuid.UUID, who, key, remark string) error {
	ctx, err := c.as(ctx, who)
	if err != nil {
		return err
	}
	d, err := c.Requests.Detail(ctx, id)
	if err != nil {
		return err
	}
	for _, t := range d.Tasks {
		if t.Key == key {
			_, err = c.Requests.CompleteTask(ctx, id, t.ID, servicerequest.TaskInput{Remark: remark})
			return err
		}
	}
	return fmt.Errorf("%s has no task %s", d.Label(), key)
}
