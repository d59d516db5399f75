package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/cmd/internal/system"
	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/sdk/go/webhook"
)

// club is a merchant who collects membership fees.
type club struct {
	*seller

	mu      sync.Mutex
	members []*membership
	told    map[string][]string // subscription → types of its events, as they came
	last    map[string]int      // subscription → sequence of its latest event
}

// membership is a subscription and how it must end.
type membership struct {
	id             string
	byLinks        bool
	status, detail string
	told           []string // without "subscription."
	// reference is the payment of the first occurrence, of one that was collected by links and paid.
	reference string
}

func newClub(t *testing.T, w *world) *club {
	t.Helper()
	c := &club{told: make(map[string][]string), last: make(map[string]int)}
	c.seller = newSeller(t, w, "club", system.MerchantIBAN, c.hear)
	return c
}

func (c *club) hear(e *webhook.Event) {
	var id string
	switch about := e.Data.(type) {
	case *webhook.Subscription:
		id = about.ID
	case *webhook.Occurrence:
		id = about.SubscriptionID
	default:
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.Sequence <= c.last[id] {
		c.t.Errorf("%s: event %d %s came after %d", id, e.Sequence, e.Type, c.last[id])
	}
	c.last[id] = e.Sequence
	c.told[id] = append(c.told[id], strings.TrimPrefix(string(e.Type), "subscription."))
}

// clubWays are what becomes of subscriptions.
var clubWays = []func(*club, context.Context, string){
	(*club).joinAndLeave, (*club).payByLink, (*club).changeTheFee, (*club).decline, (*club).leaveByLink, (*club).stopAtTheBank,
}

func (c *club) use(ctx context.Context, n int) {
	clubWays[n%len(clubWays)](c, ctx, fmt.Sprint("MEMBER-", n))
}

// subscribe asks for a subscription until it is recorded.
func (c *club) subscribe(ctx context.Context, own string, collect eupay.Collect) *membership {
	made, err := insistOn(ctx, func(ctx context.Context) (*eupay.Subscription, error) {
		return c.api.Subscriptions.Create(ctx, eupay.SubscriptionParams{
			Amount: 2990, Frequency: eupay.Monthly, StartDate: inDays(5), Collect: collect, Description: "Membership", Reference: own, IdempotencyKey: own,
		})
	})
	if err != nil {
		c.unexpected(ctx, "subscribe "+own, err)
		return nil
	}
	return c.add(&membership{id: made.ID, byLinks: collect == eupay.CollectLinks, told: []string{"created"}})
}

// inDays is a day so many days from today.
func inDays(n int) string { return time.Now().AddDate(0, 0, n).Format(time.DateOnly) }

func (c *club) add(m *membership) *membership {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = append(c.members, m)
	return m
}

// becomes waits until a subscription has one of the statuses.
func (c *club) becomes(ctx context.Context, m *membership, statuses ...eupay.SubscriptionStatus) (now *eupay.Subscription) {
	until(ctx, rest, func() bool {
		var err error
		now, err = c.api.Subscriptions.Get(ctx, m.id)
		return err == nil && slices.Contains(statuses, now.Status)
	})
	return now
}

// authorised is a subscription whose payer has authorised it. One that the bank never took fails, and is made again.
func (c *club) authorised(ctx context.Context, own string) *membership {
	for try := range 5 {
		m := c.subscribe(ctx, fmt.Sprint(own, "-", try), eupay.CollectBank)
		if m == nil {
			return nil
		}
		if c.begins(ctx, m) {
			return m
		}
	}
	return nil
}

// begins lets the payer of a subscription authorise it.
func (c *club) begins(ctx context.Context, m *membership) bool {
	if now := c.becomes(ctx, m, eupay.SubscriptionPendingSCA, eupay.SubscriptionFailed); now != nil && now.Status == eupay.SubscriptionFailed {
		m.ends("failed", now.StatusDetail, "failed")
		return false
	}
	if !c.authorise(ctx, m.id) {
		return false
	}
	m.ends("active", "", "pending_sca", "active")
	c.becomes(ctx, m, eupay.SubscriptionActive)
	return true
}

// ends notes how a subscription stands now, and the events that told so.
func (m *membership) ends(status, detail string, told ...string) {
	m.status, m.detail, m.told = status, detail, append(m.told, told...)
}

// cancel asks for the end of a subscription until it has come.
func (c *club) cancel(ctx context.Context, m *membership) {
	until(ctx, pause, func() bool {
		now, err := insistOn(ctx, func(ctx context.Context) (*eupay.Subscription, error) {
			return c.api.Subscriptions.Cancel(ctx, m.id, eupay.CancelSubscriptionParams{})
		})
		if err != nil && !refusedWith(err, eupay.ErrInvalidState) { // the bank sets it up just now
			c.unexpected(ctx, "cancel "+m.id, err)
			return true
		}
		return err == nil && now.Status == eupay.SubscriptionStopped
	})
}

func (c *club) joinAndLeave(ctx context.Context, own string) {
	if m := c.authorised(ctx, own); m != nil {
		c.cancel(ctx, m)
		m.ends("stopped", "cancelled", "stopped")
	}
}

// changeTheFee replaces a subscription by another one, which the payer authorises too.
func (c *club) changeTheFee(ctx context.Context, own string) {
	old := c.authorised(ctx, own)
	for try := 0; old != nil && try < 5; try++ {
		made, err := insistOn(ctx, func(ctx context.Context) (*eupay.Subscription, error) {
			return c.api.Subscriptions.Replace(ctx, old.id, eupay.SubscriptionParams{
				Amount: 3490, StartDate: inDays(20), IdempotencyKey: fmt.Sprint(own, "-dearer-", try),
			})
		})
		if err != nil {
			c.unexpected(ctx, "replace "+own, err)
			return
		}
		if dearer := c.add(&membership{id: made.ID, told: []string{"created"}}); c.begins(ctx, dearer) {
			old.ends("stopped", "replaced", "replaced", "stopped")
			return
		}
	}
}

// decline has a payer who gives up at the bank.
func (c *club) decline(ctx context.Context, own string) {
	m := c.subscribe(ctx, own, eupay.CollectBank)
	if m == nil {
		return
	}
	told := []string{"failed"}
	if now := c.becomes(ctx, m, eupay.SubscriptionPendingSCA, eupay.SubscriptionFailed); now != nil && now.Status == eupay.SubscriptionPendingSCA {
		told = []string{"pending_sca", "failed"}
		c.refuse(ctx, m.id)
	}
	m.ends("failed", "", told...)
}

// stopAtTheBank has a payer who ends the standing order at the bank.
func (c *club) stopAtTheBank(ctx context.Context, own string) {
	m := c.authorised(ctx, own)
	if m == nil {
		return
	}
	c.decideMandate(ctx, m.id, "stop")
	m.ends("stopped", "stopped_at_bank", "stopped")
}

func (c *club) decideMandate(ctx context.Context, id, verb string) {
	c.decide(ctx, id, verb, func([]string) bool { return false })
}

// payByLink has a payer who gets a link for the first occurrence.
func (c *club) payByLink(ctx context.Context, own string) {
	m := c.subscribe(ctx, own, eupay.CollectLinks)
	if m == nil {
		return
	}
	link := c.firstLink(ctx, m)
	m.ends("active", "", "active", "occurrence.due")
	for try := 0; link != "" && try < 5; try++ {
		made, err := c.begin(ctx, newPayer(c.t, c.w), link, 0, fmt.Sprint(own, "-", try))
		if err != nil {
			c.unexpected(ctx, "pay "+own, err)
			return
		}
		if c.authorise(ctx, made.Reference) {
			m.reference = made.Reference
			m.ends("active", "", "occurrence.paid")
			return
		}
	}
}

// firstLink waits until the first occurrence of a subscription has its link.
func (c *club) firstLink(ctx context.Context, m *membership) (address string) {
	until(ctx, rest, func() bool {
		page, err := c.api.Subscriptions.Occurrences(ctx, m.id, eupay.OccurrenceListParams{})
		if err == nil && len(page.Data) > 0 {
			address = page.Data[0].PaymentLinkURL
		}
		return address != ""
	})
	return address
}

// leaveByLink cancels a subscription whose payer has a link.
func (c *club) leaveByLink(ctx context.Context, own string) {
	m := c.subscribe(ctx, own, eupay.CollectLinks)
	if m == nil {
		return
	}
	c.firstLink(ctx, m)
	c.cancel(ctx, m)
	m.ends("stopped", "cancelled", "active", "occurrence.due", "stopped", "occurrence.missed")
}

func (c *club) compareBooks(ctx context.Context, t *testing.T) {
	t.Helper()
	agree(ctx, t, c.members, func(ctx context.Context, m *membership) []string {
		wrong := c.differences(ctx, m)
		for i := range wrong {
			wrong[i] = m.id + ": " + wrong[i]
		}
		return wrong
	})
	agree(ctx, t, []*club{c}, func(ctx context.Context, c *club) []string {
		return onlyOnce(c.api.Subscriptions.All(ctx, eupay.SubscriptionListParams{}), len(c.members))
	})
	t.Logf("%d subscriptions", len(c.members))
}

// differences tell where REST, bank and webhooks disagree on a subscription.
func (c *club) differences(ctx context.Context, m *membership) (wrong []string) {
	now, err := c.api.Subscriptions.Get(ctx, m.id)
	if err != nil {
		return []string{err.Error()}
	}
	if string(now.Status) != m.status || now.StatusDetail != m.detail {
		wrong = append(wrong, fmt.Sprintf("it is %s %s, want %s %s", now.Status, now.StatusDetail, m.status, m.detail))
	}
	changes, err := c.api.Subscriptions.History(ctx, m.id)
	if err != nil {
		return []string{err.Error()}
	}
	for i, change := range changes {
		if change.Sequence != i+1 {
			wrong = append(wrong, fmt.Sprintf("the history has %d at %d", change.Sequence, i+1))
		}
	}
	if len(changes) != now.Sequence {
		wrong = append(wrong, fmt.Sprintf("the history has %d changes of %d", len(changes), now.Sequence))
	}
	c.mu.Lock()
	if told := c.told[m.id]; !slices.Equal(told, m.told) {
		wrong = append(wrong, fmt.Sprintf("the webhooks told %v, want %v", told, m.told))
	}
	c.mu.Unlock()
	if m.byLinks {
		return append(wrong, c.collected(ctx, m)...)
	}
	return append(wrong, c.ordered(ctx, m)...)
}

// ordered compares a subscription with its standing order at the bank. One that failed may never have come there.
func (c *club) ordered(ctx context.Context, m *membership) []string {
	want := "rejected"
	if m.status == "active" {
		want = "pending"
	}
	orders := c.atTheBank(ctx, m.id)
	if m.status == "failed" && len(orders) == 0 {
		return nil
	}
	if order, faulty := moneyAt(orders); faulty != "" || order.State != want {
		return []string{fmt.Sprintf("the bank has %v %s, want %s", order, faulty, want)}
	}
	return nil
}

// collected compares what links have collected with the first occurrence.
func (c *club) collected(ctx context.Context, m *membership) (wrong []string) {
	if len(c.atTheBank(ctx, m.id)) > 0 {
		wrong = append(wrong, "the bank has a standing order")
	}
	page, err := c.api.Subscriptions.Occurrences(ctx, m.id, eupay.OccurrenceListParams{})
	if err != nil || len(page.Data) == 0 {
		return append(wrong, fmt.Sprint("its occurrences are ", page, err))
	}
	first := page.Data[0]
	link, err := c.api.PaymentLinks.Get(ctx, first.PaymentLinkID)
	if err != nil {
		return append(wrong, err.Error())
	}
	status, evidence, linkIs := eupay.OccurrencePaid, "payment", eupay.PaymentLinkPaid
	if m.status == "stopped" {
		status, evidence, linkIs = eupay.OccurrenceMissed, "stopped", eupay.PaymentLinkRevoked
	}
	if first.Status != status || first.Evidence != evidence || first.EvidenceReference != m.reference || link.Status != linkIs {
		wrong = append(wrong, fmt.Sprintf("occurrence 1 is %s by %s %s, its link %s, want %s by %s", first.Status, first.Evidence, first.EvidenceReference, link.Status, status, m.reference))
	}
	if m.reference != "" {
		p, err := c.api.Payments.Get(ctx, m.reference)
		bank, faulty := moneyAt(c.atTheBank(ctx, m.reference))
		if err != nil || p.Status != eupay.PaymentCompleted || p.SubscriptionID != m.id || faulty != "" || bank.State != "done" {
			wrong = append(wrong, fmt.Sprintf("its payment is %+v, %v, at the bank %v %s", p, err, bank, faulty))
		}
	}
	return wrong
}
