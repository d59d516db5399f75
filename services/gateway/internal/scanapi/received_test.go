package scanapi

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

func TestACustomerReadsWhatItPaid(t *testing.T) {
	w := setup(t)
	r := w.call("GET", "/qr/transactions/"+txRef, "customer-anna", "")
	if r.status != 200 || r.json["status"] != "pending_sca" || r.json["merchantName"] != "My Store" || r.json["webauthUrl"] == nil {
		t.Errorf("answer %d %s", r.status, r.text)
	}
	for _, c := range [][2]string{{"customer-bert", txRef}, {"customer-anna", payRef}, {"customer-anna", "nonsense"}} {
		if r := w.call("GET", "/qr/transactions/"+c[1], c[0], ""); r.json["code"] != "NOT_FOUND" {
			t.Errorf("%v: %d %s", c, r.status, r.text)
		}
	}
}

func TestACustomerSeesWhatItPaidAndWhatCameBack(t *testing.T) {
	w := setup(t)
	r := w.call("GET", "/customer/payments", "customer-anna", "")
	list, _ := r.json["data"].([]any)
	if r.status != 200 || len(list) != 1 || strings.Contains(r.text, "merchants-own") {
		t.Fatalf("answer %d %s", r.status, r.text)
	}
	if first := list[0].(map[string]any); first["transactionId"] != txRef || first["amountRefunded"] != 9.99 || len(first["refunds"].([]any)) != 2 {
		t.Errorf("answer %s", r.text)
	}
	if r := w.call("GET", "/customer/payments", "customer-bert", ""); r.status != 200 || len(r.json["data"].([]any)) != 0 {
		t.Errorf("another customer: %d %s", r.status, r.text)
	}
	if r := w.call("GET", "/customer/payments/"+txRef, "customer-bert", ""); r.json["code"] != "NOT_FOUND" {
		t.Errorf("another's: %d %s", r.status, r.text)
	}
	if r := w.call("GET", "/customer/payments", "merchant-m", ""); r.json["code"] != "UNAUTHENTICATED" {
		t.Errorf("a merchant: %d %s", r.status, r.text)
	}
}

func TestAMerchantConfirmsMoney(t *testing.T) {
	w := setup(t)
	done := begun()
	done.Reference, done.Status, done.PaymentUrl = payRef, "completed", ""
	w.answers(stage(ready, done))
	path := "/gateway/payments/" + payRef + "/confirm-received"
	body := `{"amount":29.99,"received_at":"2026-06-17T12:00:00Z","note":"Statement of 17 June"}`
	if r := w.call("POST", path, "merchant-m1", body); r.status != 200 || r.json["data"].(map[string]any)["status"] != "completed" {
		t.Errorf("answer %d %s", r.status, r.text)
	}
	c := w.lastCommand().(*paymentsv1.ConfirmReceived)
	if c.GetActor() != "user:m1" || c.GetMerchantId() != merchID || c.GetLivemode() || c.GetAmountCents() != 2999 || c.GetNote() != "Statement of 17 June" || c.GetReceivedAt().AsTime().Hour() != 12 {
		t.Errorf("command %v", c)
	}
	if r := w.call("POST", path, "key", ""); r.status != 200 {
		t.Errorf("by key: %d %s", r.status, r.text)
	}
	if c := w.lastCommand().(*paymentsv1.ConfirmReceived); c.GetActor() != "key:k1" || !c.GetLivemode() {
		t.Errorf("command %v", c)
	}
	for body, code := range map[string]string{
		`{"received_at":"2026-06-18T12:00:00Z"}`: "VALIDATION_ERROR", `{"received_at":"2020-06-18T12:00:00Z"}`: "VALIDATION_ERROR",
		`{"received_at":"yesterday"}`: "VALIDATION_ERROR", `{"note":"a\nb"}`: "VALIDATION_ERROR", `{"amount":0}`: "VALIDATION_ERROR",
	} {
		if r := w.call("POST", path, "merchant-m1", body); r.json["code"] != code {
			t.Errorf("%s: %d %s", body, r.status, r.text)
		}
	}
	if r := w.call("POST", path, "staff-s", ""); r.json["code"] != "UNAUTHENTICATED" {
		t.Errorf("staff: %d %s", r.status, r.text)
	}
	w.epc = false
	if r := w.call("POST", path, "merchant-m1", ""); r.json["code"] != "INVALID_STATE" {
		t.Errorf("switched off: %d %s", r.status, r.text)
	}
}

