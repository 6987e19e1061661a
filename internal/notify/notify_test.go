package notify_test

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
	"opsdesk/internal/notify"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/mail"
)

func report(t *testing.T, d *apptest.Desk) incident.Incident {
	t.Helper()
	p, err := d.Incidents.List(d.As("staff"), incident.Filter{View: "all", Text: "INC-000041"}, "")
	if err != nil || len(p.Rows) != 1 {
		t.Fatal(err, p)
	}
	i, err := d.Incidents.Reply(d.As("engineer"), p.Rows[0].ID, incident.ReplyInput{Body: "Which floor?"})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func newest(t *testing.T, d *apptest.Desk) notify.Mail {
	t.Helper()
	l, err := d.Notify.Outbox(d.As("admin"), "", nil, 1)
	if err != nil || len(l) != 1 {
		t.Fatal(err, l)
	}
	return l[0]
}

func TestAFailingServerIsRetriedAndShown(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.Drain()
	d.Mail.Fail = errors.New("421 try again later")
	report(t, d)
	if _, err := d.Jobs.Drain(t.Context(), d.Pool, d.Desk.Now()); err == nil {
		t.Fatal("a failure was swallowed: the job would not be tried again")
	}
	m := newest(t, d)
	if m.State != "queued" || m.Attempts != 1 || !strings.Contains(m.LastError, "421") {
		t.Errorf("%+v", m)
	}
	d.Mail.Fail = fmt.Errorf("550 no such user: %w", mail.ErrPermanent)
	report(t, d)
	if _, err := d.Jobs.Drain(t.Context(), d.Pool, d.Desk.Now()); err == nil {
		t.Fatal("no error")
	}
	m = newest(t, d)
	if m.State != "failed" {
		t.Errorf("a permanent refusal: %+v", m)
	}
	if page := d.Client("admin").Get("/admin/outbox?state=failed"); !strings.Contains(page.Text(), "550 no such user") {
		t.Error("the outbox does not show the failure")
	}
	if err := d.Notify.Retry(d.As("lead"), m.ID); err == nil {
		t.Error("a lead retried")
	}
	d.Mail.Fail, d.Mail.Sent = nil, nil
	if err := d.Notify.Retry(d.As("admin"), m.ID); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	if m = newest(t, d); m.State != "sent" || len(d.Mail.Sent) != 1 || d.Mail.Sent[0].Thread != "INC-000041" {
		t.Errorf("%+v %+v", m, d.Mail.Sent)
	}
}

func TestWithoutAServerMailsAreKept(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{NoMail: true})
	d.Drain()
	report(t, d)
	d.Drain()
	if m := newest(t, d); m.State != "held" || !strings.Contains(m.Body, "Which floor?") {
		t.Errorf("%+v", m)
	}
	if page := d.Client("admin").Get("/admin/outbox"); !strings.Contains(page.Text(), "No mail server") {
		t.Error("the desk does not say so")
	}
}

func TestDeliveryIsIdempotent(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.Drain()
	report(t, d)
	// The worker dies after the work and before it is noted: the job runs again.
	d.Drain()
	before, err := d.Notify.Lines(d.As("staff"), notify.All, nil, 200)
	if err != nil {
		t.Fatal(err)
	}
	sent := len(d.Mail.Sent)
	if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE river_job SET state = 'available', finalized_at = NULL WHERE kind = 'on:notify'`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	after, err := d.Notify.Lines(d.As("staff"), notify.All, nil, 200)
	if err != nil || len(after) != len(before) || len(d.Mail.Sent) != sent {
		t.Errorf("%v: %d → %d lines, %d → %d mails", err, len(before), len(after), sent, len(d.Mail.Sent))
	}
}

var link = regexp.MustCompile(`/reset/[A-Za-z0-9_-]+`)

func TestAPasswordIsResetByMailOnce(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.Drain()
	d.Mail.Sent = nil
	c := d.Client("")
	for _, who := range []string{"staff", "nobody-of-that-name"} {
		if a := c.Post("/forgot", url.Values{"username": {who}}); a.Status != 200 || !strings.Contains(a.Text(), "If there is such an account") {
			t.Fatalf("%s: %d", who, a.Status)
		}
	}
	d.Drain()
	if len(d.Mail.Sent) != 1 || d.Mail.Sent[0].To != "staff@qiming.example" {
		t.Fatalf("%+v", d.Mail.Sent)
	}
	path := link.FindString(d.Mail.Sent[0].Text)
	if page := d.Client("admin").Get("/admin/outbox"); strings.Contains(page.Text(), path) {
		t.Error("the outbox shows the secret link")
	}
	if m := newest(t, d); m.Body != "" {
		t.Error("the link is kept after it was sent")
	}
	if a := c.Post(path, url.Values{"password": {"short"}}); a.Status != 422 {
		t.Errorf("a short password: %d", a.Status)
	}
	if a := c.Post(path, url.Values{"password": {"another-otter-9274"}}); a.Status != 303 {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	if a := c.Post(path, url.Values{"password": {"another-otter-9275"}}); a.Status != 404 {
		t.Errorf("the link worked twice: %d", a.Status)
	}
	if a := c.Post("/sign-in", url.Values{"username": {"staff"}, "password": {"another-otter-9274"}}); a.Status != 303 {
		t.Errorf("sign in: %d", a.Status)
	}
	if a := c.Post("/forgot", url.Values{"username": {"staff"}}); a.Status != 200 {
		t.Fatal(a.Status)
	}
	d.Drain()
	path = link.FindString(d.Mail.Sent[len(d.Mail.Sent)-1].Text)
	d.Advance(31 * time.Minute)
	if a := c.Get(path); a.Status != 404 {
		t.Errorf("an old link: %d", a.Status)
	}
}
