package notice

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/bankday"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/consume"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/postbox"
)

// Consumer is the name of the durable that learns of what customers are to be told, and Subjects what it consumes.
const Consumer = "notices"

// Subjects are the subjects of occurrences that are due, and due again.
var Subjects = []string{"eupay.evt.*.subscription.occurrence_due.>"}

// askWithin is the deadline of asking the payments service about one mail.
const askWithin = 5 * time.Second

// Customers writes to the customers of subscriptions. A queued mail names the occurrence alone: who gets it, and whether anybody still does, is asked when it
// is sent, so nothing is kept here of people who are no users.
type Customers struct {
	Pool          *pgxpool.Pool
	Subscriptions paymentsv1.SubscriptionsServiceClient
	// TestToAnybody: mails of test mode go to any address, because they do not leave this machine. Otherwise they go to the merchant's team alone: a test key is free
	// for all, and would send anybody's words to anybody.
	TestToAnybody bool
}

// The fields of a queued mail.
const (
	ofMerchant     = "merchant"
	ofLivemode     = "livemode"
	ofSubscription = "subscription"
	ofNumber       = "number"
	ofReminder     = "reminder"
)

// Handle queues a mail for each announcement of an occurrence whose customer is to be notified. The event's id is that of its mail, so there is no second one.
func (c *Customers) Handle(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
	for _, e := range batch {
		changed := &eventsv1.SubscriptionChanged{}
		if err := proto.Unmarshal(e.Data, changed); err != nil {
			return consume.Poison(fmt.Errorf("read subscription event: %w", err))
		}
		s, o := changed.GetSubscription(), changed.GetOccurrence()
		if !s.GetNotifyCustomer() || o.GetPaymentLinkUrl() == "" {
			continue
		}
		kind := PaymentDue
		if o.GetReminders() > 0 {
			kind = PaymentReminder
		}
		m := postbox.Mail{ID: e.ID, Kind: kind, MerchantID: e.Merchant, CreatedAt: e.Time, Detail: map[string]string{
			ofMerchant: e.Merchant, ofLivemode: strconv.FormatBool(e.Livemode), ofSubscription: s.GetId(),
			ofNumber: strconv.Itoa(int(o.GetNumber())), ofReminder: strconv.Itoa(int(o.GetReminders())),
		}}
		if err := postbox.Add(ctx, tx, m); err != nil {
			return err
		}
	}
	return nil
}

// Address asks who gets the mail, and fills in what its text needs. It is postbox.ErrVoid when there is nothing to tell any more.
func (c *Customers) Address(ctx context.Context, m postbox.Mail) (postbox.Mail, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	number, err := strconv.ParseInt(m.Detail[ofNumber], 10, 32)
	reminder, reminderErr := strconv.ParseInt(m.Detail[ofReminder], 10, 32)
	if err := errors.Join(err, reminderErr); err != nil {
		return m, fmt.Errorf("read mail %s: %w", m.ID, err)
	}
	live := m.Detail[ofLivemode] == "true"
	told, err := c.Subscriptions.GetCustomerNotice(ctx, &paymentsv1.GetCustomerNoticeRequest{
		MerchantId: m.Detail[ofMerchant], Livemode: live, Id: m.Detail[ofSubscription], Number: int32(number), Reminder: int32(reminder),
	})
	if errs.Is(err, errs.NotFoundCode) {
		return m, postbox.ErrVoid
	}
	if err != nil {
		return m, fmt.Errorf("ask what mail %s tells: %w", m.ID, err)
	}
	if !live && !c.TestToAnybody {
		if err := inTeam(ctx, c.Pool, m.Detail[ofMerchant], told.GetEmail()); err != nil {
			return m, err
		}
	}
	m.To = told.GetEmail()
	m.Detail, err = fieldsOf(told, m.Language)
	return m, err
}

// fieldsOf are the fields of the texts.
func fieldsOf(told *paymentsv1.GetCustomerNoticeResponse, language string) (map[string]string, error) {
	s, o := told.GetSubscription(), told.GetOccurrence()
	day, err := time.Parse(time.DateOnly, o.GetDate())
	if err != nil {
		return nil, fmt.Errorf("read the day of occurrence %d of %s: %w", o.GetNumber(), s.GetId(), err)
	}
	test := ""
	if !s.GetLivemode() {
		test = "[Test] "
	}
	return map[string]string{
		"Test": test, "Merchant": s.GetMerchantName(), "Description": s.GetDescription(), "Amount": euros(money.Cents(o.GetAmountCents()), language),
		"Day": dayIn(day, language), "Until": dayIn(bankday.Of(told.GetPayableUntil().AsTime()), language), "Link": o.GetPaymentLinkUrl(),
	}, nil
}

// euros is an amount as a language writes it.
func euros(c money.Cents, language string) string {
	if language == "fr" {
		return strings.Replace(c.String(), ".", ",", 1) + "\u00a0€"
	}
	return "€" + c.String()
}

var mois = [...]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}

// dayIn is a day as a language writes it.
func dayIn(day time.Time, language string) string {
	if language != "fr" {
		return day.Format("2 January 2006")
	}
	number := strconv.Itoa(day.Day())
	if number == "1" {
		number = "1er"
	}
	return fmt.Sprintf("%s %s %d", number, mois[day.Month()-1], day.Year())
}
