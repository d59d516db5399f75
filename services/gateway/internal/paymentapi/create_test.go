package paymentapi

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/run/events"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

const documented = `{"amount": 29.99, "currency": "EUR", "description": "Order #1042", "reference": "ORDER-1042",
	"success_url": "https://yourstore.com/success", "cancel_url": "https://yourstore.com/cancel"}`

const path = "/gateway/payments"

func TestCreateAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	a := w.call("POST", path, documented, as("pk_test_a", "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")...)
	if a.status != 201 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	ref, _ := a.data["reference"].(string)
	if !regexp.MustCompile(`^PAY-20260617-[0-9A-F]{16}$`).MatchString(ref) {
		t.Errorf("reference %q", ref)
	}
	// The fields of the API reference come first, in its order, without escaping.
	start := `{"success":true,"data":{"reference":"` + ref + `","amount":29.99,"currency":"EUR","status":"pending_sca",` +
		`"payment_url":"https://eu-pay.biapi.pro/pay?a=1&b=2","qr_data":{"qrData":"https://www.european-pay.fr/pay?data=` + ref + `&x=1",` +
		`"deepLinkData":"eupay://pay?data=` + ref + `"},"created_at":"2026-06-17T12:20:20.979Z"`
	if !strings.HasPrefix(string(a.body), start) {
		t.Errorf("got  %s\nwant %s…", a.body, start)
	}
	if a.data["merchant_reference"] != "ORDER-1042" || a.data["livemode"] != false {
		t.Errorf("got %s", a.body)
	}
	if a.header.Get("Idempotent-Replayed") != "" {
		t.Error("a new payment is called replayed")
	}
	w.checkCommand(a.header.Get("X-Request-Id"))
	w.qr.mu.Lock()
	defer w.qr.mu.Unlock()
	if q := w.qr.calls[0]; q.GetMerchantName() != "My Store" || q.GetMerchantId() != "m-shop" || !q.GetExpiresAt().AsTime().Equal(createdAt.Add(30*time.Minute)) {
		t.Errorf("QR signed for %v", q)
	}
}

func (w *world) checkCommand(requestID string) {
	w.t.Helper()
	w.bank.mu.Lock()
	defer w.bank.mu.Unlock()
	c := w.bank.seen[0].(*paymentsv1.CreatePayment)
	m := c.GetMerchant()
	if m.GetId() != "m-shop" || m.GetIban() != "FR7630006000011234567890189" || m.GetSiren() != "552100554" || c.GetLivemode() || c.GetAmountCents() != 2999 {
		w.t.Errorf("command %v", c)
	}
	h := w.bank.headers[0]
	if len(h["traceparent"]) != 0 || h[events.HeaderRequestID][0] != requestID {
		w.t.Errorf("command headers %v", h)
	}
	expires, err := time.Parse(time.RFC3339Nano, h[events.HeaderExpires][0])
	if left := time.Until(expires); err != nil || left > 9*time.Second {
		w.t.Errorf("the command expires in %v, must be before the request's deadline", left)
	}
}

