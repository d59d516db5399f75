package measure

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// callBuckets are few, because there is a series of each for every method.
var callBuckets = []float64{.005, .025, .1, .5, 2.5, 10}

var (
	served = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Name: "eupay_grpc_server_call_seconds", Help: "Time to answer a gRPC call, by the answering service, method and code.", Buckets: callBuckets,
	}, []string{"service", "method", "code"})
	streamed = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "eupay_grpc_server_streams_total", Help: "Streaming gRPC calls that have ended, by the answering service, method and code.",
	}, []string{"service", "method", "code"})
	called = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Name: "eupay_grpc_client_call_seconds", Help: "Time until a gRPC call was answered or given up, by the called service, method and code.", Buckets: callBuckets,
	}, []string{"called", "method", "code"})
)

// UnaryServer times the calls that the service answers. It goes before the interceptors that turn errors into statuses.
func UnaryServer(service string) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		began := time.Now()
		resp, err := handler(ctx, req)
		served.WithLabelValues(service, method(info.FullMethod), status.Code(err).String()).Observe(time.Since(began).Seconds())
		return resp, err
	}
}

// StreamServer counts the streams that have ended. Their duration says nothing: some last until the caller leaves.
func StreamServer(service string) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		err := handler(srv, stream)
		streamed.WithLabelValues(service, method(info.FullMethod), status.Code(err).String()).Inc()
		return err
	}
}

// Announce makes the counters of a gRPC service's streams begin at 0: an increase from nothing is seen by no graph.
func Announce(service string, desc *grpc.ServiceDesc) {
	for _, s := range desc.Streams {
		streamed.WithLabelValues(service, desc.ServiceName+"/"+s.StreamName, codes.OK.String())
	}
}

// UnaryClient times the calls to the named service. It goes after the interceptors that turn statuses into errors.
func UnaryClient(name string) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, full string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		began := time.Now()
		err := invoke(ctx, full, req, reply, conn, opts...)
		called.WithLabelValues(name, method(full), status.Code(err).String()).Observe(time.Since(began).Seconds())
		return err
	}
}

// method returns the label of a method. It is always one that a proto file declares, because gRPC calls no interceptor for others.
func method(full string) string { return strings.TrimPrefix(full, "/") }
