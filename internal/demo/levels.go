package demo

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"opsdesk/internal/service"
	"opsdesk/internal/sla"
)

// levels are the agreements of the company: response and resolution of P1 to
// P4. round are the priorities that are served around the clock.
var levels = []struct {
	zh, en, service, team string
	response, resolution  [4]sla.Target
	round                 int
}{
	{"标准支持", "Standard support", "", "", [4]sla.Target{"15m", "30m", "2h", "4h"}, [4]sla.Target{"4h", "8h", "3d", "5d"}, 1},
	{"ERP 重点保障", "ERP priority support", "ERP system", "", [4]sla.Target{"10m", "15m", "1h", "4h"}, [4]sla.Target{"2h", "4h", "1d", "3d"}, 2},
	{"网络组运营级别", "Network team", "", "Network", [4]sla.Target{}, [4]sla.Target{"1h", "2h", "1d", "2d"}, 0},
}

// promises makes the services with their owners, has agreements drafted by one
// person and approved by another, and puts the services into use.
func (c *Company) promises(ctx context.Context) error {
	made := map[string]service.Service{}
	for _, s := range services {
		t, owner := c.teams[s.team], c.persons[s.owner]
		x, err := c.Services.Create(ctx, service.Input{NameZh: s.zh, NameEn: s.en, OwnerID: &owner, TeamID: &t, State: service.Draft, KeySystem: s.key, Source: source, SourceKey: s.en})
		if err != nil {
			return err
		}
		made[s.en], c.services[s.en] = x, x.ID
	}
	if err := c.agree(ctx); err != nil {
		return err
	}
	for _, s := range made {
		in := service.Input{Version: s.Version, NameZh: s.NameZh, NameEn: s.NameEn, OwnerID: s.OwnerID, TeamID: s.TeamID, KeySystem: s.KeySystem, State: service.Live}
		if _, err := c.Services.Edit(ctx, s.ID, in); err != nil {
			return fmt.Errorf("%s: %w", s.NameEn, err)
		}
	}
	return nil
}

func (c *Company) agree(ctx context.Context) error {
	author, err := c.as(ctx, "lead")
	if err != nil {
		return err
	}
	calendars, err := c.SLA.Calendars(author)
	if err != nil {
		return err
	}
	work, round := calendars[0].ID, calendars[1].ID // the default is the first
	for _, l := range levels {
		in := sla.DraftInput{
			Kind: "sla", NameZh: l.zh, NameEn: l.en, CalendarID: work, ValidFrom: "2015-01-01", ReviewBy: c.Desk.Now().AddDate(0, 11, 0).Format("2006-01-02"),
			Response1: l.response[0], Response2: l.response[1], Response3: l.response[2], Response4: l.response[3],
			Resolution1: l.resolution[0], Resolution2: l.resolution[1], Resolution3: l.resolution[2], Resolution4: l.resolution[3],
		}
		if l.round > 0 {
			in.Calendar1 = &round
		}
		if l.round > 1 {
			in.Calendar2 = &round
		}
		if l.service != "" {
			in.Services = []uuid.UUID{c.services[l.service]}
		}
		if l.team != "" {
			t := c.teams[l.team]
			in.Kind, in.TeamID = "ola", &t
		}
		// Whoever owns the services named approves; of those for everything any owner.
		by := "manager"
		if l.service != "" {
			by = "tao.lin"
		}
		owner, err := c.as(ctx, by)
		if err != nil {
			return err
		}
		v, err := c.SLA.Draft(author, in)
		if err == nil {
			v, err = c.SLA.Submit(author, v.ID, sla.StepInput{})
		}
		if err == nil {
			_, err = c.SLA.Approve(owner, v.ID, sla.ApproveInput{})
		}
		if err != nil {
			return fmt.Errorf("%s: %w", l.en, err)
		}
	}
	return nil
}
