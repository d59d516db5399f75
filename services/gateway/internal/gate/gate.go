// Package gate decides whether money of a merchant may start to move. Every way in which it does (a payment, a code that
// a customer scans, an order, a refund, the merchant's word that money came) asks here once and gets a Pass; Commands
// sends no command that moves money without one. See docs/adr/0015-who-may-take-money.md.
package gate

import (
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
)

// Pass says that money of one merchant may start to move in one mode, now. Only ForMerchant and ForPayer make one that
// does; the zero Pass is for what moves no money, such as a cancellation.
type Pass struct {
	merchant merchant.Merchant
	livemode bool
	granted  bool
}

// Merchant is whose money it is, as the gate saw the merchant.
func (p Pass) Merchant() merchant.Merchant { return p.merchant }

// Livemode is whether the money is real.
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

// Deployment knows the mode of what has none of its own: merchants' codes and orders at tables.
type Deployment struct {
	// Live is the setting EUPAY_ORDERS_LIVE: what customers and guests pay here is real money.
	Live bool
}

// Mode is the mode of a merchant's code or order. It is live in a live deployment, and live for every merchant with live mode
// enabled. Neither falls back to test mode: goods would be handed over for test money.
func (d Deployment) Mode(m merchant.Merchant) (livemode bool) {
	return d.Live || m.GatewayEnabled && m.LiveEnabled
}

// ForPayer is ForPayer in the mode of a merchant's code or order. LIVE_NOT_CONFIGURED: that is live mode, and this
// deployment takes no live payments by code or at tables.
func (d Deployment) ForPayer(m merchant.Merchant) (Pass, error) {
	live := d.Mode(m)
	if live && !d.Live {
		return Pass{}, errs.New(errs.LiveNotConfigured,
			"Live payments by QR code and at tables are not set up on this platform, and this merchant takes no others. No payment was made.")
	}
	return ForPayer(m, live)
}
