package ledger

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

func yearly(invoices ...string) Rebate {
	return Rebate{Order: invoicetest.RebateOrder(), Invoices: invoices, Reason: "Ristourne annuelle"}
}

// A credit note for a period is numbered with the others, is sent, counts against the sales, and is of no invoice.
func TestARebateIsIssuedOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(business(100_00))
	f.pay(r, 100_00)
	_, err := f.credit(r, CreditNote{Amount: cents(10_00)})
	f.must(err)
	key := Idempotency{Key: "k", Hash: []byte("1")}
	var first uuid.UUID
	for range 2 {
		made, err := f.Rebate(t.Context(), f.who, yearly(r.Number), key)
		f.must(err)
		if first == uuid.Nil {
			first = made.ID
		} else if !made.Replayed || made.ID != first {
			t.Fatalf("the same key issued %s", made.Number)
		}
	}
	got := f.is(first, StatusRefunded, SeqinoSubmitted)
	if got.Type != invoice.TypeRebate || got.Corrects != nil || got.Total != 260_00 || got.Credit != 260_00 || !strings.HasSuffix(got.Number, "000002") {
		t.Errorf("%+v", got)
	}
	if f.number(`select last from counters where series = 'CN'`) != 2 || f.read(r.ID).Credited != 10_00 {
		t.Error("it is not numbered with the credit notes, or credits the invoice that it names")
	}
	if _, err = f.Rebate(t.Context(), f.who, yearly(), Idempotency{Key: "k", Hash: []byte("2")}); !errs.Is(err, errs.IdempotencyConflict) {
		t.Errorf("another request: %v", err)
	}
	for what, change := range map[string]func() error{
		"credited":  func() error { _, err := f.credit(got, CreditNote{}); return err },
		"cancelled": func() error { _, err := f.Cancel(t.Context(), f.who, got.Number, ""); return err },
		"paid": func() error {
			_, err := f.MarkPaid(t.Context(), f.who, got.Number, Payment{Method: invoice.MethodCash}, Idempotency{})
			return err
		},
	} {
		if err := change(); !errs.Is(err, errs.InvalidState) {
			t.Errorf("it is %s: %v", what, err)
		}
	}
	if len(f.fake.wrong) > 0 {
		t.Error(f.fake.wrong)
	}
}

func TestARebateToAConsumerIsReportedBelowZero(t *testing.T) {
	t.Parallel()
	f := setup(t)
	w := yearly()
	w.Order.Customer = invoicetest.Private()
	made, err := f.Rebate(t.Context(), f.who, w, Idempotency{})
	f.must(err)
	if sum := f.number(`select sum(net_cents + tax_cents)::bigint from sale_parts where source = $1`, made.ID); sum != -260_00 {
		t.Errorf("reported %d", sum)
	}
}

func TestARebateWaitsForTheMandateLikeAnInvoice(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.mandate(platform.MandatePending)
	made, err := f.Rebate(t.Context(), f.who, yearly(), Idempotency{})
	f.must(err)
	f.is(made.ID, StatusRefunded, SeqinoMandatePending)
	f.mandate(platform.MandateActive)
	f.run()
	f.eventually("it is sent", func() bool { return f.read(made.ID).Seqino == SeqinoSubmitted })
	f.is(made.ID, StatusRefunded, SeqinoSubmitted)
}

func TestARebateNamesOwnInvoicesOfTheSameCustomer(t *testing.T) {
	t.Parallel()
	f := setup(t)
	theirs := f.create(private(100_00))
	mine := f.create(business(100_00))
	f.pay(mine, 100_00)
	note, err := f.credit(mine, CreditNote{Amount: cents(1_00)})
	f.must(err)
	for what, name := range map[string]string{"of another customer": theirs.Number, "a credit note": note.By.Number, "none": "INV-2026-ZZZZZZ-000001"} {
		if _, err := f.Rebate(t.Context(), f.who, yearly(mine.Number, name), Idempotency{}); !errs.Is(err, errs.ValidationError) || !strings.Contains(err.Error(), "invoices[1]") {
			t.Errorf("%s: %v", what, err)
		}
	}
	other := Who{MerchantID: "m2", Livemode: true}
	f.enrol(other.MerchantID, true, platform.MandateActive, func(s *invoice.Settings) { s.SIRET = "73282932000074" })
	if _, err := f.Rebate(t.Context(), other, yearly(mine.Number), Idempotency{}); !errs.Is(err, errs.ValidationError) {
		t.Errorf("another merchant's: %v", err)
	}
	if f.number(`select count(*) from invoices where type_code = '262'`) != 0 || f.number(`select last from counters where series = 'CN' and merchant_id = $1`, f.who.MerchantID) != 1 {
		t.Error("something was issued")
	}
}

// The references of invoices and of rebates are one name space: neither comes in place of the other.
func TestAReferenceIsNotTakenForAnotherKindOfDocument(t *testing.T) {
	t.Parallel()
	f := setup(t)
	o := business(100_00)
	o.Reference = "A"
	f.create(o)
	w := yearly()
	w.Order.Reference = "A"
	_, err := f.Rebate(t.Context(), f.who, w, Idempotency{})
	f.refused(err, errs.IdempotencyConflict)
	w.Order.Reference = "B"
	_, err = f.Rebate(t.Context(), f.who, w, Idempotency{})
	f.must(err)
	o.Reference = "B"
	_, err = f.Create(t.Context(), f.who, o, Idempotency{})
	f.refused(err, errs.IdempotencyConflict)
}
