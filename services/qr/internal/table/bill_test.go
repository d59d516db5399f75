package table

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// meal has guests eat for 100.00 who pay later, and returns the bill.
func (f *fixture) meal(t testing.TB) *qrv1.Bill {
	t.Helper()
	steak := f.product(t, f.merchant, "Steak", 2000, 20)
	f.mustPlace(t, f.request(item(steak, 3)))
	o := f.mustPlace(t, f.request(item(steak, 2)))
	return f.bill(t, o.GetBillId())
}

func (f *fixture) bill(t testing.TB, id string) *qrv1.Bill {
	t.Helper()
	res, err := f.bills.GetBill(t.Context(), &qrv1.GetBillRequest{MerchantId: f.merchant, Id: id})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetBill()
}

func (f *fixture) share(t testing.TB, r *qrv1.CreateShareRequest) *qrv1.BillShare {
	t.Helper()
	r.Payable = true
	res, err := f.bills.CreateShare(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return res.GetShare()
}

// ofShare is the event of a share's payment.
func ofShare(what string, b *qrv1.Bill, s *qrv1.BillShare) events.Event {
	return changed("payment."+what, b.GetMerchantId(), b.GetLivemode(), paymentOf(what, b, s))
}

func paymentOf(what string, b *qrv1.Bill, s *qrv1.BillShare) *eventsv1.PaymentChanged {
	return &eventsv1.PaymentChanged{Payment: &paymentsv1.Payment{
		Reference: s.GetPaymentReference(), Kind: "payment", MerchantId: b.GetMerchantId(), Livemode: b.GetLivemode(),
		AmountCents: s.GetAmountCents() + s.GetTipCents(), Currency: "EUR", Status: what, Origin: "order", OrderId: s.GetId(),
		CompletedAt: timestamppb.New(time.Date(2026, 6, 17, 12, 30, 0, 0, time.UTC)), FailureCode: "declined",
	}}
}

// wantSums compares total, paid, pending, due, free and overpaid.
func (f *fixture) wantSums(t testing.TB, id string, want ...int64) *qrv1.Bill {
	t.Helper()
	b := f.bill(t, id)
	got := []int64{b.GetTotalCents(), b.GetPaidCents(), b.GetPendingCents(), b.GetDueCents(), b.GetFreeCents(), b.GetOverpaidCents()}
	if !slices.Equal(got, want) {
		t.Errorf("total, paid, pending, due, free and overpaid are %v, want %v", got, want)
	}
	return b
}

// journalOf sums up what the journal says was paid and given back of a bill.
func (f *fixture) journalOf(t testing.TB, id string) (amount, tips int64) {
	t.Helper()
	err := f.pool.QueryRow(t.Context(), `select coalesce(sum(amount_cents), 0)::bigint, coalesce(sum(tip_cents), 0)::bigint from journal
		where bill_id = $1 and kind in ('paid', 'refunded')`, id).Scan(&amount, &tips)
	if err != nil {
		t.Fatal(err)
	}
	return amount, tips
}

// billEvents are the types of the events about a bill.
func (f *fixture) billEvents(t testing.TB, id string) []string {
	t.Helper()
	var types []string
	_, err := readAll(t.Context(), f.pool, func(row pgx.CollectableRow) (int, error) {
		var kind string
		var data []byte
		err := row.Scan(&kind, &data)
		c := &eventsv1.BillChanged{}
		if err == nil {
			err = proto.Unmarshal(data, c)
		}
		if c.GetBillId() == id {
			types = append(types, kind)
			if int(c.GetSequence()) != len(types) {
				t.Errorf("%s has sequence %d, want %d", kind, c.GetSequence(), len(types))
			}
		}
		return 0, err
	}, `select event_type, data from outbox where event_type like 'bill.%' order by id`)
	if err != nil {
		t.Fatal(err)
	}
	return types
}

func TestOrdersThatArePaidLaterShareABill(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := f.meal(t)
	f.wantSums(t, b.GetId(), 10000, 0, 0, 10000, 10000, 0)
	if len(b.GetLines()) != 2 || b.GetLines()[0].GetQuantity() != 3 || b.GetTableName() != "Table 4" || b.GetMerchantName() != "Café Noisette" {
		t.Errorf("the bill is %v", b)
	}
	tea := f.product(t, f.merchant, "Tea", 300, 5)
	if o := f.mustPlace(t, f.paidRequest(item(tea, 1))); o.GetBillId() != "" {
		t.Errorf("an order that is paid at once is on the bill: %v", o)
	}
	f.wantSums(t, b.GetId(), 10000, 0, 0, 10000, 10000, 0)
}

// TestThreePhonesPayAtOnceAndEachCentOnce: one of them is refused by its bank, and another phone takes its part.
func TestThreePhonesPayAtOnceAndEachCentOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := f.meal(t)
	var phones sync.WaitGroup
	var mu sync.Mutex
	var shares []*qrv1.BillShare
	for i := range 6 { // three of them are too many
		phones.Go(func() {
			r := &qrv1.CreateShareRequest{Token: b.GetToken(), Kind: "equal", People: 3, Parts: 1, TipCents: 100, Payable: true, IdempotencyKey: fmt.Sprint(i)}
			res, err := New(Deps{Pool: f.pool, Reads: f.pool, Bus: f.bus, Payments: f.office.client, Site: "https://x", Now: f.clock.Now, Wake: func() {}, Log: f.log}).
				bills.CreateShare(t.Context(), r)
			if err != nil {
				if !errs.Is(err, errs.InvalidState) {
					t.Error(err)
				}
				return
			}
			mu.Lock()
			defer mu.Unlock()
			shares = append(shares, res.GetShare())
		})
	}
	phones.Wait()
	if len(shares) != 3 {
		t.Fatalf("%d shares were taken", len(shares))
	}
	f.wantSums(t, b.GetId(), 10000, 0, 10000, 10000, 0, 0)
	f.apply(t, ofShare("failed", b, shares[0]), ofShare("completed", b, shares[1]), ofShare("completed", b, shares[1]), ofShare("completed", b, shares[2]))
	left := 10000 - shares[1].GetAmountCents() - shares[2].GetAmountCents()
	f.wantSums(t, b.GetId(), 10000, 10000-left, 0, left, left, 0)
	last := f.share(t, &qrv1.CreateShareRequest{Token: b.GetToken(), Kind: "rest"})
	f.apply(t, ofShare("completed", b, last))
	done := f.wantSums(t, b.GetId(), 10000, 10000, 0, 0, 0, 0)
	if done.GetStatus() != "closed" || done.GetPaidAt() == nil || done.GetTipCents() != 200 {
		t.Errorf("the bill is %v", done)
	}
	if amount, tips := f.journalOf(t, b.GetId()); amount != 10000 || tips != 200 {
		t.Errorf("the journal has %d and tips of %d", amount, tips)
	}
	for _, l := range done.GetLines() {
		if o := f.order(t, l.GetOrderId()); o.GetPaymentStatus() != "paid" || o.GetPaidAt() == nil {
			t.Errorf("order %v", o)
		}
	}
	want := []string{"bill.opened", "bill.share.paid", "bill.share.paid", "bill.share.paid", "bill.paid", "bill.closed"}
	if got := f.billEvents(t, b.GetId()); !slices.Equal(got, want) {
		t.Errorf("announced %v", got)
	}
	// The next guests have a bill of their own.
	if next := f.meal(t); next.GetId() == b.GetId() || next.GetTotalCents() != 10000 {
		t.Errorf("the next bill is %v", next)
	}
}

