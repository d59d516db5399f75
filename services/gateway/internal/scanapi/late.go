package scanapi

import (
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/ident"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// maxPayer is the maximum length of an account holder's name, as at banks.
const maxPayer = 140

type notReceivedRequest struct {
	Note string `json:"note"`
}

// confirmNotReceived ends a payment of which only the merchant knows that the money did not come.
func (a *API) confirmNotReceived(c echo.Context) error {
	reference, err := paying.ReferenceOf(c)
	if err != nil {
		return err
	}
	var req notReceivedRequest
	if err := web.DecodeOptional(c, &req); err != nil {
		return err
	}
	if !fits(req.Note, maxNote) {
		return errs.Invalid(errs.Field{Field: "note", Message: "note " + noteRule + "."})
	}
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	return a.say(c, gate.Pass{}, command.ConfirmNotReceived, &paymentsv1.ConfirmNotReceived{
		Reference: reference, Note: req.Note, MerchantId: of.MerchantID, Livemode: of.Livemode, Actor: string(caller.Of(c).Actor()),
	})
}

type lateRequest struct {
	receivedRequest
	PayerName string `json:"payer_name"`
	PayerIBAN string `json:"payer_iban"`
}

// bookLateReceipt records on a failed or cancelled payment that its money came after all.
func (a *API) bookLateReceipt(c echo.Context) error {
	reference, err := paying.ReferenceOf(c)
	if err != nil {
		return err
	}
	var req lateRequest
	if err := web.DecodeOptional(c, &req); err != nil {
		return err
	}
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	cmd, err := req.command(a.Now())
	if err != nil {
		return err
	}
	cmd.Reference, cmd.MerchantId, cmd.Livemode, cmd.Actor = reference, of.MerchantID, of.Livemode, string(caller.Of(c).Actor())
	pass, err := a.passFor(c, of)
	if err != nil {
		return err
	}
	cmd.MerchantVersion = pass.Merchant().Version
	return a.say(c, pass, command.BookLateReceipt, cmd)
}

// command validates the request and returns all errors together.
func (r lateRequest) command(now time.Time) (*paymentsv1.BookLateReceipt, error) {
	var bad refuse.Problems
	at, err := r.check(now)
	bad.Join(err)
	name, iban := strings.TrimSpace(r.PayerName), ident.Compact(r.PayerIBAN)
	switch {
	case (name == "") != (iban == ""):
		bad.Add("payer_iban", "and payer_name go together")
	case !fits(name, maxPayer):
		bad.Add("payer_name", "must have at most 140 characters, without control characters or line breaks")
	case iban != "" && !ident.IsIBAN(iban):
		bad.Add("payer_iban", "must be the IBAN of an account in SEPA")
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	return &paymentsv1.BookLateReceipt{
		AmountCents: int64(r.Amount.Cents()), ReceivedAt: at, Note: r.Note, PayerName: name, PayerIban: iban,
	}, nil
}
