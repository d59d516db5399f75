package engine

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/vaulttest"
	"european-pay.eu/eupay/internal/run/config"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
	"european-pay.eu/eupay/services/payments/migrations"
)

type bench struct {
	*Engine
	t     *testing.T
	bank  *bank
	store *store.Store
	pool  *pgxpool.Pool
	clock time.Time
}

// Refresh reads a payment, which must be possible to record.
func (b *bench) Refresh(ctx context.Context, p payment.Payment, cause string) payment.Payment {
	b.t.Helper()
	after, err := b.Engine.Refresh(ctx, p, cause)
	if err != nil {
		b.t.Error(err)
	}
	return after
}

const reference = "PAY-20260617-0B25921FB72918ED"

func setup(t *testing.T) *bench {
	t.Helper()
	t.Parallel()
	pool, _ := pgtest.New(t, "payments", migrations.FS)
	b := &bench{t: t, bank: &bank{}, pool: pool, clock: time.Date(2026, 6, 17, 12, 20, 20, 0, time.UTC)}
	now := func() time.Time { return b.clock }
	b.store = store.New(pool, vaulttest.New(t), now, func() {})
	var cfg Config
	if err := config.Parse(&cfg, nil); err != nil {
		t.Fatal(err)
	}
	b.Engine = New(cfg, b.store, noBanks{}, nil, b.bank, now, slog.New(slog.DiscardHandler))
	return b
}

