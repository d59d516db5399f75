package einvoiceapi

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

// suppliers stands in for the inbox of the einvoice service: it has one invoice of the platform's owner in test mode.
type suppliers struct {
	einvoicev1.UnimplementedReceivedServiceServer
	*platform
}

func (s suppliers) received(r about) (*einvoicev1.ReceivedInvoice, error) {
	if err := s.note(r); err != nil {
		return nil, err
	}
	if r.GetMerchantId() != s.owner || r.GetLivemode() || r.GetId() != invoiceID {
		return nil, errs.New(errs.NotFoundCode, "There is no received invoice with this id.")
	}
	return s.example(), nil
}

func (s suppliers) example() *einvoicev1.ReceivedInvoice {
	at := timestamppb.New(noon)
	return &einvoicev1.ReceivedInvoice{
		Id: invoiceID, MerchantId: s.owner, Format: "ubl", ReceivedAt: at, CreatedAt: at, UpdatedAt: at, Status: "received", LifecycleCode: 203,
		Number: "F/2026/17", TypeCode: "380", IssueDate: "2026-06-15", Currency: "EUR", SellerName: "Fournitures Martin SAS", SellerSiren: "732829320",
		TotalNetCents: 10000, TotalVatCents: 2000, TotalCents: 12000, DueCents: 12000, UnknownSender: true,
		Seller:       &einvoicev1.ReceivedParty{Name: "Fournitures Martin SAS", Siren: "732829320", Country: "FR"},
		Buyer:        &einvoicev1.ReceivedParty{Name: "Café Noisette"},
		Accounts:     []*einvoicev1.ReceivedAccount{{Iban: iban}},
		Lines:        []*einvoicev1.ReceivedLine{{Id: "1", Name: "Papier", Quantity: "2.5", Price: "40", NetCents: 10000, Category: "S", Rate: "5.5"}},
		Vat:          []*einvoicev1.ReceivedVAT{{Category: "S", Rate: "20", BaseCents: 10000, TaxCents: 2000}},
		Findings:     []*einvoicev1.ReceivedFinding{{Code: "iban_changed", Message: "The account differs."}},
		Answers:      []*einvoicev1.ReceivedAnswer{{Id: "a1", Code: 204, State: "sent", CreatedAt: at, SentAt: at}},
		AllowedCodes: []int32{205, 210}, Sha256: strings.Repeat("0", 64), PayableCents: 12000, ConfirmIban: true,
		Payments: []*einvoicev1.ReceivedPayment{payment()},
	}
}

func (s suppliers) ListReceived(_ context.Context, r *einvoicev1.ListReceivedRequest) (*einvoicev1.ListReceivedResponse, error) {
	unreadable := &einvoicev1.ReceivedInvoice{
		Id: "x", Status: "unreadable", LifecycleCode: 203, Problem: "The document is empty.", ReceivedAt: timestamppb.New(noon),
		CreatedAt: timestamppb.New(noon), UpdatedAt: timestamppb.New(noon),
	}
	return &einvoicev1.ListReceivedResponse{Invoices: []*einvoicev1.ReceivedInvoice{s.example(), unreadable}, Total: 2}, s.note(r)
}

func (s suppliers) GetReceived(_ context.Context, r *einvoicev1.GetReceivedRequest) (*einvoicev1.GetReceivedResponse, error) {
	v, err := s.received(r)
	return &einvoicev1.GetReceivedResponse{Invoice: v}, err
}

func (s suppliers) GetReceivedFile(r *einvoicev1.GetReceivedFileRequest, stream grpc.ServerStreamingServer[einvoicev1.GetReceivedFileResponse]) error {
	v, err := s.received(r)
	for _, part := range []*einvoicev1.GetReceivedFileResponse{{Number: v.GetNumber()}, {Data: []byte("<a")}, {Data: []byte("/>")}} {
		if err == nil {
			err = stream.Send(part)
		}
	}
	return err
}

func (s suppliers) AnswerReceived(_ context.Context, r *einvoicev1.AnswerReceivedRequest) (*einvoicev1.AnswerReceivedResponse, error) {
	v, err := s.received(r)
	return &einvoicev1.AnswerReceivedResponse{Invoice: v, Replayed: s.replayed}, err
}

func (s suppliers) PayReceived(_ context.Context, r *einvoicev1.PayReceivedRequest) (*einvoicev1.PayReceivedResponse, error) {
	if _, err := s.received(r); err != nil {
		return nil, err
	}
	return &einvoicev1.PayReceivedResponse{Payment: payment(), Replayed: s.replayed}, nil
}