func TestSameReferenceIsTheSamePayment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	var mu sync.Mutex
	var all sync.WaitGroup
	refs, statuses := map[any]int{}, map[int]int{}
	for range 100 {
		all.Go(func() {
			a := w.call("POST", path, documented, as("pk_test_a")...)
			mu.Lock()
			defer mu.Unlock()
			refs[a.data["reference"]]++
			statuses[a.status]++
			if replayed := a.header.Get("Idempotent-Replayed") == "true"; replayed != (a.status == 200) {
				t.Errorf("status %d, replayed %v", a.status, replayed)
			}
		})
	}
	all.Wait()
	if len(refs) != 1 || statuses[201] != 1 || statuses[200] != 99 {
		t.Errorf("payments %v, statuses %v", refs, statuses)
	}
	first := w.call("POST", path, documented, as("pk_test_a")...)
	for _, key := range []string{"pk_live_a", "pk_test_other"} {
		a := w.call("POST", path, documented, as(key)...)
		if a.status != 201 || a.data["reference"] == first.data["reference"] {
			t.Errorf("%s got another account's payment: %s", key, a.body)
		}
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	send := func(body, key string) answer {
		t.Helper()
		return w.call("POST", path, body, as("pk_test_a", "Idempotency-Key", key)...)
	}
	first := send(`{"amount":10.50,"description":"x","metadata":{"a":1,"b":"c"}}`, "k-1")
	again := send(` { "description":"x", "currency":"EUR", "metadata":{"b":"c", "a":1}, "amount":10.5 } `, "k-1")
	if first.status != 201 || again.status != 201 || first.data["reference"] != again.data["reference"] {
		t.Errorf("%d %s\n%d %s", first.status, first.body, again.status, again.body)
	}
	if first.header.Get("Idempotent-Replayed") != "" || again.header.Get("Idempotent-Replayed") != "true" {
		t.Error("the replay is not marked, or the first answer is")
	}
	for _, other := range []string{
		`{"amount":10.51,"description":"x","metadata":{"a":1,"b":"c"}}`,
		`{"amount":10.50,"description":"y","metadata":{"a":1,"b":"c"}}`,
		`{"amount":10.50,"description":"x","metadata":{"a":"1","b":"c"}}`,
		`{"amount":10.50,"description":"x"}`,
		`{"amount":10.50,"description":"x","metadata":{"a":1,"b":"c"},"reference":"r"}`,
		`{"amount":10.50,"description":"x","metadata":{"a":1,"b":"c"},"success_url":"https://a.example"}`,
		`{"amount":10.50,"description":"x","metadata":{"a":1,"b":"c"},"cancel_url":"https://a.example"}`,
		`{"amount":10.50,"description":"x","metadata":{"a":1,"b":"c"},"execution_type":"instant"}`,
	} {
		send(other, "k-1").want(t, 409, "IDEMPOTENCY_CONFLICT", "")
	}
	for _, key := range []string{"", strings.Repeat("k", 256), "é"} {
		send(documented, key).want(t, 400, "VALIDATION_ERROR", "Idempotency-Key must be sent once, with 1 to 255 printable ASCII characters.")
	}
	if a := send(documented, strings.Repeat("k", 255)); a.status != 201 {
		t.Errorf("the longest key: %d %s", a.status, a.body)
	}
}

func TestSlowBackends(t *testing.T) {
	t.Parallel()
	t.Run("only recorded at the deadline", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, 3*time.Second) // time enough for the first reply also on a busy machine
		w.bank.set("recorded", nil)
		a := w.call("POST", path, documented, as("pk_test_a")...)
		if _, hasURL := a.data["payment_url"]; a.status != 201 || a.data["status"] != "pending" || hasURL || a.data["qr_data"] == nil {
			t.Fatalf("%d %s", a.status, a.body)
		}
		w.bank.set("", nil)
		again := w.call("POST", path, documented, as("pk_test_a")...)
		if again.status != 200 || again.data["payment_url"] == nil || again.data["reference"] != a.data["reference"] {
			t.Errorf("the same request later: %d %s", again.status, again.body)
		}
	})
	t.Run("nothing at the deadline", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, 150*time.Millisecond)
		w.bank.set("silent", nil)
		a := w.call("POST", path, documented, as("pk_test_a")...)
		a.want(t, 503, "SERVICE_UNAVAILABLE", "")
		if a.fail.RetryAfter == 0 || a.header.Get("Retry-After") == "" {
			t.Errorf("no hint when to repeat: %s", a.body)
		}
	})
	t.Run("the broker is away", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, 300*time.Millisecond)
		w.bank.bus.NC.Close()
		w.call("POST", path, documented, as("pk_test_a")...).want(t, 503, "SERVICE_UNAVAILABLE", "")
	})
	t.Run("QR comes at the second try", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, 10*time.Second)
		w.qr.fails = 1
		if a := w.call("POST", path, documented, as("pk_test_a")...); a.status != 201 || a.data["qr_data"] == nil {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("QR never comes", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, 10*time.Second)
		w.qr.hang = true
		a := w.call("POST", path, documented, as("pk_test_a")...)
		if qr, present := a.data["qr_data"]; a.status != 201 || !present || qr != nil || a.data["payment_url"] == nil {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}

func TestRefusalOfPayments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	w.bank.set("refuse", &paymentsv1.CommandReply{Stage: paymentsv1.CommandReply_STAGE_REFUSED, ErrorCode: "SERVICE_UNAVAILABLE", ErrorMessage: "Later.", RetryAfter: 7})
	a := w.call("POST", path, documented, as("pk_test_a")...)
	a.want(t, 503, "SERVICE_UNAVAILABLE", "Later.")
	if a.fail.RetryAfter != 7 || a.header.Get("Retry-After") != "7" {
		t.Errorf("%s", a.body)
	}
	w.bank.set("refuse", &paymentsv1.CommandReply{Stage: paymentsv1.CommandReply_STAGE_REFUSED, ErrorCode: "MADE_UP", ErrorMessage: "pq: relation does not exist"})
	a = w.call("POST", path, documented, as("pk_test_a")...)
	a.want(t, 500, "INTERNAL_ERROR", "")
	if strings.Contains(string(a.body), "pq:") {
		t.Errorf("internal text in %s", a.body)
	}
}

