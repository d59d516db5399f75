package account

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"golang.org/x/crypto/bcrypt"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/apikey"
	"european-pay.eu/eupay/services/gateway/internal/attempts"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/hashing"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/postbox"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
)

// Deps are what Open needs.
type Deps struct {
	// Pool sees the gateway's schema.
	Pool *pgxpool.Pool
	NATS *nats.Conn
	Log  *slog.Logger
	Now  func() time.Time
	// Wake tells the outbox relay that there is something to publish.
	Wake func()
	// BcryptCost is 10 when 0. Tests take bcrypt.MinCost.
	BcryptCost int
	// TokenSecret signs login tokens: at least 32 bytes, the same on every replica.
	TokenSecret string
	// OldTokenSecrets are those before it: their tokens live on until they end.
	OldTokenSecrets []string
	// AttemptsPerIP is how many logins, and how many registrations, one address may try within 5 minutes; 100 when 0.
	AttemptsPerIP int
	// Attempts counts these and the guesses at one account, over attempts.Span. Nil: in memory.
	Attempts ratelimit.Limiter
	// SessionLife is how long a login lasts at most; 30 days when 0.
	SessionLife time.Duration
	// Verification: who registers has to verify the address before anything else.
	Verification bool
	// AdminMFA: admins may do nothing before they have a second factor.
	AdminMFA bool
	// StepUp: what gives money or access away wants a proof that is at most 5 minutes old.
	StepUp bool
	// IBANHold is how long a new IBAN of a merchant waits before money goes there; 0: not at all.
	IBANHold time.Duration
	// PortalURL is where the pages are that mails lead to, and that passkeys are good for.
	PortalURL string
	// PasskeyDomain is what passkeys are made for: the portal's domain or one above it; empty for the portal's.
	PasskeyDomain string
	// Mailer is nil where no mail server is set up: mails wait.
	Mailer postbox.Sender
}

// Accounts is everything about merchants, users and keys.
type Accounts struct {
	Keys      *apikey.Keys
	Merchants *merchant.Merchants
	Users     *Users
	Tokens    *Tokens
	Audit     *audit.Log
	// Mails sends what is queued; Run runs it.
	Mails *postbox.Worker

	deps Deps
}

// Open returns the accounts and starts to listen for changes that other replicas make. Close it.
func Open(d Deps) (*Accounts, error) {
	if d.BcryptCost == 0 {
		d.BcryptCost = bcrypt.DefaultCost
	}
	if d.AttemptsPerIP == 0 {
		d.AttemptsPerIP = 100
	}
	if d.Attempts == nil {
		d.Attempts = ratelimit.NewMemoryOver(d.Now, attempts.Span)
	}
	if d.SessionLife == 0 {
		d.SessionLife = refreshLife
	}
	tokens, err := newTokens(d.TokenSecret, d.OldTokenSecrets, d.Now)
	if err != nil {
		return nil, err
	}
	sealer, err := newFactorVault(d.TokenSecret, d.OldTokenSecrets)
	if err != nil {
		return nil, err
	}
	party, err := newRelyingParty(d.PortalURL, d.PasskeyDomain)
	if err != nil {
		return nil, err
	}
	// Logins get half of the cores: a flood of them leaves the other half to API keys.
	logins, err := hashing.NewHasher(d.BcryptCost, runtime.GOMAXPROCS(0)/2)
	if err != nil {
		return nil, err
	}
	keys, err := apikey.Open(apikey.Deps{Pool: d.Pool, NATS: d.NATS, Log: d.Log, Now: d.Now, BcryptCost: d.BcryptCost})
	if err != nil {
		return nil, err
	}
	a := &Accounts{
		Keys:      keys,
		Merchants: merchant.New(merchant.Deps{Pool: d.Pool, Now: d.Now, Log: d.Log, Wake: d.Wake, Changed: keys.Forget, IBANHold: d.IBANHold}),
		Users: &Users{
			pool: d.Pool, now: d.Now, wake: d.Wake, hasher: logins, tokens: tokens, sessionLife: d.SessionLife,
			portalURL: d.PortalURL, verification: d.Verification, adminMFA: d.AdminMFA, stepUp: d.StepUp, vault: sealer,
			party:   party,
			guesses: attempts.Guesses{Limiter: d.Attempts, PerIP: d.AttemptsPerIP}, resets: attempts.NewWindowOver(resetsOfAddress, resetSpan),
		},
		Tokens: tokens, Audit: audit.NewLog(d.Pool, d.Now), deps: d,
	}
	a.Mails = &postbox.Worker{Pool: d.Pool, Sender: d.Mailer, Write: a.Users.WriteMail, Now: d.Now, Log: d.Log}
	return a, nil
}

// Run tidies up until ctx ends: keys that nobody uses leave the memory, refresh tokens that have expired the database.
func (a *Accounts) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	defer workers.Wait()
	workers.Go(func() { a.Merchants.Introduce(ctx) })
	workers.Go(func() { a.sendMails(ctx) })
	workers.Go(func() {
		due.Every(ctx, time.Minute, "changing IBANs that have waited", a.deps.Log, func(ctx context.Context) error {
			a.Keys.Sweep()
			return a.Merchants.MoveAccounts(ctx)
		})
	})
	due.Every(ctx, time.Hour, "purge of expired logins", a.deps.Log, a.purge)
	return nil
}

// sendMails ends with ctx alone.
func (a *Accounts) sendMails(ctx context.Context) {
	if err := a.Mails.Run(ctx); err != nil {
		a.deps.Log.Error("mails are not sent any more", "error", err)
	}
}

func (a *Accounts) purge(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, purge := range []func(context.Context, pg.DB, time.Time) error{
		purgeTokens, purgeLogins, purgeMailTokens, purgeTickets, purgeChallenges, purgeNetworks, postbox.Purge,
	} {
		if err := purge(ctx, a.deps.Pool, a.deps.Now()); err != nil {
			return fmt.Errorf("purge: %w", err)
		}
	}
	return pgx.BeginFunc(ctx, a.deps.Pool, func(tx pgx.Tx) error { return purgeUnverified(ctx, tx, a.deps.Now()) })
}

// Close stops listening. Call it before the connection to NATS is closed.
func (a *Accounts) Close() { a.Keys.Close() }
