// Package listen serves ListenService: it streams a merchant's test-mode events to a developer as signed webhooks, directly from
// the event stream. It writes nothing to the database.
package listen

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/events"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/webhooks/internal/delivery"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
	"european-pay.eu/eupay/services/webhooks/internal/secret"
)

const (
	// CursorHeader is metadata of an opened stream: the cursor after which it starts. A client that loses the stream before its
	// first event continues from there.
	CursorHeader = "eupay-cursor"

	// readTimeout is how long a client may leave an event unread.
	readTimeout = 20 * time.Second
)

// Server implements ListenService.
type Server struct {
	webhooksv1.UnimplementedListenServiceServer

	js          jetstream.JetStream
	vault       *secret.Vault
	now         func() time.Time
	log         *slog.Logger
	slots       slots
	readTimeout time.Duration
}

// NewServer returns the service for the event stream of js.
func NewServer(js jetstream.JetStream, vault *secret.Vault, now func() time.Time, log *slog.Logger) *Server {
	return &Server{js: js, vault: vault, now: now, log: log, slots: slots{each: make(map[string]int)}, readTimeout: readTimeout}
}

// GetListenSecret implements ListenService.
func (s *Server) GetListenSecret(_ context.Context, r *webhooksv1.GetListenSecretRequest) (*webhooksv1.GetListenSecretResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	return &webhooksv1.GetListenSecretResponse{Secret: s.secret(r.GetMerchantId())}, nil
}

func (s *Server) secret(merchant string) string {
	return secret.FromKey(s.vault.Derive("listen\x00" + merchant))
}

// Listen implements ListenService. It ends with SERVICE_UNAVAILABLE if the client does not read or the broker fails. The client
// then continues from its cursor.
func (s *Server) Listen(r *webhooksv1.ListenRequest, stream grpc.ServerStreamingServer[webhooksv1.ListenResponse]) error {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return err
	}
	if err := endpoint.CheckTypes(r.GetEventTypes()).Err(); err != nil {
		return err
	}
	if r.GetLatest() && r.GetAfterCursor() > 0 {
		return errs.Invalid(errs.Field{Field: "latest", Message: "latest and a position (Last-Event-ID) exclude each other."})
	}
	release, err := s.slots.take(r.GetMerchantId())
	if err != nil {
		return err
	}
	defer release()
	ctx := stream.Context()
	feed, err := s.open(ctx, r)
	if err != nil {
		return s.streamError(ctx, err)
	}
	defer feed.close(ctx)
	if err := stream.SendHeader(metadata.Pairs(CursorHeader, strconv.FormatUint(feed.cursor, 10))); err != nil {
		return err //nolint:wrapcheck // a status already
	}
	return s.forward(ctx, r, feed, stream)
}

func (s *Server) forward(ctx context.Context, r *webhooksv1.ListenRequest, f *feed, stream grpc.ServerStreamingServer[webhooksv1.ListenResponse]) error {
	for {
		event, err := f.next(ctx)
		if err != nil {
			return s.streamError(ctx, err)
		}
		resp, err := s.buildWebhook(event, r.GetEventTypes())
		if err != nil {
			return err
		}
		if resp == nil {
			continue
		}
		resp.Cursor = f.cursor
		if err := s.send(ctx, stream, resp); err != nil {
			return err
		}
	}
}

// streamError converts an error of the broker for the client. The end of the call is not an error.
func (s *Server) streamError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.log.Warn("event stream failed", "error", err)
	e := errs.New(errs.Unavailable, "Events cannot be streamed at the moment. Reconnect and continue from the last event you received.")
	e.RetryAfter = time.Second
	return e
}

// buildWebhook returns the webhook that announces the event; nil if it does not match the filter.
func (s *Server) buildWebhook(event events.Event, wanted []string) (*webhooksv1.ListenResponse, error) {
	as, ok := endpoint.Announce(wanted, event.Type)
	if !ok {
		return nil, nil
	}
	message, err := delivery.Read(event)
	if err != nil {
		// An event that could not be sent to any endpoint either is skipped; the others must still be streamed.
		s.log.Debug("event not streamed", "event", event.ID, "type", event.Type, "error", err)
		return nil, nil
	}
	body, err := message.Body(as)
	if err != nil {
		return nil, err
	}
	signed, err := delivery.Headers(event.ID, as, body, []string{s.secret(event.Merchant)}, s.now())
	if err != nil {
		return nil, err
	}
	return &webhooksv1.ListenResponse{
		EventId: event.ID, EventType: as, Reference: message.Reference, Body: body, Headers: single(signed),
	}, nil
}

func single(h http.Header) map[string]string {
	out := make(map[string]string, len(h))
	for name := range h {
		out[name] = h.Get(name)
	}
	return out
}

// send gives up on a client that does not read. The stream cannot be used afterwards: the handler returns, which ends the pending
// send.
func (s *Server) send(ctx context.Context, stream grpc.ServerStreamingServer[webhooksv1.ListenResponse], resp *webhooksv1.ListenResponse) error {
	sent := make(chan error, 1)
	go func() { sent <- stream.Send(resp) }()
	timer := time.NewTimer(s.readTimeout)
	defer timer.Stop()
	select {
	case err := <-sent:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return errs.New(errs.Unavailable, "Events were not read in time. Reconnect and continue from the last event you received.")
	}
}
