// Package mail sends mail through an SMTP server.
package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"european-pay.eu/eupay/internal/run/trace"
)

// sendLimit is the deadline for sending one mail, from connecting to the server's acceptance.
const sendLimit = 30 * time.Second

// The default ports of smtp:// and smtps:// (RFC 6409, RFC 8314).
const (
	submissionPort = 587
	tlsPort        = 465
)

// ErrRefused means that the server permanently refuses the recipient. Any other error may be temporary.
var ErrRefused = errors.New("the recipient is refused")

// Message is one mail to one recipient.
type Message struct {
	// ID is the same for every attempt, so that mailboxes can detect duplicates.
	ID       string
	To       string
	Language string
	Subject  string
	Text     string
	HTML     string
	// Files are attached.
	Files []File
	At    time.Time
}

// File is what is attached to a mail.
type File struct {
	Name string
	// Type is its media type, such as application/pdf.
	Type string
	Data []byte
}

// Mailer sends mail. It is safe for concurrent use.
type Mailer struct {
	host    string
	from    string
	domain  string
	options []mail.Option
}

// New takes the server as smtp://user:password@host:587, or smtps:// for implicit TLS, and the sender as "Name <a@b>" or an
// address. STARTTLS is required unless the server is on this machine. Errors never contain the password.
func New(server, from string) (*Mailer, error) {
	u, err := url.Parse(server)
	if err != nil || (u.Scheme != "smtp" && u.Scheme != "smtps") || u.Hostname() == "" {
		return nil, errors.New("the mail server must be a URL such as smtp://user:password@host:587")
	}
	sender, err := netmail.ParseAddress(from)
	if err != nil {
		return nil, errors.New("the sender of mails must be an address such as EU Pay <no-reply@example.com>")
	}
	_, domain, _ := strings.Cut(sender.Address, "@")
	m := &Mailer{host: u.Hostname(), from: from, domain: domain, options: []mail.Option{mail.WithTimeout(sendLimit)}}
	port := submissionPort
	login := mail.SMTPAuthAutoDiscover
	if u.Scheme == "smtps" {
		port = tlsPort
		m.options = append(m.options, mail.WithSSL())
	} else {
		policy := policyOf(u.Hostname())
		m.options = append(m.options, mail.WithTLSPolicy(policy))
		if policy != mail.TLSMandatory {
			login = mail.SMTPAuthPlainNoEnc
		}
	}
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil {
			return nil, errors.New("the mail server's port must be a number")
		}
	}
	m.options = append(m.options, mail.WithPort(port))
	if password, ok := u.User.Password(); ok {
		m.options = append(m.options, mail.WithSMTPAuth(login), mail.WithUsername(u.User.Username()), mail.WithPassword(password))
	}
	if _, err := mail.NewClient(m.host, m.options...); err != nil {
		return nil, fmt.Errorf("the mail server cannot be used: %w", err)
	}
	return m, nil
}

// policyOf requires TLS unless the server is on this machine.
func policyOf(host string) mail.TLSPolicy {
	if ip, err := netip.ParseAddr(host); (err == nil && ip.IsLoopback()) || host == "localhost" {
		return mail.TLSOpportunistic
	}
	return mail.TLSMandatory
}

// Send passes the mail to the server. It returns ErrRefused if a retry is useless.
func (m *Mailer) Send(ctx context.Context, message Message) error {
	ctx, span := trace.Start(ctx, trace.Client, "send mail", trace.Host(m.host))
	err := m.send(ctx, message)
	span.End(err)
	return err
}

func (m *Mailer) send(ctx context.Context, message Message) error {
	msg, err := m.write(message)
	if err != nil {
		return err
	}
	client, err := mail.NewClient(m.host, m.options...)
	if err != nil {
		return fmt.Errorf("prepare to send mail: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	err = client.DialAndSendWithContext(ctx, msg)
	var sending *mail.SendError
	if errors.As(err, &sending) && sending.Reason == mail.ErrSMTPRcptTo && !sending.IsTemp() {
		return fmt.Errorf("%w: %s", ErrRefused, without(err, message.To))
	}
	if err != nil {
		return errors.New("send mail: " + without(err, message.To))
	}
	return nil
}

// without returns the text of the error with the recipient redacted, who must not appear in logs.
func without(err error, recipient string) string {
	return strings.ReplaceAll(err.Error(), recipient, "the recipient")
}

func (m *Mailer) write(message Message) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.From(m.from); err != nil {
		return nil, fmt.Errorf("write the sender: %w", err)
	}
	if err := msg.To(message.To); err != nil {
		return nil, fmt.Errorf("%w: write the recipient: %w", ErrRefused, err)
	}
	msg.Subject(message.Subject)
	msg.SetDateWithValue(message.At)
	msg.SetMessageIDWithValue(message.ID + "@" + m.domain)
	// Auto-responders must not reply (RFC 3834).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if message.Language != "" {
		msg.SetGenHeader("Content-Language", message.Language)
	}
	msg.SetBodyString(mail.TypeTextPlain, message.Text)
	if message.HTML != "" {
		msg.AddAlternativeString(mail.TypeTextHTML, message.HTML)
	}
	for _, f := range message.Files {
		if err := msg.AttachReader(f.Name, bytes.NewReader(f.Data), mail.WithFileContentType(mail.ContentType(f.Type))); err != nil {
			return nil, fmt.Errorf("attach %s: %w", f.Name, err)
		}
	}
	return msg, nil
}
