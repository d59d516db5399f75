package bank

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"european-pay.eu/eupay/sandbox/internal/control"
)

// The purposes of tokens besides that of the payments API.
const (
	useUser = "user" // a permanent user token
	useCode = "code" // given to the user's webview
)

const (
	// codeLife is the lifetime of a temporary code, as in Powens' documentation.
	codeLife = 30 * time.Minute
	// userTokenLife stands for a token that does not expire.
	userTokenLife = 100 * 365 * 24 * time.Hour
)

func (b *Bank) aggregationRoutes(api func(path, method, operation string, public bool, h handler)) {
	api("/auth/init", "POST", "init", true, b.initUser)
	api("/auth/token/code", "GET", "code", true, b.asUser(b.temporaryCode))
	api("/users/me/connections", "GET", "connections", true, b.asUser(b.listConnections))
	api("/users/me/connections/{id}", "DELETE", "disconnect", true, b.asUser(b.disconnect))
	api("/users/me/connections/{id}/accounts", "GET", "accounts", true, b.asUser(b.listAccounts))
	api("/users/me/accounts", "GET", "accounts", true, b.asUser(b.listAccounts))
	api("/users/me/accounts/{id}", "POST", "account", true, b.asUser(b.updateAccount))
	api("/users/me/accounts/{id}/transactions", "GET", "transactions", true, b.asUser(b.listTransactions))
}

// asUser admits calls with a user token. A service token is not one.
func (b *Bank) asUser(h func(c *call, user int64) ([]byte, error)) handler {
	return func(c *call) ([]byte, error) {
		kind, token, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
		who, ok := b.verifyFor(token, useUser)
		if !ok || !strings.EqualFold(kind, "Bearer") {
			return nil, errUnauthorized
		}
		return h(c, who.User)
	}
}

// initUser creates a user with a permanent token. Users are not stored; their connections are.
func (b *Bank) initUser(c *call) ([]byte, error) {
	var in struct {
		ClientID     loose  `json:"client_id"`
		ClientSecret string `json:"client_secret"`
	}
	if strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, err := url.ParseQuery(string(c.body))
		if err != nil {
			return nil, invalid("body")
		}
		in.ClientID, in.ClientSecret = loose(form.Get("client_id")), form.Get("client_secret")
	} else if err := c.decode(&in); err != nil {
		return nil, err
	}
	switch {
	case in.ClientID == "":
		return nil, missing("client_id")
	case in.ClientSecret == "":
		return nil, missing("client_secret")
	case subtle.ConstantTimeCompare([]byte(in.ClientID), []byte(b.cfg.ClientID))&
		subtle.ConstantTimeCompare([]byte(in.ClientSecret), []byte(b.cfg.ClientSecret)) != 1:
		return nil, errUnauthorized
	}
	user, err := rand.Int(rand.Reader, big.NewInt(1<<40))
	if err != nil {
		return nil, err
	}
	id := user.Int64() + 1
	o := object("{")
	o.text("auth_token", b.sign(claims{Use: useUser, User: id}, userTokenLife))
	o.text("type", "permanent")
	o.number("id_user", id)
	return append(o, '}'), nil
}

func (b *Bank) temporaryCode(c *call, user int64) ([]byte, error) {
	access := "standard"
	switch c.r.URL.Query().Get("type") {
	case "":
	case "singleAccess":
		access = "single"
	default:
		return nil, invalid("type")
	}
	var nonce [12]byte
	if _, err := rand.Read(nonce[:]); err != nil {
		return nil, err
	}
	o := object("{")
	o.text("code", b.sign(claims{Use: useCode, User: user, Nonce: base64.RawURLEncoding.EncodeToString(nonce[:])}, codeLife))
	o.text("type", "temporary")
	o.text("access", access)
	o.number("expires_in", int64(codeLife/time.Second))
	return append(o, '}'), nil
}

// expands reports whether the caller requests a related object in the answer.
func (c *call) expands(name string) bool {
	return slices.Contains(strings.Split(c.r.URL.Query().Get("expand"), ","), name)
}

