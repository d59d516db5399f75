package bank

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

// BenchmarkPayment is one payment's whole life over HTTP: create, scopedtoken, get, authorise, with journal and signed
// webhooks. Client, bank and listener share the machine.
func BenchmarkPayment(b *testing.B) {
	listener := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer listener.Close()
	bank, err := New(Config{ClientID: "42", ClientSecret: testSecret, Dir: b.TempDir(), WebhookURL: listener.URL + "/hook", WebhookSecret: hookSecret})
	if err != nil {
		b.Fatal(err)
	}
	defer closeBank(b, bank)
	ctx := b.Context()
	go func() {
		if err := bank.Run(ctx); err != nil {
			b.Error(err)
		}
	}()
	server := httptest.NewServer(bank.Handler())
	defer server.Close()
	token := bank.sign(claims{Scope: []string{scopeAdmin}}, bank.cfg.TokenLife)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for n := 0; pb.Next(); n++ {
			id := benchCreate(b, client, server.URL, token, fmt.Sprintf("BENCH-%p-%d", pb, n))
			path := server.URL + "/2.0/payments/" + strconv.FormatInt(id, 10)
			benchCall(b, client, "POST", path+"/scopedtoken", token, `{"scope":["payments:validate"]}`)
			benchCall(b, client, "GET", path, token, "")
			if err := bank.Authorise(id); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "payments/s")
}

// BenchmarkHandler is the bank's own share of the same: no sockets, no client, no webhooks.
func BenchmarkHandler(b *testing.B) {
	bank, err := New(Config{ClientID: "42", ClientSecret: testSecret, Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer closeBank(b, bank)
	token := bank.sign(claims{Scope: []string{scopeAdmin}}, bank.cfg.TokenLife)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		serveDirectly(b, bank, "POST", "/2.0/payments", token, benchBody("REF-"+strconv.Itoa(n)))
		id := bank.store.next() - 1
		path := "/2.0/payments/" + strconv.FormatInt(id, 10)
		serveDirectly(b, bank, "POST", path+"/scopedtoken", token, `{"scope":["payments:validate"]}`)
		serveDirectly(b, bank, "GET", path, token, "")
		if err := bank.Authorise(id); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "payments/s")
}

// BenchmarkCreate is POST /payments alone, with the journal.
func BenchmarkCreate(b *testing.B) {
	bank, err := New(Config{ClientID: "42", ClientSecret: testSecret, Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer closeBank(b, bank)
	token := bank.sign(claims{Scope: []string{scopeAdmin}}, bank.cfg.TokenLife)
	for n := 0; b.Loop(); n++ {
		serveDirectly(b, bank, "POST", "/2.0/payments", token, benchBody("REF-"+strconv.Itoa(n)))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creates/s")
}

// BenchmarkLookup finds a reference among 100,000.
func BenchmarkLookup(b *testing.B) {
	bank, err := New(Config{ClientID: "42", ClientSecret: testSecret})
	if err != nil {
		b.Fatal(err)
	}
	token := bank.sign(claims{Scope: []string{scopeAdmin}}, bank.cfg.TokenLife)
	for n := range 100_000 {
		serveDirectly(b, bank, "POST", "/2.0/payments", token, benchBody("REF-"+strconv.Itoa(n)))
	}
	for b.Loop() {
		serveDirectly(b, bank, "GET", "/2.0/payments?reference_id=REF-77777", token, "")
	}
}

func benchBody(reference string) string {
	return `{"client_redirect_uri":"https://shop.example/return","client_state":"x","instructions":[{"reference_id":"` + reference +
		`","label":"Order","amount":50.90,"currency":"EUR","execution_date_type":"instant","beneficiary":{"scheme_name":"iban",` +
		`"identification":"` + testIBAN + `","label":"ACME Corp."},"beneficiary_identity":{"kind":"corporate","org_name":"ACME"}}]}`
}

func benchCreate(b *testing.B, client *http.Client, url, token, reference string) int64 {
	b.Helper()
	text := benchCall(b, client, "POST", url+"/2.0/payments", token, benchBody(reference[max(0, len(reference)-maxReference):]))
	digits, _, _ := bytes.Cut(bytes.TrimPrefix(text, []byte(`{"id":`)), []byte(","))
	id, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		b.Fatal(err, string(text))
	}
	return id
}

func benchCall(b *testing.B, client *http.Client, method, url, token, body string) []byte {
	b.Helper()
	req, err := http.NewRequest(method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		b.Fatal(res.StatusCode, err, string(text))
	}
	return text
}

func serveDirectly(b *testing.B, bank *Bank, method, path, token, body string) {
	b.Helper()
	req := httptest.NewRequest(method, path, bytes.NewReader([]byte(body)))
	req.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	bank.Handler().ServeHTTP(w, req)
	if w.Code != 200 {
		b.Fatal(w.Code, w.Body)
	}
}

func closeBank(b *testing.B, bank *Bank) {
	b.Helper()
	if err := bank.Close(); err != nil {
		b.Error(err)
	}
}
