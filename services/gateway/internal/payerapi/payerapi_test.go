package payerapi

import (
	"encoding/hex"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAPaymentsCodeLeadsToItsPageWhileItIsOpen(t *testing.T) {
	w := setup(t, true)
	const want = `{"merchantName":"My Store","amount":29.99,"fixedAmount":true,"label":null,"expiresAt":"2026-06-17T12:21:00.000Z","type":"gateway_qr_payment","livemode":true,` +
		`"gatewayReference":"` + ref + `","status":"pending_sca","paymentUrl":"` + bankURL + `"}`
	if r := w.preview("payment"); r.status != 200 || strings.TrimSpace(r.text) != want || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s", r.status, r.text)
	}
	for _, status := range []string{"completed", "refunded", "failed", "cancelled"} {
		w.payment = stored(status) // with a URL that must not be shown any more
		if r := w.preview("payment"); r.status != 200 || r.json["status"] != status || r.json["paymentUrl"] != nil || r.json["amount"] != 29.99 {
			t.Errorf("%s: %d %s", status, r.status, r.text)
		}
	}
	w.payment = stored("pending")
	w.payment.Livemode = false // of the other mode: the code says nothing of it
	if r := w.preview("payment"); r.status != 200 || r.json["livemode"] != false {
		t.Errorf("test mode: %d %s", r.status, r.text)
	}
	w.payment = nil
	if r := w.preview("payment"); r.json["code"] != "QR_INVALID" {
		t.Errorf("no payment: %d %s", r.status, r.text)
	}
}

func TestACodeThatCannotBePaidSaysWhy(t *testing.T) {
	w := setup(t, true)
	for data, code := range map[string]string{
		"forged": "QR_INVALID", "expired": "QR_EXPIRED", "another's": "QR_INVALID", "off": "MERCHANT_NOT_ENABLED", "poor": "INVALID_STATE", "gone": "NOT_FOUND",
		"": "VALIDATION_ERROR", strings.Repeat("x", maxCode+1): "VALIDATION_ERROR",
	} {
		if r := w.preview(data); r.json["code"] != code {
			t.Errorf("preview of %.20q: %d %s", data, r.status, r.text)
		}
		if data == "another's" {
			code = "INVALID_STATE" // it is a payment's code all the same
		}
		if r := w.checkout(data, "1", key); r.json["code"] != code {
			t.Errorf("checkout of %.20q: %d %s", data, r.status, r.text)
		}
	}
	if len(w.sent()) != 0 {
		t.Errorf("made %v", w.sent())
	}
}

func TestAMerchantWhoIsFrozenGivesNoPageToPay(t *testing.T) {
	w := setup(t, true)
	w.payment.MerchantId = "off"
	v, code := previewed{}, &qrv1.DecodeQRResponse{GatewayReference: ref, MerchantId: "off"}
	api := New(Deps{Payments: reads{w: w}, Merchants: merchants{"off": {ID: "off"}}})
	if err := api.addPayment(t.Context(), &v, code); !errs.Is(err, errs.MerchantNotEnabled) || v.PaymentURL != "" {
		t.Errorf("%v, %+v", err, v)
	}
}

func TestAGuestPaysAMerchantsCode(t *testing.T) {
	w := setup(t, true)
	r := w.checkout("open", "12.50", key)
	if r.status != 201 || r.json["reference"] != madeRef || r.json["paymentUrl"] != bankURL || r.json["amount"] != 12.5 || r.json["livemode"] != true {
		t.Fatalf("%d %s", r.status, r.text)
	}
	c := w.sent()[0]
	if c.GetAmountCents() != 1250 || c.GetMerchant().GetId() != "m-1" || !c.GetLivemode() || c.GetDescription() != "Payment to My Store" || c.GetMerchantReference() != "" ||
		c.GetSuccessUrl() != "" || string(c.GetMetadataJson()) != `{"qr_request_id":"r-1"}` || c.GetOrigin() != "" {
		t.Errorf("command %v", c)
	}
	if r := w.checkout("fixed", "", key); r.status != 201 || r.json["amount"] != 9.9 {
		t.Errorf("fixed: %d %s", r.status, r.text)
	}
	if c := w.sent()[1]; c.GetDescription() != "Till 2" || c.GetAmountCents() != 990 {
		t.Errorf("command %v", c)
	}
	w.reply = &paymentsv1.CommandReply{Stage: paymentsv1.CommandReply_STAGE_READY, Replayed: true, ReplayedByKey: true, Payment: stored("pending_sca")}
	if r := w.checkout("open", "12.50", key); r.status != 200 || r.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("again: %d %s", r.status, r.text)
	}
}

