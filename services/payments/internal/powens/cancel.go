package powens

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// Outcome is what became of a cancellation.
type Outcome int

// The outcomes of CancelPayment.
const (
	// Undecided: the answer names another state; Payment holds it. Read the payment again.
	Undecided Outcome = iota
	// Cancelled: the payment is rejected.
	Cancelled
	// NeedsPayer: the payer has to approve at URL.
	NeedsPayer
	// NotSupported: the payer's bank cannot cancel this payment. Payment is empty.
	NotSupported
)

// Cancellation is the answer to CancelPayment.
type Cancellation struct {
	Outcome Outcome
	Payment Payment
	// URL is set for NeedsPayer; empty when it could not be had now: ask PaymentURL for it.
	URL string
}

// CancelPayment asks the provider to cancel. It is not repeated inside; read the payment after an ambiguous error.
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
	return c.settle(ctx, p, state), nil
}

func (c *Client) settle(ctx context.Context, p Payment, state string) Cancellation {
	switch {
	case p.State == Rejected:
		return Cancellation{Outcome: Cancelled, Payment: p}
	case !p.Cancelling():
		return Cancellation{Outcome: Undecided, Payment: p}
	}
	pageURL := p.ValidateURI
	if pageURL == "" { // older domains: the same webview as for the payment
		var err error
		if pageURL, err = c.paymentURL(ctx, p.ID, state); err != nil {
			c.log.Warn("no page yet for the approval of a cancellation", "payment_id", p.ID, "error", err)
		}
	}
	return Cancellation{Outcome: NeedsPayer, Payment: p, URL: pageURL}
}

const notSupported = "notSupported"

func isNotSupported(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status != 0 && strings.EqualFold(e.Code, notSupported)
}

// envelopeCode is the code of an error envelope that came with a 2xx: the documents do not name the status of it.
func envelopeCode(body []byte) string {
	var w wireError
	if err := json.Unmarshal(body, &w); err != nil {
		return ""
	}
	return string(w.Code)
}
