package subscription

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/bank"
	"european-pay.eu/eupay/services/payments/internal/merchant"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/subscription/calendar"
)

// maxYears bounds how long a subscription with an end runs.
const maxYears = 30

// Owner is a merchant in one mode. What belongs to another is not found.
type Owner struct {
	MerchantID string
	Livemode   bool
}

// Wish is the subscription that a merchant asks for.
type Wish struct {
	// ID is proposed by the caller.
	ID string
	Owner
	// MerchantVersion is the least version of the merchant that decides.
	MerchantVersion int64
	Amount          money.Cents
	Currency        string
	Schedule        calendar.Schedule
	// Count ends the schedule instead of its end; 0: it does not.
	Count      int
	Collect    Collect
	DaysBefore int
	// NotifyCustomer mails the links to the customer, if links collect.
	NotifyCustomer bool
	BankID         string

	Description, MerchantReference, SuccessURL, CancelURL, Metadata string
	Customer                                                        payment.Identity
	// Replaces is the subscription that ends when this one becomes active; empty: none.
	Replaces string
	// Key is the Idempotency-Key; empty: there is none. Fingerprint is of the request.
	Key         string
	Fingerprint []byte
	Meta        Meta
}

// Create records a subscription, and asks the provider for its mandate if a bank collects it. One that exists for the same key or reference is
// returned instead, with how it was found. Errors: those of Owner's permissions, VALIDATION_ERROR, BANK_INCOMPATIBLE,
// IDEMPOTENCY_CONFLICT, and NOT_FOUND or INVALID_STATE for what is to be replaced.
func (r *Room) Create(ctx context.Context, w Wish) (Subscription, Match, error) {
	m, err := r.merchant(ctx, w)
	if err != nil {
		return Subscription{}, NoMatch, err
	}
	var out Subscription
	var match Match
	var mandate *payment.Payment
	err = r.inTx(ctx, func(tx pgx.Tx) error {
		holder, found, err := r.claim(ctx, tx, w)
		if err != nil {
			return err
		}
		if match = found; found != NoMatch {
			out, err = find(ctx, tx, holder)
			return err
		}
		s, err := r.compose(ctx, tx, w, m)
		if err != nil {
			return err
		}
		out, mandate, err = r.begin(ctx, tx, s, m, w.Meta)
		return err
	})
	if err != nil || mandate == nil {
		return out, match, err
	}
	r.Engine.Request(ctx, *mandate)
	after, err := find(ctx, r.Pool, out.ID)
	if err != nil { // it is recorded, and its mandate is due
		r.Log.WarnContext(ctx, "subscription not read again", "subscription", out.ID, "error", err)
		return out, match, nil
	}
	return after, match, nil
}

// merchant returns the merchant if it may take money in the mode.
func (r *Room) merchant(ctx context.Context, w Wish) (*paymentsv1.Merchant, error) {
	m, err := r.arrived(ctx, w.MerchantID, w.MerchantVersion)
	if errors.Is(err, merchant.ErrNotSynced) {
		return nil, errs.New(errs.Unavailable, "Your settings have just changed and are not known everywhere yet. Repeat the request in a moment.")
	}
	if err != nil {
		return nil, err
	}
	if err := m.CheckAllowed(w.Livemode); err != nil {
		return nil, err
	}
	return m.Profile, nil
}

const (
	// syncWait is how long a request waits for a merchant that has just changed; a look every syncPause.
	syncWait  = 3 * time.Second
	syncPause = 100 * time.Millisecond
)

// arrived returns the merchant in the version that the gateway knows, or merchant.ErrNotSynced if that has not arrived in time.
func (r *Room) arrived(ctx context.Context, id string, version int64) (merchant.Merchant, error) {
	ctx, cancel := context.WithTimeout(ctx, syncWait)
	defer cancel()
	look := time.NewTicker(syncPause)
	defer look.Stop()
	for {
		m, err := r.Merchants.Get(ctx, id, version)
		if !errors.Is(err, merchant.ErrNotSynced) {
			return m, err
		}
		select {
		case <-ctx.Done():
			return merchant.Merchant{}, err
		case <-look.C:
		}
	}
}

