package change

import (
	"context"
	"time"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// ActionFeed makes and ends one's own link to the calendar.
const ActionFeed authz.Action = "change.feed"

// kindFeed names links to the calendar in the trail, by the person whose it is.
const kindFeed record.Kind = "change.feed"

// How much of the calendar a feed has: the last two weeks, and what is planned
// within seven.
const (
	feedBack  = 14 * 24 * time.Hour
	feedAhead = 48 * 24 * time.Hour
)

// Feed is the actor's own link; nil where they have none.
func (s *Service) Feed(ctx context.Context) (*Feed, error) {
	who, err := s.planner(ctx)
	if err != nil {
		return nil, err
	}
	f, err := feeds{}.of(ctx, s.desk.DB, who.ID)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	return &f, err
}

// NewFeed makes the actor's link, in the place of the one they had. Its secret
// is in this answer only.
func (s *Service) NewFeed(ctx context.Context) (secret string, err error) {
	if _, err := s.planner(ctx); err != nil {
		return "", err
	}
	secret = identity.NewSecret()
	err = s.desk.Do(ctx, func(u *work.Unit) error {
		feeds{}.put(&u.Batch, u.Actor.ID, identity.HashSecret(secret), u.Now)
		return u.Record(ctx, ActionFeed, record.Ref{Kind: kindFeed, ID: u.Actor.ID}, trail.Diff{"link": {nil, "valid"}})
	})
	return secret, err
}

// EndFeed revokes the actor's link at once.
func (s *Service) EndFeed(ctx context.Context) error {
	if _, err := s.planner(ctx); err != nil {
		return err
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		feeds{}.drop(&u.Batch, u.Actor.ID)
		return u.Record(ctx, ActionFeed, record.Ref{Kind: kindFeed, ID: u.Actor.ID}, trail.Diff{"link": {"valid", "revoked"}})
	})
}

// FeedOf is the calendar that a link leads to: what its person may see now. A
// link that was revoked, is wrong, or is of somebody who left or is no longer
// one of those who plan and make changes is NotFound.
func (s *Service) FeedOf(ctx context.Context, secret string) (c Calendar, who identity.Actor, err error) {
	gone := fault.New(fault.NotFound, "error.not_found")
	f, err := feeds{}.find(ctx, s.desk.DB, identity.HashSecret(secret))
	if err != nil {
		return c, who, err
	}
	now := s.desk.Now()
	if who, err = identity.LoadActor(ctx, s.desk.DB, f.PersonID, now); err != nil || !who.Agent() {
		return c, who, gone
	}
	from := now.Truncate(24 * time.Hour)
	if c, err = s.Calendar(identity.With(ctx, who), Span{From: from.Add(-feedBack), To: from.Add(feedAhead)}); err != nil {
		return c, who, gone
	}
	if f.ReadAt == nil || f.ReadAt.Before(from) {
		err = s.desk.DB.InTx(ctx, func(tx db.Tx) error { return feeds{}.noteRead(ctx, tx, who.ID, now) })
	}
	return c, who, err
}
