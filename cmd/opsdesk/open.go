package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"opsdesk/internal/app"
	"opsdesk/internal/platform/config"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/log"
	"opsdesk/internal/platform/migrate"
	"opsdesk/internal/platform/pgembed"
)

// opened is a desk with its database.
type opened struct {
	*app.App
	cfg     config.Config
	log     *slog.Logger
	url     string
	pool    *db.Pool
	cluster *pgembed.Cluster // nil: a server of somebody else's
}

// database finds the server: the one of OPSDESK_DATABASE_URL, or the embedded
// cluster, which is started, or shared with the desk that runs it.
func database(ctx context.Context, c config.Config, l *slog.Logger, shared bool) (string, *pgembed.Cluster, error) {
	if c.DatabaseURL != "" {
		return c.DatabaseURL, nil, nil
	}
	o := pgembed.Options{Dir: filepath.Join(c.Data, "pg"), BinDir: c.PostgresBin, Log: l}
	cluster, err := pgembed.Start(ctx, o)
	if errors.Is(err, pgembed.ErrInUse) && shared {
		o.Shared = true
		cluster, err = pgembed.Start(ctx, o)
	}
	if err != nil {
		return "", nil, err
	}
	return cluster.URL(), cluster, nil
}

type openOptions struct {
	workers int
	shared  bool // beside a running desk
	clock   func() time.Time
}

// open starts or finds the database, brings it to this program's schema and
// wires the desk.
func (e *env) open(o openOptions) (*opened, error) {
	c, err := e.config()
	if err != nil {
		return nil, err
	}
	d := &opened{cfg: c, log: log.New(e.stderr, c.LogLevel, c.LogFormat)}
	// The server's supervisor must outlive the signal that ends the desk.
	if d.url, d.cluster, err = database(context.WithoutCancel(e.ctx), c, d.log, o.shared); err != nil {
		return nil, err
	}
	if err := e.schema(d); err != nil {
		return nil, errors.Join(err, d.stopDatabase())
	}
	if d.pool, err = db.Open(e.ctx, d.url, c.Connections); err != nil {
		return nil, errors.Join(err, d.stopDatabase())
	}
	clock := o.clock
	if clock == nil {
		clock = e.now
	}
	if d.App, err = app.New(app.Options{Config: c, Pool: d.pool, Clock: clock, Log: d.log, Version: version, Workers: o.workers, Undo: undoWindow}); err != nil {
		d.pool.Close()
		return nil, errors.Join(err, d.stopDatabase())
	}
	return d, nil
}

// undoWindow is a little longer than pages offer to take an act back.
const undoWindow = 10 * time.Second

// schema migrates where that is needed. A server that is still starting is
// waited for.
func (e *env) schema(d *opened) error {
	var err error
	for range 30 {
		var s migrate.Status
		if s, err = migrate.Read(d.url); err == nil {
			if s.Dirty || s.Pending() > 0 {
				return migrate.Up(d.url)
			}
			return nil
		}
		if !db.Away(err) {
			return err
		}
		d.log.Warn("the database does not answer yet", "err", err)
		select {
		case <-e.ctx.Done():
			return e.ctx.Err()
		case <-time.After(2 * time.Second):
		}
	}
	return fmt.Errorf("the database did not answer within a minute: %w", err)
}

func (d *opened) stopDatabase() error {
	if d.cluster == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return d.cluster.Stop(ctx)
}

// close ends everything in order.
func (d *opened) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err := d.Close(ctx)
	d.pool.Close()
	return errors.Join(err, d.stopDatabase())
}
