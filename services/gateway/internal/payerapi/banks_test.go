package payerapi

import (
	"net/url"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// Which banks are listed depends on the mode and the amount of the code, which its holder cannot choose.
func TestABankIsChosenForAMerchantsOwnCode(t *testing.T) {
	w := setup(t, true)
	for query, want := range map[string]*paymentsv1.ListBanksRequest{
		"qrData=fixed&amount=5": {AmountCents: 990},
		"qrData=open&amount=5&country=FR&search=sna&incompatible=true": {AmountCents: 500, Country: "FR", Search: "sna", WithIncompatible: true},
	} {
		w.listed = nil
		got := w.call("GET", "/qr/banks?"+query, "")
		if got.status != 200 || !strings.Contains(got.text, `"incompatible":"Snail makes no instant transfers."`) || len(w.listed) != 1 {
			t.Fatalf("%s: %d %s", query, got.status, got.text)
		}
		want.Livemode, want.ExecutionType, want.Page, want.Limit = true, "instant", 1, 20
		if !proto.Equal(w.listed[0], want) {
			t.Errorf("%s asks for %v", query, w.listed[0])
		}
	}
	for query, code := range map[string]string{
		"qrData=payment": "INVALID_STATE", "qrData=forged": "QR_INVALID", "qrData=off": "MERCHANT_NOT_ENABLED", "": "VALIDATION_ERROR", "qrData=open&amount=x": "VALIDATION_ERROR",
	} {
		w.listed = nil
		if got := w.call("GET", "/qr/banks?"+query, ""); got.json["code"] != code || len(w.listed) != 0 {
			t.Errorf("%s: %s", query, got.text)
		}
	}
}

// The chosen bank is part of what a key means; without one the fingerprint is what it was before banks could be chosen.
func TestAPayersBankGoesIntoThePayment(t *testing.T) {
	w := setup(t, true)
	for _, bank := range []string{"", `,"bank":"` + strings.ToUpper(bankID) + `"`} {
		if got := w.call("POST", "/qr/checkout", `{"qrData":"fixed"`+bank+`}`, "Idempotency-Key", key); got.status != 201 {
			t.Fatal(got.text)
		}
	}
	without, with := w.sent()[0], w.sent()[1]
	if without.GetBankId() != "" || with.GetBankId() != bankID || string(without.GetFingerprint()) == string(with.GetFingerprint()) {
		t.Errorf("%v\n%v", without, with)
	}
	if string(without.GetFingerprint()) != string(digest("qr-checkout", "m-1", "r-3", "Till 2", "9.90 true")) {
		t.Error("a payment without a bank has another fingerprint than before")
	}
	got := w.call("POST", "/qr/checkout", `{"qrData":"fixed","bank":"`+url.QueryEscape("x' or 1")+`"}`, "Idempotency-Key", key)
	if got.json["code"] != "VALIDATION_ERROR" || len(w.sent()) != 2 {
		t.Errorf("a bank that is no id: %s", got.text)
	}
}
