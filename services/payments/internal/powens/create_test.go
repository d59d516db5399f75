package powens

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

const created = `{"id":42,"state":"created","error_code":null,"error_description":null}`

func order() CreateRequest {
	return CreateRequest{
		ReferenceID: "PAY-20260617-0123456789ABCDEF", State: "PAY-20260617-0123456789ABCDEF", Amount: 5090, Currency: "EUR", Label: "Order <1> & 2",
		ExecutionType:       Instant,
		Beneficiary:         Account{IBAN: iban, Label: "ACME Corp."},
		BeneficiaryIdentity: Identity{Kind: Corporate, OrgName: "ACME Corp.", LegalStatus: "SARL", SIREN: "012345678"},
		PayerIdentity:       &Identity{Kind: Individual, FirstName: "Germaine", LastName: "Michu"},
	}
}

func TestCreateSendsTheBodyOfTheProvidersGuide(t *testing.T) {
	t.Parallel()
	var header http.Header
	p := &provider{handle: func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		answering(200, created)(w, r)
	}}
	c := connect(t, p)
	got, err := c.CreatePayment(t.Context(), order())
	if err != nil || got.ID != "42" || got.State != Created {
		t.Fatalf("got %+v, %v", got, err)
	}
	want := `{"client_redirect_uri":"https://pay.example/return","client_state":"PAY-20260617-0123456789ABCDEF","instructions":[{` +
		`"reference_id":"PAY-20260617-0123456789ABCDEF","label":"Order \u003c1\u003e \u0026 2","amount":50.90,"currency":"EUR","execution_date_type":"instant",` +
		`"beneficiary":{"scheme_name":"iban","identification":"FR7630006000011234567890189","label":"ACME Corp."},` +
		`"beneficiary_identity":{"kind":"corporate","org_name":"ACME Corp.","org_legal_status":"SARL","scheme_name":"siren","identification":"012345678"}}],` +
		`"payer_identity":{"kind":"individual","first_name":"Germaine","last_name":"Michu"}}`
	if p.bodies[0] != want {
		t.Errorf("sent\n%s\nwant\n%s", p.bodies[0], want)
	}
	if p.calls[0] != "POST /2.0/payments" || header.Get("Authorization") != "Bearer token-1" || header.Get("Content-Type") != "application/json" {
		t.Errorf("sent %s with %v", p.calls[0], header)
	}
}

func TestAnUnusableRequestIsNotSent(t *testing.T) {
	t.Parallel()
	p := &provider{handle: answering(200, created)}
	c := connect(t, p)
	for name, spoil := range map[string]func(*CreateRequest){
		"no amount":       func(r *CreateRequest) { r.Amount = 0 },
		"negative amount": func(r *CreateRequest) { r.Amount = -1 },
		"no reference":    func(r *CreateRequest) { r.ReferenceID = "" },
		"long reference":  func(r *CreateRequest) { r.ReferenceID = strings.Repeat("x", 32) },
		"long state":      func(r *CreateRequest) { r.State = strings.Repeat("x", 2001) },
		"no beneficiary":  func(r *CreateRequest) { r.Beneficiary.IBAN = "" },
	} {
		req := order()
		spoil(&req)
		_, err := c.CreatePayment(t.Context(), req)
		if !IsRefused(err) || IsAmbiguous(err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, calls := p.counts(); calls != 0 {
		t.Errorf("%d requests were sent", calls)
	}
}

// A failure that may have created the payment is ambiguous, any other is not. Create is sent once in every case.
func TestAFailedCreateIsSortedAndNotRepeated(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		handle             http.HandlerFunc
		ambiguous, refused bool
	}{
		"connection lost":      {handle: hangUp, ambiguous: true},
		"internal error":       {handle: answering(500, `{"code":"bug","description":"x","request_id":null}`), ambiguous: true},
		"gateway says nothing": {handle: answering(502, `<html>`), ambiguous: true},
		"maintenance":          {handle: answering(503, ``), ambiguous: true},
		"empty answer":         {handle: answering(200, ``), ambiguous: true},
		"no content":           {handle: answering(204, ``), ambiguous: true},
		"not JSON":             {handle: answering(200, `<html>ok</html>`), ambiguous: true},
		"without id":           {handle: answering(200, `{"state":"created"}`), ambiguous: true},
		"odd id":               {handle: answering(200, `{"id":"../1","state":"created"}`), ambiguous: true},
		"cut":                  {handle: cut, ambiguous: true},
		"too large":            {handle: answering(200, `{"id":42,"state":"created","x":"`+strings.Repeat("x", maxAnswer)+`"}`), ambiguous: true},
		"redirect": {handle: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/2.0/elsewhere", http.StatusTemporaryRedirect)
		}, ambiguous: true},
		"server's timeout": {handle: answering(408, ``), ambiguous: true},
		"refused":          {handle: answering(400, `{"code":"invalidValue"}`), refused: true},
		"no such route":    {handle: answering(404, ``), refused: true},
		"conflict":         {handle: answering(409, `{"code":"x"}`), refused: true},
		"unprocessable":    {handle: answering(422, `[]`), refused: true},
		"scope missing":    {handle: answering(403, `{"code":"unauthorized"}`)},
		"too many":         {handle: answering(429, ``)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &provider{handle: tt.handle}
			_, err := connect(t, p).CreatePayment(t.Context(), order())
			if err == nil || IsAmbiguous(err) != tt.ambiguous || IsRefused(err) != tt.refused {
				t.Errorf("ambiguous %t, refused %t, want %t, %t: %v", IsAmbiguous(err), IsRefused(err), tt.ambiguous, tt.refused, err)
			}
			if _, calls := p.counts(); calls != 1 {
				t.Errorf("sent %d times", calls)
			}
		})
	}
}

