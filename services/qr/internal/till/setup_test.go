package till

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/journal"
	"european-pay.eu/eupay/services/qr/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a till whose orders the test knows.
type rig struct {
	*Server
	t     *testing.T
	pool  *pgxpool.Pool
	clock *testclock.Clock
	who   journal.Who
	known map[string]*qrv1.Order
	// onBills are the bills by their ids.
	onBills map[string]*qrv1.Bill
}

// noonInJune is 14:00 in France.
var noonInJune = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)

func setup(t *testing.T) *rig {
	t.Helper()
	pool, _ := pgtest.New(t, "qr", migrations.FS)
	r := &rig{t: t, pool: pool, clock: testclock.New(noonInJune), who: journal.Who{MerchantID: uuid.NewString(), Livemode: true}, known: map[string]*qrv1.Order{}, onBills: map[string]*qrv1.Bill{}}
	r.Server = New(Deps{Pool: pool, Reads: pool, Orders: r, Bills: r, Now: r.clock.Now, Wake: func() {}, Log: slog.New(slog.DiscardHandler)})
	return r
}

// PayAtCounter implements Orders.
func (r *rig) PayAtCounter(_ context.Context, _, id, method string, tip money.Cents) (*qrv1.Order, bool, error) {
	o := r.known[id]
	if o == nil {
		return nil, false, errs.NotFound(orderNoun)
	}
	r.pay(id, method, money.Cents(o.GetTotalCents()), tip)
	return o, false, nil
}

// GetOrder implements Orders.
func (r *rig) GetOrder(_ context.Context, req *qrv1.GetOrderRequest) (*qrv1.GetOrderResponse, error) {
	if o := r.known[req.GetId()]; o != nil && o.GetMerchantId() == req.GetMerchantId() {
		return &qrv1.GetOrderResponse{Order: o}, nil
	}
	return nil, errs.NotFound(orderNoun)
}

// GetGuestOrder implements Orders.
func (r *rig) GetGuestOrder(_ context.Context, req *qrv1.GetGuestOrderRequest) (*qrv1.GetGuestOrderResponse, error) {
	if o := r.known[req.GetOrderId()]; o != nil && req.GetToken() == "code" {
		return &qrv1.GetGuestOrderResponse{Order: o}, nil
	}
	return nil, errs.NotFound(orderNoun)
}

func (r *rig) append(e journal.Entry) {
	r.t.Helper()
	e.MerchantID, e.Livemode, e.At = r.who.MerchantID, r.who.Livemode, r.clock.Now()
	err := pgx.BeginFunc(r.t.Context(), r.pool, func(tx pgx.Tx) error {
		_, err := journal.Append(r.t.Context(), tx, e)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// order records an order of a meal at 10 % and returns its id.
func (r *rig) order(amount money.Cents) string {
	r.t.Helper()
	id := uuid.NewString()
	taxes := []vat.Share{vat.Whole(amount, vat.Intermediate)}
	r.known[id] = &qrv1.Order{
		Id: id, MerchantId: r.who.MerchantID, Livemode: true, Number: int64(len(r.known) + 1), TableName: "Table 4", OrderType: dineIn, Status: "received",
		TotalCents: int64(amount), DiscountCents: 100, CreatedAt: timestamppb.New(r.clock.Now()),
		Lines: []*qrv1.OrderLine{{
			Name: "Entrecôte", Quantity: 2, UnitPriceCents: int64(amount+100) / 2, DiscountCents: 100, TotalCents: int64(amount),
			Taxes: taxViews(journal.Shares(taxes)), Options: []*qrv1.ChosenOption{{Name: "À point"}},
		}},
	}
	r.append(journal.Entry{Kind: journal.Ordered, OrderID: id, Amount: amount, Taxes: taxes, Detail: map[string]any{"discount": money.Cents(100)}})
	return id
}

func (r *rig) pay(order, method string, amount, tip money.Cents) {
	r.t.Helper()
	r.append(journal.Entry{
		Kind: journal.Paid, OrderID: order, Reference: "CTR-" + order, Method: method, Amount: amount, Tip: tip, Taxes: []vat.Share{vat.Whole(amount, vat.Intermediate)},
	})
}

func (r *rig) back(order, method string, amount money.Cents) {
	r.t.Helper()
	r.append(journal.Entry{
		Kind: journal.Refunded, OrderID: order, Reference: "REF-" + order, Of: "CTR-" + order, Method: method, Amount: -amount,
		Taxes: []vat.Share{vat.Whole(-amount, vat.Intermediate)},
	})
}

func (r *rig) close() {
	r.t.Helper()
	if err := r.Close(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// list returns the closings, the oldest first.
func (r *rig) list(period Period) []*Closing {
	r.t.Helper()
	list, err := readClosings(r.t.Context(), r.pool, closings+` and ($3 = '' or period = $3) order by sequence`, r.who.MerchantID, r.who.Livemode, period)
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

// answers collects what a verification answers.
type answers struct {
	grpc.ServerStream
	ctx  context.Context
	last *qrv1.VerifyJournalResponse
}

func (a *answers) Context() context.Context { return a.ctx }

func (a *answers) Send(r *qrv1.VerifyJournalResponse) error {
	a.last = r
	return nil
}

func (r *rig) verify() *qrv1.VerifyJournalResponse {
	r.t.Helper()
	a := &answers{ctx: r.t.Context()}
	if err := r.VerifyJournal(&qrv1.VerifyJournalRequest{MerchantId: r.who.MerchantID, Livemode: true}, a); err != nil {
		r.t.Fatal(err)
	}
	return a.last
}
