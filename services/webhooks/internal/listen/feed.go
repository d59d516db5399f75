package listen

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
)

const (
	openLimit  = 5 * time.Second
	closeLimit = 2 * time.Second
	// ackWait is longer than readTimeout, so that only a message that was lost on the way is redelivered.
	ackWait = 30 * time.Second
	// inactiveThreshold is after how long the broker deletes the consumer of a process that died.
	inactiveThreshold = time.Minute
	// heartbeat of the broker: after two missing heartbeats the feed ends.
	heartbeat = 5 * time.Second
)

// plainMerchant matches an id that is a single token of a subject and no wildcard.
var plainMerchant = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

func checkMerchant(id string) error {
	if !plainMerchant.MatchString(id) {
		return errs.Invalid(errs.Field{Field: "merchant_id", Message: "merchant_id must be letters, digits, _ and -."})
	}
	return nil
}

// feed returns the test-mode events of one merchant in stream order, each once.
type feed struct {
	js       jetstream.JetStream
	log      *slog.Logger
	consumer string
	merchant string
	messages jetstream.MessagesContext
	// cursor is the sequence of the last event that next returned, or the one after which the feed started.
	cursor uint64
}

// open starts a feed after the cursor; 0, or a cursor beyond the end of the stream, means from now on. With latest it starts with
// the newest event that matches the request.
//
// The consumer exists as long as the feed. One message is in flight at a time and is acknowledged, so that a lost one is
// redelivered and none overtakes another. Any other error ends the feed, and the client continues from its cursor.
func (s *Server) open(ctx context.Context, r *webhooksv1.ListenRequest) (*feed, error) {
	merchant, after := r.GetMerchantId(), r.GetAfterCursor()
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	stream, err := s.js.Stream(ctx, bus.Events)
	if err != nil {
		return nil, fmt.Errorf("open the event stream: %w", err)
	}
	cursor := stream.CachedInfo().State.LastSeq
	if after > 0 && after < cursor {
		cursor = after
	}
	if r.GetLatest() {
		if cursor, err = beforeNewest(ctx, stream, r, cursor); err != nil {
			return nil, err
		}
	}
	consumer, err := stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		FilterSubject: "eupay.evt.test.*.*." + merchant, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: cursor + 1,
		AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait, MaxAckPending: 1, MemoryStorage: true, Replicas: 1,
		InactiveThreshold: inactiveThreshold,
	})
	if err != nil {
		return nil, fmt.Errorf("make a consumer: %w", err)
	}
	f := &feed{js: s.js, log: s.log, consumer: consumer.CachedInfo().Name, merchant: merchant, cursor: cursor}
	f.messages, err = consumer.Messages(jetstream.PullMaxMessages(2), jetstream.PullHeartbeat(heartbeat))
	if err != nil {
		f.remove(ctx)
		return nil, fmt.Errorf("read the event stream: %w", err)
	}
	return f, nil
}

// beforeNewest returns the position before the newest event that matches the request, or otherwise if there is none.
func beforeNewest(ctx context.Context, stream jetstream.Stream, r *webhooksv1.ListenRequest, otherwise uint64) (uint64, error) {
	var newest uint64
	for _, t := range endpoint.Types() {
		if _, wanted := endpoint.Announce(r.GetEventTypes(), t); !wanted {
			continue
		}
		m, err := stream.GetLastMsgForSubject(ctx, "eupay.evt.test."+events.SubjectOf(t)+"."+r.GetMerchantId())
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("look for the newest event: %w", err)
		}
		newest = max(newest, m.Sequence)
	}
	if newest == 0 {
		return otherwise, nil
	}
	return newest - 1, nil
}

// next waits for the next event.
func (f *feed) next(ctx context.Context) (events.Event, error) {
	for {
		msg, err := f.messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			if ctx.Err() != nil {
				return events.Event{}, ctx.Err()
			}
			return events.Event{}, fmt.Errorf("read the event stream: %w", err)
		}
		meta, err := msg.Metadata()
		if err != nil {
			return events.Event{}, fmt.Errorf("read a message of the event stream: %w", err)
		}
		// A lost acknowledgement brings a message twice.
		if err := msg.Ack(); err != nil {
			return events.Event{}, fmt.Errorf("acknowledge an event: %w", err)
		}
		if meta.Sequence.Stream <= f.cursor {
			continue
		}
		f.cursor = meta.Sequence.Stream
		event, err := events.Parse(msg.Subject(), msg.Headers(), msg.Data())
		if err != nil || event.Livemode || event.Merchant != f.merchant {
			continue // cannot be sent to anybody
		}
		return event, nil
	}
}

// close ends the feed. ctx may have ended already.
func (f *feed) close(ctx context.Context) {
	f.messages.Stop()
	f.remove(ctx)
}

// remove deletes the consumer, so that the broker does not have to wait for its inactivity.
func (f *feed) remove(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	if err := f.js.DeleteConsumer(ctx, bus.Events, f.consumer); err != nil {
		f.log.Debug("consumer not deleted, the broker removes it when inactive", "error", err)
	}
}
