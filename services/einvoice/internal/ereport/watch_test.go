package ereport

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

func lateNow(t *testing.T) float64 {
	t.Helper()
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "eupay_einvoice_reports_late" {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatal("no such metric")
	return 0
}

// Not parallel: the metric is the process's.
func TestLatePeriodsAreLogged(t *testing.T) {
	f := setup(t)
	f.sell("2026-11-03", invoice.ReportGoods, 200, 1000, 200)
	f.enrol("pending_kyb")
	told := func(want int) {
		t.Helper()
		f.round()
		if got := strings.Count(f.log.String(), "e-report is late"); got != want {
			t.Errorf("told %d times, want %d: %s", got, want, f.log.String())
		}
	}
	f.at("2026-11-20 23:59") // the last day
	told(0)
	if lateNow(t) != 0 {
		t.Error("late on the last day")
	}
	f.at("2026-11-21 00:01")
	told(1)
	told(1)
	if lateNow(t) != 1 {
		t.Error("not late")
	}
	f.at("2026-11-22 00:01")
	told(2)
	f.enrol("active")
	f.sendAll()
	told(2)
	if lateNow(t) != 0 {
		t.Error("late after it was sent")
	}
	// A correction has a day.
	f.sell("2026-11-04", invoice.ReportGoods, 200, 1000, 200)
	f.now = f.now.Add(2 * time.Hour)
	told(2)
	f.platform.fails = &platform.Refused{Problems: []string{"no"}}
	if err := f.send(f.list()[1].GetId()); !errors.Is(err, transmit.ErrStop) {
		t.Fatal(err)
	}
	f.now = f.now.Add(23 * time.Hour)
	told(3)
}

// Run makes what is due as soon as it leads, and ends with its context.
func TestRun(t *testing.T) {
	f := setup(t)
	f.sell("2026-11-03", invoice.ReportGoods, 200, 1000, 200)
	f.at("2026-11-11 03:00")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	woken := make(chan bool, 1)
	f.r.Attach(func(livemode bool) { woken <- livemode })
	done := make(chan error, 1)
	go func() { done <- f.r.Run(ctx) }()
	if !<-woken {
		t.Error("woke the other mode")
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	f.wantStates("2026-11-01 1 waiting")
}
