package einvoiceapi

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

const (
	invoices = "/einvoice/invoices"
	one      = invoices + "/" + invoiceID
	// documented is the example of the API reference.
	documented = `{
  "customer_name":   "Acme Corp",
  "customer_email":  "billing@acme.com",
  "items":           [{ "product_name": "Conseil", "quantity": 2, "unit_price_ttc": 900.00, "vat_rate": 20 }],
  "notes":           "Merci",
  "reference":       "ERP-INV-2026-001",
  "discount_amount": 50.00
}`
)

func TestTheDocumentedEnrollments(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for want, e := range map[string]*einvoicev1.Enrollment{
		`{"enrolled":true,"mandate_id":"mdt_5ca4c022","mandate_status":"active","ready":true,"siret":"12345678901234"}`: {
			Enrolled: true, MandateId: "mdt_5ca4c022", MandateStatus: "active", Ready: true, Siret: "12345678901234",
		},
		`{"enrolled":true,"mandate_status":"pending_kyb","ready":false}`: {
			Enrolled: true, MandateId: "mdt_5ca4c022", MandateStatus: "pending_kyb", Siret: "12345678901234",
		},
		`{"enrolled":false,"ready":false}`: {},
	} {
		f.platform.set(func() { f.platform.enrollment = e })
		if r := f.must(t, 200, f.key, "GET", "/einvoice/enrollment", ""); strings.TrimSpace(r.text) != want {
			t.Errorf("got %s, want %s", r.text, want)
		}
	}
}

func TestTheDocumentedInvoiceIsIssued(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.must(t, 201, f.key, "POST", invoices, documented, "Idempotency-Key", "k-1")
	const first = `{"invoice_number":"INV-2026-AB12CD-000001","seqino_invoice_id":"draft_abc123","seqino_status":"submitted","total_ttc":1800,` +
		`"_seqino":{"submitted":true,"mandate_status":"active"},"id":"` + invoiceID + `"`
	if !strings.HasPrefix(r.text, first) || r.header.Get("Idempotent-Replayed") != "" || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %v %s", r.header, r.text)
	}
	want := &einvoicev1.CreateInvoiceRequest{
		MerchantId: f.merchant.ID, Customer: &einvoicev1.Party{Name: "Acme Corp", Email: "billing@acme.com", Address: &einvoicev1.Address{}},
		Items: []*einvoicev1.InvoiceItem{{ProductName: "Conseil", Quantity: "2", UnitPriceCents: 90000, VatRate: "20"}},
		Notes: "Merci", Reference: "ERP-INV-2026-001", DiscountCents: 5000, IdempotencyKey: "k-1",
	}
	if !proto.Equal(f.platform.asked(), want) {
		t.Errorf("asked %v", f.platform.asked())
	}
	f.platform.set(func() { f.platform.replayed = true })
	again := f.must(t, 200, f.key, "POST", invoices, documented)
	if again.header.Get("Idempotent-Replayed") != "true" || again.text != r.text {
		t.Errorf("got %v %s", again.header, again.text)
	}
}

func TestABusinessIsDescribed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.must(t, 201, f.people[rights.RoleStaff], "POST", invoices+"?livemode=true", `{"customer_name":"Acme","customer_type":"business","customer_siren":"732829320",
		"customer_siret":"73282932000074","customer_vat_number":"FR44732829320","customer_phone":"+33 1 02 03 04 05",
		"customer_address":{"street":"1 rue","more":"B","post_code":"75002","city":"Paris","country":"FR"},"customer_electronic_address":"732829320_X",
		"due_date":"2026-07-01","paid_on":"2026-06-17","payment_method":"card","payment_reference":"PAY-1",
		"items":[{"product_name":"a","description":"b\nc","quantity":0.3333,"unit_price_ttc":0.01,"vat_rate":5.5,"type":"service"},
		         {"product_name":"a","quantity":1,"unit_price_ttc":1,"vat_rate":0,"type":"goods","vat_exemption_reason":"art. 261"}]}`)
	want := &einvoicev1.CreateInvoiceRequest{
		MerchantId: f.merchant.ID, Livemode: true, CustomerType: "business",
		Customer: &einvoicev1.Party{
			Name: "Acme", Phone: "+33 1 02 03 04 05", Siren: "732829320", Siret: "73282932000074", VatNumber: "FR44732829320", ElectronicAddress: "732829320_X",
			Address: &einvoicev1.Address{Street: "1 rue", More: "B", PostCode: "75002", City: "Paris", Country: "FR"},
		},
		Items: []*einvoicev1.InvoiceItem{
			{ProductName: "a", Description: "b\nc", Quantity: "0.3333", UnitPriceCents: 1, VatRate: "5.5", Nature: "services"},
			{ProductName: "a", Quantity: "1", UnitPriceCents: 100, VatRate: "0", Nature: "goods", VatExemptionReason: "art. 261"},
		},
		DueDate: "2026-07-01", PaidOn: "2026-06-17", PaymentMethod: "card", PaymentReference: "PAY-1",
	}
	if !proto.Equal(f.platform.asked(), want) {
		t.Errorf("asked %v", f.platform.asked())
	}
}

