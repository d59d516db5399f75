package einvoicing

import (
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
)

// Money that was given back is a status 212 below zero, and never more than was collected at its rate.
func TestMoneyGivenBackIsAnother212(t *testing.T) {
	t.Parallel()
	r := newRig(t).enrol("m-1")
	d := sample.Invoice()
	id := r.issue(d)
	const path = "/reporting/payments"
	r.wantRule(r.call(422, "POST", path, collected("c-0", d.Number, "-1.00", `{"rate":20,"amount":-1.00}`)), "MDT-215")
	r.call(201, "POST", path, collected("c-1", d.Number, "38.80", `{"rate":20,"amount":28.80},{"rate":5.5,"amount":10.00}`))
	for name, wrong := range map[string]string{
		"more than at the rate": collected("c-2", d.Number, "-10.01", `{"rate":5.5,"amount":-10.01}`),
		"a part of nothing":     collected("c-2", d.Number, "-1.00", `{"rate":20,"amount":-1.00},{"rate":5.5,"amount":0}`),
	} {
		if a := r.call(422, "POST", path, wrong); len(a.rules()) == 0 {
			t.Errorf("%s: %s", name, a.text)
		}
	}
	r.call(201, "POST", path, collected("c-2", d.Number, "-30.00", `{"rate":20,"amount":-20.00},{"rate":5.5,"amount":-10.00}`))
	r.wantRule(r.call(422, "POST", path, collected("c-3", d.Number, "-0.01", `{"rate":5.5,"amount":-0.01}`)), "MDT-215")
	if all := r.p.Documents(); all[0].Collected != 880 || !strings.HasSuffix(r.codes(id), "COLLECTED COLLECTED") {
		t.Errorf("%+v", all)
	}
}

// A second copy that was turned away says nothing about the first: it goes on as before.
func TestASecondDeliveryDoesNotEndAnInvoice(t *testing.T) {
	t.Parallel()
	r := newRig(t).enrol("m-1")
	d := sample.Invoice()
	id := r.issue(d)
	for _, reason := range []string{"DOUBLON", "REJ_UNI"} {
		if err := r.p.SetStatus(d.Number, "213", reason, ""); err != nil {
			t.Fatal(err)
		}
	}
	if all := r.p.Documents(); all[0].Status != "DEPOSITED" {
		t.Errorf("%+v", all)
	}
	r.clock.Add(time.Hour)
	if got := r.codes(id); !strings.HasSuffix(got, "REJECTED REJECTED TRANSMITTED_BY_PLATFORM RECEIVED_BY_PLATFORM MADE_AVAILABLE") {
		t.Error(got)
	}
	r.call(201, "POST", "/reporting/payments", collected("c-1", d.Number, "28.80", `{"rate":20,"amount":28.80}`))
	other := r.issue(sample.CreditNote(d))
	r.clock.Add(time.Hour)
	if got := r.codes(other); strings.Contains(got, "REJECTED") {
		t.Error(got)
	}
}

// What was refused is cancelled in the seller's books: a document that corrects it is rejected.
func TestACorrectionOfARefusedInvoiceIsRejected(t *testing.T) {
	t.Parallel()
	r := newRig(t).enrol("m-1")
	d := sample.Invoice()
	r.issue(d)
	if err := r.p.SetStatus(d.Number, "210", "TX_TVA_ERR", ""); err != nil {
		t.Fatal(err)
	}
	id := r.issue(sample.CreditNote(d))
	r.clock.Add(time.Minute)
	if got := r.codes(id); got != "DEPOSITED REJECTED" {
		t.Error(got)
	}
}
