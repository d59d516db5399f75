package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/eventtype"
	eupay "european-pay.eu/eupay/sdk/go"
)

// TestWaysThatTakeMoreThanAPayment: links, subscriptions, orders and invoices, and what a bank or the merchant does after the end.
func TestWaysThatTakeMoreThanAPayment(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	vars := environment(s)
	l := listen(t, vars, "--events=*")
	l.sees(t, `^Ready`)
	for _, w := range ways {
		family, what, _ := strings.Cut(w.event, ".")
		if family != "order" && family != "invoice" && family != "payment_link" && family != "subscription" && what != "amount_mismatch" && what != "late_receipt" {
			continue
		}
		out, err := invoke(t, vars, "trigger", w.event, "--timeout", patience.String())
		words := strings.Fields(out)
		if err != nil || len(words) != 4 || words[0] != w.event {
			t.Fatalf("trigger %s: %q, %v", w.event, out, err)
		}
		l.sees(t, "--> "+regexp.QuoteMeta(w.event+" "+words[1])+` \[`)
	}
	c, err := newClient("", vars)
	if err != nil {
		t.Fatal(err)
	}
	door, err := c.enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tables, err := door.Tables.List(t.Context(), eupay.ListParams{})
	if err != nil || len(tables.Data) != 0 {
		t.Errorf("%v stay, %v", tables, err)
	}
	products, err := door.Products.List(t.Context(), eupay.ProductListParams{})
	if err != nil || len(products.Data) != 0 {
		t.Errorf("%v stay, %v", products, err)
	}
	if out, err := invoke(t, vars, "trigger", "invoice.created", "--amount", "12.50", "--reference", "ERP-7"); err != nil || !strings.HasSuffix(out, " 12.5 EUR\n") {
		t.Errorf("an invoice of 12.50: %q, %v", out, err)
	}
	if out, err := invoke(t, vars, "trigger", "invoice.created", "--amount", "12.50", "--reference", "ERP-7"); err == nil || !strings.Contains(err.Error(), "choose another") {
		t.Errorf("a reference that was used: %q, %v", out, err)
	}
}

// TestEveryEventCanBeTriggeredOrSaysWhyNot: no type is forgotten.
func TestEveryEventCanBeTriggeredOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	list, err := eventtype.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		can := slices.ContainsFunc(ways, func(w way) bool { return w.event == e.Name })
		if can == (whyNot(e.Name) != "") {
			t.Errorf("%s: can be triggered %t, and says %q", e.Name, can, whyNot(e.Name))
		}
	}
}
