package subscription

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/subscription/calendar"
)

// maxLimit bounds one page.
const maxLimit = 100

// Server implements SubscriptionsService.
type Server struct {
	paymentsv1.UnimplementedSubscriptionsServiceServer
	room *Room
}

// NewServer returns a server for r.
func NewServer(r *Room) *Server { return &Server{room: r} }

// request is what every request says of its owner.
type request interface {
	GetMerchantId() string
	GetLivemode() bool
}

func ownerOf(r request) Owner { return Owner{MerchantID: r.GetMerchantId(), Livemode: r.GetLivemode()} }

// public turns what is not found into the error that callers see.
func public(err error) error {
	if errors.Is(err, errNotFound) {
		return errs.NotFound("Subscription")
	}
	return err
}

// CreateSubscription implements SubscriptionsService.
func (s *Server) CreateSubscription(ctx context.Context, r *paymentsv1.CreateSubscriptionRequest) (*paymentsv1.CreateSubscriptionResponse, error) {
	w, err := wishOf(r, calendar.Today(s.room.clock()))
	if err != nil {
		return nil, err
	}
	out, match, err := s.room.Create(ctx, w)
	if err != nil {
		return nil, public(err)
	}
	return &paymentsv1.CreateSubscriptionResponse{Subscription: out.Proto(), Replayed: match != NoMatch, ReplayedByKey: match == ByKey}, nil
}

// wishOf reads a request. Without a first day it is tomorrow, the first on which every bank can collect.
func wishOf(r *paymentsv1.CreateSubscriptionRequest, today time.Time) (Wish, error) {
	start, startErr := date("start_date", r.GetStartDate())
	end, endErr := date("end_date", r.GetEndDate())
	frequency := calendar.Frequency(r.GetFrequency())
	if err := errors.Join(startErr, endErr); err != nil {
		return Wish{}, err
	}
	if start.IsZero() {
		start = today.AddDate(0, 0, 1)
	}
	if !frequency.Known() {
		return Wish{}, errs.Invalid(errs.Field{Field: "frequency", Message: "frequency must be one that the API reference lists."})
	}
	return Wish{
		ID: r.GetId(), Owner: ownerOf(r), MerchantVersion: r.GetMerchantVersion(), Amount: money.Cents(r.GetAmountCents()), Currency: r.GetCurrency(),
		Schedule: calendar.Schedule{Frequency: frequency, Start: start, End: end}, Count: int(r.GetCount()),
		Collect: Collect(r.GetCollect()), DaysBefore: int(r.GetDaysBefore()), NotifyCustomer: r.GetNotifyCustomer(), BankID: r.GetBankId(),
		Description: r.GetDescription(), MerchantReference: r.GetMerchantReference(), SuccessURL: r.GetSuccessUrl(), CancelURL: r.GetCancelUrl(),
		Metadata: string(r.GetMetadataJson()), Customer: payment.IdentityOf(r.GetCustomer()), Replaces: r.GetReplaces(),
		Key: r.GetIdempotencyKey(), Fingerprint: r.GetFingerprint(), Meta: Meta{RequestID: r.GetRequestId()},
	}, nil
}

// date reads YYYY-MM-DD; an empty text is no day.
func date(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, errs.Invalid(errs.Field{Field: field, Message: field + " must be a day, as YYYY-MM-DD."})
	}
	return day, nil
}

// GetSubscription implements SubscriptionsService.
func (s *Server) GetSubscription(ctx context.Context, r *paymentsv1.GetSubscriptionRequest) (*paymentsv1.GetSubscriptionResponse, error) {
	sub, err := get(ctx, s.room.Pool, ownerOf(r), r.GetId())
	if err != nil {
		return nil, public(err)
	}
	out := &paymentsv1.GetSubscriptionResponse{Subscription: sub.Proto()}
	next, ok, err := nextExpected(ctx, s.room.Pool, sub.ID, calendar.Today(s.room.clock()))
	if err != nil {
		return nil, err
	}
	if ok {
		out.Next = next.proto(sub.Amount)
	}
	return out, nil
}

// ListSubscriptions implements SubscriptionsService.
func (s *Server) ListSubscriptions(ctx context.Context, r *paymentsv1.ListSubscriptionsRequest) (*paymentsv1.ListSubscriptionsResponse, error) {
	page, limit := paged(r)
	subs, total, err := list(ctx, s.room.Reads, ownerOf(r), Filter{Status: r.GetStatus(), MerchantReference: r.GetMerchantReference(), Page: page, Limit: limit})
	if err != nil {
		return nil, err
	}
	out := &paymentsv1.ListSubscriptionsResponse{Total: total.Rows, TotalIsMinimum: total.Minimum}
	for _, sub := range subs {
		out.Subscriptions = append(out.Subscriptions, sub.Proto())
	}
	return out, nil
}

