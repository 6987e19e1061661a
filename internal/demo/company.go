package demo

import (
	"fmt"

	"opsdesk/internal/identity"
)

// The company: 启明制造, a maker of machine parts with two plants.

var departments = []struct{ zh, en, under string }{
	{"启明制造", "Qiming Manufacturing", ""},
	{"信息技术部", "Information Technology", "Qiming Manufacturing"},
	{"市场部", "Marketing", "Qiming Manufacturing"},
	{"财务部", "Finance", "Qiming Manufacturing"},
	{"人力资源部", "Human Resources", "Qiming Manufacturing"},
	{"研发中心", "Research and Development", "Qiming Manufacturing"},
	{"生产部", "Production", "Qiming Manufacturing"},
	{"苏州工厂", "Suzhou Plant", "Production"},
	{"成都工厂", "Chengdu Plant", "Production"},
	{"审计部", "Internal Audit", "Qiming Manufacturing"},
}

var teams = []struct{ zh, en, members string }{
	{"服务台", "Service Desk", "engineer lead qian.fei"},
	{"网络组", "Network", "engineer2 engineer lead he.ming"},
	{"终端组", "Workplace", "engineer qian.fei lead"},
	{"应用组", "Applications", "engineer2 tang.yi lead"},
	{"安全组", "Security", "engineer2 lead"},
}

var categories = []struct {
	zh, en, under, team string
	confidential        bool
}{
	{"网络", "Network", "", "Network", false},
	{"无线", "Wireless", "Network", "Network", false},
	{"有线", "Wired", "Network", "Network", false},
	{"远程接入", "Remote access", "Network", "Network", false},
	{"硬件", "Hardware", "", "Workplace", false},
	{"笔记本", "Laptop", "Hardware", "Workplace", false},
	{"打印机", "Printer", "Hardware", "Workplace", false},
	{"会议室设备", "Meeting room", "Hardware", "Workplace", false},
	{"软件", "Software", "", "Applications", false},
	{"邮件", "Mail", "Software", "Applications", false},
	{"ERP", "ERP", "Software", "Applications", false},
	{"办公软件", "Office", "Software", "Workplace", false},
	{"账号与权限", "Accounts", "", "Service Desk", false},
	{"密码", "Password", "Accounts", "Service Desk", false},
	{"信息安全", "Information security", "", "Security", true},
}

var services = []struct {
	zh, en, team, owner string
	key                 bool
}{
	{"办公网络", "Office network", "Network", "tao.lin", true},
	{"企业邮箱", "Company mail", "Applications", "tao.lin", true},
	{"ERP 系统", "ERP system", "Applications", "tao.lin", true},
	{"远程接入", "Remote access", "Network", "tao.lin", false},
	{"打印服务", "Printing", "Workplace", "manager", false},
	{"会议室", "Meeting rooms", "Workplace", "manager", false},
	{"办公终端", "Workplace devices", "Workplace", "tao.lin", false},
}

type spec struct {
	Account
	department, title, location, phone, lang string
	vip                                      bool
}

// specs are all people: those of the sign-ins and their colleagues.
func specs() []spec {
	var out []spec
	place := map[string][3]string{
		"staff": {"Marketing", "市场专员", "A-3F-E-112"}, "manager": {"Production", "Plant manager", "S-1F-003"}, "auditor": {"Internal Audit", "内审员", "A-8F-021"},
	}
	for i, a := range Accounts {
		s := spec{Account: a, department: "Information Technology", title: "", location: fmt.Sprintf("A-2F-W-%03d", 101+i), phone: fmt.Sprintf("8%03d", 100+i)}
		if p, ok := place[a.Username]; ok {
			s.department, s.title, s.location = p[0], p[1], p[2]
		}
		out = append(out, s)
	}
	agent := []identity.Role{identity.Requester, identity.EngineerL2}
	out = append(out,
		spec{Account{"qian.fei", "钱飞", "Qian Fei", agent}, "Information Technology", "桌面工程师", "A-2F-W-120", "8120", "zh-CN", false},
		spec{Account{"he.ming", "何明", "He Ming", agent}, "Information Technology", "网络工程师", "A-2F-W-121", "8121", "zh-CN", false},
		spec{Account{"tang.yi", "唐怡", "Tang Yi", agent}, "Information Technology", "应用工程师", "A-2F-W-122", "8122", "zh-CN", false},
	)
	managers := []identity.Role{identity.Requester, identity.Manager}
	out = append(out,
		spec{Account{"tao.lin", "陶琳", "Tao Lin", managers}, "Information Technology", "服务经理", "A-2F-W-130", "8130", "zh-CN", false},
		spec{Account{"du.heng", "杜衡", "Du Heng", managers}, "Marketing", "市场部经理", "A-3F-E-101", "8131", "zh-CN", false},
	)
	staff := []identity.Role{identity.Requester}
	for i, p := range [][6]string{
		{"gu.yan", "顾岩", "Gu Yan", "Finance", "A-5F-014", "zh-CN"},
		{"james.miller", "James Miller", "James Miller", "Research and Development", "C-2F-033", "en"},
		{"shen.jing", "沈静", "Shen Jing", "Human Resources", "A-6F-008", "zh-CN"},
		{"luo.qiang", "罗强", "Luo Qiang", "Suzhou Plant", "S-2F-101", "zh-CN"},
		{"anna.kowalska", "Anna Kowalska", "Anna Kowalska", "Marketing", "A-3F-E-120", "en"},
		{"deng.rui", "邓睿", "Deng Rui", "Research and Development", "C-1F-009", "zh-CN"},
		{"xie.fang", "谢芳", "Xie Fang", "Chengdu Plant", "D-1F-044", "zh-CN"},
		{"ma.chao", "马超", "Ma Chao", "Suzhou Plant", "S-1F-020", "zh-CN"},
		{"priya.nair", "Priya Nair", "Priya Nair", "Research and Development", "C-2F-041", "en"},
		{"liang.bo", "梁博", "Liang Bo", "Finance", "A-5F-019", "zh-CN"},
		{"ren.xue", "任雪", "Ren Xue", "Marketing", "A-3F-W-102", "zh-CN"},
		{"tom.becker", "Tom Becker", "Tom Becker", "Production", "S-1F-011", "en"},
		{"song.yu", "宋宇", "Song Yu", "Qiming Manufacturing", "A-9F-001", "zh-CN"},
	} {
		out = append(out, spec{Account{p[0], p[1], p[2], staff}, p[3], "", p[4], fmt.Sprintf("8%03d", 300+i), p[5], p[0] == "song.yu"})
	}
	return out
}
