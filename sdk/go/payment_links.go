package eupay

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// PaymentLinks are addresses at which payers find what is to be paid.
type PaymentLinks struct{ c *caller }

const (
	linksPath = "/gateway/payment-links"
	linkPath  = linksPath + "/{}"
	openPath  = "/links/{}"
)

// PaymentLinkStatus is how a link stands.
type PaymentLinkStatus string

// The values of PaymentLinkStatus. Paid: all its uses are paid.
const (
	PaymentLinkActive  PaymentLinkStatus = "active"
	PaymentLinkPaid    PaymentLinkStatus = "paid"
	PaymentLinkExpired PaymentLinkStatus = "expired"
	PaymentLinkRevoked PaymentLinkStatus = "revoked"
)

// PaymentLinkParams is a new link. Without an Amount the payer chooses.
type PaymentLinkParams struct {
	Amount Amount `json:"amount,omitzero"`
	// What the payer may choose at least and at most. Not with Amount.
	MinimumAmount Amount `json:"minimum_amount,omitzero"`
	MaximumAmount Amount `json:"maximum_amount,omitzero"`
	// EUR when it is empty.
	Currency string `json:"currency,omitzero"`
	// Shown to the payer, and that of the payments. One line.
	Description string `json:"description"`
	// Your own reference, which the payments get too.
	Reference string `json:"reference,omitzero"`
	// Reusable: the link is paid many times. MaxUses is then how many; 0: any number.
	Reusable bool `json:"reusable,omitzero"`
	MaxUses  int  `json:"max_uses,omitzero"`
	// Zero: never.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	// Where the payer goes after paying.
	SuccessURL string   `json:"success_url,omitzero"`
	Metadata   Metadata `json:"metadata,omitzero"`
	// Host is eupay, or powens: the bank connection shows the page of such a link, which has a fixed Amount and is paid once. Empty: eupay.
	Host string `json:"host,omitzero"`
	// Customer is who will pay. Only with the host powens, which wants it in live mode.
	Customer *Payer `json:"customer,omitzero"`
	// IdempotencyKey makes a repetition of the request harmless. Empty: the client makes one, for its own repetitions.
	IdempotencyKey string `json:"-"`
}

// PaymentLink is a link. Zero times are absent.
type PaymentLink struct {
	ID string `json:"id"`
	// What you send to the payer.
	URL    string            `json:"url"`
	Status PaymentLinkStatus `json:"status"`
	// Of host powens: creating or revoking until the bank connection has confirmed that, refused_by_provider when it does not make it.
	StatusDetail string `json:"status_detail"`
	// Who shows the page: eupay or powens.
	Host string `json:"host"`
	// Zero: the payer chooses, between the bounds that are not zero.
	Amount        Amount `json:"amount"`
	MinimumAmount Amount `json:"minimum_amount"`
	MaximumAmount Amount `json:"maximum_amount"`
	Currency      string `json:"currency"`
	Description   string `json:"description"`
	Reference     string `json:"reference"`
	Reusable      bool   `json:"reusable"`
	// 0: any number.
	MaxUses int `json:"max_uses"`
	// Payments that payers are making, and those whose money came.
	UsesOpen   int       `json:"uses_open"`
	UsesPaid   int       `json:"uses_paid"`
	AmountPaid Amount    `json:"amount_paid"`
	ExpiresAt  time.Time `json:"expires_at"`
	SuccessURL string    `json:"success_url"`
	Metadata   Metadata  `json:"metadata"`
	// The subscription that it collects for.
	SubscriptionID string    `json:"subscription_id"`
	Livemode       bool      `json:"livemode"`
	Sequence       int       `json:"sequence"`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
	PaidAt         time.Time `json:"paid_at"`
	ExpiredAt      time.Time `json:"expired_at"`
	RevokedAt      time.Time `json:"revoked_at"`
	// History is its changes, the oldest first. Only Get reads it.
	History []PaymentLinkChange `json:"history"`
	// Replayed: an earlier request with the same key has made it.
	Replayed bool `json:"-"`
}

