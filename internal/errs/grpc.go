package errs

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"european-pay.eu/eupay/internal/money"
)

const domain = "eupay"

// UnaryServer converts an Error to a status with its code, fields and retry delay, and any other error to "internal error":
// internal texts never leave the process.
func UnaryServer(log *slog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		resp, err := handler(ctx, req)
		if err != nil {
			return nil, outgoing(ctx, log, info.FullMethod, err)
		}
		return resp, nil
	}
}

// StreamServer does the same for streaming calls.
func StreamServer(log *slog.Logger) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		if err := handler(srv, stream); err != nil {
			return outgoing(stream.Context(), log, info.FullMethod, err)
		}
		return nil
	}
}

// outgoing returns the status for the caller. If the call has already ended, nothing is logged.
func outgoing(ctx context.Context, log *slog.Logger, method string, err error) error {
	var e *Error
	if errors.As(err, &e) {
		return toStatus(e).Err()
	}
	if ctx.Err() != nil {
		return status.FromContextError(ctx.Err()).Err()
	}
	log.ErrorContext(ctx, "rpc failed", "method", method, "error", err)
	return status.Error(codes.Internal, "internal error")
}

func toStatus(e *Error) *status.Status {
	st := status.New(e.Code.grpc(), e.Message)
	info := &errdetails.ErrorInfo{Reason: string(e.Code), Domain: domain}
	info.Metadata = metadataOf(e)
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

// metadataOf returns the optional fields of an error; nil if it has none.
func metadataOf(e *Error) map[string]string {
	switch {
	case e.Action != "":
		return map[string]string{"action": e.Action}
	case e.Total != nil:
		return map[string]string{"total": strconv.FormatInt(int64(*e.Total), 10)}
	case len(e.Slots) > 0:
		return map[string]string{"slots": slotsText(e.Slots)}
	default:
		return nil
	}
}

// UnaryClient converts a status from UnaryServer back to its Error. If the server cannot be reached or does not answer in time,
// it returns SERVICE_UNAVAILABLE, because reads can be repeated.
func UnaryClient() grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		return fromStatus(invoker(ctx, method, req, reply, cc, opts...))
	}
}

// StreamClient does the same for streaming calls: for errors of opening, of the header and of each message.
func StreamClient() grpc.StreamClientInterceptor {
	return func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, streamer grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
		stream, err := streamer(ctx, desc, cc, method, opts...)
		if err != nil {
			return nil, fromStatus(err)
		}
		return clientStream{stream}, nil
	}
}

type clientStream struct{ grpc.ClientStream }

func (s clientStream) Header() (metadata.MD, error) {
	md, err := s.ClientStream.Header()
	return md, fromStatus(err)
}

func (s clientStream) RecvMsg(m any) error { return fromStatus(s.ClientStream.RecvMsg(m)) }

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
				e.Code, e.Action, e.Slots = Code(d.GetReason()), d.GetMetadata()["action"], slotsOf(d.GetMetadata()["slots"])
				if cents, err := strconv.ParseInt(d.GetMetadata()["total"], 10, 64); err == nil {
					total := money.Cents(cents)
					e.Total = &total
				}
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
