package user

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/attempts"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/form"
	"european-pay.eu/eupay/services/gateway/internal/hashing"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/slots"
)

// Session is what a login answers.
type Session struct {
	Token        string
	RefreshToken string
	// ExpiresIn is the life of Token; the refresh token lives until the session's end and is good for one use.
	ExpiresIn  time.Duration
	Role       rights.Role
	MerchantID string
	// Ticket stands in place of the tokens when the second factor is missing: VerifyLogin takes it, for ExpiresIn.
	Ticket string
	// TakesCode and TakesPasskey are the second factors that go with the ticket; a recovery code stands in for both.
	TakesCode, TakesPasskey bool
}

// Login opens a session for a user of that audience. Every wrong pair gets the same INVALID_LOGIN at the same cost, so
// that nobody learns who has an account; many attempts from one address get RATE_LIMIT_EXCEEDED, and so do many at one account
// from networks where its owner has not logged in lately.
func (u *Users) Login(ctx context.Context, email, password string, audience Audience, from device.Device) (Session, error) {
	email = form.NormalEmail(email)
	n := attempts.Login{Account: email[:min(len(email), form.MaxEmail+1)], Address: attempts.Network(from.IP), Network: attempts.Neighbourhood(from.IP)}
	now := u.instant()
	if err := u.guesses.Address(ctx, "login", n.Address); err != nil {
		return Session{}, err
	}
	user, who, err := u.approach(ctx, n, now)
	if err != nil {
		return Session{}, err
	}
	known := user.ID
	ok, err := u.hasher.Matches(ctx, who, user.hash, password)
	if err == nil && !ok && u.verification {
		user, ok, err = u.matchUnverified(ctx, who, email, password)
	}
	if err != nil {
		return Session{}, err
	}
	if !ok || user.Disabled || audienceOf(user.Role) != audience {
		if err := audit.RecordTry(ctx, u.pool, now, known, "auth.login", audit.Refused, from); err != nil {
			return Session{}, err
		}
		return Session{}, errs.New(errs.InvalidLogin, "Email or password wrong.")
	}
	if err := u.welcome(ctx, n, user, now); err != nil {
		return Session{}, err
	}
	var session Session
	err = pgx.BeginFunc(ctx, u.pool, func(tx pgx.Tx) error {
		var err error
		session, err = u.admit(ctx, tx, user, from, now)
		return err
	})
	return session, err
}

// admit opens a session for a user who gave the right password, or a ticket when the account has a second factor.
func (u *Users) admit(ctx context.Context, tx pgx.Tx, user User, from device.Device, now time.Time) (Session, error) {
	has, err := readFactors(ctx, tx, user.ID)
	if err != nil {
		return Session{}, err
	}
	if !has.any() {
		return u.enter(ctx, tx, user, from, now)
	}
	ticket := hashing.Token()
	if err := insertTicket(ctx, tx, ticket, user.ID, now); err != nil {
		return Session{}, err
	}
	return Session{Ticket: ticket, ExpiresIn: ticketLife, TakesCode: has.app, TakesPasskey: has.passkey}, nil
}

// enter opens a session, and tells the user when it is from a new browser.
func (u *Users) enter(ctx context.Context, tx pgx.Tx, user User, from device.Device, now time.Time) (Session, error) {
	if err := u.noticeNewDevice(ctx, tx, user, from, now); err != nil {
		return Session{}, err
	}
	if err := audit.RecordTry(ctx, tx, now, user.ID, "auth.login", audit.Succeeded, from); err != nil {
		return Session{}, err
	}
	return u.begin(ctx, tx, user, from, now)
}

// matchUnverified compares with the latest account that has not verified the address. It is asked after every wrong password, at the
// same cost whether there is such an account or not.
func (u *Users) matchUnverified(ctx context.Context, who slots.Turn, email, password string) (User, bool, error) {
	var p refuse.Problems
	var user User
	if form.Email(&p, email); len(p) == 0 {
		var err error
		if user, err = unverifiedByEmail(ctx, u.pool, email); err != nil && !errors.Is(err, errNoUser) {
			return User{}, false, err
		}
	}
	ok, err := u.hasher.Matches(ctx, who, user.hash, password)
	return user, ok, err
}

