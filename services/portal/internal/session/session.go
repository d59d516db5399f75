// Package session holds who is logged in to the pages. A session's tokens of the API never reach the browser: its cookie holds a random
// value, and the database that value's hash beside the sealed tokens.
package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/vault"
	eupay "european-pay.eu/eupay/sdk/go"
)

const (
	// life is how long a session lasts at most: as long as a login of the API.
	life = 30 * 24 * time.Hour
	// early is how long before its end a token is replaced.
	early = time.Minute
	// refreshLimit is how long a refresh may take, during which other requests of the session wait.
	refreshLimit = 15 * time.Second
)

// ErrEnded is for a session that does not exist, has expired, or was ended by the API.
var ErrEnded = errors.New("the session has ended")

// Session is one browser that is logged in.
type Session struct {
	id []byte // the hash of the cookie's value

	UserID, Email, Name string
	Role                eupay.Role
	// MerchantID is empty for admins and customers.
	MerchantID string
	// Livemode: the pages show real money.
	Livemode  bool
	CreatedAt time.Time
	ExpiresAt time.Time

	tokens       tokens
	tokenExpires time.Time
}

// tokens are those of the API.
type tokens struct {
	Access  eupay.Secret `json:"access"`
	Refresh eupay.Secret `json:"refresh"`
}

// Store keeps the sessions.
type Store struct {
	pool  *pgxpool.Pool
	vault *vault.Vault
	api   *eupay.Client
	now   func() time.Time
}

// New makes a store whose tokens are sealed by the vault. api is a client without credentials.
func New(pool *pgxpool.Pool, v *vault.Vault, api *eupay.Client, now func() time.Time) *Store {
	return &Store{pool: pool, vault: v, api: api, now: now}
}

// Begin starts the session of a login and returns it with the value of its cookie. Every login gets a new value, so that nobody can
// choose the one of somebody else beforehand.
func (s *Store) Begin(ctx context.Context, login eupay.Session) (*Session, string, error) {
	user, err := s.api.WithToken(login.Token).Auth.Me(ctx)
	if err != nil {
		return nil, "", err
	}
	cookie := make([]byte, 32)
	rand.Read(cookie) // never fails
	now := s.now().UTC()
	sum := sha256.Sum256(cookie)
	session := &Session{
		id: sum[:], UserID: user.ID, Email: user.Email, Name: user.Name, Role: user.Role, MerchantID: user.MerchantID,
		CreatedAt: now, ExpiresAt: now.Add(life),
	}
	session.take(login, now)
	if err := s.insert(ctx, session); err != nil {
		return nil, "", err
	}
	return session, base64.RawURLEncoding.EncodeToString(cookie), nil
}

// take makes the login's tokens those of the session.
func (s *Session) take(login eupay.Session, now time.Time) {
	s.tokens = tokens{Access: login.Token, Refresh: login.RefreshToken}
	s.tokenExpires = now.Add(time.Duration(login.ExpiresIn) * time.Second)
}

// Find returns the session of a cookie, or ErrEnded.
func (s *Store) Find(ctx context.Context, cookie string) (*Session, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil || len(raw) != 32 {
		return nil, ErrEnded
	}
	sum := sha256.Sum256(raw)
	return s.read(ctx, s.pool, sum[:], "")
}

// Client is the API as the session's user, in the session's mode. A token that is about to expire is replaced first; ErrEnded says that
// the API has ended the login.
func (s *Store) Client(ctx context.Context, session *Session) (*eupay.Client, error) {
	if s.now().Add(early).After(session.tokenExpires) {
		if err := s.refresh(ctx, session); err != nil {
			return nil, err
		}
	}
	api := s.api.WithToken(session.tokens.Access)
	if session.Livemode {
		api = api.Live()
	}
	return api, nil
}

// refresh replaces the tokens. A refresh token is good for one use and a second use ends the login, so requests of one session take turns
// at its row, on all replicas together; that is why the call is inside of the transaction, which it bounds.
func (s *Store) refresh(ctx context.Context, session *Session) error {
	ctx, cancel := context.WithTimeout(ctx, refreshLimit)
	defer cancel()
	ended := false
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		current, err := s.read(ctx, tx, session.id, " for update")
		if err != nil {
			return err
		}
		now := s.now().UTC()
		if now.Add(early).Before(current.tokenExpires) { // another request has done it
			session.tokens, session.tokenExpires = current.tokens, current.tokenExpires
			return nil
		}
		next, err := s.api.Auth.Refresh(ctx, current.tokens.Refresh)
		if errors.Is(err, eupay.ErrUnauthenticated) {
			ended = true
			return s.remove(ctx, tx, session.id)
		}
		if err != nil {
			return err
		}
		session.take(*next, now)
		return s.saveTokens(ctx, tx, session)
	})
	if err == nil && ended {
		return ErrEnded
	}
	return err
}

// SetMode shows the session's user test or live data from now on.
func (s *Store) SetMode(ctx context.Context, session *Session, live bool) error {
	session.Livemode = live
	return s.saveMode(ctx, session)
}

// End ends the session here and at the API. It is ended here also when the API does not answer: its login there ends by itself.
func (s *Store) End(ctx context.Context, session *Session) error {
	if err := s.remove(ctx, s.pool, session.id); err != nil {
		return err
	}
	return s.api.Auth.Logout(ctx, session.tokens.Refresh)
}

// seal encrypts the tokens for the session's row alone.
func (s *Store) seal(session *Session) (vault.Sealed, error) {
	raw, err := json.Marshal(session.tokens)
	if err != nil {
		return vault.Sealed{}, fmt.Errorf("write the tokens: %w", err)
	}
	return s.vault.Seal(string(raw), hex.EncodeToString(session.id)), nil
}

func (s *Store) unseal(session *Session, sealed vault.Sealed) error {
	plain, err := s.vault.Open(sealed, hex.EncodeToString(session.id))
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(plain), &session.tokens)
}
