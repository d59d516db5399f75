package table

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// dinner is a history of one bill: guests, their banks, the till, and the clock do what chance wants.
type dinner struct {
	*fixture
	t      *testing.T
	chance *rand.Rand
	bill   string
	token  string
	shares []*qrv1.BillShare
	// ended are the shares whose payment has a final state, by their ids.
	ended map[string]string
	// running are the refunds that the payments service was asked for, and back what came back of each share's payment.
	running []*paymentsv1.RefundOrderPayment
	back    map[string]int64
	keys    int
}

// TestHoweverADinnerEndsItsMoneyIsAccountedFor: after each step the bill, the journal and what is under way say the same, and what is owed is never given
// back.
func TestHoweverADinnerEndsItsMoneyIsAccountedFor(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for seed := range uint64(8) { // a table takes no more orders that nobody accepts
		first := f.meal(t)
		d := &dinner{
			fixture: f, t: t, chance: rand.New(rand.NewPCG(seed, 7)), bill: first.GetId(), token: first.GetToken(), ended: map[string]string{}, back: map[string]int64{},
		}
		eating := []func(){d.take, d.take, d.take, d.wait, d.wait, d.pay, d.refuse, d.cash, d.cancelPiece}
		late := []func(){d.pay, d.pay, d.pay, d.giveBack, d.giveBack, d.giveBack, d.endRefund, d.cancelPiece, d.take, d.cash}
		for i, steps := range [][]func(){eating, late} {
			for j := range 25 {
				step := d.chance.IntN(len(steps))
				steps[step]()
				if d.check(fmt.Sprintf("dinner %d, step %d.%d (%d)", seed, i, j, step)); t.Failed() {
					return
				}
			}
			d.close() // the next guests have another
		}
	}
}

// may wants no other errors than those of a guest or a till that comes too late.
func (d *dinner) may(err error) bool {
	d.t.Helper()
	if err != nil && !errs.Is(err, errs.InvalidState) && !errs.Is(err, errs.ValidationError) && !errs.Is(err, errs.RefundExceeds) {
		d.t.Fatal(err)
	}
	return err == nil
}

func (d *dinner) take() {
	r := &qrv1.CreateShareRequest{Token: d.token, Payable: true, HoldMinutes: 5, TipCents: d.chance.Int64N(3) * 100}
	switch r.Kind = []string{"equal", "items", "amount", "rest"}[d.chance.IntN(4)]; r.Kind {
	case "equal":
		r.People, r.Parts = 3, 1
	case "amount":
		r.AmountCents = 1 + d.chance.Int64N(6000)
	case "items":
		lines := d.fixture.bill(d.t, d.bill).GetLines()
		if len(lines) == 0 {
			return
		}
		l := lines[d.chance.IntN(len(lines))]
		r.Items = []*qrv1.ShareItem{{OrderId: l.GetOrderId(), Position: l.GetPosition(), Quantity: 1}}
	}
	if res, err := d.bills.CreateShare(d.t.Context(), r); d.may(err) {
		d.shares = append(d.shares, res.GetShare())
	}
}

// end applies the end of a payment, of a share in whatever state: the bank knows nothing of bills.
func (d *dinner) end(what string) {
	if len(d.shares) == 0 {
		return
	}
	s := d.shares[d.chance.IntN(len(d.shares))]
	if was, ended := d.ended[s.GetId()]; ended && was != what {
		return
	}
	d.ended[s.GetId()] = what
	d.apply(d.t, ofShare(what, d.fixture.bill(d.t, d.bill), s))
}

func (d *dinner) pay()    { d.end("completed") }
func (d *dinner) refuse() { d.end("failed") }

func (d *dinner) wait() {
	d.clock.Advance(5 * time.Minute)
	d.workOnShares(d.t)
}

// cash records a payment, its repetition, and another with its key.
func (d *dinner) cash() {
	d.keys++
	r := &qrv1.RecordPaymentRequest{
		MerchantId: d.merchant, BillId: d.bill, Method: "cash", AmountCents: 1 + d.chance.Int64N(3000), TipCents: d.chance.Int64N(2) * 50, IdempotencyKey: fmt.Sprint("cash ", d.keys),
	}
	if _, err := d.bills.RecordPayment(d.t.Context(), r); !d.may(err) {
		return
	}
	if res, err := d.bills.RecordPayment(d.t.Context(), r); err != nil || !res.GetReplayed() {
		d.t.Errorf("the same payment again: %v, %v", res, err)
	}
	r.AmountCents++
	_, err := d.bills.RecordPayment(d.t.Context(), r)
	wantCode(d.t, err, errs.IdempotencyConflict)
}

func (d *dinner) cancelPiece() {
	lines := d.fixture.bill(d.t, d.bill).GetLines()
	if len(lines) == 0 || d.chance.IntN(2) == 0 {
		return
	}
	l := lines[d.chance.IntN(len(lines))]
	_, err := d.cancelOrder(d.t, d.cancels(&qrv1.Order{Id: l.GetOrderId()}, l.GetPosition(), 1))
	d.may(err)
}

