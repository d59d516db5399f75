package received

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

// payer stands in for the payments service: it makes one payment of each reference.
type payer struct {
	mu   sync.Mutex
	made map[string]*paymentsv1.PaySupplierRequest
	// before is returned in place of making a payment, after once it is made.
	before, after error
	// without a page the payment is not at the bank yet.
	pageless bool
	// cancels is how a cancellation is answered: by default it is cancelled.
	cancels func(reference string) (*paymentsv1.CancelSupplierPaymentResponse, error)
}

func (p *payer) CancelSupplierPayment(
	_ context.Context, r *paymentsv1.CancelSupplierPaymentRequest, _ ...grpc.CallOption,
) (*paymentsv1.CancelSupplierPaymentResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.made[r.GetReference()] == nil || p.made[r.GetReference()].GetMerchantId() != r.GetMerchantId():
		return nil, errs.NotFound("Payment")
	case p.cancels != nil:
		return p.cancels(r.GetReference())
	default:
		return &paymentsv1.CancelSupplierPaymentResponse{Payment: &paymentsv1.Payment{Reference: r.GetReference(), Status: "cancelled"}}, nil
	}
}

func (p *payer) PaySupplier(_ context.Context, r *paymentsv1.PaySupplierRequest, _ ...grpc.CallOption) (*paymentsv1.PaySupplierResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.before != nil {
		return nil, p.before
	}
	p.made[r.GetReference()] = proto.CloneOf(r)
	if p.after != nil {
		return nil, p.after
	}
	is := &paymentsv1.Payment{Reference: r.GetReference(), Status: "pending"}
	if !p.pageless {
		is.Status, is.PaymentUrl = "pending_sca", "https://bank.example/"+r.GetReference()
	}
	return &paymentsv1.PaySupplierResponse{Payment: is}, nil
}

const ending = "0189" // of the account in the samples

// own is the SIREN of the merchant.
var own = invoicetest.Settings().SIREN()

var errAway = errors.New("no answer")

// pay pays as the merchant.
func (f *fixture) pay(id, confirm, key string) (*einvoicev1.ReceivedPayment, error) {
	p, _, err := f.Pay(f.t.Context(), f.who, id, Wish{MerchantVersion: 3, Confirm: confirm, SuccessURL: "https://shop.example"}, Idempotency{Key: key, Hash: []byte(id + confirm)})
	return p, err
}

func (f *fixture) mustPay(id string) *einvoicev1.ReceivedPayment {
	f.t.Helper()
	p, err := f.pay(id, ending, "")
	f.must(err)
	return p
}

// ends brings the event of the end of a payment.
func (f *fixture) ends(p *einvoicev1.ReceivedPayment, status string) {
	f.t.Helper()
	data, err := proto.Marshal(&eventsv1.PaymentChanged{Payment: &paymentsv1.Payment{
		Reference: p.GetReference(), Kind: "supplier", Status: status, UpdatedAt: timestamppb.New(f.clock.Now()),
	}})
	f.must(err)
	f.must(pgx.BeginFunc(f.t.Context(), f.Pool, func(tx pgx.Tx) error {
		return f.Paid(f.t.Context(), tx, []consume.Event{{Event: events.Event{Type: "payment.completed"}}, {Event: events.Event{Type: "supplier." + status, Data: data}}})
	}))
}

// arrives makes a supplier send an invoice in UBL, with the changes, and returns it.
func (f *fixture) arrives(changes ...string) *einvoicev1.ReceivedInvoice {
	f.t.Helper()
	file := bytes.ReplaceAll(sample(f.t, "ubl"), []byte("552100554"), []byte(own))
	for i := 0; i < len(changes); i += 2 {
		if !bytes.Contains(file, []byte(changes[i])) {
			f.t.Fatalf("the sample has no %s", changes[i])
		}
		file = bytes.ReplaceAll(file, []byte(changes[i]), []byte(changes[i+1]))
	}
	id := f.deliver("ubl", file)
	f.clock.Advance(listEvery)
	f.turn()
	for _, v := range f.all() {
		if v.GetPlatformId() == id {
			return v
		}
	}
	f.t.Fatal("it does not come")
	return nil
}

func (f *fixture) get(id string) *einvoicev1.ReceivedInvoice {
	f.t.Helper()
	v, err := f.Get(f.t.Context(), f.who, id)
	f.must(err)
	return v.Proto()
}

func count(all []string, of string) (n int) {
	for _, s := range all {
		if s == of {
			n++
		}
	}
	return n
}

