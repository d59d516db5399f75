package reward

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/rounds"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// init draws fewer histories where every change is tested.
func init() { rounds.Draws(100) }

func (f *fixture) program(t failer, merchant string, p *qrv1.RewardProgram) {
	t.Helper()
	if _, err := f.s.ReplaceProgram(f.t.Context(), &qrv1.ReplaceProgramRequest{MerchantId: merchant, Program: p, Actor: "user:1"}); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) enrol(t failer, merchant, number string) string {
	t.Helper()
	got, err := f.s.CreateMember(f.t.Context(), &qrv1.CreateMemberRequest{MerchantId: merchant, CustomerNumber: number})
	if err != nil {
		t.Fatal(err)
	}
	return got.GetMember().GetId()
}

func (f *fixture) adjust(merchant, id string, points int64) error {
	_, err := f.s.AdjustPoints(f.t.Context(), &qrv1.AdjustPointsRequest{MerchantId: merchant, MemberId: id, Points: points, Reason: "test", IdempotencyKey: events.NewID()})
	return err
}

func (f *fixture) hold(merchant, id string, points int64) (*qrv1.Redemption, error) {
	got, err := f.s.HoldPoints(f.t.Context(), &qrv1.HoldPointsRequest{MerchantId: merchant, MemberId: id, Points: points, IdempotencyKey: events.NewID()})
	return got.GetRedemption(), err
}

func (f *fixture) capture(merchant, id string) (*qrv1.Redemption, error) {
	got, err := f.s.CaptureRedemption(f.t.Context(), &qrv1.CaptureRedemptionRequest{MerchantId: merchant, Id: id})
	return got.GetRedemption(), err
}

func (f *fixture) release(merchant, id string) (*qrv1.Redemption, error) {
	got, err := f.s.ReleaseRedemption(f.t.Context(), &qrv1.ReleaseRedemptionRequest{MerchantId: merchant, Id: id})
	return got.GetRedemption(), err
}

func (f *fixture) member(t failer, merchant, id string) *qrv1.RewardMember {
	t.Helper()
	got, err := f.s.GetMember(f.t.Context(), &qrv1.GetMemberRequest{MerchantId: merchant, Id: id})
	if err != nil {
		t.Fatal(err)
	}
	return got.GetMember()
}

// ledger is a member's lines, the oldest first.
func (f *fixture) ledger(t failer, merchant, id string) string {
	t.Helper()
	got, err := f.s.ListRewardEntries(f.t.Context(), &qrv1.ListRewardEntriesRequest{MerchantId: merchant, MemberId: id, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	text, total := "", int64(0)
	for i := len(got.GetEntries()) - 1; i >= 0; i-- {
		e := got.GetEntries()[i]
		if total += e.GetPoints(); total != e.GetBalance() {
			t.Fatal("a line says ", e.GetBalance(), ", the lines so far make ", total)
		}
		text += fmt.Sprintf("%s %+d, ", e.GetKind(), e.GetPoints())
	}
	if is := f.member(t, merchant, id).GetBalance(); is != total {
		t.Fatal("the balance is ", is, ", the lines make ", total)
	}
	return strings.TrimSuffix(text, ", ")
}

// named is a payment of a merchant's own customer.
func named(reference, who string, cents, refunded, sequence int64, completed time.Time) *paymentsv1.Payment {
	p := payment(reference, "", cents, refunded, sequence)
	p.MetadataJson, p.CompletedAt = fmt.Appendf(nil, `{"reward_member":%q,"table":7}`, who), timestamppb.New(completed)
	return p
}

// TestTheLedgerIsThatOfTheSlowModel plays random histories of one member against a model that knows each point.
func TestTheLedgerIsThatOfTheSlowModel(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.program(t, "m_1", &qrv1.RewardProgram{Active: true, PointsPerEuroHundredths: 100, ValidityMonths: 1})
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		w := &walk{f: f, r: r, number: fmt.Sprint("C-", round)}
		f.now = noon
		w.id = f.enrol(r, "m_1", w.number)
		for range rapid.IntRange(1, 25).Draw(r, "steps") {
			w.expire()
			w.step()
			w.compare()
		}
	})
}

