package account

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/events"
	"european-pay.eu/eupay/internal/pg"
)

// Session is what a login answers.
type Session struct {
	Token        string
	RefreshToken string
	// ExpiresIn is the life of Token; the refresh token lives for 30 days and is good for one use.
	ExpiresIn  time.Duration
	Role       Role
	MerchantID string
}

// Login opens a session for a user of that audience. Every wrong pair gets the same INVALID_LOGIN at the same cost, so
// that nobody learns who has an account; many attempts from one address get RATE_LIMIT_EXCEEDED, and so do many at one account
// from networks where its owner has not logged in lately.
func (u *Users) Login(ctx context.Context, email, password string, audience Audience, ip netip.Addr) (Session, error) {
	email = normalEmail(email)
	n := named{account: email[:min(len(email), maxEmail+1)], address: network(ip), network: neighbourhood(ip)}
	now := instant(u.now)
	if err := u.guesses.address(ctx, "login", n.address); err != nil {
		return Session{}, err
	}
	user, who, err := u.approach(ctx, n, now)
	if err != nil {
		return Session{}, err
	}
	ok, err := u.hasher.matches(ctx, who, user.hash, password)
	if err != nil {
		return Session{}, err
	}
	if !ok || user.Disabled || audienceOf(user.Role) != audience {
		return Session{}, errs.New(errs.InvalidLogin, "Email or password wrong.")
	}
	if err := u.welcome(ctx, n, user, now); err != nil {
		return Session{}, err
	}
	return u.open(ctx, u.pool, user, events.NewID(), now)
}

// approach finds whom an attempt is at, counts it, and says when its turn is. Who comes from a network of the owner goes before
// strangers and is not counted with them, nor with the neighbours.
func (u *Users) approach(ctx context.Context, n named, now time.Time) (User, turn, error) {
	user, err := u.find(ctx, n.account)
	if err != nil {
		return User{}, turn{}, err
	}
	known, err := knowsNetwork(ctx, u.pool, user.ID, n.network, now)
	if err != nil {
		return User{}, turn{}, err
	}
	if known {
		_, err := u.guesses.take(ctx, n.home(), attemptsOfPair)
		return user, turn{name: n.account, rank: -1}, err
	}
	before, err := u.guesses.take(ctx, n.pair(), attemptsOfPair)
	if err != nil {
		return User{}, turn{}, err
	}
	_, err = u.guesses.take(ctx, n.strangers(), attemptsOfStrangers)
	return user, turn{name: n.account, rank: before}, err
}

// welcome notes that the network is one of the user's.
func (u *Users) welcome(ctx context.Context, n named, user User, now time.Time) error {
	if err := u.guesses.forget(ctx, n); err != nil {
		return err
	}
	return noteNetwork(ctx, u.pool, user.ID, n.network, now)
}

// find returns the zero User, whom no password opens, for an address that has no account or could never have one.
func (u *Users) find(ctx context.Context, email string) (User, error) {
	var p problems
	if p.email(email); len(p) > 0 {
		return User{}, nil
	}
	user, err := userByEmail(ctx, u.pool, email)
	if errors.Is(err, errNoUser) {
		return User{}, nil
	}
	return user, err
}

func (u *Users) open(ctx context.Context, db pg.DB, user User, family string, now time.Time) (Session, error) {
	token, err := u.tokens.sign(Identity{UserID: user.ID, Role: user.Role, MerchantID: user.MerchantID})
	if err != nil {
		return Session{}, err
	}
	refresh := randomText(secretLength)
	err = insertToken(ctx, db, refresh, refreshToken{Family: family, UserID: user.ID, Ends: now.Add(refreshLife)}, now)
	if err != nil {
		return Session{}, err
	}
	return Session{Token: token, RefreshToken: refresh, ExpiresIn: accessLife, Role: user.Role, MerchantID: user.MerchantID}, nil
}

// Refresh exchanges a refresh token for a new session. A token that was used before is in two hands: the whole login
// ends. Every refusal is UNAUTHENTICATED.
func (u *Users) Refresh(ctx context.Context, token string) (Session, error) {
	now := instant(u.now)
	t, err := findToken(ctx, u.pool, token)
	if err != nil {
		return Session{}, err
	}
	if t == nil {
		return Session{}, errLoggedOut()
	}
	var session Session
	err = pgx.BeginFunc(ctx, u.pool, func(tx pgx.Tx) error {
		var err error
		session, err = u.refresh(ctx, tx, *t, token, now)
		return err
	})
	if err != nil {
		return Session{}, err
	}
	if session.Token == "" {
		return Session{}, errLoggedOut()
	}
	return session, nil
}

// refresh returns the zero Session for a refusal: its effects must be committed. The user's lock lets nobody add to the
// family while it is ended.
func (u *Users) refresh(ctx context.Context, tx pgx.Tx, t refreshToken, token string, now time.Time) (Session, error) {
	user, err := lockUser(ctx, tx, t.UserID)
	if err != nil {
		return Session{}, err
	}
	usable, err := useToken(ctx, tx, token, now)
	if err != nil {
		return Session{}, err
	}
	if usable && !user.Disabled {
		return u.open(ctx, tx, user, t.Family, now)
	}
	if err := deleteFamily(ctx, tx, t.Family); err != nil {
		return Session{}, err
	}
	if user.Disabled || !now.Before(t.Ends) {
		return Session{}, nil
	}
	return Session{}, record(ctx, tx, now, ByUser(user.ID), "login.refresh_token_reused", user.ID, nil)
}

// Logout ends the login that a refresh token belongs to. An unknown token is no error: that login is over too.
func (u *Users) Logout(ctx context.Context, token string) error {
	t, err := findToken(ctx, u.pool, token)
	if err != nil || t == nil {
		return err
	}
	return pgx.BeginFunc(ctx, u.pool, func(tx pgx.Tx) error {
		if _, err := lockUser(ctx, tx, t.UserID); err != nil {
			return err
		}
		return deleteFamily(ctx, tx, t.Family)
	})
}

func errLoggedOut() error {
	return errs.New(errs.Unauthenticated, "The login has ended. Log in again.")
}
