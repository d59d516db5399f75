package boot

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/run/measure"
)

// callers is the list of identities that may call each gRPC service of this process. A service that is not listed accepts no
// calls.
type callers struct {
	self string
	log  *slog.Logger
	of   map[string][]string
}

// Serve registers a gRPC service that only the named identities may call.
func (c *Core) Serve(desc *grpc.ServiceDesc, impl any, callers ...string) {
	c.callers.of[desc.ServiceName] = callers
	refusedCalls.WithLabelValues(c.Name, desc.ServiceName) // begins at 0: an increase from nothing is seen by no alert
	measure.Announce(c.Name, desc)
	c.GRPC.RegisterService(desc, impl)
	c.near.add(desc, impl)
}

// complete returns an error if a service was registered without callers, so that the mistake is found at the start.
func (c *callers) complete(s *grpc.Server) error {
	for name := range s.GetServiceInfo() {
		if len(c.of[name]) == 0 && name != healthv1.Health_ServiceDesc.ServiceName {
			return fmt.Errorf("%s has no callers: register it with Serve", name)
		}
	}
	return nil
}

// check refuses a caller that is not on the list. Its certificate was verified in the handshake.
func (c *callers) check(ctx context.Context, method string) error {
	service, _, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	if service == healthv1.Health_ServiceDesc.ServiceName {
		return nil // every identity may check the health of this service
	}
	name := caller(ctx)
	if slices.Contains(c.of[service], name) {
		return nil
	}
	refusedCalls.WithLabelValues(c.self, service).Inc()
	c.log.WarnContext(ctx, "call refused", "caller", name, "method", method)
	return status.Error(codes.PermissionDenied, "this identity may not call the service")
}

// caller returns the name in the caller's certificate, which a caller in this process has proven before its first call; empty without one.
func caller(ctx context.Context) string {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return ""
	}
	switch info := p.AuthInfo.(type) {
	case credentials.TLSInfo:
		return identity.Peer(info.State)
	case nearby:
		return info.from
	default:
		return ""
	}
}

func (c *callers) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if err := c.check(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	return handler(ctx, req)
}

func (c *callers) stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if err := c.check(stream.Context(), info.FullMethod); err != nil {
		return err
	}
	return handler(srv, stream)
}

var refusedCalls = promauto.NewCounterVec(prometheus.CounterOpts{
	Name: "eupay_calls_refused_total", Help: "gRPC calls of identities that may not call the service.",
}, []string{"service", "called"})