func TestMetadataIsKeptByteForByte(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	sent := `{ "z": "é\u00e9 <b>&", "a" : 1.10, "big": 12345678901234567890, "ok": true }`
	a := w.call("POST", path, `{"amount":1,"description":"x","metadata":`+sent+`}`, as("pk_test_a")...)
	want := `"metadata":{"z":"é\u00e9 <b>&","a":1.10,"big":12345678901234567890,"ok":true}`
	if !strings.Contains(string(a.body), want) {
		t.Errorf("got %s\nwant %s", a.body, want)
	}
	if got := string(w.bank.commands()[0].(*paymentsv1.CreatePayment).GetMetadataJson()); `"metadata":`+got != want {
		t.Errorf("command has %s", got)
	}
}

// refused is every kind of invalid value with its message.
var refused = []struct{ field, value, message string }{
	{"amount", `"29.99"`, "amount must be a number, not a string."},
	{"amount", `-1`, "amount must be between 0.01 and 10000.00."},
	{"amount", `-0`, "amount must be between 0.01 and 10000.00."},
	{"amount", `0`, "amount must be between 0.01 and 10000.00."},
	{"amount", `0.00`, "amount must be between 0.01 and 10000.00."},
	{"amount", `10000.01`, "amount must be between 0.01 and 10000.00."},
	{"amount", `29.999`, "amount must have at most two decimals."},
	{"amount", `29.990`, "amount must have at most two decimals."},
	{"amount", `1e2`, "amount must be written without an exponent."},
	{"amount", `1E400`, "amount must be written without an exponent."},
	{"amount", `1` + strings.Repeat("0", 400), "amount is out of range."},
	{"amount", `null`, "amount is required."},
	{"amount", `true`, "amount must be a number."},
	{"amount", `[1]`, "amount must be a number."},
	{"amount", `{"value":1}`, "amount must be a number."},
	{"currency", `"USD"`, "currency must be EUR."},
	{"currency", `"eur"`, "currency must be EUR."},
	{"currency", `978`, "currency must be a string."},
	{"description", `""`, "description is required."},
	{"description", `"  "`, "description is required."},
	{"description", `null`, "description is required."},
	{"description", `["x"]`, "description must be a string."},
	{"description", `"` + strings.Repeat("é", 501) + `"`, "description must have at most 500 characters."},
	{"description", `"a\u0000b"`, "description must not contain control characters or line breaks."},
	{"description", `"a\nb"`, "description must not contain control characters or line breaks."},
	{"description", `"a\u202eb"`, "description must not contain control characters or line breaks."},
	{"description", `"a\ud800"`, "description holds a character that is not valid Unicode."},
	{"reference", `" a"`, "reference must have 1 to 64 characters and no space at its ends."},
	{"reference", `"` + strings.Repeat("r", 65) + `"`, "reference must have 1 to 64 characters and no space at its ends."},
	{"reference", `"a\tb"`, "reference must not contain control characters or line breaks."},
	{"reference", `1042`, "reference must be a string."},
	{"success_url", `"javascript:alert(1)"`, "success_url must be an absolute http or https URL."},
	{"success_url", `"JavaScript://a.example/%0aalert(1)"`, "success_url must be an absolute http or https URL."},
	{"success_url", `"data:text/html,x"`, "success_url must be an absolute http or https URL."},
	{"success_url", `"/success"`, "success_url must be an absolute http or https URL."},
	{"success_url", `"//a.example/"`, "success_url must be an absolute http or https URL."},
	{"success_url", `"https:a.example"`, "success_url must be an absolute http or https URL."},
	{"success_url", `"https://"`, "success_url must be an absolute http or https URL."},
	{"success_url", `"https://:443/"`, "success_url must be an absolute http or https URL."},
	{"success_url", `"https://a.example\\@b.example"`, "success_url must be an absolute http or https URL."},
	{"success_url", `"https://a.example/\r\nSet-Cookie: a=b"`, "success_url must be an absolute http or https URL."},
	{"success_url", `" https://a.example"`, "success_url must be an absolute http or https URL."},
	{"success_url", `"https://münchen.example"`, "success_url must be an absolute http or https URL."},
	{"success_url", `"https://user:pw@a.example"`, "success_url must not contain a user name or password."},
	{"success_url", `"https://a.example/` + strings.Repeat("a", 2048) + `"`, "success_url must have at most 2048 characters."},
	{"cancel_url", `"ftp://a.example"`, "cancel_url must be an absolute http or https URL."},
	{"cancel_url", `7`, "cancel_url must be a string."},
	{"metadata", `[]`, "metadata must be an object."},
	{"metadata", `"x"`, "metadata must be an object."},
	{"metadata", manyKeys(21), "metadata must have at most 20 keys."},
	{"metadata", `{"":1}`, "metadata must have keys of 1 to 40 characters without control characters."},
	{"metadata", `{"` + strings.Repeat("k", 41) + `":1}`, "metadata must have keys of 1 to 40 characters without control characters."},
	{"metadata.a", `{"a":{"b":1}}`, "metadata.a must be a string, a number, true or false."},
	{"metadata.a", `{"a":[1]}`, "metadata.a must be a string, a number, true or false."},
	{"metadata.a", `{"a":null}`, "metadata.a must be a string, a number, true or false."},
	{"metadata.a", `{"a":"` + strings.Repeat("v", 501) + `"}`, "metadata.a must have at most 500 characters."},
	{"metadata.a", `{"a":"\u0000"}`, "metadata.a must not contain control characters."},
	{"metadata.a", `{"a":1e999}`, "metadata.a is out of range."},
	{"metadata.a", `{"a":1,"a":2}`, "metadata.a is given more than once."},
	{"metadata", bigMetadata(), "metadata must have at most 8192 bytes."},
	{"execution_type", `"tomorrow"`, "execution_type must be instant, first_open_day or deferred."},
	{"execution_date", `"2026-07-01"`, "execution_date must be given with execution_type deferred, and only then."},
	{"Amount", `1`, "Amount is not a known field."},
	{"ammount", `1`, "ammount is not a known field."},
	{"webhook_url", `"https://a.example"`, "webhook_url is not a known field."},
}

