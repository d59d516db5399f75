package payments

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/session"
	"european-pay.eu/eupay/services/portal/internal/text"
	"european-pay.eu/eupay/services/portal/internal/web"
)

func request(t *testing.T, target string, role eupay.Role) *web.Request {
	t.Helper()
	catalog, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC) }
	return &web.Request{
		Request: httptest.NewRequest(http.MethodGet, target, nil), Text: catalog["en"], Session: &session.Session{Role: role}, Site: &web.Site{Deps: web.Deps{Now: now}},
	}
}

func TestFiltersOfTheQuery(t *testing.T) {
	t.Parallel()
	p, f := chosen(request(t, "/portal/payments?search=+caf%C3%A9+&status=failed&detail=amount_mismatch&from=2026-03-29&to=2026-03-29&min=1,50&max=20&metadata=table:7&settled=unsettled&link=plink_1", eupay.RoleStaff))
	// 29 March 2026 has 23 hours in Paris.
	if !f.OK() || p.Search != "café" || p.Metadata != "table:7" || p.Status != "failed" || p.StatusDetail != "amount_mismatch" || p.MinAmount != 150 || p.MaxAmount != 2000 || p.Settled != eupay.SettledMissed || p.PaymentLinkID != "plink_1" ||
		!p.From.Equal(time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC)) || !p.To.Equal(time.Date(2026, 3, 29, 22, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v, %v", p, f.Fields)
	}
	for query, field := range map[string]string{"from=yesterday": "from", "to=2026-02-30": "to", "min=1.999": "min", "max=x": "max"} {
		if _, f := chosen(request(t, "/portal/payments?"+query, eupay.RoleStaff)); len(f.Fields) != 1 || f.Fields[field] == "" {
			t.Errorf("%s: %v", query, f.Fields)
		}
	}
}

func TestWhatAReaderMayDo(t *testing.T) {
	t.Parallel()
	soon := time.Date(2026, 6, 20, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		p    eupay.Payment
		epc  bool
		role eupay.Role
		want string
	}{
		"open":                       {p: eupay.Payment{Status: "pending_sca", Amount: 100}, want: "cancel"},
		"open, with EPC codes":       {p: eupay.Payment{Status: "pending_sca", Amount: 100}, epc: true, want: "cancel confirm"},
		"being cancelled":            {p: eupay.Payment{Status: "pending_sca", CancelRequested: true}},
		"accepted by the bank":       {p: eupay.Payment{Status: "pending_sca", StatusDetail: "accepted_by_bank", SettlementDeadline: soon}, want: "confirm deny"},
		"another amount":             {p: eupay.Payment{Status: "pending_sca", StatusDetail: "amount_mismatch", SettlementDeadline: soon}, epc: true, want: "deny"},
		"completed":                  {p: eupay.Payment{Status: "completed", Amount: 100, AmountRefunded: 40}, want: "refund 60"},
		"given back":                 {p: eupay.Payment{Status: "refunded", Amount: 100, AmountRefunded: 100}},
		"failed":                     {p: eupay.Payment{Status: "failed", Amount: 100}, want: "book"},
		"came late":                  {p: eupay.Payment{Status: "failed", Amount: 100, LateReceipt: &eupay.LateReceipt{Amount: 90}}, want: "refund 90"},
		"a refund":                   {p: eupay.Payment{Status: "completed", Amount: 100, OriginalReference: "PAY-1"}},
		"completed, for staff":       {p: eupay.Payment{Status: "completed", Amount: 100}, role: eupay.RoleStaff},
		"open, for the accountant":   {p: eupay.Payment{Status: "pending_sca", Amount: 100}, role: eupay.RoleAccountant},
		"accepted, for the staff":    {p: eupay.Payment{Status: "pending_sca", SettlementDeadline: soon}, role: eupay.RoleStaff},
		"deadline of a failed one":   {p: eupay.Payment{Status: "failed", SettlementDeadline: soon}, want: "book"},
		"received outside already":   {p: eupay.Payment{Status: "pending_sca", StatusDetail: "received_outside"}, epc: true},
		"a customer pays it by scan": {p: eupay.Payment{Status: "pending_sca", StatusDetail: "paying_by_scan"}, epc: true, want: "cancel"},
	} {
		if c.role == "" {
			c.role = eupay.RoleMerchant
		}
		v := view{Payment: &c.p}
		v.allow(request(t, "/", c.role), &eupay.Merchant{EPCEnabled: c.epc})
		var got []string
		for what, may := range map[string]bool{"cancel": v.MayCancel, "confirm": v.MayConfirm, "deny": v.MayDeny, "book": v.MayBook} {
			if may {
				got = append(got, what)
			}
		}
		if v.MayRefund {
			got = append(got, fmt.Sprint("refund ", int(v.Left)))
		}
		for _, what := range strings.Fields(c.want) {
			if !strings.Contains(strings.Join(got, " "), what) {
				t.Errorf("%s: may %v, want %s", name, got, c.want)
			}
		}
		if len(strings.Fields(strings.Join(got, " "))) != len(strings.Fields(c.want)) {
			t.Errorf("%s: may %v, want %s", name, got, c.want)
		}
	}
}

func TestATimelineIsInTheOrderOfTimeAndCause(t *testing.T) {
	t.Parallel()
	at := func(s int) time.Time { return time.Date(2026, 6, 17, 12, 0, s, 0, time.UTC) }
	got := linked{
		History:  []eupay.PaymentChange{{Sequence: 1, OccurredAt: at(0)}, {Sequence: 2, OccurredAt: at(5)}, {Sequence: 3, OccurredAt: at(9)}},
		Refunds:  []eupay.Payment{{Reference: "REF-1", CreatedAt: at(7)}},
		Orders:   []eupay.Order{{ID: "order", CreatedAt: at(0)}},
		Invoices: []eupay.Invoice{{InvoiceNumber: "CN-1", CreatedAt: at(8)}, {InvoiceNumber: "INV-1", CreatedAt: at(5)}},
		Sent:     []eupay.Delivery{{ID: "b", CreatedAt: at(9)}, {ID: "a", CreatedAt: at(0)}},
	}.timeline()
	var order []string
	for _, m := range got {
		switch {
		case m.Change != nil:
			order = append(order, fmt.Sprint(m.Change.Sequence))
		case m.Refund != nil:
			order = append(order, m.Refund.Reference)
		case m.Order != nil:
			order = append(order, m.Order.ID)
		case m.Invoice != nil:
			order = append(order, m.Invoice.InvoiceNumber)
		default:
			order = append(order, m.Delivery.ID)
		}
	}
	if text := strings.Join(order, " "); text != "order 1 a 2 INV-1 REF-1 CN-1 3 b" {
		t.Error(text)
	}
}

func TestTheLinkOfAMailIsEscaped(t *testing.T) {
	t.Parallel()
	r := request(t, "/", eupay.RoleMerchant)
	v := view{Payment: &eupay.Payment{PaymentURL: "https://bank.example/?a=1&b=2", Description: "x&cc=evil@example.com\r\nBcc: a", CreatedAt: r.Site.Now().Add(-codeLife)}}
	v.share(r, &eupay.Merchant{Name: "A & B?"})
	if v.Code || strings.Count(v.Mail, "&") != 1 || strings.ContainsAny(v.Mail, "\r\n") {
		t.Errorf("%t %s", v.Code, v.Mail)
	}
	v.CreatedAt = r.Site.Now().Add(time.Second - codeLife)
	if v.share(r, &eupay.Merchant{}); !v.Code {
		t.Error("the code can still be paid")
	}
}
