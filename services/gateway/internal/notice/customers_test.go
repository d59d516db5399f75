package notice_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/mail"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/notice"
	"european-pay.eu/eupay/services/gateway/internal/postbox"
	"european-pay.eu/eupay/services/gateway/migrations"
)

const ada = "ada@example.com"

var june = time.Date(2026, 6, 24, 7, 0, 0, 0, time.UTC)

// subscriptions stands in for the payments service, and letters for the mail server.
type subscriptions struct {
	paymentsv1.SubscriptionsServiceClient
	over bool
}

type letters struct{ list []mail.Message }

func (l *letters) Send(_ context.Context, m mail.Message) error {
	l.list = append(l.list, m)
	return nil
}

func due(live bool, reminders int32) (*paymentsv1.Subscription, *paymentsv1.Occurrence) {
	return &paymentsv1.Subscription{Id: "SUB-1", Livemode: live, MerchantName: "Gym <b>& Co", Description: "Membership", NotifyCustomer: true},
		&paymentsv1.Occurrence{SubscriptionId: "SUB-1", Number: 3, Date: "2026-07-01", AmountCents: 2990, PaymentLinkUrl: "https://pay.example/l/7Fq2mXc9Tb", Reminders: reminders}
}

func (s *subscriptions) GetCustomerNotice(_ context.Context, r *paymentsv1.GetCustomerNoticeRequest, _ ...grpc.CallOption) (*paymentsv1.GetCustomerNoticeResponse, error) {
	if s.over || r.GetId() != "SUB-1" || r.GetNumber() != 3 {
		return nil, errs.NotFound("Subscription")
	}
	about, o := due(r.GetLivemode(), r.GetReminder())
	return &paymentsv1.GetCustomerNoticeResponse{
		Email: ada, Subscription: about, Occurrence: o, PayableUntil: timestamppb.New(time.Date(2026, 7, 15, 10, 0, 0, 0, time.UTC)),
	}, nil
}

type desk struct {
	t *testing.T
	*notice.Customers
	postbox.Worker
	payments *subscriptions
	out      *letters
	shop     string
}

// newDesk has a merchant with an account in a country.
func newDesk(t *testing.T, iban string) *desk {
	t.Helper()
	t.Parallel()
	pool, _ := pgtest.New(t, "gateway", migrations.FS)
	d := &desk{t: t, payments: &subscriptions{}, out: &letters{}, shop: uuid.NewString()}
	d.Customers = &notice.Customers{Pool: pool, Subscriptions: d.payments}
	if _, err := pool.Exec(t.Context(), `insert into merchants (id, name, iban, email, created_at, updated_at) values ($1, 'Gym', $2, '', $3, $3)`, d.shop, iban, june); err != nil {
		t.Fatal(err)
	}
	d.Worker = postbox.Worker{
		Pool: pool, Sender: d.out, Address: d.Customers.Address, Now: func() time.Time { return june }, Log: slog.New(slog.DiscardHandler),
		Write: func(_ context.Context, _ pgx.Tx, m postbox.Mail) (mail.Message, error) {
			return notice.Write(m, m.Detail)
		},
	}
	return d
}

// hears applies an announcement, as the consumer does with one that is not in its inbox.
func (d *desk) hears(id string, live bool, reminders int32, change ...func(*paymentsv1.Subscription)) {
	d.t.Helper()
	s, o := due(live, reminders)
	for _, c := range change {
		c(s)
	}
	data, err := proto.Marshal(&eventsv1.SubscriptionChanged{Subscription: s, Occurrence: o})
	if err != nil {
		d.t.Fatal(err)
	}
	e := consume.Event{Event: events.Event{ID: id, Merchant: d.shop, Livemode: live, Time: june, Data: data}}
	if err := pgx.BeginFunc(d.t.Context(), d.Customers.Pool, func(tx pgx.Tx) error { return d.Handle(d.t.Context(), tx, []consume.Event{e}) }); err != nil {
		d.t.Fatal(err)
	}
}

