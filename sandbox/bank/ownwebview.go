package bank

import (
	"time"
)

// How the payer of a client's own webview authenticates: the use cases of the test connector, and one of ours.
const (
	useLegacy           = "legacy"
	useRedirect         = "redirect"
	useNoConfirmation   = "redirect_no_confirmation"
	useDecoupled        = "decoupled"
	useDecoupledCancel  = "decoupled_cancelled"
	useDecoupledExpired = "decoupled_expired"
	useOTP              = "otp_sms"
	useOTPThenDecoupled = "otp_plus_decoupled"
	useAccountChoice    = "account_choice"
	useSummary          = "psu_validation"
)

const (
	actionRedirect  = "redirect"
	actionDecoupled = "decoupled"
	actionFields    = "additionalInformationNeeded"
	actionSummary   = "psuValidation"
)

// decoupledAnswer is how long the payer of the test connector takes on the other channel; one who lets it expire takes twice as
// long.
const decoupledAnswer = 10 * time.Second

// validate starts a payment from a client's own webview. The values of fields are not encrypted: this bank has no key for that.
func (b *Bank) validate(r *record, in *operation, now time.Time) error {
	if r.State != StateCreated {
		return errConflict
	}
	if in.Mechanism != "" && in.Mechanism != "webauth" {
		return invalid("validate_mechanism")
	}
	if !isWebAddress(in.WebviewURL) {
		return missing("webview_url")
	}
	uuid := r.Connector
	if uuid == "" {
		uuid = in.ConnectorUUID
	}
	c := connectorByUUID(uuid)
	if c == nil {
		return missing("connector_uuid")
	}
	if !c.takes(r) {
		return invalid("connector_uuid cannot execute this payment")
	}
	if in.Payer != nil {
		if err := checkAccount("payer", in.Payer); err != nil {
			return err
		}
		r.Payer = in.Payer
	}
	r.WebviewURL, r.UseCase = in.WebviewURL, in.Fields["use_case_pay"]
	b.begin(r, uuid, now)
	if r.State == StateValidating {
		return b.ask(r, now)
	}
	return nil
}

// ask sets the next step for the client's webview.
func (b *Bank) ask(r *record, now time.Time) error {
	switch r.UseCase {
	case "", useLegacy, useRedirect, useNoConfirmation:
	case useDecoupled, useDecoupledCancel, useDecoupledExpired:
		b.askDecoupled(r, now)
	case useOTP, useOTPThenDecoupled:
		b.askField(r, field{Name: "openapisms", Type: "text", Label: "Code received by SMS", Required: true})
	case useAccountChoice:
		b.askField(r, field{
			Name: "account_id", Type: "list", Label: "Account to debit", Required: true,
			Values: []fieldValue{{"Main account", "main"}, {"Second account", "snd"}},
		})
	case useSummary:
		r.Action, r.ValidateURI = actionSummary, ""
	default:
		return invalid("fields.use_case_pay")
	}
	return nil
}

func (b *Bank) askField(r *record, f field) {
	r.Action, r.ValidateURI, r.Fields = actionFields, "", []field{f}
}

func (b *Bank) askDecoupled(r *record, now time.Time) {
	r.Action, r.ValidateURI, r.Fields = actionDecoupled, "", nil
	r.ErrorDescription = "Please validate the payment in the app of your bank."
	wait := decoupledAnswer
	if r.UseCase == useDecoupledExpired {
		wait *= 2
	}
	r.schedule(stepDecoupled, now.Add(wait))
}

// decoupled applies the payer's answer on the other channel.
func (b *Bank) decoupled(r *record, now time.Time) {
	switch r.UseCase {
	case useDecoupledCancel:
		b.reject(r, "CancelledByUser", "")
	case useDecoupledExpired:
		b.reject(r, "authenticationFailed", "")
	default:
		b.approve(r, "", now)
	}
}

// resume asks whether the payer has answered on the other channel. The payment has the answer.
func (b *Bank) resume(r *record, in *operation, _ time.Time) error {
	if !*in.Resume {
		return invalid("resume")
	}
	if r.Action != actionDecoupled {
		return errConflict
	}
	return nil
}

// submit accepts the answers to the fields.
func (b *Bank) submit(r *record, in *operation, now time.Time) error {
	if r.Action != actionFields {
		return errConflict
	}
	value, ok := in.Fields[r.Fields[0].Name]
	if !ok {
		return missing("fields.%s", r.Fields[0].Name)
	}
	switch {
	case r.UseCase == useAccountChoice && value == "main":
		b.approve(r, "", now)
	case r.UseCase == useAccountChoice:
		b.reject(r, "invalidEmitter", "")
	case value != "1234":
		b.reject(r, "authenticationFailed", "")
	case r.UseCase == useOTPThenDecoupled:
		b.askDecoupled(r, now)
	default:
		b.approve(r, "", now)
	}
	return nil
}

// psuValidate applies the payer's answer to a summary.
func (b *Bank) psuValidate(r *record, in *operation, now time.Time) error {
	if r.Action != actionSummary {
		return errConflict
	}
	if !*in.PSUValidate {
		b.reject(r, "CancelledByUser", "")
		return nil
	}
	b.approve(r, "", now)
	return nil
}
