package gatewaytest

import (
	"cmp"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"european-pay.eu/eupay/internal/errs"
)

// Backend stands in for all services behind the gateway. It answers every method, with an empty message unless the test says otherwise, and notes what
// it is asked.
type Backend struct {
	Conn *grpc.ClientConn
	srv  *grpc.Server

	mu      sync.Mutex
	asked   []proto.Message
	answers map[protoreflect.FullName]proto.Message
	// failures are by the names of methods; that of all has none.
	failures map[protoreflect.Name]error
}

// NewBackend serves one until the test ends.
func NewBackend(t testing.TB) *Backend {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &Backend{answers: map[protoreflect.FullName]proto.Message{}, failures: map[protoreflect.Name]error{}}
	b.srv = grpc.NewServer(grpc.UnknownServiceHandler(b.answer), grpc.ChainStreamInterceptor(errs.StreamServer(quiet)))
	served := make(chan error, 1)
	go func() { served <- b.srv.Serve(l) }()
	b.Conn, err = grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithChainUnaryInterceptor(errs.UnaryClient()), grpc.WithChainStreamInterceptor(errs.StreamClient()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Conn.Close(); err != nil {
			t.Error(err)
		}
		b.srv.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return b
}

// Answer has methods answer with these messages, by their types.
func (b *Backend) Answer(list ...proto.Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range list {
		b.answers[m.ProtoReflect().Descriptor().FullName()] = m
	}
}

// Fail has every method fail; nil: none.
func (b *Backend) Fail(err error) { b.FailIn("", err) }

// FailIn has the methods of a name fail; nil: no more.
func (b *Backend) FailIn(method string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures[protoreflect.Name(method)] = err
}

// Stop takes the services away for the rest of the test.
func (b *Backend) Stop() { b.srv.Stop() }

// Asked returns the requests since the last call. Of a stream it has the first message.
func (b *Backend) Asked() []proto.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.asked
	b.asked = nil
	return list
}

// Latest returns the last request of a type since Asked was called; its zero value if there is none.
func Latest[M proto.Message](b *Backend) (latest M) {
	for _, m := range slices.Backward(b.Asked()) {
		if m, ok := m.(M); ok {
			return m
		}
	}
	return latest
}

func (b *Backend) answer(_ any, stream grpc.ServerStream) error {
	method, err := methodOf(stream)
	if err != nil {
		return err
	}
	if err := b.hear(method, stream); err != nil {
		return err
	}
	b.mu.Lock()
	failure, known := cmp.Or(b.failures[""], b.failures[method.Name()]), b.answers[method.Output().FullName()]
	b.mu.Unlock()
	switch {
	case failure != nil:
		return failure
	case known != nil:
		return stream.SendMsg(known)
	case method.IsStreamingServer():
		return nil
	}
	empty, err := protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName())
	if err != nil {
		return err
	}
	return stream.SendMsg(empty.New().Interface())
}

// hear notes the first message of a call, and reads the others.
func (b *Backend) hear(method protoreflect.MethodDescriptor, stream grpc.ServerStream) error {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())
	if err != nil {
		return err
	}
	in := kind.New().Interface()
	if err := stream.RecvMsg(in); err != nil {
		return err
	}
	b.mu.Lock()
	b.asked = append(b.asked, in)
	b.mu.Unlock()
	for method.IsStreamingClient() {
		if err := stream.RecvMsg(kind.New().Interface()); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
	}
	return nil
}

func methodOf(stream grpc.ServerStream) (protoreflect.MethodDescriptor, error) {
	path, _ := grpc.MethodFromServerStream(stream)
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "."))
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		return nil, err
	}
	method, ok := found.(protoreflect.MethodDescriptor)
	if !ok {
		return nil, errors.New(path + " is no method")
	}
	return method, nil
}