// cut announces a longer body than it sends.
func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	w.Write([]byte(created))
}

func TestAnUnreachableProviderIsNotAmbiguous(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{handle: answering(200, created)}
	c := connect(t, p)
	if _, err := c.GetPayment(t.Context(), "42"); err != nil { // now there is a token
		t.Fatal(err)
	}
	c.base = "http://" + l.Addr().String() + "/2.0"
	l.Close()
	_, err = c.CreatePayment(t.Context(), order())
	if err == nil || IsAmbiguous(err) || IsRefused(err) {
		t.Errorf("got %v", err)
	}
	var e *Error
	if !errors.As(err, &e) || e.Err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("the cause is missing: %v", err)
	}
}

func TestARateLimitTellsHowLongToWait(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"7": 7 * time.Second, "Wed, 17 Jun 2026 12:00:09 GMT": 9 * time.Second, "Wed, 17 Jun 2020 12:00:09 GMT": 0, "soon": 0, "-1": 0, "99999999": maxRetryAfter,
	} {
		p := &provider{handle: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", header)
			answering(429, `{"code":"tooMany"}`)(w, r)
		}}
		c := connect(t, p)
		c.now = func() time.Time { return now }
		_, err := c.CreatePayment(t.Context(), order())
		var e *Error
		if !errors.As(err, &e) || e.RetryAfter != want || e.Ambiguous {
			t.Errorf("%q: got %+v", header, e)
		}
	}
}

func TestErrorsHoldNoSecretAndNoAccount(t *testing.T) {
	t.Parallel()
	token := strings.Repeat("eyJhbGciOi", 8)
	handlers := map[string]http.HandlerFunc{
		"echo": answering(400, `{"code":"invalidValue","description":"bad account FR76 3000 6000 0112 3456 7890 189\n, token `+token+`",`+
			`"message":"`+iban+`","request_id":"`+iban+`"}`),
		"code": answering(400, `{"code":"`+iban+`"}`),
		"raw": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				conn.Write([]byte(iban + " " + secret + "\r\n\r\n"))
				conn.Close()
			}
		},
		"hang up": hangUp,
	}
	for name, h := range handlers {
		c := connect(t, &provider{handle: h})
		_, createErr := c.CreatePayment(t.Context(), order())
		_, findErr := c.FindByReference(t.Context(), iban)
		for _, err := range []error{createErr, findErr} {
			if err == nil {
				t.Fatalf("%s: no error", name)
			}
			for _, hidden := range []string{iban, "3000 6000", secret, "eyJ", "token-1", "\n"} {
				if strings.Contains(err.Error(), hidden) {
					t.Errorf("%s: %q is in %v", name, hidden, err)
				}
			}
		}
	}
}
