package account

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
)

const (
	// confirmTTL is how long accounts wait for the app's confirmation after the customer returns from the bank.
	confirmTTL = 30 * time.Minute
	// maxCodeAttempts is the maximum number of wrong codes per visit.
	maxCodeAttempts = 5
	// codeSize is the length of a confirmation code: 40 bits, short enough to type.
	codeSize = 8
)

// confirmationCode returns the code that is shown once in the browser that returns from the bank. The app sends it with its own
// login. An attacker who sends the link to another person's browser never sees the code, so they cannot link that person's
// accounts.
func (a *Accounts) confirmationCode(visit uuid.UUID) string {
	return deriveCode(a.confirmKeys[0], visit)
}

func deriveCode(key []byte, visit uuid.UUID) string {
	return base32.StdEncoding.EncodeToString(mac(key, visit[:]))[:codeSize]
}

// validCode reports whether the code was derived for the visit with the current master key or a previous one.
func (a *Accounts) validCode(visit uuid.UUID, sent string) bool {
	return slices.ContainsFunc(a.confirmKeys, func(key []byte) bool {
		return subtle.ConstantTimeCompare([]byte(sent), []byte(deriveCode(key, visit))) == 1
	})
}

// Confirm links the accounts of a visit to the customer who started it. It is idempotent. It returns NOT_FOUND for another
// customer's visit or one without accounts, VALIDATION_ERROR for a wrong code, and INVALID_STATE after the deadline or too many
// wrong codes.
func (a *Accounts) Confirm(ctx context.Context, customerID string, livemode bool, visitID, code string) error {
	o, err := ownerOf(customerID, livemode)
	if err != nil {
		return errNoVisit()
	}
	id, err := uuid.Parse(visitID)
	if err != nil {
		return errNoVisit()
	}
	sent := strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code))
	return a.store.confirm(ctx, o, id, a.validCode(id, sent), a.clock())
}

func errNoVisit() error { return errs.NotFound("Bank connection") }

func errNotConfirmed() error {
	return errs.New(errs.InvalidState, "This bank connection was not confirmed in time, or too many wrong codes were entered. Start again in the app.")
}

func errWrongCode() error {
	return errs.Invalid(errs.Field{Field: "code", Message: "code must be the one in the link that returned you to the app, or on the page shown there."})
}
