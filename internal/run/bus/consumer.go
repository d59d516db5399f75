package bus

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go/jetstream"
)

// EnsureConsumer creates the durable consumer or updates it. If the broker cannot store it, it is deleted: the call fails, and
// the next one creates it again. The caller must be able to resume from a position of its own, or consume a work queue, which
// keeps its messages.
func (b *Bus) EnsureConsumer(ctx context.Context, stream string, cfg jetstream.ConsumerConfig) (jetstream.Consumer, error) {
	cons, err := b.JS.CreateOrUpdateConsumer(ctx, stream, cfg)
	if !isBroken(err) {
		return cons, err
	}
	b.log.Warn("broker cannot store a consumer, deleting it", "stream", stream, "consumer", cfg.Durable, "error", err)
	return nil, errors.Join(err, b.JS.DeleteConsumer(ctx, stream, cfg.Durable))
}

// isBroken reports whether the broker has a consumer in memory that it cannot store. A consumer that is created right after its
// deletion can lose its folder to that deletion; then every update fails until it is deleted.
func isBroken(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeConsumerCreate
}
