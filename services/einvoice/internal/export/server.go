package export

import (
	"context"
	"encoding/hex"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// maxLimit bounds one page of a list.
const maxLimit = 100

// Server implements ExportsService.
type Server struct {
	einvoicev1.UnimplementedExportsServiceServer
	exports *Exports
}

// NewServer returns a server of e.
func NewServer(e *Exports) *Server { return &Server{exports: e} }

// CreateExport implements ExportsService.
func (s *Server) CreateExport(ctx context.Context, r *einvoicev1.CreateExportRequest) (*einvoicev1.CreateExportResponse, error) {
	a := r.GetAccounts()
	x, replayed, err := s.exports.Create(ctx, Request{
		Who: Who{r.GetMerchantId(), r.GetLivemode()}, Kind: r.GetKind(), Format: r.GetFormat(), Separator: r.GetSeparator(), From: r.GetFrom(), To: r.GetTo(),
		Accounts: accountsIn(a),
		Company:  Company{Name: r.GetCompanyName(), SIREN: r.GetSiren()},
	}, r.GetIdempotencyKey())
	if err != nil {
		return nil, err
	}
	return &einvoicev1.CreateExportResponse{Export: x.proto(), Replayed: replayed}, nil
}

func accountsIn(a *einvoicev1.Accounts) Accounts {
	return Accounts{
		Customers: a.GetCustomers(), Goods: a.GetGoods(), Services: a.GetServices(), VAT: a.GetVat(), Transit: a.GetTransit(), Bank: a.GetBank(),
		Cash: a.GetCash(), Suspense: a.GetSuspense(), Advances: a.GetAdvances(), AdvancesFrom: invoice.Date(a.GetAdvancesFrom()),
		GoodsRebates: a.GetGoodsRebates(), ServicesRebates: a.GetServicesRebates(),
	}
}

func (a Accounts) proto() *einvoicev1.Accounts {
	return &einvoicev1.Accounts{
		Customers: a.Customers, Goods: a.Goods, Services: a.Services, Vat: a.VAT, Transit: a.Transit, Bank: a.Bank, Cash: a.Cash, Suspense: a.Suspense,
		Advances: a.Advances, AdvancesFrom: string(a.AdvancesFrom), GoodsRebates: a.GoodsRebates, ServicesRebates: a.ServicesRebates,
	}
}

// GetAccounts implements ExportsService.
func (s *Server) GetAccounts(ctx context.Context, r *einvoicev1.GetAccountsRequest) (*einvoicev1.GetAccountsResponse, error) {
	a, err := s.exports.AccountsOf(ctx, Who{r.GetMerchantId(), r.GetLivemode()})
	if err != nil {
		return nil, err
	}
	return &einvoicev1.GetAccountsResponse{Accounts: a.proto()}, nil
}

// SetAccounts implements ExportsService.
func (s *Server) SetAccounts(ctx context.Context, r *einvoicev1.SetAccountsRequest) (*einvoicev1.SetAccountsResponse, error) {
	a, err := s.exports.SetAccounts(ctx, Who{r.GetMerchantId(), r.GetLivemode()}, accountsIn(r.GetAccounts()))
	if err != nil {
		return nil, err
	}
	return &einvoicev1.SetAccountsResponse{Accounts: a.proto()}, nil
}

// GetExport implements ExportsService.
func (s *Server) GetExport(ctx context.Context, r *einvoicev1.GetExportRequest) (*einvoicev1.GetExportResponse, error) {
	x, err := s.exports.Get(ctx, Who{r.GetMerchantId(), r.GetLivemode()}, r.GetId())
	if err != nil {
		return nil, err
	}
	return &einvoicev1.GetExportResponse{Export: x.proto()}, nil
}

// ListExports implements ExportsService.
func (s *Server) ListExports(ctx context.Context, r *einvoicev1.ListExportsRequest) (*einvoicev1.ListExportsResponse, error) {
	page, limit := max(1, int(r.GetPage())), max(1, min(int(r.GetLimit()), maxLimit))
	all, total, err := s.exports.List(ctx, Who{r.GetMerchantId(), r.GetLivemode()}, r.GetKind(), r.GetStatus(), page, limit)
	if err != nil {
		return nil, err
	}
	out := &einvoicev1.ListExportsResponse{Total: total.Rows, TotalIsMinimum: total.Minimum}
	for _, x := range all {
		out.Exports = append(out.Exports, x.proto())
	}
	return out, nil
}

// ReadExport implements ExportsService.
func (s *Server) ReadExport(r *einvoicev1.ReadExportRequest, stream grpc.ServerStreamingServer[einvoicev1.ReadExportResponse]) error {
	x, err := s.exports.Get(stream.Context(), Who{r.GetMerchantId(), r.GetLivemode()}, r.GetId())
	if err != nil {
		return err
	}
	switch x.Status {
	case Pending:
		return errs.New(errs.InvalidState, "The export is not ready. Ask for it again with GET /exports/%s until its status is ready.", x.ID)
	case Failed:
		return errs.New(errs.InvalidState, "The export failed, so that it has no file: %s", x.Problem)
	}
	if err := stream.Send(&einvoicev1.ReadExportResponse{FileName: x.FileName(), ContentType: x.ContentType()}); err != nil {
		return err
	}
	return s.exports.Read(stream.Context(), x, func(part []byte) error { return stream.Send(&einvoicev1.ReadExportResponse{Data: part}) })
}

func (x Export) proto() *einvoicev1.Export {
	out := &einvoicev1.Export{
		Id: x.ID.String(), Livemode: x.Livemode, Kind: string(x.Kind), Format: string(x.Format), Separator: x.Separator, From: string(x.From), To: string(x.To),
		Status: string(x.Status), Problem: x.Problem, CreatedAt: timestamppb.New(x.CreatedAt), ExpiresAt: timestamppb.New(x.ExpiresAt),
	}
	if x.FinishedAt != nil {
		out.FinishedAt = timestamppb.New(*x.FinishedAt)
	}
	if x.Status == Ready {
		out.FileName, out.ContentType, out.Size, out.Rows, out.Sha256 = x.FileName(), x.ContentType(), x.Size, x.Rows, hex.EncodeToString(x.SHA256)
		out.Totals = x.Totals.proto()
	}
	return out
}

func (t Totals) proto() *einvoicev1.ExportTotals {
	return &einvoicev1.ExportTotals{
		NetCents: amount(t.Net), VatCents: amount(t.VAT), TotalCents: amount(t.Total), RefundedCents: amount(t.Refunded), ReceivedCents: amount(t.Received),
		PaidOutCents: amount(t.PaidOut), DebitCents: amount(t.Debit), CreditCents: amount(t.Credit),
	}
}

func amount(c *money.Cents) *int64 {
	if c == nil {
		return nil
	}
	n := int64(*c)
	return &n
}
