// Package consent has what every consent to read bank accounts needs: the user at the provider in whose name accounts are shared,
// the visit to the provider's page, the signed state that brings it back to us, the code that proves whose browser it was, and the
// fingerprint by which an account number is found again. Customers' accounts and merchants' receiving accounts both use it; their
// states and codes are made with different keys, so that a visit for one is nothing for the other.
package consent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/vault"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

const (
	// VisitTTL is how long somebody may stay on the provider's page.
	VisitTTL = 15 * time.Minute
	// VisitRetention is how long a visit is kept after it has ended, so that its result can still be queried.
	VisitRetention = 24 * time.Hour
	// ConfirmTTL is how long accounts wait for the confirmation after the return from the bank.
	ConfirmTTL = 30 * time.Minute
	// MaxCodeAttempts is the maximum number of wrong codes per visit.
	MaxCodeAttempts = 5
)

// Config of a Keeper.
type Config struct {
	Pool *pgxpool.Pool
	// Vault seals user tokens and derives the keys of states, codes and fingerprints.
	Vault *vault.Vault
	// Purpose names the keys of states and codes. It must never change.
	Purpose string
	// StartAgain ends the sentence of an error about a visit: what its owner can do.
	StartAgain string
	Now        func() time.Time
}

// Keeper keeps the users at the provider and their visits.
type Keeper struct {
	Config
	stateKeys, confirmKeys, fingerprints [][]byte
}

// New returns a keeper.
func New(c Config) *Keeper {
	return &Keeper{
		Config: c, stateKeys: c.Vault.DeriveAll(c.Purpose + " state"), confirmKeys: c.Vault.DeriveAll(c.Purpose + " confirmation"),
		fingerprints: c.Vault.DeriveAll("iban fingerprint"),
	}
}

// Owner is who shares accounts: a customer or a merchant. Accounts of one mode do not exist in the other.
type Owner struct {
	ID       string
	Livemode bool
}

// SealedFor binds a sealed value to its owner and its purpose.
func (o Owner) SealedFor(what string) string { return fmt.Sprintf("%s/%s/%t", what, o.ID, o.Livemode) }

// Creator makes users at the provider.
type Creator interface {
	CreateUser(ctx context.Context) (powens.User, error)
}

// User returns the owner's user at the provider and creates it on the first visit. When two first visits race, one creates a user
// without accounts that is never used. SERVICE_UNAVAILABLE: the provider does not answer.
func (k *Keeper) User(ctx context.Context, p Creator, o Owner) (powens.User, error) {
	user, err := k.StoredUser(ctx, o)
	if !errors.Is(err, errNoUser) {
		return user, err
	}
	made, err := p.CreateUser(ctx)
	if err != nil {
		return powens.User{}, Unavailable(err)
	}
	if err := k.addUser(ctx, o, made.ID, k.Vault.Seal(made.Token, o.SealedFor("token"))); err != nil {
		return powens.User{}, err
	}
	return k.StoredUser(ctx, o)
}

// StoredUser returns the owner's user, who has made a visit before.
func (k *Keeper) StoredUser(ctx context.Context, o Owner) (powens.User, error) {
	id, sealed, err := k.user(ctx, o)
	if err != nil {
		return powens.User{}, err
	}
	token, err := k.Vault.Open(sealed, o.SealedFor("token"))
	if err != nil {
		return powens.User{}, fmt.Errorf("open the token of provider user %s: %w", id, err)
	}
	return powens.User{ID: id, Token: token}, nil
}

// Visit is a visit to the provider's page.
type Visit struct {
	ID uuid.UUID
	Owner
	ReturnURL string
	Expires   time.Time
	Used      bool
	// ConnectionID is the connection that the visit created; empty when its owner declined.
	ConnectionID string
}

// NewVisit returns a visit that begins now. AddVisit stores it.
func (k *Keeper) NewVisit(o Owner, returnURL string) Visit {
	return Visit{ID: uuid.New(), Owner: o, ReturnURL: returnURL, Expires: k.clock().Add(VisitTTL)}
}

func (k *Keeper) clock() time.Time { return k.Now().UTC().Truncate(time.Microsecond) }

// Unavailable is the error when a call to the provider fails.
func Unavailable(err error) error {
	return errors.Join(errs.New(errs.Unavailable, "The bank connection does not answer. Try again in a moment."), err)
}

// Hash returns the fingerprint by which an account number is found without decrypting it. It is keyed because account numbers are
// few enough to enumerate.
func (k *Keeper) Hash(iban string) []byte { return mac(k.fingerprints[0], []byte(iban)) }

// HashOf is Hash of a sealed account number whatever its row, for vault.Hash.
func (k *Keeper) HashOf(_ []string, iban string) []byte { return k.Hash(iban) }

// PreviousHashes returns the fingerprints under the previous keys.
func (k *Keeper) PreviousHashes(iban string) (list [][]byte) {
	for _, key := range k.fingerprints[1:] {
		list = append(list, mac(key, []byte(iban)))
	}
	return list
}

// Hashes returns the fingerprints under the current key and the previous ones.
func (k *Keeper) Hashes(iban string) [][]byte {
	return append([][]byte{k.Hash(iban)}, k.PreviousHashes(iban)...)
}

// Mask shows enough of the IBAN to tell two accounts apart: "FR76 •••• 2345".
func Mask(iban string) string { return iban[:4] + " •••• " + iban[len(iban)-4:] }

const maxText = 100

// Clean makes a text from the provider displayable: one line, printable characters only, truncated.
func Clean(s string) string { return CleanTo(s, maxText) }

// CleanTo is Clean with another limit, in characters.
func CleanTo(s string, limit int) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if r := []rune(s); len(r) > limit {
		return string(r[:limit])
	}
	return s
}
