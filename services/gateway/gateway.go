// Package gateway is the REST edge: it owns merchants, users and API keys, turns requests into commands and reads, and receives
// the payment provider's webhooks.
package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/privacy"
	"european-pay.eu/eupay/internal/run/backlog"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/command"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/outbox"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	gatewayv1 "european-pay.eu/eupay/proto/eupay/gateway/v1"
	keysv1 "european-pay.eu/eupay/proto/eupay/keys/v1"
	operationsv1 "european-pay.eu/eupay/proto/eupay/operations/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	privacyv1 "european-pay.eu/eupay/proto/eupay/privacy/v1"
	"european-pay.eu/eupay/services/gateway/internal/attempts"
	"european-pay.eu/eupay/services/gateway/internal/directory"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/notice"
	"european-pay.eu/eupay/services/gateway/internal/operator"
	"european-pay.eu/eupay/services/gateway/internal/personal"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/user"
	"european-pay.eu/eupay/services/gateway/internal/web"
	"european-pay.eu/eupay/services/gateway/migrations"
)

const (
	basePath = "/api/v1"
	// returnWait is how long a payer's return waits for the payment's state.
	returnWait = 5 * time.Second
	// maxPatience keeps the longest usual wait below the server's write timeout.
	maxPatience = 8
	// minSecret is the minimum length of the key for login tokens: the length of the hash.
	minSecret = 32
)

// Service is the running gateway.
type Service struct {
	core     *boot.Core
	cfg      Config
	relay    *outbox.Relay
	accounts *directory.Directory
	commands *command.Client
	// money sends commands through the gate. Handlers get this, not the client.
	money    *gate.Commands
	redis    *redis.Pool
	conns    []*boot.Conn
	listener net.Listener
	echo     *echo.Echo
	// notices learns what customers of merchants are to be told.
	notices *consume.Consumer
	// refunds makes the refunds of credit notes that their requests did not make.
	refunds *due.Loop[*einvoicev1.WantedRefund]
}

// New opens the gateway: it migrates its schema, connects and listens.
func New(ctx context.Context, cfg Config, deps boot.Deps) (*Service, error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("check settings: %w", err)
	}
	core, err := boot.Open(ctx, "gateway", cfg.Base, migrations.FS, deps)
	if err != nil {
		return nil, err
	}
	core.Edge = true // reads need only the database
	s := &Service{core: core, cfg: cfg, relay: outbox.NewRelay(core.Pool, core.Bus, core.Name, core.Base.OutboxKeep, core.Log)}
	if err := s.open(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("open gateway: %w", err)
	}
	return s, nil
}

func (s *Service) open(ctx context.Context) error {
	tries, err := s.limiter(attempts.Span)
	if err != nil {
		return err
	}
	mailer, err := s.cfg.mailer()
	if err != nil {
		return err
	}
	if mailer == nil {
		s.core.Log.Warn("mails stay queued: EUPAY_SMTP_URL is not set")
	}
	if s.accounts, err = directory.Open(directory.Deps{
		Deps: user.Deps{
			Pool: s.core.Pool, Log: s.core.Log, Now: s.core.Now, Wake: s.relay.Wake,
			BcryptCost: s.cfg.BcryptCost, TokenSecret: s.cfg.JWTSecret, OldTokenSecrets: s.cfg.OldJWTSecrets, Attempts: tries, SessionLife: s.cfg.SessionLife,
			PortalURL: s.cfg.PortalURL, PasskeyDomain: s.cfg.PasskeyDomain, Verification: s.cfg.EmailVerification, AdminMFA: s.cfg.AdminMFA, StepUp: s.cfg.StepUp,
		},
		NATS: s.core.Bus.NC, Reads: s.core.Reads, IBANHold: s.cfg.IBANHold, Mailer: mailer,
	}); err != nil {
		return err
	}
	if err := s.accounts.Users.CheckKeys(ctx); err != nil {
		return fmt.Errorf("check EUPAY_JWT_SECRET: %w", err)
	}
	if s.commands, err = command.NewClient(s.core.Bus, identity.Gateway); err != nil {
		return err
	}
	s.money = gate.NewCommands(s.commands)
	s.core.Serve(&gatewayv1.OperatorService_ServiceDesc, operator.NewServer(s.accounts.Users, s.accounts.Audit), identity.Operator)
	s.core.Serve(&keysv1.KeysService_ServiceDesc, s.accounts.Users.KeysServer(), identity.Operator)
	consumers := backlog.NewServer(s.core.Bus.JS, backlog.OfEvents(notice.Consumer))
	s.core.Serve(&operationsv1.BacklogService_ServiceDesc, consumers, identity.Gateway)
	s.core.Serve(&privacyv1.PrivacyService_ServiceDesc, privacy.NewServer(personal.Room(), s.core.Pool, nil, s.core.Now, s.core.Log), identity.Operator)
	if s.echo, err = s.routes(); err != nil {
		return err
	}
	if s.listener, err = net.Listen("tcp", s.cfg.HTTPAddr); err != nil {
		return fmt.Errorf("listen for HTTP: %w", err)
	}
	return nil
}

