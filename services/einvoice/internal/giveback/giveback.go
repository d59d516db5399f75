// Package giveback keeps the refunds that were asked for with credit notes until the payments service has answered. A refund is recorded in the
// transaction of its credit note under a reference of its own, so that it is made once, and also if everybody who asked for it is gone. See
// docs/adr/0054-credit-without-an-invoice-and-refunds-that-last.md.
package giveback

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
)

const (
	// first is how long the request that issued the credit note may take to make its refund. Its deadline is shorter.
	first = 2 * time.Minute
	// lease is the pause after the first claim; it doubles up to longest.
	lease   = time.Minute
	longest = time.Hour
	// maxClaim bounds one claim.
	maxClaim = 100
)

// Refund is what a credit note gives back.
type Refund struct {
	CreditNote uuid.UUID
	MerchantID string
	Livemode   bool
	// Payment is the payment of which Amount goes back, Reference that of the refund.
	Payment, Reference string
	Amount             money.Cents
}

// Outcome is what became of a refund: made, or refused with the code and message of the public API.
type Outcome struct{ Code, Message string }

// Refunds are those of all merchants.
type Refunds struct {
	Pool *pgxpool.Pool
	Now  func() time.Time
}

func (r *Refunds) instant() time.Time { return r.Now().UTC().Truncate(time.Microsecond) }

// Server implements CreditRefundsService.
type Server struct {
	einvoicev1.UnimplementedCreditRefundsServiceServer
	refunds *Refunds
}

// NewServer returns a server for r.
func NewServer(r *Refunds) *Server { return &Server{refunds: r} }

// ClaimCreditRefunds implements CreditRefundsService.
func (s *Server) ClaimCreditRefunds(ctx context.Context, req *einvoicev1.ClaimCreditRefundsRequest) (*einvoicev1.ClaimCreditRefundsResponse, error) {
	all, err := s.refunds.Claim(ctx, max(1, min(int(req.GetLimit()), maxClaim)))
	if err != nil {
		return nil, err
	}
	out := &einvoicev1.ClaimCreditRefundsResponse{}
	for _, r := range all {
		out.Refunds = append(out.Refunds, &einvoicev1.WantedRefund{
			CreditNoteId: r.CreditNote.String(), MerchantId: r.MerchantID, Livemode: r.Livemode, PaymentReference: r.Payment, RefundReference: r.Reference,
			AmountCents: int64(r.Amount),
		})
	}
	return out, nil
}

// EndCreditRefund implements CreditRefundsService.
func (s *Server) EndCreditRefund(ctx context.Context, req *einvoicev1.EndCreditRefundRequest) (*einvoicev1.EndCreditRefundResponse, error) {
	note, err := uuid.Parse(req.GetCreditNoteId())
	if err != nil {
		return nil, errs.NotFound("Credit note")
	}
	of := Refund{CreditNote: note, MerchantID: req.GetMerchantId(), Livemode: req.GetLivemode()}
	return &einvoicev1.EndCreditRefundResponse{}, s.refunds.End(ctx, of, Outcome{req.GetErrorCode(), req.GetErrorMessage()})
}
