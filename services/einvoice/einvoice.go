// Package einvoice is the service that issues French e-invoices: it numbers and calculates them, submits them to an accredited
// platform, follows them there, and reports sales and payments to the administration through it.
package einvoice

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // invoices are dated in France, wherever this runs

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/privacy"
	"european-pay.eu/eupay/internal/run/backlog"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/measure"
	"european-pay.eu/eupay/internal/run/outbox"
	"european-pay.eu/eupay/internal/tally"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	operationsv1 "european-pay.eu/eupay/proto/eupay/operations/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	privacyv1 "european-pay.eu/eupay/proto/eupay/privacy/v1"
	"european-pay.eu/eupay/services/einvoice/internal/archive"
	"european-pay.eu/eupay/services/einvoice/internal/directory"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/ereport"
	"european-pay.eu/eupay/services/einvoice/internal/export"
	"european-pay.eu/eupay/services/einvoice/internal/giveback"
	"european-pay.eu/eupay/services/einvoice/internal/grpcapi"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/ledger"
	"european-pay.eu/eupay/services/einvoice/internal/personal"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/received"
	"european-pay.eu/eupay/services/einvoice/internal/sale"
	"european-pay.eu/eupay/services/einvoice/internal/seqino"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
	"european-pay.eu/eupay/services/einvoice/migrations"
)

// defaultGRPCAddr is where the service listens by default.
const defaultGRPCAddr = "127.0.0.1:9104"

// zone is the time zone in which invoices are dated.
const zone = "Europe/Paris"

// Config holds the settings of the einvoice service.
type Config struct {
	boot.Base
	// Live and Test are the accounts at the platform of the two modes. In a mode without a base URL nobody can enrol.
	Live PlatformConfig `envPrefix:"EUPAY_SEQINO_LIVE_"`
	Test PlatformConfig `envPrefix:"EUPAY_SEQINO_TEST_"`
	// Matricule identifies the platform to the administration: four characters (scheme 0238).
	Matricule string `env:"EUPAY_SEQINO_MATRICULE" envDefault:"0000"`
	// PaymentsAddr is where the payments service is, whose payments are exported with the invoices.
	PaymentsAddr string `env:"EUPAY_PAYMENTS_ADDR" envDefault:"127.0.0.1:9101"`
	// Lease is the lifetime of the lease of an attempt to send something. After it, another process takes over from one that
	// died.
	Lease time.Duration `env:"EUPAY_EINVOICE_LEASE" envDefault:"2m"`
}

// PlatformConfig is an account at the platform.
type PlatformConfig struct {
	// BaseURL is where the platform's API is, APIKey and WebhookSecret are what it gave us. Without a BaseURL the mode is off.
	BaseURL       string `env:"BASE_URL"`
	APIKey        string `env:"API_KEY"`
	WebhookSecret string `env:"WEBHOOK_SECRET"`
	// CallTimeout is how long a call may take.
	CallTimeout time.Duration `env:"CALL_TIMEOUT" envDefault:"20s"`
}

// Validate reports settings with which documents could be lost.
func (c *Config) Validate() error {
	var problems []error
	for mode, p := range map[string]PlatformConfig{"LIVE": c.Live, "TEST": c.Test} {
		if p.BaseURL == "" {
			continue
		}
		if _, err := seqino.New(p.client()); err != nil {
			problems = append(problems, fmt.Errorf("EUPAY_SEQINO_%s_…: %w", mode, err))
		}
		if p.WebhookSecret == "" {
			problems = append(problems, fmt.Errorf("EUPAY_SEQINO_%s_WEBHOOK_SECRET is required with a base URL", mode))
		}
		if c.Lease < 2*p.CallTimeout {
			problems = append(problems, fmt.Errorf("EUPAY_EINVOICE_LEASE (%s) must be at least twice EUPAY_SEQINO_%s_CALL_TIMEOUT (%s)", c.Lease, mode, p.CallTimeout))
		}
	}
	if len(c.Matricule) != 4 {
		problems = append(problems, errors.New("EUPAY_SEQINO_MATRICULE must have four characters"))
	}
	return errors.Join(problems...)
}

