package bill

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/plaintext"
	"european-pay.eu/eupay/internal/reference"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/vat"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/charge"
	"european-pay.eu/eupay/services/qr/internal/journal"
)

// outside are the ways in which merchants receive money themselves.
var outside = []string{"cash", "card", "voucher", "other"}

const (
	// maxPayments is how many payments a merchant may record of one bill.
	maxPayments = 200
	maxReason   = 200
)

// The states of a refund.
const (
	refundRequested = "requested"
	refundPending   = "pending"
	refundCompleted = "completed"
	refundFailed    = "failed"
)

// receive records money for a locked bill: in the bill, by events, and in the journal, which is the last lock.
func (s *Server) receive(ctx context.Context, tx pgx.Tx, a *account, p *received) error {
	p.Taxes = a.taxesOf(p.Amount)
	if err := insertPayment(ctx, tx, a, p); err != nil {
		return err
	}
	a.Payments = append(a.Payments, p)
	if p.ShareID != "" {
		if err := s.announce(ctx, tx, a, "share.paid", p); err != nil {
			return err
		}
	}
	if err := s.settle(ctx, tx, a); err != nil {
		return err
	}
	_, err := journal.Append(ctx, tx, journal.Entry{
		MerchantID: a.Merchant, Livemode: a.Livemode, Kind: journal.Paid, At: p.At, BillID: a.ID, Reference: cmp.Or(p.Reference, p.ID), Method: p.Method,
		Amount: p.Amount, Tip: p.Tip, Taxes: p.Taxes,
	})
	return err
}

