// Package notice has the mails to users, to owners of merchants and to customers of their subscriptions: their kinds, their texts, and who
// gets them. The postbox sends them.
package notice

import (
	"context"
	"maps"
	"time"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/postbox"
)

// The kinds of mails: each is a file in the folder of each language. Its first line is the subject.
const (
	PasswordReset   = "password_reset"
	PasswordChanged = "password_changed"
	NewDevice       = "new_device"
	VerifyEmail     = "verify_email"
	AddressTaken    = "address_taken"

	FactorEnabled  = "factor_enabled"
	FactorDisabled = "factor_disabled"
	AppRemoved     = "app_removed"
	RecoveryUsed   = "recovery_used"
	PasskeyAdded   = "passkey_added"
	PasskeyRemoved = "passkey_removed"

	IBANChanging = "iban_changing"
	IBANChanged  = "iban_changed"
	IBANStopped  = "iban_stopped"

	// These two go to customers of merchants.
	PaymentDue      = "payment_due"
	PaymentReminder = "payment_reminder"

	// TicketMail goes to the address that a guest or the merchant gave for a ticket.
	TicketMail = "ticket"
)

// Recipient is a user who gets a mail.
type Recipient struct{ UserID, Email string }

// Send queues a mail to the user about what happened from a device.
func Send(ctx context.Context, tx pg.DB, to Recipient, kind string, from device.Device, now time.Time) error {
	return add(ctx, tx, to, kind, from, now, nil)
}

// SendToOwners queues a mail to every owner of the merchant. more are fields that its text names beside the device, its address and the time.
func SendToOwners(ctx context.Context, tx pg.DB, merchantID, kind string, from device.Device, now time.Time, more map[string]string) error {
	owners, err := ownersOf(ctx, tx, merchantID)
	if err != nil {
		return err
	}
	for _, owner := range owners {
		if err := add(ctx, tx, owner, kind, from, now, more); err != nil {
			return err
		}
	}
	return nil
}

func add(ctx context.Context, tx pg.DB, to Recipient, kind string, from device.Device, now time.Time, more map[string]string) error {
	detail := map[string]string{"Agent": from.Agent(), "IP": from.IPText(), "Time": Time(now)}
	maps.Copy(detail, more)
	return postbox.Add(ctx, tx, postbox.Mail{Kind: kind, To: to.Email, UserID: to.UserID, Language: from.Language, CreatedAt: now, Detail: detail})
}

// Time is an instant as mails write it.
func Time(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }
