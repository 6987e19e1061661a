package demo

import "time"

// script is the life of one incident.
type script struct {
	who, engineer, title, text, location, category, service string
	impact, urgency                                         int
	classified                                              bool
	ago                                                     time.Duration
	steps                                                   []step
}

type step struct {
	do, by, text, code, cause string
	after                     time.Duration
}

const (
	m = time.Minute
	h = time.Hour
	d = 24 * time.Hour
)

// scripts tells some incidents in full and many more in short, newest last.
func scripts() []script {
	out := routine()
	out = append(out,
		script{
			who: "staff", engineer: "engineer", title: "三楼东区 Wi-Fi 间歇性断连，视频会议掉线", text: "从今早 9 点开始，三楼东区会议室和工位的 Wi-Fi 每隔几分钟掉一次，连上后正常。\n部门例会掉线 4 次，重启电脑没有改善。",
			location: "A-3F-E-112", category: "Wireless", service: "Office network", impact: 2, urgency: 1, ago: 3 * h, classified: true,
			steps: []step{
				{do: "claim", after: 8 * m},
				{do: "start", after: m},
				{do: "reply", after: m, text: "已收到，正在检查三楼东区的 AP。会议如果紧急，可以先用三楼西区 3-02 会议室，那边信号正常。"},
				{do: "note", after: 40 * m, text: "控制器日志里 AP-3F-E-04/05/06 在 DFS 信道反复切换，起点是昨晚的固件升级。建议先固定到 149 信道。"},
			},
		},
		script{
			who: "james.miller", engineer: "engineer2", title: "VPN connects but the code server does not answer", text: "Since this morning I can sign in to the VPN, but git.qiming.example times out. Colleagues in the office can reach it.",
			location: "Home", category: "Remote access", service: "Remote access", impact: 2, urgency: 2, ago: 5 * h, classified: true,
			steps: []step{
				{do: "claim", after: 15 * m}, {do: "start", after: 5 * m}, {do: "pend-user", after: 20 * m, text: "Could you send the output of “tracert git.qiming.example” while connected?"},
			},
		},
		script{
			who: "gu.yan", engineer: "tang.yi", title: "ERP 打印单据乱码", text: "财务部打印的付款单今天开始出现乱码，屏幕上显示正常。三台打印机都一样。", location: "A-5F-014", category: "ERP", service: "ERP system",
			impact: 2, urgency: 1, ago: 90 * m, classified: true,
		},
		script{
			who: "anna.kowalska", engineer: "qian.fei", title: "No sound on the projector in meeting room 3-08", text: "Picture is fine, but there is no sound over HDMI. We have a customer visit at 15:00.", location: "A-3F-08",
			category: "Meeting room", service: "Meeting rooms", impact: 2, urgency: 2, ago: 4 * h, classified: true,
			steps: []step{{do: "claim", after: 6 * m}, {do: "start", after: 2 * m}, {do: "pend-parts", after: 30 * m, text: "HDMI 音频提取器损坏，已从备件库申请。"}},
		},
		script{
			who: "song.yu", engineer: "engineer2", title: "邮件收发延迟，外部邮件晚到 30 分钟", text: "客户说昨天下午发的邮件今天早上才收到，请尽快查。", location: "A-9F-001", category: "Mail", service: "Company mail", impact: 1, urgency: 1,
			ago: 2 * h, classified: true, steps: []step{{do: "claim", after: 4 * m}, {do: "start", after: 2 * m}},
		},
		script{
			who: "luo.qiang", engineer: "engineer", title: "工位电脑开不了机", text: "按电源键没有反应，指示灯不亮。换过插座。", location: "S-2F-101", category: "Laptop", impact: 3, urgency: 1, ago: 70 * m,
		},
		script{
			who: "shen.jing", engineer: "engineer2", title: "收到冒充人事系统的钓鱼邮件", text: "邮件要求点链接填写身份证号，已有两位同事填了。", location: "A-6F-008", category: "Information security", impact: 2, urgency: 1, ago: 6 * h, classified: true,
		},
		script{
			who: "priya.nair", engineer: "engineer", title: "Laptop fan runs at full speed all day", text: "It began after Monday's update. The laptop gets hot and the battery lasts an hour.", location: "C-2F-041", category: "Laptop",
			impact: 3, urgency: 3, ago: 50 * m,
		},
		script{
			who: "staff", engineer: "engineer", title: "打印机 A3-02 卡纸", text: "市场部门口的打印机一直提示卡纸，纸已经取出来了还是报错。", location: "A-3F-E", category: "Printer", service: "Printing", impact: 2, urgency: 3,
			ago: 26 * h, classified: true, steps: []step{
				{do: "claim", after: 20 * m},
				{do: "start", after: 10 * m},
				{do: "resolve", after: 2 * h, code: "fixed", cause: "进纸传感器被纸屑遮挡。", text: "清理传感器，试印 20 张正常。"},
			},
		},
		script{
			who: "tom.becker", engineer: "tang.yi", title: "ERP is slow at month end", text: "Opening an order takes about 40 seconds since yesterday.", location: "S-1F-011", category: "ERP", service: "ERP system", impact: 1, urgency: 2,
			ago: 28 * h, classified: true, steps: []step{
				{do: "claim", after: 12 * m}, {do: "start", after: 3 * m}, {do: "pend-vendor", after: 3 * h, text: "Vendor ticket opened; statistics sent."},
			},
		},
	)
	return out
}

