package seqino

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

const lifecycle = "GET /lifecycle-events?object_id=inv_1&object_type=invoice"

func TestLifecycle(t *testing.T) {
	t.Parallel()
	c := talk(t, exchange{want: lifecycle, answer: answering(200, `{"items":[
		{"id":"e2","status_code":"InvoiceLifecycleStatus.REJECTED","timestamp":"2026-11-21T11:00:00+01:00","emitter":"PPF","reason":"Sommes\nfausses","rejection_reason":"CALCUL_ERR","is_mandatory":true},
		{"id":"e1","status_code":"DEPOSITED","timestamp":"2026-11-21T09:00:00.5Z","emitter":"PDPE","is_mandatory":true},
		{"id":"e3","status_code":"FLOW_FROM_MARS","timestamp":"2026-11-21T10:00:00Z"},
		{"id":"e4","status_code":205,"timestamp":"2026-11-21T10:00:00Z","emitter":"BUYER","reason":null}]}`)})
	got, err := c.Lifecycle(t.Context(), client1, "inv_1")
	want := []platform.Event{
		{ID: "e1", Code: 200, At: time.Date(2026, 11, 21, 9, 0, 0, 5e8, time.UTC), Emitter: "PDPE"},
		{ID: "e2", Code: 213, At: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC), Emitter: "PPF", ReasonCode: "CALCUL_ERR", Reason: "Sommes fausses"},
		{ID: "e4", Code: 205, At: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC), Emitter: "BUYER"},
	}
	if err != nil || len(got) != len(want) {
		t.Fatalf("got %+v, %v", got, err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
}

func TestEveryLifecycleNameHasItsCode(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]int{
		"DEPOSITED": 200, "TRANSMITTED_BY_PLATFORM": 201, "RECEIVED_BY_PLATFORM": 202, "MADE_AVAILABLE": 203, "ACKNOWLEDGED": 204,
		"APPROVED": 205, "PARTIALLY_APPROVED": 206, "IN_DISPUTE": 207, "SUSPENDED": 208, "COMPLETED": 209, "REFUSED": 210,
		"PAYMENT_TRANSMITTED": 211, "COLLECTED": 212, "REJECTED": 213, "213": 213, "214": 0, "199": 0, "": 0, "deposited": 0,
	} {
		if got, known := lifecycleCode(word); got != want || known != (want != 0) {
			t.Errorf("%q is %d, %t", word, got, known)
		}
	}
}

func TestALifecycleThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	for body, class := range map[string]Class{
		`{}`: Unexpected, `[]`: Unexpected, `{"items":[{"id":"e1","status_code":"DEPOSITED","timestamp":"yesterday"}]}`: Unexpected,
		`{"items":[{"status_code":"DEPOSITED","timestamp":"2026-11-21T09:00:00Z"}]}`: Unexpected, `{"items":[{"status_code":{}}]}`: Unexpected,
	} {
		_, err := talk(t, exchange{want: lifecycle, answer: answering(200, body)}).Lifecycle(t.Context(), client1, "inv_1")
		var e *Error
		if !errors.As(err, &e) || e.Class != class {
			t.Errorf("%s: got %v", body, err)
		}
	}
	c := talk(t, exchange{want: lifecycle, answer: answering(404, ``)})
	if _, err := c.Lifecycle(t.Context(), client1, "inv_1"); !errors.Is(err, platform.ErrNotFound) {
		t.Errorf("a document that is not there: %v", err)
	}
}

func sending(contentType string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Write(body)
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	const want = "GET /invoicing/files/inv_1?format=factur-x"
	pdf := append([]byte("%PDF-1.7"), bytes.Repeat([]byte{0}, maxAnswer)...) // larger than any JSON may be
	got, err := talk(t, exchange{want: want, answer: sending("application/pdf; x=y", pdf)}).File(t.Context(), client1, "inv_1")
	if err != nil || !bytes.Equal(got, pdf) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	if _, err := talk(t, exchange{want: want, answer: answering(404, ``)}).File(t.Context(), client1, "inv_1"); !errors.Is(err, platform.ErrNotFound) {
		t.Errorf("no file: %v", err)
	}
	if _, err := talk(t).File(t.Context(), client1, "../drafts"); !errors.Is(err, platform.ErrNotFound) {
		t.Errorf("no id: %v", err)
	}
	for name, answer := range map[string]http.HandlerFunc{
		"HTML": sending("text/html", []byte("%PDF-")), "no PDF": sending("application/pdf", []byte("<html>")), "empty": sending("application/pdf", nil),
		"too large": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/pdf")
			io.WriteString(w, "%PDF-")
			io.CopyN(w, zeros{}, maxFile)
		},
		"cut": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/pdf")
			cut(w, r)
		},
	} {
		if got, err := talk(t, exchange{want: want, answer: answer}).File(t.Context(), client1, "inv_1"); err == nil || got != nil {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
