// Package app builds the desk: it knows every module, wires them, and starts
// HTTP and jobs.
package app

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"opsdesk/internal/approval"
	"opsdesk/internal/attachment"
	"opsdesk/internal/audit"
	"opsdesk/internal/authz"
	"opsdesk/internal/batch"
	"opsdesk/internal/canned"
	"opsdesk/internal/change"
	"opsdesk/internal/configuration"
	"opsdesk/internal/event"
	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/inspection"
	"opsdesk/internal/live"
	"opsdesk/internal/notify"
	"opsdesk/internal/people"
	"opsdesk/internal/platform/config"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/platform/mail"
	"opsdesk/internal/platform/storage"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/presence"
	"opsdesk/internal/queue"
	"opsdesk/internal/record"
	"opsdesk/internal/routing"
	"opsdesk/internal/service"
	"opsdesk/internal/servicerequest"
	"opsdesk/internal/sla"
	"opsdesk/internal/ui"
	"opsdesk/internal/view"
	"opsdesk/internal/work"
	static "opsdesk/web"
)

//go:embed messages/*.json
var messages embed.FS

// Options are what differs between a desk in service and one in a test.
type Options struct {
	Config  config.Config
	Pool    *db.Pool
	Clock   func() time.Time
	Log     *slog.Logger
	Version string
	Sender  mail.Sender // nil: by OPSDESK_SMTP_URL
	Workers int         // jobs at once; 0 only enqueues
	Live    live.Options
	// Undo is how long an act that can be taken back is kept from others' mail.
	Undo time.Duration
}

// App is a wired desk.
type App struct {
	Desk      *work.Desk
	Handler   http.Handler
	Router    web.Router
	People    *people.Service
	Incidents *incident.Service
	Requests  *servicerequest.Service
	Changes   *change.Service
	Views     *view.Service
	Batches   *batch.Service
	SLA       *sla.Service
	Approvals *approval.Service
	Canned    *canned.Service
	Services  *service.Registry
	Notify    *notify.Service
	Audit     *audit.Service
	Live      *live.Hub
	Routing   *routing.Service
	Presence  *presence.Service
	Jobs      *jobs.Client
	store     *storage.Store
	assets    *static.Assets
	cfg       config.Config
	metrics   *metrics

	Configuration *configuration.Service
	Inspections   *inspection.Service
}

// New wires a desk. It does not touch the database: that may be away.
func New(o Options) (*App, error) {
	matrix, err := authz.Load()
	if err != nil {
		return nil, err
	}
	a := &App{cfg: o.Config}
	reg := jobs.NewRegistry()
	d := &work.Desk{
		DB: o.Pool, Clock: o.Clock, Matrix: matrix, Policies: authz.Policies{}, Kinds: record.NewKinds(), Bus: event.NewBus(reg), Registry: reg,
		Messages: i18n.New(), Log: o.Log, App: o.Version, Undo: o.Undo,
	}
	a.Desk = d
	if err := errors.Join(d.Messages.Add(ui.Messages), d.Messages.Add(authz.Messages), d.Messages.Add(messages)); err != nil {
		return nil, err
	}
	if a.store, err = storage.Open(filepath.Join(o.Config.Data, "files")); err != nil {
		return nil, fmt.Errorf("attachments: %w", err)
	}
	if a.assets, err = static.New(); err != nil {
		return nil, err
	}
	if o.Sender == nil && o.Config.SMTPURL != "" {
		if o.Sender, err = mail.NewSMTP(o.Config.SMTPURL, o.Config.MailFrom); err != nil {
			return nil, err
		}
	}
	if err := a.modules(o); err != nil {
		return nil, err
	}
	for act, row := range d.Policies {
		if !matrix.Has(row) {
			return nil, fmt.Errorf("action %s is decided by %s, which is not in the matrix", act, row)
		}
	}
	if a.Jobs, err = jobs.New(o.Pool, reg, o.Workers, o.Log); err != nil {
		return nil, err
	}
	d.Jobs = a.Jobs
	return a, nil
}

