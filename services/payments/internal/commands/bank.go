package commands

import (
	"context"
	"time"

	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/bank"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// Banks knows what banks can do. bank.Directory does.
type Banks interface {
	// Fit returns why the bank cannot make the payment; otherwise whether it reports its execution.
	Fit(livemode bool, id string, w bank.Want) (payment.Settlement, error)
}

// chosenBank checks the bank that the caller chose, so that no payer is sent to one that cannot make the payment. What the bank can do may
// change: a payment that exists is returned to whoever asks for it again, whatever its bank can do now.
func (h *Handler) chosenBank(ctx context.Context, c *paymentsv1.CreatePayment, p *payment.Payment, idem store.Idempotency) error {
	if c.GetBankId() == "" {
		return nil
	}
	settlement, err := h.banks.Fit(c.GetLivemode(), c.GetBankId(), bank.Want{
		Kind: p.ExecutionType, Amount: money.Cents(c.GetAmountCents()), Ahead: daysAhead(p.ExecutionDate, h.now()),
	})
	p.BankID, p.Settlement = c.GetBankId(), settlement
	if err == nil {
		return nil
	}
	known, lookup := h.store.Known(ctx, *p, idem)
	if known || lookup != nil {
		return lookup
	}
	return err
}

// daysAhead is in how many days date (YYYY-MM-DD, UTC) is; 0 for no date, and for one that the sender has not checked.
func daysAhead(date string, now time.Time) int {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return 0
	}
	return int(day.Sub(now.UTC().Truncate(24*time.Hour)) / (24 * time.Hour))
}
