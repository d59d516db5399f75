// Package settlement knows whether the money came: merchants link their own accounts, whose lines are read and matched to payments and
// refunds. A payment whose money was seen becomes settled, one that is missed unsettled. What the bank wrote is personal data: it is
// sealed, removed after its retention, and never in a log.
package settlement

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/vault"
	"european-pay.eu/eupay/services/payments/internal/consent"
	"european-pay.eu/eupay/services/payments/internal/merchant"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
	"european-pay.eu/eupay/services/payments/internal/subscription"
)

// Config is the part of the service's settings that concerns settlement.
type Config struct {
	// Poll is how often an account is read when no webhook asks for it.
	Poll time.Duration `env:"EUPAY_PAYMENTS_SETTLEMENT_POLL" envDefault:"1h"`
	// InstantDays and ClassicDays are how many bank days after its execution a payment is missed: instant transfers, and all others.
	InstantDays int `env:"EUPAY_PAYMENTS_SETTLEMENT_INSTANT_DAYS" envDefault:"2"`
	ClassicDays int `env:"EUPAY_PAYMENTS_SETTLEMENT_CLASSIC_DAYS" envDefault:"4"`
	// TextDays is how many days after its booking the text of a line is removed.
	TextDays int `env:"EUPAY_PAYMENTS_SETTLEMENT_TEXT_DAYS" envDefault:"90"`
	// ConsentDays is how long a consent lasts if the provider does not say: 180 days by the law (Delegated Regulation (EU) 2022/2360).
	ConsentDays int `env:"EUPAY_PAYMENTS_SETTLEMENT_CONSENT_DAYS" envDefault:"180"`
}

// Validate reports settings with which payments would be missed at once, or texts be kept longer than anybody needs them.
func (c Config) Validate() error {
	switch {
	case c.Poll < time.Second:
		return fmt.Errorf("EUPAY_PAYMENTS_SETTLEMENT_POLL must be at least 1s: not %s", c.Poll)
	case c.InstantDays < 1 || c.ClassicDays < 1:
		return fmt.Errorf("EUPAY_PAYMENTS_SETTLEMENT_INSTANT_DAYS and _CLASSIC_DAYS must be at least 1: not %d and %d", c.InstantDays, c.ClassicDays)
	case c.TextDays < 1 || c.TextDays > maxTextDays:
		return fmt.Errorf("EUPAY_PAYMENTS_SETTLEMENT_TEXT_DAYS must be 1 to %d: not %d", maxTextDays, c.TextDays)
	case c.ConsentDays < 1:
		return fmt.Errorf("EUPAY_PAYMENTS_SETTLEMENT_CONSENT_DAYS must be at least 1: not %d", c.ConsentDays)
	}
	return nil
}

// maxTextDays is the longest retention of the texts of lines that can be set.
const maxTextDays = 400

// Provider reads accounts at the payment provider.
type Provider interface {
	consent.Creator
	ConnectURL(ctx context.Context, u powens.User, redirectURI, state string) (string, error)
	ReconnectURL(ctx context.Context, u powens.User, connectionID, redirectURI, state string) (string, error)
	Accounts(ctx context.Context, u powens.User, connectionID string) (bank string, accounts []powens.BankAccount, err error)
	Connection(ctx context.Context, u powens.User, connectionID string) (powens.Connection, error)
	Lines(ctx context.Context, u powens.User, accountID string, since time.Time, offset int) (lines []powens.BankLine, more bool, err error)
	DeleteConnection(ctx context.Context, u powens.User, connectionID string) error
	DisableAccount(ctx context.Context, u powens.User, accountID string) error
}

// Merchants knows the merchants' own accounts.
type Merchants interface {
	Get(ctx context.Context, id string, version int64) (merchant.Merchant, error)
}

