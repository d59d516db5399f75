package paymentapi

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/command"
	"european-pay.eu/eupay/internal/run/events"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// standIn answers commands as the payments service does.
type standIn struct {
	t     testing.TB
	bus   *bus.Bus
	reads *reads

	mu      sync.Mutex
	byRef   map[string]*paymentsv1.Payment
	byKey   map[string]*keyed
	seen    []proto.Message
	headers []map[string][]string
	// mode: "" answers completely, "recorded" stops after the first reply, "silent" never replies, "refuse" refuses.
	mode    string
	refusal *paymentsv1.CommandReply
	// change is applied to each new payment and refund; nil: none.
	change func(*paymentsv1.Payment)
}

type keyed struct {
	fingerprint []byte
	payment     *paymentsv1.Payment
}

func newStandIn(t testing.TB, b *bus.Bus, r *reads) *standIn {
	t.Helper()
	s := &standIn{t: t, bus: b, reads: r, byRef: make(map[string]*paymentsv1.Payment), byKey: make(map[string]*keyed)}
	consumer, err := b.JS.CreateOrUpdateConsumer(context.Background(), bus.Commands, jetstream.ConsumerConfig{Durable: "payments", AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		t.Fatal(err)
	}
	cc, err := consumer.Consume(s.take)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cc.Stop(); <-cc.Closed() })
	return s
}

func (s *standIn) set(mode string, refusal *paymentsv1.CommandReply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mode, s.refusal = mode, refusal
}

// commands returns the commands received so far.
func (s *standIn) commands() []proto.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]proto.Message(nil), s.seen...)
}

func (s *standIn) take(m jetstream.Msg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := m.Ack(); err != nil {
		s.t.Error(err)
	}
	s.headers = append(s.headers, m.Headers())
	for _, reply := range s.replies(m.Subject(), m.Data()) {
		data, err := proto.Marshal(reply)
		if err == nil {
			err = s.bus.NC.Publish(m.Headers().Get(events.HeaderReply), data)
		}
		if err != nil {
			s.t.Error(err)
		}
	}
}

func (s *standIn) replies(subject string, data []byte) []*paymentsv1.CommandReply {
	var payment *paymentsv1.Payment
	var replayed bool
	reply := &paymentsv1.CommandReply{}
	switch subject {
	case command.CreatePayment:
		c := decodeInto(s.t, data, &paymentsv1.CreatePayment{})
		s.seen = append(s.seen, c)
		payment, replayed, reply = s.create(c)
	case command.RefundPayment:
		c := decodeInto(s.t, data, &paymentsv1.RefundPayment{})
		s.seen = append(s.seen, c)
		payment = &paymentsv1.Payment{
			Reference: c.GetReference(), Kind: "refund", OriginalReference: c.GetOriginalReference(), MerchantId: c.GetMerchantId(), Livemode: c.GetLivemode(),
			AmountCents: max(c.GetAmountCents(), 1), Currency: "EUR", Status: "pending_sca", PaymentUrl: "https://bank.example/refund", Sequence: 2, CreatedAt: timestamppb.New(createdAt),
		}
		if s.change != nil {
			s.change(payment)
		}
	case command.CancelPayment:
		c := decodeInto(s.t, data, &paymentsv1.CancelPayment{})
		s.seen = append(s.seen, c)
		payment = s.reads.payments[c.GetReference()]
		reply.AuthorisationUrl = "https://bank.example/cancel"
	}
	return s.stages(reply, payment, replayed)
}

func (s *standIn) stages(reply *paymentsv1.CommandReply, payment *paymentsv1.Payment, replayed bool) []*paymentsv1.CommandReply {
	if s.mode == "silent" {
		return nil
	}
	if s.mode == "refuse" {
		reply = s.refusal
	}
	if reply.GetStage() == paymentsv1.CommandReply_STAGE_REFUSED {
		return []*paymentsv1.CommandReply{reply}
	}
	before := proto.Clone(payment).(*paymentsv1.Payment)
	before.Status, before.PaymentUrl = "pending", ""
	recorded := &paymentsv1.CommandReply{Stage: paymentsv1.CommandReply_STAGE_RECORDED, Payment: before, Replayed: replayed}
	if s.mode == "recorded" {
		return []*paymentsv1.CommandReply{recorded}
	}
	reply.Stage, reply.Payment, reply.Replayed = paymentsv1.CommandReply_STAGE_READY, payment, replayed
	return []*paymentsv1.CommandReply{recorded, reply}
}

func (s *standIn) create(c *paymentsv1.CreatePayment) (*paymentsv1.Payment, bool, *paymentsv1.CommandReply) {
	scope := c.GetMerchant().GetId() + events.Mode(c.GetLivemode())
	if k := s.byKey[scope+c.GetIdempotencyKey()]; c.GetIdempotencyKey() != "" && k != nil {
		if !bytes.Equal(k.fingerprint, c.GetFingerprint()) {
			return nil, false, &paymentsv1.CommandReply{Stage: paymentsv1.CommandReply_STAGE_REFUSED, ErrorCode: string(errs.IdempotencyConflict), ErrorMessage: "Other request."}
		}
		return k.payment, true, &paymentsv1.CommandReply{ReplayedByKey: true}
	}
	if p := s.byRef[scope+c.GetMerchantReference()]; c.GetMerchantReference() != "" && p != nil {
		return p, true, &paymentsv1.CommandReply{}
	}
	p := &paymentsv1.Payment{
		Reference: c.GetReference(), Kind: "payment", MerchantId: c.GetMerchant().GetId(), MerchantName: c.GetMerchant().GetName(), Livemode: c.GetLivemode(),
		AmountCents: c.GetAmountCents(), Currency: c.GetCurrency(), Status: "pending_sca", Sequence: 2, Description: c.GetDescription(),
		MerchantReference: c.GetMerchantReference(), SuccessUrl: c.GetSuccessUrl(), CancelUrl: c.GetCancelUrl(), MetadataJson: c.GetMetadataJson(),
		PaymentUrl: "https://eu-pay.biapi.pro/pay?a=1&b=2", ExecutionType: "instant", CreatedAt: timestamppb.New(createdAt), UpdatedAt: timestamppb.New(createdAt),
	}
	if s.change != nil {
		s.change(p)
	}
	s.byRef[scope+c.GetMerchantReference()] = p
	s.byKey[scope+c.GetIdempotencyKey()] = &keyed{fingerprint: c.GetFingerprint(), payment: p}
	return p, false, &paymentsv1.CommandReply{}
}

func decodeInto[M proto.Message](t testing.TB, data []byte, into M) M {
	t.Helper()
	if err := proto.Unmarshal(data, into); err != nil {
		t.Error(err)
	}
	return into
}