// TestALatePaymentIsNeverLost: the share had expired and its part was paid by another. It counts, and what is overpaid is given back.
func TestALatePaymentIsNeverLost(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := f.meal(t)
	s := f.share(t, &qrv1.CreateShareRequest{Token: b.GetToken(), Kind: "amount", AmountCents: 4000, HoldMinutes: 5})
	f.clock.Advance(5 * time.Minute)
	f.workOnShares(t)
	f.wantSums(t, b.GetId(), 10000, 0, 0, 10000, 10000, 0)
	cash := &qrv1.RecordPaymentRequest{MerchantId: f.merchant, BillId: b.GetId(), Method: "cash", AmountCents: 10000, TipCents: 500, IdempotencyKey: "k"}
	for range 2 {
		if _, err := f.bills.RecordPayment(t.Context(), cash); err != nil {
			t.Fatal(err)
		}
	}
	f.apply(t, ofShare("completed", b, s))
	done := f.wantSums(t, b.GetId(), 10000, 14000, 0, 0, 0, 4000)
	if len(done.GetPayments()) != 2 || done.GetStatus() != "closed" {
		t.Fatalf("the bill is %v", done)
	}
	late := done.GetPayments()[slices.IndexFunc(done.GetPayments(), func(p *qrv1.BillPayment) bool { return p.GetMethod() == "eupay" })]
	ask := &qrv1.RefundPaymentRequest{MerchantId: f.merchant, BillId: b.GetId(), PaymentId: late.GetId()}
	if _, err := f.bills.RefundPayment(t.Context(), ask); err != nil {
		t.Fatal(err)
	}
	_, err := f.bills.RefundPayment(t.Context(), ask)
	wantCode(t, err, errs.InvalidState)
	var asked *paymentsv1.RefundOrderPayment
	for _, m := range f.office.heard(t) {
		if r, ok := m.(*paymentsv1.RefundOrderPayment); ok {
			asked = r
		}
	}
	if asked.GetAmountCents() != 4000 || asked.GetOrderId() != s.GetId() || asked.GetOriginalReference() != s.GetPaymentReference() {
		t.Fatalf("asked for %v", asked)
	}
	back := paymentOf("refunded", b, s)
	back.RefundReference, back.Payment.AmountRefundedCents = asked.GetReference(), 4000
	e := changed("payment.refunded", b.GetMerchantId(), b.GetLivemode(), back)
	f.apply(t, e, e)
	f.apply(t, changed("payment.completed", b.GetMerchantId(), b.GetLivemode(), paymentOf("completed", b, s))) // once more, late
	f.wantSums(t, b.GetId(), 10000, 10000, 0, 0, 0, 0)
	if amount, tips := f.journalOf(t, b.GetId()); amount != 10000 || tips != 500 {
		t.Errorf("the journal has %d and tips of %d", amount, tips)
	}
}

