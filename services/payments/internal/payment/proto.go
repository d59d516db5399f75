package payment

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// Proto returns the payment as other services see it, without account numbers and provider data.
func (p Payment) Proto() *paymentsv1.Payment {
	out := &paymentsv1.Payment{
		Reference: p.Reference, Kind: string(p.Kind), OriginalReference: p.OriginalReference, MerchantId: p.MerchantID,
		Livemode: p.Livemode, AmountCents: int64(p.Amount), Currency: p.Currency, Status: string(p.Status),
		StatusDetail: p.Detail, FailureCode: p.Failure, Sequence: p.Sequence, Description: p.Description,
		MerchantReference: p.MerchantReference, SuccessUrl: p.SuccessURL, CancelUrl: p.CancelURL,
		PaymentUrl: p.PaymentURL, AmountRefundedCents: int64(p.AmountRefunded), ExecutionType: p.ExecutionType,
		ExecutionDate: p.ExecutionDate, CreatedAt: timestamppb.New(p.CreatedAt), UpdatedAt: timestamppb.New(p.UpdatedAt),
		CompletedAt: Stamp(p.CompletedAt), StalledAt: Stamp(p.StalledAt), MerchantName: p.MerchantName,
		CancelRequested: p.CancelRequested, Origin: string(p.Origin), OrderId: p.OrderID, CustomerId: p.CustomerID,
		GatewayReference: p.GatewayReference, BankId: p.BankID, Settlement: string(p.Settlement),
		PaymentLinkId: p.PaymentLinkID, SubscriptionId: p.SubscriptionID, SettledAt: Stamp(p.SettledAt), UnsettledAt: Stamp(p.UnsettledAt),
	}
	if p.Held() || p.AwaitingConfirmation() || p.OwnSession == SessionClosed || p.Status.Final() {
		out.PaymentUrl = "" // the payer cannot pay there, or must not start
	}
	if p.AwaitingConfirmation() {
		out.SettlementDeadline = Stamp(p.SettleBy)
	}
	if p.Detail == DetailCancelling {
		out.AuthorisationUrl = p.ApprovalURL
	}
	if p.Late.Amount > 0 {
		out.LateReceipt = &paymentsv1.LateReceipt{AmountCents: int64(p.Late.Amount), ReceivedAt: Stamp(p.Late.At), BookedAt: Stamp(p.Late.BookedAt)}
	}
	if p.Metadata != "" {
		out.MetadataJson = []byte(p.Metadata)
	}
	return out
}

// Stamp returns the time for a message; nil for none.
func Stamp(t *time.Time) *timestamppb.Timestamp {
	if t == nil {
		return nil
	}
	return timestamppb.New(*t)
}
