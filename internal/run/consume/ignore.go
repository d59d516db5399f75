package consume

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/run/leader"
)

// ignoredWait is how long an ignored event may wait to be acknowledged, for one transaction to store the position of many.
const ignoredWait = 500 * time.Millisecond

// ignored are messages that the handler ignores. They wait for the next transaction of the consumer, which stores their position too.
type ignored struct {
	msgs []jetstream.Msg
	// due is when they wait no longer; nil if there are none.
	due <-chan time.Time
}

// ignore settles an event that the handler ignores.
func (c *Consumer) ignore(m jetstream.Msg, e Event) {
	c.applied(e)
	if e.Replayed { // it has no position
		c.ack(m)
		return
	}
	if c.ignored.due == nil {
		c.ignored.due = time.After(ignoredWait)
	}
	c.ignored.msgs = append(c.ignored.msgs, m)
}

// passIgnored acknowledges the ignored events, once their position is stored; sealed: it is. false: the database or the lease has failed. Then
// they stay unacknowledged, and are delivered and ignored again.
func (c *Consumer) passIgnored(ctx context.Context, lease *leader.Lease, sealed bool) bool {
	msgs := c.ignored.msgs
	c.ignored = ignored{}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askLimit)
	defer cancel()
	return c.pass(ctx, lease, msgs, sealed)
}
