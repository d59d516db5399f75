package user

import (
	"context"
	_ "embed"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/services/gateway/internal/attempts"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/form"
	"european-pay.eu/eupay/services/gateway/internal/hashing"
	"european-pay.eu/eupay/services/gateway/internal/notice"
	"european-pay.eu/eupay/services/gateway/internal/postbox"
	"european-pay.eu/eupay/services/gateway/internal/slots"
)

const (
	// resetsOfAddress is how many mails with a link for a new password one address may get within resetSpan.
	resetsOfAddress = 5
	resetSpan       = time.Hour
)

// minPassword is in bytes, without blanks.
const minPassword = 12

//go:embed data/passwords.txt
var knownPasswords string

// known are the passwords that everybody tries first, in lower case.
var known = sync.OnceValue(func() map[string]bool {
	set := make(map[string]bool, 12_000)
	for line := range strings.Lines(knownPasswords) {
		if !strings.HasPrefix(line, "# ") {
			set[strings.TrimSpace(line)] = true
		}
	}
	return set
})

// checkNewPassword refuses what is too short, what bcrypt would cut, and what is guessed first: a password that everybody knows, also with
// something simple before or behind it or twice, and the user's own address.
func checkNewPassword(p *refuse.Problems, field, value, email string) {
	visible := strings.Join(strings.Fields(value), "")
	switch {
	case value == "":
		p.Add(field, "is required")
	case len(visible) < minPassword || len(value) > hashing.MaxBytes:
		p.Add(field, "must have %d to %d bytes, blanks not counted for the minimum", minPassword, hashing.MaxBytes)
	case isKnown(strings.ToLower(visible)):
		p.Add(field, "is too common. Choose one that nobody else uses")
	case resembles(strings.ToLower(visible), email):
		p.Add(field, "must not be made of your email address")
	}
}

const decoration = "0123456789!?.,;:-_+*#$%&@=/()<>"

func isKnown(password string) bool {
	bare := strings.Trim(password, decoration)
	for _, form := range []string{password, bare, unit(password), unit(bare)} {
		if known()[form] {
			return true
		}
	}
	return bare == "" || len(unit(password)) <= 4 // a number, or "abcabcabcabc"
}

// unit is the shortest text that repeated makes s.
func unit(s string) string {
	for n := 1; n <= len(s)/2; n++ {
		if len(s)%n == 0 && strings.Repeat(s[:n], len(s)/n) == s {
			return s[:n]
		}
	}
	return s
}

// resembles reports whether the address, or a name before the @ that is long enough to matter, makes up most of the password.
func resembles(password, email string) bool {
	name, _, ok := strings.Cut(email, "@")
	if !ok || email == "" {
		return false
	}
	return strings.Contains(password, email) || (len(name) >= 4 && strings.Contains(password, name) && len(password)-len(name) < minPassword)
}

// ChangePassword replaces the password of a user who is logged in and knows the present one. All other sessions end.
func (u *Users) ChangePassword(ctx context.Context, who Presence, current, next string, from device.Device) error {
	err := u.checkPassword(ctx, who, current)
	if e := errs.From(err); err != nil && len(e.Fields) == 1 {
		return errs.Invalid(errs.Field{Field: "current_password", Message: "current_password is not your password."})
	}
	if err != nil {
		return err
	}
	return u.setPassword(ctx, who.User, "new_password", next, who.SessionID, from, func(pgx.Tx) (bool, error) { return true, nil })
}

// Forgot queues a mail with a link for a new password. It does the same for an address that has no account: the worker that sends mails
// finds out.
func (u *Users) Forgot(ctx context.Context, email string, from device.Device) error {
	email = form.NormalEmail(email)
	var p refuse.Problems
	if form.Email(&p, email); len(p) > 0 {
		return p.Err()
	}
	now := u.instant()
	if err := u.guesses.Address(ctx, "register", attempts.Network(from.IP)); err != nil {
		return err
	}
	if err := u.resets.Take(email, now); err != nil {
		return err
	}
	return postbox.Add(ctx, u.pool, postbox.Mail{Kind: notice.PasswordReset, To: email, Language: from.Language, CreatedAt: now})
}

// ResetPassword sets a new password for the user whom the token was mailed to. The token is good for one use; all sessions end.
func (u *Users) ResetPassword(ctx context.Context, token, next string, from device.Device) error {
	now := u.instant()
	if err := u.guesses.Address(ctx, "login", attempts.Network(from.IP)); err != nil {
		return err
	}
	id, err := mailTokenUser(ctx, u.pool, token, purposeReset, now)
	if err != nil {
		return err
	}
	if id == "" {
		return errTokenOver()
	}
	user, err := userByID(ctx, u.pool, id)
	if errors.Is(err, errNoUser) || (err == nil && user.Disabled) {
		return errTokenOver()
	}
	if err != nil {
		return err
	}
	return u.setPassword(ctx, user, "password", next, "", from, func(tx pgx.Tx) (bool, error) { return useMailToken(ctx, tx, token) })
}

func errTokenOver() error {
	return errs.Invalid(errs.Field{Field: "token", Message: "token is wrong, was used or is too old. Ask for a new mail."})
}

// setPassword stores the password, ends all sessions but one, and tells the user. allowed may still refuse it, in the transaction.
func (u *Users) setPassword(ctx context.Context, user User, field, next, keep string, from device.Device, allowed func(pgx.Tx) (bool, error)) error {
	var p refuse.Problems
	if checkNewPassword(&p, field, next, user.Email); len(p) > 0 {
		return p.Err()
	}
	hash, err := u.hasher.Hash(ctx, slots.Turn{Name: attempts.Network(from.IP)}, next)
	if err != nil {
		return err
	}
	now := u.instant()
	return pgx.BeginFunc(ctx, u.pool, func(tx pgx.Tx) error {
		if _, err := lockUser(ctx, tx, user.ID); err != nil {
			return err
		}
		ok, err := allowed(tx)
		if err != nil {
			return err
		}
		if !ok {
			return errTokenOver()
		}
		if err := updatePassword(ctx, tx, user.ID, hash); err != nil {
			return err
		}
		if err := dropMailTokens(ctx, tx, user.ID, purposeReset); err != nil {
			return err
		}
		if _, err := endLogins(ctx, tx, user.ID, "", keep, now); err != nil {
			return err
		}
		if err := notice.Send(ctx, tx, user.recipient(), notice.PasswordChanged, from, now); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, audit.ByUser(user.ID), "password.changed", user.ID, map[string]any{"ip": from.IPText()})
	})
}
