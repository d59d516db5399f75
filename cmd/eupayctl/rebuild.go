package main

import (
	"context"
	"strings"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
	"european-pay.eu/eupay/internal/run/config"
	"european-pay.eu/eupay/services/payments"
)

type paymentsRebuildCommand struct {
	Since string `required:"" help:"The time to which the database was restored, or an hour before."`
	Do    bool   `name:"run" aliases:"apply" help:"Do it. Without this it is only told what would be recorded."`
}

// Help is shown under the summary.
func (*paymentsRebuildCommand) Help() string {
	return "For a database that was restored from a backup while the banks went on. Stop all services, restore, run this, and start them. Every payment " +
		"and refund of which the event stream knows more than the database is recorded with its history, as the newest event says; what is open then is " +
		"asked of the provider at once. Nothing is announced a second time. What only the provider knows is listed: whose it is cannot be known. " +
		"It needs the settings of the payments service, as that has them, and the operator's identity for NATS. It may be run again."
}

type rebuiltView struct {
	Action    string `json:"action"`
	Reference string `json:"reference"`
	Merchant  string `json:"merchant,omitempty"`
	Livemode  bool   `json:"livemode"`
	Amount    string `json:"amount"`
	Status    string `json:"status"`
	Reason    string `json:"reason,omitempty"`
}

// Run rebuilds the payments, or lists what is missing.
func (c *paymentsRebuildCommand) Run(t *tool) error {
	since, err := moment("--since", c.Since, t.now())
	if err != nil {
		return err
	}
	var cfg payments.Config
	if err := config.Load(&cfg); err != nil {
		return operate.Invalid("the settings of the payments service are needed, as it has them: " + err.Error())
	}
	o, done, err := t.operator()
	if err != nil {
		return err
	}
	defer done()
	facts, err := told(t.ctx, o, operate.Window{Since: since})
	if err != nil {
		return err
	}
	found, err := payments.Rebuild(t.ctx, cfg, facts, since, c.Do, t.now)
	if err := t.rebuilt(found); err != nil {
		return err
	}
	if err == nil && len(found) > 0 && !c.Do {
		t.say("Nothing was changed. To do it, add --run.")
	}
	return err
}

// told reads what the stream has about payments, refunds and merchants.
func told(ctx context.Context, o *operate.Operator, w operate.Window) (facts []payments.Fact, err error) {
	err = o.Events(ctx, operate.Filter{}, w, false, func(e operate.Event) (bool, error) {
		switch aggregate, _, _ := strings.Cut(e.Type, "."); aggregate {
		case "payment", "refund", "supplier", "merchant":
			facts = append(facts, payments.Fact{Event: e.Event, Stream: e.Sequence})
		}
		return true, nil
	})
	return facts, err
}

func (t *tool) rebuilt(found []payments.Finding) error {
	w := t.list("ACTION", "REFERENCE", "MERCHANT", "MODE", "AMOUNT", "STATUS", "REASON")
	for _, f := range found {
		v := rebuiltView{string(f.Action), f.Reference, f.Merchant, f.Livemode, f.Amount.String(), f.Status, f.Reason}
		if t.json() {
			if err := t.object(v); err != nil {
				return err
			}
			continue
		}
		mode := "test"
		if v.Livemode {
			mode = "live"
		}
		row(w, v.Action, line(v.Reference), orDash(line(v.Merchant)), mode, v.Amount, line(v.Status), orDash(line(v.Reason)))
	}
	return w.Flush()
}
