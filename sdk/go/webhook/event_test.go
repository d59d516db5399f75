package webhook

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
)

func TestAnEventIsVerifiedAndRead(t *testing.T) {
	t.Parallel()
	v := vectors(t)[0]
	e, err := construct(v.Secret, v.header(), []byte(v.Body), time.Unix(v.Now, 0))
	if err != nil {
		t.Fatal(err)
	}
	if e.ID != "0197ddd1-2a10-7c3e-9f61-5b0c8a4e7d12" || e.Type != PaymentCompleted || e.Sequence != 3 || !e.Timestamp.Equal(time.Date(2026, 6, 17, 12, 25, 30, 0, time.UTC)) {
		t.Errorf("%+v", e)
	}
	p, ok := e.Data.(*Payment)
	if !ok || p.Reference != "PAY-20260617-0B25921FB72918ED" || p.Amount != 2999 || p.Status != eupay.PaymentCompleted || p.MerchantReference != "ORDER-1042" {
		t.Errorf("%#v", e.Data)
	}
	if _, err := construct(v.Secret, v.header(), append([]byte(v.Body), ' '), time.Unix(v.Now, 0)); !errors.Is(err, ErrSignature) {
		t.Errorf("another body: %v", err)
	}
	if _, err := ConstructEvent(v.Secret, v.header(), []byte(v.Body)); !errors.Is(err, ErrTimestamp) {
		t.Errorf("years later: %v", err)
	}
}

func TestWhatAnEventIsAbout(t *testing.T) {
	t.Parallel()
	parse := func(event, data string) any {
		e, err := Parse([]byte(`{"event":"` + event + `","timestamp":"2026-06-17T12:25:30Z","sequence":1,"data":` + data + `}`))
		if err != nil || string(e.Raw) != data {
			t.Errorf("%s: %+v, %v", event, e, err)
			return nil
		}
		return e.Data
	}
	if p, ok := parse("payment.refunded", `{"refund_amount":1.5,"metadata":{"n":0.10}}`).(*Payment); !ok || p.RefundAmount != 150 || p.Metadata["n"] == 0.1 {
		t.Errorf("payment.refunded: %+v", p)
	}
	if p, ok := parse("refund.completed", `{"original_reference":"PAY-1","merchant_reference":null}`).(*Payment); !ok || p.OriginalReference != "PAY-1" {
		t.Errorf("refund.completed: %+v", p)
	}
	if o, ok := parse("order.ready", `{"order_id":"o","items":[{"name":"Thé","quantity":2,"total":7}]}`).(*Order); !ok || o.Items[0].Total != 700 {
		t.Errorf("order.ready: %+v", o)
	}
	if i, ok := parse("invoice.failed", `{"lifecycle":{"code":213,"label":"Rejetée","reason":"x"}}`).(*Invoice); !ok || i.Lifecycle.Code != 213 || i.Lifecycle.Reason != "x" {
		t.Errorf("invoice.failed: %+v", i)
	}
	if i, ok := parse("invoice.answered", `{"status":"approved","total_ttc":12.5,"answer":{"code":205,"state":"sending"}}`).(*ReceivedInvoice); !ok ||
		i.Status != eupay.ReceivedApproved || i.TotalTTC != 1250 || i.Answer.Code != 205 {
		t.Errorf("invoice.answered: %+v", i)
	}
	if e, ok := parse("webhook_endpoint.failing", `{"endpoint_id":"e","failing_since":null}`).(*Endpoint); !ok || e.EndpointID != "e" || !e.FailingSince.IsZero() {
		t.Errorf("webhook_endpoint.failing: %+v", e)
	}
	if about := parse("voucher.renewed", `[1]`); about != nil {
		t.Errorf("a type of tomorrow: %#v", about)
	}
	for _, wrong := range []string{"", "[]", `{"event":"payment.failed","data":{"amount":1.001}}`, `{"event":"payment.failed","data":5}`} {
		if e, err := Parse([]byte(wrong)); err == nil {
			t.Errorf("%s: %+v", wrong, e)
		}
	}
}

func TestTheHandlerAnswers(t *testing.T) {
	t.Parallel()
	v := vectors(t)[0]
	var acted []string
	fails := false
	h := handler(v.Secret, func(_ context.Context, e *Event) error {
		acted = append(acted, e.ID)
		if fails {
			return errors.New("no")
		}
		return nil
	}, func() time.Time { return time.Unix(v.Now, 0) })
	send := func(body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/hook", strings.NewReader(body))
		r.Header = v.header()
		if len(body) > maxBody { // it is signed well
			key, err := Key(v.Secret)
			if err != nil {
				t.Fatal(err)
			}
			signed := sum(key, []byte(r.Header.Get("webhook-id")+"."+r.Header.Get("webhook-timestamp")+"."+body))
			r.Header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(signed))
			r.Header.Del("X-EuPay-Signature")
		}
		r.Header.Set("EuPay-Challenge", "c-1")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	if w := send(v.Body); w.Code != http.StatusOK || w.Header().Get("EuPay-Challenge") != "c-1" || len(acted) != 1 {
		t.Errorf("%d %v, acted on %v", w.Code, w.Header(), acted)
	}
	for _, body := range []string{v.Body + " ", "", v.Body + strings.Repeat(" ", maxBody)} {
		if w := send(body); w.Code != http.StatusBadRequest || w.Header().Get("EuPay-Challenge") != "" || len(acted) != 1 {
			t.Errorf("a body of %d bytes: %d, acted on %v", len(body), w.Code, acted)
		}
	}
	fails = true
	if w := send(v.Body); w.Code != http.StatusInternalServerError {
		t.Errorf("an act that fails: %d", w.Code)
	}
}
