package ereport

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// While a report waits there is no second one, whatever changes; afterwards the newest is sent last.
func TestOneReportOfAPeriodWaitsAtATime(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.enrol("pending_kyb")
	f.sell("2026-11-03", invoice.ReportGoods, 200, 1000, 200)
	f.at("2026-11-11 03:00")
	f.round()
	first := f.list()[0].GetId()
	var wait transmit.Wait
	if err := f.send(first); !errors.As(err, &wait) {
		t.Fatalf("without a mandate: %v", err)
	}
	if e := f.list()[0]; e.GetStatus() != "waiting" || e.GetProblem() == "" || f.platform.calls != 0 {
		t.Errorf("without a mandate it is %v, %d calls", e, f.platform.calls)
	}
	f.sell("2026-11-03", invoice.ReportGoods, 200, 500, 100)
	f.now = f.now.Add(48 * time.Hour)
	f.round()
	f.wantStates("2026-11-01 1 waiting")
	if f.log.Len() > 0 {
		t.Errorf("a second report was tried: %s", f.log.String())
	}
	f.enrol("active")
	f.platform.fails = platform.ErrNoMandate // the platform knows it later than we do
	if err := f.send(first); !errors.As(err, &wait) {
		t.Fatalf("without a mandate at the platform: %v", err)
	}
	f.sendAll()
	f.round()
	f.wantStates("2026-11-01 1 sent", "2026-11-01 2 waiting")
	f.sendAll()
	if s := f.platform.sales; len(s) != 2 || s[0].Days[0].Net != 1000 || s[1].Days[0].Net != 1500 || s[0].Replace || !s[1].Replace {
		t.Errorf("sent %+v", s)
	}
}

func TestALostAnswerIsRequestedAgainWithTheSameRef(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.sell("2026-11-03", invoice.ReportGoods, 200, 1000, 200)
	f.pay("2026-11-03", 200, 1200)
	f.at("2026-12-01 03:00")
	f.round()
	for _, e := range f.list() {
		f.platform.fails, f.platform.lost = errDown, true
		if err := f.send(e.GetId()); !errors.Is(err, errDown) || errors.Is(err, transmit.ErrStop) {
			t.Fatalf("lost answer: %v", err)
		}
	}
	for _, e := range f.list() {
		if e.GetStatus() != "waiting" || e.GetProblem() != problemUnavailable {
			t.Errorf("after a lost answer: %v", e)
		}
	}
	f.sendAll()
	for _, e := range f.list() { // an engine that lost its lease sends again
		if err := f.send(e.GetId()); err != nil || e.GetStatus() != "sent" || e.GetProblem() != "" {
			t.Errorf("sent again: %v, %v", e, err)
		}
	}
	if p := f.platform; p.calls != 4 || len(p.sales) != 1 || len(p.payments) != 1 {
		t.Errorf("%d calls, %d and %d reports", p.calls, len(p.sales), len(p.payments))
	}
}

func TestARefusedReportDoesNotBlockItsPeriod(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.sell("2026-11-03", invoice.ReportGoods, 200, 1000, 200)
	f.at("2026-11-11 03:00")
	f.round()
	refused := f.list()[0].GetId()
	f.platform.fails = &platform.Refused{Code: "X", Problems: []string{"G1.53: the sum is wrong", "twice"}}
	if err := f.send(refused); !errors.Is(err, transmit.ErrStop) {
		t.Fatalf("refused: %v", err)
	}
	if e := f.list()[0]; e.GetStatus() != "failed" || e.GetProblem() != "G1.53: the sum is wrong · twice" {
		t.Errorf("refused: %v", e)
	}
	f.now = f.now.Add(time.Hour)
	f.round() // the same again is no use
	f.wantStates("2026-11-01 1 failed")
	f.sell("2026-11-03", invoice.ReportGoods, 200, 100, 20)
	f.now = f.now.Add(time.Hour)
	f.round()
	f.wantStates("2026-11-01 1 failed", "2026-11-01 2 waiting")
	if err := f.send(refused); !errors.Is(err, transmit.ErrStop) {
		t.Errorf("an older report is sent again: %v", err)
	}
	f.sendAll()
	f.wantStates("2026-11-01 1 failed", "2026-11-01 2 sent")
	if err := f.send(refused); !errors.Is(err, transmit.ErrStop) {
		t.Errorf("an older report is sent again: %v", err)
	}
	if s := f.platform.sales; len(s) != 1 || s[0].Replace || s[0].Days[0].Net != 1100 {
		t.Errorf("the platform has %+v", s)
	}
}

// An operator sends a refused report once more, and it is taken.
func TestARefusedReportIsSentAgain(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.sell("2026-11-03", invoice.ReportGoods, 200, 1000, 200)
	f.at("2026-11-11 03:00")
	f.round()
	id := f.list()[0].GetId()
	f.platform.fails = &platform.Refused{Problems: []string{"not today"}}
	if err := f.send(id); !errors.Is(err, transmit.ErrStop) {
		t.Fatal(err)
	}
	if err := f.send(id); err != nil {
		t.Fatal(err)
	}
	f.wantStates("2026-11-01 1 sent")
	if n := f.count(`select count(*) from report_periods where version = sent_version`); n != 1 {
		t.Error("the period is not reported")
	}
}

// A worker that lost its lease learns late that an older report was accepted.
func TestALateAnswerDoesNotRevertTheState(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.sell("2026-11-03", invoice.ReportGoods, 200, 1000, 200)
	f.at("2026-11-11 03:00")
	f.round()
	old, err := f.r.read(t.Context(), uuid.MustParse(f.list()[0].GetId()))
	if err != nil {
		t.Fatal(err)
	}
	f.sendAll()
	f.sell("2026-11-03", invoice.ReportGoods, 200, 500, 100)
	f.now = f.now.Add(time.Hour)
	f.round()
	f.sendAll()
	sentAt := f.list()[0].GetSentAt().AsTime()
	f.now = f.now.Add(time.Hour)
	for _, late := range []error{nil, errDown, &platform.Refused{Problems: []string{"late"}}} {
		_ = f.r.recordOutcome(t.Context(), old, "rpt_late", late) // what becomes of the transmission is the engine's
	}
	f.wantStates("2026-11-01 1 sent", "2026-11-01 2 sent")
	if e := f.list()[0]; !e.GetSentAt().AsTime().Equal(sentAt) || e.GetPlatformId() == "rpt_late" || e.GetProblem() != "" {
		t.Errorf("the older report is %v", e)
	}
	if n := f.count(`select count(*) from report_periods where sent_version = 2`); n != 1 {
		t.Error("the period is open again")
	}
}