// workOnShares does what is due of shares, as any replica would.
func (f *fixture) workOnShares(t testing.TB) {
	t.Helper()
	if _, err := f.bills.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestAShareWhosePaymentIsNotThereIsAskedForAgain, always under one reference, and it is asked for no longer than it is set aside.
func TestAShareWhosePaymentIsNotThereIsAskedForAgain(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := f.meal(t)
	f.office.answers(errs.Unavailable)
	r := &qrv1.CreateShareRequest{Token: b.GetToken(), Kind: "rest", Payable: true, IdempotencyKey: "tap"}
	_, err := f.bills.CreateShare(t.Context(), r)
	wantCode(t, err, errs.Unavailable)
	f.wantSums(t, b.GetId(), 10000, 0, 10000, 10000, 0, 0)
	f.office.answers("")
	f.clock.Advance(10 * time.Second)
	f.workOnShares(t)
	asks := f.office.asked(t)
	if len(asks) != 2 || !proto.Equal(asks[0], asks[1]) {
		t.Errorf("asked for %v", asks)
	}
	res, err := f.bills.CreateShare(t.Context(), r)
	if err != nil || !res.GetReplayed() || res.GetShare().GetPaymentUrl() != bankURL {
		t.Fatalf("the same tap: %v, %v", res, err)
	}
	r.TipCents = 5
	_, err = f.bills.CreateShare(t.Context(), r)
	wantCode(t, err, errs.IdempotencyConflict)
	// Without a key nobody finds it again: the part is free at once, and what may have been made is cancelled.
	if _, err := f.bills.CancelShare(t.Context(), &qrv1.CancelShareRequest{Token: b.GetToken(), ShareId: res.GetShare().GetId()}); err != nil {
		t.Fatal(err)
	}
	f.office.answers(errs.Unavailable)
	_, err = f.bills.CreateShare(t.Context(), &qrv1.CreateShareRequest{Token: b.GetToken(), Kind: "rest", Payable: true})
	wantCode(t, err, errs.Unavailable)
	f.wantSums(t, b.GetId(), 10000, 0, 0, 10000, 10000, 0)
	f.office.answers("")
	f.clock.Advance(time.Minute)
	if said := f.office.heard(t); len(said) != 2 {
		t.Errorf("told %v", said)
	}
}

func TestABillIsClosedOnlyWhenItIsPaidOrWrittenOff(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := f.meal(t)
	closing := &qrv1.CloseBillRequest{MerchantId: f.merchant, BillId: b.GetId()}
	_, err := f.bills.CloseBill(t.Context(), closing)
	wantCode(t, err, errs.InvalidState)
	s := f.share(t, &qrv1.CreateShareRequest{Token: b.GetToken(), Kind: "amount", AmountCents: 4000})
	_, err = f.bills.RecordPayment(t.Context(), &qrv1.RecordPaymentRequest{MerchantId: f.merchant, BillId: b.GetId(), Method: "card", AmountCents: 6001, IdempotencyKey: "k"})
	wantCode(t, err, errs.InvalidState) // a guest is paying the rest
	closing.WriteOffReason = "Left"
	if _, err := f.bills.CloseBill(t.Context(), closing); err != nil {
		t.Fatal(err)
	}
	_, err = f.bills.CreateShare(t.Context(), &qrv1.CreateShareRequest{Token: b.GetToken(), Kind: "rest", Payable: true})
	wantCode(t, err, errs.InvalidState)
	_, err = f.bills.CloseBill(t.Context(), closing)
	wantCode(t, err, errs.InvalidState)
	// The payment that was running counts all the same.
	f.apply(t, ofShare("completed", b, s))
	done := f.wantSums(t, b.GetId(), 10000, 4000, 0, 0, 0, 4000)
	if done.GetWrittenOffCents() != 10000 {
		t.Errorf("written off %d", done.GetWrittenOffCents())
	}
}

// TestAnOrderThatIsCancelledLeavesItsBill: what was paid of the rest may be all of it.
func TestAnOrderThatIsCancelledLeavesItsBill(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := f.meal(t)
	second := b.GetLines()[1].GetOrderId()
	s := f.share(t, &qrv1.CreateShareRequest{Token: b.GetToken(), Kind: "amount", AmountCents: 6000})
	f.apply(t, ofShare("completed", b, s))
	f.wantSums(t, b.GetId(), 10000, 6000, 0, 4000, 4000, 0)
	// Nobody accepts the orders for hours: those of a bill that is being paid stay.
	f.unclaimedAfter = time.Hour
	f.clock.Advance(2 * time.Hour)
	if n, err := f.Sweep(t.Context()); n != 0 || err != nil {
		t.Error(n, err)
	}
	f.cancel(t, &qrv1.Order{Id: second}, false)
	done := f.wantSums(t, b.GetId(), 6000, 6000, 0, 0, 0, 0)
	if done.GetStatus() != "closed" {
		t.Errorf("the bill is %v", done)
	}
	if o := f.order(t, second); o.GetPaymentStatus() == "paid" {
		t.Errorf("the cancelled order is %v", o)
	}
	_, err := f.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: f.merchant, Id: b.GetLines()[0].GetOrderId(), Status: "cancelled", Refund: true})
	wantCode(t, err, errs.InvalidState) // it has no payment of its own
}

