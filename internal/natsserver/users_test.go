package natsserver_test

import (
	"errors"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/natsserver"
	"european-pay.eu/eupay/internal/run/bus"
)

// house is a broker with identities and its streams, and the subjects that require a permission.
func house(t *testing.T) *natsserver.Server {
	t.Helper()
	srv := start(t, natsserver.Options{Dir: t.TempDir(), Identity: identitytest.Load(t, identity.NATS)})
	b, err := bus.Connect(t.Context(), bus.Settings{URL: srv.URL(), Name: t.Name(), Identity: identitytest.Load(t, identity.Operator)}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	for _, durable := range []struct{ stream, name, filter string }{
		{bus.Commands, "payments", "eupay.cmd.>"},
		{bus.Events, "merchants", "eupay.evt.*.merchant.>"},
		{bus.Events, "webhooks", "eupay.evt.>"},
		{bus.Events, "orders", "eupay.evt.>"},
		{bus.Events, "einvoice", "eupay.evt.>"},
	} {
		cfg := jetstream.ConsumerConfig{Durable: durable.name, FilterSubject: durable.filter, AckPolicy: jetstream.AckExplicitPolicy}
		if _, err := b.JS.CreateConsumer(t.Context(), durable.stream, cfg); err != nil {
			t.Fatal(err)
		}
	}
	return srv
}

// may reports whether the broker permits an identity to do something. It reports a refusal before it answers a ping.
func may(t *testing.T, srv *natsserver.Server, who *identity.Identity, do func(nc *nats.Conn) error) bool {
	t.Helper()
	nc, err := nats.Connect(srv.URL(), append(bus.Secure(who), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))...)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if err := errors.Join(do(nc), nc.FlushTimeout(10*time.Second)); err != nil {
		t.Fatal(err)
	}
	err = nc.LastError()
	if err != nil && !errors.Is(err, nats.ErrPermissionViolation) {
		t.Fatal(err)
	}
	return err == nil
}

// TestEachServiceHasExactlyItsPermissions tries every permission with every identity.
func TestEachServiceHasExactlyItsPermissions(t *testing.T) {
	srv := house(t)
	services := identity.Services()
	for _, c := range []struct {
		subject string
		who     []string
	}{
		{"eupay.cmd.payments.create", []string{identity.Gateway}},
		{"eupay.cmd.payments.refund", []string{identity.Gateway}},
		{"eupay.cmd.payments.confirm_received", []string{identity.Gateway}},
		{"eupay.cmd.payments.order.create", []string{identity.QR}},
		{"eupay.cmd.payments.order.refund", []string{identity.QR}},
		{"eupay.cmd.payments.order.cancel", []string{identity.QR}},
		{"eupay.evt.live.payment.completed.m", []string{identity.Payments}},
		{"eupay.evt.live.refund.completed.m", []string{identity.Payments}},
		{"eupay.evt.live.supplier.completed.m", []string{identity.Payments}},
		{"eupay.evt.live.merchant.updated.m", []string{identity.Gateway}},
		{"eupay.evt.test.order.paid.m", []string{identity.QR}},
		{"eupay.evt.test.invoice.paid.m", []string{identity.EInvoice}},
		{"eupay.evt.test.webhook_endpoint.disabled.m", []string{identity.Webhooks}},
		{"eupay.reply.gateway.x", []string{identity.Payments}},
		{"eupay.gateway.forget", []string{identity.Gateway}},
		{"eupay.replay.webhooks.test.payment.completed.m", []string{identity.Webhooks}},
		{"eupay.replay.orders.test.payment.completed.m", []string{identity.QR}},
		{"eupay.replay.merchants.live.merchant.updated.m", []string{identity.Payments}},
		{"eupay.replay.einvoice.live.payment.completed.m", []string{identity.EInvoice}},
		{"$JS.API.STREAM.MSG.GET.EUPAY_DLQ", []string{identity.Gateway, identity.Payments, identity.QR, identity.EInvoice, identity.Webhooks}},
		{"$JS.API.STREAM.MSG.DELETE.EUPAY_DLQ", []string{identity.Gateway, identity.Payments, identity.QR, identity.EInvoice, identity.Webhooks}},
		{"$JS.API.STREAM.PURGE.EUPAY_DLQ", nil},
		{"eupay.dlq.webhooks.x", []string{identity.Webhooks}},
		{"eupay.dlq.payments.x", []string{identity.Payments}},
		{"$JS.API.STREAM.PURGE.EUPAY_EVENTS", nil},
		{"$JS.API.STREAM.DELETE.EUPAY_COMMANDS", nil},
		{"$JS.API.STREAM.UPDATE.EUPAY_EVENTS", nil},
		{"$JS.API.STREAM.MSG.DELETE.EUPAY_EVENTS", nil},
		{"$JS.API.STREAM.MSG.GET.EUPAY_COMMANDS", nil},
		{"$JS.API.STREAM.CREATE.OTHER", nil},
		{"$JS.API.CONSUMER.MSG.NEXT.EUPAY_COMMANDS.payments", []string{identity.Payments}},
		{"$JS.API.CONSUMER.DELETE.EUPAY_COMMANDS.payments", []string{identity.Payments}},
		{"$JS.API.CONSUMER.CREATE.EUPAY_COMMANDS.spy.eupay.cmd.>", nil},
		{"$JS.API.CONSUMER.MSG.NEXT.EUPAY_EVENTS.webhooks", []string{identity.Webhooks}},
		{"$JS.API.CONSUMER.MSG.NEXT.EUPAY_EVENTS.orders", []string{identity.QR}},
		{"$JS.API.CONSUMER.CREATE.EUPAY_EVENTS.webhooks-2-1", []string{identity.Webhooks}},
		{"$JS.API.CONSUMER.DELETE.EUPAY_EVENTS.webhooks-8-8", []string{identity.Webhooks}},
		{"$JS.API.CONSUMER.MSG.NEXT.EUPAY_EVENTS.notices", []string{identity.Gateway}},
		{"$JS.API.CONSUMER.DELETE.EUPAY_EVENTS.einvoice", []string{identity.EInvoice}},
		{"$JS.ACK.EUPAY_EVENTS.merchants.1.1.1.1.0", []string{identity.Payments}},
		{"$JS.API.CONSUMER.CREATE.EUPAY_EVENTS.drawn.eupay.evt.test.payment.completed.m", []string{identity.Webhooks}},
		{"$JS.API.CONSUMER.CREATE.EUPAY_EVENTS.drawn.eupay.evt.live.payment.completed.m", nil},
		{"$JS.API.CONSUMER.CREATE.EUPAY_EVENTS.orders.eupay.evt.test.>", nil},
		{"$SYS.REQ.SERVER.PING", nil},
		{"anything", nil},
	} {
		for _, name := range services {
			got := may(t, srv, identitytest.Load(t, name), func(nc *nats.Conn) error { return nc.Publish(c.subject, []byte("{}")) })
			if got != slices.Contains(c.who, name) {
				t.Errorf("%s may publish to %s: %t", name, c.subject, got)
			}
		}
	}
}

