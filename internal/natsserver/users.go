package natsserver

import (
	"slices"

	"github.com/nats-io/nats-server/v2/server"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
)

// User is the permissions of an identity at the broker. Everything that is not listed is denied.
type User struct {
	Name               string
	Publish, Subscribe []string
	// DenyPublish excludes subjects that belong to other services from Publish.
	DenyPublish []string
}

// rights are the permissions of one service in addition to those of all: what it publishes and subscribes to, and its durable
// consumers.
type rights struct {
	publish, subscribe []string
	durables           []durable
}

// durable is a consumer on a stream, with the filter that the subject of its create request contains; empty if the filters are in
// the body.
type durable struct{ stream, name, filter string }

// onEvents returns durables on the event stream and on the replay stream.
func onEvents(names ...string) (list []durable) {
	for _, name := range names {
		list = append(list, durable{bus.Events, name, ""}, durable{bus.Replay, name, ""})
	}
	return list
}

// lanes returns the durables of a consumer that may have lanes, without those that it has with one.
func lanes(name string) (list []durable) {
	for _, n := range events.LaneNumbers {
		for _, lane := range events.Durables(name, n) {
			if lane != name {
				list = append(list, durable{bus.Events, lane, ""})
			}
		}
	}
	return list
}

// only holds the permissions of each service. deploy/nats/nats.conf has the same for the broker of a cluster; a test compares
// them.
var only = map[string]rights{
	identity.Gateway: {
		// One token: the commands for orders belong to qr.
		publish:   []string{"eupay.cmd.payments.*", "eupay.evt.*.merchant.*.*", "eupay.gateway.forget"},
		subscribe: []string{"eupay.reply.gateway.>", "eupay.gateway.forget"},
		durables:  onEvents("notices"),
	},
	identity.Payments: {
		publish: []string{
			"eupay.evt.*.payment.*.*", "eupay.evt.*.refund.*.*", "eupay.evt.*.payment_link.*.*", "eupay.evt.*.subscription.*.*",
			"eupay.evt.*.supplier.*.*", "eupay.evt.*.receiving_account.*.*", "eupay.reply.>", "eupay.ready.payments.*",
		},
		subscribe: []string{"eupay.ready.payments.*"},
		durables:  append(onEvents("merchants", "links", "subscriptions", "settlement"), durable{bus.Commands, "payments", "eupay.cmd.>"}),
	},
	identity.QR: {
		publish: []string{
			"eupay.cmd.payments.order.*", "eupay.evt.*.order.*.*", "eupay.evt.*.product.*.*", "eupay.evt.*.reward.*.*", "eupay.evt.*.till.*.*",
			"eupay.evt.*.printer.*.*", "eupay.evt.*.bill.*.*",
		},
		subscribe: []string{"eupay.reply.qr.>"},
		durables:  onEvents("loyalty", "occurrences", "images", "orders"),
	},
	identity.EInvoice: {publish: []string{"eupay.evt.*.invoice.*.*"}, durables: onEvents("einvoice")},
	identity.Webhooks: {
		publish: append([]string{"eupay.evt.*.webhook_endpoint.*.*"}, listen...), durables: append(onEvents("webhooks", "push"), lanes("webhooks")...),
	},
}

// listen are the requests for consumers with generated names, through which developers follow the events of test mode. The
// durables of other services are excluded below.
var listen = []string{
	"$JS.API.CONSUMER.CREATE.EUPAY_EVENTS.*.eupay.evt.test.>", "$JS.API.CONSUMER.MSG.NEXT.EUPAY_EVENTS.*",
	"$JS.API.CONSUMER.INFO.EUPAY_EVENTS.*", "$JS.API.CONSUMER.DELETE.EUPAY_EVENTS.*", "$JS.ACK.EUPAY_EVENTS.*.>",
}

// Users returns the broker's users, one for each identity.
func Users() []User {
	users := make([]User, 0, len(only)+1)
	for _, name := range identity.Services() {
		users = append(users, service(name, only[name]))
	}
	return append(users, User{Name: identity.Operator, Publish: []string{">"}, Subscribe: []string{">"}})
}

func service(name string, r rights) User {
	u := User{
		Name:      name,
		Publish:   append(slices.Clone(r.publish), "eupay.wake.outbox."+name, "$JS.API.INFO"),
		Subscribe: append(slices.Clone(r.subscribe), "eupay.wake.outbox."+name, bus.InboxPrefix(name)+".>"),
	}
	for _, stream := range []string{bus.Commands, bus.Events, bus.Replay, bus.DeadLetter} {
		// A service may create a missing stream. A create request never changes an existing stream.
		u.Publish = append(u.Publish, "$JS.API.STREAM.INFO."+stream, "$JS.API.STREAM.CREATE."+stream)
	}
	// The outbox and the consumers look up their positions.
	u.Publish = append(u.Publish, "$JS.API.STREAM.MSG.GET."+bus.Events)
	for _, d := range r.durables {
		u.Publish = append(append(u.Publish, d.create()), d.rest()...)
		if dead := "eupay.dlq." + events.ConsumerOf(d.name) + ".>"; !slices.Contains(u.Publish, dead) {
			u.Publish = append(u.Publish, dead)
		}
		// What was parked goes back to its own consumer alone.
		if again := "eupay.replay." + d.name + ".>"; d.stream == bus.Replay {
			u.Publish = append(u.Publish, again)
		}
	}
	if len(r.durables) > 0 {
		u.Publish = append(u.Publish, "$JS.API.STREAM.MSG.GET."+bus.DeadLetter, "$JS.API.STREAM.MSG.DELETE."+bus.DeadLetter)
	}
	if name == identity.Webhooks {
		u.DenyPublish = eventsOfOthers(name)
	}
	return u
}

func (d durable) create() string {
	subject := "$JS.API.CONSUMER.CREATE." + d.stream + "." + d.name
	if d.filter != "" {
		subject += "." + d.filter
	}
	return subject
}

// rest returns the requests to an existing durable.
func (d durable) rest() []string {
	of := d.stream + "." + d.name
	return []string{"$JS.API.CONSUMER.INFO." + of, "$JS.API.CONSUMER.DELETE." + of, "$JS.API.CONSUMER.MSG.NEXT." + of, "$JS.ACK." + of + ".>"}
}

// eventsOfOthers returns the requests to the durables of other services on the event stream.
func eventsOfOthers(name string) (deny []string) {
	for _, other := range identity.Services() {
		for _, d := range only[other].durables {
			if other != name && d.stream == bus.Events {
				deny = append(append(deny, d.create()+".>"), d.rest()...)
			}
		}
	}
	return deny
}

func serverUsers() []*server.User {
	list := make([]*server.User, 0, len(only)+1)
	for _, u := range Users() {
		list = append(list, &server.User{Username: u.Name, Permissions: &server.Permissions{
			Publish:   &server.SubjectPermission{Allow: u.Publish, Deny: u.DenyPublish},
			Subscribe: &server.SubjectPermission{Allow: u.Subscribe},
		}})
	}
	return list
}