func (p PlatformConfig) client() seqino.Config {
	return seqino.Config{BaseURL: p.BaseURL, APIKey: p.APIKey, WebhookSecret: p.WebhookSecret, Timeout: p.CallTimeout}
}

// Service is the running einvoice service.
type Service struct {
	core    *boot.Core
	clients []*seqino.Client
	// payments is the connection to the payments service.
	payments *boot.Conn
	// workers run beside the servers.
	workers []func(context.Context) error
}

// New opens the service: it migrates its schema, connects and listens.
func New(ctx context.Context, cfg Config, deps boot.Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.GRPCAddr == "" {
		cfg.GRPCAddr = defaultGRPCAddr
	}
	paris, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("load the time zone %s: %w", zone, err)
	}
	core, err := boot.Open(ctx, "einvoice", cfg.Base, migrations.FS, deps)
	if err != nil {
		return nil, err
	}
	s := &Service{core: core}
	platforms, err := s.platforms(cfg)
	if err != nil {
		s.Close()
		return nil, err
	}
	if s.payments, err = boot.Dial(core.Identity, identity.Payments, cfg.PaymentsAddr); err != nil {
		s.Close()
		return nil, err
	}
	s.assemble(platforms, paris, cfg)
	return s, nil
}

// platforms opens the account of each mode.
func (s *Service) platforms(cfg Config) (map[bool]platform.Platform, error) {
	accounts := make(map[bool]platform.Platform)
	for livemode, p := range map[bool]PlatformConfig{true: cfg.Live, false: cfg.Test} {
		if p.BaseURL == "" {
			continue
		}
		c := p.client()
		c.Now, c.Log = s.core.Now, s.core.Log
		client, err := seqino.New(c)
		if err != nil {
			return nil, err
		}
		s.clients = append(s.clients, client)
		accounts[livemode] = client
	}
	return accounts, nil
}

