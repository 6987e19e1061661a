package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"
)

type serveCmd struct{}

// Run serves until it is told to stop.
func (serveCmd) Run(e *env) error {
	c, err := e.config()
	if err != nil {
		return err
	}
	d, err := e.open(openOptions{workers: c.Workers})
	if err != nil {
		return err
	}
	return errors.Join(d.serve(e), d.close())
}

// tune lets the garbage of more pages gather before it is collected: what a
// desk keeps is small, what a page leaves behind is not. Memory stays bounded
// all the same, softly. GOGC and GOMEMLIMIT have the last word. Only serving is
// tuned: an import may need more than a desk at rest.
func tune(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
	if getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(100 << 20)
	}
}

// serve listens, works on jobs, and ends both in order when the context does.
func (d *opened) serve(e *env) error {
	tune(os.Getenv)
	// The jobs stop after the last request, not with the signal.
	if err := d.Start(context.WithoutCancel(e.ctx)); err != nil {
		return fmt.Errorf("start jobs: %w", err)
	}
	l, err := (&net.ListenConfig{}).Listen(e.ctx, "tcp", d.cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w (set OPSDESK_LISTEN to another address)", d.cfg.Listen, err)
	}
	srv := &http.Server{Handler: d.Handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Minute, WriteTimeout: 10 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	srv.RegisterOnShutdown(d.Live.Close) // streams do not end by themselves
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	e.say("The desk is ready at %s", d.cfg.URL)
	if link, err := d.People.SetupLink(e.ctx); err != nil {
		d.log.Error("the set-up link could not be made", "err", err)
	} else if link != "" {
		e.say("There is no administrator yet. Open this link once, within 24 hours, to make the three administrators:\n  %s", link)
	}
	if !d.Notify.Serving() {
		d.log.Info("no mail server is set (OPSDESK_SMTP_URL): mails are kept in the outbox and not sent")
	}
	select {
	case err := <-ended:
		return err
	case <-e.ctx.Done():
	}
	d.log.Info("stopping")
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		return errors.Join(err, srv.Close())
	}
	return nil
}
