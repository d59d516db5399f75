// Package payments is the service that owns payments and refunds: it executes commands, drives each payment at the provider, and
// announces every change as an event.
package payments

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/privacy"
	"european-pay.eu/eupay/internal/run/backlog"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/measure"
	"european-pay.eu/eupay/internal/run/months"
	"european-pay.eu/eupay/internal/run/outbox"
	"european-pay.eu/eupay/internal/tally"
	"european-pay.eu/eupay/internal/vault"
	keysv1 "european-pay.eu/eupay/proto/eupay/keys/v1"
	operationsv1 "european-pay.eu/eupay/proto/eupay/operations/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	privacyv1 "european-pay.eu/eupay/proto/eupay/privacy/v1"
	"european-pay.eu/eupay/services/payments/internal/account"
	"european-pay.eu/eupay/services/payments/internal/archive"
	"european-pay.eu/eupay/services/payments/internal/bank"
	"european-pay.eu/eupay/services/payments/internal/commands"
	"european-pay.eu/eupay/services/payments/internal/engine"
	"european-pay.eu/eupay/services/payments/internal/grpcapi"
	"european-pay.eu/eupay/services/payments/internal/journal"
	"european-pay.eu/eupay/services/payments/internal/link"
	"european-pay.eu/eupay/services/payments/internal/merchant"
	"european-pay.eu/eupay/services/payments/internal/personal"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/settlement"
	"european-pay.eu/eupay/services/payments/internal/store"
	"european-pay.eu/eupay/services/payments/internal/subscription"
	"european-pay.eu/eupay/services/payments/internal/supplier"
	"european-pay.eu/eupay/services/payments/migrations"
)

// defaultGRPCAddr is where the service listens by default.
const defaultGRPCAddr = "127.0.0.1:9101"

// The paths to which the provider redirects payers, customers who link accounts, and merchants who connect theirs. The gateway serves
// them.
const (
	returnPath  = "/api/v1/payments/return"
	connectPath = "/api/v1/customer/accounts/return"
	receivePath = "/api/v1/settlement/accounts/return"
)

// countryShape is that of an ISO 3166-1 alpha-2 code.
var countryShape = regexp.MustCompile(`^[A-Z]{2}$`)

// Config holds the settings of the payments service.
type Config struct {
	boot.Base
	// PublicURL is the gateway's URL as payers see it, e.g. https://api.example.com.
	PublicURL string `env:"EUPAY_PUBLIC_URL,required"`
	// PortalURL is where the pages are that payers see. Empty: PublicURL.
	PortalURL string `env:"EUPAY_PORTAL_URL"`
	// Live and Test are the provider accounts of the two modes. A mode without a base URL takes no payments.
	Live ProviderConfig `envPrefix:"EUPAY_POWENS_LIVE_"`
	Test ProviderConfig `envPrefix:"EUPAY_POWENS_TEST_"`
	// ConnectionsKey seals the credentials of customers' bank accounts: 32 bytes in base64 or hex, the same on every replica.
	ConnectionsKey string `env:"EUPAY_CONNECTIONS_KEY,required"`
	// OldConnectionsKeys are the previous keys, needed until `eupayctl keys rotate` has sealed everything with the new key.
	OldConnectionsKeys []string `env:"EUPAY_OLD_CONNECTIONS_KEYS"`
	Engine             engine.Config
	Settlement         settlement.Config
	Archive            archive.Config
	// BankCountries are the countries whose banks payers can choose: ISO 3166-1 alpha-2.
	BankCountries []string `env:"EUPAY_PAYMENTS_BANK_COUNTRIES" envDefault:"FR,BE,LU,DE,ES,IT,NL,PT"`
}

// ProviderConfig is an account at the provider.
type ProviderConfig struct {
	// BaseURL is where the provider's API is, ClientID and ClientSecret are the account there, WebviewURL is its page for payers. Without
	// a BaseURL the mode takes no payments.
	BaseURL      string `env:"BASE_URL"`
	ClientID     string `env:"CLIENT_ID"`
	ClientSecret string `env:"CLIENT_SECRET"`
	WebviewURL   string `env:"WEBVIEW_URL"`
	// LinksURL is where its payment links are made.
	LinksURL string `env:"LINKS_URL" envDefault:"https://payment-links.powens.com"`
	// CallTimeout is how long a call may take.
	CallTimeout time.Duration `env:"CALL_TIMEOUT" envDefault:"10s"`
}

