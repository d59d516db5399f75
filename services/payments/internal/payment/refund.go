package payment

import (
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
)

// CheckRefundable returns why amount of the payment cannot be refunded; 0 is all that is left. Errors: INVALID_STATE, REFUND_EXCEEDS_PAYMENT.
func CheckRefundable(original Payment, amount money.Cents) error {
	left := original.Refundable()
	switch {
	case original.AwaitingConfirmation():
		return errs.New(errs.InvalidState, "It is not known yet whether the money of this payment arrived. Confirm that it did, then refund it.")
	case original.Unpaid():
		return errs.New(errs.InvalidState, "Only a paid payment can be refunded; this one is %s. If its money arrived after all, book a late receipt first.", original.Status)
	case !original.Status.Final():
		return errs.New(errs.InvalidState, "Only a completed payment can be refunded; this one is %s.", original.Status)
	case original.Payer.IBAN == "":
		return errs.New(errs.InvalidState, "The bank did not report the payer's account, so this payment cannot be refunded here. Transfer the money back from your bank.")
	case left == 0:
		return errs.New(errs.RefundExceeds, "Nothing is left to refund: the whole amount has been refunded or is being refunded.")
	case amount > left:
		return errs.New(errs.RefundExceeds, "The refund exceeds the refundable amount. Refund at most %s %s.", left, original.Currency)
	default:
		return nil
	}
}

// SettleRefund applies a refund that has ended to its payment: one that is completed is announced as payment.refunded, any other
// releases its reserved amount.
func SettleRefund(original, refund Payment) (after Payment, step Step) {
	after = original
	if refund.Status != Completed {
		after.AmountReserved -= refund.Amount
		return after, Noted
	}
	after.AmountRefunded += refund.Amount
	c := Change{
		To: Refunded, Detail: original.Detail, Failure: original.Failure, Cause: CauseRefund, Event: EventType(KindPayment, Refunded),
		Refund: refund.Reference, RefundAmount: refund.Amount,
	}
	if original.Late.Amount > 0 { // a payment with a late receipt was never completed, and its status is final
		c.To = original.Status
	}
	return after, Changed(c)
}
