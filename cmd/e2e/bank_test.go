package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// banker controls the sandbox bank through its management port.
type banker struct{ w *world }

func (w *world) bank() banker { return banker{w} }

// order is the state of a payment in the bank's books.
type order struct {
	ID          int64
	State       string
	StateDetail string `json:"state_detail"`
	Cents       int64  `json:"amount_cents"`
	Label       string
	Beneficiary string
	Payer       string
}

func (b banker) do(t testing.TB, method, path, body string, into any) {
	t.Helper()
	req, err := http.NewRequest(method, b.w.stack.System().BankManagementURL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := b.w.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the bank answers %s %s with %s %s %v", method, path, resp.Status, raw, err)
	}
	if into == nil {
		return
	}
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// orders returns the payments at the bank with our reference.
func (b banker) orders(t testing.TB, reference string) []order {
	t.Helper()
	var list struct{ Payments []order }
	b.do(t, http.MethodGet, "/payments?reference_id="+reference, "", &list)
	return list.Payments
}

// order returns the only one.
func (b banker) order(t testing.TB, reference string) order {
	t.Helper()
	list := b.orders(t, reference)
	if len(list) != 1 {
		t.Fatalf("the bank has %d payments for %s: %+v", len(list), reference, list)
	}
	return list[0]
}

// act acts as the payer or the bank: authorise, refuse, expire or settle.
func (b banker) act(t testing.TB, verb, reference string, choice object) order {
	t.Helper()
	var after order
	b.do(t, http.MethodPost, fmt.Sprintf("/payments/%d/%s", b.order(t, reference).ID, verb), choice.json(), &after)
	return after
}

func (b banker) authorise(t testing.TB, reference string, choice object) {
	t.Helper()
	b.act(t, "authorise", reference, choice)
}

// attempt is a webhook that the bank sent to us, or should have sent.
type attempt struct {
	State, Fault string
	Status       int
}

// sent waits until the bank has nothing left to announce about a payment, and returns what it sent.
func (b banker) sent(t testing.TB, reference string, enough func([]attempt) bool) (list []attempt) {
	t.Helper()
	path := fmt.Sprintf("/webhooks?id_payment=%d", b.order(t, reference).ID)
	eventually(t, "the bank announces "+reference, func() bool {
		var hooks struct{ Webhooks []attempt }
		b.do(t, http.MethodGet, path, "", &hooks)
		list = hooks.Webhooks
		return enough(list)
	})
	return list
}

// press is act for an action that may come too late, which the bank then refuses.
func (b banker) press(id int64, verb string) error {
	resp, err := b.w.client.Post(fmt.Sprintf("%s/payments/%d/%s", b.w.stack.System().BankManagementURL(), id, verb), "application/json", nil)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}
