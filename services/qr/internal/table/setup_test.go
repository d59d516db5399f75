package table

import (
	"encoding/json"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/catalog"
	"european-pay.eu/eupay/services/qr/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is a server with one merchant, who has one table, and a payments service that makes the payments of orders.
type fixture struct {
	*Server
	office   *office
	pool     *pgxpool.Pool
	bus      *bus.Bus
	clock    *testclock.Clock
	merchant string
	table    *qrv1.Table
}

func setup(t testing.TB) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "qr", migrations.FS)
	f := &fixture{pool: pool, bus: natstest.New(t), clock: testclock.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)), merchant: uuid.NewString()}
	f.office = newOffice(t, f)
	f.Server = f.replica()
	f.table = f.newTable(t, f.merchant, "Table 4")
	return f
}

// replica is another server on the same database.
func (f *fixture) replica() *Server {
	return New(Deps{
		Pool: f.pool, Reads: f.pool, Bus: f.bus, Payments: f.office.client, Site: "https://www.european-pay.fr", Now: f.clock.Now, Wake: func() {},
		Log: slog.New(slog.DiscardHandler),
	})
}

func (f *fixture) newTable(t testing.TB, merchant, name string) *qrv1.Table {
	t.Helper()
	zone := "Terrasse"
	res, err := f.CreateTable(t.Context(), &qrv1.CreateTableRequest{
		MerchantId: merchant, MerchantName: "Café Noisette", Fields: &qrv1.TableFields{Name: &name, Zone: &zone},
	})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetTable()
}

// product puts one into the catalog, as the catalog does.
func (f *fixture) product(t testing.TB, merchant, name string, cents int64, stock int) string {
	t.Helper()
	id := uuid.NewString()
	err := pgx.BeginFunc(t.Context(), f.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `insert into products (id, merchant_id, name, category, price_ttc, vat_rate, stock_quantity, is_available, search_key, created_at, updated_at)
			values ($1, $2, $3, 'boissons', $4, 100, $5, true, lower($3), now(), now())`, id, merchant, name, cents, stock)
		if err != nil {
			return err
		}
		return catalog.Bump(t.Context(), tx, merchant)
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (f *fixture) stock(t testing.TB, id string) (n int) {
	t.Helper()
	if err := f.pool.QueryRow(t.Context(), `select stock_quantity from products where id = $1`, id).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func item(id string, count int32) *qrv1.OrderItem {
	return &qrv1.OrderItem{ProductId: id, Quantity: count}
}

func (f *fixture) request(items ...*qrv1.OrderItem) *qrv1.PlaceOrderRequest {
	return &qrv1.PlaceOrderRequest{MerchantId: f.merchant, Token: f.table.GetToken(), Items: items, OrderType: dineIn, Payable: true}
}

func (f *fixture) paidRequest(items ...*qrv1.OrderItem) *qrv1.PlaceOrderRequest {
	r := f.request(items...)
	r.PayNow, r.PaymentReference = true, "PAY-1"
	return r
}

// placed is the order as the transaction leaves it.
func (f *fixture) placed(t testing.TB, o *order, r *qrv1.PlaceOrderRequest) error {
	t.Helper()
	return pgx.BeginFunc(t.Context(), f.pool, func(tx pgx.Tx) error { return f.place(t.Context(), tx, o, r) })
}

func (f *fixture) mustPlace(t testing.TB, r *qrv1.PlaceOrderRequest) *qrv1.Order {
	t.Helper()
	res, err := f.PlaceOrder(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return res.GetOrder()
}

func (f *fixture) order(t testing.TB, id string) *qrv1.Order {
	t.Helper()
	res, err := f.GetOrder(t.Context(), &qrv1.GetOrderRequest{MerchantId: f.merchant, Id: id})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetOrder()
}

func (f *fixture) wantStatus(t testing.TB, id string, want Status) *qrv1.Order {
	t.Helper()
	o := f.order(t, id)
	if o.GetStatus() != string(want) {
		t.Errorf("order is %s, want %s", o.GetStatus(), want)
	}
	return o
}

// payment is the event of an order's payment.
func payment(what string, o *qrv1.Order, reference string) events.Event {
	c := &eventsv1.PaymentChanged{Payment: &paymentsv1.Payment{
		Reference: reference, Kind: "payment", MerchantId: o.GetMerchantId(), Livemode: o.GetLivemode(), AmountCents: o.GetTotalCents(), Currency: "EUR",
		Status: what, Origin: "order", OrderId: o.GetId(), CompletedAt: timestamppb.New(time.Date(2026, 6, 17, 12, 1, 0, 0, time.UTC)),
	}}
	return changed("payment."+what, o.GetMerchantId(), o.GetLivemode(), c)
}

func changed(kind, merchant string, live bool, m proto.Message) events.Event {
	data, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return events.Event{ID: events.NewID(), Type: kind, Source: "test", Merchant: merchant, Livemode: live, Time: time.Date(2026, 6, 17, 12, 1, 0, 0, time.UTC), Data: data}
}

// apply hands an event over as the consumer does.
func (f *fixture) apply(t testing.TB, list ...events.Event) {
	t.Helper()
	for _, e := range list {
		err := pgx.BeginFunc(t.Context(), f.pool, func(tx pgx.Tx) error { return f.Handle(t.Context(), tx, []consume.Event{{Event: e}}) })
		if err != nil {
			t.Fatal(err)
		}
	}
}

// announced are the types of the events about an order, in order.
func (f *fixture) announced(t testing.TB, id string) (types []string) {
	t.Helper()
	list, err := readAll(t.Context(), f.pool, func(row pgx.CollectableRow) (*eventsv1.OrderChanged, error) {
		var kind string
		var data []byte
		err := row.Scan(&kind, &data)
		c := &eventsv1.OrderChanged{}
		if err == nil {
			err = proto.Unmarshal(data, c)
		}
		if c.GetOrderId() == id {
			types = append(types, kind)
			if int(c.GetSequence()) != len(types) {
				t.Errorf("%s has sequence %d, want %d", kind, c.GetSequence(), len(types))
			}
		}
		return c, err
	}, `select event_type, data from outbox where event_type like 'order.%' order by id`)
	if err != nil || len(list) == 0 {
		t.Fatal(list, err)
	}
	return types
}

func wantCode(t testing.TB, err error, code errs.Code) *errs.Error {
	t.Helper()
	if !errs.Is(err, code) {
		t.Fatalf("got %v, want %s", err, code)
	}
	return errs.From(err)
}

func fields(e *errs.Error) (names []string) {
	for _, f := range e.Fields {
		names = append(names, f.Field)
	}
	return names
}

func wantFields(t testing.TB, err error, want ...string) {
	t.Helper()
	if got := fields(wantCode(t, err, errs.ValidationError)); !slices.Equal(got, want) {
		t.Errorf("refused %v, want %v", got, want)
	}
}

// menu reads the menu as a guest.
func (f *fixture) menu(t testing.TB, s *Server, token string) map[string]any {
	t.Helper()
	res, err := s.GetMenu(t.Context(), &qrv1.GetMenuRequest{MerchantId: f.merchant, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(res.GetBody(), &m); err != nil {
		t.Fatal(err)
	}
	return m
}
