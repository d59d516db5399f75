package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/payments/internal/payment"
)

// BookLate records, once, that the money of a failed or cancelled payment arrived after all. The same receipt again is a replay.
// The payment's status does not change; the receipt can be refunded. Errors: ErrNotFound; INVALID_STATE for a payment that is
// open or paid, has another late receipt, or whose payer the bank named differently.
func (s *Store) BookLate(ctx context.Context, r payment.LateReport, meta Meta) (booked payment.Payment, replayed bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		p, err := s.scan(tx.QueryRow(ctx, `select `+columns+` from payments
			where reference = $1 and merchant_id = $2 and livemode = $3 and kind = 'payment' and origin <> 'scan' for update`,
			r.Reference, r.MerchantID, r.Livemode))
		if err != nil {
			return err
		}
		if r.Amount == 0 {
			r.Amount = p.Amount
		}
		if p.Late.Amount > 0 {
			booked, replayed = p, true
			return payment.CheckSameReceipt(p, r)
		}
		if err := payment.CheckLateReceipt(p, r); err != nil {
			return err
		}
		booked = payment.WithReceipt(p, r, s.clock())
		return s.apply(ctx, tx, p, &booked, payment.Change{
			To: p.Status, Detail: p.Detail, Failure: p.Failure, Cause: payment.CauseMerchant, Actor: r.Received.By, Note: r.Received.Note,
			Event: "payment.late_receipt",
		}, meta)
	})
	return booked, replayed && err == nil, err
}
