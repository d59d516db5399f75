// Package mailbox is a mail server that delivers nothing: it stores mails for people and tests to read. It accepts mail from
// everyone to every address, so use it only on a port that only this machine reaches.
package mailbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const (
	// usualKeep is the default number of kept mails.
	usualKeep = 500
	// maxMail is the maximum size of a mail.
	maxMail = 1 << 20
	// patience is the timeout of a silent client.
	patience = time.Minute
)

// Config of a mailbox.
type Config struct {
	// Keep is the number of kept mails, the latest ones; 0: 500.
	Keep int
	Log  *slog.Logger
	// Now: nil means time.Now.
	Now func() time.Time
}

// Mail is a received mail.
type Mail struct {
	ID      int64             `json:"id"`
	At      time.Time         `json:"at"`
	From    string            `json:"from"`
	To      []string          `json:"to"`
	Subject string            `json:"subject"`
	Text    string            `json:"text"`
	HTML    string            `json:"html"`
	Headers map[string]string `json:"headers"`
}

// Mailbox keeps mails in memory.
type Mailbox struct {
	keep int
	log  *slog.Logger
	now  func() time.Time

	mu    sync.Mutex
	next  int64
	mails []Mail // oldest first
}

// New returns an empty mailbox.
func New(c Config) *Mailbox {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Mailbox{keep: cmp.Or(c.Keep, usualKeep), log: c.Log, now: c.Now, next: 1}
}

// Serve accepts mail on the listener until ctx ends.
func (m *Mailbox) Serve(ctx context.Context, l net.Listener) error {
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{box: m}, nil }))
	srv.Domain, srv.MaxMessageBytes, srv.MaxRecipients = "localhost", maxMail, 100
	srv.ReadTimeout, srv.WriteTimeout, srv.AllowInsecureAuth = patience, patience, true
	srv.ErrorLog = slog.NewLogLogger(m.log.Handler(), slog.LevelDebug)
	closed := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		err := srv.Close()
		if closing := l.Close(); err == nil && !errors.Is(closing, net.ErrClosed) { // the server may not have begun
			err = closing
		}
		closed <- err
	})
	err := srv.Serve(l)
	if !stop() {
		return <-closed
	}
	if err != nil && !errors.Is(err, smtp.ErrServerClosed) {
		return fmt.Errorf("serve the mailbox: %w", err)
	}
	return nil
}

// Mails returns the mails to the address, or all for an empty one, latest first.
func (m *Mailbox) Mails(to string) []Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := []Mail{}
	for _, one := range slices.Backward(m.mails) {
		if to == "" || slices.Contains(one.To, to) {
			list = append(list, one)
		}
	}
	return list
}

// Mail returns the mail with the id; false if it is no longer kept.
func (m *Mailbox) Mail(id int64) (Mail, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.mails, func(one Mail) bool { return one.ID == id })
	if i < 0 {
		return Mail{}, false
	}
	return m.mails[i], true
}

// Reset deletes all mails.
func (m *Mailbox) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mails = nil
}

func (m *Mailbox) add(one Mail) {
	m.mu.Lock()
	defer m.mu.Unlock()
	one.ID, one.At = m.next, m.now().UTC()
	m.next++
	m.mails = append(m.mails, one)
	if extra := len(m.mails) - m.keep; extra > 0 {
		m.mails = slices.Delete(m.mails, 0, extra)
	}
	m.log.Info("mail came in", "id", one.ID)
}

// session is one connection of a client.
type session struct {
	box  *Mailbox
	from string
	to   []string
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth accepts everyone.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(string, string, string) error { return nil }), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error { s.from = from; return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error { s.to = append(s.to, to); return nil }

func (s *session) Reset() { s.from, s.to = "", nil }

func (s *session) Logout() error { return nil }

func (s *session) Data(r io.Reader) error {
	one, err := read(r)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "this is no mail: " + err.Error()}
	}
	one.From, one.To = s.from, s.to
	s.box.add(one)
	return nil
}
