package qr

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

func paymentRequest() *qrv1.SignPaymentRequestRequest {
	return &qrv1.SignPaymentRequestRequest{
		MerchantId: "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2", MerchantName: "Café Noisette", EuPayId: "EUP-D0A1C4B8D7E2", Currency: "EUR",
		AmountCents: 999, Label: "Payment to My Shop", ExpiresAt: timestamppb.New(noon.Add(30 * time.Minute)),
	}
}

func decode(t *testing.T, c qrv1.QRServiceClient, qrData string) (*qrv1.DecodeQRResponse, error) {
	t.Helper()
	return c.DecodeQR(t.Context(), &qrv1.DecodeQRRequest{QrData: qrData})
}

func signedPayment(t *testing.T, c qrv1.QRServiceClient) string {
	t.Helper()
	res, err := c.SignGatewayPayment(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	return res.GetQrData()
}

func TestBothKindsOfCodesAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	made, err := client.SignPaymentRequest(t.Context(), paymentRequest())
	if err != nil {
		t.Fatal(err)
	}
	data, ok := strings.CutPrefix(made.GetQrData(), "https://pay.example/pay?data=")
	if !ok || made.GetDeepLinkData() != "eupay://pay?data="+data || !strings.HasSuffix(made.GetPayload(), `"label":"Payment to My Shop"}`) {
		t.Fatalf("got %v", made)
	}
	for _, scanned := range []string{made.GetQrData(), made.GetDeepLinkData(), data, "https://www.pay.example/pay?data=" + data} {
		got, err := decode(t, client, scanned)
		if err != nil || got.GetRequestId() == "" {
			t.Fatalf("%s: %v, %v", scanned, got, err)
		}
		got.RequestId = ""
		if want := (&qrv1.DecodeQRResponse{
			Type: "powens_qr_payment_request", MerchantId: "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2", MerchantName: "Café Noisette", EuPayId: "EUP-D0A1C4B8D7E2",
			AmountCents: 999, Currency: "EUR", Label: "Payment to My Shop", ExpiresAt: timestamppb.New(noon.Add(30 * time.Minute)),
		}); !proto.Equal(got, want) {
			t.Errorf("%s:\ngot  %v\nwant %v", scanned, got, want)
		}
	}
	got, err := decode(t, client, signedPayment(t, client))
	if want := (&qrv1.DecodeQRResponse{
		Type: "gateway_qr_payment", RequestId: "PAY-20260617-0123456789ABCDEF", GatewayReference: "PAY-20260617-0123456789ABCDEF",
		MerchantId: "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2", MerchantName: "My Store", AmountCents: 2999, Currency: "EUR",
		ExpiresAt: timestamppb.New(noon.Add(30 * time.Minute)),
	}); err != nil || !proto.Equal(got, want) {
		t.Errorf("got  %v, %v\nwant %v", got, err, want)
	}
}

func TestEveryCodeOfAMerchantHasItsOwnID(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	seen := map[string]bool{}
	for range 3 {
		made, err := client.SignPaymentRequest(t.Context(), paymentRequest())
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode(t, client, made.GetQrData())
		if err != nil || seen[got.GetRequestId()] {
			t.Errorf("got %v, %v", got, err)
		}
		seen[got.GetRequestId()] = true
	}
}

