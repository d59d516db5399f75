package eupay

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestAnErrorIsTold(t *testing.T) {
	t.Parallel()
	s := serve(t, says(400, `{"success":false,"code":"VALIDATION_ERROR","message":"Two things.","errors":[{"field":"amount","message":"Too much."},{"field":"x","message":"Unknown."}]}`, "X-Request-Id", "r-1"))
	_, err := s.client(Options{}).Payments.Create(t.Context(), PaymentParams{})
	var refused *Error
	if !errors.As(err, &refused) || !errors.Is(err, ErrValidation) || errors.Is(err, ErrNotFound) || refused.Temporary() {
		t.Fatalf("%#v", err)
	}
	if refused.Status != 400 || refused.RequestID != "r-1" || len(refused.Fields) != 2 || refused.Fields[0] != (FieldError{"amount", "Too much."}) {
		t.Errorf("%+v", refused)
	}
	if text := err.Error(); text != "Two things. Too much. Unknown. (400 VALIDATION_ERROR, request r-1)" {
		t.Errorf("it says %s", text)
	}
}

func TestWhatOnlySomeErrorsHave(t *testing.T) {
	t.Parallel()
	var refused *Error
	s := serve(t, says(409, `{"success":false,"code":"TOTAL_CHANGED","message":"No.","total":7.5,"action":"Enroll","new":1}`))
	if _, err := s.client(Options{}).Menus.Order(t.Context(), "m", "t", OrderParams{}); !errors.As(err, &refused) || refused.Total != 750 || refused.Action != "Enroll" {
		t.Errorf("%+v", err)
	}
}

func TestAnAnswerThatIsNotEUPaysIsSaidToBeNone(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"<html>Bad Gateway</html>", "", "{}", "[]", `{"code":5}`} {
		var refused *Error
		s := serve(t, says(404, body))
		_, err := s.client(Options{}).Payments.Get(t.Context(), "PAY-1")
		if !errors.As(err, &refused) || refused.Code != "" || refused.Status != 404 || !strings.Contains(err.Error(), "is it EU Pay?") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestAnswersThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"no JSON": "<html>", "cut off": paid[:40], "another type": `{"data":[]}`, "a float": `{"data":{"amount":1.005}}`} {
		s := serve(t, says(200, body))
		if p, err := s.client(Options{}).Payments.Get(t.Context(), "PAY-1"); err == nil || len(s.requests()) != 1 {
			t.Errorf("%s: %+v after %d requests", name, p, len(s.requests()))
		}
	}
}

func TestAnAnswerWithoutEndIsNotRead(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for chunk := strings.Repeat("x", 1<<20); ; {
			if _, err := io.WriteString(w, chunk); err != nil {
				return // the client has gone
			}
		}
	})
	if _, err := s.client(Options{}).Invoices.PDF(t.Context(), "INV-1"); !errors.Is(err, ErrTooLarge) || len(s.requests()) != 1 {
		t.Errorf("%v after %d requests", err, len(s.requests()))
	}
}

// TestAnAnswerThatBreaksOffIsAskedForAgain: nobody knows what was in it.
func TestAnAnswerThatBreaksOffIsAskedForAgain(t *testing.T) {
	t.Parallel()
	s := serve(t, says(200, paid, "Content-Length", "5000"), says(200, paid))
	if p, err := s.client(Options{}).Payments.Get(t.Context(), "PAY-1"); err != nil || p.Reference != "PAY-1" || len(s.requests()) != 2 {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestAFileKeepsItsNameAndType(t *testing.T) {
	t.Parallel()
	s := serve(t, says(200, "%PDF-", "Content-Type", "application/pdf", "Content-Disposition", `attachment; filename="facturx-INV-1.pdf"`))
	f, err := s.client(Options{}).Invoices.PDF(t.Context(), "INV-1")
	if err != nil || f.Name != "facturx-INV-1.pdf" || f.ContentType != "application/pdf" || string(f.Data) != "%PDF-" {
		t.Errorf("%+v, %v", f, err)
	}
	s = serve(t, says(204, ""))
	if err := s.client(Options{}).WithToken("t").Merchant.SetLogo(t.Context(), File{ContentType: "image/png", Data: []byte("\x89PNG")}); err != nil {
		t.Fatal(err)
	}
	if got := s.requests()[0]; got.method != http.MethodPut || got.header.Get("Content-Type") != "image/png" || got.body != "\x89PNG" {
		t.Errorf("%+v", got)
	}
}

func TestMetadataKeepsItsDigits(t *testing.T) {
	t.Parallel()
	s := serve(t, says(200, `{"data":{"reference":"PAY-1","metadata":{"n":12345678901234567890.10,"t":"x","b":true}}}`))
	p, err := s.client(Options{}).Payments.Get(t.Context(), "PAY-1")
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := p.Metadata["n"].(interface{ String() string }); !ok || n.String() != "12345678901234567890.10" || p.Metadata["b"] != true {
		t.Errorf("%#v", p.Metadata)
	}
}

// TestANumberThatWasForgottenIsNotZero: an invoice without a rate is refused, not issued at 0 %.
func TestANumberThatWasForgottenIsNotZero(t *testing.T) {
	t.Parallel()
	s := serve(t, says(201, "{}"))
	c := s.client(Options{})
	if _, err := c.Invoices.Create(t.Context(), InvoiceParams{CustomerName: "x", Items: []InvoiceItem{{ProductName: "y", UnitPriceTTC: 1}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Offers.Create(t.Context(), OfferParams{Name: "x"}); err != nil {
		t.Fatal(err)
	}
	for _, r := range s.requests() {
		for _, name := range []string{"quantity", "vat_rate", "value"} {
			if strings.Contains(r.body, name) {
				t.Errorf("%s has %s", r.body, name)
			}
		}
	}
}
