package errs

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

const domain = "eupay"

// UnaryServer sends an Error as a status with its code, fields and wait, and anything else as "internal error": a
// wrapped text never leaves the process.
func UnaryServer(log *slog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		resp, err := handler(ctx, req)
		if err == nil {
			return resp, nil
		}
		var e *Error
		if !errors.As(err, &e) {
			if ctx.Err() != nil {
				return nil, status.FromContextError(ctx.Err()).Err()
			}
			log.ErrorContext(ctx, "rpc failed", "method", info.FullMethod, "error", err)
			return nil, status.Error(codes.Internal, "internal error")
		}
		return nil, toStatus(e).Err()
	}
}

func toStatus(e *Error) *status.Status {
	st := status.New(e.Code.grpc(), e.Message)
	info := &errdetails.ErrorInfo{Reason: string(e.Code), Domain: domain}
	if e.Action != "" {
		info.Metadata = map[string]string{"action": e.Action}
	}
	bad := &errdetails.BadRequest{}
	for _, f := range e.Fields {
		bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: f.Field, Description: f.Message})
	}
	detailed, err := st.WithDetails(info, bad, &errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter)})
	if err != nil {
		return st
	}
	return detailed
}

// UnaryClient turns a status of UnaryServer back into the Error it was. A server that cannot be reached or does not
// answer in time becomes SERVICE_UNAVAILABLE, since reads may be repeated.
func UnaryClient() grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		return fromStatus(invoker(ctx, method, req, reply, cc, opts...))
	}
}

func fromStatus(err error) error {
	st, ok := status.FromError(err)
	if err == nil || !ok {
		return err
	}
	e := &Error{Message: st.Message()}
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			if d.GetDomain() == domain {
				e.Code, e.Action = Code(d.GetReason()), d.GetMetadata()["action"]
			}
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				e.Fields = append(e.Fields, Field{Field: v.GetField(), Message: v.GetDescription()})
			}
		case *errdetails.RetryInfo:
			e.RetryAfter = d.GetRetryDelay().AsDuration()
		}
	}
	if e.Code != "" {
		return e
	}
	switch st.Code() {
	case codes.Unavailable, codes.DeadlineExceeded:
		u := New(Unavailable, "The service is temporarily unavailable. Repeat the request in a moment.")
		u.RetryAfter = time.Second
		return errors.Join(u, err)
	default:
		return err
	}
}