// RecordPayment implements BillService.
func (s *Server) RecordPayment(ctx context.Context, r *qrv1.RecordPaymentRequest) (*qrv1.RecordPaymentResponse, error) {
	p := &received{
		ID: uuid.Must(uuid.NewV7()).String(), Method: r.GetMethod(), Amount: money.Cents(r.GetAmountCents()), Tip: money.Cents(r.GetTipCents()), At: s.Now(),
	}
	var bad refuse.Problems
	bad.If(!slices.Contains(outside, p.Method), "method", "must be cash, card, voucher or other")
	bad.If(p.Amount < 1, "amount", "must be at least 0.01")
	bad.If(p.Tip < 0 || p.Tip > maxTip, "tip", "must be from 0 to %s", maxTip)
	bad.If(r.GetIdempotencyKey() == "", "Idempotency-Key", "is required: money would be recorded twice")
	if err := bad.Err(); err != nil {
		return nil, err
	}
	replayed := false
	a, err := s.change(ctx, own(ctx, r.GetMerchantId(), r.GetBillId()), func(tx pgx.Tx, a *account) error {
		request := &qrv1.RecordPaymentRequest{Method: r.GetMethod(), AmountCents: r.GetAmountCents(), TipCents: r.GetTipCents()}
		known, err := s.replay(ctx, tx, keyOf(a, "payment", r.GetIdempotencyKey()), p.ID, request)
		if err != nil {
			return err
		}
		if replayed = known != ""; replayed {
			p = a.payment(known)
			return nil
		}
		if err := a.mayReceive(p.Amount); err != nil {
			return err
		}
		return s.receive(ctx, tx, a, p)
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.RecordPaymentResponse{Bill: s.view(a), Payment: p.view(), Replayed: replayed}, nil
}

// mayReceive says why a merchant cannot record that much.
func (a *account) mayReceive(amount money.Cents) error {
	switch free := a.free(); {
	case a.Status != open:
		return errs.New(errs.InvalidState, "This bill is closed. Nothing of it is to be paid any more.")
	case len(a.Payments) >= maxPayments:
		return errs.New(errs.InvalidState, "A bill has at most %d payments. Record the rest as one.", maxPayments)
	case amount > free && a.sums().Pending > 0:
		return errs.New(errs.InvalidState, "Guests are paying %s %s of this bill at the moment, and %s is left. Wait for them, or cancel their shares.",
			a.sums().Pending, currency, free)
	case amount > free:
		return errs.New(errs.InvalidState, "Only %s %s of this bill is left to pay. Record what is more as a tip.", free, currency)
	}
	return nil
}

func (a *account) payment(id string) *received {
	for _, p := range a.Payments {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// RefundPayment implements BillService. What a merchant received itself is given back by the merchant, and recorded; the rest is asked for at the
// payments service.
func (s *Server) RefundPayment(ctx context.Context, r *qrv1.RefundPaymentRequest) (*qrv1.RefundPaymentResponse, error) {
	a, err := s.change(ctx, own(ctx, r.GetMerchantId(), r.GetBillId()), func(tx pgx.Tx, a *account) error {
		p := a.payment(r.GetPaymentId())
		if p == nil {
			return errs.NotFound(paymentNoun)
		}
		amount, err := a.refundable(p, money.Cents(r.GetAmountCents()))
		if err != nil {
			return err
		}
		if err := p.checkLimit(amount, r.RefundLimitCents); err != nil {
			return err
		}
		if p.ShareID == "" {
			return s.giveBack(ctx, tx, a, p, p.Refunded+amount, reference.Refund(s.Now()), s.Now())
		}
		return s.askRefund(ctx, tx, a, p, amount)
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.RefundPaymentResponse{Bill: s.view(a)}, nil
}

// refundable returns how much of a payment is given back; wanted is 0 for all that was paid too much.
func (a *account) refundable(p *received, wanted money.Cents) (money.Cents, error) {
	left := a.overpaid()
	for _, other := range a.Payments {
		if other.Refund.Status == refundRequested || other.Refund.Status == refundPending {
			if other == p {
				return 0, errs.New(errs.InvalidState, "A refund of this payment is under way. Wait for its end.")
			}
			left -= other.Refund.Amount
		}
	}
	most := min(left, p.kept())
	switch {
	case wanted < 0:
		return 0, errs.Invalid(errs.Field{Field: "amount", Message: "amount must be at least 0.01."})
	case most <= 0:
		return 0, errs.New(errs.InvalidState, "Nothing of this bill was paid too much with this payment.")
	case wanted > most:
		return 0, errs.New(errs.RefundExceeds, "Only %s %s of this payment was paid too much.", most, currency)
	}
	return cmp.Or(wanted, most), nil
}

// checkLimit wants a proof of who it is beyond what may be given back of a payment without one. Earlier refunds count. What the merchant received itself
// it gives back itself: no money moves here.
func (r *received) checkLimit(amount money.Cents, limit *int64) error {
	if limit == nil || r.ShareID == "" || r.Refunded+amount <= money.Cents(*limit) {
		return nil
	}
	return errs.New(errs.StepUpRequired, "Prove once more that it is you, to give back this much.")
}

// askRefund has the payments service refund a payment. The refund gets its reference here, so there is one.
func (s *Server) askRefund(ctx context.Context, tx pgx.Tx, a *account, p *received, amount money.Cents) error {
	p.Refund = refund{Status: refundRequested, Reference: reference.Refund(s.Now()), Amount: amount}
	if err := requestRefund(ctx, tx, p); err != nil {
		return err
	}
	if err := saveBill(ctx, tx, a, s.Now()); err != nil {
		return err
	}
	return charge.AddTask(ctx, tx, charge.RefundTask, p.ShareID, p.Refund.Reference, &paymentsv1.RefundOrderPayment{
		OrderId: p.ShareID, Reference: p.Refund.Reference, OriginalReference: p.Reference, MerchantId: a.Merchant, Livemode: a.Livemode, AmountCents: int64(amount),
	}, s.Now())
}

// giveBack records that so much of a payment was given back in total.
func (s *Server) giveBack(ctx context.Context, tx pgx.Tx, a *account, p *received, all money.Cents, ref string, at time.Time) error {
	all = min(all, p.Amount+p.Tip)
	if err := recordRefunded(ctx, tx, p.ID, ref, all); err != nil || all <= p.Refunded {
		return err
	}
	before, kept, tip := p.keptTaxes(), p.kept(), p.tip()
	p.Refunded = all
	if err := saveBill(ctx, tx, a, s.Now()); err != nil {
		return err
	}
	_, err := journal.Append(ctx, tx, journal.Entry{
		MerchantID: a.Merchant, Livemode: a.Livemode, Kind: journal.Refunded, At: at, BillID: a.ID, Reference: ref, Of: cmp.Or(p.Reference, p.ID), Method: p.Method,
		Amount: p.kept() - kept, Tip: p.tip() - tip, Taxes: vat.Minus(p.keptTaxes(), before),
	})
	return err
}

// CloseBill implements BillService.
func (s *Server) CloseBill(ctx context.Context, r *qrv1.CloseBillRequest) (*qrv1.CloseBillResponse, error) {
	reason, ok := plaintext.Line(r.GetWriteOffReason(), maxReason)
	if !ok {
		return nil, errs.Invalid(errs.Field{Field: "write_off_reason", Message: "write_off_reason must have at most 200 characters."})
	}
	a, err := s.change(ctx, own(ctx, r.GetMerchantId(), r.GetBillId()), func(tx pgx.Tx, a *account) error {
		switch left := a.due(); {
		case a.Status == closed:
			return errs.New(errs.InvalidState, "This bill is closed already.")
		case left > 0 && reason == "":
			return errs.New(errs.InvalidState, "%s %s of this bill is unpaid. Record how it was paid, or say in write_off_reason why nobody will pay it.", left, currency)
		}
		return s.end(ctx, tx, a, reason)
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.CloseBillResponse{Bill: s.view(a)}, nil
}
