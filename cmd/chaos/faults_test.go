package chaos

import (
	"context"
	"slices"
	"syscall"
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
	// before prepares it, while nothing is broken; nil: nothing to prepare.
	before func(e *estate)
	// breaks begins it and returns what ends it. pick chooses among victims.
	breaks func(e *estate, pick int) (mend func())
}

// The requirements.
const (
	lostNode     = 15 * time.Second
	lostDatabase = 10 * time.Second
	lostBroker   = 5 * time.Second
)

// ahead is how much a wrong clock is ahead: more than any machine whose clock is kept in time.
const ahead = 5 * time.Second

// withReplicas are the services whose replicas are killed and frozen.
var withReplicas = []string{system.Payments, system.Webhooks, system.Gateway, system.QR, system.EInvoice}

// jobs are those that one replica does at a time, of which a payment and its webhook need each.
var jobs = [][2]string{{system.Payments, "outbox:payments"}, {system.Webhooks, "consume webhooks"}}

var faults = slices.Concat(lostProcesses, lostBrokers, lostDatabases, lostConnections, lostOutside)

var lostProcesses = []fault{
	{name: "kill -9 of a replica", need: lostNode, lasts: 5 * time.Second, breaks: func(e *estate, pick int) func() {
		service, i := withReplicas[pick%len(withReplicas)], pick/len(withReplicas)%replicaCount
		e.end(processOf(service, i))
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
	{name: "kill -9 of the replica that leads", need: lostNode, lasts: 5 * time.Second, breaks: func(e *estate, pick int) func() {
		service, i := e.leader(pick)
		e.end(processOf(service, i))
		return func() { e.spawnReplica(service, i) }
	}},
	{name: "a replica that leads is frozen for 20 s, and goes on", need: lostNode, lasts: 20 * time.Second, breaks: func(e *estate, pick int) func() {
		service, i := e.leader(pick)
		e.signal(processOf(service, i), syscall.SIGSTOP)
		return func() { e.signal(processOf(service, i), syscall.SIGCONT) }
	}},
	{name: "a replica of the gateway is frozen for 20 s, and goes on", need: lostNode, lasts: 20 * time.Second, breaks: func(e *estate, pick int) func() {
		name := processOf(system.Gateway, pick%replicaCount)
		e.signal(name, syscall.SIGSTOP)
		return func() { e.signal(name, syscall.SIGCONT) }
	}},
}

// leader is the replica that does one of the jobs.
func (e *estate) leader(pick int) (service string, i int) {
	job := jobs[pick%len(jobs)]
	limit, cancel := context.WithTimeout(e.t.Context(), settledLimit)
	defer cancel()
	if !until(limit, rest, func() (ok bool) { i, ok = e.leads(job[0], job[1]); return ok }) {
		e.t.Errorf("nobody is the %s of %s", job[1], job[0])
	}
	return job[0], i
}

var lostBrokers = []fault{
	{name: "kill -9 of the NATS server that leads", need: lostBroker, lasts: 5 * time.Second, breaks: func(e *estate, _ int) func() {
		i := e.leadingBroker()
		e.loseBroker(i, false)
		return func() { e.spawnBroker(i) }
	}},
	{name: "a NATS server loses its disk", need: lostBroker, lasts: 5 * time.Second, breaks: func(e *estate, pick int) func() {
		i := pick % brokerCount
		e.loseBroker(i, true)
		return func() { e.spawnBroker(i) }
	}},
	{name: "the NATS server that leads is frozen for 20 s, and goes on", lasts: 20 * time.Second, breaks: func(e *estate, _ int) func() {
		name := serverName(e.leadingBroker())
		e.signal(name, syscall.SIGSTOP)
		return func() { e.signal(name, syscall.SIGCONT) }
	}},
	{name: "NATS forgets who has read what, and the last minutes come again", need: lostNode, breaks: func(e *estate, _ int) func() {
		e.forgetConsumers()
		return func() {}
	}},
	{name: "the stream of commands is full for 10 s", lasts: 10 * time.Second, whenMended: true, breaks: func(e *estate, _ int) func() {
		before := e.limitCommands(1)
		return func() { e.limitCommands(before) }
	}},
}

// forgetConsumers deletes the broker's consumers. They begin again some minutes earlier, so that much comes a second time.
func (e *estate) forgetConsumers() {
	js, end, err := e.jetStream()
	if err != nil {
		e.t.Error(err)
		return
	}
	defer end()
	if err := deleteConsumers(e.t.Context(), js); err != nil {
		e.t.Error(err)
	}
}

var lostDatabases = []fault{
	{name: "PostgreSQL crashes and starts again", whenMended: true, breaks: func(e *estate, _ int) func() {
		e.databases.crash()
		return e.databases.restart
	}},
	{name: "PostgreSQL crashes, and its standby takes over", need: lostDatabase, breaks: func(e *estate, _ int) func() {
		e.databases.crash()
		e.databases.promote()
		return e.databases.follow
	}},
	{name: "PostgreSQL crashes, and a standby whose clock is 5 s ahead takes over", need: lostDatabase, before: func(e *estate) { e.databases.hurry(ahead) }, breaks: func(e *estate, _ int) func() {
		e.databases.crash()
		e.databases.promote()
		return e.databases.follow
	}},
	{name: "PostgreSQL takes no more connections for 10 s", lasts: 10 * time.Second, whenMended: true, breaks: func(e *estate, _ int) func() {
		return e.databases.exhaust()
	}},
}

// network is a fault of the network before some servers.
func network(name string, lasts time.Duration, whenMended bool, now trouble, of func(*estate) []*front) fault {
	return fault{name: name, lasts: lasts, whenMended: whenMended, breaks: func(e *estate, _ int) func() {
		for _, f := range of(e) {
			f.disturb(now)
		}
		return func() {
			for _, f := range of(e) {
				f.disturb(trouble{})
			}
		}
	}}
}

func toDatabases(e *estate) []*front { return e.databases.fronts[:] }
func toBrokers(e *estate) []*front   { return e.brokers.fronts[:] }
func toBank(e *estate) []*front      { return []*front{e.bank} }
func toPlatform(e *estate) []*front  { return []*front{e.platform} }
func between(e *estate) (all []*front) {
	for _, f := range e.calls {
		all = append(all, f)
	}
	return all
}

var lostConnections = []fault{
	network("all connections to PostgreSQL are refused for 5 s", 5*time.Second, true, trouble{closed: true}, toDatabases),
	network("PostgreSQL is reached 50 ms later for 10 s", 10*time.Second, false, trouble{delay: 50 * time.Millisecond}, toDatabases),
	network("what is sent to PostgreSQL vanishes for 10 s", 10*time.Second, true, trouble{swallow: true}, toDatabases),
	network("all connections to NATS are refused for 5 s", 5*time.Second, true, trouble{closed: true}, toBrokers),
	network("NATS is reached 50 ms later for 10 s", 10*time.Second, false, trouble{delay: 50 * time.Millisecond}, toBrokers),
	network("what is sent to NATS vanishes for 10 s", 10*time.Second, true, trouble{swallow: true}, toBrokers),
	network("what services send to each other vanishes for 10 s", 10*time.Second, true, trouble{swallow: true}, between),
}

var lostOutside = []fault{
	network("the bank is away for 10 s", 10*time.Second, true, trouble{closed: true}, toBank),
	network("the bank answers 1 s later for 10 s", 10*time.Second, false, trouble{delay: 500 * time.Millisecond}, toBank),
	network("what is sent to the bank vanishes for 10 s", 10*time.Second, true, trouble{swallow: true}, toBank),
	network("the e-invoicing platform is away for 10 s", 10*time.Second, false, trouble{closed: true}, toPlatform),
	{name: "every third answer of the bank is lost, for 10 s", lasts: 10 * time.Second, breaks: func(e *estate, pick int) func() {
		e.faults(e.t.Context(), e.sys.BankManagementURL(), []object{{"kind": "lost-answer", "probability": 0.33, "seed": pick + 1}})
		return func() { e.faults(e.t.Context(), e.sys.BankManagementURL(), []object{}) }
	}},
}
