package subscription

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/link"
)

// Notice is what a customer is told of an occurrence.
type Notice struct {
	Subscription Subscription
	Occurrence   Occurrence
}

// Notice returns what the customer is told of an occurrence now. reminder says which announcement of it is meant; 0 is the first. NOT_FOUND: nothing is
// told, because the customer is not to be notified, the occurrence is decided, its link can no longer be paid, the subscription has ended or ends, or a later
// announcement has taken the place of this one.
func (r *Room) Notice(ctx context.Context, o Owner, id string, number, reminder int) (Notice, error) {
	s, err := get(ctx, r.Pool, o, id)
	if err != nil {
		return Notice{}, err
	}
	due, err := occurrence(ctx, r.Pool, key{id, number})
	if err != nil {
		return Notice{}, err
	}
	ending := s.Status.Final() || s.Ending != NotEnding
	if !s.NotifyCustomer || s.Customer.Email == "" || ending || due.Status != Expected || due.LinkID == "" || due.Reminders != reminder ||
		!r.clock().Before(due.linkExpiry()) {
		return Notice{}, errNotFound
	}
	made, err := r.Links.Get(ctx, o.MerchantID, o.Livemode, due.LinkID)
	if err != nil {
		return Notice{}, err
	}
	if made.Status != link.Active { // the merchant has withdrawn it, or a payment of it is about to be counted
		return Notice{}, errNotFound
	}
	return Notice{s, due}, nil
}

// GetCustomerNotice implements SubscriptionsService.
func (s *Server) GetCustomerNotice(ctx context.Context, r *paymentsv1.GetCustomerNoticeRequest) (*paymentsv1.GetCustomerNoticeResponse, error) {
	n, err := s.room.Notice(ctx, ownerOf(r), r.GetId(), int(r.GetNumber()), int(r.GetReminder()))
	if errs.Is(err, errs.NotFoundCode) {
		err = errNotFound
	}
	if err != nil {
		return nil, public(err)
	}
	return &paymentsv1.GetCustomerNoticeResponse{
		Email: n.Subscription.Customer.Email, Subscription: n.Subscription.Proto(), Occurrence: n.Occurrence.proto(n.Subscription.Amount),
		PayableUntil: timestamppb.New(n.Occurrence.linkExpiry()),
	}, nil
}
