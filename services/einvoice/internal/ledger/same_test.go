package ledger

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
)

func TestOneReferenceIsOneInvoiceAlsoFiftyTimesAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	order := private(10_00)
	order.Reference = "ERP-1"
	var mu sync.Mutex
	ids, replays := map[uuid.UUID]int{}, 0
	together(50, func(int) {
		c, err := f.Create(t.Context(), f.who, order, Idempotency{})
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			t.Error(err)
			return
		}
		ids[c.ID]++
		if c.Replayed {
			replays++
		}
	})
	if len(ids) != 1 || replays != 49 || f.number(`select last from counters`) != 1 || len(f.fake.order) != 1 {
		t.Fatalf("%d invoices, %d replays", len(ids), replays)
	}
	order.Reference = " ERP-1 "
	if c, err := f.Create(t.Context(), f.who, order, Idempotency{}); err != nil || !c.Replayed {
		t.Fatalf("blanks make another reference: %v", err)
	}
	f.clock.advance(24*time.Hour - time.Second)
	if c, err := f.Create(t.Context(), f.who, order, Idempotency{}); err != nil || !c.Replayed {
		t.Fatalf("within a day: %v", err)
	}
	f.clock.advance(time.Second)
	if c, err := f.Create(t.Context(), f.who, order, Idempotency{}); err != nil || c.Replayed || ids[c.ID] != 0 {
		t.Fatalf("after a day: %v", err)
	}
}

func TestARepeatedRequestIsNotRefusedForTheNewDay(t *testing.T) {
	t.Parallel()
	f := setup(t)
	order := private(10_00)
	order.Due, order.Reference = f.today(), "ERP-2"
	same := Idempotency{Key: "k", Hash: []byte("1")}
	first, err := f.Create(t.Context(), f.who, order, same)
	f.must(err)
	f.clock.advance(20 * time.Hour)
	for _, idem := range []Idempotency{same, {}} {
		if c, err := f.Create(t.Context(), f.who, order, idem); err != nil || c.ID != first.ID || !c.Replayed {
			t.Fatalf("repeated after midnight: %v", err)
		}
	}
	order.Reference = ""
	_, err = f.Create(t.Context(), f.who, order, Idempotency{Key: "k", Hash: []byte("2")})
	f.refused(err, errs.ValidationError)
}

func TestAnIdempotencyKeyIsOneRequest(t *testing.T) {
	t.Parallel()
	f := setup(t)
	same := Idempotency{Key: "k1", Hash: []byte("1")}
	first, err := f.Create(t.Context(), f.who, private(10_00), same)
	f.must(err)
	again, err := f.Create(t.Context(), f.who, private(10_00), same)
	f.must(err)
	if !again.Replayed || again.ID != first.ID {
		t.Fatal("the same key made two")
	}
	_, err = f.Create(t.Context(), f.who, private(11_00), Idempotency{Key: "k1", Hash: []byte("2")})
	f.refused(err, errs.IdempotencyConflict)

	// A reference that stands already, with a new key: the key stands for the same invoice from then on.
	order := private(10_00)
	order.Reference = "R"
	byReference, err := f.Create(t.Context(), f.who, order, Idempotency{})
	f.must(err)
	for range 2 {
		c, err := f.Create(t.Context(), f.who, order, Idempotency{Key: "k2", Hash: []byte("3")})
		f.must(err)
		if !c.Replayed || c.ID != byReference.ID {
			t.Fatal("key and reference are two invoices")
		}
	}
	order.Reference = "another"
	_, err = f.Create(t.Context(), f.who, order, Idempotency{Key: "k2", Hash: []byte("4")})
	f.refused(err, errs.IdempotencyConflict)
}

func TestAReferenceWithAnotherTotalIsAConflict(t *testing.T) {
	t.Parallel()
	f := setup(t)
	order := private(10_00)
	order.Reference = "ERP-3"
	first, err := f.Create(t.Context(), f.who, order, Idempotency{})
	f.must(err)
	other := private(11_00)
	other.Reference = "ERP-3"
	for _, idem := range []Idempotency{{}, {Key: "k", Hash: []byte("1")}} {
		_, err = f.Create(t.Context(), f.who, other, idem)
		f.refused(err, errs.IdempotencyConflict)
	}
	if c, err := f.Create(t.Context(), f.who, order, Idempotency{Key: "k", Hash: []byte("2")}); err != nil || c.ID != first.ID {
		t.Errorf("the conflict used the key up: %v", err)
	}
}
