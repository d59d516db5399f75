// Package account links the bank accounts of customers: the visit to the provider's page, the accounts that come back from
// it, and the end of the consent. What opens or names an account is sealed in the database and leaves the package only to
// make a payment.
package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/vault"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

const (
	// visitTTL is how long a customer may stay on the provider's page.
	visitTTL = 15 * time.Minute
	// visitRetention is how long a visit is kept after it has ended, so that its result can still be queried.
	visitRetention = 24 * time.Hour
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
	store      *store
	vault      *vault.Vault
	live, test Provider
	returnURL  string
	stateKeys  [][]byte
	// confirmKeys derive the codes with which an app confirms a link.
	confirmKeys [][]byte
	removals    *due.Loop[removal]
	now         func() time.Time
	log         *slog.Logger
}

// New returns an Accounts. Call Run, which completes removals that a crash has interrupted.
func New(d Deps) *Accounts {
	a := &Accounts{
		store: &store{pool: d.Pool, fingerprints: d.Vault.DeriveAll("iban fingerprint")}, vault: d.Vault, live: d.Live, test: d.Test,
		returnURL: d.ReturnURL, stateKeys: d.Vault.DeriveAll("connect state"),
		confirmKeys: d.Vault.DeriveAll("connect confirmation"), now: d.Now, log: d.Log,
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

// owner identifies whose accounts are addressed. Accounts of one mode do not exist in the other.
type owner struct {
	customerID string
	livemode   bool
}

func ownerOf(customerID string, livemode bool) (owner, error) {
	id, err := uuid.Parse(customerID)
	if err != nil {
		return owner{}, errs.NotFound("Customer")
	}
	return owner{id.String(), livemode}, nil
}

// sealedFor binds a sealed value to its owner and its purpose.
func (o owner) sealedFor(what string) string {
	return fmt.Sprintf("%s/%s/%t", what, o.customerID, o.livemode)
}

func (a *Accounts) clock() time.Time { return a.now().UTC().Truncate(time.Microsecond) }

// provider returns the provider of the owner's mode, or LIVE_NOT_CONFIGURED or TEST_NOT_CONFIGURED.
func (a *Accounts) provider(o owner) (Provider, error) {
	p := a.test
	if o.livemode {
		p = a.live
	}
	if p == nil {
		return nil, errs.NotConfigured(o.livemode, "Linked bank accounts")
	}
	return p, nil
}

// unavailable is the error when a call to the provider fails.
func unavailable(err error) error {
	return errors.Join(errs.New(errs.Unavailable, "The bank connection does not answer. Try again in a moment."), err)
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
	iban, err := a.vault.Open(sealed, o.sealedFor("iban"))
	if err != nil {
		return payment.Party{}, fmt.Errorf("look up bank account %s: %w", id, err)
	}
	return payment.Party{Name: name, IBAN: iban, Kind: payment.Individual}, nil
}

// mask shows enough of the IBAN to tell two accounts apart.
func mask(iban string) string { return iban[:4] + " •••• " + iban[len(iban)-4:] }
