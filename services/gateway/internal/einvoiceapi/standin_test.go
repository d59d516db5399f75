package einvoiceapi

import (
	"context"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
)

const (
	invoiceID = "01976a3e-6a1b-7c2d-8e3f-4a5b6c7d8e9f"
	numberOf  = "INV-2026-AB12CD-000001"
	signature = "good"
)

// platform stands in for the einvoice service, which this module must not import: it has one invoice of one merchant in test
// mode, and remembers the requests.
type platform struct {
	einvoicev1.UnimplementedEInvoiceServiceServer
	einvoicev1.UnimplementedSalesServiceServer
	einvoicev1.UnimplementedTrailServiceServer
	einvoicev1.UnimplementedRebatesServiceServer
	einvoicev1.UnimplementedCreditRefundsServiceServer
	mu         sync.Mutex
	last       proto.Message
	calls      int
	owner      string
	enrollment *einvoicev1.Enrollment
	mandate    string
	replayed   bool
	payments   []*einvoicev1.InvoicePayment
	fail       error
	end        *einvoicev1.EndCreditRefundRequest
}

func (p *platform) EndCreditRefund(_ context.Context, r *einvoicev1.EndCreditRefundRequest) (*einvoicev1.EndCreditRefundResponse, error) {
	p.set(func() { p.end = r })
	return &einvoicev1.EndCreditRefundResponse{}, nil
}

// outcome is what was recorded last of a refund.
func (p *platform) outcome() *einvoicev1.EndCreditRefundRequest {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.end
}

func (p *platform) note(m proto.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last, p.calls = m, p.calls+1
	return p.fail
}

func (p *platform) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *platform) asked() proto.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

func (p *platform) called() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

// about is a request about one invoice.
type about interface {
	proto.Message
	GetMerchantId() string
	GetLivemode() bool
	GetId() string
}

func (p *platform) find(r about) (*einvoicev1.Invoice, error) {
	if err := p.note(r); err != nil {
		return nil, err
	}
	if r.GetMerchantId() != p.owner || r.GetLivemode() || r.GetId() != invoiceID && r.GetId() != numberOf {
		return nil, errs.NotFound("Invoice")
	}
	return p.invoice(), nil
}

func (p *platform) invoice() *einvoicev1.Invoice {
	v := &einvoicev1.Invoice{
		Id: invoiceID, MerchantId: p.owner, Number: numberOf, TypeCode: "380", Status: "pending", SeqinoStatus: "submitted",
		SeqinoInvoiceId: "draft_abc123", LifecycleCode: 200, Audience: "B2B", IssueDate: "2026-06-17", DueDate: "2026-07-17", Currency: "EUR",
		Customer: &einvoicev1.Party{Name: "Acme Corp", Email: "billing@acme.com", Siren: "732829320", Address: &einvoicev1.Address{Country: "FR"}},
		Lines: []*einvoicev1.InvoiceLine{{
			Name: "Conseil", Quantity: "2", UnitPriceCents: 90000, UnitPriceNet: "750.00", VatRatePerMille: 200, VatCategory: "S", Nature: "services",
			NetCents: 150000, TotalCents: 180000,
		}},
		Vat:           []*einvoicev1.InvoiceVAT{{RatePerMille: 200, Category: "S", BaseCents: 150000, TaxCents: 30000}},
		TotalNetCents: 150000, TotalVatCents: 30000, TotalCents: 180000, DueCents: 180000, Reference: "ERP-INV-2026-001", Sequence: 2,
		CreatedAt: timestamppb.New(noon), UpdatedAt: timestamppb.New(noon), SubmittedAt: timestamppb.New(noon), BusinessProcess: "S1", Payments: p.payments,
		Lifecycle: []*einvoicev1.LifecycleEvent{{Code: 200, Label: "Déposée", OccurredAt: timestamppb.New(noon), Emitter: "PDPE"}},
	}
	if p.mandate != "active" {
		v.Status, v.SeqinoStatus, v.LifecycleCode, v.Lifecycle, v.SubmittedAt = "draft", "mandate_pending", 0, nil, nil
	}
	return v
}

