package chaos

import (
	"time"

	"european-pay.eu/eupay/cmd/internal/system"
)

// fault is something that breaks.
type fault struct {
	name string
	// need is within which time a payment and its webhook must go through again; 0: no time is required.
	need time.Duration
	// lasts is how long it stays broken.
	lasts time.Duration
	// whenMended: the time counts from the end of the fault, because nobody can pay meanwhile. Otherwise it counts from its beginning.
	whenMended bool
	// breaks begins it and returns what ends it. pick chooses among victims.
	breaks func(e *estate, pick int) (mend func())
}

// The requirements.
const (
	lostNode     = 15 * time.Second
	lostDatabase = 10 * time.Second
	lostBroker   = 5 * time.Second
)

// withReplicas are the services whose replicas are killed and frozen.
var withReplicas = []string{system.Payments, system.Webhooks, system.Gateway, system.QR, system.EInvoice}

var faults = []fault{
	{name: "kill -9 of a replica", need: lostNode, lasts: 5 * time.Second, breaks: func(e *estate, pick int) func() {
		service, i := withReplicas[pick%len(withReplicas)], pick/len(withReplicas)%replicaCount
		e.end(replica(service, i))
		return func() { e.spawnReplica(service, i) }
	}},
	{name: "kill -9 of both replicas of a service", whenMended: true, breaks: func(e *estate, pick int) func() {
		service := withReplicas[pick%len(withReplicas)]
		for _, name := range bothReplicas(service) {
			e.end(name)
		}
		return func() {
			for i := range replicaCount {
				e.spawnReplica(service, i)
			}
		}
	}},
}