func TestTheErrorOfAMissingEnrolmentSaysWhatToDo(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.platform.set(func() { f.platform.fail = errs.New(errs.NotEnrolled, "not enrolled") })
	const want = `{"success":false,"code":"NOT_ENROLLED","message":"E-invoicing is not enabled for this account.",` +
		`"action":"Log in to the EU Pay merchant portal → Settings → E-Invoicing → Enroll"}`
	if r := f.must(t, 403, f.key, "POST", invoices, documented); strings.TrimSpace(r.text) != want {
		t.Errorf("got %s", r.text)
	}
	f.platform.set(func() { f.platform.fail = nil })
	for _, method := range []string{"GET", "PATCH"} {
		body := map[string]string{"PATCH": `{"footer":"x"}`}[method]
		if r := f.must(t, 403, f.people[rights.RoleMerchant], method, "/einvoice/settings", body); strings.TrimSpace(r.text) != want {
			t.Errorf("%s: got %s", method, r.text)
		}
	}
}

func TestAnInvoiceWaitsForTheMandate(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for mandate, told := range map[string]string{"pending_kyb": "Open the onboarding link", "expired": "Enroll again", "error": "Check your settings and enroll again"} {
		f.platform.set(func() { f.platform.mandate = mandate })
		want := `"seqino_status":"mandate_pending","total_ttc":1800,"_seqino":{"submitted":false,"mandate_status":"` + mandate + `","error":"`
		if r := f.must(t, 201, f.key, "POST", invoices, documented); !strings.Contains(r.text, want) || !strings.Contains(r.text, told) {
			t.Errorf("got %s", r.text)
		}
		if r := f.must(t, 200, f.key, "POST", one+"/submit", ""); !strings.Contains(r.text, want) || !strings.Contains(r.text, told) {
			t.Errorf("got %s", r.text)
		}
	}
	if r := f.must(t, 409, f.key, "GET", one+"/pdf", ""); r.str("code") != "INVALID_STATE" {
		t.Errorf("got %s", r.text)
	}
	if r := f.must(t, 200, f.key, "POST", one+"/cancel", `{"reason":"Customer request"}`); !strings.Contains(r.text, `"credit_note":null`) {
		t.Errorf("got %s", r.text)
	}
	f.platform.set(func() { f.platform.mandate = "active" })
	if r := f.must(t, 200, f.key, "POST", one+"/submit", ""); !strings.Contains(r.text, `"_seqino":{"submitted":true,"mandate_status":"active"}`) {
		t.Errorf("got %s", r.text)
	}
}

func TestInvoicesAreListedAndRead(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.must(t, 200, f.reader, "GET", invoices+"?page=2&limit=20&status=pending&from=2026-06-17T02:00:00%2B02:00&payment_reference=PAY-1", "")
	want := &einvoicev1.ListInvoicesRequest{MerchantId: f.merchant.ID, Page: 2, Limit: 20, Status: "pending", PaymentReference: "PAY-1", From: timestamppb.New(noon.Add(-12 * 3600e9))}
	if !proto.Equal(f.platform.asked(), want) {
		t.Errorf("asked %v", f.platform.asked())
	}
	if !strings.HasSuffix(r.text, `"pagination":{"page":2,"limit":20,"total":41,"pages":3}}`+"\n") || strings.Contains(r.text, `"items"`) {
		t.Errorf("got %s", r.text)
	}
	for _, s := range []string{"draft", "pending", "paid", "refunded", "cancelled", "failed"} {
		f.must(t, 200, f.reader, "GET", invoices+"?status="+s, "")
	}
	for query, field := range map[string]string{"page=0": "page", "limit=101": "limit", "status=open": "status", "status=": "status", "from=june": "from", "payment_reference=": "payment_reference", "livemode=1": "livemode", "livemode=true": "livemode"} {
		if r := f.must(t, 400, f.reader, "GET", invoices+"?"+query, ""); r.fields() != field {
			t.Errorf("%s: got %s", query, r.text)
		}
	}
	for _, id := range []string{invoiceID, numberOf} {
		r := f.must(t, 200, f.reader, "GET", invoices+"/"+id, "")
		for _, want := range []string{
			`"lifecycle":{"code":200,"label":"Déposée"}`, `"quantity":2,"unit_price_ttc":900,"unit_price_ht":750.00,"vat_rate":20,"vat_category":"S","type":"service"`,
			`"corrects":{"id":"` + invoiceID + `"`, `"payments":[]`, `"customer_siren":"732829320"`,
		} {
			if !strings.Contains(r.text, want) {
				t.Errorf("%s is not in %s", want, r.text)
			}
		}
		if strings.Contains(r.text, "_seqino\"") {
			t.Errorf("got %s", r.text)
		}
	}
}

