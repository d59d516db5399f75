package signed

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/money"
)

var key = strings.Repeat("k", MinKey)

func example() GatewayPayment {
	return GatewayPayment{
		Reference: "PAY-20260617-0123456789ABCDEF", MerchantID: "0b8e7f5a", MerchantName: "My Store", Amount: 2999, Currency: "EUR",
		ExpiresAt: time.Date(2026, 6, 17, 12, 30, 0, 0, time.UTC),
	}
}

func signer(t testing.TB, key string) *Signer {
	t.Helper()
	s, err := NewSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// testdata/golden.json was made by JavaScript; see generate.mjs beside it.
func TestSignaturesEqualThoseOfJavaScript(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Key   string
		Cases []struct {
			Reference  string
			MerchantID string `json:"merchant_id"`
			Name       string
			Cents      money.Cents
			ExpiresAt  time.Time `json:"expires_at"`
			Payload    []byte
			Sig, Data  string
		}
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Cases) < 10 {
		t.Fatalf("only %d cases", len(golden.Cases))
	}
	s := signer(t, golden.Key)
	for _, c := range golden.Cases {
		p := GatewayPayment{Reference: c.Reference, MerchantID: c.MerchantID, MerchantName: c.Name, Amount: c.Cents, Currency: "EUR", ExpiresAt: c.ExpiresAt}
		payload := p.appendJSON(nil)
		if string(payload) != string(c.Payload) {
			t.Errorf("got\n%s\nJavaScript gives\n%s", payload, c.Payload)
		}
		if got := hex.EncodeToString(s.mac(payload)); got != c.Sig {
			t.Errorf("%q: signature %s, JavaScript gives %s", c.Name, got, c.Sig)
		}
		if got, err := s.Sign(p); err != nil || got != c.Data {
			t.Errorf("%q: got %s, %v, JavaScript gives %s", c.Name, got, err, c.Data)
		}
		if back, err := s.Verify(c.Data, c.ExpiresAt.Add(-time.Second)); err != nil || back != p {
			t.Errorf("read back %+v, %v", back, err)
		}
	}
}

func TestWhatWasSignedIsReadBack(t *testing.T) {
	t.Parallel()
	s := signer(t, key)
	rapid.Check(t, func(t *rapid.T) {
		p := GatewayPayment{
			Reference: rapid.StringN(1, 40, -1).Draw(t, "reference"), MerchantID: rapid.StringN(1, 40, -1).Draw(t, "id"), MerchantName: rapid.StringN(1, 80, -1).Draw(t, "name"),
			Amount: money.Cents(rapid.Int64Range(1, int64(maxAmount)).Draw(t, "amount")), Currency: "EUR",
			ExpiresAt: time.Unix(rapid.Int64Range(1_000_000_000, 4_000_000_000).Draw(t, "expires"), 0).UTC(),
		}
		data, err := s.Sign(p)
		if err != nil {
			t.Fatal(err)
		}
		back, err := s.Verify(data, p.ExpiresAt.Add(-time.Second))
		if err != nil || back != p {
			t.Fatalf("read back %+v, %v", back, err)
		}
	})
}

func TestEveryChangedCharacterIsNoticed(t *testing.T) {
	t.Parallel()
	s, p := signer(t, key), example()
	data, err := s.Sign(p)
	if err != nil {
		t.Fatal(err)
	}
	now := p.ExpiresAt.Add(-time.Minute)
	for i := range len(data) {
		changed := data[:i] + string(other(data[i])) + data[i+1:]
		if got, err := s.Verify(changed, now); !errors.Is(err, ErrForged) && got != p { // upper-case hex of the signature is the same signature
			t.Errorf("character %d: got %+v, %v", i, got, err)
		}
	}
}

func other(c byte) byte {
	if c == 'A' {
		return 'B'
	}
	return 'A'
}

func TestForgedCodesAreRefused(t *testing.T) {
	t.Parallel()
	s, p := signer(t, key), example()
	now := p.ExpiresAt.Add(-time.Minute)
	good, err := s.Sign(p)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := signer(t, strings.Repeat("x", MinKey)).Sign(p)
	if err != nil {
		t.Fatal(err)
	}
	envelope, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	signedText := func(payload string) string {
		return encode(`{"payload":` + payload + `,"sig":"` + hex.EncodeToString(s.mac([]byte(payload))) + `"}`)
	}
	for name, data := range map[string]string{
		"other key": foreign, "nothing": "", "no base64": "%%%", "padded": good + "=", "no JSON": encode("{"), "no payload": encode(`{"sig":""}`),
		"no signature":  encode(`{"payload":{}}`),
		"other amount":  encode(strings.Replace(string(envelope), "29.99", "0.01", 1)),
		"another space": encode(strings.Replace(string(envelope), `{"v":1`, `{ "v":1`, 1)),
		"payload twice": encode(strings.Replace(string(envelope), `,"sig"`, `,"payload":{"v":1},"sig"`, 1)),
		"too long":      encode(`{"payload":"` + strings.Repeat("x", maxEnvelope) + `"}`),
		"other type":    signedText(`{"v":1,"type":"powens_qr_payment_request","amount":1,"expiresAt":"2026-06-17T12:30:00Z"}`),
		"other version": signedText(`{"v":2,"type":"gateway_qr_payment","amount":1,"expiresAt":"2026-06-17T12:30:00Z"}`),
		"no amount":     signedText(`{"v":1,"type":"gateway_qr_payment","amount":null,"expiresAt":"2026-06-17T12:30:00Z"}`),
	} {
		if got, err := s.Verify(data, now); !errors.Is(err, ErrForged) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestCodesExpire(t *testing.T) {
	t.Parallel()
	s, p := signer(t, key), example()
	data, err := s.Sign(p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Verify(data, p.ExpiresAt.Add(-time.Nanosecond)); err != nil {
		t.Errorf("just before: %v", err)
	}
	if got, err := s.Verify(data, p.ExpiresAt); !errors.Is(err, ErrExpired) || got != p {
		t.Errorf("at the time: %+v, %v", got, err)
	}
}

func TestTheExpiryIsInSecondsUTC(t *testing.T) {
	t.Parallel()
	p := example()
	p.ExpiresAt = time.Date(2026, 6, 17, 14, 30, 0, 999_999_999, time.FixedZone("", 2*3600))
	if got := string(p.appendJSON(nil)); !strings.HasSuffix(got, `"expiresAt":"2026-06-17T12:30:00Z"}`) {
		t.Errorf("got %s", got)
	}
}

func TestIncompletePayloadsAreNotSigned(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*GatewayPayment){
		"reference": func(p *GatewayPayment) { p.Reference = "" }, "merchant": func(p *GatewayPayment) { p.MerchantID = "" },
		"name": func(p *GatewayPayment) { p.MerchantName = "" },
		"zero": func(p *GatewayPayment) { p.Amount = 0 }, "negative": func(p *GatewayPayment) { p.Amount = -1 },
		"beyond exact": func(p *GatewayPayment) { p.Amount = maxAmount + 1 },
		"currency":     func(p *GatewayPayment) { p.Currency = "" }, "expiry": func(p *GatewayPayment) { p.ExpiresAt = time.Time{} },
	} {
		p := example()
		spoil(&p)
		if got, err := signer(t, key).Sign(p); err == nil {
			t.Errorf("%s: got %s", name, got)
		}
	}
	if _, err := NewSigner(key[1:]); err == nil {
		t.Error("a short key was taken")
	}
}

func BenchmarkSign(b *testing.B) {
	s, p := signer(b, key), example()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Sign(p); err != nil {
			b.Fatal(err)
		}
	}
}
