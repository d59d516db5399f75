package bank

import (
	"time"
)

// operation is the body of POST /payments/{id}: one of six forms.
type operation struct {
	// Validate.
	Mechanism     string            `json:"validate_mechanism"`
	WebviewURL    string            `json:"webview_url"`
	ConnectorUUID string            `json:"connector_uuid"`
	Payer         *account          `json:"payer"`
	Validated     *bool             `json:"validated"`
	Fields        map[string]string `json:"fields"` // also "submit fields"
	// The others.
	Resume      *bool `json:"resume"`
	PSUValidate *bool `json:"psu_validate"`
	Confirm     *bool `json:"confirm"`
	Cancel      *bool `json:"cancel"`

	ClientRedirectURI string `json:"client_redirect_uri"`
	ClientState       string `json:"client_state"`
}

func (b *Bank) operate(c *call) ([]byte, error) {
	p, err := b.find(c)
	if err != nil {
		return nil, err
	}
	var in operation
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	run, scope := b.chooseOperation(&in)
	if run == nil {
		return nil, missing("validate_mechanism, resume, fields, psu_validate, confirm or cancel")
	}
	if !c.claims.may(scope) {
		return nil, errForbidden
	}
	r, err := b.change(p, run)
	if err != nil {
		return nil, err
	}
	return b.appendPayment(make([]byte, 0, 2048), r, c.view()), nil
}

// chooseOperation distinguishes the six bodies by their characteristic fields.
func (b *Bank) chooseOperation(in *operation) (func(*record, time.Time) error, string) {
	bind := func(f func(*record, *operation, time.Time) error) func(*record, time.Time) error {
		return func(r *record, now time.Time) error { return f(r, in, now) }
	}
	switch {
	case in.Cancel != nil:
		return bind(b.cancel), scopeCancel
	case in.Confirm != nil:
		return bind(b.confirm), scopeValidate
	case in.Resume != nil:
		return bind(b.resume), scopeValidate
	case in.PSUValidate != nil:
		return bind(b.psuValidate), scopeValidate
	case in.Mechanism != "", in.WebviewURL != "", in.ConnectorUUID != "":
		return bind(b.validate), scopeValidate
	case in.Fields != nil:
		return bind(b.submit), scopeValidate
	}
	return nil, ""
}

// confirm is the client's decision after the payer's, if the domain requires one.
func (b *Bank) confirm(r *record, in *operation, now time.Time) error {
	if r.Action != "confirm" {
		return errConflict
	}
	if !*in.Confirm {
		b.reject(r, "confirmationRefused", "")
		return nil
	}
	b.proceed(r, now)
	return nil
}

// cancel has three outcomes: done at once, waiting for the payer, or not supported by the bank. A payment that was only created
// is not known to a bank yet, so it can always be cancelled.
func (b *Bank) cancel(r *record, in *operation, _ time.Time) error {
	if !*in.Cancel {
		return invalid("cancel")
	}
	if err := b.checkRedirect("client_redirect_uri", in.ClientRedirectURI); err != nil {
		return err
	}
	if r.State == StateCreated {
		b.reject(r, b.cfg.CancelErrorCode, "")
		return nil
	}
	if r.State != StatePending {
		return errConflict
	}
	how := connectorByUUID(r.Connector).Cancelling
	if r.instant() || how == cancelsNever {
		return errNotSupported
	}
	if how == cancelsAtOnce {
		b.reject(r, b.cfg.CancelErrorCode, "")
		return nil
	}
	r.StateDetail, r.Action, r.ValidateURI = b.cfg.CancellingDetail, "redirect", b.bankPage(r, pageCancel)
	r.CancelRedirect, r.CancelState = in.ClientRedirectURI, in.ClientState
	return nil
}

// answerCancellation applies the payer's answer to a cancellation that the bank wants approved.
func (b *Bank) answerCancellation(r *record, yes bool) error {
	if r.State != StatePending || r.StateDetail == "" {
		return errConflict
	}
	if yes {
		b.reject(r, b.cfg.CancelErrorCode, "")
		return nil
	}
	r.StateDetail, r.Action, r.ValidateURI = "", "", ""
	return nil
}