func TestACodeWithoutAmountAndExpiryIsOpenAndNeverExpires(t *testing.T) {
	t.Parallel()
	var year atomic.Int64
	_, client := startAt(t, func() time.Time { return noon.AddDate(int(year.Load()), 0, 0) })
	req := paymentRequest()
	req.AmountCents, req.Label, req.ExpiresAt = 0, "", nil
	made, err := client.SignPaymentRequest(t.Context(), req)
	if err != nil || !strings.HasSuffix(made.GetPayload(), `},"amount":null,"currency":"EUR","expiresAt":null}`) {
		t.Fatalf("got %v, %v", made, err)
	}
	year.Store(50)
	if got, err := decode(t, client, made.GetQrData()); err != nil || got.GetAmountCents() != 0 || got.GetExpiresAt() != nil || got.GetLabel() != "" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestInvalidCodesSayWhatToDo(t *testing.T) {
	t.Parallel()
	var minutes atomic.Int64
	_, client := startAt(t, func() time.Time { return noon.Add(time.Duration(minutes.Load()) * time.Minute) })
	_, foreign := start(t, "EUPAY_QR_SIGNING_KEY", strings.Repeat("x", 32))
	good := signedPayment(t, client)
	for name, c := range map[string]struct {
		scanned string
		code    errs.Code
		advice  string
	}{
		"forged":     {signedPayment(t, foreign), errs.QRInvalid, "not signed by EU Pay"},
		"cut short":  {good[:len(good)-9], errs.QRInvalid, "whole link"},
		"other site": {strings.Replace(good, "pay.example", "evil.example", 1), errs.QRInvalid, "not a payment code of EU Pay"},
		"other code": {"https://en.wikipedia.org/", errs.QRInvalid, "not a payment code of EU Pay"},
		"nothing":    {"", errs.QRInvalid, "not a payment code of EU Pay"},
		"huge":       {good + strings.Repeat("A", 1<<20), errs.QRInvalid, "not a payment code of EU Pay"},
	} {
		_, err := decode(t, client, c.scanned)
		if e := errs.From(err); e == nil || e.Code != c.code || !strings.Contains(e.Message, c.advice) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	minutes.Store(30)
	if _, err := decode(t, client, good); !errs.Is(err, errs.QRExpired) || !strings.Contains(err.Error(), "Ask the merchant") {
		t.Errorf("expired: %v", err)
	}
}

func TestPrintedCodesSurviveANewKeyAndANewSite(t *testing.T) {
	t.Parallel()
	_, before := start(t)
	req := paymentRequest()
	req.ExpiresAt = nil
	printed, err := before.SignPaymentRequest(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	fresh := []string{"EUPAY_QR_SIGNING_KEY", strings.Repeat("n", 32), "EUPAY_QR_BASE_URL", "https://new.example"}
	_, after := start(t, append(fresh, "EUPAY_QR_OLD_SIGNING_KEYS", strings.Repeat("o", 32)+", "+key+",\n", "EUPAY_QR_OLD_BASE_URLS", "https://pay.example")...)
	if got, err := decode(t, after, printed.GetQrData()); err != nil || got.GetMerchantName() != "Café Noisette" {
		t.Errorf("got %v, %v", got, err)
	}
	_, removed := start(t, append(fresh, "EUPAY_QR_OLD_SIGNING_KEYS", "", "EUPAY_QR_OLD_BASE_URLS", "")...)
	for _, scanned := range []string{printed.GetQrData(), printed.GetDeepLinkData()} {
		if _, err := decode(t, removed, scanned); !errs.Is(err, errs.QRInvalid) {
			t.Errorf("the old key and site were removed, and still %s: %v", scanned, err)
		}
	}
}

func TestABadPaymentRequestNamesTheFields(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	for field, spoil := range map[string]func(*qrv1.SignPaymentRequestRequest){
		"merchant_id":   func(r *qrv1.SignPaymentRequestRequest) { r.MerchantId = "" },
		"merchant_name": func(r *qrv1.SignPaymentRequestRequest) { r.MerchantName = strings.Repeat("x", 561) },
		"eu_pay_id":     func(r *qrv1.SignPaymentRequestRequest) { r.EuPayId = "" },
		"amount_cents":  func(r *qrv1.SignPaymentRequestRequest) { r.AmountCents = -1 },
		"currency":      func(r *qrv1.SignPaymentRequestRequest) { r.Currency = "" },
		"label":         func(r *qrv1.SignPaymentRequestRequest) { r.Label = strings.Repeat("x", 401) },
		"expires_at":    func(r *qrv1.SignPaymentRequestRequest) { r.ExpiresAt = &timestamppb.Timestamp{Seconds: 1} },
	} {
		req := paymentRequest()
		spoil(req)
		_, err := client.SignPaymentRequest(t.Context(), req)
		e := errs.From(err)
		if e == nil || e.Code != errs.ValidationError || len(e.Fields) != 1 || e.Fields[0].Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

// A QR code at level H holds 1273 bytes: what is longer could be signed but never drawn.
func TestTextsTooLongForAQRCodeAreRefused(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	req := paymentRequest()
	req.MerchantName, req.Label = strings.Repeat("é", 140), ""
	longest := 0
	for n := 1; n <= 400; n++ {
		req.Label = strings.Repeat("x", n)
		res, err := client.SignPaymentRequest(t.Context(), req)
		if err != nil {
			if e := errs.From(err); e.Code != errs.ValidationError || len(e.Fields) != 1 || e.Fields[0].Field != "label" {
				t.Fatalf("label of %d: %v", n, err)
			}
			continue
		}
		longest = n
		if len(res.GetQrData()) > 1273 {
			t.Fatalf("label of %d: %d bytes", n, len(res.GetQrData()))
		}
	}
	if longest < 100 || longest == 400 {
		t.Errorf("the longest label beside a name of 140 accented letters has %d letters", longest)
	}
}
