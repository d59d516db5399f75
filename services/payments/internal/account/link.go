package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

// Visit is a visit to the provider's page.
type Visit struct {
	// ID identifies the visit when the app confirms the accounts.
	ID, URL string
	Expires time.Time
}

// Start returns the page on which the customer gives consent, and when it expires. The customer is redirected to returnURL at the
// end; the caller has validated it.
func (a *Accounts) Start(ctx context.Context, customerID string, livemode bool, returnURL string) (Visit, error) {
	o, err := ownerOf(customerID, livemode)
	if err != nil {
		return Visit{}, err
	}
	p, err := a.provider(o)
	if err != nil {
		return Visit{}, err
	}
	have, err := a.store.listLinked(ctx, o)
	if err != nil {
		return Visit{}, err
	}
	if len(have) >= maxAccounts {
		return Visit{}, errs.New(errs.InvalidState, "You can have at most %d bank accounts. Remove one first.", maxAccounts)
	}
	user, err := a.user(ctx, p, o)
	if err != nil {
		return Visit{}, err
	}
	v := visit{id: uuid.New(), owner: o, returnURL: returnURL, expires: a.clock().Add(visitTTL)}
	address, err := p.ConnectURL(ctx, user, a.returnURL, a.signState(v.id, v.expires))
	if err != nil {
		return Visit{}, unavailable(err)
	}
	return Visit{ID: v.id.String(), URL: address, Expires: v.expires}, a.store.addVisit(ctx, v)
}

// user returns the customer's user at the provider and creates it on the first visit. When two first visits race, one creates a
// user without accounts that is never used.
func (a *Accounts) user(ctx context.Context, p Provider, o owner) (powens.User, error) {
	user, err := a.storedUser(ctx, o)
	if !errors.Is(err, errNoUser) {
		return user, err
	}
	made, err := p.CreateUser(ctx)
	if err != nil {
		return powens.User{}, unavailable(err)
	}
	if err := a.store.addUser(ctx, o, made.ID, a.vault.Seal(made.Token, o.sealedFor("token")), a.clock()); err != nil {
		return powens.User{}, err
	}
	return a.storedUser(ctx, o)
}

func (a *Accounts) storedUser(ctx context.Context, o owner) (powens.User, error) {
	id, sealed, err := a.store.user(ctx, o)
	if err != nil {
		return powens.User{}, err
	}
	token, err := a.vault.Open(sealed, o.sealedFor("token"))
	if err != nil {
		return powens.User{}, fmt.Errorf("open the token of provider user %s: %w", id, err)
	}
	return powens.User{ID: id, Token: token}, nil
}

// Return carries the parameters of a customer's return from the provider's page. They are not trusted: the state is signed, and
// the connection is read with the token of the visit's customer.
type Return struct {
	State, ConnectionID string
	Declined            bool
}

// Outcome is the result of a visit.
type Outcome struct {
	// Linked is true when the bank shared accounts, which now wait for the app's confirmation, and false when the customer
	// declined.
	Linked bool
	// Code confirms the accounts. Only the first return receives it, because a later one may come from another person.
	Code      string
	ReturnURL string
}

// Complete stores the accounts the customer consented to until the app confirms them, and returns where to redirect the customer.
// It is idempotent.
func (a *Accounts) Complete(ctx context.Context, r Return) (Outcome, error) {
	id, err := a.verifyState(r.State)
	if err != nil {
		return Outcome{}, err
	}
	v, err := a.store.visit(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	switch {
	case v.used:
		return v.replay(r)
	case r.Declined:
		return a.decline(ctx, v, r)
	}
	return a.link(ctx, v, r)
}

// replay answers a repeated return. A visit that was completed with other parameters is no longer valid.
func (v visit) replay(r Return) (Outcome, error) {
	if r.Declined && v.connectionID == "" || !r.Declined && v.connectionID != "" && v.connectionID == r.ConnectionID {
		return Outcome{Linked: !r.Declined, ReturnURL: v.returnURL}, nil
	}
	return Outcome{}, errBadState()
}

func (a *Accounts) decline(ctx context.Context, v visit, r Return) (Outcome, error) {
	first, err := a.store.useVisit(ctx, v.id, a.clock())
	if err != nil || first {
		return Outcome{ReturnURL: v.returnURL}, err
	}
	if v, err = a.store.visit(ctx, v.id); err != nil { // a concurrent return completed the visit
		return Outcome{}, err
	}
	return v.replay(r)
}

// link reads the accounts of the connection and stores those that can pay. The provider is called before anything is written.
func (a *Accounts) link(ctx context.Context, v visit, r Return) (Outcome, error) {
	p, err := a.provider(v.owner)
	if err != nil {
		return Outcome{}, err
	}
	user, err := a.storedUser(ctx, v.owner)
	if err != nil {
		return Outcome{}, err
	}
	bank, accounts, err := p.Accounts(ctx, user, r.ConnectionID)
	switch {
	case powens.IsGone(err):
		return Outcome{}, errs.NotFound("Bank connection")
	case err != nil:
		return Outcome{}, unavailable(err)
	}
	payable := a.payable(v.owner, bank, accounts)
	if len(payable) == 0 {
		return Outcome{}, a.rejectConnection(ctx, p, user, v, r.ConnectionID)
	}
	used, err := a.store.link(ctx, v, r.ConnectionID, payable, a.clock())
	if err != nil {
		return Outcome{}, err
	}
	if !used {
		return Outcome{Linked: true, Code: a.confirmationCode(v.id), ReturnURL: v.returnURL}, nil
	}
	if v, err = a.store.visit(ctx, v.id); err != nil { // a concurrent return completed the visit
		return Outcome{}, err
	}
	return v.replay(r)
}

// rejectConnection deletes a connection that has no account to pay with.
func (a *Accounts) rejectConnection(ctx context.Context, p Provider, user powens.User, v visit, connectionID string) error {
	if err := p.DeleteConnection(ctx, user, connectionID); err != nil {
		return unavailable(err)
	}
	if _, err := a.store.useVisit(ctx, v.id, a.clock()); err != nil {
		return err
	}
	return errs.New(errs.InvalidState, "This bank shared no account that can pay in euros. Link another bank.")
}

// payable returns the accounts that can pay, with their IBANs sealed. Duplicates are dropped.
func (a *Accounts) payable(o owner, bank string, accounts []powens.BankAccount) []row {
	var rows []row
	seen := map[string]bool{}
	for _, one := range accounts {
		if one.IBAN == "" || one.Currency != currency || seen[one.IBAN] || len(rows) == maxAccounts {
			continue
		}
		seen[one.IBAN] = true
		rows = append(rows, row{
			providerID: one.ID, bank: clean(bank), name: clean(one.Name), masked: mask(one.IBAN),
			sealed: a.vault.Seal(one.IBAN, o.sealedFor("iban")), fingerprint: a.store.hash(one.IBAN), previousHashes: a.store.previousHashes(one.IBAN),
		})
	}
	return rows
}
