// Package webhooks is the service that informs merchants' servers of their payments: it consumes payment, refund, order and
// invoice events and delivers them as signed HTTP requests, at least once and in order for each payment.
package webhooks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/privacy"
	"european-pay.eu/eupay/internal/run/backlog"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/measure"
	"european-pay.eu/eupay/internal/run/months"
	"european-pay.eu/eupay/internal/run/outbox"
	"european-pay.eu/eupay/internal/tally"
	"european-pay.eu/eupay/internal/vault"
	keysv1 "european-pay.eu/eupay/proto/eupay/keys/v1"
	operationsv1 "european-pay.eu/eupay/proto/eupay/operations/v1"
	privacyv1 "european-pay.eu/eupay/proto/eupay/privacy/v1"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/webhooks/internal/delivery"
	"european-pay.eu/eupay/services/webhooks/internal/egress"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
	"european-pay.eu/eupay/services/webhooks/internal/listen"
	"european-pay.eu/eupay/services/webhooks/internal/personal"
	"european-pay.eu/eupay/services/webhooks/internal/push"
	"european-pay.eu/eupay/services/webhooks/internal/rpc"
	"european-pay.eu/eupay/services/webhooks/internal/secret"
	"european-pay.eu/eupay/services/webhooks/migrations"
)

// DefaultGRPCAddr is the listen address if EUPAY_GRPC_ADDR is not set.
const DefaultGRPCAddr = "127.0.0.1:9102"

// subjects of the events that can be sent to merchants' servers.
var subjects = []string{
	"eupay.evt.*.payment.>", "eupay.evt.*.refund.>", "eupay.evt.*.webhook_endpoint.>", "eupay.evt.*.order.>", "eupay.evt.*.invoice.>",
	"eupay.evt.*.payment_link.>", "eupay.evt.*.subscription.>", "eupay.evt.*.receiving_account.>", "eupay.evt.*.reward.>", "eupay.evt.*.bill.>",
	"eupay.evt.*.product.low_stock.>", "eupay.evt.*.product.sold_out.>",
	"eupay.evt.*.printer.>",
	"eupay.evt.*.till.closed.>",
}

// Service delivers webhooks and serves WebhooksService.
type Service struct {
	core     *boot.Core
	relay    *outbox.Relay
	engine   *delivery.Engine
	consumer *consume.Consumer
	inbox    *months.Keeper
	push     *push.Push
}

// New opens the service: its addresses are known afterwards, and it works once Run is called.
func New(ctx context.Context, cfg Config, deps boot.Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.GRPCAddr == "" {
		cfg.GRPCAddr = DefaultGRPCAddr
	}
	secrets, err := secret.NewVault(cfg.MasterKey, cfg.OldMasterKeys...)
	if err != nil {
		return nil, err
	}
	pushKey, err := push.NewKey(cfg.PushPrivateKey, cfg.PushSubject)
	if err != nil {
		return nil, err
	}
	core, err := boot.Open(ctx, "webhooks", cfg.Base, migrations.Files, deps)
	if err != nil {
		return nil, err
	}
	if err := secrets.Check(ctx, core.Pool, `select key_id from endpoints where key_id is not null
		union all select key_id from push_subscriptions limit 1`); err != nil {
		core.Close()
		return nil, fmt.Errorf("check EUPAY_WEBHOOK_MASTER_KEY: %w", err)
	}
	guard := egress.NewGuard(cfg.AllowLoopback)
	store := endpoint.NewStore(core.Pool)
	// PostgreSQL stores microseconds: a time that is compared with a stored one must not be more precise.
	now := func() time.Time { return core.Now().UTC().Truncate(time.Microsecond) }
	s := &Service{core: core, relay: outbox.NewRelay(core.Pool, core.Bus, core.Name, core.Base.OutboxKeep, core.Log)}
	s.relay.Measure(func(ctx context.Context) error { return measure.Queues(ctx, core.Pool, core.Name, core.Now(), queues) },
		func() { measure.Forget(core.Name) })
	s.engine = delivery.NewEngine(cfg.engine(), delivery.Deps{
		DB: core.Pool, Directory: endpoint.NewDirectory(store, secrets, now), Client: egress.NewClient(guard, cfg.Timeout, nil),
		Now: now, Announced: s.relay.Wake, Log: core.Log, Background: core.Background(),
	})
	s.consumer = consume.New(
		consume.Config{Name: "webhooks", Subjects: subjects, Lanes: cfg.EventLanes},
		core.Pool, core.Bus, s.engine.Handle, s.engine.Committed, core.Log)
	// An event whose deliveries are still kept must not look new when it is replayed.
	s.inbox = consume.KeepInbox(core.Pool, core.Bus, cfg.Retention+consume.Remember, core.Now, core.Log)
	rules := endpoint.Rules{Refused: guard.Refused, RefusedPort: guard.RefusedPort}
	core.Serve(&webhooksv1.WebhooksService_ServiceDesc, rpc.NewServer(core.Pool, core.Reads, store, secrets, rules, s.engine, core.Now), identity.Gateway)
	keys := vault.NewServer(secrets, core.Pool, core.Log, sealed()...)
	s.push = push.New(push.Deps{
		Pool: core.Pool, Bus: core.Bus, Vault: secrets, Key: pushKey, Guard: guard, Rules: rules, Now: now, Log: core.Log,
	})
	core.Serve(&webhooksv1.PushService_ServiceDesc, s.push.Server, identity.Gateway)
	core.Serve(&webhooksv1.ListenService_ServiceDesc, listen.NewServer(core.Bus.JS, secrets, core.Now, core.Log), identity.Gateway)
	core.Serve(&webhooksv1.OperationsService_ServiceDesc, rpc.NewOperations(store), identity.Gateway)
	durables := backlog.OfLanes("webhooks", cfg.EventLanes)
	if cfg.PushPrivateKey != "" {
		durables = append(durables, backlog.OfEvents("push")...)
	}
	core.Serve(&operationsv1.BacklogService_ServiceDesc, backlog.NewServer(core.Bus.JS, durables), identity.Gateway)
	core.Serve(&keysv1.KeysService_ServiceDesc, keys, identity.Operator)
	core.Serve(&privacyv1.PrivacyService_ServiceDesc, privacy.NewServer(personal.Room(), core.Pool, nil, core.Now, core.Log), identity.Operator)
	return s, nil
}

// Run works until ctx ends. Attempts in progress are then completed, within 10 s.
func (s *Service) Run(ctx context.Context) error {
	deliver := func(ctx context.Context) error { return s.engine.Run(ctx, s.consumer.Run) }
	err := s.core.Run(ctx, s.relay.Run, deliver, s.push.Run, tally.Folding(s.core.Pool, s.core.Log), s.inbox.Run)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// Close closes the connections. Call it after Run has returned.
func (s *Service) Close() { s.core.Close() }

// GRPCAddr is where WebhooksService listens.
func (s *Service) GRPCAddr() string { return s.core.GRPCAddr() }

// ManagementAddr is where health and metrics are served.
func (s *Service) ManagementAddr() string { return s.core.ManagementAddr() }

// sealed lists all columns that are sealed with the master key.
func sealed() []vault.Column { return slices.Concat(endpoint.Sealed(), push.Sealed()) }