func (s suppliers) CancelReceivedPayment(_ context.Context, r *einvoicev1.CancelReceivedPaymentRequest) (*einvoicev1.CancelReceivedPaymentResponse, error) {
	if _, err := s.received(r); err != nil {
		return nil, err
	}
	p := payment()
	if s.replayed {
		return &einvoicev1.CancelReceivedPaymentResponse{Payment: p, AuthorisationUrl: "https://bank.example/cancel"}, nil
	}
	p.Status, p.PaymentUrl, p.EndedAt = "cancelled", "", timestamppb.New(noon)
	return &einvoicev1.CancelReceivedPaymentResponse{Payment: p}, nil
}

func payment() *einvoicev1.ReceivedPayment {
	return &einvoicev1.ReceivedPayment{
		Reference: "SUP-20260617-0B25921FB72918ED", Status: "pending_sca", AmountCents: 12000, Iban: iban, Name: "Fournitures Martin SAS", Description: "F/2026/17",
		PaymentUrl: "https://bank.example/1", CreatedAt: timestamppb.New(noon),
	}
}

func TestReceivedInvoicesAreListedAndRead(t *testing.T) {
	t.Parallel()
	f := setup(t)
	list := f.call(t, f.key, "GET", "/einvoice/received?status=unreadable&seller_siren=732829320&limit=2", "")
	if asked := f.platform.asked().(*einvoicev1.ListReceivedRequest); list.status != 200 || asked.GetStatus() != "unreadable" || asked.GetSellerSiren() != "732829320" || asked.GetLivemode() {
		t.Errorf("%d %s, asked for %v", list.status, list.text, asked)
	}
	for _, want := range []string{`"problem":"The document is empty."`, `"total_ttc":null`, `"total_ttc":120`} {
		if !strings.Contains(list.text, want) {
			t.Errorf("the list has no %s: %s", want, list.text)
		}
	}
	one := f.call(t, f.key, "GET", "/einvoice/received/"+invoiceID, "")
	for _, want := range []string{
		`"allowed_statuses":["approved","refused"]`, `"quantity":2.5`, `"vat_rate":5.5`, `"code":"iban_changed"`, `"status":"acknowledged"`, `"label":"Prise en charge"`,
		`"iban":"` + iban + `"`, `"notes":[]`, `"lifecycle":{"code":203,"label":"Mise à disposition"}`,
	} {
		if one.status != 200 || !strings.Contains(one.text, want) {
			t.Errorf("%d: no %s in %s", one.status, want, one.text)
		}
	}
	for path, kind := range map[string]string{"/pdf": "application/pdf", "/xml": "application/xml"} {
		got := f.call(t, f.key, "GET", "/einvoice/received/"+invoiceID+path, "")
		h := got.header
		if got.status != 200 || got.text != "<a/>" || !strings.HasPrefix(h.Get("Content-Type"), kind) || h.Get("Content-Disposition") != `attachment; filename="received-F-2026-17.`+path[1:]+`"` ||
			h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") != "sandbox" {
			t.Errorf("%s: %d %v", path, got.status, h)
		}
	}
}

func TestAReceivedInvoiceIsAnswered(t *testing.T) {
	t.Parallel()
	f := setup(t)
	got := f.call(t, append(as{"Idempotency-Key", "k1"}, f.key...), "POST", "/einvoice/received/"+invoiceID+"/status", `{"status":"refused","reason_code":"CMD_ERR","reason":"Not ordered"}`)
	want := &einvoicev1.AnswerReceivedRequest{MerchantId: f.merchant.ID, Id: invoiceID, Code: 210, ReasonCode: "CMD_ERR", Reason: "Not ordered", IdempotencyKey: "k1"}
	if got.status != 200 || !proto.Equal(f.platform.asked(), want) {
		t.Errorf("%d %s: asked for %v", got.status, got.text, f.platform.asked())
	}
	for _, bad := range []string{`{}`, `{"status":"completed"}`, `{"status":"received"}`, `{"status":"approved","code":205}`} {
		before := f.platform.called()
		if got := f.call(t, f.key, "POST", "/einvoice/received/"+invoiceID+"/status", bad); got.status != 400 || f.platform.called() != before {
			t.Errorf("%s: %d %s", bad, got.status, got.text)
		}
	}
}

