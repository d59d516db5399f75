package app

import (
	"net/url"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

func TestTheFirstAccountIsChosenUntilAnotherIs(t *testing.T) {
	t.Parallel()
	o := order{Form: web.NewForm()}
	if !o.Chosen(0, "a") || o.Chosen(1, "b") {
		t.Error("the first account is not chosen")
	}
	o.Values.Set("account_id", "b")
	if o.Chosen(0, "a") || !o.Chosen(1, "b") {
		t.Error("the choice is lost")
	}
}

func TestOnlyAnOpenPaymentIsReadAgain(t *testing.T) {
	t.Parallel()
	for status, open := range map[eupay.PaymentStatus]bool{
		eupay.PaymentPending: true, eupay.PaymentPendingSCA: true, eupay.PaymentCompleted: false, eupay.PaymentFailed: false,
		eupay.PaymentCancelled: false, eupay.PaymentRefunded: false,
	} {
		p := receipt{&eupay.ScanTransaction{Status: status, TransactionID: "a/../b"}}
		if p.Open() != open {
			t.Errorf("%s: open is %t", status, p.Open())
		}
		if strings.Count(p.State(), "/") != 4 {
			t.Errorf("an id leads elsewhere: %s", p.State())
		}
	}
}

func TestTheWorkerKeepsNothingOfAnybody(t *testing.T) {
	t.Parallel()
	for _, hole := range []string{"__SHELL__", "__VERSION__"} {
		if strings.Count(worker, hole) != 1 {
			t.Errorf("%s: %d times in the worker", hole, strings.Count(worker, hole))
		}
	}
	if strings.Contains(worker, ".put(") {
		t.Error("the worker keeps answers")
	}
}

func FuzzWhereABankLeadsOn(f *testing.F) {
	f.Add("https://evil.example/x")
	f.Add("//evil.example")
	f.Add("/app/scan?data=x")
	f.Fuzz(func(t *testing.T, next string) {
		v, err := url.ParseQuery(url.Values{"id": {"1"}, "next": {next}}.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if to := web.Local(v.Get("next"), "/app/accounts"); !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
			t.Errorf("%q leads to %q", next, to)
		}
	})
}
