package people

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/batch"
	"opsdesk/internal/identity"
	"opsdesk/internal/live"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// The limits on guessing (MLPS 8.1.4.1b): an account locks for half an hour
// after five failures in a quarter of one, and an address is slowed down.
const (
	failureWindow = 15 * time.Minute
	lockAfter     = 5
	lockFor       = 30 * time.Minute
	throttleAfter = 40
	resetValid    = 30 * time.Minute
	setupValid    = 24 * time.Hour
	maxTokenLife  = 366 * 24 * time.Hour
)

// Mailer sends a person a one-time link. The app gives it package notify.
type Mailer interface {
	SendLink(ctx context.Context, u *work.Unit, to identity.Person, purpose, link string) error
}

// Service holds the use cases about people.
type Service struct {
	desk    *work.Desk
	hasher  *identity.Hasher
	limits  identity.SessionLimits
	mailer  Mailer
	baseURL string

	persons     persons
	teams       teams
	departments departments
	access      access

	batches *batch.Service
	kinds   map[record.Kind]Reassigner
}

// Origin is where a request came from, for sessions and the trail.
type Origin struct{ IP, UserAgent, RequestID string }

// SignInInput is what the sign-in form sends.
type SignInInput struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// SignIn checks a password and opens a session. Unknown names, wrong passwords,
// locked and disabled accounts all get the same answer after the same time.
func (s *Service) SignIn(ctx context.Context, in SignInInput, o Origin) (token string, err error) {
	now := s.desk.Now()
	name := strings.ToLower(strings.TrimSpace(in.Username))
	if len(name) > 200 || len(in.Password) > 4*identity.MaxPassword {
		name, in.Password = "", ""
	}
	fromIP, err := s.access.failures(ctx, s.desk.DB, "ip:"+o.IP, now.Add(-failureWindow))
	if err != nil {
		return "", db.Map(err)
	}
	if fromIP >= throttleAfter {
		f := fault.New(fault.TooMany, "people.error.throttled")
		f.RetryAfter = failureWindow
		return "", f
	}
	c, err := s.access.credential(ctx, s.desk.DB, name)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", err
	}
	good := s.hasher.Check(in.Password, c.Hash)
	locked := c.LockedUntil != nil && c.LockedUntil.After(now)
	if !good || locked {
		return "", s.refuseSignIn(ctx, name, c, o, now, locked)
	}
	a, err := identity.LoadActor(ctx, s.desk.DB, c.PersonID, now)
	if err != nil {
		return "", err
	}
	token = identity.NewSecret()
	hash := identity.HashSecret(token)
	a.IP, a.UserAgent, a.RequestID = o.IP, o.UserAgent, o.RequestID
	ctx = identity.With(ctx, a)
	err = s.desk.Do(ctx, func(u *work.Unit) error {
		s.access.open(&u.Batch, hash, Session{ID: work.NewID(), PersonID: a.ID, CreatedAt: now, ExpiresAt: now.Add(s.limits.Absolute), IP: o.IP, UserAgent: o.UserAgent})
		s.access.keepNewest(&u.Batch, a.ID, s.limits.PerUser)
		s.access.forgive(&u.Batch, "user:"+name)
		return u.Record(ctx, ActionSignIn, record.Ref{Kind: KindSession, ID: a.ID}, trail.Diff{"username": {nil, a.Username}})
	})
	return token, err
}

// refuseSignIn counts the failure, locks the account when it is one too many
// and leaves a trace in the trail.
func (s *Service) refuseSignIn(ctx context.Context, name string, c credential, o Origin, now time.Time, locked bool) error {
	guest := identity.Actor{ID: c.PersonID, Username: name, Name: name, IP: o.IP, UserAgent: o.UserAgent, RequestID: o.RequestID}
	ctx = identity.With(ctx, guest)
	err := s.desk.Do(ctx, func(u *work.Unit) error {
		s.access.failed(&u.Batch, now, "user:"+name, "ip:"+o.IP)
		if c.PersonID == uuid.Nil || locked {
			return nil
		}
		if err := u.Flush(ctx); err != nil {
			return err
		}
		n, err := s.access.failures(ctx, u.Tx, "user:"+name, now.Add(-failureWindow))
		if err == nil && n >= lockAfter {
			s.access.lock(&u.Batch, c.PersonID, now.Add(lockFor))
		}
		return err
	})
	if err != nil {
		return err
	}
	s.desk.Refused(ctx, guest, ActionSignIn, record.Ref{Kind: KindSession, ID: c.PersonID}, trail.Denied, "people.error.sign_in")
	return fault.New(fault.Unauthenticated, "people.error.sign_in")
}

// SignOut ends the session of a token.
func (s *Service) SignOut(ctx context.Context, token string) error {
	who, err := identity.From(ctx)
	if err != nil {
		return nil //nolint:nilerr // nobody is signed in: signing out has no more to do
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		s.access.endToken(&u.Batch, identity.HashSecret(token))
		live.Rights(&u.Batch, who.ID)
		return u.Record(ctx, ActionSignOut, record.Ref{Kind: KindSession, ID: who.ID}, nil)
	})
}

