// Package supplier pays the invoices that merchants received: a payment whose payer is the merchant. Its beneficiary comes from the
// service that has the invoice. See docs/adr/0039-paying-a-received-invoice.md.
package supplier

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/payments/internal/engine"
	"european-pay.eu/eupay/services/payments/internal/merchant"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// Merchants returns the merchants as payments knows them.
type Merchants interface {
	// Get returns merchant.ErrNotSynced if the merchant has not arrived yet in this or a newer version.
	Get(ctx context.Context, id string, version int64) (merchant.Merchant, error)
}

// Deps of a room.
type Deps struct {
	Store     *store.Store
	Engine    *engine.Engine
	Merchants Merchants
	Now       func() time.Time
	Log       *slog.Logger
}

// Room makes payments to suppliers.
type Room struct{ Deps }

// New returns a room.
func New(d Deps) *Room { return &Room{d} }

// Wish is a payment that is asked for.
type Wish struct {
	// Reference is proposed by the caller, the same each time.
	Reference, MerchantID string
	Livemode              bool
	// MerchantVersion is the least version of the merchant that decides.
	MerchantVersion       int64
	Amount                money.Cents
	Currency, Description string
	Supplier              payment.Party
	SuccessURL, CancelURL string
}

// Pay records the payment and requests it at the provider, or returns the one that there is: however often it is asked for, there is one.
// Errors: API_ACCESS_DISABLED, LIVE_NOT_CONFIGURED and TEST_NOT_CONFIGURED for what was not recorded, UNAVAILABLE while the merchant's
// newest version has not arrived, INVALID_STATE if the reference belongs to something else.
func (r *Room) Pay(ctx context.Context, w Wish) (payment.Payment, error) {
	known, err := r.Store.ByReference(ctx, w.Reference)
	if err == nil {
		return r.same(ctx, known, w)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return payment.Payment{}, err
	}
	if err := r.Engine.Ready(w.Livemode); err != nil {
		return payment.Payment{}, err
	}
	m, err := r.Merchants.Get(ctx, w.MerchantID, w.MerchantVersion)
	if errors.Is(err, merchant.ErrNotSynced) {
		e := errs.New(errs.Unavailable, "Your settings have just changed and are not known everywhere yet. Repeat the request in a moment.")
		e.RetryAfter = time.Second
		return payment.Payment{}, e
	}
	if err != nil {
		return payment.Payment{}, err
	}
	if err := m.CheckAllowed(w.Livemode); err != nil {
		return payment.Payment{}, err
	}
	wanted := r.payment(w, m)
	p, _, err := r.Store.Create(ctx, wanted, store.Idempotency{}, store.Meta{})
	if err != nil {
		return payment.Payment{}, err
	}
	if !p.ExpiresAt.Equal(wanted.ExpiresAt) || p.Sequence != 1 {
		return r.same(ctx, p, w) // another call was faster, and requests it
	}
	return r.Engine.Request(ctx, p), nil
}

// same returns a payment that exists, provided that it is the one that is asked for.
func (r *Room) same(ctx context.Context, p payment.Payment, w Wish) (payment.Payment, error) {
	if p.Kind == payment.KindSupplier && p.MerchantID == w.MerchantID && p.Livemode == w.Livemode && p.Amount == w.Amount && p.Beneficiary.IBAN == w.Supplier.IBAN {
		return p, nil
	}
	r.Log.ErrorContext(ctx, "reference of a supplier payment belongs to another payment", "reference", w.Reference)
	return payment.Payment{}, errs.New(errs.InvalidState, "The payment could not be made. Pay the invoice again.")
}

// payment returns the payment of a wish. The merchant chooses its bank and account there, so its identity is known and its account is not.
func (r *Room) payment(w Wish, m merchant.Merchant) payment.Payment {
	now := r.Now().UTC().Truncate(time.Microsecond)
	// Calls of the same instant are told apart by when their payment would expire.
	expires := now.Add(r.Engine.SessionTTL() + rand.N(time.Minute)).Truncate(time.Microsecond) //nolint:gosec // it need not be secret
	due := r.Engine.NewDueAt()
	payer := payment.Beneficiary(m.Profile)
	payer.IBAN, payer.BIC = "", ""
	return payment.Payment{
		Reference: w.Reference, Kind: payment.KindSupplier, MerchantID: w.MerchantID, Livemode: w.Livemode, Amount: w.Amount, Currency: w.Currency,
		Description: w.Description, SuccessURL: w.SuccessURL, CancelURL: w.CancelURL, ExecutionType: "instant", MerchantName: m.Profile.GetName(),
		Beneficiary: w.Supplier, Payer: payer, RequestedAt: &now, DueAt: &due, ExpiresAt: expires,
	}
}
