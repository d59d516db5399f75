package user

import (
	"context"
	"errors"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/attempts"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/device"
)

// clonedError is a passkey whose count went back: there may be two of it.
type clonedError struct{ passkey string }

// Error implements error.
func (e clonedError) Error() string { return "the count of passkey " + e.passkey + " went back" }

// shownPasskey is a browser's answer to a challenge of ours. The challenge is over; nothing else is verified yet.
type shownPasskey struct {
	answer *protocol.ParsedCredentialAssertionData
	data   webauthn.SessionData
}

// PasskeyForLogin returns what a browser shows a passkey with, whosever it is; LoginWithPasskey takes the answer.
func (u *Users) PasskeyForLogin(ctx context.Context, from device.Device) (*protocol.CredentialAssertion, error) {
	if err := u.guesses.Address(ctx, "passkey", attempts.Network(from.IP)); err != nil {
		return nil, err
	}
	options, data, err := u.party.BeginDiscoverableLogin()
	if err != nil {
		return nil, err
	}
	return options, insertChallenge(ctx, u.pool, ceremony{purpose: toLogIn}, *data, u.instant())
}

// LoginWithPasskey opens a session without a password: the device is one factor, and what unlocks it (a finger, a PIN) the other. Every
// refusal is INVALID_LOGIN.
func (u *Users) LoginWithPasskey(ctx context.Context, credential []byte, from device.Device) (session Session, err error) {
	now := u.instant()
	if err := u.guesses.Address(ctx, "login", attempts.Network(from.IP)); err != nil {
		return Session{}, err
	}
	shown, err := u.readShown(ctx, ceremony{purpose: toLogIn}, credential)
	owner := ""
	if err == nil {
		owner, err = u.ownerOf(ctx, shown)
	}
	if err == nil {
		err = u.verified(ctx, owner, shown, func(tx pgx.Tx, user User) error {
			if user.Disabled {
				return errWrongPasskey()
			}
			if err := noteNetwork(ctx, tx, user.ID, attempts.Neighbourhood(from.IP), now); err != nil {
				return err
			}
			session, err = u.enter(ctx, tx, user, from, now)
			return err
		})
	}
	if err = u.noteRefusal(ctx, err, owner, "auth.login", from); errs.Is(err, errs.ValidationError) {
		return Session{}, errs.New(errs.InvalidLogin, "This passkey opens no account. Try again, or log in with your password.")
	}
	return session, err
}

// ownerOf is the user whom the answer names, when the passkey is registered for that user.
func (u *Users) ownerOf(ctx context.Context, shown shownPasskey) (string, error) {
	id, err := uuid.FromBytes(shown.answer.Response.UserHandle)
	if err != nil {
		return "", errWrongPasskey()
	}
	is, err := isPasskeyOf(ctx, u.pool, id.String(), shown.answer.RawID)
	if err != nil {
		return "", err
	}
	if !is {
		return "", errWrongPasskey()
	}
	return id.String(), nil
}

// PasskeyForTicket returns what a browser shows one of the passkeys with, of the user whose password opened the ticket.
func (u *Users) PasskeyForTicket(ctx context.Context, ticket string) (*protocol.CredentialAssertion, error) {
	id, err := ownerOfTicket(ctx, u.pool, ticket, u.instant())
	if err != nil {
		return nil, err
	}
	if id == "" {
		return nil, errTicketOver()
	}
	user, err := userByID(ctx, u.pool, id)
	if err != nil {
		return nil, err
	}
	return u.askForPasskey(ctx, user, ofTicket(id, ticket))
}

// VerifyLoginWithPasskey is VerifyLogin with a passkey as the second factor.
func (u *Users) VerifyLoginWithPasskey(ctx context.Context, ticket string, credential []byte, from device.Device) (session Session, err error) {
	now := u.instant()
	id, err := u.tryTicket(ctx, ticket, from, now)
	if err != nil {
		return Session{}, err
	}
	err = u.provenByPasskey(ctx, ofTicket(id, ticket), credential, from, func(tx pgx.Tx, user User) error {
		session, err = u.redeem(ctx, tx, user, ticket, from, now)
		return err
	})
	return session, err
}

// PasskeyForStepUp returns what a browser shows one of the user's passkeys with; StepUpWithPasskey takes the answer in the same session.
func (u *Users) PasskeyForStepUp(ctx context.Context, who Presence) (*protocol.CredentialAssertion, error) {
	return u.askForPasskey(ctx, who.User, inSession(toStepUp, who))
}

