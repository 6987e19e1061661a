// Command opsdesk is the service desk: server, migrations, demo, imports,
// backups and the tools to check that all is well.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // machines and containers without zone files

	"github.com/alecthomas/kong"

	"opsdesk/internal/platform/config"
)

// version is set when the binary is built.
var version = "dev"

type cli struct {
	Serve     serveCmd     `cmd:"" help:"Serve the desk over HTTP and work on its jobs."`
	Migrate   migrateCmd   `cmd:"" help:"Bring the database to this program's schema, or repair a migration that failed."`
	Demo      demoCmd      `cmd:"" help:"Fill an empty database with a believable company, and print its sign-ins."`
	Import    importCmd    `cmd:"" help:"Take in another system's records."`
	Token     tokenCmd     `cmd:"" help:"Make API tokens."`
	ResetLink resetLinkCmd `cmd:"" name:"reset-link" help:"Print a one-time link with which a person sets a password."`
	Trail     trailCmd     `cmd:"" help:"Verify the audit trail, or check a proof of it."`
	Backup    backupCmd    `cmd:"" help:"Write database, attachments and trail into one file."`
	Restore   restoreCmd   `cmd:"" help:"Read what backup wrote into an empty database."`
	Doctor    doctorCmd    `cmd:"" help:"Check the machine and the database, and say how to mend what is wrong."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

// env is what every command gets.
type env struct {
	ctx    context.Context
	stdout io.Writer
	stderr io.Writer
	vars   []string
	now    func() time.Time
}

func (e *env) config() (config.Config, error) {
	c, err := config.Read(e.vars)
	if err != nil {
		return c, fmt.Errorf("the environment is not right:\n  %s", strings.ReplaceAll(err.Error(), "\n", "\n  "))
	}
	return c, nil
}

func (e *env) say(format string, args ...any) { fmt.Fprintf(e.stdout, format+"\n", args...) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "opsdesk: "+err.Error())
		os.Exit(1)
	}
}

// run is main without the process around it.
func run(ctx context.Context, args, vars []string, stdout, stderr io.Writer) error {
	done := false
	parser, err := kong.New(&cli{}, kong.Name("opsdesk"), kong.Description("Opsdesk 运维台: the IT service desk. Settings come from the environment; see docs/configuration.md."),
		kong.UsageOnError(), kong.Writers(stdout, stderr), kong.Exit(func(int) { done = true }))
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if done {
		return nil
	}
	if err != nil {
		return err
	}
	return k.Run(&env{ctx: ctx, stdout: stdout, stderr: stderr, vars: vars, now: time.Now})
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(e *env) error {
	_, err := fmt.Fprintf(e.stdout, "opsdesk %s\n", version)
	return err
}
