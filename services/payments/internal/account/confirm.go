package account

import (
	"context"

	"github.com/google/uuid"

	"european-pay.eu/eupay/services/payments/internal/consent"
)

// Confirm links the accounts of a visit to the customer who started it. It is idempotent. It returns NOT_FOUND for another
// customer's visit or one without accounts, VALIDATION_ERROR for a wrong code, and INVALID_STATE after the deadline or too many
// wrong codes.
func (a *Accounts) Confirm(ctx context.Context, customerID string, livemode bool, visitID, code string) error {
	o, err := ownerOf(customerID, livemode)
	if err != nil {
		return consent.ErrNoVisit()
	}
	id, err := uuid.Parse(visitID)
	if err != nil {
		return consent.ErrNoVisit()
	}
	return a.store.confirm(ctx, o, id, a.consents.ValidCode(id, code), a.clock())
}
