package linkapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/refuse"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// The values of host.
const (
	hostOurs     = "eupay"
	hostProvider = "powens"
)

const (
	// maxUses is the largest stock.
	maxUses = 1_000_000
	// maxLife is how far ahead a link may expire.
	maxLife = 5 * 366 * 24 * time.Hour
)

type createRequest struct {
	Amount      web.Amount      `json:"amount"`
	Minimum     web.Amount      `json:"minimum_amount"`
	Maximum     web.Amount      `json:"maximum_amount"`
	Currency    string          `json:"currency"`
	Description string          `json:"description"`
	Reference   string          `json:"reference"`
	Reusable    bool            `json:"reusable"`
	MaxUses     *int32          `json:"max_uses"`
	ExpiresAt   *string         `json:"expires_at"`
	SuccessURL  string          `json:"success_url"`
	Metadata    json.RawMessage `json:"metadata"`
	// Host is who shows the page; Customer is who will pay, for one that the bank connection shows.
	Host     string           `json:"host"`
	Customer *paying.Customer `json:"customer"`

	expires *time.Time
}

// check validates the request, sets defaults and compacts the metadata.
func (r *createRequest) check(live bool, now time.Time) error {
	var bad refuse.Problems
	r.checkAmounts(&bad)
	if r.Currency == "" {
		r.Currency = "EUR"
	}
	bad.If(r.Currency != "EUR", "currency", "must be EUR")
	paying.CheckDescription(&bad, r.Description)
	if r.Reference != "" {
		paying.CheckReference(&bad, r.Reference)
	}
	bad.If(r.MaxUses != nil && !r.Reusable, "max_uses", "must be given with reusable only: other links are paid once")
	bad.If(r.MaxUses != nil && (*r.MaxUses < 1 || *r.MaxUses > maxUses), "max_uses", "must be from 1 to %d", maxUses)
	paying.CheckURL(&bad, "success_url", r.SuccessURL, live)
	r.checkHost(&bad, live, now)
	r.Metadata = paying.CheckMetadata(&bad, r.Metadata)
	var err error
	if r.expires, err = expiry(r.ExpiresAt, now); err != nil {
		bad.Join(err)
	}
	return bad.Err()
}

func (r *createRequest) checkAmounts(bad *refuse.Problems) {
	bounded := r.Minimum.Given() || r.Maximum.Given()
	bad.If(r.Amount.Given() && bounded, "amount", "must not be given with minimum_amount or maximum_amount: the payer chooses between those")
	for field, given := range map[string]web.Amount{"amount": r.Amount, "minimum_amount": r.Minimum, "maximum_amount": r.Maximum} {
		bad.If(given.Given() && (given.Cents() < paying.MinAmount || given.Cents() > paying.MaxAmount),
			field, "must be between %s and %s", paying.MinAmount, paying.MaxAmount)
	}
	bad.If(r.Minimum.Given() && r.Maximum.Given() && r.Minimum.Cents() > r.Maximum.Cents(), "maximum_amount", "must not be less than minimum_amount")
}

// checkHost wants of a link at the bank connection what that can do: one transfer of a fixed amount by somebody who is named.
func (r *createRequest) checkHost(bad *refuse.Problems, live bool, now time.Time) {
	if r.Host == "" {
		r.Host = hostOurs
	}
	r.Customer.Check(bad, now)
	switch {
	case r.Host != hostOurs && r.Host != hostProvider:
		bad.Add("host", "must be %s or %s", hostOurs, hostProvider)
	case r.Host == hostOurs:
		bad.If(r.Customer != nil, "customer", "must be given with host %s only", hostProvider)
	case !r.Amount.Given():
		bad.Add("amount", "is required with host %s: it has no open amounts", hostProvider)
	case r.Reusable:
		bad.Add("reusable", "must be false with host %s: its links are paid once", hostProvider)
	case live && r.Customer == nil:
		bad.Add("customer", "is required with host %s in live mode: the bank connection wants to know who pays", hostProvider)
	}
}

// uses is the stock; 0: any number.
func (r *createRequest) uses() int32 {
	switch {
	case !r.Reusable:
		return 1
	case r.MaxUses != nil:
		return *r.MaxUses
	default:
		return 0
	}
}

// expiry reads a time in the future; nil for none.
func expiry(text *string, now time.Time) (*time.Time, error) {
	at, err := web.InstantOf("expires_at", text)
	if err != nil || at == nil {
		return nil, err
	}
	var bad refuse.Problems
	bad.If(!at.After(now) || at.After(now.Add(maxLife)), "expires_at", "must be in the future and within five years")
	return at, bad.Err()
}

func (r *createRequest) fingerprint(of caller.Account) []byte {
	expires := ""
	if r.expires != nil {
		expires = r.expires.Format(time.RFC3339Nano)
	}
	parts := append([]string{
		r.Amount.Cents().String(), r.Minimum.Cents().String(), r.Maximum.Cents().String(), r.Currency, r.Description, r.Reference,
		strconv.Itoa(int(r.uses())), strconv.FormatBool(r.Reusable), expires, r.SuccessURL, string(paying.SortedMetadata(r.Metadata)), r.Host,
	}, r.Customer.Fingerprint()...)
	return paying.Fingerprint("payment-link", of.Merchant.ID, of.Livemode, parts...)
}

// create answers 201 with the link, also when the Idempotency-Key identifies the same request. A merchant who may take no payments makes no
// links.
func (a *API) create(c echo.Context) error {
	var req createRequest
	if err := web.Decode(c, &req); err != nil {
		return err
	}
	of := caller.AccountOf(c)
	if err := req.check(of.Livemode, a.Now()); err != nil {
		return err
	}
	key, err := web.IdempotencyKey(c)
	if err != nil {
		return err
	}
	if _, err := gate.ForMerchant(of.Merchant, of.Livemode); err != nil {
		return err
	}
	res, err := web.Call(c, createTimeout, a.Links.CreateLink, &paymentsv1.CreateLinkRequest{
		Link: &paymentsv1.PaymentLink{
			MerchantId: of.Merchant.ID, Livemode: of.Livemode, AmountCents: int64(req.Amount.Cents()), MinimumCents: int64(req.Minimum.Cents()),
			MaximumCents: int64(req.Maximum.Cents()), UsesMax: req.uses(), ExpiresAt: stamp(req.expires), Description: req.Description,
			Reference: req.Reference, SuccessUrl: req.SuccessURL, MetadataJson: req.Metadata, Host: req.Host,
		},
		Customer:       req.Customer.Proto(),
		IdempotencyKey: key, Fingerprint: req.fingerprint(of), Actor: string(caller.Of(c).Actor()), MerchantVersion: of.Merchant.Snapshot().GetVersion(),
	})
	if err != nil {
		return fmt.Errorf("create payment link: %w", err)
	}
	if res.GetReplayed() {
		c.Response().Header().Set(web.HeaderReplayed, "true")
	}
	return web.OK(c, http.StatusCreated, view(res.GetLink()))
}

func stamp(t *time.Time) *timestamppb.Timestamp {
	if t == nil {
		return nil
	}
	return timestamppb.New(*t)
}
