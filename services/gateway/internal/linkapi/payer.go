package linkapi

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// minKey makes it unlikely that two strangers who pay the same link choose the same key: they would share a payment.
const minKey = 16

// opened is what everybody may know who has the address of a link.
type opened struct {
	MerchantName string       `json:"merchant_name"`
	Amount       *money.Cents `json:"amount,omitempty"`
	Minimum      *money.Cents `json:"minimum_amount,omitempty"`
	Maximum      *money.Cents `json:"maximum_amount,omitempty"`
	Currency     string       `json:"currency"`
	Description  string       `json:"description"`
	// Status is that of the link, or "taken" while all its places are held by payments that are being made.
	Status    string `json:"status"`
	ExpiresAt string `json:"expires_at,omitempty"`
	Livemode  bool   `json:"livemode"`
	// Payment is the one of a link that is paid once: the open one, or the one that paid it.
	Payment *openedPayment `json:"payment,omitempty"`
}

type openedPayment struct {
	Reference string      `json:"reference"`
	Status    string      `json:"status"`
	Amount    money.Cents `json:"amount"`
}

func (a *API) open(c echo.Context) error {
	res, err := a.opened(c)
	if err != nil {
		return err
	}
	l := res.GetLink()
	m, err := a.Merchants.Get(c.Request().Context(), l.GetMerchantId())
	if err != nil {
		return err
	}
	v := opened{
		MerchantName: m.Name, Amount: some(l.GetAmountCents()), Minimum: some(l.GetMinimumCents()), Maximum: some(l.GetMaximumCents()),
		Currency: l.GetCurrency(), Description: l.GetDescription(), Status: l.GetStatus(), ExpiresAt: web.StampOrNone(l.GetExpiresAt()), Livemode: l.GetLivemode(),
	}
	if v.Status == "active" && l.GetUsesMax() > 1 && l.GetUsesOpen()+l.GetUsesPaid() >= l.GetUsesMax() {
		v.Status = "taken"
	}
	if p := res.GetPayment(); p != nil {
		v.Payment = &openedPayment{p.GetReference(), p.GetStatus(), money.Cents(p.GetAmountCents())}
	}
	return web.OK(c, http.StatusOK, v)
}

// opened reads the link of the path. NOT_FOUND: there is none.
func (a *API) opened(c echo.Context) (*paymentsv1.OpenLinkResponse, error) {
	res, err := web.Call(c, callTimeout, a.Links.OpenLink, &paymentsv1.OpenLinkRequest{Slug: c.Param("slug")})
	if err != nil {
		return nil, fmt.Errorf("open payment link: %w", err)
	}
	return res, nil
}

// banks lists the banks from which the link can be paid.
func (a *API) banks(c echo.Context) error {
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	res, err := a.opened(c)
	if err != nil {
		return err
	}
	l, f := res.GetLink(), web.FiltersOf(c)
	req := &paymentsv1.ListBanksRequest{
		Livemode: l.GetLivemode(), Country: f.Country("country"), Search: f.Text("search", paying.MaxBankSearch), ExecutionType: "instant",
		AmountCents: int64(cmp.Or(money.Cents(l.GetAmountCents()), f.Amount("amount"))), WithIncompatible: f.Bool("incompatible", false),
		Page: int32(page), Limit: int32(limit),
	}
	if err := f.Err(); err != nil {
		return err
	}
	got, err := web.Call(c, callTimeout, a.Banks.ListBanks, req)
	if err != nil {
		return fmt.Errorf("list banks: %w", err)
	}
	return web.List(c, paying.Banks(got.GetBanks()), web.Pagination{Page: page, Limit: limit, Total: got.GetTotal()})
}

type payRequest struct {
	Amount web.Amount `json:"amount"`
	Bank   string     `json:"bank"`
}

type paid struct {
	Reference string      `json:"reference"`
	Amount    money.Cents `json:"amount"`
	Currency  string      `json:"currency"`
	Status    string      `json:"status"`
	Livemode  bool        `json:"livemode"`
	// PaymentURL is absent while the bank has not given it: the same request returns it later.
	PaymentURL string `json:"payment_url,omitempty"`
}

// pay makes an ordinary payment of the merchant, which takes a place in the link's stock. 201 for a new one, 200 for one that exists.
func (a *API) pay(c echo.Context) error {
	var req payRequest
	if err := web.Decode(c, &req); err != nil {
		return err
	}
	key, err := payerKey(c)
	if err != nil {
		return err
	}
	cmd, pass, err := a.command(c, req, key)
	if err != nil {
		return err
	}
	if err := web.Limited(c, a.Limiter, "link-pay-of:"+pass.Merchant().ID, merchantPerMinute); err != nil {
		return err
	}
	out, err := a.Sender.Send(c.Request().Context(), c, pass, command.CreatePayment, cmd, nil)
	if err != nil {
		return err
	}
	if err := paying.RefusedToPayer(out.Payment); err != nil {
		return err
	}
	status := http.StatusCreated
	if out.Replayed {
		c.Response().Header().Set(web.HeaderReplayed, "true")
		status = http.StatusOK
	}
	p := out.Payment
	return web.OK(c, status, paid{
		Reference: p.GetReference(), Amount: money.Cents(p.GetAmountCents()), Currency: p.GetCurrency(), Status: p.GetStatus(),
		Livemode: p.GetLivemode(), PaymentURL: p.GetPaymentUrl(),
	})
}

func payerKey(c echo.Context) (string, error) {
	key, err := web.IdempotencyKey(c)
	if err == nil && len(key) < minKey {
		err = errs.Invalid(errs.Field{
			Field: "Idempotency-Key", Message: "Idempotency-Key is required, with at least 16 random characters: it belongs to one payer.",
		})
	}
	return key, err
}

// command is the payment that the link and the payer agree on, with the gate's word that the merchant may take it. payments checks the
// amount against the link under its lock, and takes all other contents from there.
func (a *API) command(c echo.Context, req payRequest, key string) (*paymentsv1.CreatePayment, gate.Pass, error) {
	bank, err := paying.BankOf(req.Bank, "GET /links/{slug}/banks")
	if err != nil {
		return nil, gate.Pass{}, err
	}
	if req.Amount.Given() {
		if err := paying.CheckAmount(req.Amount.Cents()); err != nil {
			return nil, gate.Pass{}, err
		}
	}
	res, err := a.opened(c)
	if err != nil {
		return nil, gate.Pass{}, err
	}
	l := res.GetLink()
	m, err := a.Merchants.Get(c.Request().Context(), l.GetMerchantId())
	if err != nil {
		return nil, gate.Pass{}, err
	}
	pass, err := gate.ForPayer(m, l.GetLivemode())
	if err != nil {
		return nil, gate.Pass{}, err
	}
	amount := req.Amount.Cents()
	if !req.Amount.Given() {
		amount = money.Cents(l.GetAmountCents())
	}
	own := sha256.Sum256(fmt.Appendf(nil, "%q %q", l.GetId(), key))
	return &paymentsv1.CreatePayment{
		Reference: reference.Payment(a.Now()), Merchant: m.Snapshot(), Livemode: pass.Livemode(), AmountCents: int64(amount), Currency: l.GetCurrency(),
		Description: l.GetDescription(), PaymentLinkId: l.GetId(), BankId: bank,
		// The merchant's own keys and those of other links are apart from this one.
		IdempotencyKey: "link:" + hex.EncodeToString(own[:]),
		Fingerprint:    paying.Fingerprint("link-pay", m.ID, pass.Livemode(), l.GetId(), amount.String(), bank),
	}, pass, nil
}
