package commands

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/engine"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

const (
	recorded = paymentsv1.CommandReply_STAGE_RECORDED
	readied  = paymentsv1.CommandReply_STAGE_READY
	refused  = paymentsv1.CommandReply_STAGE_REFUSED
)

func stages(all []*paymentsv1.CommandReply) (s []paymentsv1.CommandReply_Stage) {
	for _, r := range all {
		s = append(s, r.GetStage())
	}
	return s
}

func TestACreateIsRecordedThenReady(t *testing.T) {
	b := setup(t)
	all := b.send(command.CreatePayment, order(1))
	if got := stages(all); !slices.Equal(got, []paymentsv1.CommandReply_Stage{recorded, readied}) {
		t.Fatalf("stages %v", got)
	}
	if p := all[0].GetPayment(); p.GetStatus() != "pending" || p.GetPaymentUrl() != "" {
		t.Errorf("recorded as %v", p)
	}
	if p := all[1].GetPayment(); p.GetStatus() != "pending_sca" || p.GetPaymentUrl() != "https://bank.example/1" || all[1].GetReplayed() {
		t.Errorf("ready as %v", p)
	}
}

func TestAHundredParallelCreatesWithOneReference(t *testing.T) {
	hold := make(chan struct{})
	b := setup(t, func(_ *engine.Config, p *provider) { p.hold = hold })
	var wg sync.WaitGroup
	replies := make([]*paymentsv1.CommandReply, 100)
	for i := range replies {
		wg.Go(func() {
			c := order(i + 1)
			c.MerchantReference = "ORDER-1042"
			replies[i] = last(b.send(command.CreatePayment, c))
		})
	}
	close(hold)
	wg.Wait()
	fresh := 0
	for _, r := range replies {
		if r.GetStage() != readied || !proto.Equal(r.GetPayment(), replies[0].GetPayment()) {
			t.Fatalf("answers differ: %v and %v", replies[0], r)
		}
		if !r.GetReplayed() {
			fresh++
		}
	}
	if fresh != 1 || len(b.provider.created) != 1 {
		t.Errorf("%d creates were new, %d provider payments", fresh, len(b.provider.created))
	}
}

func TestARepeatBeforeTheURLGetsItWhenItIsReady(t *testing.T) {
	hold := make(chan struct{})
	b := setup(t, func(_ *engine.Config, p *provider) { p.hold = hold })
	release := sync.OnceFunc(func() { close(hold) })
	defer release()
	c := order(1)
	c.MerchantReference = "ORDER-1042"
	var wg sync.WaitGroup
	var first, repeat *paymentsv1.CommandReply
	wg.Go(func() { first = last(b.send(command.CreatePayment, c)) })
	b.until("the bank is asked", func() bool { return b.provider.began.Load() == 1 })
	again := proto.CloneOf(c)
	again.Reference = order(2).GetReference()
	wg.Go(func() { repeat = last(b.send(command.CreatePayment, again)) })
	b.until("the repeat waits", func() bool {
		b.ready.mu.Lock()
		defer b.ready.mu.Unlock()
		return len(b.ready.waiters[c.GetReference()]) == 1
	})
	release()
	wg.Wait()
	if repeat.GetStage() != readied || !repeat.GetReplayed() || !proto.Equal(repeat.GetPayment(), first.GetPayment()) {
		t.Errorf("first %v\nrepeat %v", first, repeat)
	}
}

