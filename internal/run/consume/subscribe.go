package consume

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/run/bus"
)

const (
	// drainWait is the deadline for draining the subscriptions.
	drainWait = 2 * time.Second
	// heartbeat of the broker: after two missing heartbeats the subscription requests messages again. It is short, because this is how long
	// a consumer notices nothing of a new leader after the old one was lost.
	heartbeat = time.Second
	// replayHeartbeat is that of replays, which an operator starts: they may begin some seconds later.
	replayHeartbeat = 5 * time.Second
	// askLimit is the deadline of one request to the broker.
	askLimit = 5 * time.Second
)

// subscription feeds messages into the consumer.
type subscription struct {
	events  jetstream.Consumer
	running []jetstream.ConsumeContext
	// ended is closed when one of the consumers has ended because its durable was deleted.
	ended chan struct{}
	once  sync.Once
	// leave makes fetched messages be returned to the broker.
	leave context.CancelFunc
}

// stop drains: fetched messages go through the callback, which returns them to the broker. Otherwise other replicas would receive
// them only after AckWait.
func (s *subscription) stop() {
	s.leave()
	for _, r := range s.running {
		r.Drain()
	}
	for _, r := range s.running {
		select {
		case <-r.Closed():
		case <-time.After(drainWait):
		}
	}
}

// subscribe creates the durables on the event and replay streams and feeds their messages into msgs.
func (c *Consumer) subscribe(ctx context.Context, msgs chan<- jetstream.Msg) (*subscription, error) {
	s := &subscription{ended: make(chan struct{})}
	ctx, s.leave = context.WithCancel(ctx)
	take := func(m jetstream.Msg) {
		if ctx.Err() != nil {
			c.nak(m)
			return
		}
		select {
		case msgs <- m:
		case <-ctx.Done():
			c.nak(m)
		case <-s.ended:
			c.nak(m)
		}
	}
	for _, stream := range c.streams() {
		cons, err := c.ensure(ctx, stream)
		if err == nil {
			err = c.feed(s, cons, heartbeatOf(stream), take)
		}
		if err != nil {
			s.stop()
			return nil, fmt.Errorf("consume %s: %w", stream, err)
		}
		if stream == bus.Events {
			s.events = cons
		}
	}
	return s, nil
}

func heartbeatOf(stream string) time.Duration {
	if stream == bus.Replay {
		return replayHeartbeat
	}
	return heartbeat
}

func (c *Consumer) feed(s *subscription, cons jetstream.Consumer, beat time.Duration, take func(jetstream.Msg)) error {
	r, err := cons.Consume(take, jetstream.PullMaxMessages(2*c.batch()), jetstream.PullHeartbeat(beat),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
			c.log.Debug("subscription", "error", err)
			if errors.Is(err, jetstream.ErrConsumerDeleted) || errors.Is(err, jetstream.ErrConsumerNotFound) {
				s.once.Do(func() { close(s.ended) })
				return
			}
			c.suspect()
			c.bus.Look()
		}))
	if err != nil {
		return err
	}
	s.running = append(s.running, r)
	return nil
}

// present reports whether the durables exist. It assumes so if the broker does not answer.
func (c *Consumer) present(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	for _, stream := range c.streams() {
		_, err := c.bus.JS.Consumer(ctx, stream, c.durable(stream))
		if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
			return false
		}
	}
	return true
}

// ensure creates the durable or takes it over.
func (c *Consumer) ensure(ctx context.Context, stream string) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*askLimit)
	defer cancel()
	cfg := jetstream.ConsumerConfig{
		Durable: c.durable(stream), FilterSubjects: c.cfg.Subjects, AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: c.cfg.AckWait, MaxAckPending: 4 * c.batch(), MaxDeliver: -1,
	}
	if stream == bus.Replay {
		cfg.FilterSubjects = []string{"eupay.replay." + c.cfg.Name + ".>"}
	}
	if err := c.takeOver(ctx, stream, &cfg); err != nil {
		return nil, fmt.Errorf("take the consumer over: %w", err)
	}
	cons, err := c.bus.EnsureConsumer(ctx, stream, cfg)
	if err != nil {
		return nil, fmt.Errorf("ensure the consumer: %w", err)
	}
	return cons, nil
}

// takeOver restarts the durable where its acknowledgements end, if its last user died with unacknowledged messages. Otherwise the
// broker would deliver newer messages first and those only after AckWait. The inbox drops messages that are redelivered by this.
// If this process dies halfway, the next one starts at the stored position, with the same effect.
func (c *Consumer) takeOver(ctx context.Context, stream string, cfg *jetstream.ConsumerConfig) error {
	old, err := c.bus.JS.Consumer(ctx, stream, c.durable(stream))
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return c.begin(ctx, stream, cfg)
	}
	if err != nil {
		return err
	}
	if stream == bus.Events {
		lost, err := c.rewound(ctx)
		if err != nil {
			return err
		}
		if lost {
			c.log.Warn("stream has lost consumed events, restarting shortly before them")
			return errors.Join(c.bus.JS.DeleteConsumer(ctx, stream, c.durable(stream)), c.begin(ctx, stream, cfg))
		}
	}
	info := old.CachedInfo()
	cfg.DeliverPolicy, cfg.OptStartSeq, cfg.OptStartTime = info.Config.DeliverPolicy, info.Config.OptStartSeq, info.Config.OptStartTime
	if info.NumAckPending == 0 {
		return nil
	}
	if stream == bus.Events { // a work queue keeps exactly the unacknowledged messages
		cfg.DeliverPolicy, cfg.OptStartSeq, cfg.OptStartTime = jetstream.DeliverByStartSequencePolicy, info.AckFloor.Stream+1, nil
	}
	return c.bus.JS.DeleteConsumer(ctx, stream, c.durable(stream))
}