// walk is a history of one member.
type walk struct {
	f          *fixture
	r          *rapid.T
	id, number string
	m          model
	open       []*qrv1.Redemption
	paid       []*paymentsv1.Payment
}

// expire does to the model what the ledger does by itself.
func (w *walk) expire() {
	w.m.expire(w.f.now)
}

func (w *walk) step() {
	n := rapid.Int64Range(1, 12).Draw(w.r, "points")
	switch what := rapid.SampledFrom([]string{"give", "take", "hold", "hold", "capture", "release", "wait", "pay", "pay", "refund", "replay"}).Draw(w.r, "step"); what {
	case "give":
		w.fine(w.f.adjust("m_1", w.id, n))
		w.m.give(n, "", rules{&qrv1.RewardProgram{ValidityMonths: 1}}.expiry(w.f.now))
	case "take":
		free := int64(len(w.m.in("free")))
		if err := w.f.adjust("m_1", w.id, -n); n > free {
			w.refused(err)
			return
		} else if w.fine(err); true {
			w.m.spend(n)
		}
	case "hold":
		free := int64(len(w.m.in("free")))
		made, err := w.f.hold("m_1", w.id, n)
		if n > free {
			w.refused(err)
			return
		}
		w.fine(err)
		w.m.move("free", made.GetId(), n)
		w.open = append(w.open, made)
	case "capture", "release":
		w.end(what)
	case "wait":
		w.f.now = w.f.now.Add(rapid.SampledFrom([]time.Duration{time.Minute, 15 * time.Minute, 20 * 24 * time.Hour}).Draw(w.r, "for"))
		w.fine(func() error { _, err := w.f.s.holds.Once(w.f.t.Context()); return err }())
		w.sweep()
	default:
		w.pay(what, n)
	}
}

// end captures or releases a redemption of the walk, or finds that it has ended.
func (w *walk) end(how string) {
	if len(w.open) == 0 {
		return
	}
	i := rapid.IntRange(0, len(w.open)-1).Draw(w.r, "which")
	id := w.open[i].GetId()
	end := w.f.capture
	if how == "release" {
		end = w.f.release
	}
	first, err := end("m_1", id)
	w.fine(err)
	if again, err := end("m_1", id); err != nil || again.String() != first.String() {
		w.r.Fatal("repeated: ", again, err)
	}
	if how == "release" {
		w.m.release(id)
	} else {
		w.m.move(id, "gone", int64(len(w.m.in(id))))
	}
	w.open = append(w.open[:i], w.open[i+1:]...)
}

// sweep ends holds that are past their time, in the model and in the list.
func (w *walk) sweep() {
	var open []*qrv1.Redemption
	for _, o := range w.open {
		if o.GetExpiresAt().AsTime().After(w.f.now) {
			open = append(open, o)
			continue
		}
		w.m.expire(w.f.now)
		w.m.release(o.GetId())
		if _, err := w.f.capture("m_1", o.GetId()); !errs.Is(err, errs.InvalidState) {
			w.r.Fatal("captured after its end: ", err)
		}
	}
	w.open = open
}

func (w *walk) pay(what string, n int64) {
	switch {
	case what == "pay":
		p := named(fmt.Sprintf("PAY-%s-%d", w.number, len(w.paid)), w.number, n*100, 0, 3, w.f.now)
		w.f.handle(w.r, paid(p))
		w.paid = append(w.paid, p)
		w.m.give(n, p.GetReference(), rules{&qrv1.RewardProgram{ValidityMonths: 1}}.expiry(w.f.now))
	case len(w.paid) == 0:
	case what == "refund":
		p := rapid.SampledFrom(w.paid).Draw(w.r, "payment")
		more := min(n*100, p.GetAmountCents()-p.GetAmountRefundedCents())
		p.AmountRefundedCents += more
		p.Sequence++
		w.f.handle(w.r, paid(p))
		w.m.takeBack(more/100, p.GetReference())
	default:
		w.f.handle(w.r, paid(rapid.SampledFrom(w.paid).Draw(w.r, "payment")))
	}
}

