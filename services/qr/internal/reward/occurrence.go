package reward

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/run/consume"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// Occurrences is the name of the durable that learns what standing orders bring. It is one of its own, because the version before this one, which
// shares the other, does not know these events.
const Occurrences = "occurrences"

// occurrenceSubjects are those of the decisions about occurrences.
var occurrenceSubjects = []string{
	"eupay.evt.*.subscription.occurrence_paid.>", "eupay.evt.*.subscription.occurrence_missed.>", "eupay.evt.*.subscription.occurrence_unknown.>",
}

// byPayment is the evidence of an occurrence whose payment link was paid: its points are those of the payment.
const byPayment = "payment"

// HandleOccurrences gives the points of occurrences that are paid, and takes them back when the proof is: a consume.Handler.
func (s *Server) HandleOccurrences(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
	for _, e := range batch {
		c := &eventsv1.SubscriptionChanged{}
		if err := decode(e, c); err != nil {
			return err
		}
		sub := c.GetSubscription()
		if sub.GetMerchantId() != e.Merchant || sub.GetLivemode() != e.Livemode {
			return consume.Poison(fmt.Errorf("event %s (%s) names another merchant or mode than its subject", e.ID, e.Type))
		}
		execution, err := time.ParseInLocation(time.DateOnly, c.GetOccurrence().GetExecutionDate(), paris)
		if err != nil || sub.GetAmountCents() <= 0 {
			return consume.Poison(fmt.Errorf("event %s (%s) is about no occurrence", e.ID, e.Type))
		}
		if err := s.occur(ctx, tx, sub, c.GetOccurrence(), execution, happened(e, c.GetOccurredAt().AsTime())); err != nil {
			return err
		}
	}
	return nil
}

// occur sets the points of an occurrence to what it is worth after a change of its subscription. It earns like a payment that was completed as the
// day of its execution began: so neither the order of events nor the moment of the proof decides by which rules.
func (s *Server) occur(ctx context.Context, tx pgx.Tx, sub *paymentsv1.Subscription, o *paymentsv1.Occurrence, execution, at time.Time) error {
	reference := fmt.Sprintf("%s/%d", sub.GetId(), o.GetNumber())
	newer, err := advanceOccurrence(ctx, tx, reference, sub.GetSequence())
	if err != nil || !newer {
		return err
	}
	as := &paymentsv1.Payment{
		Reference: reference, MerchantId: sub.GetMerchantId(), Livemode: sub.GetLivemode(), AmountCents: sub.GetAmountCents(), Sequence: sub.GetSequence(),
		MetadataJson: sub.GetMetadataJson(), CompletedAt: timestamppb.New(execution),
	}
	if o.GetStatus() == "paid" && o.GetEvidence() != byPayment {
		return s.award(ctx, tx, as, at)
	}
	as.AmountRefundedCents = as.AmountCents
	if _, known, err := lockEarning(ctx, tx, reference); err != nil || !known { // nothing to take back, and nobody to enrol
		return err
	}
	return s.award(ctx, tx, as, at)
}
