package slots

import (
	"testing"
	"testing/synctest"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
)

func TestGateWaitsForATurnButNotForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(1, 2*time.Second)
		if err := g.Enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		roomtest.WantCode(t, g.Enter(t.Context()), errs.Unavailable)
		if waited := time.Since(start); waited != 2*time.Second {
			t.Fatalf("waited %s", waited)
		}
		time.AfterFunc(time.Second, g.Leave)
		if err := g.Enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		g.Leave()
	})
}

func TestGateBoundsTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(1, time.Minute)
		g.queue = 2
		for range 3 { // one inside, two waiting
			go func() {
				if err := g.Enter(t.Context()); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		start := time.Now()
		roomtest.WantCode(t, g.Enter(t.Context()), errs.Unavailable)
		if time.Since(start) != 0 {
			t.Fatal("the third waited")
		}
		g.Leave()
		synctest.Wait()
		g.Leave()
		synctest.Wait()
	})
}