func (p ProviderConfig) client(mode, publicURL string, inFlight int) powens.Config {
	return powens.Config{
		Mode: mode, BaseURL: p.BaseURL, ClientID: p.ClientID, ClientSecret: p.ClientSecret, WebviewURL: p.WebviewURL, LinksURL: p.LinksURL,
		RedirectURI: strings.TrimRight(publicURL, "/") + returnPath, CallTimeout: p.CallTimeout, MaxInFlight: inFlight,
	}
}

// Validate reports settings with which payments could be lost.
func (c *Config) Validate() error {
	var problems []error
	if _, err := c.connectionsVault(); err != nil {
		problems = append(problems, fmt.Errorf("EUPAY_CONNECTIONS_KEY: %w", err))
	}
	for mode, p := range map[string]ProviderConfig{"LIVE": c.Live, "TEST": c.Test} {
		if p.BaseURL == "" {
			continue
		}
		// One step makes two calls and must end before another worker claims the payment.
		if c.Engine.Lease*9/10 < 2*p.CallTimeout {
			problems = append(problems, fmt.Errorf("EUPAY_PAYMENTS_LEASE (%s) must be well over twice EUPAY_POWENS_%s_CALL_TIMEOUT (%s)", c.Engine.Lease, mode, p.CallTimeout))
		}
		if err := p.client(strings.ToLower(mode), c.PublicURL, c.Engine.InFlight).Validate(); err != nil {
			problems = append(problems, fmt.Errorf("EUPAY_POWENS_%s_…: %w", mode, err))
		}
	}
	problems = append(problems, c.Settlement.Validate(), c.Archive.Validate())
	for _, country := range c.BankCountries {
		if !countryShape.MatchString(country) {
			problems = append(problems, fmt.Errorf("EUPAY_PAYMENTS_BANK_COUNTRIES must list countries by their two capital letters, such as FR,BE: not %q", country))
		}
	}
	return errors.Join(problems...)
}

// pagesURL is the origin of the pages that payers see: the portal's own pages are on it too, perhaps at a path.
func (c *Config) pagesURL() string {
	if u, err := url.Parse(c.PortalURL); err == nil && u.Host != "" {
		return u.Scheme + "://" + u.Host
	}
	return strings.TrimRight(c.PublicURL, "/")
}

func (c *Config) connectionsVault() (*vault.Vault, error) {
	return vault.New("connections", c.ConnectionsKey, c.OldConnectionsKeys...)
}

// Service is the running payments service.
type Service struct {
	core     *boot.Core
	relay    *outbox.Relay
	store    *store.Store
	engine   *engine.Engine
	commands *commands.Handler
	// merchants keeps the copy of the merchants up to date.
	merchants *consume.Consumer
	accounts  *account.Accounts
	banks     *bank.Directory
	links     *link.Links
	// paidLinks settles the uses of payment links, paidOccurrences the occurrences of subscriptions whose links were paid.
	paidLinks       *consume.Consumer
	paidOccurrences *consume.Consumer
	subscriptions   *subscription.Room
	// suppliers pays what merchants received invoices for.
	suppliers *supplier.Room
	// settlement knows whether the money came; expects learns which payments' money is to come.
	settlement *settlement.Settlement
	expects    *consume.Consumer
	inbox      *months.Keeper
	// archive says what becomes of old history.
	archive archive.Config
	clients []*powens.Client
}

// New opens the service: it migrates its schema, connects and listens.
func New(ctx context.Context, cfg Config, deps boot.Deps) (*Service, error) {
	if cfg.GRPCAddr == "" {
		cfg.GRPCAddr = defaultGRPCAddr
	}
	keys, err := cfg.connectionsVault()
	if err != nil {
		return nil, fmt.Errorf("read EUPAY_CONNECTIONS_KEY: %w", err)
	}
	core, err := boot.Open(ctx, "payments", cfg.Base, migrations.FS, deps)
	if err != nil {
		return nil, err
	}
	if err := keys.Check(ctx, core.Pool, `select token_key_id from bank_users limit 1`); err != nil {
		core.Close()
		return nil, fmt.Errorf("check EUPAY_CONNECTIONS_KEY: %w", err)
	}
	relay := outbox.NewRelay(core.Pool, core.Bus, core.Name, core.Base.OutboxKeep, core.Log)
	s := store.New(core.Pool, keys, core.Now, relay.Wake)
	s.ReadFrom(core.Reads)
	svc := &Service{core: core, relay: relay, store: s, archive: cfg.Archive}
	svc.makeRooms(cfg, keys)
	relay.Measure(svc.measure, svc.forget)
	svc.makeConsumers()
	svc.serve(keys)
	return svc, nil
}