// PaymentLinkChange is a change of a link.
type PaymentLinkChange struct {
	Sequence int `json:"sequence"`
	// created, updated, paid, expired, revoked; of host powens also opened and refused.
	Event            string            `json:"event"`
	Status           PaymentLinkStatus `json:"status"`
	PaymentReference string            `json:"payment_reference"`
	// key:… or user:…; empty when nobody of yours did it.
	Actor     string    `json:"actor"`
	CreatedAt time.Time `json:"created_at"`
}

// PaymentLinkListParams choose links. What is empty chooses nothing.
type PaymentLinkListParams struct {
	ListParams
	Status PaymentLinkStatus
	// Host is eupay or powens.
	Host string
	// Reference is your own.
	Reference string
	// Search is a text in the description or the reference.
	Search         string
	SubscriptionID string
	// MadeBy is merchant, for those that you made, or subscription.
	MadeBy string
	// From is inclusive, To is exclusive: when they were created.
	From, To time.Time
}

// Create makes a link. With the IdempotencyKey of an earlier request it returns what that made, with Replayed set.
func (s PaymentLinks) Create(ctx context.Context, p PaymentLinkParams) (*PaymentLink, error) {
	v, a, err := ask[PaymentLink](ctx, s.c, call{method: http.MethodPost, path: linksPath, body: p, once: true, key: p.IdempotencyKey, moded: true, wrapped: true})
	if err == nil {
		v.Replayed = a.replayed()
	}
	return v, err
}

// Get reads a link with its history.
func (s PaymentLinks) Get(ctx context.Context, id string) (*PaymentLink, error) {
	return get[PaymentLink](ctx, s.c, call{method: http.MethodGet, path: linkPath, ids: []string{id}, moded: true, wrapped: true})
}

// Expire changes when an active link expires; a zero time: never.
func (s PaymentLinks) Expire(ctx context.Context, id string, at time.Time) (*PaymentLink, error) {
	var body struct {
		ExpiresAt *time.Time `json:"expires_at"`
	}
	if !at.IsZero() {
		body.ExpiresAt = &at
	}
	return get[PaymentLink](ctx, s.c, call{method: http.MethodPatch, path: linkPath, ids: []string{id}, body: body, moded: true, wrapped: true})
}

// Revoke ends a link: it takes no new payment. One that a payer has open may still be completed.
func (s PaymentLinks) Revoke(ctx context.Context, id string) (*PaymentLink, error) {
	return get[PaymentLink](ctx, s.c, call{method: http.MethodPost, path: linkPath + "/revoke", ids: []string{id}, moded: true, wrapped: true})
}

func (s PaymentLinks) listing(p PaymentLinkListParams) listing[PaymentLink] {
	q := p.query()
	q.text("status", string(p.Status))
	q.text("host", p.Host)
	q.text("reference", p.Reference)
	q.text("search", p.Search)
	q.text("subscription_id", p.SubscriptionID)
	q.text("made_by", p.MadeBy)
	q.time("from", p.From)
	q.time("to", p.To)
	return listing[PaymentLink]{s.c, call{path: linksPath, query: q, moded: true}, nil}
}

// List reads one page of the links, the newest first.
func (s PaymentLinks) List(ctx context.Context, p PaymentLinkListParams) (*Page[PaymentLink], error) {
	return s.listing(p).page(ctx)
}

// All reads the links to their end, the newest first.
func (s PaymentLinks) All(ctx context.Context, p PaymentLinkListParams) iter.Seq2[PaymentLink, error] {
	return s.listing(p).all(ctx)
}

// Payments reads one page of the payments of a link, the newest first, whatever became of them.
func (s PaymentLinks) Payments(ctx context.Context, id string, p ListParams) (*Page[Payment], error) {
	return listing[Payment]{s.c, call{path: linkPath + "/payments", ids: []string{id}, query: p.query(), moded: true}, nil}.page(ctx)
}

// QRImage draws the address of an active link. The Type does not matter.
func (s PaymentLinks) QRImage(ctx context.Context, id string, p QRImageParams) (*File, error) {
	p.Type = ""
	return s.c.file(ctx, call{path: linkPath + "/qr." + string(p.format()), ids: []string{id}, query: p.query(), moded: true})
}

