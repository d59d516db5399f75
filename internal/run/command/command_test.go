package command_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/otlptest"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/command"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/trace"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

func setup(t *testing.T) (*bus.Bus, *command.Client) {
	t.Helper()
	b := natstest.New(t)
	c, err := command.NewClient(b, "gateway")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return b, c
}

// take reads the next stored command, as the payments service would.
func take(t *testing.T, b *bus.Bus) jetstream.Msg {
	t.Helper()
	cons, err := b.JS.CreateOrUpdateConsumer(t.Context(), bus.Commands, jetstream.ConsumerConfig{
		Durable: "test", FilterSubject: "eupay.cmd.payments.>", AckPolicy: jetstream.AckExplicitPolicy,
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := cons.Next(jetstream.FetchMaxWait(5 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func reply(t *testing.T, b *bus.Bus, subject string, r *paymentsv1.CommandReply) {
	t.Helper()
	data, err := proto.Marshal(r)
	if err == nil {
		err = b.NC.Publish(subject, data)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestRepliesReachTheirCall(t *testing.T) {
	t.Parallel()
	b, c := setup(t)
	expires := time.Now().Add(time.Minute).UTC()
	collector := otlptest.Start(t)
	ctx, end := collector.Tracer(t, "gateway")
	ctx, request := trace.Edge(ctx, "", trace.Server, "POST")
	call, err := c.Send(ctx, command.CreatePayment, &paymentsv1.CreatePayment{Reference: "PAY-1"}, command.Meta{Expires: expires, RequestID: "r"})
	if err != nil {
		t.Fatal(err)
	}
	defer call.Close()
	m := take(t, b)
	got := &paymentsv1.CreatePayment{}
	if err := proto.Unmarshal(m.Data(), got); err != nil || got.GetReference() != "PAY-1" {
		t.Errorf("command %v, %v", got, err)
	}
	h := m.Headers()
	if h.Get(events.HeaderExpires) != expires.Format(time.RFC3339Nano) || h.Get(events.HeaderRequestID) != "r" {
		t.Errorf("headers %v", h)
	}
	request.End(nil)
	end()
	sent := collector.Spans()[0]
	if want := "00-" + trace.ID(ctx) + "-" + sent.SpanID + "-01"; sent.Name != "send create" || h.Get(events.HeaderTraceparent) != want {
		t.Errorf("the command says %q, want %q of %+v", h.Get(events.HeaderTraceparent), want, sent)
	}
	for _, stage := range []paymentsv1.CommandReply_Stage{paymentsv1.CommandReply_STAGE_RECORDED, paymentsv1.CommandReply_STAGE_READY} {
		reply(t, b, h.Get(events.HeaderReply), &paymentsv1.CommandReply{Stage: stage})
		r, err := call.Next(t.Context())
		if err != nil || r.GetStage() != stage {
			t.Errorf("got %v, %v; want %s", r, err, stage)
		}
	}
}

func TestTheCallersDeadlineEndsTheWait(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	call, err := c.Send(t.Context(), command.CancelPayment, &paymentsv1.CancelPayment{}, command.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	defer call.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := call.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestABrokerWithoutTheStreamIsUnavailable(t *testing.T) {
	t.Parallel()
	nc, err := nats.Connect(natstest.Server(t).URL(), bus.Secure(identitytest.Load(t, identity.Operator))...) // without a bus nobody makes the streams
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	c, err := command.NewClient(&bus.Bus{NC: nc, JS: js}, "gateway")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	call, err := c.Send(t.Context(), command.CreatePayment, &paymentsv1.CreatePayment{}, command.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	defer call.Close()
	if _, err := call.Next(t.Context()); !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v", err)
	}
	if err := c.Post(t.Context(), command.ProviderUpdate, &paymentsv1.ProviderUpdate{}, command.Meta{}); !errs.Is(err, errs.Unavailable) {
		t.Errorf("posted: %v", err)
	}
}