// fault is a common thing that breaks, and how it is mended.
type common struct {
	who, title, text, category, service, cause, process, code string
	impact, urgency                                           int
}

var commons = []common{
	{"ren.xue", "忘记开机密码", "休假回来想不起密码了，连续输错被锁。", "Password", "", "休假期间密码到期，多次输错锁定。", "核实身份后解锁，本人重设密码。", "fixed", 3, 2},
	{"james.miller", "Cannot print from the CAD workstation", "The print queue shows the job and then drops it.", "Printer", "Printing", "Driver did not match after the update.", "Installed the signed driver 4.2; printed a test sheet.", "fixed", 3, 2},
	{"gu.yan", "Excel 打开大文件崩溃", "预算表 80 MB，打开一半就退出。", "Office", "", "32 位 Office 内存不足。", "更换为 64 位版本，文件可正常打开。", "replaced", 3, 2},
	{"deng.rui", "实验室网口不通", "C-1F 实验台 7 号网口没有信号。", "Wired", "Office network", "交换机端口因环路被关闭。", "拔除误接的网线，恢复端口。", "fixed", 3, 1},
	{"xie.fang", "会议室投屏没有画面", "D-1F 会议室电视黑屏，遥控器有反应。", "Meeting room", "Meeting rooms", "HDMI 线接触不良。", "更换线缆，整理走线。", "replaced", 2, 2},
	{"priya.nair", "Calendar invitations arrive twice", "Every invitation shows up two times.", "Mail", "Company mail", "Two clients processed the same mailbox rule.", "Removed the server-side duplicate rule.", "guidance", 3, 3},
	{"ma.chao", "扫码枪连不上电脑", "苏州工厂 2 号线扫码枪没有反应。", "Hardware", "", "蓝牙配对丢失。", "重新配对，贴上操作说明。", "guidance", 2, 1},
	{"anna.kowalska", "VPN asks for a certificate", "Since the weekend the VPN asks for a certificate I do not have.", "Remote access", "Remote access", "The device certificate expired on Saturday.", "Renewed the certificate and checked the automatic renewal.", "fixed", 3, 2},
	{"liang.bo", "收不到银行的外部邮件", "银行说已经发了三次，垃圾箱里也没有。", "Mail", "Company mail", "发件域被误列入隔离名单。", "从隔离区放行并加入白名单。", "fixed", 2, 2},
	{"tom.becker", "Shop-floor terminal shows a black screen", "Terminal 4 in hall 1 does not start.", "Hardware", "", "Power supply failed.", "Replaced the power supply from stock.", "replaced", 2, 1},
	{"ren.xue", "共享盘里找不到文件夹", "昨天还能看到的活动素材文件夹不见了。", "Accounts", "", "文件夹被同事移动到归档目录。", "恢复到原位置，说明了移动方法。", "no_fault", 3, 3},
	{"luo.qiang", "车间无线信号弱", "3 号线尽头平板经常掉线。", "Wireless", "Office network", "新装的货架遮挡了 AP。", "调整 AP 位置和功率，复测正常。", "workaround", 2, 2},
}

// routine is what a desk does most of the time: reported, taken, solved,
// confirmed.
func routine() []script {
	var out []script
	for n := range 40 {
		c := commons[n%len(commons)]
		who := c.who
		ago := time.Duration(30-n*2/3) * d
		s := script{
			who: who, engineer: worker(c.category, n%3 != 0, n), title: c.title, text: c.text, category: c.category, service: c.service, impact: c.impact, urgency: c.urgency,
			classified: n%3 != 0, ago: ago + time.Duration(n%7)*h,
		}
		if s.classified {
			s.steps = append(s.steps, step{do: "claim", after: time.Duration(4+n%23) * m})
		} else {
			s.service = "" // nobody knows yet what it is about
			s.steps = append(s.steps, step{do: "accept", after: time.Duration(4+n%31) * m})
		}
		s.steps = append(s.steps, step{do: "start", after: time.Duration(1+n%9) * m})
		if n%4 == 1 {
			s.steps = append(s.steps, step{do: "note", after: 15 * m, text: "同类问题上月出现过一次，先看变更记录。"})
		}
		if n%5 == 2 {
			s.steps = append(s.steps, step{do: "pend-user", after: 20 * m, text: "请问现在方便远程看一下吗？"}, step{do: "reply", by: who, after: 50 * m, text: "方便，请打我分机。"})
		}
		if n < 36 {
			s.steps = append(s.steps, step{do: "resolve", after: time.Duration(30+n*11%300) * m, code: c.code, cause: c.cause, text: c.process})
		}
		if n%9 == 4 && n < 36 {
			s.steps = append(s.steps,
				step{do: "reject", by: who, after: 3 * h, text: "刚才又出现了，和之前一样。"},
				step{do: "resolve", after: 2 * h, code: "fixed", cause: c.cause, text: c.process})
		}
		if n < 32 {
			s.steps = append(s.steps, step{do: "confirm", by: who, after: 4 * h})
		}
		out = append(out, s)
	}
	return out
}

// worker is somebody of the team that a report goes to.
func worker(category string, classified bool, n int) string {
	team := "Service Desk"
	for _, k := range categories {
		if classified && k.en == category {
			team = k.team
		}
	}
	members := map[string][]string{
		"Service Desk": {"engineer", "qian.fei"}, "Network": {"engineer2", "he.ming", "engineer"}, "Workplace": {"engineer", "qian.fei"}, "Applications": {"engineer2", "tang.yi"},
	}[team]
	return members[n%len(members)]
}
