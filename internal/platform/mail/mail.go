// Package mail sends plain-text messages over SMTP with TLS.
package mail

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Message is one mail to one person.
type Message struct {
	To, Subject, Text string
	// ID makes the Message-ID: sending twice is recognisable.
	ID string
	// Thread groups messages about one record in the reader's mail program.
	Thread string
	Date   time.Time
}

// Sender sends messages. An error wrapped in Permanent is not worth a retry.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// ErrPermanent marks a message that the server will never take.
var ErrPermanent = errors.New("refused by the mail server for good")

// SMTP is a Sender for one server.
type SMTP struct {
	client *gomail.Client
	from   string
	domain string
}

// NewSMTP reads smtp://user:password@host:port (STARTTLS, required but for
// this machine) or smtps://… (TLS from the start).
func NewSMTP(address, from string) (*SMTP, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("mail server address: %w", err)
	}
	opts := []gomail.Option{gomail.WithTimeout(20 * time.Second)}
	local := u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost" || u.Hostname() == "::1"
	switch {
	case u.Scheme == "smtps":
		opts = append(opts, gomail.WithSSL())
	case local:
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	default:
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if p := u.Port(); p != "" {
		n, err := strconv.Atoi(p)
		if err != nil {
			return nil, fmt.Errorf("mail server port: %w", err)
		}
		opts = append(opts, gomail.WithPort(n))
	}
	if u.User != nil {
		pass, _ := u.User.Password()
		opts = append(opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(u.User.Username()), gomail.WithPassword(pass))
	}
	c, err := gomail.NewClient(u.Hostname(), opts...)
	if err != nil {
		return nil, fmt.Errorf("mail client: %w", err)
	}
	domain := u.Hostname()
	return &SMTP{client: c, from: from, domain: domain}, nil
}

// Send delivers one message to the server.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	msg := gomail.NewMsg()
	if err := errors.Join(msg.From(s.from), msg.To(m.To)); err != nil {
		return fmt.Errorf("%w: %w", ErrPermanent, err)
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.Date)
	msg.SetMessageIDWithValue(m.ID + "@" + s.domain)
	if m.Thread != "" {
		ref := "<" + m.Thread + "@" + s.domain + ">"
		msg.SetGenHeader(gomail.HeaderInReplyTo, ref)
		msg.SetGenHeader(gomail.HeaderReferences, ref)
	}
	// A machine wrote it: vacation programs must not answer (RFC 3834).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if err := s.client.DialAndSendWithContext(ctx, msg); err != nil {
		var se *gomail.SendError
		if errors.As(err, &se) && !se.IsTemp() && se.ErrorCode() >= 500 {
			return fmt.Errorf("%w: %w", ErrPermanent, err)
		}
		return err
	}
	return nil
}
