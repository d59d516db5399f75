// Package enrol registers merchants at the platform and follows their mandates until they may issue invoices.
package enrol

import (
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// creating is the mandate's status until the platform has returned one.
const creating platform.MandateStatus = "creating"

// Enrolment is a merchant's registration at the platform of one mode.
type Enrolment struct {
	MerchantID string
	Livemode   bool
	Settings   invoice.Settings
	// Code is the merchant's part of its document numbers.
	Code string
	// ClientID and MandateID are the platform's; empty until it has assigned them.
	ClientID, MandateID string
	status              platform.MandateStatus
	CreatedAt           time.Time
}

// Ready reports whether the merchant may issue invoices.
func (e Enrolment) Ready() bool { return e.status == platform.MandateActive }

// Status returns the status of the mandate in the terms of the public API. Undecided states are pending.
func (e Enrolment) Status() platform.MandateStatus {
	if e.status == creating {
		return platform.MandatePending
	}
	return e.status
}

// ErrNotEnrolled returns NOT_ENROLLED with the action that resolves it.
func ErrNotEnrolled() error {
	e := errs.New(errs.NotEnrolled, "E-invoicing is not enabled for this account.")
	e.Action = "Log in to the EU Pay merchant portal → Settings → E-Invoicing → Enroll"
	return e
}