// approach finds the user of a login, counts the try and returns its turn at bcrypt. A login from a network of the owner goes
// before those of strangers and is not counted with them, nor with those of neighbours.
func (u *Users) approach(ctx context.Context, n attempts.Login, now time.Time) (User, slots.Turn, error) {
	user, err := u.find(ctx, n.Account)
	if err != nil {
		return User{}, slots.Turn{}, err
	}
	known, err := knowsNetwork(ctx, u.pool, user.ID, n.Network, now)
	if err != nil {
		return User{}, slots.Turn{}, err
	}
	if known {
		return user, slots.Turn{Name: n.Account, Rank: -1}, u.guesses.AtHome(ctx, n)
	}
	before, err := u.guesses.ByStranger(ctx, n)
	return user, slots.Turn{Name: n.Account, Rank: before}, err
}

// welcome notes that the network is one of the user's.
func (u *Users) welcome(ctx context.Context, n attempts.Login, user User, now time.Time) error {
	if err := u.guesses.Forget(ctx, n); err != nil {
		return err
	}
	return noteNetwork(ctx, u.pool, user.ID, n.Network, now)
}

// find returns the zero User, which no password matches, for an address that has no account or could never have one.
func (u *Users) find(ctx context.Context, email string) (User, error) {
	var p refuse.Problems
	if form.Email(&p, email); len(p) > 0 {
		return User{}, nil
	}
	user, err := userByEmail(ctx, u.pool, email)
	if errors.Is(err, errNoUser) {
		return User{}, nil
	}
	return user, err
}

// begin opens a new session on the device.
func (u *Users) begin(ctx context.Context, tx pg.DB, user User, from device.Device, now time.Time) (Session, error) {
	login := Login{ID: events.NewID(), UserID: user.ID, CreatedAt: now, Ends: now.Add(u.sessionLife)}
	if err := insertLogin(ctx, tx, login, from); err != nil {
		return Session{}, err
	}
	return u.open(ctx, tx, user, login.ID, login.Ends, now)
}

// open makes the next pair of tokens of a session.
func (u *Users) open(ctx context.Context, db pg.DB, user User, sessionID string, ends, now time.Time) (Session, error) {
	token, err := u.tokens.sign(Identity{UserID: user.ID, Role: user.Role, MerchantID: user.MerchantID, SessionID: sessionID})
	if err != nil {
		return Session{}, err
	}
	refresh := hashing.Token()
	if err := insertToken(ctx, db, refresh, refreshToken{Family: sessionID, UserID: user.ID, Ends: ends}, now); err != nil {
		return Session{}, err
	}
	return Session{Token: token, RefreshToken: refresh, ExpiresIn: accessLife, Role: user.Role, MerchantID: user.MerchantID}, nil
}

// Refresh exchanges a refresh token for a new session. A token that comes twice was stolen: the whole login
// ends, with its access tokens. Every refusal is UNAUTHENTICATED.
func (u *Users) Refresh(ctx context.Context, token string) (Session, error) {
	now := u.instant()
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
		session, err := u.goOn(ctx, tx, user, t, now)
		if err != nil || session.Token != "" {
			return session, err
		}
	}
	if _, err := endLogins(ctx, tx, t.UserID, t.Family, "", now); err != nil {
		return Session{}, err
	}
	if user.Disabled || !now.Before(t.Ends) {
		return Session{}, nil
	}
	return Session{}, audit.Record(ctx, tx, now, audit.ByUser(user.ID), "login.refresh_token_reused", user.ID, nil)
}

// goOn returns the next tokens of the session that a refresh token is of; the zero Session when it is over.
func (u *Users) goOn(ctx context.Context, tx pgx.Tx, user User, t refreshToken, now time.Time) (Session, error) {
	if err := adoptLogin(ctx, tx, t, now); err != nil {
		return Session{}, err
	}
	ends, ok, err := useLogin(ctx, tx, t.Family, now)
	if err != nil || !ok {
		return Session{}, err
	}
	return u.open(ctx, tx, user, t.Family, ends, now)
}

// Logout ends the login that a refresh token belongs to, at once. An unknown token is no error: that login is over too.
func (u *Users) Logout(ctx context.Context, token string) error {
	t, err := findToken(ctx, u.pool, token)
	if err != nil || t == nil {
		return err
	}
	return pgx.BeginFunc(ctx, u.pool, func(tx pgx.Tx) error {
		if _, err := lockUser(ctx, tx, t.UserID); err != nil {
			return err
		}
		now := u.instant()
		if _, err := endLogins(ctx, tx, t.UserID, t.Family, "", now); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, audit.ByUser(t.UserID), "auth.logout", t.UserID, nil)
	})
}

func errLoggedOut() error {
	return errs.New(errs.Unauthenticated, "The login has ended. Log in again.")
}
