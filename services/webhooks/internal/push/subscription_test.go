package push

import (
	"crypto/ecdh"
	"crypto/rand"
	"strings"
	"testing"

	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
)

func TestSubscriptionsAreChecked(t *testing.T) {
	t.Parallel()
	f := prepare(t, true)
	b := newBrowser(t)
	compressed := append([]byte{2}, b.key.PublicKey().Bytes()[1:33]...)
	offCurve := b.key.PublicKey().Bytes()
	offCurve[64] ^= 1
	other, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	type change = func(*webhooksv1.SubscribeRequest)
	endpoint := func(url string) change { return func(r *webhooksv1.SubscribeRequest) { r.Endpoint = url } }
	point := func(raw []byte) change {
		return func(r *webhooksv1.SubscribeRequest) { r.P256Dh = b64.EncodeToString(raw) }
	}
	for name, c := range map[string]struct {
		change change
		field  string
	}{
		"as it should be":       {func(*webhooksv1.SubscribeRequest) {}, ""},
		"https":                 {endpoint("https://fcm.googleapis.com/fcm/send/abc:def"), ""},
		"the longest":           {endpoint("https://example.com/" + strings.Repeat("x", 2028)), ""},
		"too long":              {endpoint("https://example.com/" + strings.Repeat("x", 2029)), "endpoint"},
		"no endpoint":           {endpoint(""), "endpoint"},
		"http":                  {endpoint("http://example.com/"), "endpoint"},
		"http, private":         {endpoint("http://10.0.0.1/"), "endpoint"},
		"other scheme":          {endpoint("ftp://example.com/"), "endpoint"},
		"no URL":                {endpoint("https://%zz/"), "endpoint"},
		"metadata":              {endpoint("https://169.254.169.254/"), "endpoint"},
		"private":               {endpoint("https://10.0.0.1/"), "endpoint"},
		"internal name":         {endpoint("https://vault.internal/"), "endpoint"},
		"user in URL":           {endpoint("https://u:p@example.com/"), "endpoint"},
		"mail port":             {endpoint("https://example.com:25/"), "endpoint"},
		"compressed point":      {point(compressed), "keys.p256dh"},
		"off the curve":         {point(offCurve), "keys.p256dh"},
		"another curve":         {point(other.PublicKey().Bytes()), "keys.p256dh"},
		"infinity":              {point([]byte{0}), "keys.p256dh"},
		"no key":                {point(nil), "keys.p256dh"},
		"padded":                {func(r *webhooksv1.SubscribeRequest) { r.P256Dh += "=" }, "keys.p256dh"},
		"line break":            {func(r *webhooksv1.SubscribeRequest) { r.Auth += "\n" }, "keys.auth"},
		"15 bytes":              {func(r *webhooksv1.SubscribeRequest) { r.Auth = b64.EncodeToString(make([]byte, 15)) }, "keys.auth"},
		"17 bytes":              {func(r *webhooksv1.SubscribeRequest) { r.Auth = b64.EncodeToString(make([]byte, 17)) }, "keys.auth"},
		"100 characters":        {func(r *webhooksv1.SubscribeRequest) { r.Description = strings.Repeat("é", 100) }, ""},
		"101 characters":        {func(r *webhooksv1.SubscribeRequest) { r.Description = strings.Repeat("é", 101) }, "description"},
		"control characters":    {func(r *webhooksv1.SubscribeRequest) { r.Description = "a\x00b" }, "description"},
		"every kind":            {func(r *webhooksv1.SubscribeRequest) { r.EventTypes, r.Language = kinds, "fr" }, ""},
		"an unknown kind":       {func(r *webhooksv1.SubscribeRequest) { r.EventTypes = []string{paymentFailed, "payment.created"} }, "event_types[1]"},
		"another language":      {func(r *webhooksv1.SubscribeRequest) { r.Language = "de" }, "language"},
		"no user":               {func(r *webhooksv1.SubscribeRequest) { r.UserId = "" }, "user_id"},
		"no merchant":           {func(r *webhooksv1.SubscribeRequest) { r.MerchantId = "" }, "merchant_id"},
		"everything else wrong": {func(r *webhooksv1.SubscribeRequest) { r.Endpoint, r.P256Dh, r.Auth = "", "", "" }, "endpoint keys.p256dh keys.auth"},
	} {
		r := request("m_1", "u_1", b)
		c.change(r)
		if _, err := f.Server.Subscribe(t.Context(), r); fieldsOf(err) != c.field || (err == nil) != (c.field == "") {
			t.Errorf("%s: %q is refused, want %q (%v)", name, fieldsOf(err), c.field, err)
		}
	}
}

func TestWithoutLoopbackOnlyHTTPSIsTaken(t *testing.T) {
	t.Parallel()
	f := prepare(t, false)
	for _, url := range []string{"http://127.0.0.1:8080/", "https://127.0.0.1/", "http://localhost/", "https://localhost/", "https://[::1]/"} {
		r := request("m_1", "u_1", newBrowser(t))
		r.Endpoint = url
		if _, err := f.Server.Subscribe(t.Context(), r); fieldsOf(err) != "endpoint" {
			t.Errorf("%s: %v", url, err)
		}
	}
}