// TestABillOfAnotherIsNotFound, exactly like nothing.
func TestABillOfAnotherIsNotFound(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := f.meal(t)
	other := uuid.NewString()
	for name, call := range map[string]func() error{
		"read": func() error {
			_, err := f.bills.GetBill(t.Context(), &qrv1.GetBillRequest{MerchantId: other, Id: b.GetId()})
			return err
		},
		"record": func() error {
			_, err := f.bills.RecordPayment(t.Context(), &qrv1.RecordPaymentRequest{MerchantId: other, BillId: b.GetId(), Method: "cash", AmountCents: 1, IdempotencyKey: "k"})
			return err
		},
		"close": func() error {
			_, err := f.bills.CloseBill(t.Context(), &qrv1.CloseBillRequest{MerchantId: other, BillId: b.GetId(), WriteOffReason: "x"})
			return err
		},
		"share": func() error {
			_, err := f.bills.CreateShare(t.Context(), &qrv1.CreateShareRequest{MerchantId: other, BillId: b.GetId(), Kind: "rest", Payable: true})
			return err
		},
		"link": func() error {
			_, err := f.bills.GetPublicBill(t.Context(), &qrv1.GetPublicBillRequest{Token: newToken()})
			return err
		},
		"table": func() error {
			_, err := f.bills.GetTableBill(t.Context(), &qrv1.GetTableBillRequest{MerchantId: other, Token: f.table.GetToken()})
			return err
		},
	} {
		if err := call(); !errs.Is(err, errs.NotFoundCode) || errs.From(err).Message != "Bill not found." {
			t.Errorf("%s: %v", name, err)
		}
	}
	res, err := f.bills.GetTableBill(t.Context(), &qrv1.GetTableBillRequest{MerchantId: f.merchant, Token: f.table.GetToken()})
	if err != nil || res.GetBill().GetId() != b.GetId() {
		t.Fatalf("the table's own: %v, %v", res, err)
	}
	list, err := f.bills.ListBills(t.Context(), &qrv1.ListBillsRequest{MerchantId: f.merchant, Limit: 10, Status: "open"})
	if err != nil || list.GetTotal() != 1 || list.GetBills()[0].GetDueCents() != 10000 {
		t.Errorf("the list is %v, %v", list, err)
	}
	// Guests of hours later are not shown what others have left.
	f.clock.Advance(6 * time.Hour)
	if _, err := f.bills.GetTableBill(t.Context(), &qrv1.GetTableBillRequest{MerchantId: f.merchant, Token: f.table.GetToken()}); !errs.Is(err, errs.NotFoundCode) {
		t.Errorf("hours later: %v", err)
	}
	if next := f.meal(t); next.GetId() == b.GetId() {
		t.Error("later guests have the bill of earlier ones")
	}
	if old := f.bill(t, b.GetId()); old.GetStatus() != "closed" || old.GetWriteOffReason() != "idle" {
		t.Errorf("the old bill is %v", old)
	}
}