// assemble connects the parts: the ledger records what must be sent, the engine sends it with the senders of the ledger and the
// reporter, and enrolment releases it.
func (s *Service) assemble(platforms map[bool]platform.Platform, paris *time.Location, cfg Config) {
	core := s.core
	relay := outbox.NewRelay(core.Pool, core.Bus, core.Name, core.Base.OutboxKeep, core.Log)
	relay.Measure(func(ctx context.Context) error { return measure.Queues(ctx, core.Pool, core.Name, core.Now(), queues) },
		func() { measure.Forget(core.Name) })
	businesses := directory.New(directory.Deps{Platforms: platforms, Now: core.Now, Log: core.Log})
	documents := ledger.New(ledger.Deps{
		Pool: core.Pool, Reads: core.Reads, Platforms: platforms, Directory: businesses, Zone: paris, Now: core.Now, Wake: relay.Wake, Log: core.Log,
	})
	reports := ereport.New(ereport.Deps{
		Pool: core.Pool, Platforms: platforms, Zone: paris, Now: core.Now, Matricule: cfg.Matricule, Log: core.Log,
	})
	inbox := received.New(received.Deps{
		Pool: core.Pool, Reads: core.Reads, Platforms: platforms, Suppliers: paymentsv1.NewSuppliersServiceClient(s.payments), Now: core.Now,
		Wake: relay.Wake, Log: core.Log,
	})
	engine := transmit.New(core.Pool, map[transmit.Kind]transmit.Sender{
		transmit.Document: documents.DocumentSender(), transmit.Collection: documents.CollectionSender(), transmit.Report: reports,
		transmit.Answer: inbox.AnswerSender(),
	}, transmit.Config{Lease: cfg.Lease}, core.Now, core.Log)
	documents.Attach(engine)
	inbox.Attach(engine)
	reports.Attach(engine.Wake)
	enrolments := enrol.New(enrol.Deps{
		Pool: core.Pool, Platforms: platforms, Zone: paris, Now: core.Now, Wake: engine.Wake, Log: core.Log,
	})
	exports := export.New(export.Deps{
		Pool: core.Pool, Journal: paymentsv1.NewJournalServiceClient(s.payments), Documents: issuedBy(documents), Zone: paris, Now: core.Now, Log: core.Log,
	})
	core.Serve(&einvoicev1.ExportsService_ServiceDesc, export.NewServer(exports), identity.Gateway)
	core.Serve(&einvoicev1.EInvoiceService_ServiceDesc, grpcapi.New(documents, enrolments, reports, inbox, platforms), identity.Gateway)
	kept := archive.New(archive.Deps{Pool: core.Pool, Files: documents, Zone: paris, Now: core.Now, Log: core.Log})
	core.Serve(&einvoicev1.ArchiveService_ServiceDesc, archive.NewServer(kept), identity.Operator)
	core.Serve(&einvoicev1.TrailService_ServiceDesc, archive.NewServer(kept), identity.Gateway)
	sales := &sale.Sales{Book: sale.Book{Zone: paris, Now: core.Now}, Pool: core.Pool, Reads: core.Reads, Log: core.Log}
	core.Serve(&einvoicev1.SalesService_ServiceDesc, sale.NewServer(sales), identity.Gateway)
	core.Serve(&einvoicev1.ReceivedService_ServiceDesc, grpcapi.NewReceived(inbox), identity.Gateway)
	core.Serve(&einvoicev1.DirectoryService_ServiceDesc, grpcapi.NewDirectory(businesses), identity.Gateway)
	core.Serve(&einvoicev1.RebatesService_ServiceDesc, grpcapi.NewRebates(documents), identity.Gateway)
	core.Serve(&einvoicev1.CreditRefundsService_ServiceDesc, giveback.NewServer(&giveback.Refunds{Pool: core.Pool, Now: core.Now}), identity.Gateway)
	core.Serve(&einvoicev1.OperatorService_ServiceDesc, grpcapi.NewOperator(documents), identity.Operator)
	core.Serve(&privacyv1.PrivacyService_ServiceDesc, privacy.NewServer(personal.Room(), core.Pool, nil, core.Now, core.Log), identity.Operator)
	core.Serve(&einvoicev1.OperationsService_ServiceDesc, grpcapi.NewOperations(documents), identity.Gateway)
	core.Serve(&operationsv1.BacklogService_ServiceDesc, backlog.NewServer(core.Bus.JS, backlog.OfEvents("einvoice")), identity.Gateway)
	heard := consume.Config{Name: "einvoice", Subjects: slices.Concat(ledger.Subjects, received.Subjects)}
	payments := consume.New(heard, core.Pool, core.Bus, inTurn(documents.Apply, inbox.Paid), func() {
		relay.Wake()
		documents.NudgeAutoCredits()
		engine.Wake(true)
		engine.Wake(false)
	}, core.Log)
	s.workers = []func(context.Context) error{
		relay.Run, engine.Run, documents.Follow, documents.RunAutoCredits, inbox.Run, documents.PurgeClaims, enrolments.Run, reports.Run, payments.Run,
		exports.Run, exports.Purge, sales.Run, kept.Run, consume.KeepInbox(core.Pool, core.Bus, 0, core.Now, core.Log).Run,
		tally.Folding(core.Pool, core.Log),
	}
}

// issuedBy visits the documents of a ledger for the exports.
func issuedBy(l *ledger.Ledger) func(context.Context, export.Who, invoice.Date, invoice.Date, func(*einvoicev1.Invoice, []byte, []byte) error) error {
	return func(ctx context.Context, who export.Who, from, to invoice.Date, visit func(*einvoicev1.Invoice, []byte, []byte) error) error {
		return l.Export(ctx, ledger.Who{MerchantID: who.MerchantID, Livemode: who.Livemode}, from, to, func(d ledger.Exported) error {
			return visit(d.Proto(), d.XML, d.PDF)
		})
	}
}

// inTurn handles a batch by each of the handlers, which leave out what is not theirs.
func inTurn(handlers ...consume.Handler) consume.Handler {
	return func(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
		for _, handle := range handlers {
			if err := handle(ctx, tx, batch); err != nil {
				return err
			}
		}
		return nil
	}
}

// Run serves until ctx ends.
func (s *Service) Run(ctx context.Context) error { return s.core.Run(ctx, s.workers...) }

// Close closes the connections.
func (s *Service) Close() {
	for _, c := range s.clients {
		c.Close()
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