func TestWhoMayReadAndAnswerReceivedInvoices(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const status = "/einvoice/received/" + invoiceID + "/status"
	for _, c := range []struct {
		who         as
		read, write int
	}{
		{f.key, 200, 200},
		{f.live, 404, 404},
		{f.reader, 200, 403},
		{f.payer, 403, 403},
		{f.people[rights.RoleMerchant], 200, 200},
		{f.people[rights.RoleStaff], 200, 200},
		{f.people[rights.RoleAccountant], 200, 403},
		{nil, 400, 400},
	} {
		if got := f.call(t, c.who, "GET", "/einvoice/received/"+invoiceID, ""); got.status != c.read {
			t.Errorf("%v reads: %d, want %d: %s", c.who, got.status, c.read, got.text)
		}
		if got := f.call(t, c.who, "POST", status, `{"status":"approved"}`); got.status != c.write {
			t.Errorf("%v answers: %d, want %d: %s", c.who, got.status, c.write, got.text)
		}
	}
}

func (f *fixture) enable(t *testing.T, enabled bool) {
	t.Helper()
	if _, err := f.accounts.Merchants.Enable(t.Context(), "user:admin", f.merchant.ID, enabled, nil); err != nil {
		t.Fatal(err)
	}
}

// Only who may move the merchant's money may pay, and only a merchant who may take part in payments.
func TestAReceivedInvoiceIsPaidByWhoMayMoveMoney(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const pay = "/einvoice/received/" + invoiceID + "/pay"
	f.enable(t, false)
	if got := f.call(t, f.key, "POST", pay, `{}`); got.status != 403 || f.platform.called() != 0 {
		t.Fatalf("a merchant that is not enabled pays: %d %s", got.status, got.text)
	}
	f.enable(t, true)
	for _, c := range []struct {
		who  as
		want int
	}{
		{f.key, 201},
		{f.payer, 201},
		{f.live, 403},
		{f.reader, 403},
		{f.people[rights.RoleMerchant], 201},
		{f.people[rights.RoleStaff], 403},
		{f.people[rights.RoleAccountant], 403},
		{nil, 400},
	} {
		if got := f.call(t, c.who, "POST", pay, `{"confirm_iban":"0189"}`); got.status != c.want {
			t.Errorf("%v pays: %d, want %d: %s", c.who, got.status, c.want, got.text)
		}
	}
	got := f.call(t, append(as{"Idempotency-Key", "k1"}, f.key...), "POST", pay, `{"confirm_iban":"0189","success_url":"https://shop.example/ok"}`)
	in, _ := f.platform.asked().(*einvoicev1.PayReceivedRequest)
	if got.status != 201 || !strings.Contains(got.text, `"payment_url":"https://bank.example/1"`) || in.GetConfirmIban() != "0189" || in.GetIdempotencyKey() != "k1" ||
		in.GetSuccessUrl() != "https://shop.example/ok" || in.GetMerchantVersion() == 0 || in.GetLivemode() {
		t.Errorf("%d %s, asked %v", got.status, got.text, in)
	}
	f.platform.replayed = true
	if got := f.call(t, f.key, "POST", pay, `{}`); got.status != 200 || got.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("again: %d", got.status)
	}
	before := f.platform.called()
	for _, bad := range []string{`{"iban":"FR7630006000011234567890189"}`, `{"amount":1}`, `{"confirm_iban":"FR7630006000011234567890189"}`, `{"success_url":"javascript:x"}`, `[]`} {
		if got := f.call(t, f.key, "POST", pay, bad); got.status != 400 || f.platform.called() != before {
			t.Errorf("%s: %d %s", bad, got.status, got.text)
		}
	}
}

func TestWhoMayPayMayCancelThePayment(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const cancel = "/einvoice/received/" + invoiceID + "/pay/cancel"
	for _, c := range []struct {
		who  as
		want int
	}{
		{f.payer, 200}, {f.reader, 403}, {f.people[rights.RoleMerchant], 200}, {f.people[rights.RoleStaff], 403}, {f.people[rights.RoleAccountant], 403}, {f.live, 404},
	} {
		if got := f.call(t, c.who, "POST", cancel, ""); got.status != c.want {
			t.Errorf("%v cancels: %d, want %d: %s", c.who, got.status, c.want, got.text)
		}
	}
	if got := f.call(t, f.key, "POST", cancel, `{}`); !strings.Contains(got.text, `"status":"cancelled"`) || strings.Contains(got.text, "authorisation_url") {
		t.Errorf("%s", got.text)
	}
	f.platform.set(func() { f.platform.replayed = true })
	if got := f.call(t, f.key, "POST", cancel, ""); !strings.Contains(got.text, `"authorisation_url":"https://bank.example/cancel"`) {
		t.Errorf("%s", got.text)
	}
}
