package demo

import (
	"context"
	"fmt"

	"opsdesk/internal/canned"
	"opsdesk/internal/incident"
)

// readyTexts are what the service desk writes again and again.
var readyTexts = []struct{ name, team, zh, en string }{
	{"收到 / Received", "Service Desk", "{requester}您好，您的报障 {number} 已收到，由{me}处理，有进展会在此回复。", "Dear {requester}, we have your report {number}. {me} works on it and will answer here."},
	{"请补充位置 / Where?", "Service Desk", "{requester}您好，请告知设备所在的楼层和工位号，以便工程师上门。", "Dear {requester}, on which floor and at which desk is the device? An engineer will come by."},
	{"重启接入点 / AP restarted", "Network", "您所在区域的无线接入点已重启，请断开 Wi-Fi 后重新连接再试。", "The access point in your area was restarted. Please disconnect from the Wi-Fi, connect again and try."},
	{"更换硒鼓 / New toner", "Workplace", "打印机硒鼓已更换并打印测试页正常，请再试一次。", "The printer has a new toner and prints its test page. Please try again."},
}

// together makes ready texts and macros for the teams.
func (c *Company) together(ctx context.Context) error {
	lead, err := c.as(ctx, "lead")
	if err != nil {
		return err
	}
	for _, t := range readyTexts {
		team := c.teams[t.team]
		if _, err := c.Incidents.Texts().Save(lead, canned.SaveInput{Name: t.name, BodyZh: t.zh, BodyEn: t.en, TeamID: &team}); err != nil {
			return fmt.Errorf("ready text %s: %w", t.name, err)
		}
	}
	wifi, network, desk := c.categories["Wireless"], c.teams["Network"], c.teams["Service Desk"]
	for _, m := range []incident.MacroInput{
		{Name: "无线故障转网络组 / Wi-Fi to Network", TeamID: &desk, MacroSteps: incident.MacroSteps{CategoryID: &wifi, ToTeam: &network, Note: "一线已确认为无线问题，转网络组。"}},
		{Name: "接单并等用户 / Take it, ask and wait", TeamID: &desk, MacroSteps: incident.MacroSteps{
			Assign: "me", Move: incident.MoveAccept, Reply: "{requester}您好，请补充出现问题的时间和位置，我们收到后马上处理。", Pend: incident.OnUser,
		}},
	} {
		if _, err := c.Incidents.SaveMacro(lead, m); err != nil {
			return fmt.Errorf("macro %s: %w", m.Name, err)
		}
	}
	return nil
}
