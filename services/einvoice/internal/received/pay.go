package received

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
	"european-pay.eu/eupay/internal/run/consume"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/einvoice/internal/reading"
)

// Subjects are those of the events that Paid consumes.
var Subjects = []string{"eupay.evt.*.supplier.completed.>", "eupay.evt.*.supplier.failed.>", "eupay.evt.*.supplier.cancelled.>"}

// The statuses of a payment of a received invoice, which are those of the payments service.
const (
	payPending    = "pending"
	payPendingSCA = "pending_sca"
	payCompleted  = "completed"
	payFailed     = "failed"
	payCancelled  = "cancelled"
)

// payWithin is the deadline of a call that makes a payment: a request at the bank and its page.
const payWithin = 25 * time.Second

// Payment is a payment of a received invoice. The account is not in it: the invoice has it.
type Payment struct {
	ID        uuid.UUID
	Reference string
	Who
	MerchantVersion       int64
	Amount                money.Cents
	Account               int
	Status, Failure       string
	URL                   string
	SuccessURL, CancelURL string
	CreatedAt             time.Time
	EndedAt               *time.Time
}

// open reports whether the merchant may still authorise it.
func (p *Payment) open() bool { return p.Status == payPending || p.Status == payPendingSCA }

// Wish is what the merchant asks for beside the invoice.
type Wish struct {
	MerchantVersion int64
	// Confirm is confirm_iban.
	Confirm               string
	SuccessURL, CancelURL string
}

