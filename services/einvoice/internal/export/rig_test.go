package export

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
	"european-pay.eu/eupay/services/einvoice/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// payments is the payments service: a list of all payments and refunds, read in small parts.
type payments struct {
	rows []*paymentsv1.JournalRow
	page int
	// fails is what it answers instead.
	fails error
	// asked is called before each answer.
	asked func()
}

// at is the time of a row by a basis; nil: it is not in that journal.
func at(r *paymentsv1.JournalRow, basis paymentsv1.JournalBasis) *timestamppb.Timestamp {
	refund := r.GetKind() == refundKind
	switch {
	case (r.GetKind() == occurrenceKind) != (basis == paymentsv1.JournalBasis_JOURNAL_BASIS_OCCURRENCES):
		return nil
	case basis == paymentsv1.JournalBasis_JOURNAL_BASIS_PAYMENTS_CREATED && !refund, basis == paymentsv1.JournalBasis_JOURNAL_BASIS_REFUNDS_CREATED && refund:
		return r.GetCreatedAt()
	case basis == paymentsv1.JournalBasis_JOURNAL_BASIS_MOVED, basis == paymentsv1.JournalBasis_JOURNAL_BASIS_OCCURRENCES:
		return r.GetCompletedAt()
	case basis == paymentsv1.JournalBasis_JOURNAL_BASIS_SETTLED:
		return r.GetSettledAt()
	}
	return nil
}

func (p *payments) ListJournal(ctx context.Context, r *paymentsv1.ListJournalRequest, _ ...grpc.CallOption) (*paymentsv1.ListJournalResponse, error) {
	if asked := p.asked; asked != nil {
		asked()
	}
	if p.fails != nil {
		return nil, p.fails
	}
	var found []*paymentsv1.JournalRow
	for _, row := range p.rows {
		when := at(row, r.GetBasis())
		if when == nil || when.AsTime().Before(r.GetFrom().AsTime()) || !when.AsTime().Before(r.GetTo().AsTime()) {
			continue
		}
		if r.AfterAt != nil && cmp.Or(when.AsTime().Compare(r.GetAfterAt().AsTime()), cmp.Compare(place(row), r.GetAfterReference())) <= 0 {
			continue
		}
		row := proto.CloneOf(row)
		row.At = when
		found = append(found, row)
	}
	slices.SortFunc(found, func(a, b *paymentsv1.JournalRow) int {
		return cmp.Or(a.GetAt().AsTime().Compare(b.GetAt().AsTime()), cmp.Compare(place(a), place(b)))
	})
	return &paymentsv1.ListJournalResponse{Rows: found[:min(len(found), p.page)]}, ctx.Err()
}

// place is the position of a row. Payments of the version before have none.
func place(r *paymentsv1.JournalRow) string { return cmp.Or(r.GetPosition(), r.GetReference()) }

// rig is the exports of a merchant.
type rig struct {
	t testing.TB
	*Exports
	pool     *pgxpool.Pool
	payments *payments
	clock    *testclock.Clock
	who      Who
	series   int
}

var company = Company{Name: "Librairie du Canal SAS", SIREN: "123456782"}

func setup(t testing.TB) *rig {
	t.Helper()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	pool, _ := pgtest.New(t, "einvoice", migrations.FS)
	r := &rig{
		t: t, pool: pool, payments: &payments{page: 3}, clock: testclock.New(time.Date(2026, 12, 15, 12, 0, 0, 0, time.UTC)), who: Who{MerchantID: uuid.NewString()},
	}
	r.Exports = New(Deps{Pool: pool, Journal: r.payments, Zone: paris, Now: r.clock.Now, Log: slog.New(slog.DiscardHandler)})
	return r
}

