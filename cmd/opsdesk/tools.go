package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/log"
	"opsdesk/internal/platform/migrate"
	"opsdesk/internal/trail"
)

type migrateCmd struct {
	Up     migrateUpCmd     `cmd:"" default:"1" help:"Apply what is missing."`
	Repair migrateRepairCmd `cmd:"" help:"Clear the mark of a migration that failed, so that it can be tried again."`
	Status migrateStatusCmd `cmd:"" help:"Say where the database stands."`
}

type (
	migrateUpCmd     struct{}
	migrateRepairCmd struct{}
	migrateStatusCmd struct{}
)

// withURL runs fn with the address of the database.
func (e *env) withURL(fn func(url string) error) error {
	c, err := e.config()
	if err != nil {
		return err
	}
	url, cluster, err := database(context.WithoutCancel(e.ctx), c, log.New(e.stderr, c.LogLevel, c.LogFormat), true)
	if err != nil {
		return err
	}
	return errors.Join(fn(url), (&opened{cluster: cluster}).stopDatabase())
}

func (e *env) status(url string) error {
	s, err := migrate.Read(url)
	if err != nil {
		return err
	}
	e.say("schema %d of %d, %d to apply", s.Version, s.Latest, s.Pending())
	if s.Dirty {
		e.say("migration %d failed half-way: mend its cause, then run \"opsdesk migrate repair\" and \"opsdesk migrate\"", s.Version)
	}
	return nil
}

// Run applies the missing migrations.
func (migrateUpCmd) Run(e *env) error {
	return e.withURL(func(url string) error { return errors.Join(migrate.Up(url), e.status(url)) })
}

// Run clears the mark of a failed migration.
func (migrateRepairCmd) Run(e *env) error {
	return e.withURL(func(url string) error { return errors.Join(migrate.Repair(url), e.status(url)) })
}

// Run says where the database stands.
func (migrateStatusCmd) Run(e *env) error { return e.withURL(e.status) }

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Make a token and print it; it is shown only once."`
}

type tokenCreateCmd struct {
	User string `required:"" help:"Account that the token acts as."`
	Name string `default:"command line" help:"What the token is for."`
	Days int    `default:"90" help:"Days it lives, 1 to 365."`
}

// Run makes and prints a token.
func (c *tokenCreateCmd) Run(e *env) error {
	d, err := e.open(openOptions{shared: true})
	if err != nil {
		return err
	}
	ctx := identity.With(e.ctx, identity.NewSystem("command line"))
	secret, err := d.People.CreateToken(ctx, c.User, c.Name, time.Duration(c.Days)*24*time.Hour)
	if err != nil {
		return errors.Join(fmt.Errorf("token for %q: %w", c.User, err), d.close())
	}
	e.say("%s", secret)
	return d.close()
}

type resetLinkCmd struct {
	User string `required:"" help:"Account of the person."`
}

// Run prints a one-time link.
func (c *resetLinkCmd) Run(e *env) error {
	d, err := e.open(openOptions{shared: true})
	if err != nil {
		return err
	}
	link, err := d.People.PrintedLink(identity.With(e.ctx, identity.NewSystem("command line")), c.User)
	if err != nil {
		return errors.Join(fmt.Errorf("link for %q: %w", c.User, err), d.close())
	}
	e.say("%s", link)
	return d.close()
}

type trailCmd struct {
	Verify trailVerifyCmd `cmd:"" help:"Hold every entry of the trail against the sealed log and its signed checkpoints."`
	Check  trailCheckCmd  `cmd:"" help:"Check a downloaded proof of one entry; needs no database."`
	Seal   trailSealCmd   `cmd:"" help:"Seal what waits, now."`
}

type trailVerifyCmd struct {
	JSON bool `help:"Print the report as JSON."`
}

// Run verifies the trail; what is not as it was sealed makes the command fail.
func (c *trailVerifyCmd) Run(e *env) error {
	d, err := e.open(openOptions{shared: true})
	if err != nil {
		return err
	}
	if _, err := d.Audit.Seal(e.ctx); err != nil {
		fmt.Fprintln(e.stderr, "not sealed: "+err.Error())
	}
	r, err := d.Audit.Verify(e.ctx, nil)
	if err != nil {
		return errors.Join(err, d.close())
	}
	if c.JSON {
		b, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return errors.Join(err, d.close())
		}
		e.say("%s", b)
	} else {
		m := d.Desk.Messages.In("en")
		for _, f := range r.Findings {
			e.say("%s", m.T("audit.finding."+f.What, "entry", f.Entry, "leaf", f.Leaf, "other", f.Other)+detail(f))
		}
		if len(r.Findings) == 0 {
			e.say("%s", m.T("audit.log.good", "count", r.Size, "waiting", r.Waiting))
		}
	}
	if n := len(r.Findings); n > 0 {
		return errors.Join(fmt.Errorf("the trail differs from what was sealed in %d places", n), d.close())
	}
	return d.close()
}

func detail(f trail.Finding) string {
	if f.Text == "" {
		return ""
	}
	return " (" + f.Text + ")"
}

type trailCheckCmd struct {
	File string `arg:"" type:"existingfile" help:"The downloaded proof."`
	Key  string `help:"The public key you trust: the file key.pub of the trail's folder, or its content. Without it the key inside the proof is used, which proves less."`
}

// Run checks a proof.
func (c *trailCheckCmd) Run(e *env) error {
	b, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	var p trail.Proof
	if err := json.Unmarshal(b, &p); err != nil {
		return fmt.Errorf("%s is not a proof: %w", c.File, err)
	}
	key := c.Key
	if b, err := os.ReadFile(key); err == nil {
		key = string(b)
	}
	entry, cp, err := p.Check(trimmed(key))
	if err != nil {
		return err
	}
	e.say("The entry stood at place %d of %d in the trail signed at %s:\n%s", p.Leaf, cp.Size, cp.At.Format(time.RFC3339), entry)
	if c.Key == "" {
		e.say("The key was taken from the proof itself; give --key to be sure whose trail it is.")
	}
	return nil
}

func trimmed(s string) string {
	for len(s) > 0 && (s[len(s)-1] == '\n' || s[len(s)-1] == '\r' || s[len(s)-1] == ' ') {
		s = s[:len(s)-1]
	}
	return s
}

type trailSealCmd struct{}

// Run seals what waits.
func (trailSealCmd) Run(e *env) error {
	d, err := e.open(openOptions{shared: true})
	if err != nil {
		return err
	}
	n, err := d.Audit.Seal(e.ctx)
	if err == nil {
		e.say("%d entries sealed", n)
	}
	return errors.Join(err, d.close())
}
