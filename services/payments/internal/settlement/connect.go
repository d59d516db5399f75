package settlement

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/payments/internal/consent"
	"european-pay.eu/eupay/services/payments/internal/merchant"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

// account is a receiving account.
type account struct {
	id string
	owner
	providerID, connectionID string
	generation               int
	bank, name, masked       string
	state                    string
	dueAt, consentEnds       *time.Time
	warnings                 int
	sequence                 int64
	readFrom                 time.Time
	readNext, readAt         *time.Time
	readOffset               int
	connectedAt              time.Time
}

// The states of an account.
const (
	pending      = "pending"
	connected    = "connected"
	disconnected = "disconnected"
	removing     = "removing"
)

// Visit is a visit to the provider's page.
type Visit struct {
	ID, URL string
	Expires time.Time
}

// Start returns the page on which the merchant consents, for a new account or, if accountID is set, anew for one that it has. Errors:
// NOT_FOUND for an account of another;
// INVALID_STATE without an account in the merchant's profile; SERVICE_UNAVAILABLE when the provider does not answer.
func (s *Settlement) Start(ctx context.Context, merchantID string, livemode bool, accountID string) (Visit, error) {
	o, err := ownerOf(merchantID, livemode)
	if err != nil {
		return Visit{}, err
	}
	p, err := s.provider(o)
	if err != nil {
		return Visit{}, err
	}
	if _, err := s.ownIBAN(ctx, o); err != nil {
		return Visit{}, err
	}
	connectionID := ""
	if accountID != "" {
		a, err := s.accountOf(ctx, o, accountID)
		if err != nil {
			return Visit{}, err
		}
		connectionID = a.connectionID
	}
	user, err := s.consents.User(ctx, p, o)
	if err != nil {
		return Visit{}, err
	}
	v := s.consents.NewVisit(o, "")
	state := s.consents.Sign(v.ID, v.Expires)
	var address string
	if connectionID == "" {
		address, err = p.ConnectURL(ctx, user, s.ReturnURL, state)
	} else {
		address, err = p.ReconnectURL(ctx, user, connectionID, s.ReturnURL, state)
	}
	if err != nil {
		return Visit{}, consent.Unavailable(err)
	}
	return Visit{ID: v.ID.String(), URL: address, Expires: v.Expires}, s.consents.AddVisit(ctx, v)
}

// ownIBAN is the account that the platform knows as the merchant's own.
func (s *Settlement) ownIBAN(ctx context.Context, o owner) (string, error) {
	m, err := s.Merchants.Get(ctx, o.ID, 0)
	if errors.Is(err, merchant.ErrNotSynced) {
		return "", errors.Join(errs.New(errs.Unavailable, "Your profile is being updated. Try again in a moment."), err)
	}
	if err != nil {
		return "", err
	}
	if m.Profile.GetIban() == "" {
		return "", errs.New(errs.InvalidState, "Your profile has no bank account yet. Add its IBAN first: the account that you connect must be that one.")
	}
	return m.Profile.GetIban(), nil
}

// Return carries the parameters of a merchant's return from the provider's page. They are not trusted.
type Return struct {
	State, ConnectionID string
	Declined            bool
}

// Outcome is the result of a visit.
type Outcome struct {
	// VisitID is what Confirm asks for. Linked: the bank shared the merchant's account. Renewed: an account that was connected has a new
	// consent, and there is nothing to confirm.
	VisitID         string
	Linked, Renewed bool
	// Code confirms the account. Only the first return receives it, because a later one may come from another person.
	Code string
}

