package scanapi

import (
	"strings"
	"testing"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

func TestACustomerPaysAPaymentsCode(t *testing.T) {
	w := setup(t)
	w.answers(stage(recorded, &paymentsv1.Payment{Reference: txRef, Status: "pending", AmountCents: 2999}), stage(ready, begun()))
	r := w.call("POST", "/qr/pay", "customer-anna", `{"qrData":"gateway","accountId":"main","amount":29.99}`)
	if r.status != 201 || r.json["webauthUrl"] != "https://bank.example/1" || r.json["transactionId"] != txRef || r.json["transferId"] != txRef || r.json["amount"] != 29.99 {
		t.Errorf("answer %d %s", r.status, r.text)
	}
	c, ok := w.lastCommand().(*paymentsv1.ScanPay)
	if !ok || c.GetCustomerId() != "anna" || c.GetAccountId() != "main" || c.GetGatewayReference() != payRef || c.GetAmountCents() != 2999 ||
		!c.GetLivemode() || c.GetMerchant().GetId() != merchID || c.GetRequestId() != payRef {
		t.Errorf("command %v", c)
	}
	// The amount of the code applies if it is not repeated.
	if r := w.call("POST", "/qr/pay", "customer-anna", `{"qrData":"gateway","accountId":"main"}`); r.status != 201 {
		t.Errorf("without amount: %d %s", r.status, r.text)
	}
	again := stage(ready, begun())
	again.Replayed = true
	w.answers(again)
	if r := w.call("POST", "/qr/pay", "customer-anna", `{"qrData":"gateway","accountId":"main"}`); r.status != 200 || r.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the same again: %d %s", r.status, r.text)
	}
}

func TestAKeyIsOneCustomersAndOneRequests(t *testing.T) {
	w := setup(t)
	w.answers(stage(ready, begun()))
	sent := func(customer, account, key string) *paymentsv1.ScanPay {
		t.Helper()
		r := w.call("POST", "/qr/pay", customer, `{"qrData":"gateway","accountId":"`+account+`"}`, "Idempotency-Key", key)
		c, ok := w.lastCommand().(*paymentsv1.ScanPay)
		if !ok || r.status != 201 {
			t.Fatalf("%d %s", r.status, r.text)
		}
		return c
	}
	first, again, other := sent("customer-anna", "main", "k"), sent("customer-anna", "main", "k"), sent("customer-anna", "second", "k")
	stranger := sent("customer-bert", "main", "k")
	if first.GetIdempotencyKey() != again.GetIdempotencyKey() || first.GetIdempotencyKey() != other.GetIdempotencyKey() || first.GetIdempotencyKey() == stranger.GetIdempotencyKey() || first.GetIdempotencyKey() == "k" {
		t.Errorf("keys %q %q %q %q", first.GetIdempotencyKey(), again.GetIdempotencyKey(), other.GetIdempotencyKey(), stranger.GetIdempotencyKey())
	}
	if string(first.GetFingerprint()) != string(again.GetFingerprint()) || string(first.GetFingerprint()) == string(other.GetFingerprint()) {
		t.Error("another account is the same request, or the same one is another")
	}
	if r := w.call("POST", "/qr/pay", "customer-anna", `{"qrData":"gateway","accountId":"main"}`, "Idempotency-Key", strings.Repeat("k", 256)); r.status != 400 {
		t.Errorf("a long key: %d %s", r.status, r.text)
	}
	if w.call("POST", "/qr/pay", "customer-anna", `{"qrData":"gateway","accountId":"main"}`); w.lastCommand().(*paymentsv1.ScanPay).GetIdempotencyKey() != "" {
		t.Error("a key out of nothing")
	}
}

func TestTheLabelOfAMerchantsCodeIsKept(t *testing.T) {
	w := setup(t)
	w.answers(stage(ready, begun()))
	for data, want := range map[string]string{"labelled": "Till 2", "open": "Payment to My Store"} {
		if r := w.call("POST", "/qr/pay", "customer-"+data, `{"qrData":"`+data+`","accountId":"main","amount":5}`); r.status != 201 {
			t.Fatalf("answer %d %s", r.status, r.text)
		}
		c := w.lastCommand().(*paymentsv1.ScanPay)
		if c.GetDescription() != want || (data == "labelled") != (c.GetLabel() == "Till 2") || c.GetRequestId() == "" {
			t.Errorf("%s: command %v", data, c)
		}
	}
}

