package powens

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"european-pay.eu/eupay/internal/money"
)

// LinkRequest describes a payment link that the provider hosts: one transfer, which is paid once.
type LinkRequest struct {
	// ReferenceID is the end-to-end id of the payment, at most 31 characters. It is required: the link is found by it when the response
	// to its creation is lost.
	ReferenceID     string
	Amount          money.Cents
	Currency, Label string
	// ExecutionType is Instant or FirstOpenDay.
	ExecutionType       string
	Beneficiary         Account
	BeneficiaryIdentity Identity
	PayerIdentity       Identity
	// RedirectURI is where the payer goes afterwards, with RedirectState; both empty: nowhere.
	RedirectURI, RedirectState string
}

// Link is a payment link as the provider returns it. Missing fields are empty.
type Link struct {
	// ID is a UUID.
	ID, ReferenceID string
	// URL is where the payer pays. Only an absolute http(s) URL is kept.
	URL    string
	Amount money.Cents
	// LastPaymentID is the payment of the latest attempt; empty: nobody has tried.
	LastPaymentID string
	// AttemptState is the state of that payment; empty while the provider does not say it.
	AttemptState State
	// RevokedAt is when the link has ended or will end; zero: it is not revoked.
	RevokedAt time.Time
}

type wireLinkRequest struct {
	ReferenceID         string        `json:"reference_id"`
	Amount              wireAmount    `json:"amount"`
	Currency            string        `json:"currency"`
	Label               string        `json:"label"`
	ExecutionType       string        `json:"execution_date_type"`
	Beneficiary         *wireAccount  `json:"beneficiary"`
	BeneficiaryIdentity *wireIdentity `json:"beneficiary_identity"`
	// Payer must be in the request, also when nothing is known of the account.
	Payer         *wireAccount  `json:"payer"`
	PayerIdentity *wireIdentity `json:"payer_identity"`
	Redirect      bool          `json:"redirect"`
	RedirectURI   *string       `json:"redirect_uri"`
	RedirectState *string       `json:"redirect_state"`
}

type wireLink struct {
	ID           text `json:"id"`
	ReferenceID  text `json:"reference_id"`
	Amount       text `json:"amount"`
	URL          text `json:"url"`
	LastPayment  text `json:"last_payment_id"`
	AttemptState text `json:"attempt_state"`
	RevokedAt    text `json:"revoked_at"`
}

// CreateLink creates a payment link. It is sent at most once: after an ambiguous error, call FindLinks before sending it again.
func (c *Client) CreateLink(ctx context.Context, req LinkRequest) (Link, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	const op = "create payment link"
	body, err := encodeLink(req)
	if err != nil {
		return Link{}, &Error{Op: op, Status: http.StatusBadRequest, Code: "invalidValue", Err: err}
	}
	a, err := c.do(ctx, request{op: op, method: http.MethodPost, body: body, links: true})
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			e.redact(append(req.BeneficiaryIdentity.personalData(), req.PayerIdentity.personalData()...)...)
		}
		return Link{}, err
	}
	return readLink(op, a)
}

// FindLinks returns the payment links with exactly this reference. The provider documents neither a filter nor pages: it is asked for all.
func (c *Client) FindLinks(ctx context.Context, referenceID string) ([]Link, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	const op = "find payment links"
	a, err := c.do(ctx, request{op: op, method: http.MethodGet, links: true, repeatable: true, limit: maxLinks})
	if err != nil {
		return nil, err
	}
	var all []json.RawMessage
	if err := json.Unmarshal(a.body, &all); err != nil || all == nil {
		return nil, unreadable(op, a.status)
	}
	var found []Link
	for _, raw := range all {
		l, err := decodeLink(raw)
		if err != nil {
			return nil, unreadable(op, a.status) // it may be the one that is looked for
		}
		if l.ReferenceID == referenceID {
			found = append(found, l)
		}
	}
	return found, nil
}

// GetLink reads a payment link. A 404 means that there is none.
func (c *Client) GetLink(ctx context.Context, id string) (Link, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	const op = "get payment link"
	if !uuidShape.MatchString(id) {
		return Link{}, &Error{Op: op, Status: http.StatusBadRequest, Code: "invalidValue"}
	}
	a, err := c.do(ctx, request{op: op, method: http.MethodGet, path: "/" + id, links: true, repeatable: true})
	if err != nil {
		return Link{}, err
	}
	l, err := readLink(op, a)
	if err == nil && l.ID != id {
		return Link{}, unreadable(op, a.status) // the state of another link must never be applied to this one
	}
	return l, err
}

// RevokeLink revokes a payment link. It may be repeated: a link that is revoked already, and one that is not known, is no error, because
// the provider answers both with 404.
func (c *Client) RevokeLink(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	const op = "revoke payment link"
	if !uuidShape.MatchString(id) {
		return &Error{Op: op, Status: http.StatusBadRequest, Code: "invalidValue"}
	}
	_, err := c.do(ctx, request{op: op, method: http.MethodPost, path: "/" + id + ":revoke", links: true, repeatable: true})
	if IsMissing(err) {
		return nil
	}
	return err
}

// IsMissing reports whether the provider does not know what was asked for.
func IsMissing(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusNotFound
}

// maxLinks is the size of the largest list of links that is read, in bytes.
const maxLinks = 32 << 20

func encodeLink(req LinkRequest) ([]byte, error) {
	switch {
	case req.Amount <= 0:
		return nil, errors.New("amount is not positive")
	case req.ReferenceID == "" || len(req.ReferenceID) > maxReference:
		return nil, errors.New("reference is empty or too long")
	case req.Beneficiary.IBAN == "":
		return nil, errors.New("beneficiary has no account")
	}
	w := wireLinkRequest{
		ReferenceID: req.ReferenceID, Amount: wireAmount(req.Amount), Currency: req.Currency, Label: req.Label, ExecutionType: req.ExecutionType,
		Beneficiary: encodeAccount(&req.Beneficiary), BeneficiaryIdentity: encodeIdentity(&req.BeneficiaryIdentity), PayerIdentity: encodeIdentity(&req.PayerIdentity),
	}
	if req.RedirectURI != "" {
		w.Redirect, w.RedirectURI, w.RedirectState = true, &req.RedirectURI, &req.RedirectState
	}
	return json.Marshal(w)
}

func readLink(op string, a answer) (Link, error) {
	l, err := decodeLink(a.body)
	if err != nil {
		return Link{}, unreadable(op, a.status)
	}
	return l, nil
}

var errNoLinkID = errors.New("payment link without id")

// unavailable is the attempt state of a link that has no payment, or whose payment cannot be read now.
const unavailable = "unavailable"

func decodeLink(body []byte) (Link, error) {
	var w wireLink
	if err := json.Unmarshal(body, &w); err != nil {
		return Link{}, err
	}
	if !uuidShape.MatchString(string(w.ID)) {
		return Link{}, errNoLinkID
	}
	l := Link{
		ID: string(w.ID), ReferenceID: string(w.ReferenceID), URL: decodeURL(w.URL), RevokedAt: decodeTime(string(w.RevokedAt)),
	}
	if cents, err := decodeAmount(string(w.Amount)); err == nil {
		l.Amount = cents
	}
	if idShape.MatchString(string(w.LastPayment)) {
		l.LastPaymentID = string(w.LastPayment)
	}
	if w.AttemptState != unavailable {
		l.AttemptState = decodeState(w.AttemptState)
	}
	return l, nil
}
