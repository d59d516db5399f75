package signed

import (
	"encoding/base64"
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

func gatewayPayment(reference, merchantID, name string, cents money.Cents, expires time.Time) Code {
	return Code{
		Type: TypeGatewayPayment, RequestID: reference, GatewayReference: reference, Merchant: Merchant{ID: merchantID, Name: name},
		Amount: cents, Currency: "EUR", ExpiresAt: expires,
	}
}

func example() Code {
	return gatewayPayment("PAY-20260617-0123456789ABCDEF", "0b8e7f5a", "My Store", 2999, time.Date(2026, 6, 17, 12, 30, 0, 0, time.UTC))
}

// permanent is a merchant's own code, for any amount and for ever.
func permanent() Code {
	return Code{
		Type: TypePaymentRequest, RequestID: "3f2b8c1e-0c9d-4b6a-8f1e-2d3c4b5a6978", Currency: "EUR",
		Merchant: Merchant{ID: "0b8e7f5a", MerchantID: "0b8e7f5a", Name: "My Store", EuPayID: "EUP-D0A1C4B8D7E2"},
	}
}

func signer(t testing.TB, key string, old ...string) *Signer {
	t.Helper()
	s, err := NewSigner(key, old...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sign(t testing.TB, s *Signer, c Code) string {
	t.Helper()
	_, data, err := s.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	return data
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
			Cents      int64
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
		want := gatewayPayment(c.Reference, c.MerchantID, c.Name, money.Cents(c.Cents), c.ExpiresAt)
		payload, data, err := s.Sign(want)
		if err != nil || string(payload) != string(c.Payload) {
			t.Errorf("got\n%s, %v\nJavaScript gives\n%s", payload, err, c.Payload)
		}
		if got := string(mac(s.keys[0], payload)); got != c.Sig {
			t.Errorf("%q: signature %s, JavaScript gives %s", c.Name, got, c.Sig)
		}
		if data != c.Data {
			t.Errorf("%q: got %s, JavaScript gives %s", c.Name, data, c.Data)
		}
		if back, err := s.Open(c.Data, c.ExpiresAt.Add(-time.Second)); err != nil || back != want {
			t.Errorf("read back %+v, %v", back, err)
		}
	}
}

func anyCode() *rapid.Generator[Code] {
	return rapid.Custom(func(t *rapid.T) Code {
		text := func(name string, most int) string { return rapid.StringN(1, most, -1).Draw(t, name) }
		expires := time.Unix(rapid.Int64Range(1_000_000_000, 4_000_000_000).Draw(t, "expires"), 0).UTC()
		cents := money.Cents(rapid.Int64Range(1, int64(maxAmount)).Draw(t, "amount"))
		if rapid.Bool().Draw(t, "gateway payment") {
			return gatewayPayment(text("reference", 40), text("id", 40), text("name", 80), cents, expires)
		}
		c := Code{
			Type: TypePaymentRequest, RequestID: text("request", 40), Currency: "EUR", Label: text("label", 40)[1:],
			Merchant: Merchant{ID: text("id", 40), MerchantID: text("merchant", 40), Name: text("name", 80), EuPayID: text("public id", 40)},
		}
		if rapid.Bool().Draw(t, "fixed") {
			c.Amount = cents
		}
		if rapid.Bool().Draw(t, "expires") {
			c.ExpiresAt = expires
		}
		return c
	})
}

func TestASignedCodeIsDecoded(t *testing.T) {
	t.Parallel()
	s := signer(t, key)
	rapid.Check(t, func(t *rapid.T) {
		c := anyCode().Draw(t, "code")
		c.Label = strings.ToValidUTF8(c.Label, "")
		payload, data, err := s.Sign(c)
		if err != nil {
			t.Fatal(err)
		}
		back, err := s.Open(data, time.Unix(999_999_999, 0))
		if err != nil || back != c {
			t.Fatalf("read back %+v, %v\nof %s", back, err, payload)
		}
		padded := data + strings.Repeat("=", -len(data)&3)
		if back, err := s.Open(padded, time.Unix(999_999_999, 0)); err != nil || back != c {
			t.Fatalf("with padding: %+v, %v", back, err)
		}
	})
}

func TestAMerchantsCodeHasTheKeysInTheOrderOfTheAPIReference(t *testing.T) {
	t.Parallel()
	c := permanent()
	const head = `{"v":1,"type":"powens_qr_payment_request","requestId":"3f2b8c1e-0c9d-4b6a-8f1e-2d3c4b5a6978",` +
		`"merchant":{"id":"0b8e7f5a","merchantId":"0b8e7f5a","name":"My Store","euPayId":"EUP-D0A1C4B8D7E2"}`
	want := head + `,"amount":null,"currency":"EUR","expiresAt":null}`
	if got := string(c.appendJSON(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	c.Amount, c.Label, c.ExpiresAt = 990, "Payment to My Shop", example().ExpiresAt
	want = head + `,"amount":9.9,"currency":"EUR","expiresAt":"2026-06-17T12:30:00Z","label":"Payment to My Shop"}`
	if got := string(c.appendJSON(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEveryChangedCharacterIsNoticed(t *testing.T) {
	t.Parallel()
	s, c := signer(t, key), example()
	data := sign(t, s, c)
	for i := range len(data) {
		if got, err := s.Open(data[:i]+string(other(data[i]))+data[i+1:], before(c)); err == nil {
			t.Errorf("character %d: got %+v", i, got)
		}
	}
}

// The last character of base64 may have bits that mean nothing. They must be zero: every code has one text.
func TestMeaninglessBitsAreRefused(t *testing.T) {
	t.Parallel()
	s, c := signer(t, key), permanent()
	tried := 0
	for _, c.Merchant.Name = range []string{"a", "ab", "abc"} {
		data := sign(t, s, c)
		if len(data)%4 == 0 {
			continue // all bits mean something
		}
		tried++
		last := len(data) - 1
		if got, err := s.Open(data[:last]+string(data[last]+1), time.Time{}); err == nil {
			t.Errorf("%c in place of %c: got %+v", data[last]+1, data[last], got)
		}
	}
	if tried != 2 {
		t.Errorf("tried %d lengths", tried)
	}
}

func TestEveryTruncationIsReported(t *testing.T) {
	t.Parallel()
	s := signer(t, key)
	data := sign(t, s, permanent())
	for n := 4; n < len(data); n++ {
		if _, err := s.Open(data[:n], time.Time{}); !errors.Is(err, ErrTruncated) {
			t.Errorf("%d of %d characters: %v", n, len(data), err)
		}
	}
}

func other(c byte) byte {
	if c == 'A' {
		return 'B'
	}
	return 'A'
}

func before(c Code) time.Time { return c.ExpiresAt.Add(-time.Minute) }

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// sealed is an envelope of any payload, rightly signed.
func sealed(s *Signer, payload string) string {
	return encode(`{"payload":` + payload + `,"sig":"` + string(mac(s.keys[0], []byte(payload))) + `"}`)
}

func TestForgedAndForeignCodesAreRefused(t *testing.T) {
	t.Parallel()
	s, c := signer(t, key), example()
	good := sign(t, s, c)
	text, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(from, to string) string {
		if !strings.Contains(string(text), from) {
			t.Fatalf("%s has no %s", text, from)
		}
		return encode(strings.Replace(string(text), from, to, 1))
	}
	sig := string(text[len(text)-66:])
	for name, tc := range map[string]struct {
		data string
		want error
	}{
		"other key":          {sign(t, signer(t, strings.Repeat("x", MinKey)), c), ErrForged},
		"other amount":       {changed("29.99", "0.01"), ErrForged},
		"another space":      {changed(`{"v":1`, `{ "v":1`), ErrForged},
		"upper-case sig":     {encode(string(text[:len(text)-66]) + strings.ToUpper(sig[:64]) + `"}`), ErrForged},
		"no hex in sig":      {encode(string(text[:len(text)-66]) + strings.Repeat("x", 64) + `"}`), ErrForged},
		"payload twice":      {changed(`,"sig"`, `,"payload":{"v":1},"sig"`), ErrForged},
		"sig twice":          {changed(`,"sig"`, `,"sig":"","sig"`), ErrForged},
		"one more inside":    {changed(`,"sig"`, `,"alg":"none","sig"`), ErrForged},
		"nothing":            {"", ErrForeign},
		"no base64":          {"%%%%", ErrForeign},
		"standard alphabet":  {"+/+/", ErrForeign},
		"one pad too many":   {good + strings.Repeat("=", -len(good)&3+1), ErrForeign},
		"line break":         {good[:8] + "\n" + good[8:], ErrForeign},
		"text behind":        {encode(string(text) + "{}"), ErrTruncated},
		"a space behind":     {encode(string(text) + " "), ErrForeign},
		"other spaces":       {changed(`,"sig"`, `, "sig"`), ErrForeign},
		"one more behind":    {encode(string(text[:len(text)-1]) + `,"alg":"none"}`), ErrForeign},
		"sig first":          {encode(`{"sig":"` + sig[:65] + `,` + string(text[1:len(text)-74]) + `}`), ErrForeign},
		"empty sig":          {encode(`{"payload":{},"sig":""}`), ErrForeign},
		"sig null":           {encode(`{"payload":{},"sig":null}`), ErrForeign},
		"no envelope":        {encode(`{"hello":1}`), ErrForeign},
		"a list":             {encode(`[]`), ErrForeign},
		"no payload":         {encode(`{"sig":"` + sig), ErrForeign},
		"no signature":       {encode(`{"payload":{}}`), ErrForeign},
		"sig is no text":     {encode(`{"payload":{},"sig":1}`), ErrForeign},
		"Payload":            {changed(`"payload"`, `"Payload"`), ErrForeign},
		"too long":           {encode(`{"payload":"` + strings.Repeat("x", maxData) + `"}`), ErrForeign},
		"other type":         {sealed(s, `{"v":1,"type":"loyalty_card","requestId":"r","merchant":{"id":"i","name":"n"},"amount":1,"currency":"EUR","expiresAt":null}`), ErrForeign},
		"other version":      {sealed(s, strings.Replace(payloadOf(c), `"v":1`, `"v":2`, 1)), ErrForeign},
		"open amount":        {sealed(s, strings.Replace(payloadOf(c), "29.99", "null", 1)), ErrForeign},
		"no amount of money": {sealed(s, strings.Replace(payloadOf(c), "29.99", "29.999", 1)), ErrForeign},
		"zero":               {sealed(s, strings.Replace(payloadOf(permanent()), `"amount":null`, `"amount":0`, 1)), ErrForeign},
		"negative":           {sealed(s, strings.Replace(payloadOf(permanent()), `"amount":null`, `"amount":-1`, 1)), ErrForeign},
		"dollars":            {sealed(s, strings.Replace(payloadOf(c), "EUR", "USD", 1)), ErrForeign},
		"for ever":           {sealed(s, strings.Replace(payloadOf(c), `"2026-06-17T12:30:00Z"`, "null", 1)), ErrForeign},
		"two references":     {sealed(s, strings.Replace(payloadOf(c), `"requestId":"PAY`, `"requestId":"PAX`, 1)), ErrForeign},
	} {
		if got, err := s.Open(tc.data, before(c)); !errors.Is(err, tc.want) || got != (Code{}) {
			t.Errorf("%s: got %+v, %v, want %v", name, got, err, tc.want)
		}
	}
}

func payloadOf(c Code) string { return string(c.appendJSON(nil)) }

// The documents show one payload of a gateway payment without requestId, and JavaScript writes times with milliseconds.
func TestEquivalentPayloadsAreAccepted(t *testing.T) {
	t.Parallel()
	s := signer(t, key)
	for _, payload := range []string{
		`{"v":1,"type":"gateway_qr_payment","gateway_reference":"PAY-20260617-0123456789ABCDEF","merchant":{"id":"0b8e7f5a","name":"My Store"},` +
			`"amount":29.99,"currency":"EUR","expiresAt":"2026-06-17T12:30:00Z"}`,
		strings.Replace(payloadOf(example()), "12:30:00Z", "12:30:00.000Z", 1),
		strings.Replace(payloadOf(example()), "12:30:00Z", "14:30:00+02:00", 1),
	} {
		if got, err := s.Open(sealed(s, payload), before(example())); err != nil || got != example() {
			t.Errorf("%s: got %+v, %v", payload, got, err)
		}
	}
}

func TestOldKeysVerifyUntilTheyAreRemoved(t *testing.T) {
	t.Parallel()
	const fresh, older = "the new key, long enough for a signature", "the key before, long enough for a signature"
	printed := sign(t, signer(t, key), permanent())
	rotated := signer(t, fresh, older, key)
	if got, err := rotated.Open(printed, time.Time{}); err != nil || got != permanent() {
		t.Errorf("after a rotation: %+v, %v", got, err)
	}
	made := sign(t, rotated, permanent())
	if made == printed {
		t.Error("the old key still signs")
	}
	if _, err := signer(t, key).Open(made, time.Time{}); !errors.Is(err, ErrForged) {
		t.Errorf("the old key alone: %v", err)
	}
	if _, err := signer(t, fresh, older).Open(printed, time.Time{}); !errors.Is(err, ErrForged) {
		t.Errorf("the key was removed: %v", err)
	}
	if _, err := NewSigner(fresh, key[1:]); err == nil || strings.Contains(err.Error(), key[1:]) {
		t.Errorf("a short old key: %v", err)
	}
}

func TestCodesExpire(t *testing.T) {
	t.Parallel()
	s, p := signer(t, key), example()
	data := sign(t, s, p)
	if _, err := s.Open(data, p.ExpiresAt.Add(-time.Nanosecond)); err != nil {
		t.Errorf("just before: %v", err)
	}
	if got, err := s.Open(data, p.ExpiresAt); !errors.Is(err, ErrExpired) || got != p {
		t.Errorf("at the time: %+v, %v", got, err)
	}
	if _, err := s.Open(sign(t, s, permanent()), time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Errorf("a permanent code in the far future: %v", err)
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
	payment := map[string]func(*Code){
		"reference": func(c *Code) { c.RequestID, c.GatewayReference = "", "" }, "two references": func(c *Code) { c.RequestID = "PAY-2" },
		"merchant": func(c *Code) { c.Merchant.ID = "" }, "name": func(c *Code) { c.Merchant.Name = "" },
		"zero": func(c *Code) { c.Amount = 0 }, "negative": func(c *Code) { c.Amount = -1 }, "beyond exact": func(c *Code) { c.Amount = maxAmount + 1 },
		"currency": func(c *Code) { c.Currency = "" }, "expiry": func(c *Code) { c.ExpiresAt = time.Time{} }, "label": func(c *Code) { c.Label = "x" },
		"public id": func(c *Code) { c.Merchant.EuPayID = "EUP-1" }, "no type": func(c *Code) { c.Type = "" },
	}
	request := map[string]func(*Code){
		"request": func(c *Code) { c.RequestID = "" }, "no public id": func(c *Code) { c.Merchant.EuPayID = "" },
		"merchant id": func(c *Code) { c.Merchant.MerchantID = "" }, "negative": func(c *Code) { c.Amount = -1 },
		"payment": func(c *Code) { c.GatewayReference = "PAY-1" }, "year 10000": func(c *Code) { c.ExpiresAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
	}
	refused := func(name string, c Code) {
		if _, got, err := signer(t, key).Sign(c); err == nil {
			t.Errorf("%s: got %s", name, got)
		}
	}
	for name, spoil := range payment {
		c := example()
		spoil(&c)
		refused(name, c)
	}
	for name, spoil := range request {
		c := permanent()
		spoil(&c)
		refused(name, c)
	}
	long := permanent()
	long.Label = strings.Repeat("x", maxData)
	if _, _, err := signer(t, key).Sign(long); !errors.Is(err, ErrTooLong) {
		t.Errorf("what Open would not read: %v", err)
	}
	if _, err := NewSigner(key[1:]); err == nil {
		t.Error("a short key was taken")
	}
}

func BenchmarkSign(b *testing.B) {
	s, c := signer(b, key), example()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Sign(c); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	for name, old := range map[string][]string{"one key": nil, "three keys": {strings.Repeat("a", MinKey), strings.Repeat("b", MinKey)}} {
		b.Run(name, func(b *testing.B) {
			s, c := signer(b, key, old...), example()
			data, now := sign(b, s, c), before(c)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Open(data, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
