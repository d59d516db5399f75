package grpcapi

import (
	"context"

	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/einvoice/internal/ledger"
)

// Rebates implements RebatesService.
type Rebates struct {
	einvoicev1.UnimplementedRebatesServiceServer
	ledger *ledger.Ledger
}

// NewRebates returns the server of a ledger.
func NewRebates(l *ledger.Ledger) *Rebates { return &Rebates{ledger: l} }

// CreateRebate implements RebatesService.
func (s *Rebates) CreateRebate(ctx context.Context, req *einvoicev1.CreateRebateRequest) (*einvoicev1.CreateRebateResponse, error) {
	order, err := orderIn(&einvoicev1.CreateInvoiceRequest{
		Customer: req.GetCustomer(), CustomerType: req.GetCustomerType(), Items: req.GetItems(), Reference: req.GetReference(),
		BuyerReference: req.GetBuyerReference(), PurchaseOrder: req.GetPurchaseOrder(), ContractReference: req.GetContractReference(),
		ServiceFrom: req.GetPeriodFrom(), ServiceTo: req.GetPeriodTo(), KeepUnreachable: req.GetKeepUnreachable(),
	})
	if err != nil {
		return nil, err
	}
	w := ledger.Rebate{Order: order, Invoices: req.GetInvoices(), Reason: req.GetReason()}
	made, err := s.ledger.Rebate(ctx, who(req), w, same(req, req.GetIdempotencyKey()))
	if err != nil {
		return nil, err
	}
	v, err := s.ledger.WithDetails(ctx, made.Record)
	if err != nil {
		return nil, err
	}
	return &einvoicev1.CreateRebateResponse{CreditNote: v, Replayed: made.Replayed, MandateStatus: string(made.Mandate)}, nil
}