func TestAnInvoiceIsPaidAndTheSellerIsToldOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	in := f.arrives()
	if in.GetPayableCents() != 12000 || !in.GetConfirmIban() || in.GetPayableProblem() != "" {
		t.Fatalf("%d can be paid, confirmed %v: %s", in.GetPayableCents(), in.GetConfirmIban(), in.GetPayableProblem())
	}
	p := f.mustPay(in.GetId())
	if p.GetStatus() != "pending_sca" || p.GetPaymentUrl() == "" || p.GetAmountCents() != 12000 || p.GetIban() != "FR7630006000011234567890189" {
		t.Fatalf("%v", p)
	}
	asked := f.bank.made[p.GetReference()]
	if asked.GetAmountCents() != 12000 || asked.GetSupplier().GetIban() != p.GetIban() || asked.GetSupplier().GetName() != "Fournitures Martin SAS" ||
		asked.GetSupplier().GetSiren() != "732829320" || asked.GetDescription() != "F-2026-17" || asked.GetMerchantId() != "m1" || asked.GetMerchantVersion() != 3 {
		t.Errorf("asked for %v", asked)
	}
	if v := f.get(in.GetId()); v.GetPayableCents() != 0 || v.GetPayments()[0].GetPaymentUrl() == "" || v.GetStatus() != "received" {
		t.Errorf("while it is open: %v", v)
	}
	for range 2 { // an event may come twice
		f.ends(p, "completed")
		f.send()
	}
	v := f.get(in.GetId())
	types, last := f.events()
	if v.GetStatus() != "payment_sent" || len(v.GetAnswers()) != 1 || v.GetAnswers()[0].GetState() != "sent" || count(types, "invoice.answered") != 1 ||
		last.GetInvoice().GetStatus() != "payment_sent" || v.GetPayments()[0].GetStatus() != "completed" || v.GetPayments()[0].GetPaymentUrl() != "" {
		t.Errorf("%v, announced %v", v, types)
	}
	if at := f.platform.ReceivedDocuments()[0]; !slices.Equal(at.Events, []int{202, 203, 211}) {
		t.Errorf("the platform has %v", at.Events)
	}
	if _, err := f.pay(in.GetId(), ending, ""); !errs.Is(err, errs.InvalidState) || len(f.bank.made) != 1 {
		t.Errorf("paid twice: %v", err)
	}
}

func TestOnePaymentIsOpenAtATime(t *testing.T) {
	t.Parallel()
	f := setup(t)
	in := f.arrives()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := f.pay(in.GetId(), ending, ""); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(f.bank.made) != 1 {
		t.Fatalf("%d payments are made", len(f.bank.made))
	}
	p := f.mustPay(in.GetId())
	for _, code := range []int{207, 208, 210, 211} {
		if err := f.answer(in.GetId(), code, map[bool]string{true: "CMD_ERR"}[code != 211]); !errs.Is(err, errs.InvalidState) {
			t.Errorf("%d while a payment is open: %v", code, err)
		}
	}
	f.must(f.answer(in.GetId(), 205, ""))
	f.ends(p, "failed")
	if v := f.get(in.GetId()); v.GetStatus() != "approved" || v.GetPayableCents() != 12000 || len(v.GetAnswers()) != 1 {
		t.Fatalf("after a failure: %v", v)
	}
	again := f.mustPay(in.GetId())
	if again.GetReference() == p.GetReference() || len(f.bank.made) != 2 {
		t.Errorf("it is not paid anew: %v", again)
	}
	f.ends(p, "completed") // of the one that was believed failed: its money has moved
	if v := f.get(in.GetId()); v.GetStatus() != "payment_sent" || v.GetPayments()[1].GetStatus() != "completed" {
		t.Errorf("the money is not seen: %v", v)
	}
	f.ends(again, "completed")
	f.ends(again, "failed") // what is completed stays so
	if v := f.get(in.GetId()); len(v.GetAnswers()) != 2 || v.GetPayments()[0].GetStatus() != "completed" {
		t.Errorf("told again: %v", v)
	}
}

func TestAKeyIsOnePaymentWhateverBecomesOfIt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	in := f.arrives()
	first, err := f.pay(in.GetId(), ending, "k")
	f.must(err)
	f.ends(first, "cancelled")
	again, err := f.pay(in.GetId(), ending, "k")
	if err != nil || again.GetReference() != first.GetReference() || again.GetStatus() != "cancelled" || len(f.bank.made) != 1 {
		t.Errorf("%v, %v", again, err)
	}
	if _, err := f.pay(in.GetId(), "0188", "k"); !errs.Is(err, errs.IdempotencyConflict) {
		t.Errorf("another request: %v", err)
	}
	second, err := f.pay(in.GetId(), ending, "l")
	f.must(err)
	third, err := f.pay(in.GetId(), ending, "m") // finds the open one
	if err != nil || third.GetReference() != second.GetReference() {
		t.Fatalf("%v, %v", third, err)
	}
	f.ends(second, "failed")
	if later, err := f.pay(in.GetId(), ending, "m"); err != nil || later.GetReference() != second.GetReference() || len(f.bank.made) != 2 {
		t.Errorf("a repeated request pays anew: %v, %v", later, err)
	}
}

