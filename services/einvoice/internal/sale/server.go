package sale

import (
	"cmp"
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/vat"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Server implements SalesService.
type Server struct {
	einvoicev1.UnimplementedSalesServiceServer
	sales *Sales
}

// NewServer returns the server.
func NewServer(s *Sales) *Server { return &Server{sales: s} }

// The bounds of requests.
const (
	maxTotals = 20
	maxPage   = 100
	firstDay  = invoice.Date("2000-01-01")
	lastDay   = invoice.Date("2099-12-31")
)

// RecordTill implements SalesService.
func (s *Server) RecordTill(ctx context.Context, req *einvoicev1.RecordTillRequest) (*einvoicev1.RecordTillResponse, error) {
	t := Till{Name: req.GetTill(), Day: invoice.Date(req.GetDate())}
	var p refuse.Problems
	p.If(len(req.GetTotals()) > maxTotals, "totals", "must have at most %d entries", maxTotals)
	for i, x := range req.GetTotals() {
		rate, err := vat.Parse(x.GetVatRate())
		p.If(err != nil, refuse.At("totals", i)+".vat_rate", "must be one of 20, 10, 5.5, 2.1 and 0")
		t.Parts = append(t.Parts, Part{Nature: invoice.Nature(x.GetNature()), VATPerMill: rate, Amount: money.Cents(x.GetAmountCents())})
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	out, known, err := s.sales.Record(ctx, Who{req.GetMerchantId(), req.GetLivemode()}, t)
	if err != nil {
		return nil, err
	}
	return &einvoicev1.RecordTillResponse{Day: tillDay(out), Known: known}, nil
}

// ListTills implements SalesService.
func (s *Server) ListTills(ctx context.Context, req *einvoicev1.ListTillsRequest) (*einvoicev1.ListTillsResponse, error) {
	if _, err := enrol.Read(ctx, s.sales.Pool, req.GetMerchantId(), req.GetLivemode()); err != nil {
		return nil, err
	}
	from, to := invoice.Date(cmp.Or(req.GetFrom(), string(firstDay))), invoice.Date(cmp.Or(req.GetTo(), string(lastDay)))
	for field, day := range map[string]invoice.Date{"from": from, "to": to} {
		if _, err := invoice.ParseDate(string(day)); err != nil {
			return nil, errs.Invalid(errs.Field{Field: field, Message: field + " must be a day such as 2026-11-30."})
		}
	}
	page, limit := max(1, int(req.GetPage())), min(max(1, int(req.GetLimit())), maxPage)
	list, total, err := s.sales.tills(ctx, Who{req.GetMerchantId(), req.GetLivemode()}, from, to, page, limit)
	if err != nil {
		return nil, err
	}
	res := &einvoicev1.ListTillsResponse{Total: total}
	for _, t := range list {
		res.Days = append(res.Days, tillDay(t))
	}
	return res, nil
}

// GetUnreported implements SalesService.
func (s *Server) GetUnreported(ctx context.Context, req *einvoicev1.GetUnreportedRequest) (*einvoicev1.GetUnreportedResponse, error) {
	e, err := enrol.Read(ctx, s.sales.Pool, req.GetMerchantId(), req.GetLivemode())
	if errs.Is(err, errs.NotEnrolled) {
		return &einvoicev1.GetUnreportedResponse{}, nil
	}
	if err != nil {
		return nil, err
	}
	u, err := s.sales.unreported(ctx, e)
	if err != nil {
		return nil, err
	}
	return &einvoicev1.GetUnreportedResponse{Payments: u.Payments, AmountCents: int64(u.Amount), Since: string(u.Since)}, nil
}

func tillDay(t Till) *einvoicev1.TillDay {
	v := &einvoicev1.TillDay{
		Id: t.ID.String(), Date: string(t.Day), Till: t.Name, TotalCents: int64(t.Total()), VatCents: int64(t.Tax()), Version: int32(t.Version),
		PeriodStart: string(t.Period.Start), PeriodEnd: string(t.Period.End), DueDate: string(t.Period.Due), Reported: t.Reported,
		CreatedAt: timestamppb.New(t.CreatedAt), UpdatedAt: timestamppb.New(t.UpdatedAt),
	}
	for _, p := range t.Parts {
		v.Totals = append(v.Totals, &einvoicev1.TillTotal{VatRate: p.VATPerMill.String(), Nature: string(p.Nature), AmountCents: int64(p.Amount)})
	}
	return v
}