func (p *platform) correction(kind string) *einvoicev1.Invoice {
	v := p.invoice()
	v.Id, v.Number, v.TypeCode = "01976a3e-6a1b-7c2d-8e3f-4a5b6c7d8ea0", "CN-2026-AB12CD-000001", kind
	v.CorrectsId, v.CorrectsNumber, v.CreditCents, v.Reason = invoiceID, numberOf, 5000, "Partial refund — defective item"
	return v
}

func (p *platform) GetEnrollment(_ context.Context, r *einvoicev1.GetEnrollmentRequest) (*einvoicev1.GetEnrollmentResponse, error) {
	return &einvoicev1.GetEnrollmentResponse{Enrollment: p.enrollment}, p.note(r)
}

func (p *platform) Enroll(_ context.Context, r *einvoicev1.EnrollRequest) (*einvoicev1.EnrollResponse, error) {
	return &einvoicev1.EnrollResponse{Enrollment: &einvoicev1.Enrollment{
		Enrolled: true, MandateId: "mdt_5ca4c022", MandateStatus: "pending_kyb", Settings: r.GetSettings(),
	}}, p.note(r)
}

func (p *platform) GetOnboardingLink(_ context.Context, r *einvoicev1.GetOnboardingLinkRequest) (*einvoicev1.GetOnboardingLinkResponse, error) {
	return &einvoicev1.GetOnboardingLinkResponse{Url: "https://kyb.example/x?a=1&b=2", ExpiresAt: timestamppb.New(noon.Add(time.Hour))}, p.note(r)
}

func (p *platform) UpdateSettings(_ context.Context, r *einvoicev1.UpdateSettingsRequest) (*einvoicev1.UpdateSettingsResponse, error) {
	return &einvoicev1.UpdateSettingsResponse{Enrollment: &einvoicev1.Enrollment{Enrolled: true, Settings: r.GetSettings()}}, p.note(r)
}

func (p *platform) CreateInvoice(_ context.Context, r *einvoicev1.CreateInvoiceRequest) (*einvoicev1.CreateInvoiceResponse, error) {
	if err := p.note(r); err != nil {
		return nil, err
	}
	return &einvoicev1.CreateInvoiceResponse{Invoice: p.invoice(), Replayed: p.replayed, MandateStatus: p.mandate}, nil
}

func (p *platform) ListInvoices(_ context.Context, r *einvoicev1.ListInvoicesRequest) (*einvoicev1.ListInvoicesResponse, error) {
	v := p.invoice()
	v.Lines, v.Vat, v.Lifecycle = nil, nil, nil
	return &einvoicev1.ListInvoicesResponse{Invoices: []*einvoicev1.Invoice{v}, Total: 41}, p.note(r)
}

func (p *platform) GetInvoice(_ context.Context, r *einvoicev1.GetInvoiceRequest) (*einvoicev1.GetInvoiceResponse, error) {
	v, err := p.find(r)
	if v != nil {
		v.Corrections = []*einvoicev1.Invoice{p.correction("381")}
	}
	return &einvoicev1.GetInvoiceResponse{Invoice: v}, err
}

func (p *platform) GetInvoicePDF(_ context.Context, r *einvoicev1.GetInvoicePDFRequest) (*einvoicev1.GetInvoicePDFResponse, error) {
	v, err := p.find(r)
	if err == nil && v.GetSeqinoStatus() != "submitted" {
		err = errs.New(errs.InvalidState, "The invoice was not submitted yet.")
	}
	return &einvoicev1.GetInvoicePDFResponse{Pdf: []byte("%PDF-1.7 \x00"), Number: v.GetNumber()}, err
}

func (p *platform) SubmitInvoice(_ context.Context, r *einvoicev1.SubmitInvoiceRequest) (*einvoicev1.SubmitInvoiceResponse, error) {
	v, err := p.find(r)
	return &einvoicev1.SubmitInvoiceResponse{Invoice: v, MandateStatus: p.mandate}, err
}