// compose returns the subscription of a wish, or why there cannot be one.
func (r *Room) compose(ctx context.Context, tx pgx.Tx, w Wish, m *paymentsv1.Merchant) (Subscription, error) {
	now := r.clock()
	s := Subscription{
		ID: w.ID, MerchantID: w.MerchantID, Livemode: w.Livemode, Amount: w.Amount, Currency: w.Currency, Schedule: w.Schedule,
		Collect: w.Collect, DaysBefore: w.DaysBefore, BankID: w.BankID, Description: w.Description,
		MerchantReference: w.MerchantReference, SuccessURL: w.SuccessURL, CancelURL: w.CancelURL, Metadata: w.Metadata, MerchantName: m.GetName(),
		Customer: w.Customer, Replaces: w.Replaces, CreatedAt: now,
	}
	if w.Count > 0 {
		s.Schedule = s.Schedule.Ending(w.Count)
	}
	if w.Replaces != "" {
		if err := r.succeed(ctx, tx, &s); err != nil {
			return Subscription{}, err
		}
	}
	if err := r.chooseWay(&s); err != nil {
		return Subscription{}, err
	}
	s.NotifyCustomer = w.NotifyCustomer && s.Collect == CollectLinks
	if s.NotifyCustomer && s.Customer.Email == "" {
		return Subscription{}, errs.Invalid(errs.Field{
			Field: "customer.email", Message: "customer.email is required with notify_customer: the payment links are mailed there.",
		})
	}
	return s, s.checkDays(calendar.Today(now))
}

// succeed checks that the subscription can take the place of another one, and takes over from it what was not given.
func (r *Room) succeed(ctx context.Context, tx pgx.Tx, s *Subscription) error {
	old, err := r.openOwn(ctx, tx, Owner{s.MerchantID, s.Livemode}, s.Replaces, Meta{})
	if err != nil {
		return err
	}
	if old.Status != Active || old.Ending != NotEnding {
		return errs.New(errs.InvalidState, "Only an active subscription can be replaced. %s is %s: create a new subscription instead.", old.ID, old.described())
	}
	other, err := replacing(ctx, tx, s.Replaces)
	if err != nil {
		return err
	}
	if other != "" {
		return errs.New(errs.InvalidState, "%s already waits to replace this subscription. Cancel it first, or let the payer authorise it.", other)
	}
	if !s.Customer.Known() {
		s.Customer = old.Customer
	}
	if s.Schedule.End.IsZero() && old.Schedule.End.After(s.Schedule.Start) {
		s.Schedule.End = old.Schedule.End
	}
	return nil
}

// described is the status in words of a sentence.
func (s Subscription) described() string {
	if s.Ending != NotEnding && !s.Status.Final() {
		return "being " + string(s.Ending)
	}
	return string(s.Status)
}

// chooseWay decides how the money is collected. A bank that is named must be able to; if it makes no such standing orders, CollectAuto collects
// by links.
func (r *Room) chooseWay(s *Subscription) error {
	if s.Collect == CollectAuto {
		s.Collect = CollectBank
		if s.BankID != "" {
			b, err := r.Banks.Find(s.Livemode, s.BankID)
			if err != nil {
				return err
			}
			if !b.Repeats(string(s.Schedule.Frequency)) {
				s.Collect = CollectLinks
			}
		}
	}
	if s.Collect == CollectLinks {
		return nil
	}
	if err := r.Engine.Ready(s.Livemode); err != nil {
		return err
	}
	if s.BankID == "" {
		return nil
	}
	ahead := int(s.Schedule.Start.Sub(calendar.Today(r.clock())) / (24 * time.Hour))
	settlement, err := r.Banks.Fit(s.Livemode, s.BankID, bank.Want{
		Kind: powens.Periodic, Amount: s.Amount, Ahead: ahead, Frequency: string(s.Schedule.Frequency),
	})
	s.Settlement = settlement
	return err
}

