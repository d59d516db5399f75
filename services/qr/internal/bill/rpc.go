package bill

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// GetTableBill implements BillService. A bill that is taken for that of earlier guests is not shown.
func (s *Server) GetTableBill(ctx context.Context, r *qrv1.GetTableBillRequest) (*qrv1.GetTableBillResponse, error) {
	if !isID(r.GetMerchantId()) || !isToken(r.GetToken()) {
		return nil, errs.NotFound(billNoun)
	}
	a, err := readOfTable(ctx, s.Pool, r.GetMerchantId(), r.GetToken())
	if err != nil {
		return nil, err
	}
	if a.stale(s.Now()) {
		return nil, errs.NotFound(billNoun)
	}
	return &qrv1.GetTableBillResponse{Bill: s.view(a)}, nil
}

// GetPublicBill implements BillService.
func (s *Server) GetPublicBill(ctx context.Context, r *qrv1.GetPublicBillRequest) (*qrv1.GetPublicBillResponse, error) {
	a, err := s.public(ctx, r.GetToken())
	if err != nil {
		return nil, err
	}
	return &qrv1.GetPublicBillResponse{Bill: s.view(a)}, nil
}

func (s *Server) public(ctx context.Context, token string) (*account, error) {
	if !isToken(token) {
		return nil, errs.NotFound(billNoun)
	}
	return readPublic(ctx, s.Pool, token)
}

// GetBill implements BillService.
func (s *Server) GetBill(ctx context.Context, r *qrv1.GetBillRequest) (*qrv1.GetBillResponse, error) {
	if !isID(r.GetMerchantId()) || !isID(r.GetId()) {
		return nil, errs.NotFound(billNoun)
	}
	a, err := readOwn(ctx, s.Pool, r.GetMerchantId(), r.GetId())
	if err != nil {
		return nil, err
	}
	return &qrv1.GetBillResponse{Bill: s.view(a)}, nil
}

// GetShare implements BillService.
func (s *Server) GetShare(ctx context.Context, r *qrv1.GetShareRequest) (*qrv1.GetShareResponse, error) {
	if !isToken(r.GetToken()) || !isID(r.GetShareId()) {
		return nil, errs.NotFound(shareNoun)
	}
	sh, err := readPublicShare(ctx, s.Pool, r.GetToken(), r.GetShareId())
	if err != nil {
		return nil, err
	}
	return &qrv1.GetShareResponse{Share: sh.view()}, nil
}

// ListBills implements BillService.
func (s *Server) ListBills(ctx context.Context, r *qrv1.ListBillsRequest) (*qrv1.ListBillsResponse, error) {
	if !isID(r.GetMerchantId()) {
		return nil, errs.Invalid(errs.Field{Field: "merchant_id", Message: "merchant_id must be a UUID."})
	}
	if id := r.GetTableId(); id != "" && !isID(id) {
		return nil, errs.Invalid(errs.Field{Field: "table", Message: "table must be the id of a table."})
	}
	if st := r.GetStatus(); st != "" && st != open && st != closed {
		return nil, errs.Invalid(errs.Field{Field: "status", Message: "status must be open or closed."})
	}
	list, total, err := listBills(ctx, s.Reads, r)
	if err != nil {
		return nil, err
	}
	res := &qrv1.ListBillsResponse{Total: total.Rows, TotalIsMinimum: total.Minimum}
	for _, a := range list {
		res.Bills = append(res.Bills, s.view(a))
	}
	return res, nil
}

func (s *Server) page(a *account) string { return s.Site + "/order/bill/" + a.Token }

func (s *Server) view(a *account) *qrv1.Bill {
	sum := a.sums()
	v := &qrv1.Bill{
		Id: a.ID, MerchantId: a.Merchant, MerchantName: a.MerchantName, Livemode: a.Livemode, TableId: a.TableID, TableName: a.TableName, Token: a.Token,
		Url: s.page(a), Status: a.Status, TotalCents: int64(sum.Total), PaidCents: int64(sum.Kept), PendingCents: int64(sum.Pending), DueCents: int64(a.due()),
		FreeCents: int64(a.free()), OverpaidCents: int64(a.overpaid()), TipCents: int64(sum.Tips), WrittenOffCents: int64(a.WrittenOff),
		WriteOffReason: a.WriteOffReason, Sequence: a.Sequence, CreatedAt: timestamppb.New(a.CreatedAt), UpdatedAt: timestamppb.New(a.UpdatedAt),
	}
	if a.PaidAt != nil {
		v.PaidAt = timestamppb.New(*a.PaidAt)
	}
	if a.ClosedAt != nil {
		v.ClosedAt = timestamppb.New(*a.ClosedAt)
	}
	for i := range a.Lines {
		l := &a.Lines[i]
		taken, _ := a.taken(l)
		v.Lines = append(v.Lines, &qrv1.BillLine{
			OrderId: l.OrderID, OrderNumber: l.Number, Position: l.Position, Name: l.Name, Quantity: l.Quantity, TotalCents: int64(l.Total), Options: l.Options,
			Taken: min(taken, l.Quantity),
		})
	}
	v.Taxes = taxViews(a.taxes())
	for _, p := range a.Payments {
		v.Payments = append(v.Payments, p.view())
	}
	for _, sh := range a.Shares {
		if sh.Status == open {
			v.Shares = append(v.Shares, sh.view())
		}
	}
	return v
}

func (r *received) view() *qrv1.BillPayment {
	if r == nil {
		return nil
	}
	return &qrv1.BillPayment{
		Id: r.ID, Method: r.Method, AmountCents: int64(r.Amount), TipCents: int64(r.Tip), RefundedCents: int64(r.Refunded), Reference: r.Reference,
		ShareId: r.ShareID, RefundStatus: r.Refund.Status, RefundCents: int64(r.Refund.Amount), RefundReference: r.Refund.Reference,
		RefundFailure: r.Refund.Failure, ReceivedAt: timestamppb.New(r.At), KeptTaxes: taxViews(r.keptTaxes()),
	}
}

func taxViews(list []vat.Share) []*qrv1.TaxShare {
	views := make([]*qrv1.TaxShare, len(list))
	for i, t := range list {
		views[i] = &qrv1.TaxShare{VatPerMille: int32(t.Rate), GrossCents: int64(t.Gross), VatCents: int64(t.VAT)}
	}
	return views
}

func (sh *share) view() *qrv1.BillShare {
	v := &qrv1.BillShare{
		Id: sh.ID, BillId: sh.BillID, Kind: sh.Kind, Status: sh.Status, AmountCents: int64(sh.Amount), TipCents: int64(sh.Tip), PaymentReference: sh.Reference,
		ExpiresAt: timestamppb.New(sh.ExpiresAt), CreatedAt: timestamppb.New(sh.CreatedAt), FailureCode: sh.Failure, People: sh.People, Parts: sh.Parts,
	}
	if sh.Status == open && sh.PaymentCreatedAt != nil {
		v.PaymentUrl, v.PaymentCreatedAt = sh.PaymentURL, timestamppb.New(*sh.PaymentCreatedAt)
	}
	for _, it := range sh.Items {
		v.Items = append(v.Items, &qrv1.ShareItem{OrderId: it.OrderID, Position: it.Position, Quantity: it.Quantity})
	}
	return v
}
