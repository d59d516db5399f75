package paymentapi

import (
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

// shopkeeper is a login of the shop, used if no key is sent. Its proof is fresh or not.
type shopkeeper struct {
	keys  Access
	above *money.Cents
	fresh bool
}

func (s *shopkeeper) ForAccount(scope rights.Scope) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		byKey := s.keys.ForAccount(scope)(next)
		return func(c echo.Context) error {
			if c.Request().Header.Get("X-Api-Key") != "" {
				return byKey(c)
			}
			m := keys()["pk_test_a"].Merchant
			m.RefundStepUpAbove = s.above
			caller.SetAccount(c, caller.Account{Merchant: m})
			return next(c)
		}
	}
}

func (s *shopkeeper) CheckProof(c echo.Context) error {
	if s.fresh || c.Request().Header.Get("X-Api-Key") != "" {
		return nil
	}
	return errs.New(errs.StepUpRequired, "Prove it.")
}

func newShopkeeper(t *testing.T, above money.Cents) (*shopkeeper, *world) {
	t.Helper()
	s := &shopkeeper{above: &above}
	w := newWorld(t, 10*time.Second, func(p *Payments) { s.keys, p.Access = p.Access, s })
	return s, w
}

// sold returns a completed payment of the shop; a new one each time, because the refunds of one are counted.
func (w *world) sold(n string, cents int64) string {
	ref := "PAY-20260617-00000000000000" + n
	w.reads.put(&paymentsv1.Payment{Reference: ref, Kind: "payment", MerchantId: "m-shop", AmountCents: cents, Currency: "EUR", Status: "completed"})
	return path + "/" + ref + "/refund"
}

func TestALargeRefundRequiresAFreshProof(t *testing.T) {
	t.Parallel()
	s, w := newShopkeeper(t, 50000)
	refused := func(url, body string, headers ...string) {
		t.Helper()
		w.call("POST", url, body, headers...).want(t, 403, "STEP_UP_REQUIRED", "Prove it.")
	}
	let := func(url, body string, headers ...string) {
		t.Helper()
		if a := w.call("POST", url, body, headers...); a.status != 201 {
			t.Errorf("%s %s: %s", url, body, a.body)
		}
	}
	refused(w.sold("01", 80000), `{"amount":500.01}`)
	let(w.sold("02", 80000), `{"amount":500}`)
	refused(w.sold("03", 50001), "") // all of it
	let(w.sold("04", 50000), "")
	let(w.sold("05", 80000), "", as("pk_test_a")...) // nobody is there to answer
	if n := len(w.bank.commands()); n != 3 {
		t.Errorf("%d refunds were asked for", n)
	}
	s.fresh = true
	let(w.sold("01", 80000), `{"amount":500.01}`)
	s.fresh, s.above = false, nil
	let(w.sold("06", 80000), "")
}

func TestSmallRefundsAddUpToALargeOne(t *testing.T) {
	t.Parallel()
	_, w := newShopkeeper(t, 50000)
	w.reads.given = []*paymentsv1.Payment{{AmountCents: 40000, Status: "pending_sca"}, {AmountCents: 50000, Status: "failed"}, {AmountCents: 50000, Status: "cancelled"}}
	w.call("POST", w.sold("01", 200000), `{"amount":100.01}`).want(t, 403, "STEP_UP_REQUIRED", "")
	url := w.sold("02", 200000)
	if a := w.call("POST", url, `{"amount":60}`); a.status != 201 {
		t.Errorf("within the bound: %s", a.body)
	}
	w.call("POST", url, `{"amount":1}`).want(t, 403, "STEP_UP_REQUIRED", "") // before the first is recorded
	w.call("POST", path+"/"+unknownRef+"/refund", "").want(t, 404, "NOT_FOUND", "")
}
