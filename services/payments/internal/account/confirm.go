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
	// confirmLife is how long accounts wait for the app after the return from the bank.
	confirmLife = 30 * time.Minute
	// maxTries bounds the wrong codes of one visit.
	maxTries = 5
	// codeSize is the length of a code: 40 bits, short enough to be typed.
	codeSize = 8
)

// code is what the browser that comes back from the bank is given once, and the app sends with its own login. Whoever sends a link
// to somebody else's browser does not see it, so that nobody gets the accounts of another.
func (a *Accounts) code(visit uuid.UUID) string { return codeBy(a.confirmKeys[0], visit) }

func codeBy(key []byte, visit uuid.UUID) string {
	return base32.StdEncoding.EncodeToString(mac(key, visit[:]))[:codeSize]
}

// isCode reports whether the current master key, or one before it, gave that code to the visit.
func (a *Accounts) isCode(visit uuid.UUID, sent string) bool {
	return slices.ContainsFunc(a.confirmKeys, func(key []byte) bool {
		return subtle.ConstantTimeCompare([]byte(sent), []byte(codeBy(key, visit))) == 1
	})
}

// Confirm makes the accounts of a visit those of the customer who began it. Repeating it changes nothing. NOT_FOUND for a visit of
// another customer or without accounts, VALIDATION_ERROR for a wrong code, INVALID_STATE when it comes too late or after too many wrong ones.
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
	return a.store.confirm(ctx, o, id, a.isCode(id, sent), a.clock())
}

func errNoVisit() error { return errs.NotFound("Bank connection") }

func errTooLate() error {
	return errs.New(errs.InvalidState, "This bank connection was not confirmed in time, or with too many wrong codes. Start again in the app.")
}

func errWrongCode() error {
	return errs.Invalid(errs.Field{Field: "code", Message: "code must be that of the link by which you came back to the app, or of the page that you saw there."})
}