func TestASlowBankLeavesAPendingTransaction(t *testing.T) {
	w := setup(t)
	w.answers(stage(recorded, &paymentsv1.Payment{Reference: txRef, Status: "pending", AmountCents: 500}))
	r := w.call("POST", "/qr/pay", "customer-anna", `{"qrData":"open","accountId":"main","amount":5}`)
	if _, has := r.json["webauthUrl"]; r.status != 201 || has || r.json["status"] != "pending" {
		t.Errorf("answer %d %s", r.status, r.text)
	}
	if c := w.lastCommand().(*paymentsv1.ScanPay); !c.GetLivemode() || c.GetGatewayReference() != "" || c.GetAmountCents() != 500 {
		t.Errorf("command %v", c)
	}
}

func TestWhatIsNotPaid(t *testing.T) {
	w := setup(t)
	for name, c := range map[string]struct{ token, body, code string }{
		"a merchant's login":         {"merchant-m", `{"qrData":"gateway","accountId":"main"}`, "UNAUTHENTICATED"},
		"no account":                 {"customer-a", `{"qrData":"gateway"}`, "VALIDATION_ERROR"},
		"another amount":             {"customer-b", `{"qrData":"gateway","accountId":"main","amount":0.01}`, "VALIDATION_ERROR"},
		"an open amount that is not": {"customer-c", `{"qrData":"open","accountId":"main"}`, "VALIDATION_ERROR"},
		"an amount of nothing":       {"customer-d", `{"qrData":"open","accountId":"main","amount":0}`, "VALIDATION_ERROR"},
		"too much":                   {"customer-e", `{"qrData":"open","accountId":"main","amount":10000.01}`, "VALIDATION_ERROR"},
		"a forged code":              {"customer-f", `{"qrData":"forged","accountId":"main"}`, "VALIDATION_ERROR"},
		"a code of no payment":       {"customer-g", `{"qrData":"odd","accountId":"main"}`, "VALIDATION_ERROR"},
		"an expired code":            {"customer-h", `{"qrData":"expired","accountId":"main"}`, "INVALID_STATE"},
		"a merchant who is disabled": {"customer-k", `{"qrData":"off","accountId":"main","amount":1}`, "MERCHANT_NOT_ENABLED"},
		"a merchant without account": {"customer-i", `{"qrData":"poor","accountId":"main","amount":1}`, "INVALID_STATE"},
		"an unknown field":           {"customer-j", `{"qrData":"gateway","accountId":"main","tip":1}`, "VALIDATION_ERROR"},
	} {
		if r := w.call("POST", "/qr/pay", c.token, c.body); r.json["code"] != c.code {
			t.Errorf("%s: %d %s", name, r.status, r.text)
		}
	}
	if w.lastCommand() != nil {
		t.Error("a refused request became a command")
	}
	for range paysPerMinute {
		w.call("POST", "/qr/pay", "customer-fast", `{}`)
	}
	if r := w.call("POST", "/qr/pay", "customer-fast", `{}`); r.status != 429 {
		t.Errorf("one too many: %d", r.status)
	}
}

func TestAScanOfATakenPaymentIsRefused(t *testing.T) {
	w := setup(t)
	for _, failure := range []string{"already_paid", "payment_in_progress", "invalid_payer_account"} {
		w.answers(stage(ready, &paymentsv1.Payment{Reference: txRef, Status: "failed", FailureCode: failure}))
		if r := w.call("POST", "/qr/pay", "customer-anna", `{"qrData":"gateway","accountId":"main"}`); r.json["code"] != "INVALID_STATE" {
			t.Errorf("%s: %d %s", failure, r.status, r.text)
		}
	}
}

func TestAScanThatTheProviderRefusesIsNoSuccess(t *testing.T) {
	w := setup(t)
	for failure, want := range map[string]string{
		"invalid_payer_account":         "The bank does not take the payer's account for this. Nothing was paid; " + txRef + " is recorded as failed.",
		"beneficiary_identity_required": "Ask the merchant for another way to pay. Nothing was paid; ",
		"odd":                           "The bank refused it without a reason that we know. ",
	} {
		w.answers(stage(ready, &paymentsv1.Payment{Reference: txRef, Status: "failed", StatusDetail: "refused_by_provider", FailureCode: failure}))
		for _, body := range []string{`{"qrData":"gateway","accountId":"main"}`, `{"qrData":"open","accountId":"main","amount":5}`} {
			r := w.call("POST", "/qr/pay", "customer-"+failure, body)
			if said, _ := r.json["message"].(string); r.status != 422 || r.json["code"] != "PAYMENT_REFUSED" || !strings.Contains(said, want) {
				t.Errorf("%s: %d %s", failure, r.status, r.text)
			}
		}
	}
}
