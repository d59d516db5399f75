package scanapi

import (
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/command"
	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/edge"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	maxNote = 500
	// A clock of the merchant may be a little ahead; nobody books a transfer a year late.
	receivedAhead = 5 * time.Minute
	receivedAgo   = 366 * 24 * time.Hour
)

type receivedRequest struct {
	Amount     web.Amount `json:"amount"`
	ReceivedAt *string    `json:"received_at"`
	Note       string     `json:"note"`
}

// confirmReceived completes a payment by the word of its merchant, who found the money on the account.
func (a *API) confirmReceived(c echo.Context) error {
	reference, err := edge.ReferenceOf(c)
	if err != nil {
		return err
	}
	var req receivedRequest
	if err := web.DecodeOptional(c, &req); err != nil {
		return err
	}
	cmd := &paymentsv1.ConfirmReceived{Reference: reference, AmountCents: int64(req.Amount.Cents()), Note: req.Note}
	if cmd.ReceivedAt, err = req.check(a.Now()); err != nil {
		return err
	}
	if err := a.onBehalf(c, cmd); err != nil {
		return err
	}
	m, err := a.Merchants.Get(c.Request().Context(), cmd.GetMerchantId())
	if err != nil {
		return err
	}
	pass, err := gate.ForMerchant(m, cmd.GetLivemode())
	if err != nil {
		return err
	}
	if !m.EPCEnabled {
		return errs.New(errs.InvalidState, "Payments by EPC code are not switched on for your account. Switch them on in the merchant portal.")
	}
	p, _, err := edge.Carry(c, a.Commands, pass, a.Deadline, command.ConfirmReceived, cmd)
	if err != nil {
		return err
	}
	return web.OK(c, http.StatusOK, edge.View(p))
}

// onBehalf sets who says so, for which merchant and mode. A key has a mode; a user names it in the query, and means test
// mode otherwise.
func (a *API) onBehalf(c echo.Context, cmd *paymentsv1.ConfirmReceived) error {
	mode := c.QueryParam("livemode")
	if c.QueryParams().Has("livemode") && mode != "true" && mode != "false" {
		return errs.Invalid(errs.Field{Field: "livemode", Message: "livemode must be true or false."})
	}
	if key, ok := a.KeyFrom(c); ok {
		if mode != "" && (mode == "true") != key.Livemode {
			return errs.Invalid(errs.Field{Field: "livemode", Message: "livemode must be that of the API key, or absent."})
		}
		cmd.MerchantId, cmd.Livemode, cmd.Actor = key.Merchant.ID, key.Livemode, "key:"+key.ID
		return nil
	}
	user := a.Identity(c)
	cmd.MerchantId, cmd.Livemode, cmd.Actor = user.MerchantID, mode == "true", "user:"+user.UserID
	return nil
}

func (r receivedRequest) check(now time.Time) (*timestamppb.Timestamp, error) {
	var bad []errs.Field
	refuse := func(field, message string) {
		bad = append(bad, errs.Field{Field: field, Message: field + " " + message + "."})
	}
	if r.Amount.Given() {
		if err := edge.AmountProblem(r.Amount.Cents()); err != nil {
			bad = append(bad, errs.From(err).Fields...)
		}
	}
	if utf8.RuneCountInString(r.Note) > maxNote || strings.ContainsFunc(r.Note, edge.Unprintable) {
		refuse("note", "must have at most 500 characters, without control characters or line breaks")
	}
	var at *timestamppb.Timestamp
	if r.ReceivedAt != nil {
		read, err := time.Parse(time.RFC3339, *r.ReceivedAt)
		if err != nil || read.After(now.Add(receivedAhead)) || read.Before(now.Add(-receivedAgo)) {
			refuse("received_at", "must be a time such as 2026-06-17T12:00:00Z, not in the future and within the last year")
		}
		at = timestamppb.New(read)
	}
	if len(bad) > 0 {
		return nil, errs.Invalid(bad...)
	}
	return at, nil
}