// The process dies, or the answer is lost, before or after the payment was made: it is asked for again under the same reference.
func TestAPaymentWithoutAnAnswerIsAskedForAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]*payer{"before": {before: errAway}, "after": {after: errAway}, "without a page": {pageless: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			in := f.arrives()
			f.bank.before, f.bank.after, f.bank.pageless = c.before, c.after, c.pageless
			p := f.mustPay(in.GetId())
			if p.GetStatus() != "pending" || p.GetPaymentUrl() != "" {
				t.Fatalf("%v", p)
			}
			f.bank.before, f.bank.after, f.bank.pageless = nil, nil, false
			if n, err := f.pays.Once(t.Context()); n != 0 || err != nil {
				t.Fatalf("asked again at once: %d, %v", n, err)
			}
			f.clock.Advance(time.Minute)
			if n, err := f.pays.Once(t.Context()); n != 1 || err != nil {
				t.Fatalf("%d were due, %v", n, err)
			}
			got := f.get(in.GetId()).GetPayments()
			if len(got) != 1 || got[0].GetStatus() != "pending_sca" || got[0].GetReference() != p.GetReference() || len(f.bank.made) != 1 {
				t.Errorf("%v, made %d", got, len(f.bank.made))
			}
			f.clock.Advance(time.Hour)
			if n, err := f.pays.Once(t.Context()); n != 0 || err != nil {
				t.Errorf("it is asked for for ever: %d, %v", n, err)
			}
		})
	}
}

// The event of the end may be here before the answer of the call.
func TestAnAnswerAfterTheEndDoesNotOpenThePayment(t *testing.T) {
	t.Parallel()
	f := setup(t)
	in := f.arrives()
	f.bank.after = errAway
	p := f.mustPay(in.GetId())
	f.ends(p, "completed")
	late := Payment{Reference: p.GetReference(), Who: f.who, Status: payPending}
	after, err := f.recordPayment(t.Context(), late, &paymentsv1.Payment{Status: "pending_sca", PaymentUrl: "https://bank.example/x"})
	if err != nil || after.Status != payCompleted {
		t.Errorf("%+v, %v", after, err)
	}
}

func TestARefusalOfThePaymentsServiceEndsIt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	in := f.arrives()
	f.bank.before = errs.New(errs.APIAccessDisabled, "Not enabled.")
	if _, err := f.pay(in.GetId(), ending, ""); !errs.Is(err, errs.APIAccessDisabled) {
		t.Fatal(err)
	}
	v := f.get(in.GetId())
	if v.GetPayments()[0].GetStatus() != "failed" || v.GetPayments()[0].GetFailureCode() != "api_access_disabled" || v.GetPayableCents() != 12000 {
		t.Errorf("%v", v)
	}
	f.bank.before = nil
	f.mustPay(in.GetId())
}

// Another account on a perfect invoice is the usual fraud.
func TestAnAccountIsConfirmedUnlessTheSellerWasPaidOnIt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	first := f.arrives()
	for _, wrong := range []string{"", "0188", "189", "90189", "FR76", "%"} {
		if _, err := f.pay(first.GetId(), wrong, ""); !errs.Is(err, errs.ValidationError) {
			t.Errorf("paid with %q: %v", wrong, err)
		}
	}
	if len(f.bank.made) != 0 {
		t.Fatal("something was paid")
	}
	f.must(f.answer(first.GetId(), 205, "")) // approving it makes nobody known
	if _, err := f.pay(first.GetId(), "", ""); !errs.Is(err, errs.ValidationError) {
		t.Errorf("approved and paid without a look: %v", err)
	}
	p, err := f.pay(first.GetId(), " 01 89 ", "")
	f.must(err)
	f.ends(p, "completed")
	second := f.arrives("F-2026-17", "F-2026-18")
	if second.GetConfirmIban() {
		t.Error("the account is known")
	}
	p, err = f.pay(second.GetId(), "", "")
	f.must(err)
	f.ends(p, "completed")
	changed := f.arrives("F-2026-17", "F-2026-19", "FR7630006000011234567890189", "FR1420041010050500013M02606")
	if _, err := f.pay(changed.GetId(), "", ""); !errs.Is(err, errs.ValidationError) || !changed.GetConfirmIban() {
		t.Errorf("another account: %v", err)
	}
	p, err = f.pay(changed.GetId(), "2606", "")
	f.must(err)
	f.ends(p, "completed")
	if back := f.arrives("F-2026-17", "F-2026-20"); !back.GetConfirmIban() {
		t.Error("it differs from the account that was paid last")
	}
}