func TestAServiceSubscribesToItsOwnSubjectsOnly(t *testing.T) {
	srv := house(t)
	for _, c := range []struct {
		subject string
		who     []string
	}{
		{"eupay.>", nil},
		{">", nil},
		{"eupay.evt.>", nil},
		{"eupay.cmd.>", nil},
		{"_INBOX.>", nil},
		{"eupay.reply.gateway.>", []string{identity.Gateway}},
		{"eupay.reply.qr.>", []string{identity.QR}},
		{"_INBOX_gateway.>", []string{identity.Gateway}},
		{"_INBOX_payments.>", []string{identity.Payments}},
	} {
		for _, name := range identity.Services() {
			got := may(t, srv, identitytest.Load(t, name), func(nc *nats.Conn) error {
				_, err := nc.SubscribeSync(c.subject)
				return err
			})
			if got != slices.Contains(c.who, name) {
				t.Errorf("%s may subscribe to %s: %t", name, c.subject, got)
			}
		}
	}
}

func TestAStrangerIsRefused(t *testing.T) {
	srv := house(t)
	for what, options := range map[string][]nats.Option{
		"nothing to show":                       nil,
		"a certificate of another authority":    bus.Secure(identitytest.Stranger(t, identity.Operator)),
		"a name that the broker has no user of": bus.Secure(identitytest.Load(t, "somebody")),
		"a user's name without its certificate": {nats.UserInfo(identity.Operator, "")},
	} {
		if nc, err := nats.Connect(srv.URL(), options...); err == nil {
			nc.Close()
			t.Errorf("let in with %s", what)
		}
	}
	if strings.Contains(srv.URL(), "@") {
		t.Error("the address has credentials")
	}
}

var update = flag.Bool("update", false, "write the configuration of a cluster's brokers again")

// TestTheClusterConfigurationHasTheSamePermissions: the deployed configuration must be the tested one.
func TestTheClusterConfigurationHasTheSamePermissions(t *testing.T) {
	const file = "../../deploy/nats/users.conf"
	if *update {
		if err := os.WriteFile(file, []byte(configuration()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(file)
	if err != nil || string(content) != configuration() {
		t.Fatalf("%s is not what the services need (%v): go test ./internal/natsserver -update writes it again", file, err)
	}
	// A server parses it as intended.
	files := identitytest.Files(t, identity.NATS)
	own := strings.NewReplacer("/identity/tls.crt", files.Cert, "/identity/tls.key", files.Key, "/identity/ca.crt", files.CA).Replace(string(content))
	path := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(path, []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := server.ProcessConfigFile(path)
	if err != nil || !o.TLSMap || len(o.Users) != len(natsserver.Users()) {
		t.Fatalf("%v", err)
	}
	for i, want := range natsserver.Users() {
		got := o.Users[i]
		if got.Username != want.Name || !slices.Equal(got.Permissions.Publish.Allow, want.Publish) || !slices.Equal(got.Permissions.Publish.Deny, want.DenyPublish) ||
			!slices.Equal(got.Permissions.Subscribe.Allow, want.Subscribe) {
			t.Errorf("%s: %+v", want.Name, got.Permissions)
		}
	}
}
