package boot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/run/measure"
	"european-pay.eu/eupay/internal/run/trace"
)

// reconnect uses short delays: the other service is on the same network and restarts within seconds.
var reconnect = backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second}

// Keepalives: a side that receives nothing for pingEvery sends a ping and closes the connection if it gets no answer within
// pingLimit. 10 s is the shortest interval that gRPC permits a client. On Linux the limit also applies to unacknowledged data
// (TCP_USER_TIMEOUT), so a call to a node that has vanished fails in time.
const (
	pingEvery = 10 * time.Second
	pingLimit = 5 * time.Second
)

// unaryOf returns what goes before the handlers of unary calls.
func unaryOf(t *trace.Tracer, c *callers, log *slog.Logger) grpc.UnaryServerInterceptor {
	return chainServer(t.UnaryServer(), measure.UnaryServer(c.self), recovered(log), c.unary, errs.UnaryServer(log))
}

// newGRPCServer returns a server whose streams end when stopping is cancelled.
func newGRPCServer(
	stopping context.Context, who *identity.Identity, t *trace.Tracer, c *callers, unary grpc.UnaryServerInterceptor, log *slog.Logger,
) (*grpc.Server, *health.Server) {
	s := grpc.NewServer(
		grpc.Creds(credentials.NewTLS(who.Server())),
		grpc.UnaryInterceptor(unary),
		grpc.ChainStreamInterceptor(t.StreamServer(), measure.StreamServer(c.self), recoveredStream(log), c.stream, untilStop(stopping), errs.StreamServer(log)),
		// Clients reconnect periodically, so that new replicas get their share.
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionAge: 5 * time.Minute, MaxConnectionAgeGrace: 30 * time.Second, Time: pingEvery, Timeout: pingLimit,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingEvery / 2, PermitWithoutStream: true}),
		grpc.MaxRecvMsgSize(4<<20),
		// Long-lived workers keep a grown stack; a new goroutine for each call would have to grow it again.
		grpc.NumStreamWorkers(uint32(8*runtime.GOMAXPROCS(0))),
	)
	h := health.NewServer()
	healthv1.RegisterHealthServer(s, h)
	return s, h
}

// recovered turns a panic in a call into an internal error of that call.
func recovered(log *slog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (resp any, err error) {
		defer func() {
			if p := recover(); p != nil {
				log.ErrorContext(ctx, "rpc panicked", "method", info.FullMethod, "panic", p, "stack", string(debug.Stack()))
				resp, err = nil, status.Error(codes.Internal, "internal error")
			}
		}()
		return handler(ctx, req)
	}
}

// recoveredStream does the same for streaming calls.
func recoveredStream(log *slog.Logger) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
		defer func() {
			if p := recover(); p != nil {
				log.ErrorContext(stream.Context(), "rpc panicked", "method", info.FullMethod, "panic", p, "stack", string(debug.Stack()))
				err = status.Error(codes.Internal, "internal error")
			}
		}()
		return handler(srv, stream)
	}
}

// untilStop cancels a stream's context when the service stops. Otherwise the server would wait for streams that have no end. The
// client is told to reconnect.
func untilStop(stopping context.Context) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		ctx, cancel := context.WithCancel(stream.Context())
		defer cancel()
		defer context.AfterFunc(stopping, cancel)()
		err := handler(srv, endingStream{stream, ctx})
		if err != nil && stopping.Err() != nil {
			return status.Error(codes.Unavailable, "the service is stopping")
		}
		return err
	}
}

type endingStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s endingStream) Context() context.Context { return s.ctx }

func (c *Core) serveGRPC(ctx context.Context) error {
	near.Store(c.GRPCAddr(), c.near)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		near.CompareAndDelete(c.GRPCAddr(), c.near)
		c.health.Shutdown() // clients that watch the health switch to another replica
		c.endStreams()
		timer := time.AfterFunc(c.Base.Grace, c.GRPC.Stop)
		defer timer.Stop()
		var direct sync.WaitGroup
		direct.Go(func() { c.near.end(c.Base.Grace) })
		c.GRPC.GracefulStop()
		direct.Wait()
	}()
	if err := c.GRPC.Serve(c.grpcListener); err != nil {
		return fmt.Errorf("serve gRPC: %w", err)
	}
	<-stopped
	return nil
}

// Dial returns a client connection to the named service at the address. It presents this service's identity, connects lazily,
// balances calls over all addresses, accepts only the certificate of the named service, and converts statuses back to errs.Error. Calls to a
// service of this process go to its handlers directly.
func Dial(who *identity.Identity, name, target string) (*Conn, error) {
	unary := chainClient(trace.UnaryClient(), errs.UnaryClient(), measure.UnaryClient(name))
	conn, err := grpc.NewClient("dns:///"+target,
		grpc.WithTransportCredentials(serviceCredentials{who, name}),
		grpc.WithUnaryInterceptor(unary),
		grpc.WithChainStreamInterceptor(trace.StreamClient(), errs.StreamClient()),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingEvery, Timeout: pingLimit, PermitWithoutStream: true}),
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: 2 * time.Second, Backoff: reconnect}),
	)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", target, err)
	}
	return &Conn{ClientConn: conn, target: target, from: who.Name(), intercept: unary}, nil
}

// serviceCredentials are the credentials of connections to one service. Each connection uses the current identity files.
type serviceCredentials struct {
	who  *identity.Identity
	name string
}

func (p serviceCredentials) fresh() credentials.TransportCredentials {
	return credentials.NewTLS(p.who.Client(p.name))
}

// ClientHandshake authenticates both sides. The authority, which is derived from the address, is ignored.
func (p serviceCredentials) ClientHandshake(ctx context.Context, _ string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return p.fresh().ClientHandshake(ctx, p.name, raw)
}

// ServerHandshake is not supported: these are client credentials.
func (serviceCredentials) ServerHandshake(net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errors.New("these credentials are for clients")
}

// Info describes the protocol.
func (p serviceCredentials) Info() credentials.ProtocolInfo { return p.fresh().Info() }

// Clone returns the same credentials: they have no state.
func (p serviceCredentials) Clone() credentials.TransportCredentials { return p }

// OverrideServerName is not supported: the expected name is fixed.
func (serviceCredentials) OverrideServerName(string) error {
	return errors.New("the name of a service cannot be overridden")
}
