package chaos

import (
	"context"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"european-pay.eu/eupay/cmd/internal/system"
)

const workers = 16

// victims are killed in turn, each while others have just come back.
var victims = []string{system.Payments, nats, postgres, system.Webhooks, system.Gateway}

// rounds is how often each is killed: once, or EUPAY_CHAOS_ROUNDS times.
func rounds(t *testing.T) int {
	t.Helper()
	text := os.Getenv("EUPAY_CHAOS_ROUNDS")
	if text == "" {
		return 1
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("EUPAY_CHAOS_ROUNDS is %q, not a number from 1", text)
	}
	return n
}

// share is the number of orders between two kills.
const share = 40

// TestChaosNothingAcceptedIsLost kills payments, NATS, PostgreSQL, webhooks and the gateway while merchants create
// payments and payers answer at the bank. Afterwards the REST API, the bank and the received webhooks must tell the same.
func TestChaosNothingAcceptedIsLost(t *testing.T) {
	w := build(t)
	w.start()
	m := newMerchant(t, w)
	var troubles []func()
	for range rounds(t) {
		for _, victim := range victims {
			troubles = append(troubles, func() { w.kill(victim) })
		}
	}
	m.runUnderLoad(troubles)
}

// runUnderLoad creates payments and answers them at the bank, and calls one of the troubles after each share of the orders. In the end
// all books must agree.
func (m *merchant) runUnderLoad(troubles []func()) {
	m.t.Helper()
	orders := share * (len(troubles) + 1)
	ctx, cancel := context.WithTimeout(m.t.Context(), time.Duration(len(troubles)+1)*time.Minute)
	defer cancel()

	var done atomic.Int64
	underLoad(share, troubles, func(n int) {
		if m.order(ctx, n) {
			m.answerAtTheBank(ctx, n)
		}
		done.Add(1)
	})
	if ctx.Err() != nil {
		m.t.Fatalf("only %d of %d orders were taken\n%s", done.Load(), orders, m.w.log(system.Payments))
	}
	m.t.Logf("%d orders accepted, %d requests repeated", len(m.accepted), m.again)
	m.compareBooks(ctx, orders)
}

// underLoad lets workers do everything from 0 on, and calls one of the troubles after each share of it. The load goes on meanwhile.
func underLoad(share int, troubles []func(), do func(n int)) {
	all := share * (len(troubles) + 1)
	milestone, numbers := make(chan struct{}, all), make(chan int)
	var running sync.WaitGroup
	defer running.Wait()
	for range workers {
		running.Go(func() {
			for n := range numbers {
				do(n)
				milestone <- struct{}{}
			}
		})
	}
	running.Go(func() {
		defer close(numbers)
		for n := range all {
			numbers <- n
		}
	})
	for _, trouble := range troubles {
		for range share {
			<-milestone
		}
		trouble()
	}
}

// answerAtTheBank lets the payer authorise or refuse.
func (m *merchant) answerAtTheBank(ctx context.Context, n int) {
	verb := "authorise"
	if n%5 == 0 {
		verb = "refuse"
	}
	found := m.atTheBank(ctx, m.reference(n))
	for _, p := range found {
		if status := m.act(ctx, p.ID, verb); status != http.StatusOK && (status != http.StatusConflict || len(found) == 1) { // see moneyAt
			m.t.Errorf("%s payment %d at the bank: %d", verb, p.ID, status)
		}
	}
}