// A guest's key must not find what the merchant's own server made under it, nor what a guest of another code made.
func TestAKeyIsThatOfOneCodeAndAmount(t *testing.T) {
	w := setup(t, true)
	for _, c := range [][2]string{{"open", "1"}, {"open 2", "1"}, {"open", "2"}} {
		if r := w.checkout(c[0], c[1], key); r.status != 201 {
			t.Fatalf("%v: %d %s", c, r.status, r.text)
		}
	}
	s := w.sent()
	if s[0].GetIdempotencyKey() == key || s[0].GetIdempotencyKey() == s[1].GetIdempotencyKey() || s[0].GetIdempotencyKey() != s[2].GetIdempotencyKey() {
		t.Errorf("keys %q %q %q", s[0].GetIdempotencyKey(), s[1].GetIdempotencyKey(), s[2].GetIdempotencyKey())
	}
	if hex.EncodeToString(s[0].GetFingerprint()) == hex.EncodeToString(s[2].GetFingerprint()) {
		t.Error("another amount is the same request")
	}
	if len(s[0].GetFingerprint()) != 32 {
		t.Errorf("fingerprint %x", s[0].GetFingerprint())
	}
}

func TestWhatAGuestMayNotBegin(t *testing.T) {
	w := setup(t, true)
	for name, c := range map[string]struct{ data, amount, key, code string }{
		"no key":                        {"open", "1", "", "VALIDATION_ERROR"},
		"a key that others may have":    {"open", "1", "1", "VALIDATION_ERROR"},
		"no amount":                     {"open", "", key, "VALIDATION_ERROR"},
		"nothing":                       {"open", "0", key, "VALIDATION_ERROR"},
		"too much":                      {"open", "10000.01", key, "VALIDATION_ERROR"},
		"less than the code":            {"fixed", "0.01", key, "VALIDATION_ERROR"},
		"a payment that has its own":    {"payment", "", key, "INVALID_STATE"},
		"a merchant that is not served": {"off", "1", key, "MERCHANT_NOT_ENABLED"},
	} {
		body := []string{"Idempotency-Key", c.key}
		if c.key == "" {
			body = nil
		}
		amount := ""
		if c.amount != "" {
			amount = `,"amount":` + c.amount
		}
		if r := w.call("POST", "/qr/checkout", `{"qrData":"`+c.data+`"`+amount+`}`, body...); r.json["code"] != c.code {
			t.Errorf("%s: %d %s", name, r.status, r.text)
		}
	}
	if len(w.sent()) != 0 {
		t.Errorf("made %v", w.sent())
	}
	w.reply = &paymentsv1.CommandReply{Stage: paymentsv1.CommandReply_STAGE_READY, Payment: &paymentsv1.Payment{Reference: madeRef, Status: "failed", StatusDetail: "refused_by_provider", FailureCode: "invalid_beneficiary"}}
	if r := w.checkout("open", "1", key); r.json["code"] != "PAYMENT_REFUSED" {
		t.Errorf("refused: %d %s", r.status, r.text)
	}
}

// Goods would be handed over for test money.
func TestALiveMerchantsCodeTakesNoTestMoney(t *testing.T) {
	w := setup(t, false)
	if r := w.preview("open"); r.json["code"] != "LIVE_NOT_CONFIGURED" {
		t.Errorf("%d %s", r.status, r.text)
	}
	if r := w.checkout("open", "1", key); r.json["code"] != "LIVE_NOT_CONFIGURED" || len(w.sent()) != 0 {
		t.Errorf("%d %s, made %v", r.status, r.text, w.sent())
	}
}

