package ledger

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
	"european-pay.eu/eupay/services/einvoice/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type clock struct {
	mu sync.Mutex
	at time.Time
	// reads counts how often it was asked, from which a test sees that somebody waits.
	reads int
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads++
	return c.at
}

func (c *clock) asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reads
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

// fixture is a ledger with an engine and a fake platform for both modes, and one merchant who may issue.
type fixture struct {
	*Ledger
	t     testing.TB
	clock *clock
	fake  *fake
	who   Who
}

func setup(t testing.TB) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "einvoice", migrations.FS)
	return on(t, pool)
}

// on is another replica of a ledger on a database.
func on(t testing.TB, pool *pgxpool.Pool) *fixture {
	t.Helper()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, clock: &clock{at: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}, fake: newFake(), who: Who{MerchantID: "m1", Livemode: true}}
	log := slog.New(slog.DiscardHandler)
	f.Ledger = New(Deps{
		Pool: pool, Reads: pool, Platforms: map[bool]platform.Platform{true: f.fake, false: f.fake}, Zone: paris, Now: f.clock.now, Wake: func() {}, Log: log,
	})
	f.Attach(transmit.New(pool, map[transmit.Kind]transmit.Sender{
		transmit.Document: f.DocumentSender(), transmit.Collection: f.CollectionSender(),
	}, transmit.Config{Every: 2 * time.Millisecond}, f.clock.now, log))
	f.enrol("m1", true, platform.MandateActive, nil)
	return f
}

func (f *fixture) enrol(merchant string, livemode bool, status platform.MandateStatus, change func(*invoice.Settings)) {
	f.t.Helper()
	s := invoicetest.Settings()
	if change != nil {
		change(&s)
	}
	settings, err := json.Marshal(s)
	if err != nil {
		f.t.Fatal(err)
	}
	f.exec(`insert into enrolments (merchant_id, livemode, settings, code, client_id, mandate_id, mandate_status, due_at, created_at, updated_at)
		values ($1, $2, $3, $4, 'cli_1', 'mdt_1', $5, $6, $6, $6) on conflict do nothing`,
		merchant, livemode, settings, invoice.Code(merchant), string(status), f.clock.now())
}

// mandate changes the mandate of the fixture's merchant, and lets go what waited for it, as enrolment does.
func (f *fixture) mandate(status platform.MandateStatus) {
	f.t.Helper()
	f.exec(`update enrolments set mandate_status = $1 where merchant_id = $2 and livemode = $3`, string(status), f.who.MerchantID, f.who.Livemode)
	if status == platform.MandateActive {
		f.must(transmit.Resume(f.t.Context(), f.Pool, f.who.MerchantID, f.who.Livemode, f.clock.now()))
	}
}

func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	if _, err := f.Pool.Exec(context.Background(), sql, args...); err != nil {
		f.t.Fatalf("%s: %v", sql, err)
	}
}

func (f *fixture) number(sql string, args ...any) (n int64) {
	f.t.Helper()
	if err := f.Pool.QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		f.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// run runs the engine until the test ends, or stop is called.
func (f *fixture) run() (stop func()) {
	f.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = f.engine.Run(ctx)
	}()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	f.t.Cleanup(stop)
	return stop
}

func (f *fixture) eventually(what string, ok func() bool) {
	f.t.Helper()
	for range 20_000 {
		if ok() {
			return
		}
		<-time.After(time.Millisecond)
	}
	f.t.Fatalf("never: %s", what)
}

// private is an order of a private customer: goods and services at two rates, in all total.
func private(total money.Cents) invoice.Order {
	return invoice.Order{Customer: invoicetest.Private(), Items: items(total)}
}

// business is the same of a business.
func business(total money.Cents) invoice.Order {
	return invoice.Order{Customer: invoicetest.Business(), Items: items(total)}
}

func items(total money.Cents) []invoice.Item {
	a := total / 2
	b := (total - a) / 3
	service := invoicetest.Item("Montage", 1, total-a-b, 200)
	service.Nature = invoice.Services
	return []invoice.Item{invoicetest.Item("Lampe", 1, a, 200), invoicetest.Item("Roman", 1, b, 55), service}
}

func (f *fixture) create(o invoice.Order) Record {
	f.t.Helper()
	c, err := f.Create(f.t.Context(), f.who, o, Idempotency{})
	if err != nil {
		f.t.Fatal(err)
	}
	return c.Record
}

func (f *fixture) read(id uuid.UUID) Record {
	f.t.Helper()
	r, err := readOne(context.Background(), f.Pool, `where i.id = $1`, id)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

// is wants a record's two states.
func (f *fixture) is(id uuid.UUID, status Status, seqino SeqinoStatus) Record {
	f.t.Helper()
	r := f.read(id)
	if r.Status != status || r.Seqino != seqino {
		f.t.Fatalf("%s is %s and %s, want %s and %s (problem %q)", r.Number, r.Status, r.Seqino, status, seqino, r.Problem)
	}
	return r
}

func (f *fixture) refused(err error, code errs.Code) {
	f.t.Helper()
	if !errs.Is(err, code) {
		f.t.Fatalf("error %v, want %s", err, code)
	}
}

func cents(n money.Cents) *money.Cents { return &n }

func (f *fixture) pay(r Record, amount money.Cents) Paid {
	f.t.Helper()
	p, err := f.MarkPaid(f.t.Context(), f.who, r.Number, Payment{Method: invoice.MethodBank, Amount: cents(amount)}, Idempotency{})
	if err != nil {
		f.t.Fatal(err)
	}
	return p
}

// completed is the event of a payment.
func (f *fixture) completed(reference string, amount money.Cents, metadata string) consume.Event {
	f.t.Helper()
	return f.completedOf(f.who, reference, amount, metadata)
}

func (f *fixture) completedOf(who Who, reference string, amount money.Cents, metadata string) consume.Event {
	f.t.Helper()
	data, err := proto.Marshal(&eventsv1.PaymentChanged{Payment: &paymentsv1.Payment{
		Reference: reference, Kind: "payment", MerchantId: who.MerchantID, Livemode: who.Livemode, AmountCents: int64(amount), Currency: "EUR",
		Status: "completed", MetadataJson: []byte(metadata), CompletedAt: timestamppb.New(f.clock.now()),
	}})
	f.must(err)
	return consume.Event{Event: events.Event{ID: events.NewID(), Type: "payment.completed", Data: data}}
}

func (f *fixture) settle(list ...consume.Event) error {
	return pgx.BeginFunc(context.Background(), f.Pool, func(tx pgx.Tx) error { return f.Settle(context.Background(), tx, list) })
}

// together calls do n times at once.
func together(n int, do func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	all.Wait()
}

// announced are the events of an invoice in their order.
func (f *fixture) announced(id uuid.UUID) (types []string, list []*eventsv1.InvoiceChanged) {
	f.t.Helper()
	rows, err := f.Pool.Query(context.Background(), `select event_type, data from outbox order by id`)
	f.must(err)
	defer rows.Close()
	for rows.Next() {
		var what string
		var data []byte
		f.must(rows.Scan(&what, &data))
		var c eventsv1.InvoiceChanged
		f.must(proto.Unmarshal(data, &c))
		if c.GetInvoice().GetId() == id.String() {
			types, list = append(types, what), append(list, &c)
		}
	}
	f.must(rows.Err())
	return types, list
}
