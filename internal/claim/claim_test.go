package claim

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/pgtest"
)

var noon = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)

func of(merchant string, livemode bool) Key { return Key{merchant, livemode, "header", "k"} }

func setup(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool, _ := pgtest.New(t, "claims", os.DirFS("testdata/migrations"))
	return pgtest.WithoutDuplicates(t, pool)
}

func take(t *testing.T, pool *pgxpool.Pool, k Key, reference, fingerprint string, now time.Time) Claim {
	t.Helper()
	got, err := Take(t.Context(), pool, k, Claim{reference, []byte(fingerprint), now.Add(time.Hour)}, now)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestAKeyRefersToTheObjectOfTheFirstRequest(t *testing.T) {
	t.Parallel()
	pool := setup(t)
	k := of("m_1", true)
	if got := take(t, pool, k, "first", "body", noon); got.Reference != "first" {
		t.Errorf("the first is %+v", got)
	}
	got := take(t, pool, k, "second", "other", noon)
	if got.Reference != "first" || !got.Same([]byte("body")) || got.Same([]byte("other")) {
		t.Errorf("the second is %+v", got)
	}
	for _, other := range []Key{of("m_2", true), of("m_1", false), {"m_1", true, "reference", "k"}} {
		if got := take(t, pool, other, "mine", "body", noon); got.Reference != "mine" {
			t.Errorf("%+v stands for %+v", other, got)
		}
	}
}

func TestAQueuedClaimTakesAFreeKeyOnly(t *testing.T) {
	t.Parallel()
	pool := setup(t)
	k := of("m_1", true)
	for _, c := range []struct {
		reference string
		at        time.Time
		want      bool
	}{{"first", noon, true}, {"second", noon, false}, {"third", noon.Add(time.Hour), true}} {
		b, taken := &pgx.Batch{}, false
		Queue(b, k, Claim{Reference: c.reference, ExpiresAt: c.at.Add(time.Hour)}, c.at, &taken)
		if err := pool.SendBatch(t.Context(), b).Close(); err != nil || taken != c.want {
			t.Errorf("%s: taken %t, %v", c.reference, taken, err)
		}
	}
	if got := take(t, pool, k, "mine", "", noon.Add(time.Hour)); got.Reference != "third" {
		t.Errorf("the key stands for %+v", got)
	}
}

func TestAKeyBecomesFreeWhenItExpires(t *testing.T) {
	t.Parallel()
	pool := setup(t)
	k := of("m_1", true)
	take(t, pool, k, "first", "", noon)
	for at, want := range map[time.Duration]bool{time.Hour - 1: true, time.Hour: false} {
		if c, found, err := Find(t.Context(), pool, k, noon.Add(at)); err != nil || found != want || found && c.Reference != "first" {
			t.Errorf("after %s: %+v %t, %v", at, c, found, err)
		}
	}
	if err := Purge(t.Context(), pool, noon.Add(time.Hour-time.Microsecond)); err != nil {
		t.Fatal(err)
	}
	if _, found, _ := Find(t.Context(), pool, k, noon); !found {
		t.Error("forgotten too early")
	}
	if got := take(t, pool, k, "second", "", noon.Add(time.Hour)); got.Reference != "second" {
		t.Errorf("after an hour it stands for %+v", got)
	}
	if err := Purge(t.Context(), pool, noon.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, found, _ := Find(t.Context(), pool, k, noon); found {
		t.Error("not forgotten")
	}
}

func TestAKeyIsPointedAndMoved(t *testing.T) {
	t.Parallel()
	pool := setup(t)
	k := of("m_1", true)
	take(t, pool, k, "first", "", noon)
	if err := Point(t.Context(), pool, k, "second"); err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]bool{"first": false, "second": true} {
		if moved, err := Move(t.Context(), pool, k, from, Claim{Reference: "third", ExpiresAt: noon.Add(2 * time.Hour)}); err != nil || moved != want {
			t.Errorf("moved from %s: %t, %v", from, moved, err)
		}
		if want {
			break
		}
	}
	if _, err := Move(t.Context(), pool, k, "second", Claim{Reference: "third", ExpiresAt: noon.Add(2 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if c, found, err := Find(t.Context(), pool, k, noon.Add(time.Hour)); err != nil || !found || c.Reference != "third" {
		t.Errorf("it stands for %+v %t, %v", c, found, err)
	}
}

// TestOneOfManyConcurrentRequestsTakesTheKey, and a failed transaction releases it.
func TestOneOfManyConcurrentRequestsTakesTheKey(t *testing.T) {
	t.Parallel()
	pool := setup(t)
	var mu sync.Mutex
	holders := map[string]int{}
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			failure := fmt.Errorf("it fails")
			if i%2 == 0 {
				failure = nil
			}
			err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
				c, err := Take(t.Context(), tx, of("m_1", true), Claim{Reference: fmt.Sprint(i), ExpiresAt: noon.Add(time.Hour)}, noon)
				if err != nil {
					t.Error(err)
				}
				if failure == nil {
					mu.Lock()
					holders[c.Reference]++
					mu.Unlock()
				}
				return failure
			})
			if (err == nil) != (failure == nil) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	c, found, err := Find(t.Context(), pool, of("m_1", true), noon)
	if err != nil || !found || holders[c.Reference] != 20 {
		t.Errorf("%v, %+v, %v", holders, c, err)
	}
}
