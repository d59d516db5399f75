package reward

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/trace"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// subjects are the subjects of events that concern points.
var subjects = []string{"eupay.evt.*.payment.completed.>", "eupay.evt.*.payment.refunded.>", "eupay.evt.*.merchant.>"}

// metadataKey is where a payment names its member: the id of one, the merchant's number of the customer, an email address or its SHA-256.
const metadataKey = "reward_member"

// Handle applies events within the consumer's transaction: a consume.Handler.
func (s *Server) Handle(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
	for _, e := range batch {
		if err := s.apply(trace.Within(ctx, e.Trace), tx, e); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) apply(ctx context.Context, tx pgx.Tx, e consume.Event) error {
	if strings.HasPrefix(e.Type, "merchant.") {
		m := &eventsv1.MerchantChanged{}
		if err := decode(e, m); err != nil {
			return err
		}
		return recordMerchant(ctx, tx, m, happened(e, m.GetOccurredAt().AsTime()))
	}
	c := &eventsv1.PaymentChanged{}
	if err := decode(e, c); err != nil {
		return err
	}
	pay := c.GetPayment()
	if pay.GetMerchantId() != e.Merchant || pay.GetLivemode() != e.Livemode {
		return consume.Poison(fmt.Errorf("event %s (%s) names another merchant or mode than its subject", e.ID, e.Type))
	}
	if pay.GetKind() != "payment" || pay.GetAmountCents() <= 0 {
		return nil
	}
	if pay.GetLateReceipt() != nil { // it was never completed, so its refunds must neither deduct nor add points
		return nil
	}
	return s.award(ctx, tx, pay, happened(e, c.GetOccurredAt().AsTime()))
}

func decode(e consume.Event, into proto.Message) error {
	if err := proto.Unmarshal(e.Data, into); err != nil {
		return consume.Poison(fmt.Errorf("decode %s: %w", e.Type, err))
	}
	return nil
}

// happened returns at, or the event's own time if the payload has none.
func happened(e consume.Event, at time.Time) time.Time {
	if at.Unix() > 0 {
		return at
	}
	return e.Time
}

// earning is what a payment has earned so far.
type earning struct {
	Reference string
	// CustomerID is the customer of the app whom the default program gave the points; else it is empty.
	CustomerID string
	// MemberID is empty for what a version before this one has written.
	MemberID         string
	Sequence, Points int64
	Version          int32
	// Weighted is what counts of the goods, after multipliers; nil for the amount itself.
	Weighted *int64
	Day      *time.Time
}

// award sets the points of a payment to what they are worth now. A payment begins to earn only by the rules that were in force when it was
// completed; existing points are always corrected. An event older than the last one changes nothing.
func (s *Server) award(ctx context.Context, tx pgx.Tx, pay *paymentsv1.Payment, at time.Time) error {
	e, known, err := lockEarning(ctx, tx, pay.GetReference())
	if err != nil {
		return err
	}
	if !known {
		if e, known, err = s.begin(ctx, tx, pay, at); err != nil || !known {
			return err
		}
	}
	if e.Sequence >= pay.GetSequence() || e.CustomerID != "" && e.CustomerID != pay.GetCustomerId() {
		return nil
	}
	if e.MemberID == "" {
		if e.MemberID, err = s.customerMember(ctx, tx, customer{e.CustomerID, pay.GetMerchantId(), pay.GetLivemode()}); err != nil {
			return err
		}
	}
	return s.correct(ctx, tx, pay, e, at)
}

// begin records that a payment earns points, unless that is recorded already; found is false if it earns none.
func (s *Server) begin(ctx context.Context, tx pgx.Tx, pay *paymentsv1.Payment, at time.Time) (e earning, found bool, err error) {
	completed := at
	if pay.GetCompletedAt().IsValid() && pay.GetCompletedAt().AsTime().Unix() > 0 {
		completed = pay.GetCompletedAt().AsTime()
	}
	r, own, err := rulesAt(ctx, tx, pay.GetMerchantId(), pay.GetLivemode(), completed)
	if err != nil {
		return earning{}, false, err
	}
	if own {
		e, found, err = s.beginByRules(ctx, tx, pay, r, completed)
	} else {
		e, found, err = s.beginByDefault(ctx, tx, pay)
	}
	if err != nil || !found {
		return earning{}, false, err
	}
	if err := insertEarning(ctx, tx, pay, e); err != nil {
		return earning{}, false, err
	}
	return lockEarning(ctx, tx, pay.GetReference())
}

// beginByDefault is for merchants without rules of their own: customers of the app earn where the merchant takes part.
func (s *Server) beginByDefault(ctx context.Context, tx pgx.Tx, pay *paymentsv1.Payment) (e earning, found bool, err error) {
	if pay.GetCustomerId() == "" {
		return earning{}, false, nil
	}
	eligible, err := takesPart(ctx, tx, pay.GetMerchantId())
	if err != nil || !eligible {
		return earning{}, false, err
	}
	e.CustomerID = pay.GetCustomerId()
	bought, err := goodsOf(ctx, tx, pay)
	if err != nil {
		return earning{}, false, err
	}
	if bought.cents != pay.GetAmountCents() {
		e.Weighted = &bought.cents
	}
	e.MemberID, err = s.customerMember(ctx, tx, customer{e.CustomerID, pay.GetMerchantId(), pay.GetLivemode()})
	return e, err == nil, err
}

func (s *Server) beginByRules(ctx context.Context, tx pgx.Tx, pay *paymentsv1.Payment, r rules, completed time.Time) (e earning, found bool, err error) {
	if !r.GetActive() {
		return earning{}, false, nil
	}
	if e.MemberID, err = s.payer(ctx, tx, pay, r, completed); err != nil || e.MemberID == "" {
		return earning{}, false, err
	}
	bought, err := goodsOf(ctx, tx, pay)
	if err != nil {
		return earning{}, false, err
	}
	lines, err := bought.lines(ctx, tx)
	if err != nil {
		return earning{}, false, err
	}
	weighted, day := r.weigh(bought.cents, lines, completed), dayOf(completed)
	e.Version, e.Weighted, e.Day = r.GetVersion(), &weighted, &day
	return e, true, nil
}

// payer returns the member whom a payment names, or the customer of the app who paid it; empty: neither. Who is new is enrolled.
func (s *Server) payer(ctx context.Context, tx pgx.Tx, pay *paymentsv1.Payment, r rules, completed time.Time) (id string, err error) {
	named := metadataText(pay.GetMetadataJson(), metadataKey)
	if isID(named) {
		if id, err = ownMember(ctx, tx, owner{pay.GetMerchantId(), pay.GetLivemode(), named}); err != nil || id != "" {
			return id, err
		}
	}
	n, ok := nameOf(named)
	if !ok {
		if pay.GetCustomerId() == "" {
			return "", nil
		}
		n = name{byCustomer, pay.GetCustomerId()}
	}
	id, _, err = s.enrol(ctx, tx, pay.GetMerchantId(), pay.GetLivemode(), n, r, completed)
	return id, err
}

// metadataText returns a text or a number of the metadata; empty if there is none.
func metadataText(raw []byte, key string) string {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var values map[string]any
	if len(raw) == 0 || d.Decode(&values) != nil {
		return ""
	}
	switch v := values[key].(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	default:
		return ""
	}
}

// correct makes the ledger say what a payment is worth now.
func (s *Server) correct(ctx context.Context, tx pgx.Tx, pay *paymentsv1.Payment, e earning, at time.Time) error {
	r := defaultRules(true, s.perEuro)
	if e.Version > 0 {
		own, found, err := rulesOf(ctx, tx, pay.GetMerchantId(), pay.GetLivemode(), e.Version)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("payment %s has points of rules %d, which are gone", e.Reference, e.Version)
		}
		r = own
	}
	c, err := s.lock(ctx, tx, owner{pay.GetMerchantId(), pay.GetLivemode(), e.MemberID})
	if err != nil {
		return err
	}
	if c == nil {
		return fmt.Errorf("payment %s has points of a member that is gone", e.Reference)
	}
	if err := c.commit(ctx, tx); err != nil { // what was taken over is in the sums that recount reads
		return err
	}
	worth, err := worthOf(ctx, tx, pay, e, r)
	if err != nil {
		return err
	}
	queueWorth(&c.b, e.Reference, pay.GetSequence(), worth, c.m.ID)
	if worth != e.Points {
		delta, err := recount(ctx, tx, c, r, e, worth-e.Points)
		if err != nil {
			return err
		}
		if err := c.give(ctx, tx, r, e, delta, pay, at); err != nil {
			return err
		}
	}
	return c.commit(ctx, tx)
}
