package scanapi

import (
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	maxNote = 500
	// A merchant's clock may be slightly ahead; a transfer is not recorded a year later.
	receivedAhead = 5 * time.Minute
	receivedAgo   = 366 * 24 * time.Hour
)

// noteRule describes a valid note.
const noteRule = "must have at most 500 characters, without control characters or line breaks"

// fits reports whether a text is a single line of at most that many characters.
func fits(text string, characters int) bool {
	return utf8.RuneCountInString(text) <= characters && !strings.ContainsFunc(text, web.Unprintable)
}

type receivedRequest struct {
	Amount     web.Amount `json:"amount"`
	ReceivedAt *string    `json:"received_at"`
	Note       string     `json:"note"`
}

// confirmReceived completes a payment because the merchant says that it found the money on its account.
func (a *API) confirmReceived(c echo.Context) error {
	reference, err := paying.ReferenceOf(c)
	if err != nil {
		return err
	}
	var req receivedRequest
	if err := web.DecodeOptional(c, &req); err != nil {
		return err
	}
	at, err := req.check(a.Now())
	if err != nil {
		return err
	}
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	pass, err := a.passFor(c, of)
	if err != nil {
		return err
	}
	if err := a.mayConfirm(c, pass, reference); err != nil {
		return err
	}
	return a.say(c, pass, command.ConfirmReceived, &paymentsv1.ConfirmReceived{
		Reference: reference, AmountCents: int64(req.Amount.Cents()), Note: req.Note, ReceivedAt: at,
		MerchantId: of.MerchantID, MerchantVersion: pass.Merchant().Version, Livemode: of.Livemode, Actor: string(caller.Of(c).Actor()),
	})
}

// mayConfirm: only merchants with EPC codes receive money that no provider reports. If a bank accepted a payment and reported
// nothing further, every merchant may say whether the money came.
func (a *API) mayConfirm(c echo.Context, pass gate.Pass, reference string) error {
	if pass.Merchant().EPCEnabled {
		return nil
	}
	ctx, cancel := web.Calling(c, readTimeout)
	defer cancel()
	got, err := a.Payments.GetPayment(ctx, &paymentsv1.GetPaymentRequest{MerchantId: pass.Merchant().ID, Livemode: pass.Livemode(), Reference: reference})
	if err != nil {
		return err
	}
	if got.GetPayment().GetSettlementDeadline() == nil {
		return errs.NothingToConfirm()
	}
	return nil
}

// passFor asks the gate for the merchant who says that money came.
func (a *API) passFor(c echo.Context, of caller.Whose) (gate.Pass, error) {
	m, err := a.Merchants.Get(c.Request().Context(), of.MerchantID)
	if err != nil {
		return gate.Pass{}, err
	}
	return gate.ForMerchant(m, of.Livemode)
}

// say sends a merchant's statement about a payment and answers with the payment after it.
func (a *API) say(c echo.Context, pass gate.Pass, subject string, word proto.Message) error {
	out, err := a.Sender.Send(c.Request().Context(), c, pass, subject, word, nil)
	if err != nil {
		return err
	}
	if out.Replayed {
		c.Response().Header().Set(web.HeaderReplayed, "true")
	}
	return web.OK(c, http.StatusOK, paying.View(out.Payment))
}

func (r receivedRequest) check(now time.Time) (*timestamppb.Timestamp, error) {
	var bad refuse.Problems
	if r.Amount.Given() {
		if err := paying.CheckAmount(r.Amount.Cents()); err != nil {
			bad.Join(err)
		}
	}
	bad.If(!fits(r.Note, maxNote), "note", noteRule)
	var at *timestamppb.Timestamp
	if r.ReceivedAt != nil && *r.ReceivedAt != "" {
		read, ok := web.Instant(*r.ReceivedAt)
		if !ok || read.After(now.Add(receivedAhead)) || read.Before(now.Add(-receivedAgo)) {
			bad.Add("received_at", "must be a time such as 2026-06-17T12:00:00Z, not in the future and within the last year")
		}
		at = timestamppb.New(read)
	}
	return at, bad.Err()
}