func (d *dinner) giveBack() {
	list := d.fixture.bill(d.t, d.bill).GetPayments()
	if len(list) == 0 {
		return
	}
	amount := d.chance.Int64N(2) * (1 + d.chance.Int64N(2000)) // 0: all that may be
	_, err := d.bills.RefundPayment(d.t.Context(), &qrv1.RefundPaymentRequest{
		MerchantId: d.merchant, BillId: d.bill, PaymentId: list[d.chance.IntN(len(list))].GetId(), AmountCents: amount,
	})
	d.may(err)
	for _, m := range d.office.heard(d.t) {
		if r, ok := m.(*paymentsv1.RefundOrderPayment); ok {
			d.running = append(d.running, r)
		}
	}
}

// endRefund ends a refund that is under way: the money has come back, or never will.
func (d *dinner) endRefund() {
	if len(d.running) == 0 {
		return
	}
	r := d.running[0]
	d.running = d.running[1:]
	b := d.fixture.bill(d.t, d.bill)
	if d.chance.IntN(4) == 0 {
		d.apply(d.t, changed("refund.failed", b.GetMerchantId(), b.GetLivemode(), &eventsv1.PaymentChanged{Payment: &paymentsv1.Payment{
			Reference: r.GetReference(), Kind: "refund", MerchantId: b.GetMerchantId(), Livemode: b.GetLivemode(), OriginalReference: r.GetOriginalReference(), Status: "failed",
		}}))
		return
	}
	for _, s := range d.shares {
		if s.GetId() == r.GetOrderId() {
			d.back[s.GetId()] += r.GetAmountCents()
			c := paymentOf("refunded", b, s)
			c.RefundReference, c.Payment.AmountRefundedCents = r.GetReference(), d.back[s.GetId()]
			e := changed("payment.refunded", b.GetMerchantId(), b.GetLivemode(), c)
			d.apply(d.t, e, e)
		}
	}
}

func (d *dinner) close() {
	_, err := d.bills.CloseBill(d.t.Context(), &qrv1.CloseBillRequest{MerchantId: d.merchant, BillId: d.bill, WriteOffReason: "left"})
	d.may(err)
}

func (d *dinner) check(when string) {
	b := d.fixture.bill(d.t, d.bill)
	amount, tips := d.journalOf(d.t, d.bill)
	if amount != b.GetPaidCents() || tips != b.GetTipCents() {
		d.t.Errorf("%s: the journal has %d and tips of %d, the bill %d and %d", when, amount, tips, b.GetPaidCents(), b.GetTipCents())
	}
	owed := max(0, b.GetTotalCents()-b.GetWrittenOffCents())
	if over := max(0, b.GetPaidCents()-owed); over != b.GetOverpaidCents() {
		d.t.Errorf("%s: overpaid by %d, want %d", when, b.GetOverpaidCents(), over)
	}
	leaving := int64(0)
	for _, p := range b.GetPayments() {
		if s := p.GetRefundStatus(); s == "requested" || s == "pending" {
			leaving += p.GetRefundCents()
		}
	}
	due := max(0, b.GetTotalCents()-b.GetPaidCents())
	if b.GetStatus() == "closed" {
		due = 0
		if b.GetPaidCents()-leaving < owed {
			d.t.Errorf("%s: of %d that are owed %d were paid, and %d are given back", when, owed, b.GetPaidCents(), leaving)
		}
	}
	if free := max(0, due-b.GetPendingCents()); due != b.GetDueCents() || free != b.GetFreeCents() {
		d.t.Errorf("%s: due and free are %d and %d, want %d and %d", when, b.GetDueCents(), b.GetFreeCents(), due, free)
	}
}

// TestTwoClosingsAtOnceCloseABillOnce, while a guest is paying and the till records cash.
func TestTwoClosingsAtOnceCloseABillOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := f.meal(t)
	s := f.share(t, &qrv1.CreateShareRequest{Token: b.GetToken(), Kind: "amount", AmountCents: 4000})
	var closings atomic.Int32
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			_, err := f.bills.CloseBill(t.Context(), &qrv1.CloseBillRequest{MerchantId: f.merchant, BillId: b.GetId(), WriteOffReason: "left"})
			if err == nil {
				closings.Add(1)
			} else if !errs.Is(err, errs.InvalidState) {
				t.Error(err)
			}
		})
		all.Go(func() {
			_, err := f.bills.RecordPayment(t.Context(), &qrv1.RecordPaymentRequest{
				MerchantId: f.merchant, BillId: b.GetId(), Method: "cash", AmountCents: 1000, IdempotencyKey: fmt.Sprint(i / 2),
			})
			if err != nil && !errs.Is(err, errs.InvalidState) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	f.apply(t, ofShare("completed", b, s))
	done := f.bill(t, b.GetId())
	if closings.Load() != 1 || done.GetStatus() != "closed" || done.GetPaidCents() > 6000 || done.GetPaidCents()+done.GetWrittenOffCents() != 14000 {
		t.Errorf("closed %d times: %v", closings.Load(), done)
	}
	if amount, _ := f.journalOf(t, b.GetId()); amount != done.GetPaidCents() {
		t.Errorf("the journal has %d, the bill %d", amount, done.GetPaidCents())
	}
}