func TestAnAnnouncementJustBeforeTheWaitIsNotMissed(t *testing.T) {
	b := setup(t)
	ready := last(b.send(command.CreatePayment, order(1))).GetPayment() // announced already
	inbox, err := b.bus.NC.SubscribeSync("eupay.reply.test")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.bus.NC.Flush(); err != nil {
		t.Fatal(err)
	}
	stale := payment.Payment{Reference: ready.GetReference()}
	if err := b.awaitReady(t.Context(), &request{reply: "eupay.reply.test"}, stale, store.ByReference); err != nil {
		t.Fatal(err)
	}
	m, err := inbox.NextMsg(20 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	r := &paymentsv1.CommandReply{}
	if err := proto.Unmarshal(m.Data, r); err != nil || r.GetStage() != readied || !proto.Equal(r.GetPayment(), ready) {
		t.Errorf("reply %v, %v", r, err)
	}
}

func TestACommandDeliveredTwiceIsOnePayment(t *testing.T) {
	b := setup(t)
	for range 2 {
		all := b.send(command.CreatePayment, order(1))
		if last(all).GetPayment().GetReference() != order(1).GetReference() || last(all).GetReplayed() {
			t.Errorf("reply %v", last(all))
		}
	}
	if len(b.provider.created) != 1 {
		t.Errorf("%d provider payments", len(b.provider.created))
	}
}

func TestAnExpiredCommandIsNotExecuted(t *testing.T) {
	b := setup(t)
	call, err := b.client.Send(b.t.Context(), command.CreatePayment, order(1), command.Meta{Expires: time.Now().Add(-time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	call.Close()
	last(b.send(command.CreatePayment, order(2))) // taken after the first one
	if b.provider.byRef[order(1).GetReference()] != 0 || len(b.provider.created) != 1 {
		t.Errorf("created %v", b.provider.byRef)
	}
}

func TestIdempotencyKeyConflict(t *testing.T) {
	b := setup(t)
	first := order(1)
	first.IdempotencyKey, first.Fingerprint = "k", []byte("a")
	b.send(command.CreatePayment, first)
	second := order(2)
	second.IdempotencyKey, second.Fingerprint = "k", []byte("b")
	r := last(b.send(command.CreatePayment, second))
	if r.GetStage() != refused || r.GetErrorCode() != "IDEMPOTENCY_CONFLICT" {
		t.Errorf("reply %v", r)
	}
}

func TestALiveCreateWithoutALiveProviderIsRefused(t *testing.T) {
	b := setup(t)
	c := order(1)
	c.Livemode = true
	if r := last(b.send(command.CreatePayment, c)); r.GetStage() != refused || r.GetErrorCode() != "LIVE_NOT_CONFIGURED" {
		t.Errorf("reply %v", r)
	}
}

func TestAFullProviderLeavesThePaymentToTheSweeper(t *testing.T) {
	hold := make(chan struct{})
	b := setup(t, func(cfg *engine.Config, p *provider) { cfg.InFlight, p.hold = 1, hold })
	release := sync.OnceFunc(func() { close(hold) })
	defer release()
	busy, err := b.client.Send(b.t.Context(), command.CreatePayment, order(1), command.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	b.until("the only slot is taken", func() bool { return b.provider.began.Load() == 1 })
	second, err := b.client.Send(b.t.Context(), command.CreatePayment, order(2), command.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if r, err := second.Next(t.Context()); err != nil || r.GetStage() != recorded {
		t.Fatalf("the second was not recorded: %v, %v", r, err)
	}
	sweeping := make(chan error, 1)
	go func() { sweeping <- b.engine.Sweep(t.Context(), b.Announce) }()
	release()
	if r, err := second.Next(t.Context()); err != nil || r.GetStage() != readied {
		t.Errorf("the sweeper did not make it ready: %v, %v", r, err)
	}
	if n := b.provider.byRef[order(2).GetReference()]; n != 1 {
		t.Errorf("requested %d times", n)
	}
}

func TestRefund(t *testing.T) {
	b := setup(t)
	paid := b.pay(1)
	refund := &paymentsv1.RefundPayment{
		Reference: "REF-20260617-0000000000000001", OriginalReference: paid.GetReference(), MerchantId: shop.GetId(), AmountCents: 1000,
	}
	r := last(b.send(command.RefundPayment, refund))
	p := r.GetPayment()
	if r.GetStage() != readied || p.GetKind() != "refund" || p.GetAmountCents() != 1000 || p.GetOriginalReference() != paid.GetReference() || p.GetPaymentUrl() == "" {
		t.Fatalf("reply %v", r)
	}
	foreign := proto.CloneOf(refund)
	foreign.Reference, foreign.MerchantId = "REF-20260617-0000000000000002", "00000000-0000-0000-0000-000000000001"
	if r := last(b.send(command.RefundPayment, foreign)); r.GetErrorCode() != "NOT_FOUND" {
		t.Errorf("another merchant's refund: %v", r)
	}
	greedy := proto.CloneOf(refund)
	greedy.Reference, greedy.AmountCents = "REF-20260617-0000000000000003", 2000
	if r := last(b.send(command.RefundPayment, greedy)); r.GetErrorCode() != "REFUND_EXCEEDS_PAYMENT" {
		t.Errorf("too much: %v", r)
	}
}

func TestCancel(t *testing.T) {
	b := setup(t)
	p := last(b.send(command.CreatePayment, order(1))).GetPayment()
	cancel := &paymentsv1.CancelPayment{Reference: p.GetReference(), MerchantId: "00000000-0000-0000-0000-000000000001"}
	if r := last(b.send(command.CancelPayment, cancel)); r.GetErrorCode() != "NOT_FOUND" {
		t.Errorf("another merchant: %v", r)
	}
	cancel.MerchantId = shop.GetId()
	for range 2 {
		if r := last(b.send(command.CancelPayment, cancel)); r.GetStage() != readied || r.GetPayment().GetStatus() != "cancelled" {
			t.Errorf("reply %v", r)
		}
	}
	paid := b.pay(2)
	cancel.Reference = paid.GetReference()
	if r := last(b.send(command.CancelPayment, cancel)); r.GetErrorCode() != "INVALID_STATE" {
		t.Errorf("a completed payment: %v", r)
	}
}

func TestAHintAboutAnUnknownPaymentIsRefused(t *testing.T) {
	b := setup(t)
	if r := last(b.send(command.ProviderUpdate, &paymentsv1.ProviderUpdate{ProviderPaymentId: "404"})); r.GetErrorCode() != "NOT_FOUND" {
		t.Errorf("reply %v", r)
	}
	b.pay(1)
	if r := last(b.send(command.ProviderUpdate, &paymentsv1.ProviderUpdate{ProviderPaymentId: "1", Livemode: true})); r.GetErrorCode() != "NOT_FOUND" {
		t.Errorf("the same id in live mode: %v", r)
	}
}

func TestAnUnreadableCommandIsParked(t *testing.T) {
	b := setup(t)
	if _, err := b.bus.JS.Publish(t.Context(), command.CreatePayment, []byte("\xff\xff not protobuf")); err != nil {
		t.Fatal(err)
	}
	cons, err := b.bus.JS.CreateOrUpdateConsumer(t.Context(), bus.DeadLetter, jetstream.ConsumerConfig{AckPolicy: jetstream.AckNonePolicy})
	if err != nil {
		t.Fatal(err)
	}
	m, err := cons.Next(jetstream.FetchMaxWait(10 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if m.Headers().Get("eupay-dlq-subject") != command.CreatePayment || m.Headers().Get("eupay-dlq-reason") == "" {
		t.Errorf("headers %v", m.Headers())
	}
}