func TestTheDocumentedDownload(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, accept := range []string{"application/pdf", "application/json", "*/*"} {
		r := f.must(t, 200, f.key, "GET", one+"/pdf", "", "Accept", accept)
		h := r.header
		if r.text != "%PDF-1.7 \x00" || h.Get("Content-Type") != "application/pdf" || h.Get("Cache-Control") != "private" ||
			h.Get("Content-Disposition") != `attachment; filename="facturx-INV-2026-AB12CD-000001.pdf"` {
			t.Errorf("%s: %v %q", accept, h, r.text)
		}
	}
	if got := fileName("A/../\"\r\nÉ_1+2"); strings.ContainsAny(got, "/\"\r\n.") {
		t.Errorf("a number makes the file %q", got)
	}
}

func TestAPaymentIsRecorded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.must(t, 200, f.key, "POST", one+"/mark-paid", `{"payment_method":"bank","payment_date":"2026-06-17","amount":1800.00}`, "Idempotency-Key", "k")
	want := &einvoicev1.MarkInvoicePaidRequest{
		MerchantId: f.merchant.ID, Id: invoiceID, PaymentMethod: "bank", PaymentDate: "2026-06-17", AmountCents: proto.Int64(180000), IdempotencyKey: "k",
	}
	if !proto.Equal(f.platform.asked(), want) {
		t.Errorf("asked %v", f.platform.asked())
	}
	const reports = `"reports":[{"kind":"payments","period_start":"2026-06-01","period_end":"2026-06-30","due_date":"2026-07-10"},` +
		`{"kind":"collection","period_start":null,"period_end":null,"due_date":null}]}`
	if !strings.Contains(r.text, reports) || r.str("status") != "paid" {
		t.Errorf("got %s", r.text)
	}
	f.platform.set(func() { f.platform.replayed = true })
	r = f.must(t, 200, f.key, "POST", one+"/mark-paid", `{"payment_method":"cash"}`)
	if asked := f.platform.asked().(*einvoicev1.MarkInvoicePaidRequest); asked.AmountCents != nil || asked.GetPaymentDate() != "" || r.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("asked %v, got %v", asked, r.header)
	}
	for body, field := range map[string]string{
		`{}`: "payment_method", `{"payment_method":"cheque"}`: "payment_method", `{"payment_method":"bank","payment_date":"17/06/2026"}`: "payment_date",
		`{"payment_method":"bank","amount":1.001}`: "amount", `{"payment_method":"bank","amount":"1"}`: "amount", `{"payment_method":"bank","amount":0}`: "amount",
		`{"payment_method":"bank","amount":-1}`: "amount", `{"payment_method":"bank","paid":1}`: "paid",
	} {
		if r := f.must(t, 400, f.key, "POST", one+"/mark-paid", body); r.fields() != field {
			t.Errorf("%s: got %s", body, r.text)
		}
	}
}

func TestAnInvoiceIsCancelled(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.must(t, 200, f.key, "POST", one+"/cancel", "")
	correction, _ := r.json["credit_note"].(map[string]any)
	if r.str("status") != "cancelled" || correction["type_code"] != "384" {
		t.Errorf("got %s", r.text)
	}
	f.must(t, 200, f.key, "POST", one+"/cancel", `{"reason":"Customer request"}`)
	if asked := f.platform.asked().(*einvoicev1.CancelInvoiceRequest); asked.GetReason() != "Customer request" {
		t.Errorf("asked %v", asked)
	}
}

func TestACreditNoteIsIssued(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const body = `{"amount":50.00,"reason":"Partial refund — defective item","type":"refund"}`
	r := f.must(t, 201, f.key, "POST", one+"/credit-note", body, "Idempotency-Key", "k")
	want := &einvoicev1.CreateCreditNoteRequest{
		MerchantId: f.merchant.ID, Id: invoiceID, AmountCents: proto.Int64(5000), Reason: "Partial refund — defective item", Type: "refund", IdempotencyKey: "k",
	}
	if !proto.Equal(f.platform.asked(), want) {
		t.Errorf("asked %v", f.platform.asked())
	}
	about, _ := r.json["invoice"].(map[string]any)
	if !strings.HasPrefix(r.text, `{"invoice_number":"CN-2026-AB12CD-000001"`) || r.str("type_code") != "381" || about["id"] != invoiceID {
		t.Errorf("got %s", r.text)
	}
	f.must(t, 201, f.key, "POST", one+"/credit-note", "")
	f.must(t, 201, f.key, "POST", one+"/credit-note", `{"type":"cancel"}`)
	if r := f.must(t, 409, f.key, "POST", one+"/credit-note", `{"amount":1800.01}`); r.str("code") != "CREDIT_EXCEEDS_INVOICE" {
		t.Errorf("got %s", r.text)
	}
	if r := f.must(t, 400, f.key, "POST", one+"/credit-note", `{"amount":0.001,"type":"381","reason":7}`); r.fields() != "amount reason" {
		t.Errorf("got %s", r.text)
	}
	if r := f.must(t, 400, f.key, "POST", one+"/credit-note", `{"type":"381","amount":0.00}`); r.fields() != "amount type" {
		t.Errorf("got %s", r.text)
	}
	f.platform.set(func() { f.platform.replayed = true })
	if r := f.must(t, 200, f.key, "POST", one+"/credit-note", body); r.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("got %v", r.header)
	}
}