func (w *walk) compare() {
	w.expire()
	is := w.f.member(w.r, "m_1", w.id)
	free, held := int64(len(w.m.in("free"))), int64(0)
	for _, o := range w.open {
		held += int64(len(w.m.in(o.GetId())))
	}
	if is.GetBalance() != free+held-w.m.owed || is.GetHeld() != held {
		w.r.Fatal("balance ", is.GetBalance(), " held ", is.GetHeld(), "; the model has ", free, " free, ", held, " held, ", w.m.owed, " owed: ", w.f.ledger(w.r, "m_1", w.id))
	}
	next := map[int64]int64{}
	first := int64(1 << 62)
	for _, p := range w.m.in("free") {
		if !p.expires.IsZero() {
			next[p.expires.Unix()]++
			first = min(first, p.expires.Unix())
		}
	}
	if is.GetExpiringPoints() != next[first] {
		w.r.Fatal(is.GetExpiringPoints(), " points expire next, the model has ", next[first])
	}
	w.f.ledger(w.r, "m_1", w.id)
}

func (w *walk) fine(err error) {
	if err != nil {
		w.r.Fatal(err)
	}
}

func (w *walk) refused(err error) {
	if !errs.Is(err, errs.InvalidState) {
		w.r.Fatal("more than the member has: ", err)
	}
}

// TestAnyOrderOfEventsGivesTheSamePoints: payments of several days under changing rules with limits, their refunds, twice and in any order.
func TestAnyOrderOfEventsGivesTheSamePoints(t *testing.T) {
	t.Parallel()
	f := setup(t)
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		merchant, number := fmt.Sprint("m_", round), fmt.Sprint("C-", round)
		var programs []*qrv1.RewardProgram
		var since []time.Time
		f.now = noon
		for range rapid.IntRange(1, 3).Draw(r, "versions") {
			p := &qrv1.RewardProgram{
				Active: true, PointsPerEuroHundredths: 100, MaxPerPayment: rapid.SampledFrom([]int64{0, 20}).Draw(r, "per payment"),
				MaxPerDay: rapid.SampledFrom([]int64{0, 25, 40}).Draw(r, "per day"), MaxPerMember: rapid.SampledFrom([]int64{0, 30, 60}).Draw(r, "per member"),
			}
			f.program(r, merchant, p)
			programs, since = append(programs, p), append(since, f.now)
			f.now = f.now.Add(rapid.SampledFrom([]time.Duration{time.Hour, 24 * time.Hour}).Draw(r, "for"))
		}
		var list []consume.Event
		var final []*paymentsv1.Payment
		for i := range rapid.IntRange(1, 6).Draw(r, "payments") {
			completed := noon.Add(time.Duration(rapid.IntRange(0, 60).Draw(r, "hour")) * time.Hour)
			cents, refunded, sequence := rapid.Int64Range(1, 4000).Draw(r, "cents"), int64(0), int64(3)
			for {
				p := named(fmt.Sprintf("PAY-%d-%d", round, i), number, cents, refunded, sequence, completed)
				p.MerchantId = merchant
				list = append(list, paid(p))
				if refunded == cents || rapid.Bool().Draw(r, "enough") {
					final = append(final, p)
					break
				}
				refunded = min(cents, refunded+rapid.Int64Range(1, 2000).Draw(r, "refund"))
				sequence++
			}
		}
		id := f.enrol(r, merchant, number)
		for _, i := range rapid.Permutation(append(indexes(list), indexes(list)...)).Draw(r, "order") {
			f.handle(r, list[i])
		}
		f.ledger(r, merchant, id)
		if got, want := f.member(r, merchant, id).GetBalance(), owed(programs, since, final); got != want {
			r.Fatal("balance ", got, ", owed ", want, ": ", f.ledger(r, merchant, id))
		}
	})
}

// owed counts what payments are worth from their last state alone: the slow and obvious way.
func owed(programs []*qrv1.RewardProgram, since []time.Time, payments []*paymentsv1.Payment) int64 {
	most := func(points, limit int64) int64 {
		if limit > 0 && points > limit {
			return limit
		}
		return points
	}
	total := int64(0)
	days := map[string]int64{}
	for v, p := range programs {
		worth := map[string]int64{}
		for _, pay := range payments {
			version := -1
			for i, from := range since {
				if !from.After(pay.GetCompletedAt().AsTime()) {
					version = i
				}
			}
			if version == v {
				day := pay.GetCompletedAt().AsTime().In(paris).Format(time.DateOnly)
				worth[day] += most((pay.GetAmountCents()-pay.GetAmountRefundedCents())/100, p.GetMaxPerPayment())
			}
		}
		more := int64(0)
		for day, n := range worth {
			after := max(days[day], most(days[day]+n, p.GetMaxPerDay()))
			more += after - days[day]
			days[day] = after
		}
		total = max(total, most(total+more, p.GetMaxPerMember()))
	}
	return total
}

