package e2e

import (
	"errors"
	"net/http"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/sandbox/bank"
	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/sdk/go/webhook"
)

// subscribing is a merchant who hears of subscriptions.
func (w *world) subscribing(t *testing.T) *merchant {
	t.Helper()
	m := w.newMerchant(t)
	if _, err := m.office.WebhookEndpoints.Update(t.Context(), m.endpoint, eupay.EndpointChange{EventTypes: &[]string{"*"}}); err != nil {
		t.Fatal(err)
	}
	return m
}

// inParis is a day so many days from today there.
func inParis(t *testing.T, days int) string {
	t.Helper()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return time.Now().In(paris).AddDate(0, 0, days).Format(time.DateOnly)
}

func (m *merchant) subscribe(t *testing.T, p eupay.SubscriptionParams) *eupay.Subscription {
	t.Helper()
	if p.Description == "" {
		p.Description = "Gym membership"
	}
	if p.Amount == 0 {
		p.Amount = 2990
	}
	if p.Frequency == "" {
		p.Frequency = eupay.Monthly
	}
	if p.StartDate == "" {
		p.StartDate = inParis(t, 3)
	}
	p.SuccessURL, p.CancelURL = m.site.url+"/success", m.site.url+"/cancel"
	s, err := m.client.Subscriptions.Create(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// authorised is a subscription whose payer has authorised it at a bank.
func (m *merchant) authorised(t *testing.T, at string, p eupay.SubscriptionParams) *eupay.Subscription {
	t.Helper()
	s := m.subscribe(t, p)
	m.w.bank().authorise(t, s.ID, object{"connector": at})
	return m.subscriptionIs(t, s.ID, eupay.SubscriptionActive)
}

func (m *merchant) subscriptionIs(t *testing.T, id string, status eupay.SubscriptionStatus) *eupay.Subscription {
	t.Helper()
	var s *eupay.Subscription
	eventually(t, "subscription "+id+" is "+string(status), func() bool {
		var err error
		s, err = m.client.Subscriptions.Get(t.Context(), id)
		return err == nil && s.Status == status
	})
	return s
}

func (m *merchant) occurrences(t *testing.T, id string) []eupay.Occurrence {
	t.Helper()
	page, err := m.client.Subscriptions.Occurrences(t.Context(), id, eupay.OccurrenceListParams{ListParams: eupay.ListParams{Limit: 100}})
	if err != nil {
		t.Fatal(err)
	}
	return page.Data
}

// about reads what an event says.
func about[T any](t *testing.T, h hook) T {
	t.Helper()
	event, err := webhook.Parse(h.raw)
	if err != nil {
		t.Fatal(err)
	}
	data, ok := event.Data.(*T)
	if !ok {
		t.Fatalf("%s is about %T", event.Type, event.Data)
	}
	return *data
}

// TestAStandingOrderIsAuthorisedOnce: the payer authorises it at the bank's page, and comes back to the merchant's.
func TestAStandingOrderIsAuthorisedOnce(t *testing.T) {
	t.Parallel()
	m := shared.subscribing(t)
	key := uuid.NewString()
	params := eupay.SubscriptionParams{Count: 12, Reference: "MEMBER-7", Metadata: eupay.Metadata{"plan": "gold"}, IdempotencyKey: key}
	s := m.subscribe(t, params)
	if s.Status != eupay.SubscriptionPendingSCA || s.AuthorisationURL == "" || s.Collect != eupay.CollectBank || s.Count != 12 || s.EndDate == "" {
		t.Fatalf("created as %+v", s)
	}
	if again := m.subscribe(t, params); again.ID != s.ID || !again.Replayed {
		t.Errorf("the same key makes %s", again.ID)
	}
	for _, o := range m.occurrences(t, s.ID) {
		if o.Status != eupay.OccurrencePlanned {
			t.Errorf("before it is active, occurrence %d is %s", o.Number, o.Status)
		}
	}
	m.site.next(t, "subscription.created", "MEMBER-7")
	m.w.bank().authorise(t, s.ID, object{"connector": "nowhere"})
	if told := about[webhook.Subscription](t, m.site.next(t, "subscription.active", "MEMBER-7")); told.ID != s.ID || told.Amount != 2990 || told.Metadata["plan"] != "gold" {
		t.Errorf("the webhook says %+v", told)
	}
	back := m.w.caller().do(t, http.MethodGet, "/payments/return?state="+s.ID+"&id_payment=1", "")
	if to := back.header.Get("Location"); back.status != http.StatusSeeOther || !strings.HasPrefix(to, m.site.url+"/success?") || !strings.Contains(to, "status=active") || !strings.Contains(to, s.ID) {
		t.Errorf("the payer comes back to %d %s", back.status, to)
	}
	s = m.subscriptionIs(t, s.ID, eupay.SubscriptionActive)
	if s.Bank != bank.Nowhere || s.Settlement != eupay.Tracked || s.NextOccurrence == nil || s.NextOccurrence.Date != s.StartDate || s.AuthorisationURL != "" {
		t.Errorf("active as %+v", s)
	}
	if all := m.occurrences(t, s.ID); len(all) != 12 || all[0].Status != eupay.OccurrenceExpected || all[11].Number != 12 || all[0].ExecutionDate < all[0].Date {
		t.Errorf("the calendar is %+v", all)
	}
	if _, err := m.client.Payments.Get(t.Context(), s.ID); !errors.Is(err, eupay.ErrNotFound) {
		t.Errorf("the standing order is a payment: %v", err)
	}
	if list, err := m.client.Payments.List(t.Context(), eupay.PaymentListParams{}); err != nil || len(list.Data) != 0 {
		t.Errorf("the standing order is listed as a payment: %+v, %v", list, err)
	}
	said, err := m.client.Subscriptions.Report(t.Context(), s.ID, 1, eupay.OccurrenceReport{Status: eupay.OccurrencePaid, Note: "Seen on the statement"})
	if err != nil || said.Status != eupay.OccurrencePaid || said.Evidence != "merchant" {
		t.Errorf("reported as %+v, %v", said, err)
	}
	if told := about[webhook.Occurrence](t, m.site.next(t, "subscription.occurrence.paid", "MEMBER-7")); told.SubscriptionID != s.ID || told.Number != 1 {
		t.Errorf("the webhook says %+v", told)
	}
	changes, err := m.client.Subscriptions.History(t.Context(), s.ID)
	if err != nil || len(changes) != 4 || changes[3].Occurrence != 1 || changes[3].Note != "Seen on the statement" || !strings.HasPrefix(changes[3].Actor, "key:") {
		t.Errorf("the history is %+v, %v", changes, err)
	}
}

// TestASubscriptionIsCollectedByLinks: the named bank makes no standing orders, so the payer gets a link for each occurrence.
func TestASubscriptionIsCollectedByLinks(t *testing.T) {
	t.Parallel()
	m := shared.subscribing(t)
	m.banks(t, eupay.BankListParams{})
	s := m.subscribe(t, eupay.SubscriptionParams{Bank: bank.Snail, Reference: "MEMBER-8", Count: 2})
	if s.Status != eupay.SubscriptionActive || s.Collect != eupay.CollectLinks || s.DaysBefore != 7 {
		t.Fatalf("created as %+v", s)
	}
	due := about[webhook.Occurrence](t, m.site.next(t, "subscription.occurrence.due", "MEMBER-8"))
	if due.Number != 1 || due.PaymentLinkURL == "" || due.Date != s.StartDate || due.Status != eupay.OccurrenceExpected {
		t.Fatalf("the webhook says %+v", due)
	}
	begun, err := m.w.caller().client("", "").Payers.PayLink(t.Context(), path.Base(due.PaymentLinkURL), eupay.LinkPaymentParams{IdempotencyKey: uuid.NewString()})
	if err != nil || begun.Amount != 2990 {
		t.Fatalf("the payer pays %+v, %v", begun, err)
	}
	m.w.bank().authorise(t, begun.Reference, nil)
	paid := about[webhook.Occurrence](t, m.site.next(t, "subscription.occurrence.paid", "MEMBER-8"))
	if paid.Number != 1 || paid.Evidence != "payment" || paid.EvidenceReference != begun.Reference {
		t.Errorf("the webhook says %+v", paid)
	}
	if p, err := m.client.Payments.Get(t.Context(), begun.Reference); err != nil || p.SubscriptionID != s.ID || p.PaymentLinkID != due.PaymentLinkID {
		t.Errorf("the payment is %+v, %v", p, err)
	}
	s, err = m.client.Subscriptions.Cancel(t.Context(), s.ID, eupay.CancelSubscriptionParams{})
	if err != nil || s.Status != eupay.SubscriptionStopped || s.StatusDetail != "cancelled" {
		t.Errorf("cancelled as %+v, %v", s, err)
	}
	if all := m.occurrences(t, s.ID); len(all) != 1 || all[0].Status != eupay.OccurrencePaid {
		t.Errorf("what is left is %+v", all)
	}
}

func TestAStandingOrderIsReplacedAndCancelled(t *testing.T) {
	t.Parallel()
	m := shared.subscribing(t)
	old := m.authorised(t, "nowhere", eupay.SubscriptionParams{Reference: "MEMBER-9"})
	dearer, err := m.client.Subscriptions.Replace(t.Context(), old.ID, eupay.SubscriptionParams{Amount: 3490, StartDate: inParis(t, 30)})
	if err != nil || dearer.Replaces != old.ID || dearer.Frequency != eupay.Monthly || dearer.Description != old.Description || dearer.Reference != "MEMBER-9" {
		t.Fatalf("the replacement is %+v, %v", dearer, err)
	}
	if still := m.subscriptionIs(t, old.ID, eupay.SubscriptionActive); still.ReplacedBy != "" {
		t.Errorf("replaced before the payer agreed: %+v", still)
	}
	m.w.bank().authorise(t, dearer.ID, object{"connector": "nowhere"})
	m.site.next(t, "subscription.replaced", "MEMBER-9")
	if gone := m.subscriptionIs(t, old.ID, eupay.SubscriptionStopped); gone.ReplacedBy != dearer.ID || gone.StatusDetail != "replaced" {
		t.Errorf("the old one is %+v", gone)
	}
	if o := m.w.bank().order(t, old.ID); o.State != "rejected" {
		t.Errorf("the old order is %s at the bank", o.State)
	}
	ended, err := m.client.Subscriptions.Cancel(t.Context(), dearer.ID, eupay.CancelSubscriptionParams{})
	if err != nil || ended.Status != eupay.SubscriptionStopped {
		t.Errorf("cancelled as %+v, %v", ended, err)
	}
	fixed := m.authorised(t, "no-way-back", eupay.SubscriptionParams{})
	if _, err := m.client.Subscriptions.Cancel(t.Context(), fixed.ID, eupay.CancelSubscriptionParams{}); !errors.Is(err, eupay.ErrCancelNotSupported) {
		t.Errorf("a bank that cannot cancel: %v", err)
	}
	if now := m.subscriptionIs(t, fixed.ID, eupay.SubscriptionActive); !now.StopAtBank || now.StopInstructions == "" {
		t.Errorf("it says %+v", now)
	}
	if now, err := m.client.Subscriptions.Cancel(t.Context(), fixed.ID, eupay.CancelSubscriptionParams{StoppedAtBank: true}); err != nil || now.StatusDetail != "stopped_by_payer" {
		t.Errorf("stopped by the payer: %+v, %v", now, err)
	}
}

// TestABankEndsAStandingOrderByItself also has one that reports nothing, which is never silently paid.
func TestABankEndsAStandingOrderByItself(t *testing.T) {
	t.Parallel()
	m := shared.subscribing(t)
	s := m.authorised(t, "nowhere", eupay.SubscriptionParams{Reference: "STOPS"})
	m.w.bank().act(t, "stop", s.ID, object{})
	if told := about[webhook.Subscription](t, m.site.next(t, "subscription.stopped", "STOPS")); told.StatusDetail != "stopped_at_bank" {
		t.Errorf("the webhook says %+v", told)
	}
	if all := m.occurrences(t, s.ID); len(all) != 1 || all[0].Status != eupay.OccurrenceExpected {
		t.Errorf("the next occurrence is %+v", all)
	}
	silent := m.authorised(t, "shrug", eupay.SubscriptionParams{Reference: "SILENT"})
	m.site.next(t, "subscription.untracked", "SILENT")
	if silent = m.subscriptionIs(t, silent.ID, eupay.SubscriptionActive); silent.Settlement != eupay.Untracked {
		t.Errorf("it is %+v", silent)
	}
	refused := m.subscribe(t, eupay.SubscriptionParams{Reference: "REFUSED"})
	m.w.bank().act(t, "refuse", refused.ID, object{})
	if told := about[webhook.Subscription](t, m.site.next(t, "subscription.failed", "REFUSED")); told.FailureCode != "cancelled_by_user" {
		t.Errorf("the webhook says %+v", told)
	}
}

func TestSubscriptionsAreTheirMerchants(t *testing.T) {
	t.Parallel()
	m, stranger := shared.newMerchant(t), shared.newMerchant(t)
	s := m.subscribe(t, eupay.SubscriptionParams{Reference: "MINE"})
	ctx, theirs := t.Context(), stranger.client.Subscriptions
	for what, call := range map[string]func() error{
		"read":   func() error { _, err := theirs.Get(ctx, s.ID); return err },
		"cancel": func() error { _, err := theirs.Cancel(ctx, s.ID, eupay.CancelSubscriptionParams{}); return err },
		"replace": func() error {
			_, err := theirs.Replace(ctx, s.ID, eupay.SubscriptionParams{StartDate: inParis(t, 3)})
			return err
		},
		"list": func() error { _, err := theirs.Occurrences(ctx, s.ID, eupay.OccurrenceListParams{}); return err },
		"report": func() error {
			_, err := theirs.Report(ctx, s.ID, 1, eupay.OccurrenceReport{Status: "paid"})
			return err
		},
		"history": func() error { _, err := theirs.History(ctx, s.ID); return err },
	} {
		if err := call(); !errors.Is(err, eupay.ErrNotFound) {
			t.Errorf("another merchant can %s it: %v", what, err)
		}
	}
	if list, err := theirs.List(ctx, eupay.SubscriptionListParams{}); err != nil || len(list.Data) != 0 {
		t.Errorf("another merchant sees %+v, %v", list, err)
	}
	if list, err := m.client.Subscriptions.List(ctx, eupay.SubscriptionListParams{Reference: "MINE", Status: eupay.SubscriptionPendingSCA}); err != nil || len(list.Data) != 1 {
		t.Errorf("the merchant sees %+v, %v", list, err)
	}
	var refused *eupay.Error
	_, err := m.client.Subscriptions.Create(ctx, eupay.SubscriptionParams{Amount: 100, Description: "x", Frequency: "hourly", StartDate: inParis(t, 0), EndDate: "2030-02-30"})
	if !errors.As(err, &refused) || refused.Code != eupay.ErrValidation || len(refused.Fields) != 2 {
		t.Errorf("a subscription that cannot be: %v", err)
	}
	_, err = m.client.Subscriptions.Create(ctx, eupay.SubscriptionParams{Amount: 100, Description: "x", Frequency: eupay.Weekly, StartDate: inParis(t, 0)})
	if !errors.As(err, &refused) || refused.Code != eupay.ErrValidation {
		t.Errorf("a standing order that begins today: %v", err)
	}
}
