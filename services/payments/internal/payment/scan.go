package payment

import (
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/errs"
)

// MessageHeld refuses what somebody else is doing to the payment at this moment.
const MessageHeld = "Somebody is paying this right now. Wait for the outcome."

// MayPayAgain reports whether the same code may be paid again: after a failed attempt, and always for a merchant's own code,
// which is meant to be paid repeatedly. The customer authorises each payment at the bank, so nothing is paid twice by mistake.
func (p Payment) MayPayAgain() bool {
	switch p.Status {
	case Failed, Cancelled:
		return true
	case Completed, Refunded:
		return p.Origin == OriginQR
	default:
		return false
	}
}

// CheckScannable returns why the scan p cannot pay the gateway payment. Error: INVALID_STATE.
func CheckScannable(gateway, p Payment, now time.Time) error {
	if err := CheckUnheld(gateway); err != nil {
		return err
	}
	switch {
	case gateway.Amount != p.Amount || gateway.Currency != p.Currency:
		return errs.New(errs.InvalidState, "The amount does not match the payment. Scan the code again.")
	case gateway.Detail == DetailExpiring || !now.Before(gateway.ExpiresAt):
		return errs.New(errs.InvalidState, "The payment has expired. Ask the merchant for a new one.")
	default:
		return nil
	}
}

// CheckUnheld returns INVALID_STATE if the payment cannot get a new holder.
func CheckUnheld(p Payment) error {
	switch {
	case p.Status == Completed || p.Status == Refunded:
		return errs.New(errs.InvalidState, "The payment is already paid.")
	case p.Status.Final():
		return errs.New(errs.InvalidState, "The payment is %s and can no longer be paid.", p.Status)
	case p.Held():
		return errs.New(errs.InvalidState, "%s", MessageHeld)
	case p.CancelRequested:
		return errs.New(errs.InvalidState, "The payment is being cancelled.")
	case p.Detail == DetailBankProcessing || p.Detail == DetailAcceptedByBank || p.Detail == DetailCancelling || p.Detail == DetailMismatch:
		return errs.New(errs.InvalidState, "The payer's bank is already processing this payment. Wait for its outcome.")
	default:
		return nil
	}
}

// CopyFromGateway makes the scan the same transfer as the gateway
func CopyFromGateway(p, gateway Payment) Payment {
	p.Beneficiary, p.MerchantName, p.WaitForSettlement = gateway.Beneficiary, gateway.MerchantName, gateway.WaitForSettlement
	p.Description, p.ExecutionType, p.ExecutionDate = gateway.Description, gateway.ExecutionType, gateway.ExecutionDate
	p.MerchantReference = gateway.MerchantReference
	if gateway.ExpiresAt.Before(p.ExpiresAt) {
		p.ExpiresAt = gateway.ExpiresAt
	}
	return p
}

// SettleScan applies a scan that has ended, with the change why, to the payment it holds: one that is completed completes the payment, any
// other releases it. If the scan failed because its money did not arrive or had another amount, the payment fails too: it must
// not be paid again. Error: the scan is completed and did not hold the payment.
func SettleScan(gateway, scan Payment, why Change, now time.Time) (after Payment, step Step, err error) {
	holds := gateway.PaidBy == scan.Reference && !gateway.Status.Final()
	after = gateway
	switch {
	case scan.Status == Completed && !holds:
		return after, Untouched, fmt.Errorf("scan %s completed without holding payment %s", scan.Reference, gateway.Reference)
	case scan.Status == Completed:
		after.Payer, after.CustomerID = scan.Payer, scan.CustomerID
		return after, Changed(Change{
			To: Completed, Detail: scan.Detail, Cause: CauseScan, Actor: why.Actor, Note: why.Note, Event: EventType(gateway.Kind, Completed),
		}), nil
	case !holds:
		return after, Untouched, nil // the payer authorised at the payment's own session first
	}
	after.ReleaseHold()
	after.DueAt, after.SettleBy = &now, nil
	if gateway.unconfirmed() && (scan.Failure == FailureNotReceived || scan.Failure == FailureMismatch) {
		return after, Changed(Change{
			To: Failed, Failure: scan.Failure, Cause: why.Cause, Actor: why.Actor, Note: why.Note, Event: EventType(gateway.Kind, Failed),
		}), nil
	}
	return after, Changed(Change{To: gateway.Status, Cause: CauseScan}), nil
}

// unconfirmed reports whether the payment has a detail that the merchant must see: it is unknown whether the money arrived, or
// the bank shows another amount.
func (p Payment) unconfirmed() bool {
	return p.Detail == DetailAcceptedByBank || p.Detail == DetailMismatch
}

// MirrorScan shows such a detail of a scan on the payment it holds. c is the change that brought it.
func MirrorScan(gateway, scan Payment, c Change) (after Payment, step Step) {
	shown := Change{To: gateway.Status, Detail: DetailPayingByScan, Cause: CauseScan}
	if scan.unconfirmed() {
		shown.Detail, shown.Note = scan.Detail, c.Note
		if scan.Detail == DetailMismatch {
			shown.Event = string(gateway.Kind) + "." + DetailMismatch
		}
	}
	after = gateway
	if gateway.PaidBy != scan.Reference || gateway.Status.Final() || gateway.Detail == shown.Detail {
		return after, Untouched
	}
	after.SettleBy = scan.SettleBy
	return after, Changed(shown)
}
