// Package listen serves ListenService: it streams a merchant's test-mode events to a developer, as signed webhooks, from
// the event stream itself. It writes nothing to the database.
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
	"european-pay.eu/eupay/internal/events"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/webhooks/internal/delivery"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
	"european-pay.eu/eupay/services/webhooks/internal/secret"
)

const (
	// CursorHeader is the metadata of an opened stream: the cursor that it starts after. A client that loses the stream
	// before it saw an event goes on from there.
	CursorHeader = "eupay-cursor"

	// patience is how long a client may leave one event unread.
	patience = 20 * time.Second
)

// Server implements ListenService.
type Server struct {
	webhooksv1.UnimplementedListenServiceServer

	js       jetstream.JetStream
	vault    *secret.Vault
	now      func() time.Time
	log      *slog.Logger
	slots    slots
	patience time.Duration
}

// NewServer returns the service over the event stream of js.
func NewServer(js jetstream.JetStream, vault *secret.Vault, now func() time.Time, log *slog.Logger) *Server {
	return &Server{js: js, vault: vault, now: now, log: log, slots: slots{each: make(map[string]int)}, patience: patience}
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

// Listen implements ListenService. It ends with SERVICE_UNAVAILABLE when the client does not read, or when the broker is
// in trouble: the client then goes on from its cursor.
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
		return s.trouble(ctx, err)
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
			return s.trouble(ctx, err)
		}
		resp, err := s.compose(event, r.GetEventTypes())
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

// trouble is an error of the broker as the client hears of it; that the call has ended is no trouble.
func (s *Server) trouble(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.log.Warn("events cannot be streamed", "error", err)
	e := errs.New(errs.Unavailable, "Events cannot be streamed at the moment. Connect again and go on from the last one you saw.")
	e.RetryAfter = time.Second
	return e
}

// compose returns the webhook that announces the event; nil when the filter does not want it.
func (s *Server) compose(event events.Event, wanted []string) (*webhooksv1.ListenResponse, error) {
	as, ok := endpoint.Announce(wanted, event.Type)
	if !ok {
		return nil, nil
	}
	message, err := delivery.Read(event)
	if err != nil {
		// One that no endpoint could be told of either; whoever asked for everything still wants the rest.
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

// send gives up on a client that does not read. The stream takes no more afterwards: the handler returns, and that ends
// the send that is still under way.
func (s *Server) send(ctx context.Context, stream grpc.ServerStreamingServer[webhooksv1.ListenResponse], resp *webhooksv1.ListenResponse) error {
	sent := make(chan error, 1)
	go func() { sent <- stream.Send(resp) }()
	timer := time.NewTimer(s.patience)
	defer timer.Stop()
	select {
	case err := <-sent:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return errs.New(errs.Unavailable, "Events were not read in time. Connect again and go on from the last one you saw.")
	}
}
