package eupay

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"strings"
)

// Version of this package, as the User-Agent header names it.
const Version = "0.1.0"

// Where the API is.
const (
	ProductionURL  = "https://api.european-pay.eu"
	DevelopmentURL = "https://dev.eupayv1apis.european-pay.fr"
)

const (
	testKey        = "pk_test_"
	defaultRetries = 2
)

// Options are what a Client may be told. The zero value suits most programs.
type Options struct {
	// BaseURL is where the API is, without /api/v1. Empty: DevelopmentURL for a key that begins with pk_test_, else ProductionURL.
	BaseURL string
	// HTTPClient sends the requests; nil: one with http.DefaultTransport. Its redirects are not followed, whatever it says: the API
	// has none, and credentials go to no other host. A Timeout that it has ends a Stream too: leave it 0, since every call has a
	// limit of its own.
	HTTPClient *http.Client
	// Retries is how often a request is repeated at most, where that is safe. 0: twice; less than 0: never.
	Retries int
	// UserAgent is the name of your program, such as "shop/1.4", which goes before that of this package.
	UserAgent string
}

// Client calls the API as one merchant. It is safe for use by many goroutines. Its fields are the parts of the API.
type Client struct {
	Payments Payments
	Banks    Banks

	// PaymentLinks are paid through Payers.
	PaymentLinks PaymentLinks

	Subscriptions Subscriptions

	Refunds  Refunds
	Invoices Invoices
	Received Received

	WebhookEndpoints  WebhookEndpoints
	WebhookDeliveries WebhookDeliveries
	Events            Events
	Listener          Listener

	QR            QR
	Scans         Scans
	Payers        Payers
	Products      Products
	OptionGroups  OptionGroups
	Categories    Categories
	Stock         Stock
	Kitchen       Kitchen
	Tables        Tables
	Till          Till
	Menus         Menus
	Orders        Orders
	Bills         Bills
	GuestBills    GuestBills
	Rewards       Rewards
	Offers        Offers
	ProductOffers ProductOffers

	Hours          Hours
	PromotionCodes PromotionCodes

	Settlement SettlementProof

	Auth       Auth
	Factor     Factor
	Passkeys   Passkeys
	Merchant   Merchants
	Team       Team
	APIKeys    APIKeys
	EInvoicing EInvoicing
	Exports    Exports
	Push       Push
	Customers  Customers
	Admin      Admin
	Operations Operations
	Reference  Reference

	caller
}

// caller is what a Client knows. No field of it holds a secret as text, so that no way of printing one shows it.
type caller struct {
	base    string
	bad     error // why there is no base; every call fails with it
	http    http.Client
	retries int
	agent   string
	// authorise adds the credentials; nil: there are none.
	authorise func(http.Header)
	// mode is what the query parameter livemode says with a login; nil: nothing, the mode is the key's.
	mode  *bool
	sleep sleeper
}

// New makes a client that calls with an API key: its public part, pk_live_… or pk_test_…, and its secret one. Without a key (both
// empty) it calls what is public, such as Auth.Login, and becomes somebody with WithToken.
func New(key string, secret Secret, o Options) *Client {
	c := caller{base: o.BaseURL, retries: o.Retries, agent: userAgent(o.UserAgent), sleep: wait}
	if c.base == "" {
		c.base = ProductionURL
		if strings.HasPrefix(key, testKey) {
			c.base = DevelopmentURL
		}
	}
	c.base, c.bad = checked(c.base)
	if o.HTTPClient != nil {
		c.http = *o.HTTPClient
	}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if c.retries == 0 {
		c.retries = defaultRetries
	}
	if key != "" || secret != "" {
		c.authorise = func(h http.Header) {
			h.Set("X-Api-Key", key)
			h.Set("X-Api-Secret", string(secret))
		}
	}
	return assemble(c)
}

func userAgent(program string) string {
	ours := "eupay-go/" + Version + " (" + runtime.Version() + "; " + runtime.GOOS + ")"
	return strings.TrimSpace(program + " " + ours)
}

// WithToken is the same client as somebody who is logged in, by the Token of a Session, in test mode; Live is the other mode. A
// token is good for 15 minutes: Auth.Refresh gives the next.
func (c *Client) WithToken(token Secret) *Client {
	next, test := c.caller, false
	next.mode = &test
	next.authorise = func(h http.Header) { h.Set("Authorization", "Bearer "+string(token)) }
	return assemble(next)
}

// Live is the same client in live mode. It is for logins: a key has a mode of its own, which this does not change.
func (c *Client) Live() *Client {
	next, live := c.caller, true
	if next.mode != nil {
		next.mode = &live
	}
	return assemble(next)
}

// Why a base URL is not taken.
var (
	errNoBase   = errors.New("the API's URL must begin with http:// or https://")
	errPassword = errors.New("the API's URL must hold no user and no password")
)

// checked is the base URL, or why it cannot be one. No text that is not taken is kept: it may hold a password.
func checked(base string) (string, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "", errNoBase
	case u.User != nil:
		return "", errPassword
	default:
		return strings.TrimRight(base, "/"), nil
	}
}

// assemble gives every part the caller.
func assemble(c caller) *Client {
	out := &Client{caller: c}
	at := &out.caller
	out.Payments, out.Refunds, out.Invoices = Payments{at}, Refunds{at}, Invoices{at}
	out.Banks = Banks{at}
	out.PaymentLinks = PaymentLinks{at}
	out.Subscriptions = Subscriptions{at}
	out.WebhookEndpoints, out.WebhookDeliveries, out.Events, out.Listener = WebhookEndpoints{at}, WebhookDeliveries{at}, Events{at}, Listener{at}
	out.QR, out.Scans, out.Payers = QR{at}, Scans{at}, Payers{at}
	out.Settlement = SettlementProof{at}
	out.Products, out.Tables, out.Menus, out.Orders = Products{at}, Tables{at}, Menus{at}, Orders{at}
	out.Till, out.Hours, out.PromotionCodes, out.Stock = Till{at}, Hours{at}, PromotionCodes{at}, Stock{at}
	out.Rewards, out.OptionGroups, out.Categories = Rewards{at}, OptionGroups{at}, Categories{at}
	out.Kitchen = Kitchen{at}
	out.Bills, out.GuestBills = Bills{at}, GuestBills{at}
	out.Offers, out.ProductOffers = Offers{at}, ProductOffers{at}
	out.Passkeys = Passkeys{at}
	out.Auth, out.Factor, out.Merchant, out.Team, out.APIKeys = Auth{at}, Factor{at}, Merchants{at}, Team{at}, APIKeys{at}
	out.EInvoicing, out.Push, out.Customers, out.Admin = EInvoicing{at}, Push{at}, Customers{at}, Admin{at}
	out.Exports, out.Received = Exports{at}, Received{at}
	out.Operations = Operations{at}
	out.Reference = Reference{at}
	return out
}

// String names the client without its credentials.
func (c *Client) String() string { return "eupay.Client(" + c.base + ")" }

// GoString implements fmt.GoStringer.
func (c *Client) GoString() string { return c.String() }

// LogValue implements slog.LogValuer.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Ptr is a pointer to v, for the fields of a change where the zero value means something: Ptr(false).
func Ptr[T any](v T) *T { return &v }
