package system

import (
	"net/url"

	"european-pay.eu/eupay/sandbox/mailbox"
)

// MailFrom is the sender of mails on one machine.
const MailFrom = "EU Pay <no-reply@example.com>"

// OwnMailbox reports whether mails go to the sandbox mailbox. Extra settings may name a mail server.
func (s System) OwnMailbox() bool { return s.Extra["EUPAY_SMTP_URL"] == "" }

// MailboxURL returns the URL at which mails are read.
func (s System) MailboxURL() string { return "http://" + Loopback(s.Ports.Mailbox) }

// showsMails reports whether the gateway shows the mails of the sandbox mailbox. It does not where others could reach it, or where something is
// live: see the gateway's setting.
func (s System) showsMails() bool {
	u, err := url.Parse(s.Public())
	live := s.Extra["EUPAY_ORDERS_LIVE"] == "true" || s.Extra["EUPAY_POWENS_LIVE_WEBHOOK_SECRET"] != ""
	return s.OwnMailbox() && !live && err == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost")
}

// MailPages returns the URL of the pages with the mails of the sandbox mailbox.
func (s System) MailPages() string {
	if s.showsMails() {
		return s.Public() + mailbox.Path
	}
	return s.MailboxURL() + mailbox.Path
}

// mail returns the settings of the service that sends mails.
func (s System) mail() map[string]string {
	if !s.OwnMailbox() {
		return nil
	}
	env := map[string]string{"EUPAY_SMTP_URL": "smtp://" + Loopback(s.Ports.SMTP), "EUPAY_MAIL_FROM": MailFrom}
	if s.showsMails() {
		env["EUPAY_SANDBOX_MAILBOX_URL"] = s.MailboxURL()
	}
	return env
}