func TestARefundAfterExpiryTakesNothingTwice(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.program(t, "m_1", &qrv1.RewardProgram{Active: true, PointsPerEuroHundredths: 100, ValidityMonths: 1, WelcomePoints: 5})
	f.handle(t, paid(named("PAY-1", "C-1", 1000, 0, 3, noon)))
	id := f.enrol(t, "m_1", "C-1")
	if held, err := f.hold("m_1", id, 8); err != nil {
		t.Fatal(err)
	} else if _, err := f.capture("m_1", held.GetId()); err != nil {
		t.Fatal(err)
	}
	f.now = noon.AddDate(0, 2, 0)
	if n, err := f.s.lots.Once(t.Context()); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	f.handle(t, paid(named("PAY-1", "C-1", 1000, 1000, 4, noon)))
	// 5 and 3 of the 10 were used, 7 have expired.
	if got := f.ledger(t, "m_1", id); got != "welcome +5, earned +10, redeemed -8, expired -7, taken_back -3" {
		t.Errorf("%s", got)
	}
	f.now = f.now.AddDate(0, 1, 0)
	if err := f.adjust("m_1", id, 10); err != nil {
		t.Fatal(err)
	}
	if is := f.member(t, "m_1", id); is.GetBalance() != 7 || is.GetExpiringPoints() != 7 {
		t.Errorf("what is owed is paid by new points: %v", is)
	}
}