func (s *Service) makeRooms(cfg Config, keys *vault.Vault) {
	core, wake := s.core, s.relay.Wake
	live, test := s.provider(cfg, "live", cfg.Live), s.provider(cfg, "test", cfg.Test)
	returnTo := strings.TrimRight(cfg.PublicURL, "/")
	merchants := merchant.New(core.Pool, core.Now)
	s.banks = bank.New(bank.Deps{Pool: core.Pool, Live: live, Test: test, Countries: cfg.BankCountries, Now: core.Now, Log: core.Log})
	s.engine = engine.New(cfg.Engine, s.store, s.banks, live, test, core.Now, core.Log)
	s.accounts = account.New(account.Deps{
		Pool: core.Pool, Vault: keys, Live: live, Test: test, ReturnURL: returnTo + connectPath, Now: core.Now, Log: core.Log,
	})
	s.links = link.New(link.Deps{
		Pool: core.Pool, Reads: core.Reads, Store: s.store, Merchants: merchants, PagesURL: cfg.pagesURL(), Live: live, Test: test, Engine: s.engine, Wake: wake,
		Now: core.Now, Log: core.Log,
	})
	s.subscriptions = subscription.New(subscription.Deps{
		Pool: core.Pool, Reads: core.Reads, Engine: s.engine, Mandates: s.store, Banks: s.banks, Merchants: merchants, Links: s.links, Now: core.Now, Wake: wake, Log: core.Log,
	})
	s.store.OnMandate(s.subscriptions.Follow)
	s.suppliers = supplier.New(supplier.Deps{Store: s.store, Engine: s.engine, Merchants: merchants, Now: core.Now, Log: core.Log})
	s.settlement = settlement.New(settlement.Deps{
		Config: cfg.Settlement, Pool: core.Pool, Reads: core.Reads, Vault: keys, Live: live, Test: test, Merchants: merchants, Payments: s.store,
		Occurrences: s.subscriptions, ReturnURL: returnTo + receivePath, Wake: wake, Now: core.Now, Log: core.Log,
	})
	rooms := commands.Rooms{Accounts: s.accounts, Merchants: merchants, Banks: s.banks, Links: s.links}
	s.commands = commands.New(s.store, s.engine, rooms, core.Bus, core.Now, core.Log)
}

func (s *Service) makeConsumers() {
	consumer := func(cfg consume.Config, handle consume.Handler, after func()) *consume.Consumer {
		return consume.New(cfg, s.core.Pool, s.core.Bus, handle, after, s.core.Log)
	}
	s.merchants = consumer(consume.Config{Name: merchant.Consumer, Subjects: merchant.Subjects}, merchant.Handle, nil)
	s.paidLinks = consumer(consume.Config{Name: link.Consumer, Subjects: link.Subjects, Ignores: link.Ignores}, s.links.Handle, s.relay.Wake)
	s.paidOccurrences = consumer(
		consume.Config{Name: subscription.Consumer, Subjects: subscription.Subjects, Ignores: link.Ignores}, s.subscriptions.Handle, s.relay.Wake)
	s.expects = consumer(consume.Config{Name: settlement.Consumer, Subjects: settlement.Subjects}, s.settlement.Handle, s.settlement.Nudge)
	s.inbox = consume.KeepInbox(s.core.Pool, s.core.Bus, 0, s.core.Now, s.core.Log)
}

// measure looks at what waits, on the replica that relays.
func (s *Service) measure(ctx context.Context) error {
	return errors.Join(measure.Queues(ctx, s.core.Pool, s.core.Name, s.core.Now(), queues), s.store.Measure(ctx), s.settlement.Measure(ctx))
}

func (s *Service) forget() {
	measure.Forget(s.core.Name)
	store.Forget()
	settlement.Forget()
}

