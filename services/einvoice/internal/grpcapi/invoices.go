package grpcapi

import (
	"context"
	"crypto/sha256"
	"errors"

	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/vat"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/ledger"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// CreateInvoice implements EInvoiceService.
func (s *Server) CreateInvoice(ctx context.Context, req *einvoicev1.CreateInvoiceRequest) (*einvoicev1.CreateInvoiceResponse, error) {
	order, err := orderIn(req)
	if err != nil {
		return nil, err
	}
	created, err := s.ledger.Create(ctx, who(req), order, same(req, req.GetIdempotencyKey()))
	if err != nil {
		return nil, err
	}
	v, err := s.ledger.WithDetails(ctx, created.Record)
	if err != nil {
		return nil, err
	}
	return &einvoicev1.CreateInvoiceResponse{Invoice: v, Replayed: created.Replayed, MandateStatus: string(created.Mandate)}, nil
}

// same returns what identifies a repeated request: its key and its content.
func same(req proto.Message, key string) ledger.Idempotency {
	if key == "" {
		return ledger.Idempotency{}
	}
	content, err := proto.MarshalOptions{Deterministic: true}.Marshal(req)
	if err != nil {
		content = nil // cannot happen: it has just been unmarshalled
	}
	hash := sha256.Sum256(append([]byte(req.ProtoReflect().Descriptor().FullName()), content...))
	return ledger.Idempotency{Key: key, Hash: hash[:]}
}

// orderIn parses the numbers of a request; invoice.New validates the order.
func orderIn(req *einvoicev1.CreateInvoiceRequest) (invoice.Order, error) {
	c := req.GetCustomer()
	o := invoice.Order{
		Customer: invoice.Customer{
			Name: c.GetName(), Email: c.GetEmail(), Phone: c.GetPhone(), Business: req.GetCustomerType() == "business",
			Individual: req.GetCustomerType() == "individual", SIREN: c.GetSiren(), SIRET: c.GetSiret(), VATNumber: c.GetVatNumber(),
			ElectronicAddress: c.GetElectronicAddress(), Address: address(c.GetAddress()),
		},
		Discount: money.Cents(req.GetDiscountCents()), Notes: req.GetNotes(), Reference: req.GetReference(), Due: invoice.Date(req.GetDueDate()),
		PaidOn: invoice.Date(req.GetPaidOn()), Method: invoice.Method(req.GetPaymentMethod()), PaymentReference: req.GetPaymentReference(),
		BuyerReference: req.GetBuyerReference(), PurchaseOrder: req.GetPurchaseOrder(), Contract: req.GetContractReference(),
		Delivered: invoice.Date(req.GetDeliveryDate()), Served: invoice.Period{From: invoice.Date(req.GetServiceFrom()), To: invoice.Date(req.GetServiceTo())},
		DeliveryAddress: address(req.GetDeliveryAddress()),
		Deposit:         req.GetType() == "deposit", Deposits: req.GetDeposits(), KeepUnreachable: req.GetKeepUnreachable(),
		AutoCredit: req.GetAutoCredit(), Paid: money.Cents(req.GetPaidCents()),
	}
	var bad refuse.Problems
	bad.If(req.GetType() != "" && req.GetType() != "invoice" && req.GetType() != "deposit", "type", "must be invoice or deposit")
	switch req.GetCustomerType() {
	case "", "business", "individual":
	default:
		bad.Add("customer_type", "must be business or individual")
	}
	for i, it := range req.GetItems() {
		o.Items = append(o.Items, itemIn(&bad, it, refuse.At("items", i)))
	}
	if err := bad.Err(); err != nil {
		return invoice.Order{}, err
	}
	return o, nil
}

func itemIn(bad *refuse.Problems, it *einvoicev1.InvoiceItem, at string) invoice.Item {
	quantity, err := invoice.ParseQuantity(it.GetQuantity())
	bad.If(err != nil, at+".quantity", "must be a number with at most four decimals")
	rate, err := vat.Parse(it.GetVatRate())
	bad.If(err != nil, at+".vat_rate", "must be 0, 2.1, 5.5, 10 or 20")
	return invoice.Item{
		Name: it.GetProductName(), Description: it.GetDescription(), Quantity: quantity, UnitPrice: money.Cents(it.GetUnitPriceCents()), VATPerMill: rate,
		Nature: invoice.Nature(it.GetNature()), ExemptReason: it.GetVatExemptionReason(),
		Unit: it.GetUnit(), ExemptCode: it.GetVatExemptionCode(),
	}
}

// The limits of a page.
const (
	defaultLimit = 20
	maxLimit     = 100
	maxPage      = 1_000_000
)

func paging(page, limit int32) (int, int) {
	if limit <= 0 {
		limit = defaultLimit
	}
	return int(min(max(page, 1), maxPage)), int(min(limit, maxLimit))
}

// ListInvoices implements EInvoiceService.
func (s *Server) ListInvoices(ctx context.Context, req *einvoicev1.ListInvoicesRequest) (*einvoicev1.ListInvoicesResponse, error) {
	f := ledger.Filter{Status: ledger.Status(req.GetStatus()), Payment: req.GetPaymentReference()}
	f.Page, f.Limit = paging(req.GetPage(), req.GetLimit())
	if req.GetFrom() != nil {
		f.From = req.GetFrom().AsTime()
	}
	if req.GetTo() != nil {
		f.To = req.GetTo().AsTime()
	}
	out := &einvoicev1.ListInvoicesResponse{}
	var (
		list []ledger.Record
		err  error
	)
	if after := req.GetStartingAfter(); after != "" {
		list, out.HasMore, err = s.ledger.ListAfter(ctx, who(req), f, after)
	} else {
		list, out.Total, err = s.ledger.List(ctx, who(req), f)
	}
	if err != nil {
		return nil, err
	}
	for i := range list {
		v := list[i].Proto()
		v.Lines, v.Vat = nil, nil
		out.Invoices = append(out.Invoices, v)
	}
	return out, nil
}

// GetInvoice implements EInvoiceService.
func (s *Server) GetInvoice(ctx context.Context, req *einvoicev1.GetInvoiceRequest) (*einvoicev1.GetInvoiceResponse, error) {
	v, err := s.ledger.Get(ctx, who(req), req.GetId())
	if err != nil {
		return nil, err
	}
	return &einvoicev1.GetInvoiceResponse{Invoice: v}, nil
}

// GetInvoicePDF implements EInvoiceService.
func (s *Server) GetInvoicePDF(ctx context.Context, req *einvoicev1.GetInvoicePDFRequest) (*einvoicev1.GetInvoicePDFResponse, error) {
	pdf, number, err := s.ledger.PDF(ctx, who(req), req.GetId())
	if err != nil {
		return nil, err
	}
	return &einvoicev1.GetInvoicePDFResponse{Pdf: pdf, Number: number}, nil
}

// SubmitInvoice implements EInvoiceService. It refreshes the mandate first, which may have just become active.
func (s *Server) SubmitInvoice(ctx context.Context, req *einvoicev1.SubmitInvoiceRequest) (*einvoicev1.SubmitInvoiceResponse, error) {
	e, enrolled, err := s.enrol.Current(ctx, req.GetMerchantId(), req.GetLivemode())
	if err != nil {
		return nil, err
	}
	if !enrolled {
		return nil, enrol.ErrNotEnrolled()
	}
	r, err := s.ledger.Submit(ctx, who(req), req.GetId())
	if err != nil {
		return nil, err
	}
	return &einvoicev1.SubmitInvoiceResponse{Invoice: r.Proto(), MandateStatus: string(e.Status())}, nil
}

// MarkInvoicePaid implements EInvoiceService.
func (s *Server) MarkInvoicePaid(ctx context.Context, req *einvoicev1.MarkInvoicePaidRequest) (*einvoicev1.MarkInvoicePaidResponse, error) {
	p, err := paymentIn(req)
	if err != nil {
		return nil, err
	}
	paid, err := s.ledger.MarkPaid(ctx, who(req), req.GetId(), p, same(req, req.GetIdempotencyKey()))
	if err != nil {
		return nil, err
	}
	v, err := s.ledger.WithDetails(ctx, paid.Record)
	if err != nil {
		return nil, err
	}
	out := &einvoicev1.MarkInvoicePaidResponse{Invoice: v, Replayed: paid.Replayed}
	for _, d := range paid.Reports {
		out.Reports = append(out.Reports, &einvoicev1.ReportDue{
			Kind: d.Kind, PeriodStart: string(d.Period.Start), PeriodEnd: string(d.Period.End), DueDate: string(d.Period.Due),
		})
	}
	return out, nil
}

func paymentIn(req *einvoicev1.MarkInvoicePaidRequest) (ledger.Payment, error) {
	p := ledger.Payment{Method: invoice.Method(req.GetPaymentMethod())}
	switch p.Method {
	case invoice.MethodCash, invoice.MethodCard, invoice.MethodBank, invoice.MethodTerminal, invoice.MethodOther:
	default:
		return p, errs.Invalid(errs.Field{Field: "payment_method", Message: "payment_method must be cash, card, bank, terminal or other."})
	}
	if req.GetPaymentDate() != "" {
		day, err := invoice.ParseDate(req.GetPaymentDate())
		if err != nil {
			return p, errs.Invalid(errs.Field{Field: "payment_date", Message: "payment_date must be a day from 2000 to 2099, as YYYY-MM-DD."})
		}
		p.On = day
	}
	if req.AmountCents != nil {
		amount := money.Cents(req.GetAmountCents())
		p.Amount = &amount
	}
	return p, nil
}

// CancelInvoice implements EInvoiceService.
func (s *Server) CancelInvoice(ctx context.Context, req *einvoicev1.CancelInvoiceRequest) (*einvoicev1.CancelInvoiceResponse, error) {
	if err := invoice.CheckReason(req.GetReason()); err != nil {
		return nil, err
	}
	done, err := s.ledger.Cancel(ctx, who(req), req.GetId(), req.GetReason())
	if err != nil {
		return nil, err
	}
	out := &einvoicev1.CancelInvoiceResponse{}
	if out.Invoice, err = s.ledger.WithDetails(ctx, done.Record); err == nil && done.By != nil {
		out.Correction, err = s.ledger.WithDetails(ctx, *done.By)
	}
	return out, err
}

// CreateCreditNote implements EInvoiceService.
func (s *Server) CreateCreditNote(ctx context.Context, req *einvoicev1.CreateCreditNoteRequest) (*einvoicev1.CreateCreditNoteResponse, error) {
	c := ledger.CreditNote{Reason: req.GetReason(), Cancel: req.GetType() == "cancel", Refund: req.GetRefund()}
	if t := req.GetType(); t != "" && t != "refund" && t != "cancel" {
		return nil, errs.Invalid(errs.Field{Field: "type", Message: "type must be refund or cancel."})
	}
	if err := invoice.CheckReason(req.GetReason()); err != nil {
		return nil, err
	}
	if req.AmountCents != nil {
		amount := money.Cents(req.GetAmountCents())
		c.Amount = &amount
	}
	var err error
	if c.Items, err = creditItemsIn(req.GetItems()); err != nil {
		return nil, err
	}
	done, err := s.ledger.Credit(ctx, who(req), req.GetId(), c, same(req, req.GetIdempotencyKey()))
	if err != nil {
		return nil, err
	}
	out := &einvoicev1.CreateCreditNoteResponse{Replayed: done.Replayed, RefundPayment: done.Payment, RefundReference: done.Refund}
	if out.CreditNote, err = s.ledger.WithDetails(ctx, *done.By); err == nil {
		out.Invoice, err = s.ledger.WithDetails(ctx, done.Record)
	}
	return out, err
}

// creditItemsIn parses the numbers of the items; invoice.CreditLines validates them.
func creditItemsIn(items []*einvoicev1.CreditItem) ([]invoice.CreditItem, error) {
	var bad refuse.Problems
	var list []invoice.CreditItem
	for i, it := range items {
		c := invoice.CreditItem{Line: int(it.GetLine())}
		if it.GetQuantity() != "" {
			q, err := invoice.ParseQuantity(it.GetQuantity())
			bad.If(err != nil || q <= 0, refuse.At("items", i)+".quantity", "must be a number above 0 with at most four decimals")
			c.Quantity = q
		}
		if it.AmountCents != nil {
			bad.If(it.GetAmountCents() <= 0, refuse.At("items", i)+".amount", "must be above 0")
			c.Amount = money.Cents(it.GetAmountCents())
		}
		list = append(list, c)
	}
	return list, bad.Err()
}

func errNoPlatform() error {
	return errs.New(errs.NotFoundCode, "There is no e-invoicing platform in this mode.")
}

func hookError(err error) error {
	if errors.Is(err, platform.ErrSignature) {
		return errs.New(errs.InvalidSignature, "The webhook's signature is missing or wrong.")
	}
	return errs.New(errs.ValidationError, "The webhook cannot be read.")
}
