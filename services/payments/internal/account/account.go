// Package account links the bank accounts of customers: the visit to the provider's page, the accounts that come back from
// it, and the end of the consent. What opens or names an account is sealed in the database and leaves the package only to
// make a payment.
package account

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/vault"
	"european-pay.eu/eupay/services/payments/internal/consent"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

const (
	// maxAccounts is the maximum number of linked accounts per customer and mode.
	maxAccounts = 50
	// currency is the only currency in which payments are made.
	currency = "EUR"
)

// Provider links bank accounts at the payment provider.
type Provider interface {
	CreateUser(ctx context.Context) (powens.User, error)
	ConnectURL(ctx context.Context, u powens.User, redirectURI, state string) (string, error)
	Accounts(ctx context.Context, u powens.User, connectionID string) (bank string, accounts []powens.BankAccount, err error)
	DeleteConnection(ctx context.Context, u powens.User, connectionID string) error
	DisableAccount(ctx context.Context, u powens.User, accountID string) error
}

// Deps are what New needs.
type Deps struct {
	Pool *pgxpool.Pool
	// Vault seals user tokens and account numbers, and derives the keys that sign states.
	Vault *vault.Vault
	// Live and Test are the providers of the two modes. With nil, no accounts can be linked in that mode.
	Live, Test Provider
	// ReturnURL is where the provider redirects customers. The gateway serves it.
	ReturnURL string
	Now       func() time.Time
	Log       *slog.Logger
}

// Accounts links, lists and removes accounts.
type Accounts struct {
	consents   *consent.Keeper
	store      *store
	vault      *vault.Vault
	live, test Provider
	returnURL  string
	removals   *due.Loop[removal]
	now        func() time.Time
	log        *slog.Logger
}

// New returns an Accounts. Call Run, which completes removals that a crash has interrupted.
func New(d Deps) *Accounts {
	consents := consent.New(consent.Config{Pool: d.Pool, Vault: d.Vault, Purpose: "connect", StartAgain: "Start again in the app.", Now: d.Now})
	a := &Accounts{
		consents: consents, store: &store{pool: d.Pool, consents: consents}, vault: d.Vault, live: d.Live, test: d.Test,
		returnURL: d.ReturnURL, now: d.Now, log: d.Log,
	}
	a.removals = a.newRemovals()
	return a
}

// Account is a linked account as its owner sees it.
type Account struct {
	ID, BankName, Name string
	// IBANMasked is "FR76 •••• 2345".
	IBANMasked string
	Currency   string
	LinkedAt   time.Time
}

// owner identifies whose accounts are addressed.
type owner = consent.Owner

func ownerOf(customerID string, livemode bool) (owner, error) {
	id, err := uuid.Parse(customerID)
	if err != nil {
		return owner{}, errs.NotFound("Customer")
	}
	return owner{ID: id.String(), Livemode: livemode}, nil
}

func (a *Accounts) clock() time.Time { return a.now().UTC().Truncate(time.Microsecond) }

// provider returns the provider of the owner's mode, or LIVE_NOT_CONFIGURED or TEST_NOT_CONFIGURED.
func (a *Accounts) provider(o owner) (Provider, error) {
	p := a.test
	if o.Livemode {
		p = a.live
	}
	if p == nil {
		return nil, errs.NotConfigured(o.Livemode, "Linked bank accounts")
	}
	return p, nil
}

func errNoAccount() error { return errs.NotFound("Bank account") }

// List returns the customer's accounts, oldest first.
func (a *Accounts) List(ctx context.Context, customerID string, livemode bool) ([]Account, error) {
	o, err := ownerOf(customerID, livemode)
	if err != nil {
		return nil, err
	}
	return a.store.listLinked(ctx, o)
}

// Lookup returns the payer that owns one of the customer's linked accounts, with the full IBAN. It returns NOT_FOUND when the
// account does not exist, belongs to another customer or mode, or is being removed. The provider does not return the holder's
// name: Name is the bank's name for the account.
func (a *Accounts) Lookup(ctx context.Context, customerID string, livemode bool, accountID string) (payment.Party, error) {
	o, err := ownerOf(customerID, livemode)
	if err != nil {
		return payment.Party{}, errNoAccount()
	}
	id, err := uuid.Parse(accountID)
	if err != nil {
		return payment.Party{}, errNoAccount()
	}
	name, sealed, err := a.store.sealedIBAN(ctx, o, id.String())
	if err != nil {
		return payment.Party{}, err
	}
	iban, err := a.vault.Open(sealed, o.SealedFor("iban"))
	if err != nil {
		return payment.Party{}, fmt.Errorf("look up bank account %s: %w", id, err)
	}
	return payment.Party{Name: name, IBAN: iban, Kind: payment.Individual}, nil
}
