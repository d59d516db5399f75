package bank

import (
	"testing"
	"time"
)

func TestPaymentLivesFromCreatedToDone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.create(change{"label": "pdng/done - Order 1"})
	r.want(a, map[string]any{"state": "created", "instructions.0.amount": "50.9000000000"})
	r.must(r.b.Authorise(a.id()))
	r.want(r.get(a.id()), map[string]any{"state": "pending", "instructions.0.state": "pending"})
	r.clock.add(14 * time.Second)
	r.want(r.get(a.id()), map[string]any{"state": "pending"})
	r.clock.add(time.Second)
	r.want(r.get(a.id()), map[string]any{"state": "done", "instructions.0.state": "done"})
}
