package powens

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// Outcome is the result of a cancellation.
type Outcome int

// The outcomes of CancelPayment.
const (
	// Undecided means that the answer shows another state, which Payment holds. Read the payment again.
	Undecided Outcome = iota
	// Cancelled means that the payment is rejected.
	Cancelled
	// NeedsPayer means that the payer has to approve at URL.
	NeedsPayer
	// NotSupported means that the payer's bank cannot cancel this payment. Payment is empty.
	NotSupported
)

// Cancellation is the answer to CancelPayment.
type Cancellation struct {
	Outcome Outcome
	Payment Payment
	// URL is set for NeedsPayer. It is empty if it was not available; call PaymentURL to get it.
	URL string
}

// CancelPayment asks the provider to cancel. It is sent at most once; after an ambiguous error, read the payment.
func (c *Client) CancelPayment(ctx context.Context, paymentID, state string) (Cancellation, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	const op = "cancel payment"
	path, err := paymentPath(op, paymentID)
	if err != nil {
		return Cancellation{}, err
	}
	body, err := json.Marshal(wireCancel{Cancel: true, RedirectURI: c.cfg.RedirectURI, State: state})
	if err != nil {
		return Cancellation{}, &Error{Op: op, Err: err}
	}
	answer, err := c.do(ctx, request{op: op, method: http.MethodPost, path: path, body: body})
	if isNotSupported(err) || err == nil && strings.EqualFold(envelopeCode(answer.body), notSupported) {
		return Cancellation{Outcome: NotSupported}, nil
	}
	if err != nil {
		return Cancellation{}, err
	}
	p, err := readPayment(op, answer)
	if err != nil {
		return Cancellation{}, err
	}
	if p.ID != paymentID {
		return Cancellation{}, unreadable(op, answer.status)
	}
	return c.cancellationOf(ctx, p, state), nil
}

func (c *Client) cancellationOf(ctx context.Context, p Payment, state string) Cancellation {
	switch {
	case p.State == Rejected:
		return Cancellation{Outcome: Cancelled, Payment: p}
	case !p.Cancelling():
		return Cancellation{Outcome: Undecided, Payment: p}
	}
	pageURL := p.ValidateURI
	if pageURL == "" { // older domains use the same webview as for the payment
		var err error
		if pageURL, err = c.paymentURL(ctx, p.ID, state); err != nil {
			c.log.WarnContext(ctx, "no approval page for the cancellation yet", "payment_id", p.ID, "error", err)
		}
	}
	return Cancellation{Outcome: NeedsPayer, Payment: p, URL: pageURL}
}

const notSupported = "notSupported"

func isNotSupported(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status != 0 && strings.EqualFold(e.Code, notSupported)
}

// envelopeCode returns the code of an error envelope in a 2xx response: the provider does not document its status.
func envelopeCode(body []byte) string {
	var w wireError
	if err := json.Unmarshal(body, &w); err != nil {
		return ""
	}
	return string(w.Code)
}
