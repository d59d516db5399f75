// Package user holds the people who log in: their accounts, sessions, passwords, second factors and passkeys, and the teams of merchants.
package user

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/vault"
	"european-pay.eu/eupay/services/gateway/internal/attempts"
	"european-pay.eu/eupay/services/gateway/internal/hashing"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
)

// Deps are what New needs.
type Deps struct {
	// Pool sees the gateway's schema.
	Pool *pgxpool.Pool
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
	// Verification: new users have to verify their address before anything else.
	Verification bool
	// AdminMFA: admins may do nothing before they have a second factor.
	AdminMFA bool
	// StepUp: what gives money or access away wants a proof that is at most 5 minutes old.
	StepUp bool
	// PortalURL is where the pages are that mails link to and that passkeys work on.
	PortalURL string
	// PasskeyDomain is what passkeys are made for: the portal's domain or one above it; empty for the portal's.
	PasskeyDomain string
}

// Users registers people and logs them in.
type Users struct {
	pool   *pgxpool.Pool
	log    *slog.Logger
	now    func() time.Time
	wake   func()
	hasher *hashing.Hasher
	tokens *Tokens

	// sessionLife is the absolute life of a session.
	sessionLife time.Duration

	// verification: new users have to verify their address.
	verification bool
	// adminMFA: admins may do nothing without a second factor. stepUp: what gives money or access away wants a fresh proof.
	adminMFA, stepUp bool
	// vault seals the secrets of second factors.
	vault *vault.Vault
	// party is the relying party of passkeys: the portal.
	party *webauthn.WebAuthn
	// portalURL is where the pages are that mails link to.
	portalURL string

	guesses attempts.Guesses
	// resets counts the mails with a link or code by their address.
	resets *attempts.Window
}

// New returns the users.
func New(d Deps) (*Users, error) {
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
	return &Users{
		pool: d.Pool, log: d.Log, now: d.Now, wake: d.Wake, hasher: logins, tokens: tokens, sessionLife: d.SessionLife,
		portalURL: d.PortalURL, verification: d.Verification, adminMFA: d.AdminMFA, stepUp: d.StepUp, vault: sealer, party: party,
		guesses: attempts.Guesses{Limiter: d.Attempts, PerIP: d.AttemptsPerIP}, resets: attempts.NewWindowOver(resetsOfAddress, resetSpan),
	}, nil
}

// Tokens signs and verifies the tokens of logins.
func (u *Users) Tokens() *Tokens { return u.tokens }

// Purge deletes what is over: sessions and tokens long after their end, and users who never verified an address.
func (u *Users) Purge(ctx context.Context) error {
	for _, purge := range []func(context.Context, pg.DB, time.Time) error{
		purgeTokens, purgeLogins, purgeMailTokens, purgeTickets, purgeChallenges, purgeNetworks,
	} {
		if err := purge(ctx, u.pool, u.now()); err != nil {
			return fmt.Errorf("purge: %w", err)
		}
	}
	return pgx.BeginFunc(ctx, u.pool, func(tx pgx.Tx) error { return purgeUnverified(ctx, tx, u.now()) })
}

// instant is now as the database keeps it.
func (u *Users) instant() time.Time { return u.now().UTC().Truncate(time.Microsecond) }
