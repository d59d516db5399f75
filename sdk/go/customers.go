package eupay

import (
	"context"
	"iter"
	"net/http"
)

// Customers are people with the app. Register and Login give a Session; the rest takes its token.
type Customers struct{ c *caller }

// Register makes a customer, who is logged in at once.
func (s Customers) Register(ctx context.Context, p CustomerRegistration) (*Session, error) {
	return get[Session](ctx, s.c, call{method: http.MethodPost, path: "/customer/auth/register", body: p, open: true})
}

// Login logs a customer in.
func (s Customers) Login(ctx context.Context, p Credentials) (*Login, error) {
	return get[Login](ctx, s.c, call{method: http.MethodPost, path: "/customer/auth/login", body: p, open: true})
}

func (s Customers) accounts(p ListParams) listing[CustomerAccount] {
	return listing[CustomerAccount]{s.c, call{path: "/customer/accounts", query: p.query()}, nil}
}

// Accounts reads one page of the bank accounts that the customer linked, the oldest first.
func (s Customers) Accounts(ctx context.Context, p ListParams) (*Page[CustomerAccount], error) {
	return s.accounts(p).page(ctx)
}

// AllAccounts reads the bank accounts that the customer linked to their end, the oldest first.
func (s Customers) AllAccounts(ctx context.Context, p ListParams) iter.Seq2[CustomerAccount, error] {
	return s.accounts(p).all(ctx)
}

// Connect begins to link a bank: the customer goes on at the ConnectURL and comes back to returnURL, a link into the app (eupay://…) or a
// page of the web app, with a code.
// An empty returnURL shows them a page with the code.
func (s Customers) Connect(ctx context.Context, returnURL string) (*Connection, error) {
	body := struct {
		ReturnURL string `json:"returnUrl,omitempty"`
	}{returnURL}
	return get[Connection](ctx, s.c, call{method: http.MethodPost, path: "/customer/accounts/connect", body: body})
}

// Confirm makes the accounts of a Connection the customer's, with the code that they came back with.
func (s Customers) Confirm(ctx context.Context, connection string, code Secret) error {
	return do(ctx, s.c, call{method: http.MethodPost, path: "/customer/accounts/{}/confirm", ids: []string{connection}, body: codeBody{code}})
}

// RemoveAccount removes a linked bank account.
func (s Customers) RemoveAccount(ctx context.Context, id string) error {
	return do(ctx, s.c, call{method: http.MethodDelete, path: "/customer/accounts/{}", ids: []string{id}})
}

func (s Customers) payments(p ListParams) listing[ScanTransaction] {
	return listing[ScanTransaction]{s.c, call{path: "/customer/payments", query: p.query()}, nil}
}

// Payments reads one page of what the customer paid, the newest first.
func (s Customers) Payments(ctx context.Context, p ListParams) (*Page[ScanTransaction], error) {
	return s.payments(p).page(ctx)
}

// AllPayments reads what the customer paid to its end, the newest first.
func (s Customers) AllPayments(ctx context.Context, p ListParams) iter.Seq2[ScanTransaction, error] {
	return s.payments(p).all(ctx)
}

// Payment reads one thing that the customer paid.
func (s Customers) Payment(ctx context.Context, transaction string) (*ScanTransaction, error) {
	return get[ScanTransaction](ctx, s.c, call{method: http.MethodGet, path: "/customer/payments/{}", ids: []string{transaction}})
}

// Loyalty is a page of a customer's points, the newest entry first.
type Loyalty struct {
	Page[LoyaltyEntry]
	// Balance is how many points the customer has.
	Balance int `json:"balance"`
}

// Loyalty reads the points of the customer.
func (s Customers) Loyalty(ctx context.Context, p ListParams) (*Loyalty, error) {
	return get[Loyalty](ctx, s.c, call{method: http.MethodGet, path: "/customer/loyalty", query: p.query(), moded: true})
}