// StepUpWithPasskey is StepUp with a passkey.
func (u *Users) StepUpWithPasskey(ctx context.Context, who Presence, credential []byte, from device.Device) error {
	now := u.instant()
	return u.provenByPasskey(ctx, inSession(toStepUp, who), credential, from, func(tx pgx.Tx, _ User) error {
		return proveLogin(ctx, tx, who.SessionID, now)
	})
}

func (u *Users) askForPasskey(ctx context.Context, user User, c ceremony) (*protocol.CredentialAssertion, error) {
	keys, err := listPasskeys(ctx, u.pool, user.ID)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, errs.New(errs.InvalidState, "The account has no passkey.")
	}
	options, data, err := u.party.BeginLogin(holder{user, keys})
	if err != nil {
		return nil, err
	}
	return options, insertChallenge(ctx, u.pool, c, *data, u.instant())
}

// provenByPasskey runs do for a user who shows a passkey.
func (u *Users) provenByPasskey(ctx context.Context, c ceremony, credential []byte, from device.Device, do func(pgx.Tx, User) error) error {
	if err := u.guesses.Count(ctx, "passkey", c.userID); err != nil {
		return err
	}
	shown, err := u.readShown(ctx, c, credential)
	if err == nil {
		err = u.verified(ctx, c.userID, shown, do)
	}
	if err := u.noteRefusal(ctx, err, c.userID, "auth.factor", from); err != nil {
		return err
	}
	return u.guesses.Clear(ctx, "passkey", c.userID)
}

// readShown ends the challenge, whatever the answer is worth.
func (u *Users) readShown(ctx context.Context, c ceremony, credential []byte) (shownPasskey, error) {
	answer, err := protocol.ParseCredentialRequestResponseBytes(credential)
	if err != nil {
		return shownPasskey{}, errWrongPasskey()
	}
	data, ok, err := takeChallenge(ctx, u.pool, c, answer.Response.CollectedClientData.Challenge, u.instant())
	if err != nil {
		return shownPasskey{}, err
	}
	if !ok {
		return shownPasskey{}, errWrongPasskey()
	}
	return shownPasskey{answer, data}, nil
}

// verified runs do in a transaction that holds the user whose passkey it is.
func (u *Users) verified(ctx context.Context, userID string, shown shownPasskey, do func(pgx.Tx, User) error) error {
	return u.locked(ctx, userID, func(tx pgx.Tx, user User) error {
		keys, err := listPasskeys(ctx, tx, user.ID)
		if err != nil {
			return err
		}
		if err := u.usePasskey(ctx, tx, holder{user, keys}, shown); err != nil {
			return err
		}
		return do(tx, user)
	})
}

// usePasskey verifies the answer with the passkeys of the holder: its origin, domain, signature, and that the person was verified.
func (u *Users) usePasskey(ctx context.Context, tx pgx.Tx, h holder, shown shownPasskey) error {
	used, err := u.validate(h, shown)
	if err != nil {
		return errWrongPasskey()
	}
	key, ok := h.find(used.ID)
	if !ok {
		return errWrongPasskey()
	}
	ok, err = usePasskey(ctx, tx, key.ID, *used, shown.answer.Response.AuthenticatorData.Counter, u.instant())
	if err != nil {
		return err
	}
	if !ok || used.Authenticator.CloneWarning {
		return clonedError{key.ID}
	}
	return nil
}

func (u *Users) validate(h holder, shown shownPasskey) (*webauthn.Credential, error) {
	if len(shown.data.UserID) > 0 {
		return u.party.ValidateLogin(h, shown.data, shown.answer)
	}
	return u.party.ValidateDiscoverableLogin(func([]byte, []byte) (webauthn.User, error) { return h, nil }, shown.data, shown.answer)
}

// noteRefusal writes a refused passkey into the audit log: the transaction that would have noted it is undone.
func (u *Users) noteRefusal(ctx context.Context, err error, userID, action string, from device.Device) error {
	now := u.instant()
	var cloned clonedError
	if errors.As(err, &cloned) {
		err = errors.Join(errWrongPasskey(), audit.Record(ctx, u.pool, now, audit.ByUser(userID), "passkey.cloned", userID,
			map[string]any{"passkey": cloned.passkey, "outcome": audit.Refused, "ip": from.IPText()}))
	}
	if errs.Is(err, errs.ValidationError) {
		return errors.Join(err, audit.RecordTry(ctx, u.pool, now, userID, action, audit.Refused, from))
	}
	return err
}
