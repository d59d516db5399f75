package paymentapi

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

const payRef = "PAY-20260617-0B25921FB72918ED"

func completed() *paymentsv1.Payment {
	return &paymentsv1.Payment{
		Reference: payRef, Kind: "payment", MerchantId: "m-shop", MerchantName: "My Store", AmountCents: 2999, Currency: "EUR", Status: "completed",
		Sequence: 3, Description: "Order #1042", MerchantReference: "ORDER-1042", SuccessUrl: "https://a.example/?a=1&b=2", MetadataJson: []byte(`{"a":1.10}`),
		PaymentUrl: "https://bank.example", AmountRefundedCents: 1000, ExecutionType: "instant",
		CreatedAt: timestamppb.New(createdAt), UpdatedAt: timestamppb.New(createdAt.Add(time.Minute)), CompletedAt: timestamppb.New(createdAt.Add(time.Minute)),
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	w.reads.put(completed())
	a := w.call("GET", path+"/"+payRef, "", as("pk_test_a")...)
	want := `{"success":true,"data":{"reference":"` + payRef + `","amount":29.99,"currency":"EUR","status":"completed","payment_url":"https://bank.example",` +
		`"created_at":"2026-06-17T12:20:20.979Z","merchant_reference":"ORDER-1042","description":"Order #1042","livemode":false,` +
		`"success_url":"https://a.example/?a=1&b=2","metadata":{"a":1.10},"execution_type":"instant","amount_refunded":10,"sequence":3,` +
		`"updated_at":"2026-06-17T12:21:20.979Z","completed_at":"2026-06-17T12:21:20.979Z"}}` + "\n"
	if a.status != 200 || string(a.body) != want {
		t.Errorf("got  %s\nwant %s", a.body, want)
	}
	if a.header.Get("Cache-Control") != "no-store" {
		t.Error("a payment may be cached")
	}
	calls := w.reads.calls
	for _, ref := range []string{"x", "pay-20260617-0b25921fb72918ed", payRef + "0", "PAY-20260617-0B25921FB72918E%2F", "PAY-20260617-0B25921FB72918E'", "ORDER-1042"} {
		w.call("GET", path+"/"+ref, "", as("pk_test_a")...).want(t, 404, "NOT_FOUND", "Payment not found.")
	}
	if w.reads.calls != calls {
		t.Error("a malformed reference was asked for")
	}
	head := w.call("HEAD", path+"/"+payRef, "", as("pk_test_a")...)
	if head.status != 200 || len(head.body) != 0 || head.header.Get("Content-Length") != strconv.Itoa(len(want)) {
		t.Errorf("HEAD: %d %v %q", head.status, head.header, head.body)
	}
}

func TestAnUnreachableBackend(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	w.reads.err = errs.New(errs.Unavailable, "Later.")
	w.call("GET", path+"/"+payRef, "", as("pk_test_a")...).want(t, 503, "SERVICE_UNAVAILABLE", "Later.")
	w.reads.err = http.ErrBodyNotAllowed
	a := w.call("GET", path+"/"+payRef, "", as("pk_test_a")...)
	a.want(t, 500, "INTERNAL_ERROR", "")
	if bytes.Contains(a.body, []byte("http:")) {
		t.Errorf("internal text in %s", a.body)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	a := w.call("GET", path, "", as("pk_test_a")...)
	if want := `{"success":true,"data":[],"pagination":{"page":1,"limit":20,"total":41,"pages":3}}` + "\n"; string(a.body) != want {
		t.Errorf("got %s, want %s", a.body, want)
	}
	w.reads.put(completed())
	a = w.call("GET", path+"?page=3&limit=10&status=refunded&from=2026-06-17T12:00:00%2B02:00", "", as("pk_test_a")...)
	q := w.reads.lists[1]
	if len(a.list) != 1 || q.GetPage() != 3 || q.GetLimit() != 10 || q.GetStatus() != "refunded" || q.GetMerchantId() != "m-shop" || q.GetLivemode() {
		t.Errorf("%s, asked %v", a.body, q)
	}
	if got := q.GetCreatedFrom().AsTime(); !got.Equal(time.Date(2026, 6, 17, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("from %v", got)
	}
	for query, field := range map[string]string{
		"page=0": "page", "page=-1": "page", "page=x": "page", "page=": "page", "page=1.5": "page", "page=99999999999999999999": "page",
		"limit=0": "limit", "limit=101": "limit", "limit=1e1": "limit", "status=done": "status", "status=": "status", "status=PENDING": "status",
		"from=yesterday": "from", "from=": "from", "from=2026-13-01": "from", "from=0001-01-01": "from",
	} {
		a := w.call("GET", path+"?"+query, "", as("pk_test_a")...)
		a.want(t, 400, "VALIDATION_ERROR", "")
		if len(a.fail.Errors) != 1 || a.fail.Errors[0].Field != field {
			t.Errorf("%s: %s", query, a.body)
		}
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	w.reads.put(completed())
	a := w.call("GET", path+"/"+payRef+"/history", "", as("pk_test_a")...)
	want := `{"success":true,"data":[{"sequence":1,"status":"pending","cause":"api","occurred_at":"2026-06-17T12:20:20.979Z"},` +
		`{"sequence":2,"status":"failed","from_status":"pending","detail":"refused_by_provider","failure_code":"insufficient_funds","cause":"provider","bank_state":"rejected","occurred_at":"2026-06-17T12:20:20.979Z"}]}` + "\n"
	if string(a.body) != want {
		t.Errorf("got  %s\nwant %s", a.body, want)
	}
}

func TestPublicStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	w.reads.put(completed())
	url := path + "/" + payRef + "/status"
	a := w.call("GET", url, "", "Origin", "https://shop.example")
	if want := `{"success":true,"data":{"reference":"` + payRef + `","status":"completed","amount":29.99,"currency":"EUR"}}` + "\n"; string(a.body) != want {
		t.Errorf("got %s, want %s", a.body, want)
	}
	if a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("CORS headers %v", a.header)
	}
	if o := w.call("OPTIONS", url, "", "Origin", "https://shop.example", "Access-Control-Request-Method", "GET"); o.status != 204 || o.header.Get("Access-Control-Allow-Methods") != "GET" ||
		!strings.Contains(o.header.Get("Access-Control-Allow-Headers"), "Authorization, Cache-Control") {
		t.Errorf("preflight: %d %v", o.status, o.header)
	}
	calls := w.reads.calls
	unknown := w.call("GET", path+"/"+unknownRef+"/status", "")
	malformed := w.call("GET", path+"/nonsense/status", "")
	if string(unknown.body) != string(malformed.body) || malformed.status != 404 || w.reads.calls != calls+1 {
		t.Errorf("malformed: %s, unknown: %s, %d backend calls", malformed.body, unknown.body, w.reads.calls-calls)
	}
	for range 27 {
		w.call("GET", url, "")
	}
	a = w.call("GET", url, "", "X-Forwarded-For", "198.51.100.9")
	a.want(t, 429, "RATE_LIMIT_EXCEEDED", "")
	if a.fail.RetryAfter != 60 || a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("a page cannot read why it was refused: %s %v", a.body, a.header)
	}
	if b := w.call("GET", path+"/"+payRef, "", as("pk_test_a")...); b.status != 200 || b.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("the public limit or CORS reaches authenticated endpoints: %d", b.status)
	}
}

