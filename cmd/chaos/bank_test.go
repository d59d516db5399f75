package chaos

import (
	"context"
	"fmt"
	"net/http"
	"slices"
)

type bankPayment struct {
	ID    int64
	State string
	Cents int64 `json:"amount_cents"`
}

// atTheBank are the bank's payments under one of our references.
func (c *client) atTheBank(ctx context.Context, reference string) []bankPayment {
	var got struct{ Payments []bankPayment }
	c.request(ctx, http.MethodGet, c.w.sys.BankManagementURL()+"/payments?reference_id="+reference, nil, &got)
	return got.Payments
}

// act does something with a payment of the bank, as its payer or the bank itself, and returns the status of the answer.
func (c *client) act(ctx context.Context, id int64, verb string) int {
	return c.request(ctx, http.MethodPost, fmt.Sprintf("%s/payments/%d/%s", c.w.sys.BankManagementURL(), id, verb), object{}, nil)
}

// authorise is the payer at the bank; false when the bank has nothing to authorise.
func (c *client) authorise(ctx context.Context, reference string) (done bool) {
	c.decide(ctx, reference, "authorise", func(states []string) bool {
		done = slices.Contains(states, "pending") || slices.Contains(states, "done")
		return done
	})
	return done
}

// refuse is a payer who gives up at the bank.
func (c *client) refuse(ctx context.Context, reference string) {
	c.decide(ctx, reference, "refuse", func([]string) bool { return false })
}

// decide is a payer who does something until the bank's payments are in the wanted states, or have all ended.
func (c *client) decide(ctx context.Context, reference, verb string, wanted func(states []string) bool) {
	until(ctx, pause, func() bool {
		var states []string
		var open []int64
		for _, p := range c.atTheBank(ctx, reference) {
			states = append(states, p.State)
			if p.State != "rejected" && p.State != "done" {
				open = append(open, p.ID)
			}
		}
		if wanted(states) || len(states) > 0 && len(open) == 0 {
			return true
		}
		for _, id := range open {
			c.act(ctx, id, verb)
		}
		return false
	})
}
