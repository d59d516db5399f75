package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/sdk/go/webhook"
)

// issuer is a merchant who issues invoices, as the documentation says: what was not answered is repeated with the same reference or
// Idempotency-Key.
type issuer struct {
	*seller
	siren string // of all that it sends
	page  string // where it proves who it is

	mu    sync.Mutex
	deals []*deal
	heard map[string][]news // by invoice number, as they came
}

// news is what one webhook says about an invoice.
type news struct {
	Event    string
	Sequence int64
	Data     struct {
		Number   string      `json:"invoice_number"`
		Before   string      `json:"previous_status"`
		Status   string      `json:"status"`
		Paid     json.Number `json:"amount_paid"`
		Credited json.Number `json:"amount_credited"`
	}
}

// newIssuer registers a merchant with an enrolment that nobody has approved yet.
func newIssuer(t *testing.T, w *world, n int) *issuer {
	t.Helper()
	i := &issuer{siren: siren(n), heard: make(map[string][]news)}
	i.seller = newSeller(t, w, fmt.Sprint("issuer", n), system.MerchantIBAN, i.hear)
	do := func(method, path string, body, into any) {
		t.Helper()
		if status := i.portal.call(t.Context(), method, path, body, into); status != http.StatusOK {
			t.Fatalf("%s %s: %d\n%s", method, path, status, w.log(system.Gateway))
		}
	}
	do(http.MethodPost, "/einvoice/enroll", object{
		"legal_name": fmt.Sprint("Issuer ", n, " SAS"), "siret": siret(i.siren), "vat_number": vatNumber(i.siren), "email": "compta@example.com",
		"activity": "services", "vat_regime": "monthly", "term_days": 30,
		"address": object{"street": "12 rue de la Paix", "post_code": "75002", "city": "Paris", "country": "FR"},
	}, nil)
	var link struct{ URL string }
	do(http.MethodGet, "/einvoice/enrollment/onboarding-link", nil, &link)
	i.page = link.URL
	return i
}

// approve says yes on the platform's page, as the merchant itself would.
func (i *issuer) approve(ctx context.Context) {
	i.t.Helper()
	resp, err := i.http.Post(i.page, "application/x-www-form-urlencoded", strings.NewReader(url.Values{"answer": {"approve"}}.Encode()))
	if err != nil {
		i.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		i.t.Fatalf("the platform's page answers %s", resp.Status)
	}
	ok := until(ctx, pause, func() bool {
		var e struct{ Ready bool }
		return i.call(ctx, http.MethodGet, "/einvoice/enrollment", nil, &e) == http.StatusOK && e.Ready
	})
	if !ok {
		i.t.Fatalf("the mandate does not become active\n%s", i.w.log(system.EInvoice))
	}
}

// hear notes what a webhook says of an invoice. It comes in order.
func (i *issuer) hear(e *webhook.Event) {
	if !strings.HasPrefix(string(e.Type), "invoice.") {
		return
	}
	n := news{Event: string(e.Type), Sequence: int64(e.Sequence)}
	if err := json.Unmarshal(e.Raw, &n.Data); err != nil {
		i.t.Error(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	number, all := n.Data.Number, i.heard[n.Data.Number]
	if len(all) > 0 && all[len(all)-1].Sequence >= n.Sequence {
		i.t.Errorf("%s: webhook %d %s came after %d", number, n.Sequence, n.Event, all[len(all)-1].Sequence)
	}
	i.heard[number] = append(all, n)
}

// siren makes the n-th SIREN, with its check digit (Luhn).
func siren(n int) string { return withCheck(fmt.Sprintf("5%07d", n)) }

// siret is an establishment of a SIREN.
func siret(siren string) string { return withCheck(siren + "0001") }

func withCheck(digits string) string {
	for d := range 10 {
		if s := digits + fmt.Sprint(d); luhn(s) {
			return s
		}
	}
	panic("no digit fits") // one always does
}

func luhn(s string) bool {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return sum%10 == 0
}

func vatNumber(siren string) string {
	var n int
	if _, err := fmt.Sscan(siren, &n); err != nil {
		panic(err) // digits
	}
	return fmt.Sprintf("FR%02d%s", (12+3*(n%97))%97, siren)
}