func TestEveryMerchantMayConfirmAPaymentThatTheBankAccepted(t *testing.T) {
	w := setup(t)
	w.epc = false
	done := begun()
	done.Status, done.PaymentUrl = "completed", ""
	w.answers(stage(ready, done))
	path := "/gateway/payments/" + txRef
	if r := w.call("POST", path+"/confirm-received", "merchant-m1", ""); r.status != 200 {
		t.Errorf("it came: %d %s", r.status, r.text)
	}
	if c, ok := w.lastCommand().(*paymentsv1.ConfirmReceived); !ok || c.GetReference() != txRef || c.GetActor() != "user:m1" {
		t.Errorf("command %v", w.lastCommand())
	}
	if r := w.call("POST", path+"/confirm-not-received", "key", `{"note":"not on the statement"}`); r.status != 200 {
		t.Errorf("it did not come: %d %s", r.status, r.text)
	}
	if c, ok := w.lastCommand().(*paymentsv1.ConfirmNotReceived); !ok || c.GetReference() != txRef || c.GetActor() != "key:k1" || !c.GetLivemode() || c.GetNote() != "not on the statement" {
		t.Errorf("command %v", w.lastCommand())
	}
	for _, body := range []string{`{"note":"a\nb"}`, `{"amount":1}`} {
		if r := w.call("POST", path+"/confirm-not-received", "key", body); r.json["code"] != "VALIDATION_ERROR" {
			t.Errorf("%s: %d %s", body, r.status, r.text)
		}
	}
	if r := w.call("POST", path+"/confirm-not-received", "staff-s", ""); r.json["code"] != "UNAUTHENTICATED" {
		t.Errorf("staff: %d %s", r.status, r.text)
	}
}

func TestAMerchantRecordsALateReceipt(t *testing.T) {
	w := setup(t)
	late := begun()
	late.Reference, late.Status, late.PaymentUrl, late.FailureCode = payRef, "failed", "", "expired"
	late.LateReceipt = &paymentsv1.LateReceipt{AmountCents: 2999, ReceivedAt: timestamppb.New(now), BookedAt: timestamppb.New(now)}
	answer := stage(ready, late)
	answer.Replayed = true
	w.answers(answer)
	path := "/gateway/payments/" + payRef + "/late-receipt"
	r := w.call("POST", path, "key", `{"amount":29.99,"received_at":"2026-06-17T12:00:00Z","note":"Statement","payer_name":"Camille Payer","payer_iban":"FR76 3000 6000 0112 3456 7890 189"}`)
	if r.status != 200 || r.header.Get("Idempotent-Replayed") != "true" {
		t.Fatalf("%d %s", r.status, r.text)
	}
	got := r.json["data"].(map[string]any)["late_receipt"].(map[string]any)
	if got["amount"] != 29.99 || got["received_at"] != "2026-06-17T12:20:00.000Z" {
		t.Errorf("answer %s", r.text)
	}
	c, ok := w.lastCommand().(*paymentsv1.BookLateReceipt)
	if !ok || c.GetAmountCents() != 2999 || c.GetActor() != "key:k1" || !c.GetLivemode() || c.GetPayerIban() != "FR7630006000011234567890189" || c.GetPayerName() != "Camille Payer" {
		t.Errorf("command %v", w.lastCommand())
	}
	for _, body := range []string{
		`{"payer_iban":"FR7630006000011234567890189"}`, `{"payer_name":"A"}`, `{"payer_name":"A","payer_iban":"FR7630006000011234567890188"}`,
		`{"payer_name":"A\nB","payer_iban":"FR7630006000011234567890189"}`, `{"received_at":"yesterday"}`, `{"amount":0}`, `{"tip":1}`,
	} {
		if r := w.call("POST", path, "key", body); r.json["code"] != "VALIDATION_ERROR" {
			t.Errorf("%s: %d %s", body, r.status, r.text)
		}
	}
	if r := w.call("POST", path, "staff-s", ""); r.json["code"] != "UNAUTHENTICATED" {
		t.Errorf("staff: %d %s", r.status, r.text)
	}
}
