package bank

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// maxLimit bounds one page.
const maxLimit = 100

// Server implements BanksService.
type Server struct {
	paymentsv1.UnimplementedBanksServiceServer
	directory *Directory
}

// NewServer returns a server for d.
func NewServer(d *Directory) *Server { return &Server{directory: d} }

// ListBanks implements BanksService.
func (s *Server) ListBanks(_ context.Context, r *paymentsv1.ListBanksRequest) (*paymentsv1.ListBanksResponse, error) {
	want := Want{Kind: r.GetExecutionType(), Amount: money.Cents(r.GetAmountCents())}
	page, total, refreshed, err := s.directory.List(r.GetLivemode(), Filter{
		Country: r.GetCountry(), Search: r.GetSearch(), Want: want, Misfits: r.GetWithIncompatible(),
		Page: max(1, int(r.GetPage())), Limit: max(1, min(int(r.GetLimit()), maxLimit)),
	})
	if err != nil {
		return nil, err
	}
	out := &paymentsv1.ListBanksResponse{Total: int64(total), RefreshedAt: timestamppb.New(refreshed)}
	for _, b := range page {
		listed := b.proto()
		if why := b.Fits(want); why != nil {
			listed.Incompatible = errs.From(why).Message
		}
		out.Banks = append(out.Banks, listed)
	}
	return out, nil
}

func (b Bank) proto() *paymentsv1.Bank {
	out := &paymentsv1.Bank{Id: b.ID, Name: b.Name, LogoUrl: b.LogoURL, Countries: b.Countries, Cancellable: b.Cancellable, Unstable: b.Unstable}
	for _, t := range b.Transfers {
		out.Transfers = append(out.Transfers, &paymentsv1.Transfer{
			ExecutionType: t.Kind, MinimumCents: int64(t.Minimum), MaximumCents: int64(t.Maximum), Tracked: t.Tracked, TrustedBeneficiary: t.Trusted,
			EarliestDays: int32(t.EarliestDays), LatestDays: int32(t.LatestDays), Frequencies: t.Frequencies,
		})
	}
	return out
}
