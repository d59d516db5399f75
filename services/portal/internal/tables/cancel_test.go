package tables_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

// cancellations answers as the API does: one piece of 3.50 was cancelled, and its refund failed.
func (a *api) cancellations(w http.ResponseWriter, r *http.Request) {
	one := map[string]any{
		"id": "c1", "number": 1, "amount": 3.5, "reason": "<i>cold", "restocked": true, "refund_amount": 3.5, "created_at": webtest.Now,
		"lines":  []any{map[string]any{"position": 0, "name": "<b>Soup", "quantity": 1, "amount": 3.5, "taxes": []any{}}},
		"refund": map[string]any{"status": "failed", "amount": 3.5, "reference": "REF-1"},
	}
	if r.Method == http.MethodGet {
		webtest.Answer(w, http.StatusOK, map[string]any{"data": []any{one}})
		return
	}
	webtest.Answer(w, http.StatusCreated, map[string]any{"cancellation": one, "order": a.order})
}

// ordered has one line of two pieces, of which gone are cancelled.
func ordered(status, payment string, gone int) map[string]any {
	o := order(status, payment)
	o["paid_at"] = webtest.Now
	o["items"] = []any{map[string]any{"position": 0, "name": "<b>Soup", "quantity": 2, "total": 7, "cancelled_quantity": gone, "cancelled_amount": []json.Number{"0", "3.5", "7"}[gone]}}
	o["cancelled_amount"] = []json.Number{"0", "3.5", "7"}[gone]
	return o
}

func TestWhatIsGivenBackIsShownBeforeItIsSent(t *testing.T) {
	a := &api{order: ordered("received", "paid", 0)}
	k := serve(t, a)
	k.Get("/portal/orders/o1").Has(t, "Cancel pieces", `name="piece_0"`, `name="refund" value="1" checked`, `name="restock" value="1" checked`)
	form := url.Values{"key": {"k1"}, "piece_0": {"1"}, "reason": {"<x>"}, "refund": {"1"}, "step": {"review"}}
	seen := k.Post("/portal/orders/o1/cancellations", form)
	seen.Has(t, "3.50", "is given back", `name="step" value="do"`, `name="key" value="k1"`, `name="piece_0" value="1"`, `value="&lt;x&gt;"`)
	seen.Lacks(t, "<b>Soup")
	if got := fmt.Sprint(a.sent); got != "map[dry_run:true lines:[map[position:0 quantity:1]] reason:<x> refund:true restock:false]" {
		t.Errorf("sent %s", got)
	}
	form.Set("step", "do")
	done := k.Post("/portal/orders/o1/cancellations", form)
	if got := fmt.Sprint(a.sent); strings.Contains(got, "dry_run") || done.Header.Get("Location") != "/portal/orders/o1?notice=pieces_refunded" {
		t.Errorf("sent %s, leads to %s", got, done.Header.Get("Location"))
	}
	for piece, says := range map[string]string{"3": "Enter a number from 0 to 2", "x": "Enter a number from 0 to 2", "0": "Say how many pieces"} {
		form.Set("piece_0", piece)
		k.Post("/portal/orders/o1/cancellations", form).Has(t, says)
	}
	if got := k.Post("/portal/orders/theirs/cancellations", form).Status; got != http.StatusNotFound {
		t.Errorf("another merchant's order: %d", got)
	}
}

func TestAFailedRefundIsAskedForAgain(t *testing.T) {
	a := &api{order: ordered("received", "paid", 1)}
	k := serve(t, a)
	page := k.Get("/portal/orders/o1")
	page.Has(t, "&lt;i&gt;cold", "The refund of", "failed", "/portal/orders/o1/cancellations/c1/refund", "Give the money back")
	page.Lacks(t, "<i>cold", "<b>Soup")
	if to := k.Post("/portal/orders/o1/cancellations/c1/refund", nil).Header.Get("Location"); to != "/portal/orders/o1?notice=pieces_refunded" {
		t.Errorf("leads to %s", to)
	}
	k.LogIn(eupay.RoleStaff)
	k.Get("/portal/orders/o1").Lacks(t, "/cancellations/c1/refund", `name="refund" value="1" checked`)
	k.LogIn(eupay.RoleAccountant)
	k.Get("/portal/orders/o1").Lacks(t, "Cancel pieces")
}
