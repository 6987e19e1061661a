package demo

import (
	"context"

	"opsdesk/internal/routing"
)

// rules puts a few routing rules into force, and leaves one more in the draft.
func (c *Company) rules(ctx context.Context) error {
	if c.Routing == nil {
		return nil
	}
	lead, err := c.as(ctx, "lead")
	if err != nil {
		return err
	}
	network, apps, desk := c.teams["Network"], c.teams["Applications"], c.teams["Service Desk"]
	set, err := c.Routing.SaveDraft(lead, routing.DraftInput{Rules: []routing.Rule{
		{
			Name: "VIP 优先 · VIPs first", Active: true, Match: "all", Floor: 2, Continue: true,
			Conditions: []routing.Condition{{Field: "vip", Op: "is", Values: []string{"yes"}}},
		},
		{
			Name: "VPN 送网络组 · VPN to network", Active: true, Match: "any", Team: &network,
			Conditions: []routing.Condition{
				{Field: "text", Op: "any", Values: []string{"vpn", "远程接入", "anyconnect"}},
				{Field: "category", Op: "within", Values: []string{c.categories["Remote access"].String()}},
			},
		},
		{
			Name: "ERP 送应用组 · ERP to applications", Active: true, Match: "all", Team: &apps,
			Conditions: []routing.Condition{{Field: "text", Op: "any", Values: []string{"erp", "sap"}}},
		},
	}})
	if err != nil {
		return err
	}
	if _, err = c.Routing.Publish(lead, routing.PublishInput{Version: set.Version, Note: "VIP、VPN 与 ERP 的第一版规则 · first rules for VIPs, VPN and ERP"}); err != nil {
		return err
	}
	_, err = c.Routing.SaveRule(lead, routing.RuleInput{Rule: routing.Rule{
		Name: "夜间先到服务台 · At night the service desk first", Active: true, Match: "all", Team: &desk,
		Conditions: []routing.Condition{{Field: "in_hours", Op: "is", Values: []string{"no"}}, {Field: "priority", Op: "is_not", Values: []string{"1", "2"}}},
	}})
	return err
}
