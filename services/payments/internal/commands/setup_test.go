package commands

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/vaulttest"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/command"
	"european-pay.eu/eupay/internal/run/config"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/bank"
	"european-pay.eu/eupay/services/payments/internal/engine"
	"european-pay.eu/eupay/services/payments/internal/link"
	"european-pay.eu/eupay/services/payments/internal/merchant"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
	"european-pay.eu/eupay/services/payments/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// provider remembers what it was asked to create. hold, when set, keeps creates waiting until it is closed.
type provider struct {
	mu      sync.Mutex
	created map[string]powens.Payment
	byRef   map[string]int
	banks   map[string]string // by reference
	hold    chan struct{}
	// holdAnswers keeps the answers to creates that took effect.
	holdAnswers chan struct{}
	began       atomic.Int64
	// holdReads does the same to reads.
	holdReads chan struct{}
	reads     atomic.Int64
}

func (p *provider) CreatePayment(ctx context.Context, r powens.CreateRequest) (powens.Payment, error) {
	p.began.Add(1)
	if p.hold != nil {
		select {
		case <-p.hold:
		case <-ctx.Done():
			return powens.Payment{}, &powens.Error{Ambiguous: true, Err: ctx.Err()}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	made := powens.Payment{ID: fmt.Sprint(len(p.created) + 1), State: powens.Created, ReferenceID: r.ReferenceID, Amount: r.Amount, Currency: r.Currency}
	p.created[made.ID] = made
	p.byRef[r.ReferenceID]++
	p.banks[r.ReferenceID] = r.BankID
	if p.holdAnswers != nil {
		p.mu.Unlock()
		<-p.holdAnswers
		p.mu.Lock()
	}
	return made, nil
}

func (p *provider) PaymentURL(_ context.Context, id, _ string) (string, error) {
	return "https://bank.example/" + id, nil
}

func (p *provider) GetPayment(ctx context.Context, id string) (powens.Payment, error) {
	p.reads.Add(1)
	if p.holdReads != nil {
		select {
		case <-p.holdReads:
		case <-ctx.Done():
			return powens.Payment{}, &powens.Error{Ambiguous: true, Err: ctx.Err()}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.created[id], nil
}

func (p *provider) FindByReference(context.Context, string) ([]powens.Payment, error) {
	return nil, nil
}

func (p *provider) CancelPayment(_ context.Context, id, _ string) (powens.Cancellation, error) {
	got := p.set(id, powens.Rejected, "cancelledByUser")
	return powens.Cancellation{Outcome: powens.Cancelled, Payment: got}, nil
}

func (p *provider) set(id string, s powens.State, code string) powens.Payment {
	p.mu.Lock()
	defer p.mu.Unlock()
	got := p.created[id]
	got.State, got.ErrorCode = s, code
	if s == powens.Done {
		got.Payer = &powens.Account{IBAN: "FR7630006000011234567890189", Label: "PAYER"}
	}
	p.created[id] = got
	return got
}

type bench struct {
	*Handler
	t        *testing.T
	bus      *bus.Bus
	provider *provider
	client   *command.Client
	store    *store.Store
	pool     *pgxpool.Pool
	links    *link.Links
	ages     *ages
	// bankGone makes goodBank one that does not fit.
	bankGone *atomic.Bool
}

// ages is the clock of the merchants: it expires their cache on every call, unless time stands still.
type ages struct {
	n     atomic.Int64
	still atomic.Bool
}

func (a *ages) now() time.Time {
	if a.still.Load() {
		return time.Unix(0, 0)
	}
	return time.Unix(0, 0).Add(time.Duration(a.n.Add(1)) * time.Hour)
}

func setup(t *testing.T, change ...func(*engine.Config, *provider)) *bench {
	t.Helper()
	t.Parallel()
	pool, _ := pgtest.New(t, "payments", migrations.FS)
	b := natstest.New(t)
	var cfg engine.Config
	if err := config.Parse(&cfg, nil); err != nil {
		t.Fatal(err)
	}
	prov := &provider{created: map[string]powens.Payment{}, byRef: map[string]int{}, banks: map[string]string{}}
	for _, c := range change {
		c(&cfg, prov)
	}
	log := slog.New(slog.DiscardHandler)
	s := store.New(pool, vaulttest.New(t), time.Now, func() {})
	e := engine.New(cfg, s, banks{}, nil, prov, time.Now, log)
	clock, gone := &ages{}, &atomic.Bool{}
	links := link.New(link.Deps{Pool: pool, Store: s, PagesURL: "https://pay.example", Wake: func() {}, Now: time.Now, Log: log})
	h := New(s, e, Rooms{linked, merchant.New(pool, clock.now), banks{gone}, links}, b, time.Now, log)
	client, err := command.NewClient(b, "gateway")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		client.Close()
	})
	set := &bench{Handler: h, t: t, bus: b, provider: prov, client: client, store: s, pool: pool, links: links, ages: clock, bankGone: gone}
	set.hears(&eventsv1.MerchantChanged{Profile: shop, GatewayEnabled: true, EpcEnabled: true})
	return set
}

// hears applies a merchant event of the gateway.
func (b *bench) hears(m *eventsv1.MerchantChanged) {
	b.t.Helper()
	data, err := proto.Marshal(m)
	if err != nil {
		b.t.Fatal(err)
	}
	e := consume.Event{Event: events.Event{ID: events.NewID(), Type: "merchant.updated", Merchant: m.GetProfile().GetId(), Time: time.Now(), Data: data}}
	err = pgx.BeginFunc(b.t.Context(), b.pool, func(tx pgx.Tx) error { return merchant.Handle(b.t.Context(), tx, []consume.Event{e}) })
	if err != nil {
		b.t.Fatal(err)
	}
}

// accounts stands in for the customers' linked accounts: each customer has one, "main", in test mode.
type accounts struct{}

var linked accounts

const payerIBAN = "FR7630006000011234567890189"

func (accounts) Lookup(_ context.Context, customerID string, livemode bool, accountID string) (payment.Party, error) {
	if livemode || customerID == "" || accountID != "main" {
		return payment.Party{}, errs.NotFound("Account")
	}
	return payment.Party{Name: "Camille Payer", IBAN: payerIBAN}, nil
}

// banks stands in for the list of banks: goodBank fits until it is gone, every other one does not.
type banks struct{ gone *atomic.Bool }

func (b banks) Fit(_ bool, id string, _ bank.Want) (payment.Settlement, error) {
	if id != goodBank || b.gone.Load() {
		return "", errs.New(errs.BankIncompatible, "no")
	}
	return payment.Untracked, nil
}

func (banks) Settlement(_ bool, id, _ string) payment.Settlement {
	if id == goodBank {
		return payment.Untracked
	}
	return payment.SettlementUnknown
}

const goodBank = "5a0d0b01-0001-5b0c-8000-000000000001"

var shop = &paymentsv1.Merchant{Id: uuid.NewString(), Name: "Shop", Iban: "FR1420041010050500013M02606", Version: 1}

func order(n int) *paymentsv1.CreatePayment {
	return &paymentsv1.CreatePayment{
		Reference: fmt.Sprintf("PAY-20260617-%016X", n), Merchant: shop, AmountCents: 2999, Currency: "EUR", Description: "Order",
	}
}

// send sends a command and returns its replies up to the last one.
func (b *bench) send(subject string, m proto.Message) []*paymentsv1.CommandReply {
	b.t.Helper()
	call, err := b.client.Send(b.t.Context(), subject, m, command.Meta{})
	if err != nil {
		b.t.Fatal(err)
	}
	defer call.Close()
	ctx, cancel := context.WithTimeout(b.t.Context(), 30*time.Second)
	defer cancel()
	var all []*paymentsv1.CommandReply
	for {
		r, err := call.Next(ctx)
		if err != nil {
			b.t.Errorf("%d replies to %s, then %v", len(all), subject, err)
			return all
		}
		all = append(all, r)
		if r.GetStage() != paymentsv1.CommandReply_STAGE_RECORDED {
			return all
		}
	}
}

func last(all []*paymentsv1.CommandReply) *paymentsv1.CommandReply { return all[len(all)-1] }

// pay creates a payment and lets the bank complete it.
func (b *bench) pay(n int) *paymentsv1.Payment {
	b.t.Helper()
	p := last(b.send(command.CreatePayment, order(n))).GetPayment()
	stored, err := b.store.ByReference(b.t.Context(), p.GetReference())
	if err != nil {
		b.t.Fatal(err)
	}
	b.provider.set(stored.ProviderID, powens.Done, "")
	after := last(b.send(command.ProviderUpdate, &paymentsv1.ProviderUpdate{ProviderPaymentId: stored.ProviderID, Source: "webhook"})).GetPayment()
	if after.GetStatus() != string(payment.Completed) {
		b.t.Fatalf("after the hint the payment is %s", after.GetStatus())
	}
	return after
}

// until waits until the condition holds.
func (b *bench) until(what string, ok func() bool) {
	b.t.Helper()
	deadline, tick := time.After(time.Minute), time.NewTicker(2*time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			b.t.Fatalf("it did not happen: %s", what)
		case <-tick.C:
		}
	}
}

// commandsConsumer returns the broker's state of the command consumer.
func (b *bench) commandsConsumer() (*jetstream.ConsumerInfo, error) {
	c, err := b.bus.JS.Consumer(b.t.Context(), bus.Commands, durable)
	if err != nil {
		return nil, err
	}
	return c.CachedInfo(), nil
}