// asks records an export without waiting for it.
func (r *rig) asks(kind Kind, from, to invoice.Date) Export {
	r.t.Helper()
	x, err := r.check(Request{Who: r.who, Kind: string(kind), From: string(from), To: string(to), Company: company})
	if err == nil {
		_, err = r.record(r.t.Context(), x, "", nil)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return x
}

// makes makes all files that are due.
func (r *rig) makes() {
	r.t.Helper()
	if _, err := r.loop.Once(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) get(x Export) Export {
	r.t.Helper()
	got, err := r.Get(r.t.Context(), x.Who, x.ID.String())
	if err != nil {
		r.t.Fatal(err)
	}
	return got
}

// file makes a file and returns it.
func (r *rig) file(kind Kind, from, to invoice.Date) (Export, []byte) {
	r.t.Helper()
	x := r.asks(kind, from, to)
	r.makes()
	return r.read(x)
}

func (r *rig) read(x Export) (Export, []byte) {
	r.t.Helper()
	x = r.get(x)
	if x.Status != Ready {
		r.t.Fatalf("%s is %s: %s", x.Kind, x.Status, x.Problem)
	}
	var b bytes.Buffer
	if err := r.Read(r.t.Context(), x, func(part []byte) error { _, err := b.Write(part); return err }); err != nil {
		r.t.Fatal(err)
	}
	return x, b.Bytes()
}

func (r *rig) exec(sql string, args ...any) {
	r.t.Helper()
	if _, err := r.pool.Exec(r.t.Context(), sql, args...); err != nil {
		r.t.Fatal(err)
	}
}

// pays adds a payment that was completed then.
func (r *rig) pays(reference string, amount money.Cents, at time.Time) *paymentsv1.JournalRow {
	row := &paymentsv1.JournalRow{
		Reference: reference, Kind: "payment", AmountCents: int64(amount), Currency: "EUR", Status: "completed", Description: "Order", CreatedAt: timestamppb.New(at),
		CompletedAt: timestamppb.New(at),
	}
	r.payments.rows = append(r.payments.rows, row)
	return row
}

// givesBack adds a refund of a payment.
func (r *rig) givesBack(reference string, of *paymentsv1.JournalRow, amount money.Cents, at time.Time) {
	before := int64(0)
	for _, o := range r.payments.rows {
		if o.GetOriginalReference() == of.GetReference() {
			before += o.GetAmountCents()
		}
	}
	r.payments.rows = append(r.payments.rows, &paymentsv1.JournalRow{
		Reference: reference, Kind: refundKind, OriginalReference: of.GetReference(), AmountCents: int64(amount), Currency: "EUR", Status: "completed",
		CreatedAt: timestamppb.New(at), CompletedAt: timestamppb.New(at), OriginalAmountCents: of.GetAmountCents(), RefundedBeforeCents: before,
	})
}

// repeats adds an occurrence of a standing order, below zero one whose proof was taken back.
func (r *rig) repeats(reference string, amount money.Cents, evidence string, at time.Time) {
	r.payments.rows = append(r.payments.rows, &paymentsv1.JournalRow{
		Reference: reference, Kind: occurrenceKind, AmountCents: int64(amount), Currency: "EUR", Description: "Gym", StatusDetail: evidence,
		CompletedAt: timestamppb.New(at), Position: fmt.Sprintf("%s/%04d", reference, len(r.payments.rows)),
	})
}

// issued is a document of the merchant.
type issued struct {
	id  uuid.UUID
	doc invoice.Document
	at  time.Time
}

// issues adds an invoice.
func (r *rig) issues(o invoice.Order, at time.Time) issued {
	r.t.Helper()
	r.series++
	doc, err := invoice.New(fmt.Sprintf("INV-2026-AB12CD-%06d", r.series), r.day(at), invoicetest.Settings(), o)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.inserts(doc, nil, doc.Totals.Gross, 0, at)
}

// credits adds a credit note.
func (r *rig) credits(of issued, earlier []invoice.Document, amount money.Cents, at time.Time) invoice.Document {
	r.t.Helper()
	r.series++
	doc, err := invoice.Credit(fmt.Sprintf("CN-2026-AB12CD-%06d", r.series), r.day(at), of.doc, earlier, amount, "Retour")
	if err != nil {
		r.t.Fatal(err)
	}
	r.inserts(doc, &of.id, doc.Totals.Gross, amount, at)
	return doc
}

// annuls adds a corrected invoice.
func (r *rig) annuls(of issued, at time.Time) {
	r.series++
	r.inserts(invoice.Annul(fmt.Sprintf("CN-2026-AB12CD-%06d", r.series), r.day(at), of.doc, 0, "Erreur"), &of.id, 0, of.doc.Totals.Gross, at)
}

func (r *rig) inserts(doc invoice.Document, corrects *uuid.UUID, total, credit money.Cents, at time.Time) issued {
	r.t.Helper()
	content, err := json.Marshal(doc)
	if err != nil {
		r.t.Fatal(err)
	}
	i := issued{id: uuid.New(), doc: doc, at: at}
	r.exec(`insert into invoices (id, merchant_id, livemode, number, type_code, corrects, status, audience, customer_name, issued_on, due_on, total_cents, credit_cents,
		document, seqino_status, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, 'pending', $7, $8, $9, $10, $11, $12, $13, 'submitted', $14, $14)`,
		i.id, r.who.MerchantID, r.who.Livemode, doc.Number, string(doc.Type), corrects, string(doc.Audience), doc.Buyer.Name, string(doc.Issued), string(doc.Due),
		int64(total), int64(credit), content, at)
	return i
}

// withdraws cancels an invoice without a document.
func (r *rig) withdraws(of issued, at time.Time) {
	r.exec(`update invoices set status = 'cancelled', credited_cents = total_cents where id = $1`, of.id)
	r.exec(`insert into invoice_history (invoice_id, sequence, what, status, seqino_status, occurred_at) values ($1, 2, 'cancelled', 'cancelled', 'none', $2)`, of.id, at)
}

// receives records money for an invoice: of a payment, or in cash.
func (r *rig) receives(of issued, payment *paymentsv1.JournalRow, amount money.Cents, at time.Time) {
	method, reference := "cash", ""
	if payment != nil {
		method, reference = "bank", payment.GetReference()
		r.exec(`insert into settlements (payment_reference, merchant_id, livemode, amount_cents, completed_at) values ($1, $2, $3, $4, $5) on conflict do nothing`,
			reference, r.who.MerchantID, r.who.Livemode, payment.GetAmountCents(), payment.GetCompletedAt().AsTime())
	}
	r.exec(`insert into invoice_payments (id, invoice_id, merchant_id, livemode, amount_cents, paid_on, method, payment_reference, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, uuid.New(), of.id, r.who.MerchantID, r.who.Livemode, int64(amount), string(r.day(at)), method, reference, at)
}

var errAway = errors.New("payments are away")
