package supplier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/internal/kit/vaulttest"
	"european-pay.eu/eupay/internal/run/config"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	sandbox "european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/services/payments/internal/bank"
	"european-pay.eu/eupay/services/payments/internal/engine"
	"european-pay.eu/eupay/services/payments/internal/journal"
	"european-pay.eu/eupay/services/payments/internal/merchant"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
	"european-pay.eu/eupay/services/payments/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	ref  = "SUP-20260617-0B25921FB72918ED"
	iban = "FR7630006000011234567890189"
)

var shop = uuid.NewString()

// rig is the room with everything around it that is real: the database, the engine, the provider's client, and the sandbox bank over HTTP.
type rig struct {
	*Server
	t       *testing.T
	clock   *testclock.Clock
	pool    *pgxpool.Pool
	bank    *sandbox.Bank
	enabled bool
}

// Get implements Merchants.
func (r *rig) Get(_ context.Context, id string, version int64) (merchant.Merchant, error) {
	if version > 1 {
		return merchant.Merchant{}, merchant.ErrNotSynced
	}
	return merchant.Merchant{GatewayEnabled: r.enabled, LiveEnabled: false, Profile: &paymentsv1.Merchant{
		Id: id, Version: 1, Name: "Shop", Iban: "FR1420041010050500013M02606", LegalName: "Shop SARL", LegalStatus: "SARL", Siren: "732829320",
	}}, nil
}

func setup(t *testing.T) *rig {
	t.Helper()
	t.Parallel()
	r := &rig{t: t, clock: testclock.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)), enabled: true}
	quiet := slog.New(slog.DiscardHandler)
	r.pool, _ = pgtest.New(t, "payments", migrations.FS)
	var handler http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { handler.ServeHTTP(w, req) }))
	t.Cleanup(srv.Close)
	settings := sandbox.Defaults()
	settings.ClientID, settings.ClientSecret, settings.BaseURL, settings.Now, settings.Log = "client", "secret", srv.URL, r.clock.Now, quiet
	var err error
	if r.bank, err = sandbox.New(settings); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.must(r.bank.Close()) })
	handler = r.bank.Handler()
	r.restart(srv.URL)
	return r
}