// modules makes the services and mounts their pages.
func (a *App) modules(o Options) error {
	d, c := a.Desk, o.Config
	var err error
	if a.Live, err = live.New(d, o.Live); err != nil {
		return err
	}
	if a.Notify, err = notify.New(d, notify.Options{Sender: o.Sender, BaseURL: c.URL}); err != nil {
		return err
	}
	po := people.Options{
		Limits: identity.SessionLimits{Idle: c.SessionIdle, Absolute: c.SessionLife, PerUser: c.Sessions},
		Mailer: a.Notify, BaseURL: c.URL, Secure: c.Secure(), Hashers: 2,
	}
	if a.People, err = people.New(d, po); err != nil {
		return err
	}
	if a.Batches, err = batch.New(d, a.store); err != nil {
		return err
	}
	if a.Views, err = view.New(d); err != nil {
		return err
	}
	if a.Services, err = service.New(d); err != nil {
		return err
	}
	if a.SLA, err = sla.New(d); err != nil {
		return err
	}
	if a.Approvals, err = approval.New(d, approval.Options{Zone: c.Zone(), Days: a.workingDays}); err != nil {
		return err
	}
	a.Services.Cover(a.SLA)
	if a.Canned, err = canned.New(d); err != nil {
		return err
	}
	if err = queue.Register(d); err != nil {
		return err
	}
	if a.Incidents, err = incident.NewService(d, c.Zone(), a.Views, a.Batches, a.SLA, a.Canned); err != nil {
		return err
	}
	if a.Configuration, err = configuration.New(d, a.Batches, strings.TrimSuffix(c.URL, "/")); err != nil {
		return err
	}
	if a.Presence, err = presence.New(d); err != nil {
		return err
	}
	if a.Routing, err = routing.New(d, a.SLA); err != nil {
		return err
	}
	a.Incidents.RouteBy(a.Routing)
	a.Incidents.Ask(a.Configuration)
	if a.Requests, err = servicerequest.NewService(d, c.Zone(), servicerequest.Options{Priorities: a.Incidents, Days: a.SLA, Clocks: a.SLA, Approvals: a.Approvals, Incidents: incidentOrders{a.Incidents}, Assets: assets{d}, Views: a.Views, Batches: a.Batches}); err != nil {
		return err
	}
	a.Incidents.MeasureAlso(a.Requests)
	if a.Changes, err = change.New(d, change.Options{URL: strings.TrimSuffix(c.URL, "/"), Zone: c.Zone(), Views: a.Views, Batches: a.Batches, Approvals: a.Approvals, Items: a.Configuration, Incidents: itemIncidents{d}}); err != nil {
		return err
	}
	a.Requests.ChangeBy(changeOrders{a.Changes, d})
	a.Configuration.AskChanges(a.Changes)
	a.Incidents.AskChanges(a.Changes)
	if a.Inspections, err = inspection.New(d, inspection.Options{Zone: c.Zone(), Views: a.Views, Batches: a.Batches, Calendars: a.SLA, Items: inspected{a.Configuration}, Incidents: findings{a.Incidents}}); err != nil {
		return err
	}
	a.Incidents.FindAlso([]queue.Source{a.Requests.Source(), a.Changes.Source(), a.Inspections.Source()}, a.Configuration.Source())
	a.People.HandOverBy(a.Batches, map[record.Kind]people.Reassigner{incident.Kind: a.Incidents, servicerequest.Kind: a.Requests})
	if a.Audit, err = audit.New(d, audit.Options{Dir: c.TrailDir}); err != nil {
		return err
	}
	return a.routes(o, po)
}

// Start begins to work on jobs and to listen for what changes.
func (a *App) Start(ctx context.Context) error {
	a.Live.Start(ctx)
	return a.Jobs.Start(ctx)
}

// Close ends the work on jobs, waiting for what runs, and lets the files go.
func (a *App) Close(ctx context.Context) error {
	a.Live.Close()
	return errors.Join(a.Jobs.Stop(ctx), a.store.Close())
}

// mountFiles adds uploads, which the incident's forms read through.
func (a *App) mountFiles(rt web.Router) (*attachment.Service, error) {
	return attachment.Mount(a.Desk, rt, attachment.Options{Store: a.store, Max: a.cfg.MaxUploadMB << 20})
}

// workingDays is the calendar by which people's silence is counted.
func (a *App) workingDays(ctx context.Context, q db.Querier) (approval.Days, error) {
	b, err := a.SLA.Book(ctx, q)
	if err != nil {
		return nil, err
	}
	return b.Calendar(nil), nil
}