// Sessions lists the sessions of a person: one's own, or anyone's with the
// permission to end them.
func (s *Service) Sessions(ctx context.Context, person uuid.UUID) ([]Session, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	if person != who.ID {
		if _, err := s.desk.Permit(ctx, ActionEndSession); err != nil || !s.desk.Matrix.ReadScope(who, "session.kill").All {
			return nil, fault.New(fault.NotFound, "error.not_found")
		}
	}
	return s.access.sessions(ctx, s.desk.DB, person)
}

// EndSession revokes a session, with effect on the next request.
func (s *Service) EndSession(ctx context.Context, id uuid.UUID) error {
	who, err := identity.From(ctx)
	if err != nil {
		return err
	}
	ses, err := s.access.session(ctx, s.desk.DB, id)
	if err != nil {
		return err
	}
	if ses.PersonID != who.ID && !s.desk.Matrix.ReadScope(who, "session.kill").All {
		return s.desk.Noted(ctx, ActionEndSession, record.Ref{Kind: KindSession, ID: ses.PersonID}, fault.New(fault.Forbidden, "error.forbidden"))
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		s.access.end(&u.Batch, id)
		live.Rights(&u.Batch, ses.PersonID)
		return u.Record(ctx, ActionEndSession, record.Ref{Kind: KindSession, ID: ses.PersonID}, trail.Diff{"session": {id, nil}})
	})
}

// PasswordInput changes one's own password.
type PasswordInput struct {
	Current  string `json:"current"`
	Password string `json:"password"`
}