func paged(r interface {
	GetPage() int32
	GetLimit() int32
},
) (page, limit int) {
	return max(1, int(r.GetPage())), max(1, min(int(r.GetLimit()), maxLimit))
}

// CancelSubscription implements SubscriptionsService.
func (s *Server) CancelSubscription(ctx context.Context, r *paymentsv1.CancelSubscriptionRequest) (*paymentsv1.CancelSubscriptionResponse, error) {
	c := Cancellation{Actor: r.GetActor(), StoppedAtBank: r.GetStoppedAtBank(), Meta: Meta{RequestID: r.GetRequestId()}}
	sub, err := s.room.Cancel(ctx, ownerOf(r), r.GetId(), c)
	if err != nil {
		return nil, public(err)
	}
	return &paymentsv1.CancelSubscriptionResponse{Subscription: sub.Proto()}, nil
}

// ListOccurrences implements SubscriptionsService.
func (s *Server) ListOccurrences(ctx context.Context, r *paymentsv1.ListOccurrencesRequest) (*paymentsv1.ListOccurrencesResponse, error) {
	sub, err := get(ctx, s.room.Pool, ownerOf(r), r.GetId())
	if err != nil {
		return nil, public(err)
	}
	page, limit := paged(r)
	occurrences, total, err := listOccurrences(ctx, s.room.Reads, sub.ID, r.GetStatus(), page, limit)
	if err != nil {
		return nil, err
	}
	if sub.Status == Pending || sub.Status == PendingSCA {
		occurrences, total.Rows = sub.preview(r.GetStatus(), page, limit)
	}
	out := &paymentsv1.ListOccurrencesResponse{Total: total.Rows, TotalIsMinimum: total.Minimum}
	for _, o := range occurrences {
		out.Occurrences = append(out.Occurrences, o.proto(sub.Amount))
	}
	return out, nil
}

// preview returns one page of the first occurrences of a subscription that is not active yet, as they will be written.
func (s Subscription) preview(status string, page, limit int) (occurrences []Occurrence, total int64) {
	if status != "" && status != string(Planned) {
		return nil, 0
	}
	for total < ahead {
		o, ok := s.next()
		if !ok {
			break
		}
		o.Status, o.DueAt = Planned, nil
		if int(total)/limit == page-1 {
			occurrences = append(occurrences, o)
		}
		s.Planned++
		total++
	}
	return occurrences, total
}

// DecideOccurrence implements SubscriptionsService.
func (s *Server) DecideOccurrence(ctx context.Context, r *paymentsv1.DecideOccurrenceRequest) (*paymentsv1.DecideOccurrenceResponse, error) {
	status := OccurrenceStatus(r.GetStatus())
	if status != Paid && status != Missed {
		return nil, errs.Invalid(errs.Field{Field: "status", Message: "status must be paid or missed."})
	}
	o, amount, err := s.room.Decide(ctx, ownerOf(r), r.GetId(), Report{
		Number: int(r.GetNumber()), Status: status, Actor: r.GetActor(), Note: r.GetNote(), Meta: Meta{RequestID: r.GetRequestId()},
	})
	if err != nil {
		return nil, public(err)
	}
	return &paymentsv1.DecideOccurrenceResponse{Occurrence: o.proto(amount)}, nil
}

// GetSubscriptionHistory implements SubscriptionsService.
func (s *Server) GetSubscriptionHistory(
	ctx context.Context, r *paymentsv1.GetSubscriptionHistoryRequest,
) (*paymentsv1.GetSubscriptionHistoryResponse, error) {
	sub, err := get(ctx, s.room.Pool, ownerOf(r), r.GetId())
	if err != nil {
		return nil, public(err)
	}
	rows, err := history(ctx, s.room.Pool, sub.ID)
	if err != nil {
		return nil, err
	}
	out := &paymentsv1.GetSubscriptionHistoryResponse{}
	for _, e := range rows {
		out.Changes = append(out.Changes, &paymentsv1.SubscriptionChange{
			Sequence: e.Sequence, Occurrence: int32(e.Occurrence), FromStatus: e.From, ToStatus: e.To, StatusDetail: e.Detail, FailureCode: e.Failure,
			Cause: e.cause, Actor: e.actor, Note: e.note, OccurredAt: timestamppb.New(e.At),
		})
	}
	return out, nil
}
