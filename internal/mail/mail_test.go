package mail_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"european-pay.eu/eupay/internal/mail"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a mail server on this machine without TLS, which stores what it receives.
type server struct {
	mu    sync.Mutex
	mails []string
	auth  []string
	// refuse is its answer to recipients; nil accepts them.
	refuse error
}

func (s *server) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{s}, nil }

type session struct{ *server }

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.auth = append(s.auth, user+":"+password)
		return nil
	}), nil
}
func (s *session) Mail(string, *smtp.MailOptions) error { return nil }
func (s *session) Rcpt(string, *smtp.RcptOptions) error { return s.refuse }
func (s *session) Reset()                               {}
func (s *session) Logout() error                        { return nil }

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, string(raw))
	return err
}

func start(t *testing.T, s *server) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := smtp.NewServer(s)
	srv.AllowInsecureAuth = true
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
		<-served
	})
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func mailer(t *testing.T, server string) *mail.Mailer {
	t.Helper()
	m, err := mail.New(server, "EU Pay <no-reply@pay.example.com>")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var hello = mail.Message{
	ID: "0001", To: "jane@example.com", Language: "fr", Subject: "Réinitialiser", Text: "Bonjour Jane", HTML: "<p>Bonjour Jane</p>",
	Files: []mail.File{{Name: "ticket.pdf", Type: "application/pdf", Data: []byte("%PDF-1.7")}},
	At:    time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC),
}

func TestAMailArrives(t *testing.T) {
	t.Parallel()
	s := &server{}
	port := start(t, s)
	if err := mailer(t, "smtp://eupay:secret@127.0.0.1:"+port).Send(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	if len(s.mails) != 1 || len(s.auth) != 1 || s.auth[0] != "eupay:secret" {
		t.Fatalf("got %q, logged in as %q", s.mails, s.auth)
	}
	for _, want := range []string{
		"Message-ID: <0001@pay.example.com>", "To: <jane@example.com>", "no-reply@pay.example.com", "Date: Wed, 17 Jun 2026 12:00:00 +0000",
		"Auto-Submitted: auto-generated", "Content-Language: fr", "text/plain", "text/html", "<p>Bonjour Jane</p>", "=?UTF-8?",
		`filename="ticket.pdf"`, "application/pdf", "JVBERi0xLjc=",
	} {
		if !strings.Contains(s.mails[0], want) {
			t.Errorf("%q is missing in\n%s", want, s.mails[0])
		}
	}
}

func TestAPermanentlyRefusedRecipientIsErrRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code  int
		final bool
	}{{550, true}, {450, false}} {
		port := start(t, &server{refuse: &smtp.SMTPError{Code: c.code, Message: "no"}})
		err := mailer(t, "smtp://127.0.0.1:"+port).Send(t.Context(), hello)
		if err == nil || errors.Is(err, mail.ErrRefused) != c.final || strings.Contains(err.Error(), hello.To) {
			t.Errorf("%d: %v", c.code, err)
		}
	}
}

// A server that is not on this machine gets nothing without TLS, least of all the password.
func TestNothingIsSentWithoutTLS(t *testing.T) {
	t.Parallel()
	s := &server{}
	port := start(t, s)
	// The same server, under a name that is not recognised as this machine's.
	if err := mailer(t, "smtp://eupay:secret@LOCALHOST:"+port).Send(t.Context(), hello); err == nil {
		t.Error("the mail was sent")
	}
	if len(s.mails) != 0 || len(s.auth) != 0 {
		t.Errorf("got %q, logged in as %q", s.mails, s.auth)
	}
}

func TestInvalidSettingsAreRefused(t *testing.T) {
	t.Parallel()
	for _, server := range []string{"", "mail.example.com:587", "http://mail.example.com", "smtp://", "smtp://user:sesame@host:x"} {
		_, err := mail.New(server, "no-reply@example.com")
		if err == nil || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%q: %v", server, err)
		}
	}
	if _, err := mail.New("smtp://host", "EU Pay"); err == nil {
		t.Error("a sender without an address is taken")
	}
}
