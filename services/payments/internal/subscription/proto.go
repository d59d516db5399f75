package subscription

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/outbox"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// announce adds the event of a change to the outbox; none if it has no type.
func (u *unit) announce(ctx context.Context, eventType string, from Status, o *Occurrence) error {
	if eventType == "" {
		return nil
	}
	body := &eventsv1.SubscriptionChanged{Subscription: u.Public().Proto(), PreviousStatus: string(from), OccurredAt: timestamppb.New(u.now)}
	if o != nil {
		body.Occurrence = o.proto(u.Amount)
	}
	data, err := proto.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode event %s: %w", eventType, err)
	}
	return outbox.Add(ctx, u.tx, events.Event{
		ID: events.NewID(), Type: eventType, Source: "payments", Merchant: u.MerchantID, Livemode: u.Livemode,
		Time: u.now, RequestID: u.meta.RequestID, Data: data,
	})
}

// Proto returns the subscription as other services see it, without what is known of the payer.
func (s Subscription) Proto() *paymentsv1.Subscription {
	out := &paymentsv1.Subscription{
		Id: s.ID, MerchantId: s.MerchantID, Livemode: s.Livemode, AmountCents: int64(s.Amount), Currency: s.Currency,
		Frequency: string(s.Schedule.Frequency), StartDate: dateText(s.Schedule.Start), EndDate: dateText(s.Schedule.End), Count: int32(s.Schedule.Count()),
		Collect: string(s.Collect), DaysBefore: int32(s.DaysBefore), NotifyCustomer: s.NotifyCustomer, BankId: s.BankID, Settlement: string(s.Settlement),
		Description: s.Description, MerchantReference: s.MerchantReference, SuccessUrl: s.SuccessURL, CancelUrl: s.CancelURL, MerchantName: s.MerchantName,
		Status: string(s.Status), StatusDetail: s.Detail, FailureCode: s.Failure, Sequence: s.Sequence,
		AuthorisationUrl: s.AuthorisationURL, ApprovalUrl: s.ApprovalURL, Replaces: s.Replaces, ReplacedBy: s.ReplacedBy,
		Ending: string(s.Ending), StopAtBank: s.StopAtBank, CreatedAt: timestamppb.New(s.CreatedAt), UpdatedAt: timestamppb.New(s.UpdatedAt),
		ActivatedAt: payment.Stamp(s.ActivatedAt), EndedAt: payment.Stamp(s.EndedAt),
	}
	if s.Metadata != "" {
		out.MetadataJson = []byte(s.Metadata)
	}
	return out
}

// proto returns the occurrence of a subscription of that amount.
func (o Occurrence) proto(amount money.Cents) *paymentsv1.Occurrence {
	return &paymentsv1.Occurrence{
		SubscriptionId: o.SubscriptionID, Number: int32(o.Number), Date: dateText(o.Date), ExecutionDate: dateText(o.Execution), Status: string(o.Status),
		Evidence: string(o.Evidence), EvidenceReference: o.EvidenceReference, PaymentLinkId: o.LinkID, PaymentLinkUrl: o.LinkURL,
		Reminders: int32(o.Reminders), DecidedAt: payment.Stamp(o.DecidedAt), AmountCents: int64(amount),
	}
}

// dateText writes a day as YYYY-MM-DD; nothing for none.
func dateText(day time.Time) string {
	if day.IsZero() {
		return ""
	}
	return day.Format(time.DateOnly)
}
