// Package postbox queues mails. A mail is recorded in the transaction of its cause, so it is neither lost nor sent without a
// cause, and no request waits for a mail server. One replica sends the mails.
package postbox

import (
	"time"

	"european-pay.eu/eupay/internal/mail"
)

// Mail is a queued mail. Its text is written when it is sent.
type Mail struct {
	// ID is that of the event that the mail is about, which then has no second one; empty: Add makes one.
	ID string
	// Kind is the subject of the mail.
	Kind string
	// To is empty for a mail whose reader is looked up when it is sent, so that nothing is kept of somebody who is no user.
	To string
	// UserID is empty for a mail to the user who has the address when it is sent.
	UserID string
	// MerchantID is the merchant for whom a mail goes to somebody who is no user; empty: it is for a user.
	MerchantID string
	// Language is "fr" or "en"; empty: see Add.
	Language string
	// Detail has the values that the text needs. It contains no credentials.
	Detail map[string]string
	// Forget: To and Detail go with the end of the mail, and one that could not be sent within a day is void.
	Forget bool
	// Files are attached. They are made when the mail is sent, and never stored.
	Files     []mail.File
	CreatedAt time.Time
}