// Complete keeps the account that the merchant shared until it is confirmed, and returns what to tell the merchant. It is
// idempotent. INVALID_STATE: the state is forged or too old, or the bank shared another account than the one in the profile.
func (s *Settlement) Complete(ctx context.Context, r Return) (Outcome, error) {
	id, err := s.consents.Verify(r.State)
	if err != nil {
		return Outcome{}, err
	}
	v, err := s.consents.Visit(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	switch {
	case v.Used && (r.Declined && v.ConnectionID == "" || !r.Declined && v.ConnectionID != "" && v.ConnectionID == r.ConnectionID):
		return Outcome{VisitID: id.String(), Linked: !r.Declined}, nil
	case v.Used:
		return Outcome{}, s.consents.ErrBadState()
	case r.Declined:
		_, err := consent.UseVisit(ctx, s.Pool, id, "", s.clock())
		return Outcome{VisitID: id.String()}, err
	}
	return s.link(ctx, v, r.ConnectionID)
}

// link reads the accounts of the connection. The provider is called before anything is written.
func (s *Settlement) link(ctx context.Context, v consent.Visit, connectionID string) (Outcome, error) {
	renewed, err := s.renew(ctx, v, connectionID)
	if err != nil || renewed {
		return Outcome{VisitID: v.ID.String(), Linked: true, Renewed: true}, err
	}
	p, err := s.provider(v.Owner)
	if err != nil {
		return Outcome{}, err
	}
	user, err := s.consents.StoredUser(ctx, v.Owner)
	if err != nil {
		return Outcome{}, err
	}
	bank, shared, err := p.Accounts(ctx, user, connectionID)
	switch {
	case powens.IsGone(err):
		return Outcome{}, errs.NotFound("Bank connection")
	case err != nil:
		return Outcome{}, consent.Unavailable(err)
	}
	iban, err := s.ownIBAN(ctx, v.Owner)
	if err != nil {
		return Outcome{}, err
	}
	at := slices.IndexFunc(shared, func(a powens.BankAccount) bool { return a.IBAN == iban && a.Currency == "EUR" })
	if at < 0 {
		return Outcome{}, s.rejectConnection(ctx, p, user, v, connectionID, iban)
	}
	for i, other := range shared { // nothing of the merchant's other accounts is read
		if i == at {
			continue
		}
		if err := p.DisableAccount(ctx, user, other.ID); err != nil {
			return Outcome{}, consent.Unavailable(err)
		}
	}
	first, err := s.addPending(ctx, v, connectionID, bank, shared[at])
	if err != nil || !first {
		return Outcome{VisitID: v.ID.String(), Linked: true}, err
	}
	return Outcome{VisitID: v.ID.String(), Linked: true, Code: s.consents.Code(v.ID)}, nil
}

// rejectConnection deletes a connection that has not the merchant's own account.
func (s *Settlement) rejectConnection(ctx context.Context, p Provider, user powens.User, v consent.Visit, connectionID, iban string) error {
	if err := p.DeleteConnection(ctx, user, connectionID); err != nil {
		return consent.Unavailable(err)
	}
	if _, err := consent.UseVisit(ctx, s.Pool, v.ID, "", s.clock()); err != nil {
		return err
	}
	return errs.New(errs.InvalidState,
		"This bank did not share the account of your profile, %s. Connect the bank that has it, or change the IBAN of your profile first.", consent.Mask(iban))
}

// Confirm connects the account of a visit to the merchant who started it. It is idempotent. It returns NOT_FOUND for another
// merchant's visit or one without an account, VALIDATION_ERROR for a wrong code, and INVALID_STATE after the deadline or too many wrong
// codes.
func (s *Settlement) Confirm(ctx context.Context, merchantID string, livemode bool, visitID, code string) (Account, error) {
	o, err := ownerOf(merchantID, livemode)
	if err != nil {
		return Account{}, consent.ErrNoVisit()
	}
	id, err := uuid.Parse(visitID)
	if err != nil {
		return Account{}, consent.ErrNoVisit()
	}
	a, err := s.confirm(ctx, o, id, s.consents.ValidCode(id, code))
	if err != nil {
		return Account{}, err
	}
	s.reads.Nudge()
	return a.view(), nil
}

// Account is a receiving account as its merchant sees it.
type Account struct {
	ID, BankName, Name string
	// IBANMasked is "FR76 •••• 2345".
	IBANMasked string
	// State is connected or disconnected.
	State       string
	ConnectedAt time.Time
	// ConsentEnds is when the merchant must consent anew, ReadAt when the account was last read to its end.
	ConsentEnds, ReadAt *time.Time
}

func (a account) view() Account {
	return Account{
		ID: a.id, BankName: a.bank, Name: a.name, IBANMasked: a.masked, State: a.state, ConnectedAt: a.connectedAt, ConsentEnds: a.consentEnds, ReadAt: a.readAt,
	}
}

// Accounts returns the merchant's accounts, oldest first.
func (s *Settlement) Accounts(ctx context.Context, merchantID string, livemode bool) ([]Account, error) {
	o, err := ownerOf(merchantID, livemode)
	if err != nil {
		return nil, err
	}
	list, err := s.accountsOf(ctx, o)
	views := make([]Account, len(list))
	for i, a := range list {
		views[i] = a.view()
	}
	return views, err
}

// Remove takes the consent back and reads the account no more. What was matched stays. NOT_FOUND also for another merchant's.
func (s *Settlement) Remove(ctx context.Context, merchantID string, livemode bool, accountID string) error {
	o, err := ownerOf(merchantID, livemode)
	if err != nil {
		return errNoAccount()
	}
	if err := s.beginRemoval(ctx, o, accountID); err != nil {
		return err
	}
	s.reads.Nudge()
	return nil
}

// revoke takes the consent back at the provider. It is idempotent.
func (s *Settlement) revoke(ctx context.Context, a account) error {
	p, err := s.provider(a.owner)
	if err != nil {
		return err
	}
	user, err := s.consents.StoredUser(ctx, a.owner)
	if err != nil {
		return err
	}
	return p.DeleteConnection(ctx, user, a.connectionID)
}

func errNoAccount() error { return errs.NotFound("Bank account") }

// Hint reads the accounts of a connection soon: the provider says that it has news. It returns no error for a connection that is no
// receiving account.
func (s *Settlement) Hint(ctx context.Context, livemode bool, connectionID string) error {
	found, err := s.makeDue(ctx, livemode, connectionID)
	if found {
		s.reads.Nudge()
	}
	return err
}
