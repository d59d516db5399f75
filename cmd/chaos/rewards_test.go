package chaos

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"european-pay.eu/eupay/cmd/internal/system"
	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/sdk/go/webhook"
)

const (
	tillMembers = 4
	// opening is what each member has at the beginning, in points.
	opening = 100_000
	// perEuro are the points for each whole euro.
	perEuro = 2
)

// till is a merchant whose customers earn points and spend them.
type till struct {
	*seller
	members [tillMembers]string

	mu     sync.Mutex
	visits []visit
	// told are the events of each member: the type, what it is about and the points, as in ledgerLine.
	told map[string][]string
}

// visit is a payment of a member, and what was done with the points.
type visit struct {
	member, reference string
	// paid and refunded are cents, spent are the points of a redemption.
	paid, refunded int64
	redemption     string
	spent          int
	captured       bool
}

func newTill(t *testing.T, w *world) *till {
	t.Helper()
	l := &till{told: make(map[string][]string)}
	l.seller = newSeller(t, w, "till", system.MerchantIBAN, l.hear)
	ctx := t.Context()
	if _, err := l.api.Rewards.SetProgram(ctx, eupay.RewardProgramParams{PointsPerEuro: 100 * perEuro}); err != nil {
		t.Fatal(err)
	}
	for n := range tillMembers {
		m, err := l.api.Rewards.AddMember(ctx, eupay.RewardMemberParams{CustomerNumber: customer(n)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.api.Rewards.Adjust(ctx, m.ID, eupay.RewardAdjustmentParams{Points: opening, Reason: "Opening"}); err != nil {
			t.Fatal(err)
		}
		l.members[n] = m.ID
	}
	return l
}

func customer(n int) string { return fmt.Sprint("C-", n) }

func (l *till) hear(e *webhook.Event) {
	r, ok := e.Data.(*webhook.Reward)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	about := r.Reference
	if r.RedemptionID != "" {
		about = r.RedemptionID
	}
	l.told[r.MemberID] = append(l.told[r.MemberID], ledgerLine(string(e.Type), about, r.Points))
}

// ledgerLine is a change of points: reward.earned of a payment, for example.
func ledgerLine(event, about string, points int) string {
	return fmt.Sprintf("%s %s %d", event, about, points)
}

func (l *till) use(ctx context.Context, n int) {
	v := visit{member: l.members[n%tillMembers], paid: int64(1000 + 37*n%4000)}
	own := fmt.Sprint("SALE-", n)
	reference, ok := l.pays(ctx, eupay.PaymentParams{
		Amount: eupay.Amount(v.paid), Description: "Lunch", Reference: own, Metadata: eupay.Metadata{"reward_member": customer(n % tillMembers)},
	})
	if !ok {
		return
	}
	v.reference = reference
	switch n % 6 {
	case 0, 3:
		l.refund(ctx, &v, own, 500)
	case 1:
		l.redeem(ctx, &v, own, 10+n, "capture", "capture")
	case 2:
		l.redeem(ctx, &v, own, 10+n, "release", "release")
	case 4:
		l.redeem(ctx, &v, own, 10+n, "capture", "release") // one of the two wins
	case 5:
		l.redeem(ctx, &v, own, 10+n, "capture", "capture")
		l.refund(ctx, &v, own, v.paid)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.visits = append(l.visits, v)
}

// redeem holds points, twice under one key, and ends the hold from two tills at once.
func (l *till) redeem(ctx context.Context, v *visit, own string, points int, ends ...string) {
	held := make(chan *eupay.Redemption, 2)
	for range cap(held) {
		go func() {
			r, err := insistOn(ctx, func(ctx context.Context) (*eupay.Redemption, error) {
				return l.api.Rewards.Hold(ctx, eupay.RedemptionParams{MemberID: v.member, Points: points, Reference: own, IdempotencyKey: own})
			})
			if err != nil {
				l.unexpected(ctx, "hold "+own, err)
			}
			held <- r
		}()
	}
	first, second := <-held, <-held
	if first == nil || second == nil {
		return
	}
	if first.ID != second.ID {
		l.t.Errorf("%s became two redemptions: %s and %s", own, first.ID, second.ID)
	}
	v.redemption, v.spent = first.ID, points
	outcomes := make(chan bool, len(ends))
	for _, verb := range ends {
		go func() {
			status, ok := l.end(ctx, first.ID, verb)
			outcomes <- ok && status == eupay.RedemptionCaptured
		}()
	}
	for range ends {
		v.captured = <-outcomes || v.captured
	}
}

// end captures or releases a redemption; false: the other one came first.
func (l *till) end(ctx context.Context, id, verb string) (eupay.RedemptionStatus, bool) {
	end := l.api.Rewards.Capture
	if verb == "release" {
		end = l.api.Rewards.Release
	}
	r, err := insistOn(ctx, func(ctx context.Context) (*eupay.Redemption, error) { return end(ctx, id) })
	if err != nil {
		if !refusedWith(err, eupay.ErrInvalidState) {
			l.unexpected(ctx, verb+" "+id, err)
		}
		return "", false
	}
	return r.Status, true
}

// refund gives cents back, which the merchant authorises at the bank.
func (l *till) refund(ctx context.Context, v *visit, own string, cents int64) {
	until(ctx, rest, func() bool {
		p, err := l.payment(ctx, v.reference)
		return err == nil && p.Status == eupay.PaymentCompleted
	})
	for try := range 5 {
		made, err := insistOn(ctx, func(ctx context.Context) (*eupay.Payment, error) {
			return l.api.Refunds.Create(ctx, v.reference, eupay.RefundParams{Amount: eupay.Amount(cents), IdempotencyKey: fmt.Sprint(own, "-", try)})
		})
		if err != nil {
			l.unexpected(ctx, "refund "+own, err)
			return
		}
		if made.Status != eupay.PaymentFailed && l.authorise(ctx, made.Reference) {
			v.refunded = cents
			return
		}
	}
}

func (l *till) compareBooks(ctx context.Context, t *testing.T) {
	t.Helper()
	agree(ctx, t, l.members[:], func(ctx context.Context, member string) []string {
		wrong := l.differences(ctx, member)
		for i := range wrong {
			wrong[i] = member + ": " + wrong[i]
		}
		return wrong
	})
	t.Logf("%d payments that earned points", len(l.visits))
}

// expected are the lines that a member's ledger must have, and the events that must have been told.
func (l *till) expected(member string) (lines, events []string) {
	add := func(line string) { lines, events = append(lines, line), append(events, line) }
	add(ledgerLine("reward.adjusted", "", opening))
	for _, v := range l.visits {
		if v.member != member {
			continue
		}
		worth, left := points(v.paid), points(v.paid-v.refunded)
		add(ledgerLine("reward.earned", v.reference, worth))
		if left != worth {
			add(ledgerLine("reward.taken_back", v.reference, left-worth))
		}
		switch {
		case v.redemption == "":
		case v.captured:
			lines = append(lines, ledgerLine("reward.redeemed", v.redemption, -v.spent))
			events = append(events, ledgerLine("reward.redeemed", v.redemption, v.spent))
		default:
			events = append(events, ledgerLine("reward.released", v.redemption, v.spent))
		}
	}
	slices.Sort(lines)
	slices.Sort(events)
	return lines, events
}

// points are what a payment of so many cents is worth.
func points(cents int64) int { return int(cents/100) * perEuro }

// differences tell where ledger, balance, webhooks and what was done disagree on a member.
func (l *till) differences(ctx context.Context, member string) (wrong []string) {
	var lines []string
	sum, after := 0, 0
	for e, err := range l.api.Rewards.AllEntries(ctx, member, eupay.ListParams{}) { // the newest first
		if err != nil {
			return []string{err.Error()}
		}
		if len(lines) > 0 && e.Balance != after {
			wrong = append(wrong, fmt.Sprintf("a line leaves %d, the next begins with %d", e.Balance, after))
		}
		after = e.Balance - e.Points
		about := e.Reference
		if e.RedemptionID != "" {
			about = e.RedemptionID
		}
		sum, lines = sum+e.Points, append(lines, ledgerLine("reward."+string(e.Kind), about, e.Points))
	}
	slices.Sort(lines)
	want, events := l.expected(member)
	if only, missing := compare(lines, want); len(only)+len(missing) > 0 || after != 0 {
		wrong = append(wrong, fmt.Sprintf("the ledger begins with %d, has %q too much and lacks %q", after, only, missing))
	}
	l.mu.Lock()
	told := slices.Sorted(slices.Values(l.told[member]))
	l.mu.Unlock()
	if only, missing := compare(told, events); len(only)+len(missing) > 0 {
		wrong = append(wrong, fmt.Sprintf("the webhooks told %q too much and not %q", only, missing))
	}
	if is, err := l.api.Rewards.Member(ctx, member); err != nil || is.Balance != sum || is.Held != 0 || is.Available != sum {
		wrong = append(wrong, fmt.Sprintf("it has %+v, %v, and the ledger makes %d", is, err, sum))
	}
	return wrong
}

// compare returns what only one of two sorted lists has, as often as it has it more often.
func compare(a, b []string) (onlyA, onlyB []string) {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] == b[0]:
			a, b = a[1:], b[1:]
		case a[0] < b[0]:
			onlyA, a = append(onlyA, a[0]), a[1:]
		default:
			onlyB, b = append(onlyB, b[0]), b[1:]
		}
	}
	return append(onlyA, a...), append(onlyB, b...)
}
