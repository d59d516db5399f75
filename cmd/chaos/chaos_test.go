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
	milestone := make(chan struct{}, orders)
	numbers := make(chan int)
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for n := range numbers {
				if m.order(ctx, n) {
					m.answerAtTheBank(ctx, n)
				}
				done.Add(1)
				milestone <- struct{}{}
			}
		})
	}
	running.Go(func() {
		defer close(numbers)
		for n := range orders {
			numbers <- n
		}
	})
	// The load goes on meanwhile.
	for _, trouble := range troubles {
		for range share {
			<-milestone
		}
		trouble()
	}
	running.Wait()
	if ctx.Err() != nil {
		m.t.Fatalf("only %d of %d orders were taken\n%s", done.Load(), orders, m.w.log(system.Payments))
	}
	m.t.Logf("%d orders accepted, %d requests repeated", len(m.accepted), m.again)
	m.compareBooks(ctx, orders)
}

type bankPayment struct {
	ID    int64
	State string
	Cents int64 `json:"amount_cents"`
}

// atTheBank are the bank's payments under one of our references.
func (m *merchant) atTheBank(ctx context.Context, reference string) []bankPayment {
	var got struct{ Payments []bankPayment }
	m.request(ctx, http.MethodGet, m.w.sys.BankManagementURL()+"/payments?reference_id="+reference, nil, &got)
	return got.Payments
}

// answerAtTheBank lets the payer authorise or refuse.
func (m *merchant) answerAtTheBank(ctx context.Context, n int) {
	verb := "authorise"
	if n%5 == 0 {
		verb = "refuse"
	}
	found := m.atTheBank(ctx, m.reference(n))
	for _, p := range found {
		url := m.w.sys.BankManagementURL() + "/payments/" + strconv.FormatInt(p.ID, 10) + "/" + verb
		if status := m.request(ctx, http.MethodPost, url, map[string]any{}, nil); status != http.StatusOK && (status != http.StatusConflict || len(found) == 1) { // see moneyAt
			m.t.Errorf("%s payment %d at the bank: %d", verb, p.ID, status)
		}
	}
}
