package user

import (
	"context"
	"encoding/hex"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/form"
	"european-pay.eu/eupay/services/gateway/internal/hashing"
	"european-pay.eu/eupay/services/gateway/internal/notice"
)

const (
	// maxPasskeys of one user.
	maxPasskeys = 10
	// challengeLife is how long a device may take to answer.
	challengeLife = 5 * time.Minute
)

// transports are those that there are; a browser may say anything.
var transports = []protocol.AuthenticatorTransport{protocol.USB, protocol.NFC, protocol.BLE, protocol.SmartCard, protocol.Hybrid, protocol.Internal}

// What a challenge is for.
const (
	toRegister = "register"
	toLogIn    = "login"
	withTicket = "ticket"
	toStepUp   = "step_up"
)

// ceremony is the purpose of a challenge, and the only user and session (or ticket of a login) that it is good for. Both are empty
// for a login that begins with the passkey.
type ceremony struct{ purpose, userID, boundTo string }

func inSession(purpose string, who Presence) ceremony {
	return ceremony{purpose, who.ID, who.SessionID}
}

func ofTicket(userID, ticket string) ceremony {
	return ceremony{withTicket, userID, hex.EncodeToString(hashing.Sum(ticket))}
}

// Passkey is a key on a device of a user, which signs for our pages alone.
type Passkey struct {
	ID string
	// Name is what its user calls it.
	Name      string
	CreatedAt time.Time
	// LastUsedAt is nil for never.
	LastUsedAt *time.Time

	credential webauthn.Credential
}

// Model is the AAGUID of the authenticator; zeros where it does not say.
func (p Passkey) Model() string {
	id, err := uuid.FromBytes(p.credential.Authenticator.AAGUID)
	if err != nil {
		return uuid.Nil.String()
	}
	return id.String()
}

// Transports are the ways to the authenticator: "internal", "usb", "hybrid" and others.
func (p Passkey) Transports() []string {
	list := make([]string, len(p.credential.Transport))
	for i, t := range p.credential.Transport {
		list[i] = string(t)
	}
	return list
}

// BackedUp reports whether the passkey is kept in more than one place, as its device said last; BackupEligible whether it may be.
func (p Passkey) BackedUp() bool { return p.credential.Flags.BackupState }

// BackupEligible reports whether the device may copy the passkey elsewhere.
func (p Passkey) BackupEligible() bool { return p.credential.Flags.BackupEligible }

// holder is a user with passkeys, as the library asks for one.
type holder struct {
	user User
	keys []Passkey
}

// WebAuthnID is the user handle, which says nothing of the person.
func (h holder) WebAuthnID() []byte {
	id, err := uuid.Parse(h.user.ID)
	if err != nil {
		return nil // the library refuses it
	}
	return id[:]
}

// WebAuthnName is what the device shows beside the passkey.
func (h holder) WebAuthnName() string { return h.user.Email }

// WebAuthnDisplayName is the user's name.
func (h holder) WebAuthnDisplayName() string {
	if h.user.Name == "" {
		return h.user.Email
	}
	return h.user.Name
}

// WebAuthnCredentials are the passkeys.
func (h holder) WebAuthnCredentials() []webauthn.Credential {
	list := make([]webauthn.Credential, len(h.keys))
	for i, k := range h.keys {
		list[i] = k.credential
	}
	return list
}

func (h holder) find(credentialID []byte) (Passkey, bool) {
	for _, k := range h.keys {
		if string(k.credential.ID) == string(credentialID) {
			return k, true
		}
	}
	return Passkey{}, false
}

func errWrongPasskey() error {
	return errs.Invalid(errs.Field{Field: "credential", Message: "credential was not accepted: it is not one of yours, is for another page, or took " +
		"more than 5 minutes. Ask for new options and try again."})
}

func checkPasskeyName(name string) error {
	var p refuse.Problems
	form.Text(&p, "name", name, 1, form.MaxLabel)
	return p.Err()
}

func roomForPasskey(keys []Passkey) error {
	if len(keys) >= maxPasskeys {
		return errs.New(errs.InvalidState, "The account has %d passkeys, which is the limit. Remove one first.", len(keys))
	}
	return nil
}

// Passkeys returns the user's passkeys, the oldest first.
func (u *Users) Passkeys(ctx context.Context, userID string) ([]Passkey, error) {
	return listPasskeys(ctx, u.pool, userID)
}

