package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// fault is what a call to the fake platform comes to.
type fault int

const (
	works fault = iota
	refuses
	noMandate
	unavailable
	loses // has its effect, and the answer is lost
	hangs // has none, and no answer comes
)

var errDown = errors.New("connection refused")

// fake is a platform that has each document once by its reference, and does what a test says.
type fake struct {
	platform.Platform // what the ledger does not call

	mu sync.Mutex
	// Faults of the calls to come.
	submit, life, file, collect fault
	problems                    []string
	// atSubmit runs before a submission has any effect.
	atSubmit func(platform.Submission)

	calls       int
	lifeCalls   int
	fileCalls   int
	docs        map[string]*filed // by reference
	order       []*filed
	collections map[string]platform.Collection
	wrong       []string
}

// filed is a document that the platform has.
type filed struct {
	platform.Submission
	id    string
	steps []platform.Event
	pdf   []byte
}

func newFake() *fake {
	return &fake{docs: map[string]*filed{}, collections: map[string]platform.Collection{}}
}

func (f *fake) do(ctx context.Context, what *fault, effect func()) error {
	f.mu.Lock()
	now := *what
	if now == works || now == loses {
		effect()
	}
	problems := f.problems
	f.mu.Unlock()
	switch now {
	case refuses:
		return &platform.Refused{Code: "CALCUL_ERR", Problems: problems}
	case noMandate:
		return platform.ErrNoMandate
	case unavailable, loses:
		return errDown
	case hangs:
		<-ctx.Done()
		return ctx.Err()
	default:
		return nil
	}
}

func (f *fake) set(change func(f *fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fake) Submit(ctx context.Context, _ string, s platform.Submission) (platform.Receipt, error) {
	f.mu.Lock()
	at := f.atSubmit
	f.calls++
	f.mu.Unlock()
	if at != nil {
		at(s)
	}
	receipt := platform.Receipt{DraftID: "draft_" + s.Ref}
	err := f.do(ctx, &f.submit, func() { receipt.InvoiceID = f.take(s).id })
	if err != nil {
		receipt.InvoiceID = ""
	}
	return receipt, err
}

// take files a document unless it is there, and notes what a platform should never see.
func (f *fake) take(s platform.Submission) *filed {
	if d := f.docs[s.Ref]; d != nil {
		return d
	}
	for _, d := range f.order {
		if d.Document.Number == s.Document.Number {
			f.wrong = append(f.wrong, "two documents have the number "+s.Document.Number)
		}
	}
	for _, d := range f.order {
		if p := s.Document.Preceding; p != nil && d.Document.Number == p.Number && slices.ContainsFunc(d.steps, isRefusal) {
			f.wrong = append(f.wrong, s.Document.Number+" corrects "+p.Number+", which was refused")
		}
	}
	if p := s.Document.Preceding; p != nil && !slices.ContainsFunc(f.order, func(d *filed) bool { return d.Document.Number == p.Number }) {
		f.wrong = append(f.wrong, s.Document.Number+" came before "+p.Number)
	}
	d := &filed{Submission: s, id: fmt.Sprintf("inv_%04d", len(f.order)+1)}
	f.docs[s.Ref] = d
	f.order = append(f.order, d)
	return d
}

func (f *fake) Lifecycle(ctx context.Context, _, id string) (steps []platform.Event, err error) {
	f.mu.Lock()
	f.lifeCalls++
	f.mu.Unlock()
	err = f.do(ctx, &f.life, func() {
		if d := f.byID(id); d != nil {
			steps = slices.Clone(d.steps)
		}
	})
	return steps, err
}

func (f *fake) File(ctx context.Context, _, id string) (pdf []byte, err error) {
	f.set(func(f *fake) { f.fileCalls++ })
	err = f.do(ctx, &f.file, func() { pdf = f.byID(id).pdf })
	if err == nil && pdf == nil {
		err = platform.ErrNotFound
	}
	return pdf, err
}

func (f *fake) ReportCollection(ctx context.Context, _ string, c platform.Collection) (string, error) {
	return "pay_" + c.Ref, f.do(ctx, &f.collect, func() {
		if _, known := f.collections[c.Ref]; !known {
			f.collections[c.Ref] = c
			f.judge(c)
		}
	})
}

// judge notes what a platform refuses: sums that are not those of their parts, and more given back at a rate than was collected.
func (f *fake) judge(c platform.Collection) {
	var sum money.Cents
	for _, p := range c.Parts {
		sum += p.Amount
		if f.collected(c.InvoiceNumber)[p.VATPerMill] < 0 {
			f.wrong = append(f.wrong, fmt.Sprintf("%s: below zero at %s with %+v", c.InvoiceNumber, p.VATPerMill, c))
		}
	}
	if len(c.Parts) == 0 || sum != c.Amount {
		f.wrong = append(f.wrong, fmt.Sprintf("%s: the parts are not the amount of %+v", c.InvoiceNumber, c))
	}
	for _, d := range f.order {
		if d.Document.Number == c.InvoiceNumber && c.Amount > 0 && slices.ContainsFunc(d.steps, isEnd) {
			f.wrong = append(f.wrong, fmt.Sprintf("%s was refused, and %+v was collected", c.InvoiceNumber, c))
		}
	}
}

// collected is what was reported with 212 of an invoice by rate.
func (f *fake) collected(number string) map[vat.Rate]money.Cents {
	sums := map[vat.Rate]money.Cents{}
	for _, c := range f.collections {
		for _, p := range c.Parts {
			if c.InvoiceNumber == number {
				sums[p.VATPerMill] += p.Amount
			}
		}
	}
	return sums
}

func (f *fake) byID(id string) *filed {
	for _, d := range f.order {
		if d.id == id {
			return d
		}
	}
	return nil
}

// of are the documents with that number or that correct it, in the order in which they came.
func (f *fake) of(number string) []*filed {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []*filed
	for _, d := range f.order {
		if d.Document.Number == number || d.Document.Preceding != nil && d.Document.Preceding.Number == number {
			list = append(list, d)
		}
	}
	return list
}