// Pay makes the payment of an invoice: it is recorded with a due time, and then asked for at the payments service. While one is open it is
// returned. replayed means that the payment was made before. A payment without a page yet is pending, and gets it by itself. Errors:
// NOT_FOUND; INVALID_STATE and VALIDATION_ERROR with what to do; those with which the payments service refused it.
func (b *Inbox) Pay(ctx context.Context, who Who, id string, w Wish, idem Idempotency) (p *einvoicev1.ReceivedPayment, replayed bool, err error) {
	var made Payment
	err = pgx.BeginFunc(ctx, b.Pool, func(tx pgx.Tx) error {
		r, err := find(ctx, tx, who, id, " for update")
		if err != nil {
			return err
		}
		made, replayed, err = b.begin(ctx, tx, &r, w, idem)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	if made.Status == payPending {
		if made, err = b.ask(ctx, made); err != nil {
			return nil, false, err
		}
	}
	d, err := b.paidDocument(ctx, made.Reference)
	if err != nil {
		return nil, false, err
	}
	return made.proto(d), replayed, nil
}

// begin records the payment of a locked invoice, or returns the one that there is.
func (b *Inbox) begin(ctx context.Context, tx pgx.Tx, r *Record, w Wish, idem Idempotency) (p Payment, replayed bool, err error) {
	now := b.instant()
	fresh := Payment{
		ID: uuid.Must(uuid.NewV7()), Reference: reference.Supplier(now), Who: Who{MerchantID: r.MerchantID, Livemode: r.Livemode},
		MerchantVersion: w.MerchantVersion, Status: payPending, SuccessURL: w.SuccessURL, CancelURL: w.CancelURL, CreatedAt: now,
	}
	holder, err := take(ctx, tx, fresh.Who, idem, fresh.ID.String(), now)
	if err != nil {
		return Payment{}, false, err
	}
	if holder != fresh.ID.String() {
		p, err := onePayment(ctx, tx, `p.id = $1`, holder)
		return p, true, err
	}
	payments, err := paymentsOf(ctx, tx, r.ID)
	if err != nil {
		return Payment{}, false, err
	}
	for _, p := range payments {
		if p.open() {
			return p, true, point(ctx, tx, fresh.Who, idem, p.ID.String())
		}
	}
	if err := b.compose(ctx, tx, r, &fresh, payments, w.Confirm); err != nil {
		return Payment{}, false, err
	}
	return fresh, false, insertPayment(ctx, tx, r.ID, fresh, now.Add(lease))
}

// compose says what a new payment of a locked invoice pays, and to which account.
func (b *Inbox) compose(ctx context.Context, tx pgx.Tx, r *Record, p *Payment, before []Payment, confirm string) error {
	d, found, err := readContent(ctx, tx, r.ID)
	if err != nil {
		return err
	}
	if p.Amount, err = r.open(d, found, paid(before)); err != nil {
		return err
	}
	twin, err := paidTwin(ctx, tx, r)
	if err != nil {
		return err
	}
	if twin {
		return errs.New(errs.InvalidState, "You paid, or are paying, another invoice of this supplier with the same number. Refuse this one with DOUBLON.")
	}
	t, err := trustOf(ctx, tx, r)
	if err != nil {
		return err
	}
	p.Account, err = choose(d.Payment.Accounts, t, confirm)
	return err
}

// paid returns what the completed payments paid.
func paid(payments []Payment) (sum money.Cents) {
	for _, p := range payments {
		if p.Status == payCompleted {
			sum += p.Amount
		}
	}
	return sum
}

// ask asks the payments service for a pending payment and records the answer. A refusal ends the payment and is returned; without an
// answer it stays pending.
func (b *Inbox) ask(ctx context.Context, p Payment) (Payment, error) {
	d, err := b.paidDocument(ctx, p.Reference)
	if err != nil {
		return Payment{}, err
	}
	call, cancel := context.WithTimeout(ctx, payWithin)
	res, failure := b.Suppliers.PaySupplier(call, request(p, d))
	cancel()
	record, done := recording(ctx)
	defer done()
	switch {
	case failure == nil:
		return b.recordPayment(record, p, res.GetPayment())
	case refuses(failure):
		p.Status, p.Failure = payFailed, strings.ToLower(string(errs.From(failure).Code))
		return Payment{}, errors.Join(failure, b.endPayment(record, p, b.instant()))
	}
	b.Log.Warn("ask for the payment of a received invoice", "reference", p.Reference, "error", failure)
	return p, b.postponePayment(record, p.Reference)
}

// refuses reports whether the payments service said that it recorded nothing.
func refuses(err error) bool {
	return slices.ContainsFunc([]errs.Code{errs.InvalidState, errs.APIAccessDisabled, errs.LiveNotConfigured, errs.TestNotConfigured},
		func(c errs.Code) bool { return errs.Is(err, c) })
}

// request is what a payment of a document asks for.
func request(p Payment, d *reading.Invoice) *paymentsv1.PaySupplierRequest {
	to := d.Payment.Accounts[p.Account]
	return &paymentsv1.PaySupplierRequest{
		Reference: p.Reference, MerchantId: p.MerchantID, Livemode: p.Livemode, MerchantVersion: p.MerchantVersion, AmountCents: int64(p.Amount), Currency: d.Currency,
		Description: textOf(d), SuccessUrl: p.SuccessURL, CancelUrl: p.CancelURL,
		Supplier: &paymentsv1.Supplier{
			Name: holder(d, to), Iban: to.IBAN, Bic: to.BIC, Company: d.Seller.Name, Siren: sirenOf(&d.Seller), Address: postal(&d.Seller),
		},
	}
}

// textOf returns the text of a transfer, by which the supplier finds the invoice: the one that it asks for (BT-83), or the number.
func textOf(d *reading.Invoice) string { return cmp.Or(d.Payment.Reference, d.Number) }

// holder returns whose account it is: BT-85, or else the payee (BT-59) or the seller (BT-27).
func holder(d *reading.Invoice, to reading.Account) string {
	return cmp.Or(to.Name, d.Payee, d.Seller.Name)
}

func postal(p *reading.Party) string {
	lines := []string{p.Street, strings.TrimSpace(p.PostCode + " " + p.City), p.Country}
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return l == "" }), "\n")
}

// recordPayment records what the payments service says of a payment that is asked for. Without a page it is asked for again.
func (b *Inbox) recordPayment(ctx context.Context, p Payment, is *paymentsv1.Payment) (Payment, error) {
	switch is.GetStatus() {
	case payCompleted, payFailed, payCancelled:
		p.Status, p.Failure = is.GetStatus(), is.GetFailureCode()
		return p, b.endPayment(ctx, p, b.instant())
	}
	if is.GetPaymentUrl() == "" {
		return p, b.postponePayment(ctx, p.Reference)
	}
	p.Status, p.URL = payPendingSCA, is.GetPaymentUrl()
	return b.openPayment(ctx, p)
}

