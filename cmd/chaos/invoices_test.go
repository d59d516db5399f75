package chaos

import (
	"context"
	"net/http"
	"os"
	"testing"
	"time"

	"european-pay.eu/eupay/cmd/internal/system"
)

// invoiceShare is the number of invoices of each merchant between two kills.
const invoiceShare = 16

// invoiceVictims are killed in turn: at least the service and its platform, and each that it needs in the long rounds.
func invoiceVictims() []string {
	if os.Getenv("EUPAY_CHAOS_ROUNDS") == "" {
		return []string{system.EInvoice, sandbox}
	}
	return []string{system.EInvoice, system.Gateway, postgres, nats, sandbox}
}

// TestChaosEveryInvoiceIsIssuedOnce kills the service of invoices, what it needs and the platform itself while two merchants issue
// invoices, are paid, credit and cancel, and while the platform loses answers, connections and webhooks. Afterwards the REST API, the
// platform and the received webhooks must tell the same.
func TestChaosEveryInvoiceIsIssuedOnce(t *testing.T) {
	victims := invoiceVictims()
	kills := rounds(t) * len(victims)
	w := build(t)
	w.start()
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(kills+3)*time.Minute)
	defer cancel()
	ready, waiting := newIssuer(t, w, 1), newIssuer(t, w, 2)
	ready.approve(ctx)
	w.misbehave(ctx, 0)

	var troubles []func()
	for k := range kills {
		troubles = append(troubles, func() {
			w.kill(victims[k%len(victims)])
			w.misbehave(ctx, k+1)
			if k == kills/2 { // what it issued so far has waited for it
				waiting.approve(ctx)
			}
		})
	}
	issuers := []*issuer{ready, waiting}
	underLoad(len(issuers)*invoiceShare, troubles, func(n int) { issuers[n%len(issuers)].deal(ctx, n/len(issuers)) })
	if ctx.Err() != nil {
		t.Fatalf("not every invoice was taken\n%s", w.log(system.EInvoice))
	}
	w.behave(ctx)
	for _, i := range issuers {
		i.compareBooks(ctx)
		i.report()
	}
}

// misbehave makes the platform lose answers, connections and webhooks, as chance wants it.
func (w *world) misbehave(ctx context.Context, seed int) {
	w.t.Helper()
	w.faults(ctx, w.sys.InvoicingManagementURL(), []object{
		{"kind": "lost-answer", "probability": 0.05, "seed": seed + 1},
		{"kind": "cut", "probability": 0.05, "seed": seed + 2},
		{"kind": "error", "probability": 0.02, "seed": seed + 3},
		{"kind": "garbage", "probability": 0.02, "seed": seed + 4},
		{"kind": "webhook-missing", "probability": 0.3, "seed": seed + 5},
	})
}

// behave ends that.
func (w *world) behave(ctx context.Context) {
	w.faults(ctx, w.sys.InvoicingManagementURL(), []object{})
}

// faults are those of the bank or the platform from now on, by the URL of its management.
func (w *world) faults(ctx context.Context, url string, rules []object) {
	w.t.Helper()
	c := newClient(w.t, w)
	if status := c.request(ctx, http.MethodPut, url+"/faults", object{"faults": rules}, nil); status != http.StatusOK {
		w.t.Fatalf("%s does not take its faults: %d", url, status)
	}
}

// report logs what was done.
func (i *issuer) report() {
	var credits, paid int
	for _, d := range i.deals {
		credits += len(d.corrections)
		if d.paid > 0 {
			paid++
		}
	}
	webhooks := 0
	for _, all := range i.heard {
		webhooks += len(all)
	}
	i.t.Logf("SIREN %s: %d invoices, %d paid, about %d corrections, %d webhooks, %d requests repeated", i.siren, len(i.deals), paid, credits, webhooks, i.repeated.Load())
}
