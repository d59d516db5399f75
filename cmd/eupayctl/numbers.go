package main

import (
	"context"
	"errors"
	"strconv"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
)

type numbersRaiseCommand struct {
	Since string `required:"" placeholder:"TIME" help:"The time to which the database was restored, or an hour before."`
	Do    bool   `name:"run" help:"Do it. Without this it is only told which counters are behind."`
}

// Help is shown under the summary.
func (*numbersRaiseCommand) Help() string {
	return "For a database that was restored from a backup: invoices, credit notes and orders that were made afterwards are in the event stream, and their numbers " +
		"must not be given out again. Run it before einvoice and qr start. Counters are never lowered, and it may be run again. The numbers in between stay " +
		"a gap: keep the output. It needs EUPAY_DATABASE_URL with the schemas of einvoice and qr, and NATS as the other commands do."
}

type counterView struct {
	Merchant string `json:"merchant_id"`
	Livemode bool   `json:"livemode"`
	Series   string `json:"series"`
	Year     int    `json:"year,omitempty"`
	Recorded int64  `json:"recorded"`
	Given    int64  `json:"given"`
	Raised   bool   `json:"raised"`
}

// Run raises the counters, or lists those that are behind.
func (c *numbersRaiseCommand) Run(t *tool) error {
	since, err := moment("--since", c.Since, t.now())
	if err != nil {
		return err
	}
	o, done, err := t.operator()
	if err != nil {
		return err
	}
	defer done()
	db, err := t.database()
	if err != nil {
		return err
	}
	defer db.Close(context.WithoutCancel(t.ctx))
	behind, err := o.Numbers(t.ctx, db, since, c.Do)
	return errors.Join(t.raised(behind, c.Do && err == nil), err)
}

func (t *tool) raised(behind []operate.Counter, raised bool) error {
	w := t.list("MERCHANT", "MODE", "SERIES", "YEAR", "RECORDED", "GIVEN OUT")
	for _, c := range behind {
		if t.json() {
			if err := t.object(counterView{c.Merchant, c.Livemode, c.Name, c.Year, c.Recorded, c.Given, raised}); err != nil {
				return err
			}
			continue
		}
		mode, year := modeOf(c.Livemode), strconv.Itoa(c.Year)
		if c.Name == operate.SeriesOfOrders {
			mode, year = "-", "-"
		}
		row(w, line(c.Merchant), mode, line(c.Name), year, strconv.FormatInt(c.Recorded, 10), strconv.FormatInt(c.Given, 10))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(behind) > 0 && !raised {
		t.say("Nothing was changed. To do it, add --run.")
	}
	return nil
}
