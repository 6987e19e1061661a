package db

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// quiet is how long a listener hears nothing before it asks whether the server
// is still there: a cut line says nothing by itself.
const quiet = 30 * time.Second

// Listen opens a connection of its own and calls got for every notification on
// the channels, in the order of the commits that sent them, until ctx ends or
// the connection is lost. ready is called once it listens: whatever is
// committed from then on is heard. The error is never nil.
func (p *Pool) Listen(ctx context.Context, channels []string, ready func(), got func(channel, payload string)) error {
	if p.real == nil {
		return errors.New("listen: a test transaction has no connection of its own")
	}
	cfg := p.real.Config().ConnConfig.Copy()
	cfg.RuntimeParams["application_name"] = "opsdesk-listen"
	c, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() {
		bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = c.Close(bye) // the connection is given up either way
	}()
	for _, name := range channels {
		if _, err := c.Exec(ctx, "LISTEN "+pgx.Identifier{name}.Sanitize()); err != nil {
			return err
		}
	}
	ready()
	for {
		n, err := heard(ctx, c)
		if err != nil {
			return err
		}
		if n != nil {
			got(n.Channel, n.Payload)
		}
	}
}

// heard waits for the next notification; nil when it was quiet and the server
// answered.
func heard(ctx context.Context, c *pgx.Conn) (*pgconn.Notification, error) {
	wait, cancel := context.WithTimeout(ctx, quiet)
	defer cancel()
	n, err := c.WaitForNotification(wait)
	if err == nil || ctx.Err() != nil || wait.Err() == nil {
		return n, err
	}
	ask, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return nil, c.Ping(ask)
}
