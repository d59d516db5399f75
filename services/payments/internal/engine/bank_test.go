package engine

import (
	"context"
	"fmt"
	"sync"

	"european-pay.eu/eupay/services/payments/internal/powens"
)

// bank is a provider in a few lines whose every answer a test can choose. How the real one speaks over HTTP is tested
// in package powens, and with the sandbox bank end to end.
type bank struct {
	mu       sync.Mutex
	payments []powens.Payment
	creates  int
	cancels  []string
	asked    []powens.CreateRequest

	// What the next calls answer instead; onCreate may still create the payment, as a bank does whose answer is lost.
	onCreate func(make func() powens.Payment) (powens.Payment, error)
	urlErr   error
	readErr  error
	findErr  error
	onCancel func(p *powens.Payment) (powens.Cancellation, error)
}

var (
	lost    = &powens.Error{Op: "create payment", Ambiguous: true, Err: context.DeadlineExceeded}
	notSent = &powens.Error{Op: "create payment", Err: context.DeadlineExceeded}
	refused = &powens.Error{Op: "create payment", Status: 400, Code: "invalidValue"}
)

func (b *bank) CreatePayment(_ context.Context, r powens.CreateRequest) (powens.Payment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.creates++
	b.asked = append(b.asked, r)
	create := func() powens.Payment {
		p := powens.Payment{
			ID: fmt.Sprint(1000 + len(b.payments)), State: powens.Created, ReferenceID: r.ReferenceID,
			Amount: r.Amount, Currency: r.Currency, Raw: []byte(`{}`),
		}
		b.payments = append(b.payments, p)
		return p
	}
	if b.onCreate != nil {
		return b.onCreate(create)
	}
	return create(), nil
}

func (b *bank) PaymentURL(_ context.Context, id, state string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.urlErr != nil {
		return "", b.urlErr
	}
	return "https://bank.example/" + id + "?state=" + state, nil
}

func (b *bank) GetPayment(_ context.Context, id string) (powens.Payment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.readErr != nil {
		return powens.Payment{}, b.readErr
	}
	return *b.find(id), nil
}

func (b *bank) FindByReference(_ context.Context, reference string) ([]powens.Payment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.findErr != nil {
		return nil, b.findErr
	}
	var found []powens.Payment
	for _, p := range b.payments {
		if p.ReferenceID == reference {
			found = append(found, p)
		}
	}
	return found, nil
}

func (b *bank) CancelPayment(_ context.Context, id, _ string) (powens.Cancellation, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cancels = append(b.cancels, id)
	p := b.find(id)
	if b.onCancel != nil {
		return b.onCancel(p)
	}
	p.State, p.ErrorCode = powens.Rejected, "cancelledByClient"
	return powens.Cancellation{Outcome: powens.Cancelled, Payment: *p}, nil
}

func (b *bank) find(id string) *powens.Payment {
	for i := range b.payments {
		if b.payments[i].ID == id {
			return &b.payments[i]
		}
	}
	panic("the engine asked for a payment that the bank never gave: " + id)
}

// set moves the bank's only payment.
func (b *bank) set(state powens.State, change ...func(*powens.Payment)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &b.payments[len(b.payments)-1]
	p.State = state
	for _, c := range change {
		c(p)
	}
}
