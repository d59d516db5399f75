// Package qr is the service that signs the QR codes of the EU Pay app, manages the merchants' products, takes the orders of
// guests at their tables and keeps customers' points.
package qr

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/privacy"
	"european-pay.eu/eupay/internal/run/backlog"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/command"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/measure"
	"european-pay.eu/eupay/internal/run/outbox"
	"european-pay.eu/eupay/internal/tally"
	operationsv1 "european-pay.eu/eupay/proto/eupay/operations/v1"
	privacyv1 "european-pay.eu/eupay/proto/eupay/privacy/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/grpcapi"
	"european-pay.eu/eupay/services/qr/internal/hours"
	"european-pay.eu/eupay/services/qr/internal/kitchen"
	"european-pay.eu/eupay/services/qr/internal/personal"
	"european-pay.eu/eupay/services/qr/internal/promotion"
	"european-pay.eu/eupay/services/qr/internal/render"
	"european-pay.eu/eupay/services/qr/internal/reward"
	"european-pay.eu/eupay/services/qr/internal/shop"
	"european-pay.eu/eupay/services/qr/internal/signed"
	"european-pay.eu/eupay/services/qr/internal/table"
	"european-pay.eu/eupay/services/qr/internal/till"
	"european-pay.eu/eupay/services/qr/migrations"
)

// defaultGRPCAddr is where the service listens by default.
const defaultGRPCAddr = "127.0.0.1:9103"

// Config holds the settings of the qr service.
type Config struct {
	boot.Base
	// SigningKey signs the codes: at least 32 bytes, used for nothing else. Whoever has it can create codes that the app accepts.
	SigningKey string `env:"EUPAY_QR_SIGNING_KEY,required"`
	// OldSigningKeys sign nothing any more. Codes signed with them, including printed ones, are accepted until they are removed.
	OldSigningKeys []string `env:"EUPAY_QR_OLD_SIGNING_KEYS"`
	// BaseURL is the site whose links the app opens.
	BaseURL string `env:"EUPAY_QR_BASE_URL" envDefault:"https://www.european-pay.fr"`
	// OldBaseURLs are the sites in codes that are still in circulation. Their links are accepted like those of BaseURL.
	OldBaseURLs []string `env:"EUPAY_QR_OLD_BASE_URLS"`
	// PointsPerEuro is the number of points for each whole euro.
	PointsPerEuro int64 `env:"EUPAY_LOYALTY_POINTS_PER_EURO" envDefault:"1"`
	// UnclaimedAfter is when an order to be paid at the counter, which nobody has accepted, ends and returns its goods; 0: never.
	UnclaimedAfter time.Duration `env:"EUPAY_ORDERS_UNCLAIMED_AFTER" envDefault:"3h"`
	CatalogConfig
}

// Validate reports settings that would make codes insecure or unusable, and an invalid points rule.
func (c *Config) Validate() error {
	if c.PointsPerEuro < 0 || c.PointsPerEuro > 1000 {
		return errors.New("EUPAY_LOYALTY_POINTS_PER_EURO must be from 0 to 1000")
	}
	if c.UnclaimedAfter < 0 || c.UnclaimedAfter > 0 && c.UnclaimedAfter < time.Minute {
		return errors.New("EUPAY_ORDERS_UNCLAIMED_AFTER must be at least 1m, or 0 for never")
	}
	_, _, err := c.codes()
	return errors.Join(err, c.CatalogConfig.validate())
}

// codes returns the signer and the links. Errors never contain the keys.
func (c *Config) codes() (*signed.Signer, *signed.Links, error) {
	signer, err := signed.NewSigner(c.SigningKey, entries(c.OldSigningKeys)...)
	if err != nil {
		err = fmt.Errorf("EUPAY_QR_SIGNING_KEY, EUPAY_QR_OLD_SIGNING_KEYS: %w", err)
	}
	links, badLink := signed.NewLinks(c.BaseURL, entries(c.OldBaseURLs)...)
	if badLink != nil {
		badLink = fmt.Errorf("EUPAY_QR_BASE_URL, EUPAY_QR_OLD_BASE_URLS: %w", badLink)
	}
	return signer, links, errors.Join(err, badLink)
}