// TestHeldPointsOutliveTheirEnd: a customer at the till at midnight gets the discount; what is released has expired.
func TestHeldPointsOutliveTheirEnd(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.program(t, "m_1", &qrv1.RewardProgram{Active: true, PointsPerEuroHundredths: 100, ValidityMonths: 1})
	id := f.enrol(t, "m_1", "C-1")
	if err := f.adjust("m_1", id, 10); err != nil {
		t.Fatal(err)
	}
	end := f.member(t, "m_1", id).GetExpiringAt().AsTime()
	f.now = end.Add(-time.Minute)
	first, err := f.hold("m_1", id, 4)
	if err != nil {
		t.Fatal(err)
	}
	second, err := f.hold("m_1", id, 3)
	if err != nil {
		t.Fatal(err)
	}
	f.now = end
	if _, err := f.capture("m_1", first.GetId()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.release("m_1", second.GetId()); err != nil {
		t.Fatal(err)
	}
	if got := f.ledger(t, "m_1", id); got != "adjusted +10, expired -3, redeemed -4, expired -3" {
		t.Errorf("%s", got)
	}
}

// TestTillsNeverSpendMoreThanThereIs: many of them hold, capture, release and adjust at once.
func TestTillsNeverSpendMoreThanThereIs(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.program(t, "m_1", &qrv1.RewardProgram{Active: true, PointsPerEuroHundredths: 100})
	id := f.enrol(t, "m_1", "C-1")
	if err := f.adjust("m_1", id, 100); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	spent, all := int64(0), sync.WaitGroup{}
	for till := range 8 {
		all.Go(func() {
			for i := range 6 {
				held, err := f.hold("m_1", id, 10)
				if errs.Is(err, errs.InvalidState) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				end := f.capture
				if (till+i)%3 == 0 {
					end = f.release
				}
				if _, err := end("m_1", held.GetId()); err != nil {
					t.Error(err)
				}
				mu.Lock()
				if (till+i)%3 != 0 {
					spent += 10
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if is := f.member(t, "m_1", id); is.GetBalance() != 100-spent || is.GetHeld() != 0 || spent != 100 {
		t.Errorf("%d were spent, and then %v", spent, is)
	}
	f.ledger(t, "m_1", id)
}

// TestOneRedemptionEndsInOneWay: a capture and a release at the same moment.
func TestOneRedemptionEndsInOneWay(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id := f.enrol(t, "m_1", "C-1")
	if err := f.adjust("m_1", id, 100); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		held, err := f.hold("m_1", id, 5)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		outcomes := make(chan error, 4)
		for _, end := range []func(string, string) (*qrv1.Redemption, error){f.capture, f.release, f.capture, f.release} {
			all.Go(func() {
				_, err := end("m_1", held.GetId())
				outcomes <- err
			})
		}
		all.Wait()
		refused := 0
		for range 4 {
			if err := <-outcomes; err != nil {
				if refused++; !errs.Is(err, errs.InvalidState) {
					t.Error(err)
				}
			}
		}
		if refused != 2 {
			t.Errorf("%d of two ways were refused", refused)
		}
	}
	f.ledger(t, "m_1", id)
}

// TestACaptureThatDiesWithItsConnectionCanBeRepeated: the process that held the points is gone, and the first capture breaks off.
func TestACaptureThatDiesWithItsConnectionCanBeRepeated(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id := f.enrol(t, "m_1", "C-1")
	if err := f.adjust("m_1", id, 10); err != nil {
		t.Fatal(err)
	}
	held, err := f.hold("m_1", id, 10)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := f.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if _, err := tx.Exec(t.Context(), `select from reward_members where id = $1 for update`, id); err != nil {
		t.Fatal(err)
	}
	died := make(chan error, 1)
	go func() {
		_, err := f.capture("m_1", held.GetId())
		died <- err
	}()
	f.waits()
	_, err = f.pool.Exec(t.Context(), `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-died; err == nil {
		t.Fatal("it did not die")
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := New(Deps{Pool: f.pool, Reads: f.pool, PerEuro: 1, Now: func() time.Time { return f.now }, Wake: func() {}, Log: f.s.log})
	for range 2 {
		got, err := other.CaptureRedemption(t.Context(), &qrv1.CaptureRedemptionRequest{MerchantId: "m_1", Id: held.GetId()})
		if err != nil || got.GetRedemption().GetStatus() != captured {
			t.Fatal(got, err)
		}
	}
	if got := f.ledger(t, "m_1", id); got != "adjusted +10, redeemed -10" {
		t.Errorf("%s", got)
	}
}

// TestTheDatabaseRefusesAWrongLedger also when the statement does not come from our code.
func TestTheDatabaseRefusesAWrongLedger(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id := f.enrol(t, "m_1", "C-1")
	if err := f.adjust("m_1", id, 10); err != nil {
		t.Fatal(err)
	}
	line := `insert into reward_entries (id, member_id, sequence, merchant_id, livemode, kind, points, balance, occurred_at)
		select gen_random_uuid(), id, sequence + 1, merchant_id, livemode, 'adjusted', 5, balance + %d, now() from reward_members`
	for name, sql := range map[string][]string{
		"a changed line":              {`update reward_entries set points = 11`},
		"a removed line":              {`delete from reward_entries`},
		"no lines":                    {`truncate reward_entries cascade`},
		"another balance":             {`update reward_members set balance = 11`},
		"points from nowhere":         {`update reward_members set balance = 11`, `update reward_lots set left_points = 11`},
		"a line that does not add up": {fmt.Sprintf(line, 6)},
		"a line that nobody counts":   {fmt.Sprintf(line, 5)},
		"held by nothing":             {`update reward_members set held = 5`, `update reward_lots set left_points = 5`},
		"another sum of what is left": {`update reward_lots set left_points = 9`, `update reward_members set sequence = sequence + 1`},
		"a hold without an end": {`insert into reward_redemptions (id, merchant_id, livemode, member_id, status, points, amount_cents, reference, actor, expires_at, created_at)
			select gen_random_uuid(), merchant_id, livemode, id, 'held', 1, 0, '', '', now(), now() from reward_members`},
	} {
		err := pgx.BeginFunc(t.Context(), f.pool, func(tx pgx.Tx) error {
			for _, s := range sql {
				if _, err := tx.Exec(t.Context(), s); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			t.Errorf("%s was committed", name)
		}
	}
	if got := f.ledger(t, "m_1", id); got != "adjusted +10" {
		t.Errorf("%s", got)
	}
}