// endPayment ends a payment outside of an event.
func (b *Inbox) endPayment(ctx context.Context, p Payment, at time.Time) error {
	defer b.Wake()
	err := pgx.BeginFunc(ctx, b.Pool, func(tx pgx.Tx) error { return b.end(ctx, tx, p.Reference, p.Status, p.Failure, at) })
	b.engine.Wake(p.Livemode)
	return err
}

// Paid applies the events of payments of received invoices: one that is completed is told to the seller (211), once; after one that
// failed the invoice can be paid again. Events of other types are left out.
func (b *Inbox) Paid(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
	var ended []*paymentsv1.Payment
	for _, ev := range batch {
		if !strings.HasPrefix(ev.Type, "supplier.") {
			continue
		}
		var changed eventsv1.PaymentChanged
		if err := proto.Unmarshal(ev.Data, &changed); err != nil {
			return consume.Poison(fmt.Errorf("event %s: %w", ev.ID, err))
		}
		ended = append(ended, changed.GetPayment())
	}
	slices.SortFunc(ended, func(a, b *paymentsv1.Payment) int { return cmp.Compare(a.GetReference(), b.GetReference()) })
	for _, p := range ended {
		if err := b.end(ctx, tx, p.GetReference(), p.GetStatus(), p.GetFailureCode(), p.GetUpdatedAt().AsTime()); err != nil {
			return fmt.Errorf("payment %s: %w", p.GetReference(), err)
		}
	}
	return nil
}

// end records the end of a payment, and what it means for its invoice. A payment ends once; only one that was believed failed may still be
// completed, because then the money has moved.
func (b *Inbox) end(ctx context.Context, tx pgx.Tx, reference, status, failure string, at time.Time) error {
	id, known, err := receivedOf(ctx, tx, reference)
	if err != nil || !known {
		return err
	}
	r, err := lockID(ctx, tx, id)
	if err != nil {
		return err
	}
	changed, err := markEnded(ctx, tx, reference, status, failure, at)
	if err != nil || !changed || status != payCompleted {
		return err
	}
	return b.tellPaid(ctx, tx, &r)
}

// tellPaid answers for the merchant that the payment was sent. After an answer that it cannot follow, such as a refusal, the payment stands
// with the invoice and nothing is told.
func (b *Inbox) tellPaid(ctx context.Context, tx pgx.Tx, r *Record) error {
	g := Given{Code: paymentSent}
	possible := r.Code != paymentSent && g.follows(r.Code) == nil
	if !possible {
		b.Log.WarnContext(ctx, "a received invoice was paid after an answer that 211 cannot follow", "received", r.ID, "code", r.Code)
		return nil
	}
	return give(ctx, tx, r, uuid.Must(uuid.NewV7()), g, b.instant())
}

// payLoop asks again for payments whose answer was lost, or that have no page yet.
func (b *Inbox) payLoop() *due.Loop[Payment] {
	return due.New(due.Config[Payment]{
		What: "payments of received invoices", Every: lookEvery, AtOnce: atOnce, Within: callTimeout, Grace: callTimeout, Log: b.Log, Claim: b.claimPayments,
		Do: func(ctx context.Context, p Payment) {
			if _, err := b.ask(ctx, p); err != nil {
				b.Log.WarnContext(ctx, "payment of a received invoice", "reference", p.Reference, "error", err)
			}
		},
	})
}

func (p *Payment) proto(d *reading.Invoice) *einvoicev1.ReceivedPayment {
	v := &einvoicev1.ReceivedPayment{
		Reference: p.Reference, Status: p.Status, AmountCents: int64(p.Amount), FailureCode: p.Failure, CreatedAt: timestamppb.New(p.CreatedAt),
	}
	if p.Status == payPendingSCA {
		v.PaymentUrl = p.URL
	}
	if p.EndedAt != nil {
		v.EndedAt = timestamppb.New(*p.EndedAt)
	}
	if d != nil && p.Account < len(d.Payment.Accounts) {
		to := d.Payment.Accounts[p.Account]
		v.Iban, v.Name, v.Description = to.IBAN, holder(d, to), textOf(d)
	}
	return v
}
