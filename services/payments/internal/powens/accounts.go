package powens

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
)

// User is a person at the provider whose accounts are linked. Token gives access to all of them and never expires: keep it
// sealed.
type User struct {
	ID, Token string
}

// BankAccount is an account that a user has shared.
type BankAccount struct {
	ID, ConnectionID string
	// Name is the bank's name for the account.
	Name string
	// IBAN is empty for an account that cannot pay, such as a savings book.
	IBAN string
	// Currency is an ISO 4217 code; Type is the provider's name for the kind of account.
	Currency, Type string
}

// IsGone reports whether the provider says that the object does not exist or is not visible to this token.
func IsGone(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusNotFound
}

// CreateUser creates a user. It is sent once: if the answer is lost, an empty user remains.
func (c *Client) CreateUser(ctx context.Context) (User, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	const op = "create user"
	body, err := json.Marshal(wireInit{ClientID: c.cfg.ClientID, ClientSecret: c.cfg.ClientSecret})
	if err != nil {
		return User{}, &Error{Op: op, Err: err}
	}
	a, err := c.exchange(ctx, request{op: op, method: http.MethodPost, path: "/auth/init", body: body}, "")
	if err != nil {
		return User{}, err
	}
	var w wireUser
	if err := json.Unmarshal(a.body, &w); err != nil || w.Token == "" || w.UserID == "" || w.Type == "temporary" {
		return User{}, unreadable(op, a.status)
	}
	return User{ID: string(w.UserID), Token: string(w.Token)}, nil
}

// ConnectURL returns the page where the user picks a bank and gives consent. Afterwards the page redirects to redirectURI with
// the state. The URL contains a single-use code: give it only to the user.
func (c *Client) ConnectURL(ctx context.Context, u User, redirectURI, state string) (string, error) {
	return c.visitURL(ctx, u, c.connectURL, redirectURI, state, url.Values{"connector_capabilities": {"bank"}, "max_connections": {"1"}})
}

// visitURL returns a page of the webview for a user, with a new code and further parameters.
func (c *Client) visitURL(ctx context.Context, u User, page, redirectURI, state string, q url.Values) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	const op = "get connect code"
	a, err := c.do(ctx, request{op: op, method: http.MethodGet, path: "/auth/token/code?type=singleAccess", repeatable: true, token: u.Token})
	if err != nil {
		return "", err
	}
	var w struct {
		Code text `json:"code"`
	}
	if err := json.Unmarshal(a.body, &w); err != nil || w.Code == "" {
		return "", unreadable(op, a.status)
	}
	for name, value := range map[string]string{"client_id": c.cfg.ClientID, "redirect_uri": redirectURI, "code": string(w.Code), "state": state} {
		q.Set(name, value)
	}
	return c.webview(page, q), nil
}

// Accounts returns the enabled accounts of one connection and the name of their bank. The error satisfies IsGone when the user
// has no such connection.
func (c *Client) Accounts(ctx context.Context, u User, connectionID string) (bank string, accounts []BankAccount, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	const op = "get accounts"
	path, err := userPath(op, "connections", connectionID)
	if err != nil {
		return "", nil, err
	}
	list, err := c.do(ctx, request{op: op, method: http.MethodGet, path: "/users/me/connections?expand=connector", repeatable: true, token: u.Token})
	if err != nil {
		return "", nil, err
	}
	bank, found, err := decodeBankName(list.body, connectionID)
	switch {
	case err != nil:
		return "", nil, unreadable(op, list.status)
	case !found:
		return "", nil, &Error{Op: op, Status: http.StatusNotFound, Code: "notFound"}
	}
	a, err := c.do(ctx, request{op: op, method: http.MethodGet, path: path + "/accounts", repeatable: true, token: u.Token})
	if err != nil {
		return "", nil, err
	}
	all, err := decodeBankAccounts(a.body)
	if err != nil {
		return "", nil, unreadable(op, a.status)
	}
	for _, one := range all {
		if one.ConnectionID == connectionID {
			accounts = append(accounts, one)
		}
	}
	return bank, accounts, nil
}

// DeleteConnection revokes the consent. It is not an error if the connection is already gone.
func (c *Client) DeleteConnection(ctx context.Context, u User, connectionID string) error {
	return c.endAtProvider(ctx, u, "delete connection", "connections", connectionID, request{method: http.MethodDelete})
}

// DisableAccount removes one account from the consent. It is not an error if the account is already gone.
func (c *Client) DisableAccount(ctx context.Context, u User, accountID string) error {
	return c.endAtProvider(ctx, u, "disable account", "accounts", accountID, request{method: http.MethodPost, body: []byte(`{"disabled":true}`)})
}

// endAtProvider sends an idempotent request that ends something. An object that is already gone is not an error.
func (c *Client) endAtProvider(ctx context.Context, u User, op, kind, id string, r request) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	path, err := userPath(op, kind, id)
	if err != nil {
		return err
	}
	if r.op, r.path, r.repeatable, r.token = op, path, true, u.Token; kind == "accounts" {
		r.path += "?all"
	}
	if _, err := c.do(ctx, r); err != nil && !IsGone(err) {
		return err
	}
	return nil
}

// userPath returns the path of a user's object. It rejects ids that could change the path.
func userPath(op, kind, id string) (string, error) {
	if !idShape.MatchString(id) {
		return "", &Error{Op: op, Status: http.StatusNotFound, Code: "notFound"}
	}
	return "/users/me/" + kind + "/" + id, nil
}