func TestAnInvoiceWithSeveralAccountsSaysWhich(t *testing.T) {
	t.Parallel()
	f := setup(t)
	means := `<cac:PaymentMeans><cbc:PaymentMeansCode>58</cbc:PaymentMeansCode><cac:PayeeFinancialAccount><cbc:ID>FR1420041010050500013M02606</cbc:ID></cac:PayeeFinancialAccount></cac:PaymentMeans>`
	in := f.arrives("<cac:PaymentMeans>", means+"<cac:PaymentMeans>")
	p, err := f.pay(in.GetId(), "2606", "")
	if err != nil || p.GetIban() != "FR1420041010050500013M02606" || p.GetName() != "Fournitures Martin SAS" {
		t.Errorf("%v, %v", p, err)
	}
}

func TestWhatIsNotToBePaidIsRefused(t *testing.T) {
	t.Parallel()
	f := setup(t)
	n := 0
	number := func() string { n++; return "N-" + string(rune('A'+n)) }
	for what, changes := range map[string][]string{
		"a credit note":             {">380<", ">381<"},
		"another currency":          {">EUR<", ">USD<"},
		"nothing due":               {`<cbc:PayableAmount currencyID="EUR">120.00<`, `<cbc:PayableAmount currencyID="EUR">0.00<`},
		"less than nothing due":     {`<cbc:PayableAmount currencyID="EUR">120.00<`, `<cbc:PayableAmount currencyID="EUR">-5.00<`},
		"an invoice of others":      {own, "443061841"},
		"direct debit":              {"PaymentMeansCode>58<", "PaymentMeansCode>59<"},
		"an account with an error":  {"FR7630006000011234567890189", "FR7630006000011234567890188"},
		"an account outside SEPA":   {"FR7630006000011234567890189", "US7630006000011234567890189"},
		"a supplier without number": {`<cbc:CompanyID schemeID="0002">732829320</cbc:CompanyID>`, "", `<cbc:ID schemeID="0009">73282932000074</cbc:ID>`, "<cbc:ID>1</cbc:ID>"},
	} {
		in := f.arrives(append([]string{"F-2026-17", number()}, changes...)...)
		if _, err := f.pay(in.GetId(), ending, ""); !errs.Is(err, errs.InvalidState) || in.GetPayableCents() != 0 || in.GetPayableProblem() == "" {
			t.Errorf("%s: %v, payable %d %s", what, err, in.GetPayableCents(), in.GetPayableProblem())
		}
	}
	for code, reason := range map[int]string{206: "CMD_ERR", 207: "CMD_ERR", 208: "CMD_ERR", 210: "CMD_ERR", 211: ""} {
		in := f.arrives("F-2026-17", number())
		f.must(f.answer(in.GetId(), code, reason))
		if _, err := f.pay(in.GetId(), ending, ""); !errs.Is(err, errs.InvalidState) || f.get(in.GetId()).GetPayableCents() != 0 {
			t.Errorf("after %d: %v", code, err)
		}
	}
	damaged := f.deliver("ubl", []byte("<Invoice/>"))
	f.clock.Advance(listEvery)
	f.turn()
	for _, v := range f.all() {
		if v.GetPlatformId() == damaged {
			if _, err := f.pay(v.GetId(), ending, ""); !errs.Is(err, errs.InvalidState) {
				t.Errorf("unreadable: %v", err)
			}
		}
	}
	if _, err := f.pay(uuid.NewString(), ending, ""); !errs.Is(err, errs.NotFoundCode) {
		t.Errorf("unknown: %v", err)
	}
	own := f.arrives("F-2026-17", number())
	if _, _, err := f.Pay(t.Context(), Who{MerchantID: "m2"}, own.GetId(), Wish{Confirm: ending}, Idempotency{}); !errs.Is(err, errs.NotFoundCode) {
		t.Errorf("another merchant's: %v", err)
	}
	if len(f.bank.made) != 0 {
		t.Errorf("%d were paid", len(f.bank.made))
	}
}