// BeginPasskey returns what the browser makes a new passkey from; AddPasskey takes the answer within 5 minutes, in the same session.
func (u *Users) BeginPasskey(ctx context.Context, who Presence) (*protocol.CredentialCreation, error) {
	keys, err := listPasskeys(ctx, u.pool, who.ID)
	if err != nil {
		return nil, err
	}
	if err := roomForPasskey(keys); err != nil {
		return nil, err
	}
	h := holder{who.User, keys}
	options, data, err := u.party.BeginRegistration(h, webauthn.WithCredentialParameters(webauthn.CredentialParametersRecommendedL3()),
		webauthn.WithExclusions(webauthn.Credentials(h.WebAuthnCredentials()).CredentialDescriptors()))
	if err != nil {
		return nil, err
	}
	return options, insertChallenge(ctx, u.pool, inSession(toRegister, who), *data, u.instant())
}

// AddPasskey keeps the passkey that the browser made. With the first second factor of an account come its recovery codes, once. All other
// sessions end: none of them has shown it.
func (u *Users) AddPasskey(ctx context.Context, who Presence, name string, credential []byte, from device.Device) (p Passkey, codes []string, err error) {
	if err := checkPasskeyName(name); err != nil {
		return Passkey{}, nil, err
	}
	now := u.instant()
	made, err := u.readNewPasskey(ctx, who, credential, now)
	if err != nil {
		return Passkey{}, nil, err
	}
	p = Passkey{ID: events.NewID(), Name: name, CreatedAt: now, credential: *made}
	err = u.locked(ctx, who.ID, func(tx pgx.Tx, user User) error {
		keys, err := listPasskeys(ctx, tx, user.ID)
		if err != nil {
			return err
		}
		if err := roomForPasskey(keys); err != nil {
			return err
		}
		if codes, err = firstRecoveryCodes(ctx, tx, user.ID, now); err != nil {
			return err
		}
		if err := insertPasskey(ctx, tx, user.ID, p); err != nil {
			return err
		}
		return u.factorChanged(ctx, tx, who, factorChange{notice.PasskeyAdded, "passkey.added", map[string]any{"passkey": p.ID, "name": name}}, from, now)
	})
	return p, codes, err
}

func (u *Users) readNewPasskey(ctx context.Context, who Presence, credential []byte, now time.Time) (*webauthn.Credential, error) {
	parsed, err := protocol.ParseCredentialCreationResponseBytes(credential)
	if err != nil {
		return nil, errWrongPasskey()
	}
	data, ok, err := takeChallenge(ctx, u.pool, inSession(toRegister, who), parsed.Response.CollectedClientData.Challenge, now)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errWrongPasskey()
	}
	made, err := u.party.CreateCredential(holder{user: who.User}, data, parsed)
	if err != nil {
		return nil, errWrongPasskey()
	}
	made.Transport = slices.DeleteFunc(made.Transport, func(t protocol.AuthenticatorTransport) bool { return !slices.Contains(transports, t) })
	return made, nil
}

// RenamePasskey changes what the user calls a passkey; NOT_FOUND when the user has none of that id.
func (u *Users) RenamePasskey(ctx context.Context, userID, id, name string) (p Passkey, err error) {
	if !form.IsID(id) {
		return Passkey{}, errs.NotFound("Passkey")
	}
	if err := checkPasskeyName(name); err != nil {
		return Passkey{}, err
	}
	now := u.instant()
	err = pgx.BeginFunc(ctx, u.pool, func(tx pgx.Tx) error {
		if p, err = renamePasskey(ctx, tx, userID, id, name); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, audit.ByUser(userID), "passkey.renamed", userID, map[string]any{"passkey": id, "name": name})
	})
	return p, err
}

// RemovePasskey removes a passkey and ends all other sessions. The recovery codes end with the last second factor of an account.
func (u *Users) RemovePasskey(ctx context.Context, who Presence, id string, from device.Device) error {
	if !form.IsID(id) {
		return errs.NotFound("Passkey")
	}
	now := u.instant()
	return u.locked(ctx, who.ID, func(tx pgx.Tx, user User) error {
		name, err := deletePasskey(ctx, tx, user.ID, id)
		if err != nil {
			return err
		}
		mail, err := u.mailOfRemoval(ctx, tx, user.ID, notice.PasskeyRemoved)
		if err != nil {
			return err
		}
		return u.factorChanged(ctx, tx, who, factorChange{mail, "passkey.removed", map[string]any{"passkey": id, "name": name}}, from, now)
	})
}