// sent sends what is due.
func (d *desk) sent() []mail.Message {
	d.t.Helper()
	d.out.list = nil
	if err := d.SendDue(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	return d.out.list
}

func TestACustomerGetsOneMailForEachAnnouncement(t *testing.T) {
	d := newDesk(t, "DE89370400440532013000")
	first := events.NewID()
	d.hears(first, true, 0)
	d.hears(first, true, 0) // an operator sends it again, past the inbox
	got := d.sent()
	if len(got) != 1 || got[0].To != ada || got[0].Subject != "Gym <b>& Co: €29.90 is due on 1 July 2026" || got[0].ID != first {
		t.Fatalf("%+v", got)
	}
	for _, has := range []string{"Membership: €29.90", "https://pay.example/l/7Fq2mXc9Tb", "until 15 July 2026", "sends this mail for Gym"} {
		if !strings.Contains(got[0].Text, has) {
			t.Errorf("no %s in %s", has, got[0].Text)
		}
	}
	if strings.Contains(got[0].HTML, "<b>&") || !strings.Contains(got[0].HTML, `href="https://pay.example/l/7Fq2mXc9Tb"`) {
		t.Error(got[0].HTML)
	}
	d.hears(first, true, 0)
	d.hears(events.NewID(), true, 1)
	if got := d.sent(); len(got) != 1 || got[0].Subject != "Reminder: €29.90 for Gym <b>& Co" {
		t.Errorf("%+v", got)
	}
	var kept int
	if err := d.Customers.Pool.QueryRow(t.Context(), `select count(*) from mails where recipient <> '' or detail::text ilike '%ada%'`).Scan(&kept); err != nil || kept > 0 {
		t.Errorf("%d mails keep who the customer is, %v", kept, err)
	}
}

func TestAFrenchMerchantsCustomersReadFrench(t *testing.T) {
	d := newDesk(t, "FR1420041010050500013M02606")
	d.hears(events.NewID(), true, 0)
	if got := d.sent(); len(got) != 1 || got[0].Language != "fr" || got[0].Subject != "Gym <b>& Co : 29,90\u00a0€ à payer le 1er juillet 2026" {
		t.Errorf("%+v", got)
	}
}

func TestNobodyIsWrittenToForNothing(t *testing.T) {
	d := newDesk(t, "FR1420041010050500013M02606")
	d.hears(events.NewID(), true, 0, func(s *paymentsv1.Subscription) { s.NotifyCustomer = false })
	d.hears(events.NewID(), true, 0)
	d.payments.over = true // paid before the mail left
	if got := d.sent(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	d.payments.over = false
	if got := d.sent(); len(got) != 0 {
		t.Errorf("what was void is sent: %+v", got)
	}
}

// A test key is free for everybody. If its mails went anywhere, EU Pay would send strangers what strangers wrote.
func TestMailsOfTestModeStayInTheTeam(t *testing.T) {
	d := newDesk(t, "DE89370400440532013000")
	d.hears(events.NewID(), false, 0)
	if got := d.sent(); len(got) != 0 {
		t.Fatalf("%+v", got)
	}
	if _, err := d.Customers.Pool.Exec(t.Context(), `insert into users (id, email, password_hash, role, merchant_id, created_at) values ($1, 'Ada@Example.com', '', 'merchant', $2, $3)`,
		uuid.NewString(), d.shop, june); err != nil {
		t.Fatal(err)
	}
	d.hears(events.NewID(), false, 0)
	if got := d.sent(); len(got) != 1 || !strings.HasPrefix(got[0].Subject, "[Test] ") {
		t.Errorf("%+v", got)
	}
	d.TestToAnybody = true
	if _, err := d.Customers.Pool.Exec(t.Context(), `delete from users`); err != nil {
		t.Fatal(err)
	}
	d.hears(events.NewID(), false, 0)
	if got := d.sent(); len(got) != 1 {
		t.Errorf("on one machine: %+v", got)
	}
}