func (p *platform) MarkInvoicePaid(_ context.Context, r *einvoicev1.MarkInvoicePaidRequest) (*einvoicev1.MarkInvoicePaidResponse, error) {
	v, err := p.find(r)
	if err == nil {
		v.Status, v.PaidCents, v.DueCents = "paid", 180000, 0
		v.Payments = []*einvoicev1.InvoicePayment{{Id: "p1", AmountCents: 180000, PaidOn: "2026-06-17", Method: "bank"}}
	}
	return &einvoicev1.MarkInvoicePaidResponse{
		Invoice: v, Replayed: p.replayed,
		Reports: []*einvoicev1.ReportDue{{Kind: "payments", PeriodStart: "2026-06-01", PeriodEnd: "2026-06-30", DueDate: "2026-07-10"}, {Kind: "collection"}},
	}, err
}

func (p *platform) CancelInvoice(_ context.Context, r *einvoicev1.CancelInvoiceRequest) (*einvoicev1.CancelInvoiceResponse, error) {
	v, err := p.find(r)
	if err != nil {
		return nil, err
	}
	v.Status = "cancelled"
	if v.GetSeqinoStatus() != "submitted" {
		return &einvoicev1.CancelInvoiceResponse{Invoice: v}, nil
	}
	return &einvoicev1.CancelInvoiceResponse{Invoice: v, Correction: p.correction("384")}, nil
}

func (p *platform) CreateCreditNote(_ context.Context, r *einvoicev1.CreateCreditNoteRequest) (*einvoicev1.CreateCreditNoteResponse, error) {
	v, err := p.find(r)
	if err == nil && r.GetAmountCents() > 180000 {
		err = errs.New(errs.CreditExceeds, "At most 1800.00 is left of the invoice.")
	}
	out := &einvoicev1.CreateCreditNoteResponse{CreditNote: p.correction("381"), Invoice: v, Replayed: p.replayed}
	if r.GetRefund() {
		out.RefundPayment, out.RefundReference = paidBy, refundOf
	}
	return out, err
}

func (p *platform) ListReports(_ context.Context, r *einvoicev1.ListReportsRequest) (*einvoicev1.ListReportsResponse, error) {
	return &einvoicev1.ListReportsResponse{Total: 1, Reports: []*einvoicev1.EReport{{
		Id: "r1", Kind: "sales", PeriodStart: "2026-06-01", PeriodEnd: "2026-06-10", DueDate: "2026-06-20", Number: 2, Status: "sent",
		PlatformId: "rpt_1", CreatedAt: timestamppb.New(noon), SentAt: timestamppb.New(noon),
	}}}, p.note(r)
}

func (p *platform) HandlePlatformHook(_ context.Context, r *einvoicev1.HandlePlatformHookRequest) (*einvoicev1.HandlePlatformHookResponse, error) {
	if err := p.note(r); err != nil {
		return nil, err
	}
	if r.GetHeaders()["x-seqino-signature"] != signature {
		return nil, errs.New(errs.InvalidSignature, "The signature is missing or wrong.")
	}
	return &einvoicev1.HandlePlatformHookResponse{}, nil
}

// errAway is the error of a service that cannot be reached.
var errAway = status.Error(codes.Unavailable, "away")

// connect serves the stand-in on a real gRPC server.
func (p *platform) connect(t *testing.T) *grpc.ClientConn {
	t.Helper()
	return gatewaytest.Connect(t, func(r grpc.ServiceRegistrar) {
		einvoicev1.RegisterEInvoiceServiceServer(r, p)
		einvoicev1.RegisterSalesServiceServer(r, p)
		einvoicev1.RegisterTrailServiceServer(r, p)
		einvoicev1.RegisterRebatesServiceServer(r, p)
		einvoicev1.RegisterCreditRefundsServiceServer(r, p)
		einvoicev1.RegisterReceivedServiceServer(r, suppliers{platform: p})
	}, func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		res, err := next(ctx, req)
		if status.Code(err) == codes.Unavailable {
			return nil, err
		}
		return errs.UnaryServer(quiet)(ctx, req, info, func(context.Context, any) (any, error) { return res, err })
	})
}
