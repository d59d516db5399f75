package webhooks

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/events"
)

// flaky answers by a plan and keeps the order in which events of each payment were taken.
type flaky struct {
	mu     sync.Mutex
	plan   []bool // the outcome of the next attempts; success when used up
	taken  map[string][]int64
	broken string
}

func (s *flaky) serve(w http.ResponseWriter, r *http.Request) {
	var m struct {
		Sequence int64
		Data     struct{ Reference string }
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &m) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if list := s.taken[m.Data.Reference]; len(list) > 0 && list[len(list)-1] >= m.Sequence {
		s.broken = fmt.Sprintf("%s: sequence %d after %v", m.Data.Reference, m.Sequence, list)
	}
	ok := len(s.plan) == 0 || s.plan[0]
	if len(s.plan) > 0 {
		s.plan = s.plan[1:]
	}
	if !ok {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	s.taken[m.Data.Reference] = append(s.taken[m.Data.Reference], m.Sequence)
}

func TestEventsOfAPaymentArriveInOrderUnderFaults(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := &flaky{}
	f.endpoint(newSink(t, s.serve).URL, "*")
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		payments, changes := rapid.IntRange(1, 3).Draw(r, "payments"), rapid.IntRange(1, 4).Draw(r, "changes")
		s.mu.Lock()
		s.taken, s.broken = map[string][]int64{}, ""
		s.plan = rapid.SliceOfN(rapid.Bool(), 0, 4).Draw(r, "faults") // fewer than a delivery has attempts
		s.mu.Unlock()
		var list []events.Event
		for n := range changes {
			for i := range payments {
				p := payment()
				p.Reference, p.Sequence = fmt.Sprintf("PAY-%d-%d", round, i), int64(n+1)
				list = append(list, f.changed("payment.pending_sca", p))
			}
		}
		if rapid.Bool().Draw(r, "duplicate") {
			list = append(list, list[0])
		}
		f.publish(list...)
		eventually(t, "all delivered", func() bool {
			f.untilNextRetry()
			s.mu.Lock()
			defer s.mu.Unlock()
			n := 0
			for _, l := range s.taken {
				n += len(l)
			}
			return s.broken != "" || n == payments*changes
		})
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.broken != "" {
			r.Fatal(s.broken)
		}
	})
}

// untilNextRetry moves the clock to the next retry, once no attempt is under way: its lease must not run out by that.
func (f *fixture) untilNextRetry() {
	f.t.Helper()
	var next *time.Time
	err := f.core.Pool.QueryRow(f.t.Context(), `select min(claimable_at) from deliveries where status = 'pending' having bool_and(lease_owner is null)`).Scan(&next)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		f.t.Fatal(err)
	}
	if next != nil {
		f.clock.advance(max(next.Sub(f.clock.now()), 0))
		f.engine.Wake()
	}
}