func manyKeys(n int) string {
	m := map[string]int{}
	for i := range n {
		m[fmt.Sprint("k", i)] = i
	}
	b, _ := json.Marshal(m)
	return string(b)
}

func bigMetadata() string {
	m := map[string]string{}
	for i := range 17 {
		m[fmt.Sprint("k", i)] = strings.Repeat("v", 490)
	}
	b, _ := json.Marshal(m)
	return string(b)
}

func TestRefusedValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	for _, r := range refused {
		name, _, _ := strings.Cut(r.field, ".")
		fields := map[string]json.RawMessage{"amount": json.RawMessage("1"), "description": json.RawMessage(`"x"`)}
		delete(fields, name)
		parts := []string{`"` + name + `":` + r.value}
		for k, v := range fields {
			parts = append(parts, `"`+k+`":`+string(v))
		}
		a := w.call("POST", path, "{"+strings.Join(parts, ",")+"}", as("pk_test_a")...)
		a.want(t, 400, "VALIDATION_ERROR", r.message)
		if len(a.fail.Errors) != 1 || a.fail.Errors[0].Field != r.field || a.fail.Errors[0].Message != r.message {
			t.Errorf("%s=%.60s: errors %v", name, r.value, a.fail.Errors)
		}
	}
	if n := len(w.bank.commands()); n != 0 {
		t.Errorf("%d refused requests became commands", n)
	}
}

func TestRefusedBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	for _, c := range []struct {
		body, message string
		status        int
		code          string
	}{
		{`{"amount":1,`, "The body is not valid JSON (at byte 12).", 400, "VALIDATION_ERROR"},
		{`{"amount":NaN,"description":"x"}`, "", 400, "VALIDATION_ERROR"},
		{`{"amount":Infinity,"description":"x"}`, "", 400, "VALIDATION_ERROR"},
		{`{"amount":01,"description":"x"}`, "", 400, "VALIDATION_ERROR"},
		{`{"amount":1,"description":"x"}{}`, "", 400, "VALIDATION_ERROR"},
		{`{"amount":1,"description":"x"} x`, "", 400, "VALIDATION_ERROR"},
		{"\ufeff" + `{"amount":1,"description":"x"}`, "", 400, "VALIDATION_ERROR"},
		{`[]`, "The body must be an object.", 400, "VALIDATION_ERROR"},
		{`null`, "The body must be an object.", 400, "VALIDATION_ERROR"},
		{`"x"`, "The body must be an object.", 400, "VALIDATION_ERROR"},
		{`7`, "The body must be an object.", 400, "VALIDATION_ERROR"},
		{" ", "", 400, "VALIDATION_ERROR"},
		{"{\"amount\":1,\"description\":\"\xff\"}", "The body is not valid UTF-8.", 400, "VALIDATION_ERROR"},
		{`{"amount":1,"amount":2,"description":"x"}`, "amount is given more than once.", 400, "VALIDATION_ERROR"},
		{`{"amount":1,"description":"x","metadata":` + strings.Repeat("[", 30000) + strings.Repeat("]", 30000) + `}`, "", 400, "VALIDATION_ERROR"},
		{`{"amount":1,"description":"` + strings.Repeat("x", 10<<20) + `"}`, "The body is larger than 64 KiB.", 413, "PAYLOAD_TOO_LARGE"},
	} {
		w.call("POST", path, c.body, as("pk_test_a")...).want(t, c.status, c.code, c.message)
	}
	w.call("POST", path, "", as("pk_test_a")...).want(t, 400, "VALIDATION_ERROR", "The body is empty: send a JSON object.")
	w.call("POST", path, documented, as("pk_test_a", "Content-Type", "text/plain")...).want(t, 415, "UNSUPPORTED_MEDIA_TYPE", "")
	w.call("POST", path, documented, as("pk_test_a", "Content-Type", "application/x-www-form-urlencoded")...).want(t, 415, "UNSUPPORTED_MEDIA_TYPE", "")
	w.call("POST", path, documented, as("pk_test_a", "Content-Encoding", "gzip")...).want(t, 415, "UNSUPPORTED_MEDIA_TYPE", "")
	a := w.call("POST", path, `{}`, as("pk_test_a")...)
	if len(a.fail.Errors) != 2 || a.fail.Errors[0].Field != "amount" || a.fail.Errors[1].Field != "description" {
		t.Errorf("not every missing field is named: %s", a.body)
	}
}

func TestAcceptedEdges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	for _, body := range []string{
		`{"amount":0.01,"description":"x"}`,
		`{"amount":10000,"description":"x"}`,
		`{"amount":10000.00,"description":"x"}`,
		`{"amount":1,"description":"` + strings.Repeat("é", 500) + `"}`,
		`{"amount":1,"description":"x","reference":"` + strings.Repeat("r", 64) + `"}`,
		`{"amount":1,"description":"x","metadata":{}}`,
		`{"amount":1,"description":"x","metadata":` + manyKeys(20) + `}`,
		`{"amount":1,"description":"x","success_url":"http://localhost:3000/ok?a=b#done"}`,
		`{"amount":1,"description":"x","execution_type":"deferred","execution_date":"2026-06-18"}`,
		`{"amount":1,"description":"x","execution_type":"first_open_day"}`,
	} {
		if a := w.call("POST", path, body, as("pk_test_a", "Content-Type", "application/json; charset=UTF-8")...); a.status != 201 {
			t.Errorf("%.80s: %d %s", body, a.status, a.body)
		}
	}
	for date, ok := range map[string]bool{"2026-06-17": false, "2026-06-31": false, "2027-06-18": true, "2027-06-19": false, "18/06/2026": false} {
		a := w.call("POST", path, `{"amount":1,"description":"x","execution_type":"deferred","execution_date":"`+date+`"}`, as("pk_test_a")...)
		if (a.status == 201) != ok {
			t.Errorf("%s: %d %s", date, a.status, a.body)
		}
	}
	w.call("POST", path, `{"amount":1,"description":"x","cancel_url":"http://a.example"}`, as("pk_live_a")...).
		want(t, 400, "VALIDATION_ERROR", "cancel_url must use https in live mode.")
}