// serve names for each gRPC service who may call it.
func (s *Service) serve(keys *vault.Vault) {
	core := s.core
	core.Serve(&paymentsv1.PaymentsService_ServiceDesc, grpcapi.New(s.store, core.Now), identity.Gateway)
	core.Serve(&paymentsv1.BanksService_ServiceDesc, bank.NewServer(s.banks), identity.Gateway)
	core.Serve(&paymentsv1.LinksService_ServiceDesc, link.NewServer(s.links), identity.Gateway)
	core.Serve(&paymentsv1.SubscriptionsService_ServiceDesc, subscription.NewServer(s.subscriptions), identity.Gateway)
	core.Serve(&paymentsv1.SettlementService_ServiceDesc, settlement.NewServer(s.settlement), identity.Gateway)
	core.Serve(&paymentsv1.AccountsService_ServiceDesc, account.NewServer(s.accounts), identity.Gateway)
	core.Serve(&paymentsv1.JournalService_ServiceDesc, journal.NewServer(core.Reads), identity.EInvoice)
	core.Serve(&paymentsv1.SuppliersService_ServiceDesc, supplier.NewServer(s.suppliers), identity.EInvoice)
	core.Serve(&paymentsv1.OperationsService_ServiceDesc, grpcapi.NewOperations(s.store), identity.Gateway)
	core.Serve(&paymentsv1.OperatorService_ServiceDesc, grpcapi.NewOperator(s.store, core.Now), identity.Operator)
	consumers := append(backlog.OfEvents(merchant.Consumer, link.Consumer, subscription.Consumer, settlement.Consumer),
		backlog.Durable{Stream: bus.Commands, Name: "payments"})
	core.Serve(&operationsv1.BacklogService_ServiceDesc, backlog.NewServer(core.Bus.JS, consumers), identity.Gateway)
	sealed := sealedBy(s.accounts, s.store, s.settlement)
	core.Serve(&keysv1.KeysService_ServiceDesc, vault.NewServer(keys, core.Pool, core.Log, sealed...), identity.Operator)
	core.Serve(&privacyv1.PrivacyService_ServiceDesc, privacy.NewServer(personal.Room(), core.Pool, keys, core.Now, core.Log), identity.Operator)
}

// provider is the provider of one mode, for payments and linked accounts.
type provider interface {
	engine.Provider
	account.Provider
	bank.Provider
	settlement.Provider
	link.Provider
}

// provider returns an untyped nil if there is no base URL: an interface that holds a nil pointer would not be nil.
func (s *Service) provider(cfg Config, mode string, p ProviderConfig) provider {
	if p.BaseURL == "" {
		return nil
	}
	client := powens.New(p.client(mode, cfg.PublicURL, cfg.Engine.InFlight), s.core.Now, s.core.Log)
	s.clients = append(s.clients, client)
	return client
}

// Run serves until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	sweep := func(ctx context.Context) error { return s.engine.Sweep(ctx, s.commands.Announce) }
	age := func(ctx context.Context) error {
		return archive.Run(ctx, s.core.Pool, s.archive, s.core.Now, s.core.Log)
	}
	return s.core.Run(ctx, s.relay.Run, tally.Folding(s.core.Pool, s.core.Log), s.store.Run, s.commands.Run, sweep, s.accounts.Run, s.banks.Run,
		s.merchants.Run, s.links.Run, s.paidLinks.Run,
		s.subscriptions.RunSubscriptions, s.subscriptions.RunOccurrences, s.paidOccurrences.Run, s.settlement.Run, s.expects.Run, s.inbox.Run, age)
}

// Close closes the connections.
func (s *Service) Close() {
	for _, c := range s.clients {
		c.Close()
	}
	s.core.Close()
}

// GRPCAddr is where the service serves gRPC.
func (s *Service) GRPCAddr() string { return s.core.GRPCAddr() }

// ManagementAddr is where health and metrics are served.
func (s *Service) ManagementAddr() string { return s.core.ManagementAddr() }

// sealedBy lists all columns that are sealed with the connections key.
func sealedBy(a *account.Accounts, st *store.Store, se *settlement.Settlement) []vault.Column {
	return slices.Concat(a.Sealed(), st.Sealed(), se.Sealed())
}
