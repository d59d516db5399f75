package supplier

import (
	"context"
	"strings"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/ident"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// Server implements SuppliersService.
type Server struct {
	paymentsv1.UnimplementedSuppliersServiceServer
	room *Room
}

// NewServer returns a server for r.
func NewServer(r *Room) *Server { return &Server{room: r} }

// PaySupplier implements SuppliersService. The caller has checked the invoice; what no payment can be made of is refused here again.
func (s *Server) PaySupplier(ctx context.Context, r *paymentsv1.PaySupplierRequest) (*paymentsv1.PaySupplierResponse, error) {
	to := r.GetSupplier()
	if !reference.Valid(r.GetReference()) || !strings.HasPrefix(r.GetReference(), "SUP-") || r.GetAmountCents() <= 0 || r.GetCurrency() != "EUR" ||
		!ident.IsIBAN(to.GetIban()) || to.GetName() == "" || !ident.IsSIREN(to.GetSiren()) {
		return nil, errs.New(errs.InvalidState, "The invoice cannot be paid from here. Pay it at your bank.")
	}
	p, err := s.room.Pay(ctx, Wish{
		Reference: r.GetReference(), MerchantID: r.GetMerchantId(), Livemode: r.GetLivemode(), MerchantVersion: r.GetMerchantVersion(),
		Amount: money.Cents(r.GetAmountCents()), Currency: r.GetCurrency(), Description: r.GetDescription(), Supplier: party(to),
		SuccessURL: r.GetSuccessUrl(), CancelURL: r.GetCancelUrl(),
	})
	if err != nil {
		return nil, err
	}
	return &paymentsv1.PaySupplierResponse{Payment: p.Proto()}, nil
}

func party(to *paymentsv1.Supplier) payment.Party {
	return payment.Party{
		Name: to.GetName(), IBAN: to.GetIban(), BIC: to.GetBic(), Kind: payment.Corporate, SIREN: to.GetSiren(),
		Identity: payment.Identity{Kind: payment.Corporate, Company: to.GetCompany(), SIREN: to.GetSiren(), Address: to.GetAddress()},
	}
}