func TestGuestsAreLimited(t *testing.T) {
	w := setup(t, true)
	for range checkoutsPerMinute {
		w.checkout("fixed", "", key)
	}
	if r := w.checkout("fixed", "", key); r.status != 429 || len(w.sent()) != checkoutsPerMinute {
		t.Errorf("%d after %d", r.status, len(w.sent()))
	}
	for range previewsPerMinute {
		w.preview("open")
	}
	if r := w.preview("open"); r.status != 429 {
		t.Errorf("previews: %d", r.status)
	}
	for range receiptsPerMinute {
		w.call("GET", "/gateway/payments/"+ref+"/receipt", "")
	}
	if r := w.call("GET", "/gateway/payments/"+ref+"/receipt", ""); r.status != 429 {
		t.Errorf("receipts: %d", r.status)
	}
}

func TestAReceiptLeadsBackToTheShopOrTheApp(t *testing.T) {
	w := setup(t, true)
	for _, c := range []struct{ status, origin, success, cancel, want string }{
		{"completed", "api", "https://shop.example/ok?a=1", "https://shop.example/no", `"return_url":"https://shop.example/ok?a=1&reference=` + ref + `&status=completed","in_app":false`},
		{"failed", "api", "https://shop.example/ok", "https://shop.example/no", `"return_url":"https://shop.example/no?reference=` + ref + `&status=failed","in_app":false`},
		{"failed", "api", "https://shop.example/ok", "", `"created_at":"2026-06-17T12:20:00.000Z","in_app":false`},
		{"completed", "api", "javascript:alert(1)", "", `"created_at":"2026-06-17T12:20:00.000Z","in_app":false`},
		{"completed", "scan", "", "", `"in_app":true`},
		{"completed", "qr", "", "", `"in_app":true`},
	} {
		w.payment = stored(c.status)
		w.payment.Origin, w.payment.SuccessUrl, w.payment.CancelUrl = c.origin, c.success, c.cancel
		if r := w.call("GET", "/gateway/payments/"+ref+"/receipt", ""); r.status != 200 || !strings.Contains(strings.ReplaceAll(r.text, `\u0026`, "&"), c.want) {
			t.Errorf("%+v: %d %s", c, r.status, r.text)
		}
	}
}

func TestAReceiptSaysHowAPaymentEnded(t *testing.T) {
	w := setup(t, true)
	w.payment = stored("completed")
	w.payment.CompletedAt = timestamppb.New(now)
	const want = `{"success":true,"data":{"reference":"` + ref + `","status":"completed","outcome":"paid","amount":29.99,"currency":"EUR","merchant_name":"My Store","livemode":true,` +
		`"created_at":"2026-06-17T12:20:00.000Z","completed_at":"2026-06-17T12:20:00.000Z","in_app":false}}`
	if r := w.call("GET", "/gateway/payments/"+ref+"/receipt", ""); r.status != 200 || strings.TrimSpace(r.text) != want {
		t.Errorf("%d %s", r.status, r.text)
	}
	for _, c := range []struct {
		status, failure string
		late            bool
		outcome         string
	}{
		{"pending", "", false, "open"},
		{"pending_sca", "", false, "open"},
		{"refunded", "", false, "refunded"},
		{"cancelled", "", false, "not_paid"},
		{"failed", "insufficient_funds", false, "not_paid"},
		{"failed", "expired", false, "unconfirmed"},
		{"failed", "not_received", false, "unconfirmed"},
		{"failed", "amount_mismatch", false, "unconfirmed"},
		{"failed", "expired", true, "late"},
	} {
		w.payment = stored(c.status)
		w.payment.FailureCode = c.failure
		if c.late {
			w.payment.LateReceipt = &paymentsv1.LateReceipt{AmountCents: 1}
		}
		r := w.call("GET", "/gateway/payments/"+ref+"/receipt", "")
		if data, _ := r.json["data"].(map[string]any); data["outcome"] != c.outcome {
			t.Errorf("%+v: %s", c, r.text)
		}
	}
	w.payment = nil
	for _, other := range []string{ref, "PAY-1", "x"} {
		if r := w.call("GET", "/gateway/payments/"+other+"/receipt", ""); r.json["code"] != "NOT_FOUND" {
			t.Errorf("%s: %d %s", other, r.status, r.text)
		}
	}
}