// OpenedPaymentLink is what a payer may know of a link.
type OpenedPaymentLink struct {
	MerchantName string `json:"merchant_name"`
	// Zero: the payer chooses, between the bounds that are not zero.
	Amount        Amount `json:"amount"`
	MinimumAmount Amount `json:"minimum_amount"`
	MaximumAmount Amount `json:"maximum_amount"`
	Currency      string `json:"currency"`
	Description   string `json:"description"`
	// That of the link, or taken while all its places are held by payments that are being made.
	Status    PaymentLinkStatus `json:"status"`
	ExpiresAt time.Time         `json:"expires_at"`
	Livemode  bool              `json:"livemode"`
	// Payment is that of a link that is paid once: the open one, or the one that paid it. Nil: none.
	Payment *OpenedLinkPayment `json:"payment"`
}

// OpenedLinkPayment is the payment of a link that is paid once.
type OpenedLinkPayment struct {
	Reference string        `json:"reference"`
	Status    PaymentStatus `json:"status"`
	Amount    Amount        `json:"amount"`
}

// PayerBank is a bank as a payer chooses it.
type PayerBank = Bank

// PayerBankListParams choose banks for a payer. What is empty chooses nothing.
type PayerBankListParams struct {
	ListParams
	// Country is ISO 3166-1 alpha-2, Search a part of the name.
	Country, Search string
	// Amount is what the payer wants to pay, where that is open.
	Amount Amount
	// Incompatible: also the banks that cannot do what is asked, which say why.
	Incompatible bool
}

// banks reads one page of them. q has what else the path wants.
func (s Payers) banks(ctx context.Context, path string, ids []string, q query, p PayerBankListParams) (*Page[PayerBank], error) {
	q.text("country", p.Country)
	q.text("search", p.Search)
	q.amount("amount", p.Amount)
	if p.Incompatible {
		q.flag("incompatible", true)
	}
	return listing[PayerBank]{s.c, call{path: path, ids: ids, query: q, open: true}, nil}.page(ctx)
}

// LinkPaymentParams is how a payer pays a link.
type LinkPaymentParams struct {
	// Required where the link leaves it open; else it may only repeat the link's.
	Amount Amount `json:"amount,omitzero"`
	// The id of a bank of LinkBanks; empty: the payer chooses later.
	Bank string `json:"bank,omitzero"`
	// IdempotencyKey makes a repetition of the request harmless; random, of one payer and one payment. Empty: the client makes one, for its
	// own repetitions.
	IdempotencyKey string `json:"-"`
}

// LinkPayment is a payment that was begun with a link.
type LinkPayment struct {
	Reference string        `json:"reference"`
	Amount    Amount        `json:"amount"`
	Currency  string        `json:"currency"`
	Status    PaymentStatus `json:"status"`
	Livemode  bool          `json:"livemode"`
	// Where the payer authorises. Absent until the bank has given it: the same request returns it later.
	PaymentURL string `json:"payment_url"`
	// Replayed: the payment existed.
	Replayed bool `json:"-"`
}

// OpenLink reads what a payer may know of a link. slug is the last part of its URL.
func (s Payers) OpenLink(ctx context.Context, slug string) (*OpenedPaymentLink, error) {
	return get[OpenedPaymentLink](ctx, s.c, call{method: http.MethodGet, path: openPath, ids: []string{slug}, open: true, wrapped: true})
}

// LinkBanks reads one page of the banks that a link can be paid from, by name.
func (s Payers) LinkBanks(ctx context.Context, slug string, p PayerBankListParams) (*Page[PayerBank], error) {
	return s.banks(ctx, openPath+"/banks", []string{slug}, p.query(), p)
}

// PayLink begins to pay a link.
func (s Payers) PayLink(ctx context.Context, slug string, p LinkPaymentParams) (*LinkPayment, error) {
	c := call{method: http.MethodPost, path: openPath + "/pay", ids: []string{slug}, body: p, key: p.IdempotencyKey, once: true, open: true, wrapped: true}
	v, a, err := ask[LinkPayment](ctx, s.c, c)
	if err == nil {
		v.Replayed = a.replayed()
	}
	return v, err
}
