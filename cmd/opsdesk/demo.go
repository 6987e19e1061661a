package main

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"opsdesk/internal/demo"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
)

type demoCmd struct {
	Serve bool `help:"Go on to serve the desk."`
}

// Run makes the demo company and prints how to sign in.
func (c *demoCmd) Run(e *env) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	// The company's past is told at its own times.
	var at atomic.Pointer[time.Time]
	clock := func() time.Time {
		if t := at.Load(); t != nil && !t.IsZero() {
			return *t
		}
		return e.now()
	}
	o := openOptions{clock: clock, shared: !c.Serve}
	if c.Serve {
		o.workers = cfg.Workers
	}
	d, err := e.open(o)
	if err != nil {
		return err
	}
	password := cfg.DemoPassword
	if password == "" {
		password = phrase()
	}
	if err := identity.CheckPassword(password); err != nil {
		f := fault.Of(err).Fields[0]
		return errors.Join(fmt.Errorf("OPSDESK_DEMO_PASSWORD: %s", d.Desk.Messages.In("en").T(f.Code, "param", f.Param)), d.close())
	}
	company := demo.Company{Desk: d.Desk, People: d.People, Incidents: d.Incidents, Services: d.Services, SLA: d.SLA, Majors: true, Routing: d.Routing, Configuration: d.Configuration, Requests: d.Requests, Changes: d.Changes, Approvals: d.Approvals, Inspections: d.Inspections, At: func(t time.Time) { at.Store(&t) }}
	made, err := company.Fill(e.ctx, password)
	if err != nil {
		return errors.Join(fmt.Errorf("demo: %w", err), d.close())
	}
	if made {
		e.say("The demo company 启明制造 Qiming Manufacturing is in place.")
	}
	e.say("Sign in with one of these accounts and the password  %s", password)
	for _, a := range demo.Accounts {
		var roles []string
		for _, r := range a.Roles[len(a.Roles)-1:] {
			roles = append(roles, d.Desk.Messages.In("en").T("authz.role."+string(r)))
		}
		e.say("  %-14s %s (%s)", a.Username, strings.Join(roles, ", "), a.NameEn)
	}
	if !c.Serve {
		return d.close()
	}
	return errors.Join(d.serve(e), d.close())
}

// phrase is a random password that people can type.
func phrase() string {
	s := strings.ToLower(strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == 'l' || r == 'I' || r == 'O' || r == '0' || r == '1' {
			return -1
		}
		return r
	}, identity.NewSecret()+identity.NewSecret()))
	return s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:16]
}