// restart is the service as it begins: what it knew beside the database is lost.
func (r *rig) restart(bankURL string) {
	r.t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	client := powens.New(powens.Config{
		BaseURL: bankURL, ClientID: "client", ClientSecret: "secret", RedirectURI: "https://eupay.example/return", CallTimeout: 20 * time.Second,
	}, r.clock.Now, quiet)
	r.t.Cleanup(client.Close)
	s := store.New(r.pool, vaulttest.New(r.t), r.clock.Now, func() {})
	banks := bank.New(bank.Deps{Pool: r.pool, Test: client, Countries: []string{"FR"}, Now: r.clock.Now, Log: quiet})
	var cfg engine.Config
	r.must(config.Parse(&cfg, nil))
	e := engine.New(cfg, s, banks, nil, client, r.clock.Now, quiet)
	r.Server = NewServer(New(Deps{Store: s, Engine: e, Merchants: r, Now: r.clock.Now, Log: quiet}))
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func request() *paymentsv1.PaySupplierRequest {
	return &paymentsv1.PaySupplierRequest{
		Reference: ref, MerchantId: shop, MerchantVersion: 1, AmountCents: 12000, Currency: "EUR", Description: "F-2026-17", SuccessUrl: "https://portal.example/r/1",
		Supplier: &paymentsv1.Supplier{Name: "Fournitures Martin", Iban: iban, Company: "Fournitures Martin SAS", Siren: "732829320", Address: "1 rue A\n75001 Paris"},
	}
}

func (r *rig) pay() *paymentsv1.Payment {
	r.t.Helper()
	res, err := r.PaySupplier(r.t.Context(), request())
	r.must(err)
	return res.GetPayment()
}

// sweep does what is due when the payment is due next.
func (r *rig) sweep() {
	r.t.Helper()
	var due time.Time
	r.must(r.pool.QueryRow(r.t.Context(), `select due_at from payments where reference = $1`, ref).Scan(&due))
	if d := due.Sub(r.clock.Now()); d > 0 {
		r.clock.Advance(d)
	}
	claimed, err := r.room.Store.ClaimDue(r.t.Context(), 10, time.Minute)
	r.must(err)
	for _, p := range claimed {
		r.room.Engine.Process(r.t.Context(), p)
	}
}

func (r *rig) announced(event string) (n int) {
	r.t.Helper()
	r.must(r.pool.QueryRow(r.t.Context(), `select count(*) from outbox where event_type = $1`, event).Scan(&n))
	return n
}

func TestASupplierIsPaidWhatTheInvoiceSays(t *testing.T) {
	r := setup(t)
	p := r.pay()
	if p.GetStatus() != "pending_sca" || p.GetPaymentUrl() == "" || p.GetKind() != "supplier" {
		t.Fatalf("%v", p)
	}
	at := r.bank.ByReference(ref)
	if len(at) != 1 || at[0].BeneficiaryIBAN != iban || at[0].Cents != 12000 || at[0].Label != "F-2026-17" || at[0].PayerIBAN != "" {
		t.Fatalf("the bank has %+v", at)
	}
	known, err := r.room.Store.ByReference(t.Context(), ref)
	r.must(err)
	if known.Beneficiary.Name != "Fournitures Martin" || known.Beneficiary.IBAN != iban || known.Payer.Identity.SIREN != "732829320" || known.Payer.IBAN != "" {
		t.Errorf("%+v", known)
	}
	var plain string
	var sealed []byte
	r.must(r.pool.QueryRow(t.Context(), `select beneficiary_iban, beneficiary_iban_sealed from payments`).Scan(&plain, &sealed))
	if plain != "" || len(sealed) == 0 {
		t.Errorf("the account is stored as %q, sealed %d bytes", plain, len(sealed))
	}
	r.must(r.bank.Authorise(at[0].ID))
	r.sweep()
	if p = r.pay(); p.GetStatus() != "completed" || r.announced("supplier.completed") != 1 || r.announced("payment.completed") != 0 {
		t.Errorf("it is %s, announced %d times", p.GetStatus(), r.announced("supplier.completed"))
	}
}

// TestWhatAMerchantPaysIsNotAmongWhatItTakes: a payment to a supplier is not in the merchant's list, cannot be read as one of its payments, is not
// in its books, and no money is expected for it.
func TestWhatAMerchantPaysIsNotAmongWhatItTakes(t *testing.T) {
	r := setup(t)
	r.pay()
	r.must(r.bank.Authorise(r.bank.ByReference(ref)[0].ID))
	r.sweep()
	if _, err := r.room.Store.Get(t.Context(), shop, false, ref); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("it is found: %v", err)
	}
	if _, n, err := r.room.Store.List(t.Context(), store.Filter{MerchantID: shop}, 10, 0); err != nil || n.Rows != 0 {
		t.Errorf("listed %d, %v", n.Rows, err)
	}
	for basis := range paymentsv1.JournalBasis_name {
		if basis == 0 {
			continue
		}
		res, err := journal.NewServer(r.pool).ListJournal(t.Context(), &paymentsv1.ListJournalRequest{
			MerchantId: shop, Basis: paymentsv1.JournalBasis(basis), From: timestamppb.New(time.Unix(0, 0)), To: timestamppb.New(r.clock.Now().Add(time.Hour)), Limit: 10,
		})
		if err != nil || len(res.GetRows()) != 0 {
			t.Errorf("in journal %d: %v, %v", basis, res.GetRows(), err)
		}
	}
	known, err := r.room.Store.ByReference(t.Context(), ref)
	r.must(err)
	now := r.clock.Now()
	if _, ok := payment.Witness(&known, &now, now); ok || known.Refundable() != 0 {
		t.Error("money is expected of it, or can be given back")
	}
}

