// Package audit keeps who did what, or tried to: a log that only grows. An entry is written in the transaction of what it is about.
package audit

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/device"
)

// Actor is who changes something, for the audit log: "user:<id>", "key:<id>" or "system:<what>".
type Actor string

// ByUser is the Actor of a logged-in user.
func ByUser(id string) Actor { return Actor("user:" + id) }

// ByOperator is the Actor of who has the operator's identity.
const ByOperator Actor = "operator"

// BySeed is the Actor of what makes the accounts of a demo.
const BySeed Actor = "system:seed"

// Entry is something that somebody did, or tried to do.
type Entry struct {
	ID int64
	At time.Time
	// Actor is "user:<id>", "key:<id>" or "system:<what>"; ActorEmail is the user's address, empty for others.
	Actor      string
	ActorEmail string
	// Action is what, Target the id of what was changed.
	Action string
	Target string
	Detail map[string]any
}

// part is how many entries of an export are in memory at a time.
const part = 500

// Log reads what was recorded.
type Log struct {
	pool *pgxpool.Pool
	now  func() time.Time
}

// NewLog returns the log in the database.
func NewLog(pool *pgxpool.Pool, now func() time.Time) *Log { return &Log{pool, now} }

// List returns what concerns the merchant, the newest first, after the entry of that id (0: from the beginning), and whether there is more.
func (l *Log) List(ctx context.Context, merchantID string, after int64, limit int) ([]Entry, bool, error) {
	entries, err := list(ctx, l.pool, merchantID, after, limit+1)
	if err != nil {
		return nil, false, err
	}
	more := len(entries) > limit
	entries = entries[:min(len(entries), limit)]
	return entries, more, nameActors(ctx, l.pool, entries)
}

// Export hands all that concerns the merchant of a user to each, in parts, the newest first. The first entry is that the user asked for it.
func (l *Log) Export(ctx context.Context, userID, merchantID, format string, from device.Device, each func([]Entry) error) error {
	now := l.now().UTC().Truncate(time.Microsecond)
	err := Record(ctx, l.pool, now, ByUser(userID), "audit.exported", merchantID, map[string]any{"format": format, "ip": from.IPText()})
	if err != nil {
		return err
	}
	for after, more := int64(0), true; more; {
		var entries []Entry
		if entries, more, err = l.List(ctx, merchantID, after, part); err != nil {
			return err
		}
		if len(entries) == 0 {
			return nil
		}
		after = entries[len(entries)-1].ID
		if err := each(entries); err != nil {
			return err
		}
	}
	return nil
}

// The outcomes of a try to get in.
const (
	Succeeded = "success"
	Refused   = "failure"
)

// RecordTry notes who tried to get in, from where, and the outcome. An address without an account leaves an entry as well: so
// both take the same time, and an attack shows in the log.
func RecordTry(ctx context.Context, db pg.DB, at time.Time, userID, action, outcome string, from device.Device) error {
	actor, target := ByUser(userID), userID
	if userID == "" {
		actor, target = "system:login", "unknown"
	}
	return Record(ctx, db, at, actor, action, target, map[string]any{
		"outcome": outcome, "ip": from.IPText(), "device": device.Name(from.UserAgent),
	})
}

// NoteRequeue notes that an admin asks to give a dead letter back to its consumer.
func (l *Log) NoteRequeue(ctx context.Context, adminID string, sequence uint64) error {
	return Record(ctx, l.pool, l.now(), ByUser(adminID), "dead_letter.requeue_asked", strconv.FormatUint(sequence, 10), nil)
}

// NoteReceiving notes that an owner of the merchant asks to connect, reconnect or remove a receiving account, or has connected one. detail has no
// account number but a masked one.
func (l *Log) NoteReceiving(ctx context.Context, userID, merchantID, action string, detail map[string]any) error {
	return Record(ctx, l.pool, l.now(), ByUser(userID), "receiving_account."+action, merchantID, detail)
}

// NoteBrowser notes that a user subscribed a browser to notifications, changed what it is told of, or unsubscribed it.
func (l *Log) NoteBrowser(ctx context.Context, userID, action string, detail map[string]any) error {
	return Record(ctx, l.pool, l.now(), ByUser(userID), action, userID, detail)
}

// Erasure is the erasure of a person's data, without the person.
type Erasure struct {
	// Selector is the SHA-256 of what the person was chosen by.
	Selector string
	// MerchantID is empty when everything was chosen.
	MerchantID string
	// By is the operator's name.
	By string
	// Done tells the end from the beginning.
	Done bool
	// Rows are those that were erased, or are to be, by service and table.
	Rows map[string]int64
}

// NoteErasure notes that a person's data is about to be erased, or was: an erasure that did not end is seen by its beginning.
func (l *Log) NoteErasure(ctx context.Context, e Erasure) error {
	action := "privacy.erasure_begun"
	if e.Done {
		action = "privacy.erased"
	}
	detail := map[string]any{"by": e.By, "rows": e.Rows}
	if e.MerchantID != "" {
		detail["merchant_id"] = e.MerchantID
	}
	return Record(ctx, l.pool, l.now().UTC().Truncate(time.Microsecond), ByOperator, action, e.Selector, detail)
}
