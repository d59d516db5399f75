package account

import (
	"context"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/payments/internal/consent"
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
	user, err := a.consents.User(ctx, p, o)
	if err != nil {
		return Visit{}, err
	}
	v := a.consents.NewVisit(o, returnURL)
	address, err := p.ConnectURL(ctx, user, a.returnURL, a.consents.Sign(v.ID, v.Expires))
	if err != nil {
		return Visit{}, consent.Unavailable(err)
	}
	return Visit{ID: v.ID.String(), URL: address, Expires: v.Expires}, a.consents.AddVisit(ctx, v)
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
	id, err := a.consents.Verify(r.State)
	if err != nil {
		return Outcome{}, err
	}
	v, err := a.consents.Visit(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	switch {
	case v.Used:
		return a.replay(v, r)
	case r.Declined:
		return a.decline(ctx, v, r)
	}
	return a.link(ctx, v, r)
}

// replay answers a repeated return. A visit that was completed with other parameters is no longer valid.
func (a *Accounts) replay(v consent.Visit, r Return) (Outcome, error) {
	if r.Declined && v.ConnectionID == "" || !r.Declined && v.ConnectionID != "" && v.ConnectionID == r.ConnectionID {
		return Outcome{Linked: !r.Declined, ReturnURL: v.ReturnURL}, nil
	}
	return Outcome{}, a.consents.ErrBadState()
}

func (a *Accounts) decline(ctx context.Context, v consent.Visit, r Return) (Outcome, error) {
	first, err := consent.UseVisit(ctx, a.store.pool, v.ID, "", a.clock())
	if err != nil || first {
		return Outcome{ReturnURL: v.ReturnURL}, err
	}
	if v, err = a.consents.Visit(ctx, v.ID); err != nil { // a concurrent return completed the visit
		return Outcome{}, err
	}
	return a.replay(v, r)
}

// link reads the accounts of the connection and stores those that can pay. The provider is called before anything is written.
func (a *Accounts) link(ctx context.Context, v consent.Visit, r Return) (Outcome, error) {
	p, err := a.provider(v.Owner)
	if err != nil {
		return Outcome{}, err
	}
	user, err := a.consents.StoredUser(ctx, v.Owner)
	if err != nil {
		return Outcome{}, err
	}
	bank, accounts, err := p.Accounts(ctx, user, r.ConnectionID)
	switch {
	case powens.IsGone(err):
		return Outcome{}, errs.NotFound("Bank connection")
	case err != nil:
		return Outcome{}, consent.Unavailable(err)
	}
	payable := a.payable(v.Owner, bank, accounts)
	if len(payable) == 0 {
		return Outcome{}, a.rejectConnection(ctx, p, user, v, r.ConnectionID)
	}
	used, err := a.store.link(ctx, v, r.ConnectionID, payable, a.clock())
	if err != nil {
		return Outcome{}, err
	}
	if !used {
		return Outcome{Linked: true, Code: a.consents.Code(v.ID), ReturnURL: v.ReturnURL}, nil
	}
	if v, err = a.consents.Visit(ctx, v.ID); err != nil { // a concurrent return completed the visit
		return Outcome{}, err
	}
	return a.replay(v, r)
}

// rejectConnection deletes a connection that has no account to pay with.
func (a *Accounts) rejectConnection(ctx context.Context, p Provider, user powens.User, v consent.Visit, connectionID string) error {
	if err := p.DeleteConnection(ctx, user, connectionID); err != nil {
		return consent.Unavailable(err)
	}
	if _, err := consent.UseVisit(ctx, a.store.pool, v.ID, "", a.clock()); err != nil {
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
			providerID: one.ID, bank: consent.Clean(bank), name: consent.Clean(one.Name), masked: consent.Mask(one.IBAN),
			sealed: a.vault.Seal(one.IBAN, o.SealedFor("iban")), fingerprint: a.consents.Hash(one.IBAN), previousHashes: a.consents.PreviousHashes(one.IBAN),
		})
	}
	return rows
}