// checkDays names the field of a day that cannot be. The payer's bank needs a day to begin.
func (s Subscription) checkDays(today time.Time) error {
	start, end := s.Schedule.Start, s.Schedule.End
	switch {
	case s.Collect == CollectBank && !start.After(today):
		return errs.Invalid(errs.Field{Field: "start_date", Message: "start_date must be after today, because the payer's bank collects from the next day on."})
	case start.Before(today):
		return errs.Invalid(errs.Field{Field: "start_date", Message: "start_date must not be in the past."})
	case start.After(today.AddDate(1, 0, 0)):
		return errs.Invalid(errs.Field{Field: "start_date", Message: "start_date must be within a year."})
	case !end.IsZero() && end.Before(start):
		return errs.Invalid(errs.Field{Field: "end_date", Message: "end_date must not be before start_date."})
	case !end.IsZero() && end.After(start.AddDate(maxYears, 0, 0)):
		return errs.Invalid(errs.Field{Field: "end_date", Message: fmt.Sprintf("end_date must be within %d years of start_date.", maxYears)})
	default:
		return nil
	}
}

// begin writes a new subscription: with its mandate if a bank collects it, otherwise active at once.
func (r *Room) begin(ctx context.Context, tx pgx.Tx, s Subscription, m *paymentsv1.Merchant, meta Meta) (Subscription, *payment.Payment, error) {
	s.Status, s.Sequence, s.UpdatedAt = Pending, 1, s.CreatedAt
	due := s.CreatedAt.Add(tendEvery)
	s.DueAt = &due
	if err := insert(ctx, tx, s); err != nil {
		return Subscription{}, nil, err
	}
	u := &unit{room: r, tx: tx, now: s.CreatedAt, meta: meta, Subscription: s}
	if err := addHistory(ctx, tx, s.ID, entry{Sequence: 1, To: string(Pending), At: u.now, why: why{cause: CauseAPI}}); err != nil {
		return Subscription{}, nil, err
	}
	if err := u.announce(ctx, "subscription.created", "", nil); err != nil {
		return Subscription{}, nil, err
	}
	if s.Collect == CollectLinks {
		err := u.activate(ctx, why{cause: CauseAPI})
		return u.Subscription, nil, err
	}
	mandate, err := r.Mandates.AddMandate(ctx, tx, r.mandate(s, m))
	return u.Subscription, &mandate, err
}

// mandate returns the payment in which the payer authorises the standing order.
func (r *Room) mandate(s Subscription, m *paymentsv1.Merchant) payment.Payment {
	due := r.Engine.NewDueAt()
	return payment.Payment{
		Reference: s.ID, Kind: payment.KindMandate, SubscriptionID: s.ID, MerchantID: s.MerchantID, Livemode: s.Livemode,
		Amount: s.Amount, Currency: s.Currency, Description: s.Description, MerchantReference: s.MerchantReference,
		SuccessURL: s.SuccessURL, CancelURL: s.CancelURL, ExecutionType: powens.Periodic, MerchantName: m.GetName(),
		Beneficiary: payment.Beneficiary(m), Payer: payment.Party{Identity: s.Customer}, BankID: s.BankID, Settlement: s.Settlement,
		RequestedAt: &s.CreatedAt, DueAt: &due, ExpiresAt: s.CreatedAt.Add(r.Engine.SessionTTL()),
	}
}

// activate makes the subscription active, plans its first occurrences and ends the one that it replaces.
func (u *unit) activate(ctx context.Context, w why) error {
	due := u.nextTend()
	u.DueAt = &due
	if err := u.move(ctx, Active, u.Detail, "", w); err != nil {
		return err
	}
	if err := u.plan(ctx); err != nil {
		return err
	}
	if u.Replaces == "" {
		return nil
	}
	return u.supersede(ctx)
}

// supersede makes the subscription that this one replaces end. The loop of due subscriptions cancels its
// standing order, which needs a call to the bank, or revokes its links.
func (u *unit) supersede(ctx context.Context) error {
	old, err := u.room.open(ctx, u.tx, u.Replaces, u.meta)
	if err != nil || old.Status != Active {
		return err
	}
	old.ReplacedBy, old.Ending, old.DueAt = u.ID, cmp.Or(old.Ending, EndingReplaced), &u.now
	return old.refine(ctx, old.Detail, why{cause: CauseReplacement, note: "Replaced by " + u.ID + ".", event: "subscription.replaced"})
}
