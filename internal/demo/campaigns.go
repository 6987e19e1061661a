package demo

import (
	"context"
	"time"

	"opsdesk/internal/configuration"
)

// campaigns plays verifications: one of last quarter that is over, and one under
// way in which a member of staff is asked about their own laptop.
func (c *Company) campaigns(ctx context.Context) error {
	if c.Configuration == nil {
		return nil
	}
	now := c.Desk.Now()
	defer c.At(time.Time{})
	manager, err := c.as(ctx, "configmanager")
	if err != nil {
		return err
	}
	laptop := c.items["LW-NB-112"]
	keeper := c.persons["staff"]
	c.At(now.Add(-8 * 24 * time.Hour))
	if _, err := c.Configuration.Edit(manager, laptop, configuration.EditInput{CustodianID: &keeper}); err != nil {
		return err
	}
	past, err := c.campaign(manager, "四季度交换机核查", "Switches, fourth quarter", "请到现场核对位置与序列号。", 2, "SW-CORE-A1", "SW-CORE-A2", "备用交换机 S5560X")
	if err != nil {
		return err
	}
	c.At(now.Add(-7 * 24 * time.Hour))
	answers := map[string]configuration.AnswerInput{
		"SW-CORE-A1": {Answer: configuration.AskSame}, "SW-CORE-A2": {Answer: configuration.AskSame},
		"备用交换机 S5560X": {Answer: configuration.AskMissing, Note: "库房未找到，8 月借给分部后未归还。"},
	}
	if err := c.answers(ctx, past, answers); err != nil {
		return err
	}
	for _, name := range []string{"SW-CORE-A1", "SW-CORE-A2"} {
		if _, err := c.Configuration.Verify(manager, c.items[name], configuration.VerifyInput{}); err != nil {
			return err
		}
	}
	c.At(now.Add(-6 * 24 * time.Hour))
	if _, err := c.Configuration.CloseCampaign(manager, past.ID, configuration.EndInput{Remark: "两台已核实；备用交换机已联系分部归还。"}); err != nil {
		return err
	}
	c.At(now.Add(-2 * 24 * time.Hour))
	open, err := c.campaign(manager, "年终资产盘点", "Year-end stocktaking", "设备是否在登记的位置，序列号、资产编号是否相符？", 12,
		"SW-ACC-3F", "SW-ACC-2F", "FW-A", "AP-3F-E", "AP-2F-W", "esx-01", "esx-02", "PRN-3F-01", "LW-NB-112", "存储 SAN-A")
	if err != nil {
		return err
	}
	c.At(now.Add(-26 * time.Hour))
	return c.answers(ctx, open, map[string]configuration.AnswerInput{
		"SW-ACC-3F": {Answer: configuration.AskSame}, "SW-ACC-2F": {Answer: configuration.AskSame}, "esx-01": {Answer: configuration.AskSame},
		"AP-2F-W": {Answer: configuration.AskDiffers, Note: "已移到 A-2F 走廊，登记位置未更新。"},
	})
}

func (c *Company) campaign(manager context.Context, zh, en, ask string, days int, names ...string) (configuration.Campaign, error) {
	due := c.Desk.Now().AddDate(0, 0, days)
	in := configuration.CampaignInput{NameZh: zh, NameEn: en, Ask: ask, DueAt: &due, ScopeInput: configuration.ScopeInput{By: configuration.ScopeItems}}
	for _, n := range names {
		in.Items = append(in.Items, c.items[n].String())
	}
	return c.Configuration.StartCampaign(manager, in)
}

// answers lets whoever is asked say how some items are.
func (c *Company) answers(ctx context.Context, k configuration.Campaign, said map[string]configuration.AnswerInput) error {
	manager, err := c.as(ctx, "configmanager")
	if err != nil {
		return err
	}
	p, err := c.Configuration.Asks(manager, k, "", 0, 100)
	if err != nil {
		return err
	}
	for _, x := range p.Rows {
		in, ok := said[x.Name]
		if !ok || x.AskedID == nil {
			continue
		}
		who := manager
		for username, id := range c.persons {
			if id == *x.AskedID {
				if who, err = c.as(ctx, username); err != nil {
					return err
				}
			}
		}
		if _, err := c.Configuration.AnswerAsk(who, x.ID, in); err != nil {
			return err
		}
	}
	return nil
}
