package bank

import (
	"testing"
	"time"
)

func TestOwnWebview(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		use    string
		action string
		steps  []any // bodies to send, or times to wait
		end    string
	}{
		{"", "redirect", nil, "validating"},
		{useLegacy, "redirect", nil, "validating"},
		{useRedirect, "redirect", nil, "validating"},
		{useDecoupled, "decoupled", []any{change{"resume": true}}, "validating"},
		{useDecoupled, "decoupled", []any{10 * time.Second, change{"resume": true}}, "done"},
		{useDecoupledCancel, "decoupled", []any{10 * time.Second}, "rejected:CancelledByUser"},
		{useDecoupledExpired, "decoupled", []any{19 * time.Second, change{"resume": true}}, "validating"},
		{useDecoupledExpired, "decoupled", []any{20 * time.Second}, "rejected:authenticationFailed"},
		{useOTP, "additionalInformationNeeded", []any{change{"fields": change{"openapisms": "1234"}}}, "done"},
		{useOTP, "additionalInformationNeeded", []any{change{"fields": change{"openapisms": "1"}}}, "rejected:authenticationFailed"},
		{useOTPThenDecoupled, "additionalInformationNeeded", []any{change{"fields": change{"openapisms": "1234"}}, 10 * time.Second}, "done"},
		{useAccountChoice, "additionalInformationNeeded", []any{change{"fields": change{"account_id": "main"}}}, "done"},
		{useAccountChoice, "additionalInformationNeeded", []any{change{"fields": change{"account_id": "snd"}}}, "rejected:invalidEmitter"},
		{useSummary, "psuValidation", []any{change{"psu_validate": true}}, "done"},
		{useSummary, "psuValidation", []any{change{"psu_validate": false}}, "rejected:CancelledByUser"},
	} {
		r := newRig(t)
		id := r.create().id()
		a := r.operate(id, change{
			"validate_mechanism": "webauth", "webview_url": "https://shop.example/w", "connector_uuid": TestConnector,
			"fields": change{"use_case_pay": c.use},
		})
		if a.status != 200 || a.path("action") != c.action {
			t.Errorf("%s: %d %s", c.use, a.status, a.text)
		}
		for _, step := range c.steps {
			if wait, ok := step.(time.Duration); ok {
				r.clock.Add(wait)
			} else {
				r.operate(id, step)
			}
		}
		if got := stateOf(r, id); got != c.end {
			t.Errorf("%s %v: %s, want %s", c.use, c.steps, got, c.end)
		}
	}
}

func TestOwnWebviewFieldsAreAnArray(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	validate := change{
		"validate_mechanism": "webauth", "webview_url": "https://shop.example/w", "connector_uuid": TestConnector,
		"fields": change{"use_case_pay": useAccountChoice},
	}
	r.want(r.operate(r.create().id(), validate), map[string]any{"fields.0.name": "account_id", "fields.0.type": "list", "fields.0.values.1.value": "snd"})
	r.want(r.operate(r.create(change{"label": "fault:fields-map"}).id(), validate), map[string]any{"fields.account_id.type": "list"})
}

func TestOwnWebviewReturnsThere(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create().id()
	a := r.operate(id, change{"validate_mechanism": "webauth", "webview_url": "https://shop.example/w", "connector_uuid": TestConnector})
	v := r.visit(id)
	v.at = a.path("validate_uri").(string)
	v.page()
	v.press("answer", "authorise")
	if back := v.returned(); back.Path != "/w" {
		t.Error(back)
	}
}

func TestOperationsOutOfPlace(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create().id()
	validate := change{"validate_mechanism": "webauth", "webview_url": "https://shop.example/w", "connector_uuid": TestConnector}
	for _, c := range []struct {
		body   change
		status int
		code   string
	}{
		{change{"resume": true}, 409, "conflict"},
		{change{"resume": false}, 400, "invalidValue"},
		{change{"confirm": true}, 409, "conflict"},
		{change{"psu_validate": true}, 409, "conflict"},
		{change{"fields": change{"x": "1"}}, 409, "conflict"},
		{merge(validate, change{"webview_url": nil}), 400, "missingParameter"},
		{merge(validate, change{"connector_uuid": "none"}), 400, "missingParameter"},
		{merge(validate, change{"connector_uuid": Snail}), 400, "invalidValue"},
		{merge(validate, change{"validate_mechanism": "carrier pigeon"}), 400, "invalidValue"},
		{merge(validate, change{"fields": change{"use_case_pay": "x"}}), 400, "invalidValue"},
		{merge(validate, change{"payer": change{"scheme_name": "iban"}}), 400, "missingParameter"},
		{validate, 200, ""},
		{validate, 409, "conflict"},
	} {
		a := r.operate(id, c.body)
		if code, _ := a.path("code").(string); a.status != c.status || code != c.code {
			t.Errorf("%v: %d %s", c.body, a.status, a.text)
		}
	}
}