func TestADuplicateIsNotPaidTwice(t *testing.T) {
	t.Parallel()
	f := setup(t)
	first, second := f.arrives(), f.arrives()
	p := f.mustPay(second.GetId())
	if _, err := f.pay(first.GetId(), ending, ""); !errs.Is(err, errs.InvalidState) || !strings.Contains(err.Error(), "DOUBLON") {
		t.Errorf("while the other is open: %v", err)
	}
	f.ends(p, "failed")
	p = f.mustPay(first.GetId())
	f.ends(p, "completed")
	if _, err := f.pay(second.GetId(), ending, ""); !errs.Is(err, errs.InvalidState) || len(f.bank.made) != 2 {
		t.Errorf("after the other was paid: %v", err)
	}
}

func (f *fixture) cancels(id string) (*einvoicev1.ReceivedPayment, string, error) {
	return f.CancelPayment(f.t.Context(), f.who, id)
}

// After a cancellation the invoice is payable again, by a payment of its own, and can be answered.
func TestAnOpenPaymentIsCancelled(t *testing.T) {
	t.Parallel()
	f := setup(t)
	in := f.arrives()
	if _, _, err := f.cancels(in.GetId()); !errs.Is(err, errs.InvalidState) {
		t.Fatalf("nothing is open: %v", err)
	}
	p := f.mustPay(in.GetId())
	if _, _, err := f.CancelPayment(t.Context(), Who{MerchantID: "m2"}, in.GetId()); !errs.Is(err, errs.NotFoundCode) {
		t.Errorf("another merchant: %v", err)
	}
	f.bank.cancels = func(string) (*paymentsv1.CancelSupplierPaymentResponse, error) {
		return nil, errs.New(errs.CancelNotSupported, "No.")
	}
	if _, _, err := f.cancels(in.GetId()); !errs.Is(err, errs.CancelNotSupported) || f.get(in.GetId()).GetPayments()[0].GetStatus() != "pending_sca" {
		t.Errorf("a bank that cannot: %v", err)
	}
	f.bank.cancels = func(string) (*paymentsv1.CancelSupplierPaymentResponse, error) {
		return &paymentsv1.CancelSupplierPaymentResponse{Payment: &paymentsv1.Payment{Status: "pending_sca"}, AuthorisationUrl: "https://bank.example/c"}, nil
	}
	if v, url, err := f.cancels(in.GetId()); err != nil || v.GetStatus() != "pending_sca" || url != "https://bank.example/c" {
		t.Errorf("%v, %s, %v", v, url, err)
	}
	f.bank.cancels = nil
	for range 2 {
		if v, _, err := f.cancels(in.GetId()); err != nil || v.GetStatus() != "cancelled" || v.GetReference() != p.GetReference() || v.GetEndedAt() == nil {
			t.Fatalf("%v, %v", v, err)
		}
	}
	f.ends(p, "cancelled") // the event of what is known
	if v := f.get(in.GetId()); v.GetPayableCents() != 12000 || len(v.GetPayments()) != 1 {
		t.Fatalf("%v", v)
	}
	again := f.mustPay(in.GetId())
	f.bank.cancels = func(string) (*paymentsv1.CancelSupplierPaymentResponse, error) { // it was paid meanwhile
		return &paymentsv1.CancelSupplierPaymentResponse{Payment: &paymentsv1.Payment{Status: "completed"}}, nil
	}
	if _, _, err := f.cancels(in.GetId()); !errs.Is(err, errs.InvalidState) {
		t.Errorf("paid meanwhile: %v", err)
	}
	if v := f.get(in.GetId()); v.GetStatus() != "payment_sent" || v.GetPayments()[0].GetReference() != again.GetReference() {
		t.Errorf("%v", v)
	}
}

// A request whose answer was lost may still make the payment after it was cancelled: so it is made first.
func TestAPaymentThatIsBeingMadeIsMadeAndThenCancelled(t *testing.T) {
	t.Parallel()
	f := setup(t)
	in := f.arrives()
	f.bank.before = errAway
	p := f.mustPay(in.GetId())
	if _, _, err := f.cancels(in.GetId()); !errs.Is(err, errs.Unavailable) || f.get(in.GetId()).GetPayments()[0].GetStatus() != "pending" {
		t.Fatalf("nobody knows what becomes of it: %v", err)
	}
	f.bank.before = nil
	v, _, err := f.cancels(in.GetId())
	if err != nil || v.GetStatus() != "cancelled" || f.bank.made[p.GetReference()] == nil || len(f.bank.made) != 1 {
		t.Fatalf("%v, %v", v, err)
	}
	f.clock.Advance(time.Hour)
	if n, err := f.pays.Once(t.Context()); n != 0 || err != nil {
		t.Errorf("it is asked for again: %d, %v", n, err)
	}
}