// writeToCustomers has mails for the customers of subscriptions queued, and addressed when they are sent.
func (s *Service) writeToCustomers(to others) {
	customers := &notice.Customers{
		Pool: s.core.Pool, Subscriptions: paymentsv1.NewSubscriptionsServiceClient(to.payments), TestToAnybody: s.cfg.MailboxURL != "",
	}
	s.accounts.Mails.Address = customers.Address
	s.notices = consume.New(consume.Config{Name: notice.Consumer, Subjects: notice.Subjects}, s.core.Pool, s.core.Bus, customers.Handle, nil, s.core.Log)
}

// ticketMails sends tickets by mail. What prints them comes later.
func (s *Service) ticketMails() *notice.Tickets {
	tickets := &notice.Tickets{Pool: s.core.Pool, Now: s.core.Now, TestToAnybody: s.cfg.MailboxURL != ""}
	s.accounts.Mails.Fetch = tickets.Fetch
	return tickets
}

// dial connects to the named service; the connection is closed with the gateway.
func (s *Service) dial(name, addr string) (*boot.Conn, error) {
	conn, err := boot.Dial(s.core.Identity, name, addr)
	if err != nil {
		return nil, err
	}
	s.conns = append(s.conns, conn)
	return conn, nil
}

// limiter returns a limiter over the window, which all keys of the limiter share.
func (s *Service) limiter(window time.Duration) (ratelimit.Limiter, error) {
	local := ratelimit.NewMemoryOver(s.core.Now, window)
	if s.cfg.RedisURL == "" {
		return local, nil
	}
	if s.redis == nil {
		var err error
		if s.redis, err = ratelimit.NewPool(s.cfg.RedisURL); err != nil {
			return nil, fmt.Errorf("REDIS_URL: %w", err)
		}
	}
	return ratelimit.NewFallback(ratelimit.NewRedisOver(s.redis, events.NewID(), window), local, s.core.Now, s.core.Log), nil
}

// HTTPAddr is where the REST API is served.
func (s *Service) HTTPAddr() string { return s.listener.Addr().String() }

// GRPCAddr is where health is served to gRPC clients.
func (s *Service) GRPCAddr() string { return s.core.GRPCAddr() }

// ManagementAddr is where health and metrics are served.
func (s *Service) ManagementAddr() string { return s.core.ManagementAddr() }

// Run serves until ctx ends, then finishes the requests in progress. The connections that those need stay open until Close.
func (s *Service) Run(ctx context.Context) error {
	s.core.Log.Info("API is served", "http", s.HTTPAddr())
	serve := func(ctx context.Context) error {
		return web.Serve(ctx, s.listener, s.echo, s.cfg.Grace, s.core.Log)
	}
	return s.core.Run(ctx, serve, s.relay.Run, s.accounts.Run, s.notices.Run, s.refunds.Run,
		consume.KeepInbox(s.core.Pool, s.core.Bus, 0, s.core.Now, s.core.Log).Run)
}

// Close releases what New opened. It may be called more than once.
func (s *Service) Close() {
	if s.listener != nil {
		ignore(s.core.Log, s.listener.Close())
	}
	if s.commands != nil {
		s.commands.Close()
	}
	if s.accounts != nil {
		s.accounts.Close()
	}
	for _, conn := range s.conns {
		ignore(s.core.Log, conn.Close())
	}
	if s.redis != nil {
		ignore(s.core.Log, s.redis.Close())
	}
	s.core.Close()
}

// ignore logs the error of closing something that may be closed already.
func ignore(log *slog.Logger, err error) {
	if err != nil {
		log.Debug("close", "error", err)
	}
}