func TestOneReferenceIsOnePaymentAlsoAtTheSameTime(t *testing.T) {
	r := setup(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := r.PaySupplier(t.Context(), request()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(r.bank.Payments()); n != 1 || r.announced("supplier.created") != 1 {
		t.Errorf("the bank has %d payments, %d are recorded", n, r.announced("supplier.created"))
	}
}

// The process dies after the bank has made the payment: it is found by its reference and not made again.
func TestAPaymentWhoseAnswerWasLostIsFoundAgain(t *testing.T) {
	r := setup(t)
	r.must(r.bank.SetFaults(sandbox.Fault{Kind: "lost-answer", Operation: "create", Times: 1}))
	if p := r.pay(); p.GetStatus() != "pending" || p.GetPaymentUrl() != "" {
		t.Fatalf("%v", p)
	}
	r.sweep()
	if p := r.pay(); p.GetStatus() != "pending_sca" || p.GetPaymentUrl() == "" || len(r.bank.Payments()) != 1 {
		t.Errorf("%v, and the bank has %d", p, len(r.bank.Payments()))
	}
}

// The process dies after it has recorded the payment and before it asked the bank: the payment's due time goes on with it.
func TestAPaymentThatWasOnlyRecordedIsMade(t *testing.T) {
	r := setup(t)
	m, err := r.Get(t.Context(), shop, 1)
	r.must(err)
	in := request()
	_, _, err = r.room.Store.Create(t.Context(), r.room.payment(Wish{
		Reference: ref, MerchantID: shop, Amount: 12000, Currency: "EUR", Description: in.GetDescription(), Supplier: party(in.GetSupplier()),
	}, m), store.Idempotency{}, store.Meta{})
	r.must(err)
	if p := r.pay(); p.GetStatus() != "pending" || len(r.bank.Payments()) != 0 {
		t.Fatalf("asking again requests a payment that may be on its way: %v", p)
	}
	for range 8 {
		r.sweep()
	}
	if p := r.pay(); p.GetStatus() != "pending_sca" || len(r.bank.Payments()) != 1 {
		t.Errorf("%v, and the bank has %d", p, len(r.bank.Payments()))
	}
}

func TestWhatCannotBePaidIsRefusedAndNotRecorded(t *testing.T) {
	r := setup(t)
	for what, c := range map[string]struct {
		change func(*paymentsv1.PaySupplierRequest)
		code   errs.Code
	}{
		"a reference of a payment": {func(p *paymentsv1.PaySupplierRequest) { p.Reference = "PAY-20260617-0B25921FB72918ED" }, errs.InvalidState},
		"an account with an error": {func(p *paymentsv1.PaySupplierRequest) { p.Supplier.Iban = "FR7630006000011234567890188" }, errs.InvalidState},
		"nothing":                  {func(p *paymentsv1.PaySupplierRequest) { p.AmountCents = 0 }, errs.InvalidState},
		"another currency":         {func(p *paymentsv1.PaySupplierRequest) { p.Currency = "USD" }, errs.InvalidState},
		"nobody":                   {func(p *paymentsv1.PaySupplierRequest) { p.Supplier.Name = "" }, errs.InvalidState},
		"a seller without a SIREN": {func(p *paymentsv1.PaySupplierRequest) { p.Supplier.Siren = "" }, errs.InvalidState},
		"without live mode":        {func(p *paymentsv1.PaySupplierRequest) { p.Livemode = true }, errs.LiveNotConfigured},
		"before the merchant":      {func(p *paymentsv1.PaySupplierRequest) { p.MerchantVersion = 2 }, errs.Unavailable},
	} {
		in := request()
		c.change(in)
		if _, err := r.PaySupplier(t.Context(), in); !errs.Is(err, c.code) {
			t.Errorf("%s: %v", what, err)
		}
	}
	r.enabled = false
	if _, err := r.PaySupplier(t.Context(), request()); !errs.Is(err, errs.APIAccessDisabled) {
		t.Errorf("a merchant that may not: %v", err)
	}
	if r.announced("supplier.created") != 0 || len(r.bank.Payments()) != 0 {
		t.Error("something was recorded")
	}
}

// A reference that pays another account, amount or merchant is never taken for the one that is asked for.
func TestAReferenceIsNotTakenForAnotherPayment(t *testing.T) {
	r := setup(t)
	r.pay()
	for i, change := range []func(*paymentsv1.PaySupplierRequest){
		func(p *paymentsv1.PaySupplierRequest) { p.MerchantId = uuid.NewString() },
		func(p *paymentsv1.PaySupplierRequest) { p.AmountCents = 1 },
		func(p *paymentsv1.PaySupplierRequest) { p.Supplier.Iban = "FR1420041010050500013M02606" },
	} {
		in := proto.CloneOf(request())
		change(in)
		if res, err := r.PaySupplier(t.Context(), in); !errs.Is(err, errs.InvalidState) {
			t.Error(fmt.Sprint(i), res, err)
		}
	}
}

func TestARefusalAtTheBankEndsIt(t *testing.T) {
	r := setup(t)
	r.pay()
	r.must(r.bank.Refuse(r.bank.ByReference(ref)[0].ID))
	r.sweep()
	if p := r.pay(); p.GetStatus() != "cancelled" || r.announced("supplier.cancelled") != 1 || r.announced("supplier.completed") != 0 {
		t.Errorf("%v", p)
	}
}

func (r *rig) cancel(change ...func(*paymentsv1.CancelSupplierPaymentRequest)) (*paymentsv1.CancelSupplierPaymentResponse, error) {
	in := &paymentsv1.CancelSupplierPaymentRequest{Reference: ref, MerchantId: shop}
	for _, c := range change {
		c(in)
	}
	return r.CancelSupplierPayment(r.t.Context(), in)
}

// The bank is told, so nobody can authorise afterwards what was cancelled; and cancelling twice is cancelling once.
func TestAnOpenPaymentIsCancelledAtTheBank(t *testing.T) {
	r := setup(t)
	if _, err := r.cancel(); !errs.Is(err, errs.NotFoundCode) {
		t.Fatalf("before there is one: %v", err)
	}
	r.pay()
	for what, change := range map[string]func(*paymentsv1.CancelSupplierPaymentRequest){
		"another merchant": func(in *paymentsv1.CancelSupplierPaymentRequest) { in.MerchantId = uuid.NewString() },
		"live mode":        func(in *paymentsv1.CancelSupplierPaymentRequest) { in.Livemode = true },
	} {
		if _, err := r.cancel(change); !errs.Is(err, errs.NotFoundCode) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for range 2 {
		res, err := r.cancel()
		if err != nil || res.GetPayment().GetStatus() != "cancelled" {
			t.Fatalf("%v, %v", res, err)
		}
	}
	if err := r.bank.Authorise(r.bank.ByReference(ref)[0].ID); err == nil {
		t.Error("it can still be authorised")
	}
	if r.announced("supplier.cancelled") != 1 || r.pay().GetStatus() != "cancelled" || len(r.bank.Payments()) != 1 {
		t.Errorf("announced %d times, and the bank has %d payments", r.announced("supplier.cancelled"), len(r.bank.Payments()))
	}
}

func TestAPaidSupplierIsNotCancelled(t *testing.T) {
	r := setup(t)
	r.pay()
	r.must(r.bank.Authorise(r.bank.ByReference(ref)[0].ID))
	if _, err := r.cancel(); !errs.Is(err, errs.InvalidState) || r.announced("supplier.cancelled") != 0 {
		t.Errorf("at the bank it is authorised: %v", err)
	}
	for range 2 {
		if r.pay().GetStatus() != "completed" {
			r.sweep()
		}
	}
	if _, err := r.cancel(); !errs.Is(err, errs.InvalidState) || r.pay().GetStatus() != "completed" {
		t.Errorf("after its end: %v", err)
	}
}
