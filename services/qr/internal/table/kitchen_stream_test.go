package table

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/kitchen"
)

// screen is one who follows the kitchen.
type screen struct {
	grpc.ServerStream
	ctx  context.Context
	seen chan *qrv1.WatchResponse
}

func (s *screen) Context() context.Context     { return s.ctx }
func (*screen) SendHeader(_ metadata.MD) error { return nil }
func (s *screen) Send(r *qrv1.WatchResponse) error {
	select {
	case s.seen <- r:
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

// follow begins a stream; its end waits for it.
func (p *pass) follow(t *testing.T, r *qrv1.WatchRequest) (*screen, func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &screen{ctx: ctx, seen: make(chan *qrv1.WatchResponse)}
	done := make(chan error, 1)
	r.MerchantId = p.merchant
	go func() { done <- p.kitchen.Watch(r, s) }()
	return s, func() error { cancel(); return <-done }
}

// run runs the kitchen until the test ends.
func (p *pass) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.kitchen.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestAStreamMissesNothing, not even what an older transaction commits after a younger one was sent.
func TestAStreamMissesNothing(t *testing.T) {
	t.Parallel()
	p := newPass(t)
	tea := p.product(t, p.merchant, "Tea", 300, 9)
	a, b := p.mustPlace(t, p.request(item(tea, 1))), p.mustPlace(t, p.request(item(tea, 1)))
	p.run(t)
	s, leave := p.follow(t, &qrv1.WatchRequest{})
	begin := <-s.seen
	if !begin.GetIsSnapshot() || len(begin.GetOrders()) != 2 {
		t.Fatalf("it begins with %v", begin)
	}
	older, err := p.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = older.Rollback(context.WithoutCancel(t.Context())) }()
	if err := pgx.BeginFunc(t.Context(), older, func(tx pgx.Tx) error { return kitchen.Touch(t.Context(), tx, p.merchant, a.GetId()) }); err != nil {
		t.Fatal(err)
	}
	if _, err := p.setLine(t, b.GetId(), 0, "preparing"); err != nil {
		t.Fatal(err)
	}
	second := <-s.seen
	if second.GetIsSnapshot() || len(second.GetOrders()) != 1 || states(second.GetOrders()[0]) != "preparing preparing" {
		t.Fatalf("then comes %v", second)
	}
	if err := leave(); err != nil && !strings.Contains(err.Error(), "canceled") {
		t.Error(err)
	}
	if err := older.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, leave = p.follow(t, &qrv1.WatchRequest{After: second.GetCursor()})
	seen := map[string]bool{}
	for !seen[a.GetId()] {
		r := <-s.seen
		if r.GetIsSnapshot() {
			t.Fatal("it begins again")
		}
		for _, o := range r.GetOrders() {
			seen[o.GetId()] = true
		}
	}
	// What has left the kitchen is told too.
	if _, err := p.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: p.merchant, Id: a.GetId(), Status: "cancelled"}); err != nil {
		t.Fatal(err)
	}
	for gone := false; !gone; {
		for _, o := range (<-s.seen).GetOrders() {
			gone = gone || o.GetId() == a.GetId() && o.GetStatus() == "cancelled"
		}
	}
	_ = leave()
}

func TestAStreamIsOfAStationAndAMode(t *testing.T) {
	t.Parallel()
	p := newPass(t)
	tea, steak := p.product(t, p.merchant, "Tea", 300, 9), p.product(t, p.merchant, "Steak", 2000, 9)
	bar, grill := p.station(t, "Bar", nil, []string{tea}), p.station(t, "Grill", nil, []string{steak})
	drink := p.mustPlace(t, p.request(item(tea, 1)))
	p.mustPlace(t, p.request(item(steak, 1)))
	p.run(t)
	live := true
	for _, c := range []struct {
		request *qrv1.WatchRequest
		want    int
	}{{&qrv1.WatchRequest{StationId: bar.GetId()}, 1}, {&qrv1.WatchRequest{StationId: grill.GetId(), Livemode: &live}, 0}, {&qrv1.WatchRequest{After: 1 << 60}, 2}} {
		s, leave := p.follow(t, c.request)
		begin := <-s.seen
		if !begin.GetIsSnapshot() || len(begin.GetOrders()) != c.want || c.want == 1 && begin.GetOrders()[0].GetId() != drink.GetId() {
			t.Errorf("%v begins with %v", c.request, begin)
		}
		_ = leave()
	}
	wantCode(t, p.kitchen.Watch(&qrv1.WatchRequest{MerchantId: p.merchant, StationId: uuid.NewString()}, &screen{ctx: t.Context()}), errs.NotFoundCode)
}
