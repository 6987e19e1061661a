package demo

import (
	"context"
	"fmt"
	"time"

	"opsdesk/internal/configuration"
)

// reported is what an inventory agent says of a machine, in the public GLPI
// format.
const reported = `{"action":"inventory","deviceid":%q,"itemtype":"Computer","content":{
	"hardware":{"name":%q,"memory":%d,"uuid":%q},"bios":{"ssn":%q,"smanufacturer":"Lenovo","smodel":%q,"bversion":"R1DET40W"},
	"operatingsystem":{"name":%q,"version":%q,"kernel_version":%q},
	"networks":[{"description":"eth0","mac":%q,"ipaddress":%q,"status":"up","type":"ethernet"}],
	"softwares":[{"name":"openssl","arch":"x86_64","version":%q},{"name":"nginx","arch":"x86_64","version":"1.26.2"},{"name":"postgresql-server","arch":"x86_64","version":"15.8"}]}}`

// inventory lets an agent report: a machine that was not known and has changed
// since without a change, and one that a person must tell from another.
func (c *Company) inventory(ctx context.Context) error {
	if c.Configuration == nil || c.Changes == nil {
		return nil
	}
	manager, err := c.as(ctx, "configmanager")
	if err != nil {
		return err
	}
	now := c.Desk.Now()
	defer c.At(time.Time{})
	c.At(now.Add(-9 * 24 * time.Hour))
	token, _, err := c.Configuration.CreateToken(manager, configuration.TokenInput{Name: "总部机房"})
	if err != nil {
		return err
	}
	report := func(ago time.Duration, body string) error {
		c.At(now.Add(-ago))
		r, err := configuration.ReadReport([]byte(body))
		if err == nil {
			err = c.Configuration.Take(ctx, token, r)
		}
		return err
	}
	machine := func(os, kernel, openssl string, memory int) string {
		return fmt.Sprintf(reported, "rpt-srv-01-2026-03-11", "rpt-srv-01", memory, "5a1f0c22-7e41-4c0e-9b7d-2f1c93a7d001", "J302KXM1", "ThinkSystem SR630", "Rocky Linux", os, kernel, "7c:d3:0a:11:20:01", "10.20.10.41", openssl)
	}
	if err := report(9*24*time.Hour, machine("9.4", "5.14.0-427", "3.0.7", 65536)); err != nil {
		return err
	}
	if err := c.commission(manager, "rpt-srv-01"); err != nil {
		return err
	}
	if err := report(30*time.Hour, machine("9.5", "5.14.0-503", "3.2.2", 131072)); err != nil {
		return err
	}
	if err := report(20*time.Hour, fmt.Sprintf(reported, "LW-NB-112-2026-04-02", "LW-NB-112", 16384, "aa51be70-19c0-4f3e-8d11-0c7a55e1f9b2", "PF4Q7T02", "ThinkPad T14 Gen 4",
		"Windows 11", "23H2", "", "a4:bb:6d:20:01:12", "10.20.3.112", "3.0.7")); err != nil {
		return err
	}
	c.At(now.Add(-5 * time.Hour))
	server, err := c.class(manager, "hardware")
	if err != nil {
		return err
	}
	_, err = c.Configuration.TakeBaseline(manager, configuration.BaselineInput{
		NameZh: "季度审计前的硬件基线", NameEn: "Hardware before the quarterly audit", Reason: "供审计组对照本季度的硬件变更。",
		ScopeInput: configuration.ScopeInput{By: configuration.ScopeClass, Class: &server.ID},
	})
	return err
}

func (c *Company) class(ctx context.Context, key string) (configuration.Class, error) {
	m, err := c.Configuration.Model(ctx)
	if err != nil {
		return configuration.Class{}, err
	}
	k, ok := m.Key(key)
	if !ok {
		return k, fmt.Errorf("no class %s", key)
	}
	return k, nil
}

// commission puts a machine that an agent found into production.
func (c *Company) commission(ctx context.Context, name string) error {
	p, err := c.Configuration.List(ctx, configuration.Filter{Text: name}, "")
	if err != nil {
		return err
	}
	if len(p.Rows) != 1 {
		return fmt.Errorf("%s: %d items", name, len(p.Rows))
	}
	id, owner := p.Rows[0].ID, c.persons["tang.yi"]
	_, err = c.Configuration.Move(ctx, id, configuration.MoveInput{Lifecycle: configuration.Staging, Install: configuration.Installed})
	if err == nil {
		_, err = c.Configuration.Edit(ctx, id, configuration.EditInput{OwnerID: &owner})
	}
	if err == nil {
		_, err = c.Configuration.Move(ctx, id, configuration.MoveInput{Lifecycle: configuration.Production, Operational: configuration.Up})
	}
	return err
}
