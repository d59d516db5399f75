package apikey

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// forgetSubject tells all replicas, over plain NATS, that a key or a merchant has changed. The body is its id.
const forgetSubject = "eupay.gateway.forget"

// settle bounds the round trip that proves that the broker has our subscription.
const settle = 5 * time.Second

// notifier drops from the cache of this replica what any replica has changed.
type notifier struct {
	nc    *nats.Conn
	log   *slog.Logger
	cache *cache
	// deaf is true while broadcasts may be missed.
	deaf atomic.Bool

	sub    *nats.Subscription
	status chan nats.Status
	done   sync.WaitGroup
}

func newNotifier(nc *nats.Conn, log *slog.Logger) (*notifier, error) {
	n := &notifier{nc: nc, log: log, cache: &cache{}}
	n.deaf.Store(true)
	var err error
	n.sub, err = nc.Subscribe(forgetSubject, func(m *nats.Msg) { n.cache.forget(string(m.Data)) })
	if err != nil {
		return nil, fmt.Errorf("subscribe to changes of accounts: %w", err)
	}
	n.status = nc.StatusChanged(nats.CONNECTED, nats.RECONNECTING, nats.DISCONNECTED)
	n.listen()
	n.done.Go(n.watch)
	return n, nil
}

// watch forgets everything when the connection breaks and again when it is back: changes between the two were missed.
func (n *notifier) watch() {
	retry := time.NewTicker(settle)
	defer retry.Stop()
	for {
		select {
		case s, open := <-n.status:
			if !open {
				return
			}
			n.deaf.Store(true)
			n.cache.flush()
			if s == nats.CONNECTED {
				n.listen()
			}
		case <-retry.C:
			if n.deaf.Load() && n.nc.IsConnected() {
				n.listen()
			}
		}
	}
}

// listen clears deaf once the broker has answered a request sent after our subscription.
func (n *notifier) listen() {
	if err := n.nc.FlushTimeout(settle); err != nil {
		n.log.Warn("changes of accounts are not heard yet", "error", err)
		return
	}
	n.cache.flush()
	n.deaf.Store(false)
}

// forget drops the ids here at once, and asks the other replicas to do so too. While NATS cannot be
// reached they do not hear it, but they forget everything at their reconnect.
func (n *notifier) forget(ids ...string) {
	for _, id := range ids {
		n.cache.forget(id)
		if err := n.nc.Publish(forgetSubject, []byte(id)); err != nil {
			n.log.Warn("change of an account not broadcast", "id", id, "error", err)
		}
	}
}

func (n *notifier) close() {
	n.nc.RemoveStatusListener(n.status)
	n.done.Wait()
	if err := n.sub.Unsubscribe(); err != nil {
		n.log.Debug("unsubscribe from changes of accounts", "error", err)
	}
}