// Occurrences marks what is expected of subscriptions as paid. A credit bears the id of its subscription, or the end of it.
type Occurrences interface {
	Observe(ctx context.Context, tx pg.DB, c subscription.Credit) (subscription.Occurrence, bool, error)
	Withdraw(ctx context.Context, tx pg.DB, o subscription.Owner, subscriptionID, reference string) error
}

// Deps are what New needs.
type Deps struct {
	Config
	Pool *pgxpool.Pool
	// Reads is where lists are read; nil: Pool.
	Reads *pg.Reads
	// Vault seals account numbers and texts.
	Vault *vault.Vault
	// Live and Test are the providers of the two modes. With nil, no account can be linked in that mode.
	Live, Test Provider
	Merchants  Merchants
	Payments   *store.Store
	// Occurrences learns of the executions of standing orders.
	Occurrences Occurrences
	// ReturnURL is where the provider redirects merchants. The gateway serves it.
	ReturnURL string
	// Wake is called after each commit that recorded an event.
	Wake func()
	Now  func() time.Time
	Log  *slog.Logger
}

// Settlement links accounts, reads and matches their lines, and misses payments.
type Settlement struct {
	Deps
	consents *consent.Keeper
	reads    *due.Loop[account]
	matches  *due.Loop[account]
	misses   *due.Loop[item]
}

// New returns a Settlement. Call Run.
func New(d Deps) *Settlement {
	d.Reads = cmp.Or(d.Reads, pg.ReadsOf(d.Pool))
	s := &Settlement{Deps: d, consents: consent.New(consent.Config{
		Pool: d.Pool, Vault: d.Vault, Purpose: "receiving account", StartAgain: "Start again.", Now: d.Now,
	})}
	s.reads, s.matches, s.misses = s.newReads(), s.newMatches(), s.newMisses()
	return s
}

const (
	tidyEvery = 5 * time.Minute
	// grace is how long work may continue when the service ends.
	grace = 10 * time.Second
)

// Run works until ctx ends.
func (s *Settlement) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	defer loops.Wait()
	for _, run := range []func(context.Context) error{s.reads.Run, s.matches.Run, s.misses.Run} {
		loops.Go(func() { _ = run(ctx) }) // they end with ctx, and return no error
	}
	due.Every(ctx, tidyEvery, "tidying settlement", s.Log, s.tidy)
	return nil
}

// Sweep does once everything that is due: reading, matching, missing, tidying.
func (s *Settlement) Sweep(ctx context.Context) error {
	if err := s.tidy(ctx); err != nil {
		return err
	}
	for _, once := range []func(context.Context) (int, error){s.reads.Once, s.matches.Once, s.misses.Once} {
		if _, err := once(ctx); err != nil {
			return err
		}
	}
	return nil
}

// tidy removes texts whose retention is over, looks again at lines that came before their payment ended, and deletes old visits.
func (s *Settlement) tidy(ctx context.Context) error {
	if err := s.consents.DeleteVisits(ctx); err != nil {
		return err
	}
	if err := s.lookAgain(ctx); err != nil {
		return err
	}
	return s.removeTexts(ctx)
}

// owner identifies whose lines are addressed: a merchant's in one mode.
type owner = consent.Owner

func ownerOf(merchantID string, livemode bool) (owner, error) {
	id, err := uuid.Parse(merchantID)
	if err != nil {
		return owner{}, errs.NotFound("Merchant")
	}
	return owner{ID: id.String(), Livemode: livemode}, nil
}

func (s *Settlement) clock() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// provider returns the provider of the owner's mode, or LIVE_NOT_CONFIGURED or TEST_NOT_CONFIGURED.
func (s *Settlement) provider(o owner) (Provider, error) {
	p := s.Test
	if o.Livemode {
		p = s.Live
	}
	if p == nil {
		return nil, errs.NotConfigured(o.Livemode, "Receiving accounts")
	}
	return p, nil
}

var paris = mustLoad("Europe/Paris")

func mustLoad(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // cannot happen: the time zone database is compiled in
	}
	return loc
}
