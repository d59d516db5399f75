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
	// visitLife is how long the customer may take on the provider's page.
	visitLife = 15 * time.Minute
	// keepVisits is how long a visit is remembered after its end, for whoever asks what became of it.
	keepVisits = 24 * time.Hour
	// maxAccounts bounds what one customer may link in a mode.
	maxAccounts = 50
	// currency is the only one that payments are made in.
	currency = "EUR"
)

// Provider is what links accounts at the payment provider.
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
	// Vault seals the tokens of users and the numbers of accounts, and signs states.
	Vault *vault.Vault
	// Live and Test are the provider in the two modes. Nil: no accounts are linked in that mode.
	Live, Test Provider
	// ReturnURL is where the provider sends customers back to; the gateway serves it.
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
	// confirmKeys are for the codes with which an app confirms a link.
	confirmKeys [][]byte
	removals    *due.Loop[removal]
	now         func() time.Time
	log         *slog.Logger
}

// New returns an Accounts. Run it, so that what was begun is ended after a crash.
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

// owner is whose accounts are meant. An account of one mode does not exist in the other.
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

// sealedFor binds a sealed value to its owner and to what it is.
func (o owner) sealedFor(what string) string {
	return fmt.Sprintf("%s/%s/%t", what, o.customerID, o.livemode)
}

func (a *Accounts) clock() time.Time { return a.now().UTC().Truncate(time.Microsecond) }

// provider is the one of the mode, or LIVE_NOT_CONFIGURED or TEST_NOT_CONFIGURED.
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

// away is the answer while the provider does not do what it was asked.
func away(err error) error {
	return errors.Join(errs.New(errs.Unavailable, "The bank connection does not answer. Try again in a moment."), err)
}

func errNoAccount() error { return errs.NotFound("Bank account") }

// List returns the customer's accounts, oldest first.
func (a *Accounts) List(ctx context.Context, customerID string, livemode bool) ([]Account, error) {
	o, err := ownerOf(customerID, livemode)
	if err != nil {
		return nil, err
	}
	return a.store.linked(ctx, o)
}

// Lookup returns the payer behind one of the customer's accounts, with its full number. NOT_FOUND when it is nobody's,
// another customer's, of the other mode or being removed. The provider does not tell the holder's name: Name is the
// bank's for the account.
func (a *Accounts) Lookup(ctx context.Context, customerID string, livemode bool, accountID string) (payment.Party, error) {
	o, err := ownerOf(customerID, livemode)
	if err != nil {
		return payment.Party{}, errNoAccount()
	}
	id, err := uuid.Parse(accountID)
	if err != nil {
		return payment.Party{}, errNoAccount()
	}
	name, sealed, err := a.store.number(ctx, o, id.String())
	if err != nil {
		return payment.Party{}, err
	}
	iban, err := a.vault.Open(sealed, o.sealedFor("iban"))
	if err != nil {
		return payment.Party{}, fmt.Errorf("look up bank account %s: %w", id, err)
	}
	return payment.Party{Name: name, IBAN: iban, Kind: payment.Individual}, nil
}

// mask shows what tells two accounts apart.
func mask(iban string) string { return iban[:4] + " •••• " + iban[len(iban)-4:] }