// ChangePassword sets a new password after checking the old one, and ends every
// other session.
func (s *Service) ChangePassword(ctx context.Context, in PasswordInput, keep string) error {
	who, err := identity.From(ctx)
	if err != nil {
		return err
	}
	c, err := s.access.credentialOf(ctx, s.desk.DB, who.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if !s.hasher.Check(in.Current, c.Hash) {
		s.desk.Refused(ctx, who, ActionPassword, record.Ref{Kind: KindPerson, ID: who.ID}, trail.Denied, "people.error.current_password")
		return fault.OnField("current", "people.error.current_password")
	}
	if err := identity.CheckPassword(in.Password, who.Username, who.Name); err != nil {
		return err
	}
	hash := s.hasher.Hash(in.Password)
	return s.desk.Do(ctx, func(u *work.Unit) error {
		s.access.setPassword(&u.Batch, who.ID, hash, u.Now)
		s.access.endOthers(&u.Batch, who.ID, identity.HashSecret(keep))
		live.Rights(&u.Batch, who.ID)
		return u.Record(ctx, ActionPassword, record.Ref{Kind: KindPerson, ID: who.ID}, trail.Diff{"password": {nil, "•"}})
	})
}

// RequestReset mails a link to whoever the name or address belongs to. The
// answer is the same whether there is such a person or not.
func (s *Service) RequestReset(ctx context.Context, name string, o Origin) error {
	now := s.desk.Now()
	n, err := s.access.failures(ctx, s.desk.DB, "reset:"+o.IP, now.Add(-failureWindow))
	if err != nil {
		return db.Map(err)
	}
	if n >= lockAfter {
		f := fault.New(fault.TooMany, "people.error.throttled")
		f.RetryAfter = failureWindow
		return f
	}
	ctx = identity.With(ctx, identity.Actor{Name: "password reset", System: true, Username: "reset", IP: o.IP, UserAgent: o.UserAgent, RequestID: o.RequestID})
	return s.desk.Do(ctx, func(u *work.Unit) error {
		s.access.failed(&u.Batch, now, "reset:"+o.IP)
		id, err := s.persons.byNameOrMail(ctx, u.Tx, strings.TrimSpace(name))
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.sendReset(ctx, u, id)
	})
}

func (s *Service) sendReset(ctx context.Context, u *work.Unit, id uuid.UUID) error {
	p, err := identity.People(ctx, u.Tx, id)
	if err != nil {
		return err
	}
	if _, ok := p[id]; !ok {
		return fault.New(fault.NotFound, "error.not_found")
	}
	token := identity.NewSecret()
	s.access.dropLinks(&u.Batch, "reset", &id)
	s.access.link(&u.Batch, identity.HashSecret(token), "reset", &id, u.Now, u.Now.Add(resetValid))
	if err := s.mailer.SendLink(ctx, u, p[id], "reset", s.baseURL+"/reset/"+token); err != nil {
		return err
	}
	return u.Record(ctx, ActionReset, record.Ref{Kind: KindPerson, ID: id}, trail.Diff{"link": {nil, "sent"}})
}

// SendReset mails a person a link to set a new password; administrators never
// choose passwords for others.
func (s *Service) SendReset(ctx context.Context, id uuid.UUID) error {
	if _, err := s.desk.Permit(ctx, ActionReset); err != nil {
		return err
	}
	return s.desk.Do(ctx, func(u *work.Unit) error { return s.sendReset(ctx, u, id) })
}

// LinkGood reports whether a one-time link can still be used.
func (s *Service) LinkGood(ctx context.Context, purpose, token string) (bool, error) {
	return s.access.goodLink(ctx, s.desk.DB, identity.HashSecret(token), purpose, s.desk.Now())
}

// Reset sets a password with a one-time link, and ends every session.
func (s *Service) Reset(ctx context.Context, token, password string, o Origin) error {
	now := s.desk.Now()
	return s.desk.DB.InTx(ctx, func(tx db.Tx) error {
		id, err := s.access.takeLink(ctx, tx, identity.HashSecret(token), "reset", now)
		if err != nil || id == nil {
			return fault.New(fault.NotFound, "people.error.link")
		}
		p, err := s.persons.get(ctx, tx, *id)
		if err != nil {
			return err
		}
		if err := identity.CheckPassword(password, p.Username, p.Name, p.NameEn); err != nil {
			return err
		}
		u := s.desk.UnitIn(tx, identity.Actor{ID: p.ID, Username: p.Username, Name: p.Name, IP: o.IP, UserAgent: o.UserAgent, RequestID: o.RequestID})
		s.access.setPassword(&u.Batch, p.ID, s.hasher.Hash(password), now)
		s.access.endAll(&u.Batch, p.ID)
		live.Rights(&u.Batch, p.ID)
		s.access.forgive(&u.Batch, "user:"+strings.ToLower(p.Username))
		if err := u.Record(ctx, ActionPassword, p.Ref(), trail.Diff{"password": {nil, "•"}}); err != nil {
			return err
		}
		return u.Flush(ctx)
	})
}

// CreateToken makes an API token for an account and returns its secret, which
// is kept nowhere. It is for the command line, whose user holds the database.
func (s *Service) CreateToken(ctx context.Context, username, name string, life time.Duration) (string, error) {
	p, err := s.persons.byUsername(ctx, s.desk.DB, username)
	if err != nil {
		return "", err
	}
	return s.token(ctx, p.ID, name, life)
}

// TokenInput asks for a token of one's own.
type TokenInput struct {
	Name string `json:"name" validate:"required,notblank,line,max=100"`
	Days int    `json:"days" validate:"required,min=1,max=365"`
}

// CreateOwnToken makes an API token for the actor.
func (s *Service) CreateOwnToken(ctx context.Context, in TokenInput) (string, error) {
	who, err := s.desk.Permit(ctx, ActionToken)
	if err != nil {
		return "", err
	}
	if err := validated(in); err != nil {
		return "", err
	}
	return s.token(ctx, who.ID, in.Name, time.Duration(in.Days)*24*time.Hour)
}

func (s *Service) token(ctx context.Context, person uuid.UUID, name string, life time.Duration) (string, error) {
	if life <= 0 || life > maxTokenLife {
		return "", fault.OnField("days", "people.error.token_life")
	}
	secret := "opsdesk_" + identity.NewSecret()
	err := s.desk.Do(ctx, func(u *work.Unit) error {
		t := Token{ID: work.NewID(), PersonID: person, Name: name, CreatedAt: u.Now, ExpiresAt: u.Now.Add(life)}
		s.access.addToken(&u.Batch, t, identity.HashSecret(secret))
		return u.Record(ctx, ActionToken, record.Ref{Kind: KindToken, ID: t.ID}, trail.Diff{"name": {nil, name}, "person": {nil, person}, "expires_at": {nil, t.ExpiresAt}})
	})
	return secret, err
}

// RevokeToken ends a token of the actor at once.
func (s *Service) RevokeToken(ctx context.Context, id uuid.UUID) error {
	return s.desk.Do(ctx, func(u *work.Unit) error {
		if err := s.access.revoke(ctx, u.Tx, id, u.Actor.ID, u.Now); err != nil {
			return err
		}
		return u.Record(ctx, ActionToken, record.Ref{Kind: KindToken, ID: id}, trail.Diff{"revoked": {false, true}})
	})
}

func (s *Service) prune(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	return s.desk.DB.InTx(ctx, func(tx db.Tx) error { return s.access.prune(ctx, tx, s.desk.Now()) })
}

// PrintedLink makes a one-time link for an account without mailing it. It is
// for the command line, whose user holds the database anyway; the trail says
// that it was made.
func (s *Service) PrintedLink(ctx context.Context, username string) (string, error) {
	p, err := s.persons.byUsername(ctx, s.desk.DB, username)
	if err != nil {
		return "", err
	}
	token := identity.NewSecret()
	err = s.desk.Do(ctx, func(u *work.Unit) error {
		s.access.dropLinks(&u.Batch, "reset", &p.ID)
		s.access.link(&u.Batch, identity.HashSecret(token), "reset", &p.ID, u.Now, u.Now.Add(resetValid))
		return u.Record(ctx, ActionReset, p.Ref(), trail.Diff{"link": {nil, "printed"}})
	})
	return s.baseURL + "/reset/" + token, err
}
