package mail_test

import (
	"bufio"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"opsdesk/internal/platform/mail"
)

// server is a mail server that takes one message per connection, or refuses
// with the given answer to RCPT.
func server(t *testing.T, refuse string) (address string, got func() string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var mu sync.Mutex
	var data strings.Builder
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go talk(c, refuse, &mu, &data)
		}
	}()
	return "smtp://" + l.Addr().String(), func() string { mu.Lock(); defer mu.Unlock(); return data.String() }
}

func talk(c net.Conn, refuse string, mu *sync.Mutex, data *strings.Builder) {
	defer c.Close()
	say := func(s string) { _, _ = c.Write([]byte(s + "\r\n")) }
	say("220 test")
	in := bufio.NewScanner(c)
	body := false
	for in.Scan() {
		line := in.Text()
		switch {
		case body && line == ".":
			body = false
			say("250 taken")
		case body:
			mu.Lock()
			data.WriteString(line + "\n")
			mu.Unlock()
		case strings.HasPrefix(line, "RCPT") && refuse != "":
			say(refuse)
		case strings.HasPrefix(line, "DATA"):
			body = true
			say("354 go on")
		case strings.HasPrefix(line, "QUIT"):
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func message() mail.Message {
	return mail.Message{To: "li.wen@example.com", Subject: "[INC-000001] 打印机卡纸", Text: "您好\n", ID: "abc", Thread: "INC-000001", Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func TestAMessageArrivesWithItsThread(t *testing.T) {
	t.Parallel()
	address, got := server(t, "")
	s, err := mail.NewSMTP(address, "desk@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Message-ID: <abc@", "References: <INC-000001@", "Auto-Submitted: auto-generated", "Date: Fri, 02 Jan 2026", "To: <li.wen@example.com>", "charset=UTF-8"} {
		if !strings.Contains(got(), want) {
			t.Errorf("no %q in:\n%s", want, got())
		}
	}
}

func TestHeadersCannotBeInjected(t *testing.T) {
	t.Parallel()
	address, got := server(t, "")
	s, err := mail.NewSMTP(address, "desk@example.com")
	if err != nil {
		t.Fatal(err)
	}
	m := message()
	m.Subject = "hello\r\nBcc: evil@example.com"
	if err := s.Send(t.Context(), m); err == nil && strings.Contains(got(), "\nBcc:") {
		t.Errorf("a header was injected:\n%s", got())
	}
	m = message()
	m.To = "a@example.com\r\nBcc: evil@example.com"
	if err := s.Send(t.Context(), m); !errors.Is(err, mail.ErrPermanent) {
		t.Errorf("a bad address: %v", err)
	}
}

func TestRefusalsAreToldApart(t *testing.T) {
	t.Parallel()
	for answer, permanent := range map[string]bool{"550 no such user": true, "421 try again later": false, "450 mailbox busy": false} {
		address, _ := server(t, answer)
		s, err := mail.NewSMTP(address, "desk@example.com")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(t.Context(), message()); err == nil || errors.Is(err, mail.ErrPermanent) != permanent {
			t.Errorf("%s: %v", answer, err)
		}
	}
	s, err := mail.NewSMTP("smtp://127.0.0.1:1", "desk@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), message()); err == nil || errors.Is(err, mail.ErrPermanent) {
		t.Errorf("a server that is away: %v", err)
	}
}
