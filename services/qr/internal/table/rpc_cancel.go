package table

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/claim"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

const (
	cancellationNoun = "Cancellation"
	// maxReason is the maximum length of the reason of a cancellation.
	maxReason = 200
)

// Cancellations implements CancellationService.
type Cancellations struct {
	qrv1.UnimplementedCancellationServiceServer

	s *Server
}

// NewCancellations returns the service for the orders of a server.
func NewCancellations(s *Server) *Cancellations { return &Cancellations{s: s} }

// CancelOrder implements CancellationService.
func (c *Cancellations) CancelOrder(ctx context.Context, r *qrv1.CancelOrderRequest) (*qrv1.CancelOrderResponse, error) {
	want, err := readCancel(r)
	if err != nil {
		return nil, err
	}
	res := &qrv1.CancelOrderResponse{}
	_, err = c.s.changeOrder(ctx, r.GetMerchantId(), r.GetOrderId(), func(tx pgx.Tx, o *order) error {
		done, err := c.claimed(ctx, tx, o, r, want.ID)
		if err != nil {
			return err
		}
		res.Replayed = done != nil
		if done == nil {
			done, err = c.s.cancel(ctx, tx, o, want)
		}
		if err != nil {
			return err
		}
		res.Cancellation, res.Order = done.view(o, want.DryRun), o.view()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

// readCancel decodes the merchant's request.
func readCancel(r *qrv1.CancelOrderRequest) (cancelRequest, error) {
	var bad problems
	want := cancelRequest{
		ID: uuid.NewString(), Reason: bad.text("reason", r.GetReason(), maxReason), Refund: r.Refund, Restock: r.Restock, MayRefund: r.GetMayRefund(),
		DryRun: r.GetDryRun(), Limit: r.RefundLimitCents,
	}
	if len(r.GetLines()) > maxItems {
		bad.add("lines", "must have at most %d entries", maxItems)
		return want, bad.err()
	}
	seen := make(map[int32]bool, len(r.GetLines()))
	for i, l := range r.GetLines() {
		field := refuse.At("lines", i)
		switch {
		case l.GetPosition() < 0:
			bad.add(field+".position", "must be that of a line of the order")
		case seen[l.GetPosition()]:
			bad.add(field+".position", "is there twice")
		}
		if l.GetQuantity() < 1 || l.GetQuantity() > maxQuantity {
			bad.add(field+".quantity", "must be from 1 to %d", maxQuantity)
		}
		seen[l.GetPosition()] = true
		want.Lines = append(want.Lines, wantedPieces{l.GetPosition(), l.GetQuantity()})
	}
	return want, bad.err()
}

// claimed takes the key of a request for the cancellation with the id, and returns the one that it stands for already; nil if there is none.
func (c *Cancellations) claimed(ctx context.Context, tx pgx.Tx, o *order, r *qrv1.CancelOrderRequest, id string) (*cancellation, error) {
	if r.GetIdempotencyKey() == "" || r.GetDryRun() {
		return nil, nil
	}
	mine := claim.Claim{Reference: id, Fingerprint: cancelFingerprint(o, r), ExpiresAt: c.s.now().Add(keyLife)}
	key := claim.Key{MerchantID: o.Merchant, Livemode: o.Livemode, Kind: "cancel_order", Key: r.GetIdempotencyKey()}
	holder, err := claim.Take(ctx, tx, key, mine, c.s.now())
	if err != nil {
		return nil, err //nolint:wrapcheck // says what it is about
	}
	if !holder.Same(mine.Fingerprint) {
		return nil, errs.New(errs.IdempotencyConflict, "This Idempotency-Key was used with another request. Send a new key for a new request.")
	}
	if holder.Reference == id {
		return nil, nil
	}
	return c.s.cancellation(ctx, tx, o, holder.Reference)
}

// cancelFingerprint tells requests apart.
func cancelFingerprint(o *order, r *qrv1.CancelOrderRequest) []byte {
	text := fmt.Appendf(nil, "%s %q", o.ID, r.GetReason())
	for _, l := range r.GetLines() {
		text = fmt.Appendf(text, " %d:%d", l.GetPosition(), l.GetQuantity())
	}
	for _, said := range []*bool{r.Refund, r.Restock} {
		if said == nil {
			text = append(text, " usual"...)
		} else {
			text = fmt.Appendf(text, " %t", *said)
		}
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// cancellation reads one of a locked order, with its refund.
func (s *Server) cancellation(ctx context.Context, tx pgx.Tx, o *order, id string) (*cancellation, error) {
	c, err := cancellationOf(ctx, tx, o.ID, id)
	if err != nil {
		return nil, err
	}
	list, err := s.refundsOf(ctx, tx, o)
	if err != nil {
		return nil, err
	}
	c.back = list.latest(c.ID)
	return c, nil
}

// ListCancellations implements CancellationService.
func (c *Cancellations) ListCancellations(ctx context.Context, r *qrv1.ListCancellationsRequest) (*qrv1.ListCancellationsResponse, error) {
	if err := checkIDs(r.GetMerchantId(), r.GetOrderId(), orderNoun); err != nil {
		return nil, err
	}
	o, err := readOwnOrder(ctx, c.s.pool, r.GetMerchantId(), r.GetOrderId())
	if err != nil {
		return nil, err
	}
	list, err := cancellationsOf(ctx, c.s.pool, o.ID)
	if err != nil {
		return nil, err
	}
	back, err := readRefunds(ctx, c.s.pool, o.ID)
	if err != nil {
		return nil, err
	}
	res := &qrv1.ListCancellationsResponse{}
	for _, one := range list {
		one.back = back.latest(one.ID)
		res.Cancellations = append(res.Cancellations, one.view(o, false))
	}
	return res, nil
}

// RefundCancellation implements CancellationService.
func (c *Cancellations) RefundCancellation(ctx context.Context, r *qrv1.RefundCancellationRequest) (*qrv1.RefundCancellationResponse, error) {
	if !isID(r.GetCancellationId()) {
		return nil, errs.NotFound(cancellationNoun)
	}
	res := &qrv1.RefundCancellationResponse{}
	_, err := c.s.changeOrder(ctx, r.GetMerchantId(), r.GetOrderId(), func(tx pgx.Tx, o *order) error {
		one, err := c.s.cancellation(ctx, tx, o, r.GetCancellationId())
		if err != nil {
			return err
		}
		if err := c.s.refundAgain(ctx, tx, o, one, r.RefundLimitCents); err != nil {
			return err
		}
		res.Cancellation, res.Order = one.view(o, false), o.view()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}
