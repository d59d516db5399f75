package boot_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/run/boot"
)

// echoing registers /sample.Sample/Echo for gateway, which answers with what do makes of its request.
func echoing(core *boot.Core, do func(ctx context.Context, in *wrapperspb.StringValue) (*wrapperspb.StringValue, error)) {
	core.Serve(&grpc.ServiceDesc{
		ServiceName: "sample.Sample", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Echo", Handler: func(_ any, ctx context.Context, dec func(any) error, icpt grpc.UnaryServerInterceptor) (any, error) {
			in := new(wrapperspb.StringValue)
			if err := dec(in); err != nil {
				return nil, err
			}
			handler := func(ctx context.Context, req any) (any, error) { return do(ctx, req.(*wrapperspb.StringValue)) }
			return icpt(ctx, in, &grpc.UnaryServerInfo{FullMethod: "/sample.Sample/Echo"}, handler)
		}}},
	}, struct{}{}, identity.Gateway)
}

func echo(ctx context.Context, conn grpc.ClientConnInterface, text string) (string, error) {
	out := wrapperspb.String("before")
	err := conn.Invoke(ctx, "/sample.Sample/Echo", wrapperspb.String(text), out, grpc.StaticMethod()) // as generated clients do
	return out.GetValue(), err
}

// security is how the call of ctx came: over the network or within the process.
func security(ctx context.Context) string {
	p, ok := peer.FromContext(ctx)
	if !ok || p.AuthInfo == nil {
		return "nothing"
	}
	return p.AuthInfo.AuthType()
}

// connected returns a connection of the named service that works, so that calls may be direct.
func connected(t *testing.T, core *boot.Core, who *identity.Identity) *boot.Conn {
	t.Helper()
	conn, err := boot.Dial(who, identity.Operator, core.GRPCAddr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := echo(t.Context(), conn, ""); err == nil { // over the network
		untilReady(t, conn)
	}
	return conn
}

// untilReady waits until conn says that it works, which is a moment after its first call went through.
func untilReady(t *testing.T, conn *boot.Conn) {
	t.Helper()
	for state := conn.GetState(); state != connectivity.Ready; state = conn.GetState() {
		if !conn.WaitForStateChange(t.Context(), state) {
			t.Fatal("the connection does not work")
		}
	}
}

// TestACallWithinTheProcessIsDirect once the connection has proven both sides, and arrives as over the network: with its metadata and its
// deadline, and without what else its caller's context has.
func TestACallWithinTheProcessIsDirect(t *testing.T) {
	type secretKey struct{}
	core := open(t, base(t, natstest.Server(t)))
	echoing(core, func(ctx context.Context, in *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
		if ctx.Value(secretKey{}) != nil {
			t.Error("the handler sees the values of its caller")
		}
		if _, limited := ctx.Deadline(); !limited {
			t.Error("the handler has no deadline")
		}
		if md := metadata.ValueFromIncomingContext(ctx, "sample"); len(md) != 1 || md[0] != "sent" {
			t.Errorf("the metadata is %v", md)
		}
		answer := wrapperspb.String(security(ctx) + " " + in.GetValue())
		in.Value = "changed"
		return answer, nil
	})
	run(t, core)
	conn, err := boot.Dial(identitytest.Load(t, identity.Gateway), identity.Operator, core.GRPCAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), secretKey{}, true), time.Minute)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "sample", "sent")
	for _, want := range []string{"tls one", "process one"} {
		in, out := wrapperspb.String("one"), wrapperspb.String("before")
		if err := conn.Invoke(ctx, "/sample.Sample/Echo", in, out, grpc.StaticMethod()); err != nil || out.GetValue() != want {
			t.Errorf("%q, %v, want %q", out.GetValue(), err, want)
		}
		if in.GetValue() != "one" {
			t.Error("the handler has changed its caller's request")
		}
		untilReady(t, conn)
	}
}

// TestADirectCallIsRefusedToOthers who may not call the service: their certificate is good, but not for this.
func TestADirectCallIsRefusedToOthers(t *testing.T) {
	core := open(t, base(t, natstest.Server(t)))
	echoing(core, func(ctx context.Context, _ *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
		return wrapperspb.String(security(ctx)), nil
	})
	run(t, core)
	if how, err := echo(t.Context(), connected(t, core, identitytest.Load(t, identity.Gateway)), ""); err != nil || how != "process" {
		t.Errorf("gateway: %q, %v", how, err)
	}
	for what, who := range map[string]*identity.Identity{
		"another service": identitytest.Load(t, identity.QR), "a stranger with the name": identitytest.Stranger(t, identity.Gateway),
	} {
		if how, err := echo(t.Context(), connected(t, core, who), ""); err == nil {
			t.Errorf("%s is served: %q", what, how)
		}
	}
}

// TestAnErrorOfADirectCallIsThatOfTheNetwork, also one that says nothing to the caller.
func TestAnErrorOfADirectCallIsThatOfTheNetwork(t *testing.T) {
	core := open(t, base(t, natstest.Server(t)))
	echoing(core, func(_ context.Context, in *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
		switch in.GetValue() {
		case "refuse":
			return nil, errs.NotFound("payment")
		case "fail":
			return nil, errors.New("an internal text")
		case "panic":
			panic("an internal text")
		}
		return in, nil
	})
	run(t, core)
	far, near := dial(t, core), connected(t, core, identitytest.Load(t, identity.Gateway))
	for _, what := range []string{"refuse", "fail", "panic"} {
		_, a := echo(t.Context(), far.ClientConn, what)
		_, b := echo(t.Context(), near, what)
		if a == nil || b == nil || a.Error() != b.Error() || errs.From(a).Code != errs.From(b).Code {
			t.Errorf("%s: %v over the network, %v within the process", what, a, b)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := echo(gone, near, "x"); err == nil {
		t.Error("a call whose caller has left was made")
	}
}

// TestADirectCallEndsWithTheService after the grace period, and none is made to a service that has ended.
func TestADirectCallEndsWithTheService(t *testing.T) {
	core := open(t, base(t, natstest.Server(t)))
	arrived := make(chan struct{})
	echoing(core, func(ctx context.Context, in *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
		if in.GetValue() == "wait" {
			close(arrived)
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return in, nil
	})
	stop := run(t, core)
	conn := connected(t, core, identitytest.Load(t, identity.Gateway))
	result := make(chan error, 1)
	go func() {
		_, err := echo(context.WithoutCancel(t.Context()), conn, "wait")
		result <- err
	}()
	<-arrived
	if err := stop(); err != nil {
		t.Error(err)
	}
	if err := <-result; errs.From(err).Code != errs.Unavailable {
		t.Errorf("the call that was in progress: %v", err)
	}
	if _, err := echo(t.Context(), conn, "x"); errs.From(err).Code != errs.Unavailable {
		t.Errorf("a call afterwards: %v", err)
	}
}
