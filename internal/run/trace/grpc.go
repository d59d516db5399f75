package trace

import (
	"context"
	"strings"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// UnaryClient starts a span for each call and passes it to the called service.
func UnaryClient() grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		ctx, span := Start(ctx, Client, rpcName(method), rpc(method)...)
		err := invoke(outgoing(ctx), method, req, reply, cc, opts...)
		span.End(err)
		return err
	}
}

// StreamClient passes the caller's span to the called service. It starts none, because a client may leave a stream at any time.
func StreamClient() grpc.StreamClientInterceptor {
	return func(
		ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		return open(outgoing(ctx), desc, cc, method, opts...)
	}
}

func outgoing(ctx context.Context) context.Context {
	if parent := Parent(ctx); parent != "" {
		return metadata.AppendToOutgoingContext(ctx, Header, parent)
	}
	return ctx
}

// UnaryServer starts a span of this service for each call, within the caller's. It comes before the interceptors that log.
func (t *Tracer) UnaryServer() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		if isHealth(info.FullMethod) {
			return handle(ctx, req)
		}
		ctx, span := t.serve(ctx, info.FullMethod)
		resp, err := handle(ctx, req)
		answered(span, err)
		return resp, err
	}
}

// StreamServer does the same for a stream, whose span lasts as long as the stream.
func (t *Tracer) StreamServer() grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		if isHealth(info.FullMethod) {
			return handle(srv, stream)
		}
		ctx, span := t.serve(stream.Context(), info.FullMethod)
		err := handle(srv, tracedStream{stream, ctx})
		answered(span, err)
		return err
	}
}

type tracedStream struct {
	grpc.ServerStream
	ctx context.Context
}

// Context returns the context of the span.
func (s tracedStream) Context() context.Context { return s.ctx }

func (t *Tracer) serve(ctx context.Context, method string) (context.Context, Span) {
	parent := ""
	if sent := metadata.ValueFromIncomingContext(ctx, Header); len(sent) == 1 {
		parent = sent[0]
	}
	return Continue(t.Into(ctx), parent, Server, rpcName(method), rpc(method)...)
}

func answered(span Span, err error) {
	if span.span != nil {
		span.Set(semconv.RPCResponseStatusCode(code.Code(status.Code(err)).String()))
	}
	span.End(err)
}

func rpc(method string) []Attr {
	return []Attr{semconv.RPCSystemNameGRPC, semconv.RPCMethod(rpcName(method))}
}

// rpcName is the name of a method as the conventions write it: eupay.payments.v1.PaymentsService/Get.
func rpcName(method string) string { return strings.TrimPrefix(method, "/") }

func isHealth(method string) bool {
	return strings.HasPrefix(rpcName(method), healthv1.Health_ServiceDesc.ServiceName+"/")
}