// recorded is a payment as the command handler records it right before it asks the provider.
func (b *bench) recorded() payment.Payment {
	b.t.Helper()
	now, due := b.clock, b.NewDueAt()
	p, _, err := b.store.Create(b.t.Context(), payment.Payment{
		Reference: reference, Kind: payment.KindPayment, MerchantID: uuid.NewString(), Amount: 2999, Currency: "EUR",
		Description: "Order #1042", ExecutionType: "instant", MerchantName: "Shop",
		Beneficiary: payment.Party{Name: "Shop", IBAN: "FR1420041010050500013M02606", Kind: payment.Corporate},
		RequestedAt: &now, DueAt: &due, ExpiresAt: now.Add(b.cfg.SessionTTL),
	}, store.Idempotency{}, store.Meta{})
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

// sweep moves the clock to when the payment is due and touches it, as the sweeper would.
func (b *bench) sweep() payment.Payment {
	b.t.Helper()
	p := b.load()
	if p.DueAt == nil {
		b.t.Fatalf("a payment that is %s is due to nobody", p.Status)
	}
	if p.DueAt.After(b.clock) {
		b.clock = *p.DueAt
	}
	claimed, err := b.store.ClaimDue(b.t.Context(), 10, b.cfg.Lease)
	if err != nil || len(claimed) != 1 {
		b.t.Fatalf("claimed %d, %v", len(claimed), err)
	}
	return b.Process(b.t.Context(), claimed[0])
}

func (b *bench) load() payment.Payment {
	b.t.Helper()
	p, err := b.store.ByReference(b.t.Context(), reference)
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func (b *bench) want(p payment.Payment, status payment.Status, detail, failure string) {
	b.t.Helper()
	if p.Status != status || p.Detail != detail || p.Failure != failure {
		b.t.Fatalf("payment is %s/%s/%s, want %s/%s/%s", p.Status, p.Detail, p.Failure, status, detail, failure)
	}
}

func (b *bench) events(eventType string) (n int) {
	b.t.Helper()
	if err := b.pool.QueryRow(b.t.Context(), `select count(*) from outbox where event_type = $1`, eventType).Scan(&n); err != nil {
		b.t.Fatal(err)
	}
	return n
}

func TestAPaymentIsOpenedAndCompleted(t *testing.T) {
	b := setup(t)
	p := b.Request(t.Context(), b.recorded())
	b.want(p, payment.PendingSCA, "", "")
	if p.PaymentURL != "https://bank.example/1000?state="+reference {
		t.Errorf("payer's URL %s", p.PaymentURL)
	}
	b.bank.set(powens.Done, func(p *powens.Payment) { p.Payer = &powens.Account{IBAN: "FR7630006000011234567890189", Label: "P"} })
	p = b.Refresh(t.Context(), p, payment.CauseProvider)
	b.want(p, payment.Completed, "", "")
	if p.Payer.IBAN == "" || p.CompletedAt == nil || p.Sequence != 3 {
		t.Errorf("completed as %+v", p)
	}
	if b.events("payment.completed") != 1 {
		t.Error("completion was not announced once")
	}
}

func TestACreateWhoseAnswerIsLostIsFoundAgain(t *testing.T) {
	b := setup(t)
	b.bank.onCreate = func(create func() powens.Payment) (powens.Payment, error) {
		create()
		return powens.Payment{}, lost
	}
	b.want(b.Request(t.Context(), b.recorded()), payment.Pending, "", "")
	p := b.sweep()
	b.want(p, payment.PendingSCA, "", "")
	if b.bank.creates != 1 || p.ProviderID != "1000" {
		t.Errorf("%d creates, adopted %s", b.bank.creates, p.ProviderID)
	}
}

func TestALookupThatFailsNeverLeadsToASecondCreate(t *testing.T) {
	b := setup(t)
	b.bank.onCreate = func(create func() powens.Payment) (powens.Payment, error) {
		create()
		return powens.Payment{}, lost
	}
	b.Request(t.Context(), b.recorded())
	b.bank.findErr = lost
	for range 12 {
		b.want(b.sweep(), payment.Pending, "", "")
	}
	b.bank.findErr = nil
	b.want(b.sweep(), payment.PendingSCA, "", "")
	if b.bank.creates != 1 {
		t.Errorf("%d creates", b.bank.creates)
	}
}

func TestAPaymentThatWasNeverSentIsSentLater(t *testing.T) {
	b := setup(t)
	b.bank.onCreate = func(func() powens.Payment) (powens.Payment, error) { return powens.Payment{}, notSent }
	p := b.Request(t.Context(), b.recorded())
	if p.RequestedAt != nil {
		t.Error("it counts as possibly created")
	}
	b.bank.onCreate = nil
	b.want(b.sweep(), payment.PendingSCA, "", "")
}

func TestARefusedPaymentFails(t *testing.T) {
	b := setup(t)
	b.bank.onCreate = func(func() powens.Payment) (powens.Payment, error) { return powens.Payment{}, refused }
	b.want(b.Request(t.Context(), b.recorded()), payment.Failed, payment.DetailRefused, "invalid_value")
	if b.events("payment.failed") != 1 {
		t.Error("the failure was not announced once")
	}
}

func TestWithoutAURLThePaymentStaysPendingAndGetsOneLater(t *testing.T) {
	b := setup(t)
	b.bank.urlErr = lost
	p := b.Request(t.Context(), b.recorded())
	b.want(p, payment.Pending, "", "")
	if p.ProviderID != "1000" {
		t.Errorf("provider id %q", p.ProviderID)
	}
	b.bank.urlErr = nil
	p = b.sweep()
	b.want(p, payment.PendingSCA, "", "")
	if b.bank.creates != 1 || p.PaymentURL == "" {
		t.Errorf("%d creates, URL %q", b.bank.creates, p.PaymentURL)
	}
}

func TestASecondProviderPaymentIsCancelled(t *testing.T) {
	b := setup(t)
	b.bank.onCreate = func(create func() powens.Payment) (powens.Payment, error) {
		create()
		create()
		return powens.Payment{}, lost
	}
	b.Request(t.Context(), b.recorded())
	p := b.sweep()
	if p.ProviderID != "1000" || len(b.bank.cancels) != 1 || b.bank.cancels[0] != "1001" {
		t.Errorf("kept %s, cancelled %v", p.ProviderID, b.bank.cancels)
	}
}

func TestAnotherAmountNeverCompletesAPayment(t *testing.T) {
	b := setup(t)
	p := b.Request(t.Context(), b.recorded())
	b.bank.set(powens.Done, func(p *powens.Payment) { p.Amount = 1 })
	b.want(b.Refresh(t.Context(), p, payment.CauseProvider), payment.PendingSCA, payment.DetailMismatch, "")
}

func TestTheReconcilerCompensatesALostWebhook(t *testing.T) {
	b := setup(t)
	b.Request(t.Context(), b.recorded())
	b.bank.set(powens.Validating)
	b.want(b.sweep(), payment.PendingSCA, payment.DetailAuthorising, "")
	b.bank.set(powens.Done)
	b.want(b.sweep(), payment.Completed, "", "")
}

func TestQuietPaymentsArePolledLessAndLessOften(t *testing.T) {
	b := setup(t)
	b.Request(t.Context(), b.recorded())
	last := time.Duration(0)
	for i := range 9 {
		before := b.clock
		b.sweep()
		wait := b.load().DueAt.Sub(b.clock)
		if wait > b.cfg.QuietMax*6/5 || (i > 0 && wait < last*6/10 /* the spread of ±20 % */) {
			t.Errorf("look %d: waits %s after %s", i, wait, last)
		}
		last = wait
		if b.clock.Equal(before) && i > 0 {
			t.Error("due at once")
		}
	}
}

func TestASilentPaymentIsAnnouncedAsStalledOnce(t *testing.T) {
	b := setup(t)
	b.Request(t.Context(), b.recorded())
	b.bank.set(powens.Pending)
	for range 14 {
		b.sweep()
	}
	p := b.load()
	if p.StalledAt == nil || b.events("payment.stalled") != 1 {
		t.Errorf("stalled at %v, announced %d times", p.StalledAt, b.events("payment.stalled"))
	}
	b.bank.set(powens.Done)
	b.want(b.sweep(), payment.Completed, "", "")
}

func TestAPaymentThatOnlyWaitsForItsPayerIsNotStalled(t *testing.T) {
	b := setup(t)
	b.Request(t.Context(), b.recorded())
	for range 12 {
		b.sweep()
	}
	if n := b.events("payment.stalled"); n != 0 {
		t.Errorf("announced %d times", n)
	}
}

func TestANeverAuthorisedPaymentExpiresThroughTheBank(t *testing.T) {
	b := setup(t)
	b.Request(t.Context(), b.recorded())
	b.clock = b.clock.Add(b.cfg.SessionTTL)
	for range 3 {
		if b.load().Status.Final() {
			break
		}
		b.sweep()
	}
	b.want(b.load(), payment.Failed, "", payment.FailureExpired)
	if len(b.bank.cancels) != 1 {
		t.Errorf("cancelled %v", b.bank.cancels)
	}
}

func TestAPaymentAuthorisedAtTheLastMomentIsNotExpired(t *testing.T) {
	b := setup(t)
	b.Request(t.Context(), b.recorded())
	b.clock = b.clock.Add(b.cfg.SessionTTL + time.Minute)
	b.bank.onCancel = func(p *powens.Payment) (powens.Cancellation, error) {
		p.State = powens.Pending
		return powens.Cancellation{}, &powens.Error{Op: "cancel payment", Status: 409, Code: "conflict"}
	}
	b.want(b.sweep(), payment.PendingSCA, payment.DetailBankProcessing, "")
	b.bank.set(powens.Done)
	b.want(b.sweep(), payment.Completed, "", "")
}

func TestCancelOutcomes(t *testing.T) {
	approve := "https://bank.example/approve"
	tests := []struct {
		name     string
		onCancel func(p *powens.Payment) (powens.Cancellation, error)
		status   payment.Status
		detail   string
		failure  string
		code     errs.Code
		url      string
		pursued  bool
	}{
		{name: "at once", status: payment.Cancelled, failure: "cancelled_by_client"},
		{
			name: "the payer must approve", status: payment.PendingSCA, detail: payment.DetailCancelling, url: approve,
			onCancel: func(p *powens.Payment) (powens.Cancellation, error) {
				p.State, p.StateDetail = powens.Pending, "cancelling_webauth"
				return powens.Cancellation{Outcome: powens.NeedsPayer, Payment: *p, URL: approve}, nil
			},
		},
		{
			name: "not supported", status: payment.PendingSCA, code: errs.CancelNotSupported,
			onCancel: func(*powens.Payment) (powens.Cancellation, error) {
				return powens.Cancellation{Outcome: powens.NotSupported}, nil
			},
		},
		{
			name: "answer lost, nothing done", status: payment.PendingSCA, pursued: true,
			onCancel: func(*powens.Payment) (powens.Cancellation, error) { return powens.Cancellation{}, lost },
		},
		{
			name: "answer lost, done", status: payment.Cancelled, failure: "cancelled_by_user",
			onCancel: func(p *powens.Payment) (powens.Cancellation, error) {
				p.State, p.ErrorCode = powens.Rejected, "CancelledByUser"
				return powens.Cancellation{}, lost
			},
		},
		{
			name: "too late", status: payment.Completed, code: errs.InvalidState,
			onCancel: func(p *powens.Payment) (powens.Cancellation, error) {
				p.State = powens.Done
				return powens.Cancellation{}, refused
			},
		},
		{
			name: "refused", status: payment.PendingSCA, detail: payment.DetailAuthorising, code: errs.InvalidState,
			onCancel: func(p *powens.Payment) (powens.Cancellation, error) {
				p.State = powens.Validating
				return powens.Cancellation{}, refused
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := setup(t)
			p := b.Request(t.Context(), b.recorded())
			b.bank.onCancel = tt.onCancel
			after, url, err := b.Cancel(t.Context(), p)
			if code := errs.From(err); (err == nil) != (tt.code == "") || (err != nil && code.Code != tt.code) {
				t.Fatalf("error %v, want %s", err, tt.code)
			}
			b.want(after, tt.status, tt.detail, tt.failure)
			if url != tt.url || after.CancelRequested != tt.pursued {
				t.Errorf("URL %q, pursued %v", url, after.CancelRequested)
			}
			b.bank.onCancel = nil
			if tt.pursued {
				b.want(b.sweep(), payment.Cancelled, "", "cancelled_by_client")
			}
		})
	}
}

func TestCancelBeforeTheProviderHasIt(t *testing.T) {
	b := setup(t)
	b.bank.onCreate = func(func() powens.Payment) (powens.Payment, error) { return powens.Payment{}, notSent }
	p := b.Request(t.Context(), b.recorded())
	after, _, err := b.Cancel(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	b.want(after, payment.Cancelled, "", "cancelled_by_client")
	if _, _, err := b.Cancel(t.Context(), after); err != nil {
		t.Errorf("cancelled twice: %v", err)
	}
}

func TestCancelWithAnUnknownCreateOutcome(t *testing.T) {
	b := setup(t)
	b.bank.onCreate = func(create func() powens.Payment) (powens.Payment, error) {
		create()
		return powens.Payment{}, lost
	}
	p := b.Request(t.Context(), b.recorded())
	after, _, err := b.Cancel(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	b.want(after, payment.Pending, "", "")
	for range 3 {
		if b.load().Status.Final() {
			break
		}
		b.sweep()
	}
	b.want(b.load(), payment.Cancelled, "", "cancelled_by_client")
	if b.bank.creates != 1 {
		t.Errorf("%d creates", b.bank.creates)
	}
}

func TestLivePaymentsNeedALiveProvider(t *testing.T) {
	b := setup(t)
	if _, err := b.Provider(true); !errs.Is(err, errs.LiveNotConfigured) {
		t.Errorf("got %v", err)
	}
}

// noBanks knows no bank.
type noBanks struct{}

func (noBanks) Settlement(bool, string, string) payment.Settlement { return payment.SettlementUnknown }