// entries returns the non-empty entries of a list: "a, b," has two.
func entries(list []string) []string {
	var out []string
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// Service is the running qr service.
type Service struct {
	core *boot.Core
	// workers run beside the servers.
	workers []func(context.Context) error
	relay   *outbox.Relay
	catalog *catalogPart
	// payments sends commands to the payments service.
	payments *command.Client
}

// New opens the service: it migrates its schema, connects and listens.
func New(ctx context.Context, cfg Config, deps boot.Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	signer, links, err := cfg.codes()
	if err != nil {
		return nil, err
	}
	if cfg.GRPCAddr == "" {
		cfg.GRPCAddr = defaultGRPCAddr
	}
	core, err := boot.Open(ctx, "qr", cfg.Base, migrations.FS, deps)
	if err != nil {
		return nil, err
	}
	s := &Service{core: core, relay: outbox.NewRelay(core.Pool, core.Bus, core.Name, core.Base.OutboxKeep, core.Log)}
	s.relay.Measure(func(ctx context.Context) error { return measure.Queues(ctx, core.Pool, core.Name, core.Now(), queues) },
		func() { measure.Forget(core.Name) })
	core.Serve(&qrv1.QRService_ServiceDesc, grpcapi.New(signer, links, core.Now), identity.Gateway)
	core.Serve(&qrv1.RenderService_ServiceDesc, render.NewServer(), identity.Gateway)
	consumers := backlog.OfEvents("loyalty", reward.Occurrences, "images", "orders")
	core.Serve(&operationsv1.BacklogService_ServiceDesc, backlog.NewServer(core.Bus.JS, consumers), identity.Gateway)
	core.Serve(&qrv1.LoyaltyService_ServiceDesc, reward.NewCustomers(core.Reads), identity.Gateway)
	rewards := reward.New(reward.Deps{
		Pool: core.Pool, Reads: core.Reads, Bus: core.Bus, PerEuro: cfg.PointsPerEuro, Now: core.Now, Wake: s.relay.Wake, Log: core.Log,
	})
	core.Serve(&qrv1.RewardsService_ServiceDesc, rewards, identity.Gateway)
	core.Serve(&privacyv1.PrivacyService_ServiceDesc, privacy.NewServer(personal.Room(), core.Pool, nil, core.Now, core.Log), identity.Operator)
	if s.catalog, err = openCatalog(core, cfg.CatalogConfig, s.relay.Wake); err != nil {
		s.Close()
		return nil, err
	}
	if s.payments, err = command.NewClient(core.Bus, identity.QR); err != nil {
		s.Close()
		return nil, err
	}
	var kitchens *kitchen.Server
	tables := table.New(table.Deps{
		Pool: core.Pool, Reads: core.Reads, Bus: core.Bus, Payments: s.payments, Site: strings.TrimSuffix(cfg.BaseURL, "/"), Now: core.Now,
		Wake: func() { s.relay.Wake(); kitchens.Nudge() },
		Log:  core.Log, UnclaimedAfter: cfg.UnclaimedAfter,
	})
	core.Serve(&qrv1.TableService_ServiceDesc, tables, identity.Gateway)
	core.Serve(&qrv1.BillService_ServiceDesc, tables.Bills(), identity.Gateway)
	tills := till.New(till.Deps{Pool: core.Pool, Reads: core.Reads, Orders: tables, Bills: tables.Bills(), Now: core.Now, Wake: s.relay.Wake, Log: core.Log})
	core.Serve(&qrv1.TillService_ServiceDesc, tills, identity.Gateway)
	core.Serve(&qrv1.JournalArchiveService_ServiceDesc, tills, identity.Operator)
	s.workers = append(s.workers, tills.Run)
	core.Serve(&qrv1.CancellationService_ServiceDesc, table.NewCancellations(tables), identity.Gateway)
	core.Serve(&qrv1.HoursService_ServiceDesc, hours.NewServer(core.Pool, core.Now), identity.Gateway)
	core.Serve(&qrv1.PromotionService_ServiceDesc, promotion.NewServer(core.Pool, core.Now), identity.Gateway)
	core.Serve(&qrv1.StockService_ServiceDesc, shop.New(s.catalog.store, core.Reads), identity.Gateway)
	kitchens = kitchen.New(kitchen.Deps{Pool: core.Pool, Orders: tables, Now: core.Now, Wake: s.relay.Wake, Log: core.Log})
	core.Serve(&qrv1.KitchenService_ServiceDesc, kitchens, identity.Gateway)
	s.workers = append(s.workers, s.relay.Run, tables.Run, kitchens.Run, rewards.Run, consume.KeepInbox(core.Pool, core.Bus, 0, core.Now, core.Log).Run,
		tally.Folding(core.Pool, core.Log))
	s.workers = append(s.workers, s.catalog.workers()...)
	return s, nil
}

// Run serves until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	return s.core.Run(ctx, s.workers...)
}

// Close closes the connections.
func (s *Service) Close() {
	if s.catalog != nil {
		s.catalog.close()
	}
	if s.payments != nil {
		s.payments.Close()
	}
	s.core.Close()
}

// GRPCAddr is where the gRPC server listens.
func (s *Service) GRPCAddr() string { return s.core.GRPCAddr() }

// ManagementAddr is where health and metrics are served.
func (s *Service) ManagementAddr() string { return s.core.ManagementAddr() }