func TestRefund(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	url := path + "/" + payRef + "/refund"
	a := w.call("POST", url, `{"amount": 10.00}`, as("pk_test_a", "Idempotency-Key", "r1")...)
	if a.status != 201 || a.data["original_reference"] != payRef || a.data["amount"] != 10.0 || a.data["status"] != "pending_sca" || a.data["payment_url"] != "https://bank.example/refund" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if _, has := a.data["qr_data"]; has || a.data["reference"].(string)[:13] != "REF-20260617-" {
		t.Errorf("%s", a.body)
	}
	w.call("POST", url, "", as("pk_test_a")...)
	w.call("POST", url, "{}", as("pk_test_a")...)
	w.call("POST", path+"/"+unknownRef+"/refund", `{"amount": 10.00}`, as("pk_test_a", "Idempotency-Key", "r1")...)
	sent := w.bank.commands()
	first, all, other := sent[0].(*paymentsv1.RefundPayment), sent[1].(*paymentsv1.RefundPayment), sent[3].(*paymentsv1.RefundPayment)
	if first.GetAmountCents() != 1000 || first.GetMerchantId() != "m-shop" || first.GetIdempotencyKey() != "r1" || all.GetAmountCents() != 0 {
		t.Errorf("commands %v, %v", first, all)
	}
	if bytes.Equal(first.GetFingerprint(), other.GetFingerprint()) || bytes.Equal(first.GetFingerprint(), all.GetFingerprint()) {
		t.Error("the refund of another payment or amount has the same fingerprint")
	}
	for body, message := range map[string]string{
		`{"amount":0}`:                 "amount must be between 0.01 and 10000.00.",
		`{"amount":-1}`:                "amount must be between 0.01 and 10000.00.",
		`{"amount":"10"}`:              "amount must be a number, not a string.",
		`{"amount":1.001}`:             "amount must have at most two decimals.",
		`{"amount":1,"reason":"late"}`: "reason is not a known field.",
		`[]`:                           "The body must be an object.",
	} {
		w.call("POST", url, body, as("pk_test_a")...).want(t, 400, "VALIDATION_ERROR", message)
	}
	w.call("POST", path+"/nonsense/refund", "", as("pk_test_a")...).want(t, 404, "NOT_FOUND", "Payment not found.")
}

func TestRefusedRefundAndCancel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	for code, status := range map[errs.Code]int{errs.RefundExceeds: 409, errs.InvalidState: 409, errs.NotFoundCode: 404, errs.CancelNotSupported: 409} {
		w.bank.set("refuse", &paymentsv1.CommandReply{Stage: paymentsv1.CommandReply_STAGE_REFUSED, ErrorCode: string(code), ErrorMessage: "No."})
		w.call("POST", path+"/"+payRef+"/refund", "", as("pk_test_a")...).want(t, status, string(code), "No.")
		w.call("POST", path+"/"+payRef+"/cancel", "", as("pk_test_a")...).want(t, status, string(code), "No.")
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	w.reads.put(completed()).CancelRequested = true
	a := w.call("POST", path+"/"+payRef+"/cancel", "", as("pk_test_a")...)
	if a.status != 200 || a.data["authorisation_url"] != "https://bank.example/cancel" || a.data["cancel_requested"] != true || a.data["reference"] != payRef {
		t.Errorf("%d %s", a.status, a.body)
	}
	w.call("POST", path+"/"+payRef+"/cancel", `{"reason":"x"}`, as("pk_test_a")...).want(t, 400, "VALIDATION_ERROR", "reason is not a known field.")
}
