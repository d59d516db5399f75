package listen

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/webhooks/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func serve(t *testing.T, s *Server) webhooksv1.ListenServiceClient {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := grpc.NewServer(grpc.ChainStreamInterceptor(errs.StreamServer(slog.New(slog.DiscardHandler))))
	webhooksv1.RegisterListenServiceServer(srv, s)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	// A window that stays as small as it is allowed to be.
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithInitialWindowSize(64<<10), grpc.WithInitialConnWindowSize(64<<10), grpc.WithChainStreamInterceptor(errs.StreamClient()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		srv.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return webhooksv1.NewListenServiceClient(conn)
}

// publish announces a payment of m_1 with that much metadata.
func publish(t *testing.T, b *bus.Bus, n, size int) {
	t.Helper()
	data, err := proto.Marshal(&eventsv1.PaymentChanged{Payment: &paymentsv1.Payment{
		Reference: fmt.Sprintf("PAY-%d", n), MerchantId: "m_1", AmountCents: 1, Currency: "EUR", Status: "completed",
		MetadataJson: []byte(`{"a":"` + strings.Repeat("a", size) + `"}`),
	}})
	if err != nil {
		t.Fatal(err)
	}
	e := events.Event{ID: events.NewID(), Type: "payment.completed", Source: "payments", Merchant: "m_1", Time: time.Now(), Data: data}
	if _, err := b.JS.PublishMsg(t.Context(), e.Message(e.Subject())); err != nil {
		t.Fatal(err)
	}
}

func TestAReaderThatDoesNotReadIsCutAndLosesNothing(t *testing.T) {
	b := natstest.New(t)
	vault, err := secret.NewVault(strings.Repeat("07", 32))
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(b.JS, vault, time.Now, slog.New(slog.DiscardHandler))
	s.readTimeout = 50 * time.Millisecond
	c := serve(t, s)
	publish(t, b, -1, 1)
	stream, err := c.Listen(t.Context(), &webhooksv1.ListenRequest{MerchantId: "m_1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Header(); err != nil {
		t.Fatal(err)
	}
	const total, size = 20, 60_000
	for n := range total {
		publish(t, b, n, size)
	}
	waitFor(t, func() bool { return s.slots.open() == 0 })

	read, cursor := 0, uint64(0)
	for {
		resp, err := stream.Recv()
		if err != nil {
			if !errs.Is(err, errs.Unavailable) {
				t.Errorf("the reader is told %v", err)
			}
			break
		}
		check(t, resp, read)
		read, cursor = read+1, resp.GetCursor()
	}
	if read == 0 || read == total {
		t.Fatalf("%d events were under way", read)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if stream, err = c.Listen(ctx, &webhooksv1.ListenRequest{MerchantId: "m_1", AfterCursor: cursor}); err != nil {
		t.Fatal(err)
	}
	for ; read < total; read++ {
		resp, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		check(t, resp, read)
	}
	cancel()
	waitFor(t, func() bool { return s.slots.open() == 0 })
}

func check(t *testing.T, resp *webhooksv1.ListenResponse, n int) {
	t.Helper()
	if want := fmt.Sprintf("PAY-%d", n); resp.GetReference() != want {
		t.Errorf("event %d is %s", n, resp.GetReference())
	}
}

func (s *slots) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("the test ended before it came true")
		}
	}
}

func TestSlotsAreBoundedForAllTogether(t *testing.T) {
	s := slots{each: make(map[string]int)}
	var releases []func()
	for n := range maxStreams {
		release, err := s.take(fmt.Sprint(n))
		if err != nil {
			t.Fatal(err)
		}
		releases = append(releases, release)
	}
	if _, err := s.take("another"); !errs.Is(err, errs.RateLimitExceeded) {
		t.Errorf("one more gets %v", err)
	}
	releases[0]()
	if _, err := s.take("another"); err != nil {
		t.Errorf("after one has left: %v", err)
	}
	for _, release := range releases[1:] {
		release()
	}
	if len(s.each) != 1 || s.all != 1 {
		t.Errorf("%d merchants are remembered with %d streams", len(s.each), s.all)
	}
}
