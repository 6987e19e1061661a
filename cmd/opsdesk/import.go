package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"sync/atomic"
	"time"

	"opsdesk/internal/importer"
)

type importCmd struct {
	Incidents importIncidentsCmd `cmd:"" help:"Incidents, with their people, teams, categories and history."`
}

type importIncidentsCmd struct {
	Format  string            `enum:"servicenow-log,csv" default:"servicenow-log" help:"servicenow-log: one row per change, as ServiceNow's audit exports it. csv: one row per incident; give --map. Both may be packed with xz."`
	File    string            `arg:"" type:"existingfile" help:"File to read."`
	DryRun  bool              `help:"Read everything and say what would happen; store nothing."`
	Map     map[string]string `help:"csv: which column holds which field, as --map title=Subject. Fields: key title description requester opened_at state pending_reason category subcategory team assignee impact urgency location resolution_code cause process resolved_at closed_at."`
	State   map[string]string `help:"csv: what a state of the file means, as --state 'Erledigt=closed'."`
	Source  string            `help:"csv: name of the system the file comes from."`
	Layout  string            `help:"csv: how dates are written, as Go's reference time, such as '2/1/2006 15:04'."`
	Zone    string            `help:"Time zone of the file's dates; OPSDESK_TIME_ZONE otherwise."`
	Refused string            `help:"Write every refused event and every bad row to this file."`
	Workers int               `default:"4" help:"Incidents stored at once."`
}

// counted tells how much of a file has been read.
type counted struct {
	r io.Reader
	n atomic.Int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// Run imports and says what it did.
func (c *importIncidentsCmd) Run(e *env) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	d, err := e.open(openOptions{shared: true})
	if err != nil {
		return err
	}
	zone := d.cfg.Zone()
	if c.Zone != "" {
		if zone, err = time.LoadLocation(c.Zone); err != nil {
			return errors.Join(fmt.Errorf("--zone: %w", err), d.close())
		}
	}
	file := &counted{r: f}
	start := e.now()
	o := importer.Options{DryRun: c.DryRun, Workers: c.Workers, Progress: e.bar(file, st.Size(), start)}
	im := importer.New(d.Desk, d.People, d.Incidents)
	var res importer.Result
	if c.Format == "csv" {
		res, err = im.CSV(e.ctx, file, importer.Mapping{Source: c.Source, Columns: c.Map, States: c.State, Layout: c.Layout, Zone: zone}, o)
	} else {
		res, err = im.ServiceNowLog(e.ctx, file, zone, o)
	}
	fmt.Fprintln(e.stderr)
	err = errors.Join(err, c.report(e, d, res, e.now().Sub(start)))
	return errors.Join(err, d.close())
}

// bar draws the progress: what is done, how fast, and how long it will take.
func (e *env) bar(file *counted, size int64, start time.Time) func(incidents, events int) {
	return func(incidents, events int) {
		done := float64(file.n.Load()) / float64(max(size, 1))
		took := e.now().Sub(start)
		left := time.Duration(float64(took) * (1 - done) / max(done, 0.001)).Round(time.Second)
		full := int(done * 24)
		fmt.Fprintf(e.stderr, "\r[%s%s] %3.0f%%  %d incidents, %d events, %.0f events/s, %s left   ",
			strings.Repeat("#", full), strings.Repeat("-", 24-full), done*100, incidents, events, float64(events)/max(took.Seconds(), 0.001), left)
	}
}

// report says what was done, and lists what was not.
func (c *importIncidentsCmd) report(e *env, d *opened, res importer.Result, took time.Duration) error {
	verb := "taken in"
	if c.DryRun {
		verb = "would be taken in"
	}
	e.say("%d incidents with %d events %s in %s, %d there already; %d people, %d teams; %d events refused, %d rows not read",
		res.Incidents, res.Events-len(res.Refused), verb, took.Round(100*time.Millisecond), res.Skipped, res.People, res.Teams, len(res.Refused), len(res.Bad))
	m := d.Desk.Messages.In("en")
	sort.Slice(res.Refused, func(a, b int) bool { return res.Refused[a].Row < res.Refused[b].Row })
	var lines []string
	for _, r := range res.Refused {
		lines = append(lines, fmt.Sprintf("row %d, %s: %s", r.Row, r.Key, m.T(r.Code, r.Args...)))
	}
	for _, b := range res.Bad {
		lines = append(lines, b.Error())
	}
	for i, l := range lines {
		if i == 20 {
			e.say("… and %d more; --refused FILE writes them all", len(lines)-20)
			break
		}
		e.say("  %s", l)
	}
	if c.Refused != "" {
		return os.WriteFile(c.Refused, []byte(strings.Join(lines, "\n")+"\n"), 0o644)
	}
	return nil
}
