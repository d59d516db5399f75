package trace_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/otlptest"
	"european-pay.eu/eupay/internal/run/trace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// named returns the only span with that name.
func named(t *testing.T, spans []otlptest.Span, name string) otlptest.Span {
	t.Helper()
	var found []otlptest.Span
	for _, s := range spans {
		if s.Name == name {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d spans %q in %+v", len(found), name, spans)
	}
	return found[0]
}

func TestAMessageContinuesTheTraceInAnotherService(t *testing.T) {
	t.Parallel()
	c := otlptest.Start(t)
	ctx, endGateway := c.Tracer(t, "gateway")
	there, endPayments := c.Tracer(t, "payments")
	ctx, request := trace.Edge(ctx, "", trace.Server, "POST")
	sendCtx, send := trace.Start(ctx, trace.Producer, "send", trace.Message("EUPAY_COMMANDS", "send", "m-1")...)
	header := trace.Parent(sendCtx)
	send.End(nil)
	request.End(nil)
	processCtx, process := trace.Continue(there, header, trace.Consumer, "process")
	if trace.ID(processCtx) != trace.ID(ctx) || trace.IDOf(header) != trace.ID(ctx) {
		t.Error("the trace has another id in the other service")
	}
	process.End(errs.New(errs.Unavailable, "Account FR7630006000011234567890189 is closed."))
	endGateway()
	endPayments()

	spans := c.Spans()
	root, sent, got := named(t, spans, "POST"), named(t, spans, "send"), named(t, spans, "process")
	if root.ParentID != "" || sent.ParentID != root.SpanID || got.ParentID != sent.SpanID || got.TraceID != root.TraceID {
		t.Errorf("the chain is broken: %+v", spans)
	}
	if root.Service != "gateway" || got.Service != "payments" || sent.Kind != "PRODUCER" || sent.Attributes["messaging.message.id"] != "m-1" {
		t.Errorf("got %+v", spans)
	}
	if !got.Failed || got.Attributes["error.type"] != string(errs.Unavailable) || len(got.Attributes) != 1 {
		t.Errorf("of the error only its code is said: %+v", got)
	}
}

const (
	foreign   = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	foreignID = "0af7651916cd43dd8448eb211c80319c"
)

// TestACallersTraceparentIsOnlyALink: it could choose our ids, join the trace of another merchant, or have everything recorded.
func TestACallersTraceparentIsOnlyALink(t *testing.T) {
	t.Parallel()
	c := otlptest.Start(t)
	ctx, end := c.Tracer(t, "gateway")
	ctx, span := trace.Edge(ctx, foreign, trace.Server, "POST")
	span.End(nil)
	end()
	s := named(t, c.Spans(), "POST")
	if s.TraceID == foreignID || trace.ID(ctx) == foreignID || s.ParentID != "" {
		t.Errorf("a stranger chose the trace: %+v", s)
	}
	if len(s.Links) != 1 || s.Links[0].TraceID != foreignID || s.Links[0].Sampled {
		t.Errorf("links %+v", s.Links)
	}
}

func TestAnInvalidTraceparentIsIgnored(t *testing.T) {
	t.Parallel()
	c := otlptest.Start(t)
	ctx, end := c.Tracer(t, "gateway")
	for _, hostile := range []string{
		"", "00", strings.Repeat("0", 55), strings.Repeat("-", 55), foreign + "-", "01" + foreign[2:], strings.ToUpper(foreign), foreign[:53] + "ff",
		foreign + strings.Repeat("a", 1<<16), "00-00000000000000000000000000000000-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0\x00", "00-0af7651916cd43dd8448eb211c80319c\nb7ad6b7169203331-01",
	} {
		for name, begin := range map[string]func() (context.Context, trace.Span){
			"edge":    func() (context.Context, trace.Span) { return trace.Edge(ctx, hostile, trace.Server, "x") },
			"message": func() (context.Context, trace.Span) { return trace.Continue(ctx, hostile, trace.Consumer, "x") },
			"cause":   func() (context.Context, trace.Span) { return trace.Root(ctx, []string{hostile}, trace.Internal, "x") },
		} {
			within, span := begin()
			if len(trace.ID(within)) != 32 || trace.ID(within) == foreignID || trace.IDOf(hostile) != "" {
				t.Errorf("%s: %.80q gave the trace %q", name, hostile, trace.ID(within))
			}
			span.Link(hostile)
			span.End(nil)
		}
	}
	end()
	for _, s := range c.Spans() {
		if s.ParentID != "" || len(s.Links) != 0 {
			t.Errorf("got %+v", s)
		}
	}
}

// TestWithoutACollectorThereAreIDs that go from service to service, so that logs can be searched for them.
func TestWithoutACollectorThereAreIDs(t *testing.T) {
	t.Parallel()
	tracer, err := trace.New("payments", "test", trace.Settings{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer tracer.Close()
	ctx, span := trace.Edge(tracer.Into(t.Context()), foreign, trace.Server, "POST")
	span.End(nil)
	header := trace.Parent(ctx)
	if len(header) != 55 || header[52:] != "-00" || trace.ID(ctx) == foreignID {
		t.Errorf("got %q", header)
	}
	if same, span := trace.Start(ctx, trace.Internal, "step"); same != ctx || span != (trace.Span{}) {
		t.Error("a span was started for nobody")
	}
	next, _ := trace.Continue(tracer.Into(t.Context()), header, trace.Consumer, "process")
	if trace.Parent(next) != header {
		t.Errorf("%q became %q", header, trace.Parent(next))
	}
	// Of a service that does have a collector.
	next, _ = trace.Continue(tracer.Into(t.Context()), foreign, trace.Consumer, "process")
	if trace.Parent(next) != foreign {
		t.Errorf("the next service hangs below a span that nobody exports: %q", trace.Parent(next))
	}
}

func TestAContextWithoutATracerDoesNothing(t *testing.T) {
	t.Parallel()
	ctx, span := trace.Continue(t.Context(), foreign, trace.Server, "POST")
	span.Set(trace.Status(200))
	span.Link(foreign)
	span.Fail("x")
	span.End(nil)
	if ctx != t.Context() || trace.Parent(ctx) != "" || trace.Within(ctx, foreign) != ctx {
		t.Error("the context changed")
	}
}

// TestARootIsRecordedByItsRatioOrItsCause: a later attempt of a recorded delivery is recorded too.
func TestARootIsRecordedByItsRatioOrItsCause(t *testing.T) {
	t.Parallel()
	c := otlptest.Start(t)
	tracer, err := trace.New("webhooks", "test", trace.Settings{Endpoint: c.URL, Ratio: 0}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer tracer.Close()
	ctx := tracer.Into(t.Context())
	for name, begin := range map[string]func() (context.Context, trace.Span){
		"by its ratio": func() (context.Context, trace.Span) { return trace.Root(ctx, nil, trace.Internal, "none") },
		"by a caller":  func() (context.Context, trace.Span) { return trace.Edge(ctx, foreign, trace.Server, "none") },
		"by an unsampled one": func() (context.Context, trace.Span) {
			return trace.Continue(ctx, foreign[:53]+"00", trace.Server, "none")
		},
	} {
		within, span := begin()
		if span != (trace.Span{}) || trace.ID(within) == "" {
			t.Errorf("recorded %s, or without an id", name)
		}
	}
	_, cause := trace.Root(ctx, []string{foreign}, trace.Internal, "caused")
	cause.End(nil)
	tracer.Close()
	if s := named(t, c.Spans(), "caused"); len(s.Links) != 1 || s.TraceID == foreignID {
		t.Errorf("got %+v", s)
	}
}

func TestAnRPCIsASpanOnBothSides(t *testing.T) {
	t.Parallel()
	c := otlptest.Start(t)
	ctx, endGateway := c.Tracer(t, "gateway")
	tracer, err := trace.New("payments", "test", trace.Settings{Endpoint: c.URL, Ratio: 1}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	conn := serve(t, tracer)
	ctx, request := trace.Edge(ctx, "", trace.Server, "GET")
	err = conn.Invoke(ctx, "/sample.Sample/Do", new(emptypb.Empty), new(emptypb.Empty))
	if status.Code(err) != codes.NotFound {
		t.Fatal(err)
	}
	if _, err := healthv1.NewHealthClient(conn).Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil {
		t.Fatal(err)
	}
	request.End(nil)
	endGateway()
	tracer.Close()

	spans := map[string]otlptest.Span{}
	for _, s := range c.Spans() {
		spans[s.Kind+" "+s.Name] = s
	}
	root, client, server := spans["SERVER GET"], spans["CLIENT sample.Sample/Do"], spans["SERVER sample.Sample/Do"]
	if len(spans) != 3 || client.ParentID != root.SpanID || server.ParentID != client.SpanID || server.Service != "payments" || server.TraceID != root.TraceID {
		t.Errorf("got %+v", spans)
	}
	if server.Attributes["rpc.response.status_code"] != "NOT_FOUND" || server.Attributes["rpc.method"] != "sample.Sample/Do" {
		t.Errorf("attributes %+v", server.Attributes)
	}
}

// serve serves /sample.Sample/Do, which answers NotFound, and the health.
func serve(t *testing.T, tracer *trace.Tracer) *grpc.ClientConn {
	t.Helper()
	s := grpc.NewServer(grpc.ChainUnaryInterceptor(tracer.UnaryServer()), grpc.ChainStreamInterceptor(tracer.StreamServer()))
	healthv1.RegisterHealthServer(s, health.NewServer())
	s.RegisterService(&grpc.ServiceDesc{ServiceName: "sample.Sample", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{{
		MethodName: "Do", Handler: func(_ any, ctx context.Context, decode func(any) error, icpt grpc.UnaryServerInterceptor) (any, error) {
			in := new(emptypb.Empty)
			if err := decode(in); err != nil {
				return nil, err
			}
			return icpt(ctx, in, &grpc.UnaryServerInfo{FullMethod: "/sample.Sample/Do"}, func(context.Context, any) (any, error) {
				return nil, status.Error(codes.NotFound, "none")
			})
		},
	}}}, struct{}{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithChainUnaryInterceptor(trace.UnaryClient()), grpc.WithChainStreamInterceptor(trace.StreamClient()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		s.Stop()
		<-served
	})
	return conn
}

func TestALogLineNamesItsTrace(t *testing.T) {
	t.Parallel()
	tracer, err := trace.New("payments", "test", trace.Settings{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	log := trace.Logger(slog.New(slog.NewTextHandler(&out, nil))).With("service", "payments")
	ctx, _ := trace.Root(tracer.Into(t.Context()), nil, trace.Internal, "x")
	log.InfoContext(ctx, "within")
	log.Info("without")
	within, without, _ := strings.Cut(strings.TrimSpace(out.String()), "\n")
	if !strings.HasSuffix(within, " trace_id="+trace.ID(ctx)) || strings.Contains(without, "trace_id") {
		t.Errorf("got %s", out.String())
	}
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	good := trace.Settings{Endpoint: "http://collector:4318", Ratio: 0.1}
	for want, change := range map[string]func(*trace.Settings){
		"OTEL_EXPORTER_OTLP_ENDPOINT":    func(s *trace.Settings) { s.Endpoint = "collector:4318" },
		"OTEL_EXPORTER_OTLP_PROTOCOL":    func(s *trace.Settings) { s.Protocol = "grpc" },
		"OTEL_TRACES_SAMPLER must":       func(s *trace.Settings) { s.Sampler = "always_on" },
		"OTEL_TRACES_SAMPLER_ARG":        func(s *trace.Settings) { s.Ratio = 1.5 },
		"OTEL_EXPORTER_OTLP_CERTIFICATE": func(s *trace.Settings) { s.Certificate = "/none" },
		"OTEL_EXPORTER_OTLP_HEADERS":     func(s *trace.Settings) { s.Headers = map[string]string{"Authorization": "Bearer%zz"} },
		"OTEL_RESOURCE_ATTRIBUTES":       func(s *trace.Settings) { s.Resource = map[string]string{"k8s.pod.name": "%"} },
	} {
		s := good
		change(&s)
		if _, err := trace.New("x", "test", s, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
