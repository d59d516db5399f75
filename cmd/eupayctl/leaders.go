package main

import (
	"context"
	"strconv"
	"time"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
)

type leadersCommand struct{}

// Help is shown under the summary.
func (*leadersCommand) Help() string {
	return "Jobs that one replica does hold a lease of 4.5 s, which is renewed every 1.5 s. A job whose lease is over has no leader. It needs EUPAY_DATABASE_URL, " +
		"and shows what that user may read."
}

type leaseView struct {
	Service string  `json:"service"`
	Job     string  `json:"job"`
	Holder  string  `json:"holder"`
	Epoch   int64   `json:"epoch"`
	Left    float64 `json:"seconds_left"`
}

// Run lists who leads which job.
func (*leadersCommand) Run(t *tool) error {
	db, err := t.database()
	if err != nil {
		return err
	}
	defer db.Close(context.WithoutCancel(t.ctx))
	ctx, cancel := t.within()
	defer cancel()
	all, err := operate.Leases(ctx, db)
	if err != nil {
		return err
	}
	w := t.list("SERVICE", "JOB", "HOLDER", "EPOCH", "LEASE")
	for _, l := range all {
		if t.json() {
			if err := t.object(leaseView{l.Service, l.Job, l.Holder, l.Epoch, l.Left.Seconds()}); err != nil {
				return err
			}
			continue
		}
		row(w, line(l.Service), line(l.Job), line(l.Holder), strconv.FormatInt(l.Epoch, 10), left(l.Left))
	}
	return w.Flush()
}

func left(d time.Duration) string {
	if d < 0 {
		return "over for " + (-d).Round(time.Second).String()
	}
	return d.Round(100 * time.Millisecond).String()
}
