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

// Visit is one to the provider's page.
type Visit struct {
	// ID is what the app confirms the accounts by.
	ID, URL string
	Expires time.Time
}

// Start returns the page where the customer consents, and until when. The customer goes to returnURL in the end, which the
// caller has checked.
func (a *Accounts) Start(ctx context.Context, customerID string, livemode bool, returnURL string) (Visit, error) {
	o, err := ownerOf(customerID, livemode)
	if err != nil {
		return Visit{}, err
	}
	p, err := a.provider(o)
	if err != nil {
		return Visit{}, err
	}
	have, err := a.store.linked(ctx, o)
	if err != nil {
		return Visit{}, err
	}
	if len(have) >= maxAccounts {
		return Visit{}, errs.New(errs.InvalidState, "You have %d bank accounts. Remove one before you link another.", len(have))
	}
	user, err := a.user(ctx, p, o)
	if err != nil {
		return Visit{}, err
	}
	v := visit{id: uuid.New(), owner: o, returnURL: returnURL, expires: a.clock().Add(visitLife)}
	address, err := p.ConnectURL(ctx, user, a.returnURL, a.sign(v.id, v.expires))
	if err != nil {
		return Visit{}, away(err)
	}
	return Visit{ID: v.id.String(), URL: address, Expires: v.expires}, a.store.addVisit(ctx, v)
}

// user is the customer at the provider, made at the first visit. Of two first visits at once one makes a user that nobody
// uses: it has no accounts.
func (a *Accounts) user(ctx context.Context, p Provider, o owner) (powens.User, error) {
	user, err := a.known(ctx, o)
	if !errors.Is(err, errNoUser) {
		return user, err
	}
	made, err := p.CreateUser(ctx)
	if err != nil {
		return powens.User{}, away(err)
	}
	if err := a.store.addUser(ctx, o, made.ID, a.vault.Seal(made.Token, o.sealedFor("token")), a.clock()); err != nil {
		return powens.User{}, err
	}
	return a.known(ctx, o)
}

func (a *Accounts) known(ctx context.Context, o owner) (powens.User, error) {
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

// Return is what a customer brings back from the provider's page. None of it is believed: the state is signed, and the
// connection is read with the token of the visit's customer.
type Return struct {
	State, ConnectionID string
	Declined            bool
}

// Outcome is what a customer comes back with.
type Outcome struct {
	// Linked: the bank shares accounts, which wait for the app's confirmation. False when the customer gave up.
	Linked bool
	// Code confirms them. It is given to the first who comes back alone: whoever asks again may not be the one whose bank it is.
	Code      string
	ReturnURL string
}

// Complete keeps what the customer has consented to until the app confirms it, and returns where to send them. The same return again
// changes nothing.
func (a *Accounts) Complete(ctx context.Context, r Return) (Outcome, error) {
	id, err := a.verify(r.State)
	if err != nil {
		return Outcome{}, err
	}
	v, err := a.store.visit(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	switch {
	case v.used:
		return v.repeated(r)
	case r.Declined:
		return a.decline(ctx, v, r)
	}
	return a.link(ctx, v, r)
}

// repeated answers a return that has come before; a visit that was used for something else is over.
func (v visit) repeated(r Return) (Outcome, error) {
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
	if v, err = a.store.visit(ctx, v.id); err != nil { // another return was faster
		return Outcome{}, err
	}
	return v.repeated(r)
}

// link reads the connection's accounts and keeps those that can pay. The provider is asked before anything is written.
func (a *Accounts) link(ctx context.Context, v visit, r Return) (Outcome, error) {
	p, err := a.provider(v.owner)
	if err != nil {
		return Outcome{}, err
	}
	user, err := a.known(ctx, v.owner)
	if err != nil {
		return Outcome{}, err
	}
	bank, accounts, err := p.Accounts(ctx, user, r.ConnectionID)
	switch {
	case powens.IsGone(err):
		return Outcome{}, errs.NotFound("Bank connection")
	case err != nil:
		return Outcome{}, away(err)
	}
	payable := a.payable(v.owner, bank, accounts)
	if len(payable) == 0 {
		return Outcome{}, a.useless(ctx, p, user, v, r.ConnectionID)
	}
	used, err := a.store.link(ctx, v, r.ConnectionID, payable, a.clock())
	if err != nil {
		return Outcome{}, err
	}
	if !used {
		return Outcome{Linked: true, Code: a.code(v.id), ReturnURL: v.returnURL}, nil
	}
	if v, err = a.store.visit(ctx, v.id); err != nil { // another return was faster
		return Outcome{}, err
	}
	return v.repeated(r)
}

// useless ends a connection that holds nothing to pay with.
func (a *Accounts) useless(ctx context.Context, p Provider, user powens.User, v visit, connectionID string) error {
	if err := p.DeleteConnection(ctx, user, connectionID); err != nil {
		return away(err)
	}
	if _, err := a.store.useVisit(ctx, v.id, a.clock()); err != nil {
		return err
	}
	return errs.New(errs.InvalidState, "This bank shared no account that can pay in euros. Link another one.")
}

// payable keeps the accounts that can pay, sealed. An account that is listed twice counts once.
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
			sealed: a.vault.Seal(one.IBAN, o.sealedFor("iban")), fingerprint: a.store.hash(one.IBAN), earlier: a.store.earlier(one.IBAN),
		})
	}
	return rows
}
