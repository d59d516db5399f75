// Package gate decides whether a merchant's money may start to move. Everything that moves money (a payment, a code that a
// customer scans, an order, a refund, a merchant's statement that money came) asks here once and gets a Pass; Commands sends no
// command that moves money without one. See docs/adr/0015-who-may-take-money.md.
package gate

import (
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
)

// Pass permits money of one merchant to start moving in one mode, now. Only ForMerchant and ForPayer return valid ones; the zero
// Pass is for commands that move no money, such as a cancellation.
type Pass struct {
	merchant merchant.Merchant
	livemode bool
	granted  bool
}

// Merchant is whose money it is, as the gate saw the merchant.
func (p Pass) Merchant() merchant.Merchant { return p.merchant }

// Livemode reports whether the money is real.
func (p Pass) Livemode() bool { return p.livemode }

// ForMerchant asks on behalf of the merchant itself: its errors tell the merchant what to do. They are API_ACCESS_DISABLED
// when the platform has not enabled it in the mode, and INVALID_STATE when its profile lacks what the mode needs.
func ForMerchant(m merchant.Merchant, livemode bool) (Pass, error) {
	switch {
	case !m.GatewayEnabled:
		return Pass{}, errs.NotEnabled(false)
	case livemode && !m.LiveEnabled:
		return Pass{}, errs.NotEnabled(true)
	}
	if err := merchant.CheckPayable(m, livemode); err != nil {
		return Pass{}, err
	}
	return Pass{merchant: m, livemode: livemode, granted: true}, nil
}

// ForPayer asks on behalf of somebody who is about to pay the merchant, whom the merchant's affairs do not concern:
// MERCHANT_NOT_ENABLED, or INVALID_STATE when the merchant's profile is not complete.
func ForPayer(m merchant.Merchant, livemode bool) (Pass, error) {
	pass, err := ForMerchant(m, livemode)
	switch {
	case err == nil:
		return pass, nil
	case errs.Is(err, errs.APIAccessDisabled):
		return Pass{}, errs.New(errs.MerchantNotEnabled, "This merchant takes no payments through EU Pay at the moment. Pay in another way.")
	default:
		return Pass{}, errs.New(errs.InvalidState, "This merchant cannot be paid yet: its account is not complete. Pay in another way.")
	}
}

// Deployment determines the mode of merchants' codes and orders at tables, which have no mode of their own.
type Deployment struct {
	// Live is the setting EUPAY_ORDERS_LIVE: payments by customers and guests are real.
	Live bool
}

// Mode is the mode of a merchant's code or order. It is live in a live deployment, and live for every merchant with live mode
// enabled. Neither falls back to test mode: goods would be handed over for test money.
func (d Deployment) Mode(m merchant.Merchant) (livemode bool) {
	return d.Live || m.GatewayEnabled && m.LiveEnabled
}

// ForPayer is the function ForPayer in the mode of a merchant's code or order. LIVE_NOT_CONFIGURED: the mode is live, and this
// deployment takes no live payments by code or at tables.
func (d Deployment) ForPayer(m merchant.Merchant) (Pass, error) {
	live := d.Mode(m)
	if live && !d.Live {
		return Pass{}, errs.New(errs.LiveNotConfigured,
			"Live payments by QR code and at tables are not set up on this platform, and this merchant takes no others. No payment was made.")
	}
	return ForPayer(m, live)
}
