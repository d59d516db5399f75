package einvoicing

import (
	"hash/fnv"

	"european-pay.eu/eupay/sandbox/internal/dispatch"
	"european-pay.eu/eupay/sandbox/internal/fault"
)

// dispatcher delivers webhooks: those of one object in order, those of different objects concurrently.
type dispatcher struct {
	*dispatch.Dispatcher[*notice]
	p   *Platform
	log dispatch.Log[Webhook]
}

type delivery = dispatch.Delivery[*notice]

func newDispatcher(p *Platform) *dispatcher {
	d := &dispatcher{p: p, log: dispatch.Log[Webhook]{Size: p.cfg.WebhookLog}}
	d.Dispatcher = dispatch.New(dispatch.Settings[*notice]{
		Workers: p.cfg.WebhookWorkers, Timeout: p.cfg.WebhookTimeout, Retry: p.cfg.WebhookRetry, GiveUp: p.cfg.WebhookGiveUp, Log: p.cfg.Log,
		Faults: p.hookFaults, Deliver: d.deliver, Done: p.acknowledge,
	})
	return d
}

// laneOf returns the number of an object's lane. Objects that share one only wait for each other.
func laneOf(object string) int64 {
	h := fnv.New64a()
	h.Write([]byte(object))
	return int64(h.Sum64())
}

func (d *dispatcher) enqueue(n *notice) { d.Enqueue(laneOf(n.Object), n) }

// hookFaults returns the faults of a webhook: those that the object requests and the active rules.
func (p *Platform) hookFaults(n *notice) []fault.Fault {
	return append(p.faults.Pick(fault.Webhook), n.Faults...)
}
