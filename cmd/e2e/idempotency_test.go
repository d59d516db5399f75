package e2e

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
)

// together sends n requests at once and sorts the answers by status. Every one must be answered.
func together(t *testing.T, n int, send func(i int) (answer, error)) map[int][]answer {
	t.Helper()
	answers, errs := make([]answer, n), make([]error, n)
	var ready, done sync.WaitGroup
	ready.Add(n)
	gun := make(chan struct{})
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-gun
			answers[i], errs[i] = send(i)
		})
	}
	ready.Wait()
	close(gun)
	done.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	sorted := make(map[int][]answer)
	for _, a := range answers {
		sorted[a.status] = append(sorted[a.status], a)
	}
	return sorted
}

func TestAHundredCreatesWithOneReferenceMakeOnePayment(t *testing.T) { // not beside others: it takes the whole machine
	m := shared.newMerchant(t)
	body := m.order(object{"reference": "ORDER-1042"})
	sorted := together(t, 100, func(int) (answer, error) { return m.api.try(http.MethodPost, "/gateway/payments", body) })
	if len(sorted[http.StatusCreated]) != 1 || len(sorted[http.StatusOK]) != 99 {
		t.Fatalf("%d times 201 and %d times 200, want 1 and 99; all: %v", len(sorted[http.StatusCreated]), len(sorted[http.StatusOK]), sorted)
	}
	first := sorted[http.StatusCreated][0]
	if first.header.Get("Idempotent-Replayed") != "" {
		t.Error("the first answer says that it is a replay")
	}
	for _, a := range sorted[http.StatusOK] {
		if a.header.Get("Idempotent-Replayed") != "true" || string(a.raw) != string(first.raw) {
			t.Fatalf("replay %q %s\nfirst %s", a.header.Get("Idempotent-Replayed"), a.raw, first.raw)
		}
	}
	p := mustData[payment](t, first, http.StatusCreated)
	checkTheOnly(t, m, p.Reference)
}

// checkTheOnly checks that the merchant and the bank have only this payment.
func checkTheOnly(t *testing.T, m *merchant, reference string) {
	t.Helper()
	list := must[struct {
		Data       []payment
		Pagination struct{ Page, Limit, Total, Pages int }
	}](t, m.api.do(t, http.MethodGet, "/gateway/payments", ""), http.StatusOK)
	if list.Pagination.Total != 1 || len(list.Data) != 1 || list.Data[0].Reference != reference {
		t.Errorf("the list has %+v", list)
	}
	m.w.bank().order(t, reference)
}

func TestTheSameReferenceIsTheSamePaymentWhateverItsState(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	p := m.paid(t, object{"reference": "ORDER-7"})
	again := m.api.do(t, http.MethodPost, "/gateway/payments", m.order(object{"reference": "ORDER-7"}))
	same := mustData[payment](t, again, http.StatusOK)
	if same.Reference != p.Reference || same.Status != "completed" || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("got %+v", same)
	}
	other := m.pays(t, object{"reference": "ORDER-8"})
	rival := shared.newMerchant(t).pays(t, object{"reference": "ORDER-7"})
	if other.Reference == p.Reference || rival.Reference == p.Reference {
		t.Error("another order or another merchant got the same payment")
	}
}

func TestTheIdempotencyKeyReplaysAndRefusesOtherBodies(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	keyed := m.api.with("Idempotency-Key", "a-key")
	first := keyed.do(t, http.MethodPost, "/gateway/payments", m.order(nil))
	again := keyed.do(t, http.MethodPost, "/gateway/payments", m.order(nil))
	p := mustData[payment](t, first, http.StatusCreated)
	if again.status != http.StatusCreated || string(again.raw) != string(first.raw) || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("replay: %d %v %s\nfirst: %s", again.status, again.header, again.raw, first.raw)
	}
	keyed.do(t, http.MethodPost, "/gateway/payments", m.order(object{"amount": 30})).refused(t, http.StatusConflict, "IDEMPOTENCY_CONFLICT")
	checkTheOnly(t, m, p.Reference)
	if second := m.pays(t, nil); second.Reference == p.Reference {
		t.Error("a request without key and reference was taken for the first")
	}
	theirs := shared.newMerchant(t)
	if q := mustData[payment](t, theirs.api.with("Idempotency-Key", "a-key").do(t, http.MethodPost, "/gateway/payments", theirs.order(nil)), http.StatusCreated); q.Reference == p.Reference {
		t.Error("another merchant's key was taken for this one's")
	}
}

// A key and a reference may name the same payment: each finds it, and neither creates a second one.
func TestAKeyAndAReferenceMayNameTheSamePayment(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	send := func(key string, more object) answer {
		return m.api.with("Idempotency-Key", key).do(t, http.MethodPost, payments, m.order(more))
	}
	order := object{"reference": "ORDER-1"}
	first := mustData[payment](t, send("key-1", order), http.StatusCreated)
	for _, key := range []string{"key-1", "key-2", "key-2", "key-1"} {
		a := send(key, order)
		var again struct{ Data payment }
		if err := a.read(&again); err != nil || again.Data.Reference != first.Reference || a.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s again: %d %s", key, a.status, a.raw)
		}
	}
	for _, key := range []string{"key-1", "key-2"} {
		send(key, object{"reference": "ORDER-2"}).refused(t, http.StatusConflict, "IDEMPOTENCY_CONFLICT")
	}
	checkTheOnly(t, m, first.Reference)
}

func TestManyDifferentPaymentsAtOnceAreAllMade(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	const n = 40
	sorted := together(t, n, func(int) (answer, error) { return m.api.try(http.MethodPost, "/gateway/payments", m.order(nil)) })
	if len(sorted[http.StatusCreated]) != n {
		t.Fatalf("not all were made: %v", sorted)
	}
	var all []string
	for page := range 3 {
		list := must[struct{ Data []payment }](t, m.api.do(t, http.MethodGet, "/gateway/payments?limit=20&page="+string(rune('1'+page)), ""), http.StatusOK)
		for _, p := range list.Data {
			all = append(all, p.Reference)
		}
	}
	slices.Sort(all)
	if len(slices.Compact(slices.Clone(all))) != n || len(all) != n {
		t.Errorf("the pages show %d payments: %v", len(all), all)
	}
}

func TestAPaymentOutlivesARestartOfThePaymentsService(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	m := w.newMerchant(t)
	p := m.pays(t, object{"reference": "ORDER-1"})
	if err := w.stack.RestartPayments(context.Background()); err != nil {
		t.Fatal(err)
	}
	again := mustData[payment](t, m.api.do(t, http.MethodPost, "/gateway/payments", m.order(object{"reference": "ORDER-1"})), http.StatusOK)
	if again.Reference != p.Reference || again.PaymentURL != p.PaymentURL {
		t.Errorf("after the restart the reference made %+v, before %+v", again, p)
	}
	checkTheOnly(t, m, p.Reference)
}