func (b *Bank) listConnections(c *call, user int64) ([]byte, error) {
	list := []map[string]any{}
	for _, x := range b.links.of(user) {
		bank := connectorByUUID(x.Connector)
		at := x.Created.In(paris).Format(dateTime)
		one := map[string]any{
			"id": x.ID, "id_user": x.User, "id_connector": bank.ID, "connector_uuid": bank.UUID, "state": nil, "error": nil,
			"error_message": nil, "active": true, "created": at, "last_update": at, "last_push": nil, "expire": nil, "next_try": nil,
		}
		if x.State != "" {
			one["state"], one["error"], one["active"] = x.State, x.State, false
		}
		if x.Own != "" {
			one["expire"] = x.since().Add(consentLife).In(paris).Format(dateTime)
		}
		if c.expands("connector") {
			one["connector"] = bank.encode()
		}
		list = append(list, one)
	}
	return json.Marshal(map[string]any{"connections": list, "total": len(list)})
}

// connectionOf returns the connection in the path, if it belongs to this user.
func (b *Bank) connectionOf(c *call, user int64) (connection, error) {
	x, ok := b.links.get(control.PathID(c.r))
	if !ok || x.User != user {
		return connection{}, errNotFound
	}
	return x, nil
}

// disconnect ends a connection permanently. Like Powens, it answers a repeated call that there is no such connection.
func (b *Bank) disconnect(c *call, user int64) ([]byte, error) {
	x, err := b.connectionOf(c, user)
	if err != nil {
		return nil, err
	}
	if err := b.journal.Append(line{Unlinked: x.ID}); err != nil {
		return nil, err
	}
	b.links.remove(x.ID)
	b.stats.count("connection removed")
	c.status = http.StatusNoContent
	return nil, nil
}

// listAccounts lists the accounts of a user or of one connection. Disabled ones are included only with all.
func (b *Bank) listAccounts(c *call, user int64) ([]byte, error) {
	connections := b.links.of(user)
	if c.r.PathValue("id") != "" {
		x, err := b.connectionOf(c, user)
		if err != nil {
			return nil, err
		}
		connections = []connection{x}
	}
	all := c.r.URL.Query().Has("all")
	o := object("{")
	o.key("accounts")
	o = append(o, '[')
	n := int64(0)
	for _, x := range connections {
		for _, a := range x.accounts() {
			if !a.Disabled.IsZero() && !all {
				continue
			}
			if n++; n > 1 {
				o = append(o, ',')
			}
			o = appendBankAccount(o, a)
		}
	}
	o = append(o, ']')
	o.number("total", n)
	return append(o, '}'), nil
}

// updateAccount disables or enables an account, according to its owner's consent.
func (b *Bank) updateAccount(c *call, user int64) ([]byte, error) {
	var in struct {
		Disabled *bool `json:"disabled"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Disabled == nil {
		return nil, missing("disabled")
	}
	id := control.PathID(c.r)
	next, ok := b.links.switchAccount(user, id, *in.Disabled, b.cfg.Now())
	if !ok {
		return nil, errNotFound
	}
	if err := b.journal.Append(line{Link: &next}); err != nil {
		return nil, err
	}
	for _, a := range next.accounts() {
		if a.ID == id {
			return appendBankAccount(nil, a), nil
		}
	}
	return nil, errNotFound
}

// appendBankAccount writes the BankAccount object, including properties that live answers have but the documentation does not.
func appendBankAccount(dst []byte, a bankAccount) []byte {
	o := object(append(dst, '{'))
	o.number("id", a.ID)
	o.number("id_connection", a.Connection)
	o.number("id_user", a.User)
	o.text("number", a.Number)
	o.text("original_name", a.Name)
	o.text("name", a.Name)
	o.raw("balance", strconv.FormatInt(a.Cents/100, 10)+"."+twoDigits(a.Cents%100))
	o.raw("coming", "null")
	o.raw("display", "true")
	o.text("last_update", a.Since.In(paris).Format(dateTime))
	o.raw("deleted", "null")
	if a.Disabled.IsZero() {
		o.raw("disabled", "null")
	} else {
		o.text("disabled", a.Disabled.In(paris).Format(dateTime))
	}
	o.orNull("iban", a.IBAN)
	o.orNull("bic", a.BIC)
	o.raw("currency", currencies["EUR"])
	o.text("type", a.Type)
	o.number("id_type", a.typeID())
	o.number("bookmarked", 0)
	o.raw("error", "null")
	o.text("usage", "PRIV")
	o.text("ownership", "owner")
	o.raw("company_name", "null")
	o.raw("loan", "null")
	return append(o, '}')
}

func twoDigits(n int64) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }
