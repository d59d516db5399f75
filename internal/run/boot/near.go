package boot

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// A call to a service of the same process goes to its handler directly: the all-in-one would otherwise spend most of a read on
// encryption, frames and system calls between two of its own goroutines. Everything else is as over the network: the interceptors of
// both sides, who may call what, deadlines, and messages of its own for each side.
//
// The network has the say on trust. A call is direct only while the client has a working connection to that address, whose handshake
// has proven both certificates, and which is renewed every few minutes. Streams always use that connection.

// near are the servers of this process that serve, by their addresses.
var near sync.Map // of string to *nearServer

// nearServer is a gRPC server as the clients of its process see it.
type nearServer struct {
	methods   map[string]nearMethod
	intercept grpc.UnaryServerInterceptor

	mu    sync.Mutex
	ended bool
	calls sync.WaitGroup
	// stopped ends the calls that are still in progress after the grace period.
	stopped context.Context
	stop    context.CancelFunc
}

func newNearServer(intercept grpc.UnaryServerInterceptor) *nearServer {
	s := &nearServer{methods: make(map[string]nearMethod), intercept: intercept}
	s.stopped, s.stop = context.WithCancel(context.Background())
	return s
}

// nearMethod is a unary method with what implements it.
type nearMethod struct {
	impl    any
	handler grpc.MethodHandler
}

// add adds the unary methods of a service.
func (s *nearServer) add(desc *grpc.ServiceDesc, impl any) {
	for _, m := range desc.Methods {
		s.methods["/"+desc.ServiceName+"/"+m.MethodName] = nearMethod{impl, m.Handler}
	}
}

// begin counts a call, unless the server is stopping.
func (s *nearServer) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.calls.Add(1)
	return true
}

// end refuses further calls and waits for those in progress. After grace they are cancelled.
func (s *nearServer) end(grace time.Duration) {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	timer := time.AfterFunc(grace, s.stop)
	defer timer.Stop()
	s.calls.Wait()
	s.stop()
}

// call has the method's handler answer a request of the named identity.
func (s *nearServer) call(ctx context.Context, m nearMethod, from string, request, reply proto.Message) error {
	ctx, cancel := context.WithCancel(received(ctx, from))
	defer cancel()
	defer context.AfterFunc(s.stopped, cancel)()
	resp, err := m.handler(m.impl, ctx, func(into any) error {
		proto.Merge(into.(proto.Message), request)
		return nil
	}, s.intercept)
	if err != nil && s.stopped.Err() != nil {
		return status.Error(codes.Unavailable, "the service is stopping")
	}
	if err != nil {
		return status.Convert(err).Err()
	}
	answer, ok := resp.(proto.Message)
	if !ok {
		return status.Error(codes.Internal, "the handler gave no answer")
	}
	proto.Reset(reply)
	proto.Merge(reply, answer)
	return nil
}

// nearby is the security of a direct call.
type nearby struct{ from string }

// AuthType implements credentials.AuthInfo.
func (nearby) AuthType() string { return "process" }

// arrived is the context of a call at its handler: it ends with the caller's, and has none of the caller's values.
type arrived struct {
	context.Context
	values context.Context
}

// Value returns what belongs to the call.
func (a arrived) Value(key any) any { return a.values.Value(key) }

// AfterFunc lets contexts that are derived from this one end with it without a goroutine for each.
func (a arrived) AfterFunc(f func()) (stop func() bool) { return context.AfterFunc(a.Context, f) }

// received returns the context of the call at its handler.
func received(ctx context.Context, from string) context.Context {
	values := peer.NewContext(context.Background(), &peer.Peer{AuthInfo: nearby{from}})
	if md, ok := metadata.FromOutgoingContext(ctx); ok {
		values = metadata.NewIncomingContext(values, md)
	}
	return arrived{ctx, values}
}

// Conn is a client connection to a service; see Dial.
type Conn struct {
	*grpc.ClientConn
	target string
	// from is the name of the caller.
	from      string
	intercept grpc.UnaryClientInterceptor
}

// Invoke calls a method. It returns what grpc.ClientConn does.
func (c *Conn) Invoke(ctx context.Context, method string, request, reply any, opts ...grpc.CallOption) error {
	s, m := c.near(method)
	in, fits := request.(proto.Message)
	out, alsoFits := reply.(proto.Message)
	if s == nil || !isPlain(opts) || !fits || !alsoFits || !s.begin() {
		return c.ClientConn.Invoke(ctx, method, request, reply, opts...)
	}
	defer s.calls.Done()
	direct := func(ctx context.Context, _ string, _, _ any, _ *grpc.ClientConn, _ ...grpc.CallOption) error {
		if err := ctx.Err(); err != nil {
			return status.FromContextError(err).Err()
		}
		return s.call(ctx, m, c.from, in, out)
	}
	return c.intercept(ctx, method, request, reply, c.ClientConn, direct)
}

// isPlain reports whether the options ask for nothing: generated clients say that they name their methods by constants.
func isPlain(opts []grpc.CallOption) bool {
	for _, o := range opts {
		if _, ok := o.(grpc.StaticMethodCallOption); !ok {
			return false
		}
	}
	return true
}

// near returns the server of this process at the target, if it has the method and the connection to it works.
func (c *Conn) near(method string) (*nearServer, nearMethod) {
	found, ok := near.Load(c.target)
	if !ok || c.GetState() != connectivity.Ready {
		return nil, nearMethod{}
	}
	s := found.(*nearServer)
	m, ok := s.methods[method]
	if !ok {
		return nil, nearMethod{}
	}
	return s, m
}

// chainServer makes one interceptor of several, the first outermost.
func chainServer(all ...grpc.UnaryServerInterceptor) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		for i := len(all) - 1; i >= 0; i-- {
			next := handle
			handle = func(ctx context.Context, req any) (any, error) { return all[i](ctx, req, info, next) }
		}
		return handle(ctx, req)
	}
}

// chainClient does the same for clients.
func chainClient(all ...grpc.UnaryClientInterceptor) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		for i := len(all) - 1; i >= 0; i-- {
			next := invoke
			invoke = func(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, opts ...grpc.CallOption) error {
				return all[i](ctx, method, req, reply, conn, next, opts...)
			}
		}
		return invoke(ctx, method, req, reply, conn, opts...)
	}
}
