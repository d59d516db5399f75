// Package postbox keeps mails until they are sent. A mail is written in the transaction of its cause, so it is neither lost nor sent
// for nothing, and no request waits for a mail server. One replica sends.
package postbox

import "time"

// Mail is what is known of a mail before it is written.
type Mail struct {
	ID string
	// Kind tells what it is about.
	Kind string
	To   string
	// UserID is empty for a mail to whoever has the address when it is sent.
	UserID   string
	Language string
	// Detail is what the text names. It holds no credential.
	Detail    map[string]string
	CreatedAt time.Time
}
