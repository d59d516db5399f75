package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
)

// deal is one invoice and what its merchant did with it, so what the books must say of it.
type deal struct {
	own, id, number string
	business        bool

	total, services int64 // cents; services are the part that is reported as collected when a business pays
	// What was done, and what must be told: as the API answered.
	paid, credited int64
	status         string
	corrections    []string // type codes
	// alone: a cancellation may have needed no document.
	alone bool
	told  []string
	// reference of the EU Pay payment that paid it, if one did.
	reference string

	answered int // how often it was answered as new
}

// document is an invoice or what corrects it, as the API shows it.
type document struct {
	ID          string
	Number      string      `json:"invoice_number"`
	Status      string      `json:"status"`
	Seqino      string      `json:"seqino_status"`
	Total       json.Number `json:"total_ttc"`
	Paid        json.Number `json:"amount_paid"`
	Credited    json.Number `json:"amount_credited"`
	Type        string      `json:"type_code"`
	Reference   string
	Problem     string
	Corrections []document
	Items       []struct {
		Type  string
		Total json.Number `json:"total_ttc"`
	}
	Corrects *struct{ Amount json.Number }
	Payments []struct {
		ID        string
		Reference string `json:"payment_reference"`
		Amount    json.Number
	}
}

// ways are what becomes of invoices.
var ways = []func(*issuer, context.Context, *deal) bool{
	(*issuer).leave, (*issuer).payAll, (*issuer).payInParts, (*issuer).creditPart, (*issuer).cancel, (*issuer).payAtTheBank, (*issuer).creditAll, (*issuer).annul,
}

// deal issues the n-th invoice and does one of the ways with it.
func (i *issuer) deal(ctx context.Context, n int) bool {
	d := &deal{own: fmt.Sprint("ORDER-", n), business: n/len(ways)%2 == 0, status: "pending", told: []string{"invoice.created", "invoice.submitted"}}
	if !i.issue(ctx, d, n) {
		return false
	}
	i.mu.Lock()
	i.deals = append(i.deals, d)
	i.mu.Unlock()
	return ways[n%len(ways)](i, ctx, d)
}

// issue creates the invoice; every third one is asked for twice at the same time.
func (i *issuer) issue(ctx context.Context, d *deal, n int) bool {
	meal, wine := int64(1000+n%700), int64(300+n%90)
	d.total, d.services = 2*meal+wine, 2*meal
	kind := "goods"
	if n%len(ways) == 2 { // paid in parts: each part is for services
		kind, d.services = "service", d.total
	}
	body := object{
		"customer_name": "Ada Martin", "reference": d.own,
		"items": []object{
			{"product_name": "Menu", "quantity": 2, "unit_price_ttc": euros(meal), "vat_rate": 10, "type": "service"},
			{"product_name": "Vin", "quantity": 1, "unit_price_ttc": euros(wine), "vat_rate": 20, "type": kind},
		},
	}
	if d.business {
		body["customer_name"], body["customer_siren"] = "Boulangerie Martin SARL", siren(1000+n)
	}
	var askers sync.WaitGroup
	for range 1 + n%3/2 {
		askers.Go(func() { i.ask(ctx, d, body) })
	}
	askers.Wait()
	return d.id != ""
}

// ask asks for the invoice until it is there. It must always be the same.
func (i *issuer) ask(ctx context.Context, d *deal, body object) {
	var got document
	status := i.insist(ctx, http.MethodPost, "/einvoice/invoices", body, &got)
	if status == 0 {
		return
	}
	if status != http.StatusCreated && status != http.StatusOK {
		i.t.Errorf("create %s: %d", d.own, status)
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if status == http.StatusCreated {
		d.answered++
	}
	if d.id != "" && (d.id != got.ID || d.number != got.Number) || d.answered > 1 {
		i.t.Errorf("%s became two invoices: %s and %s", d.own, d.number, got.Number)
	}
	d.id, d.number = got.ID, got.Number
}

func euros(cents int64) json.Number { return json.Number(fmt.Sprintf("%d.%02d", cents/100, cents%100)) }

// change does something with an invoice until it is answered.
func (i *issuer) change(ctx context.Context, d *deal, what, key string, body object) bool {
	status := i.insist(ctx, http.MethodPost, "/einvoice/invoices/"+d.id+"/"+what, body, nil, "Idempotency-Key", d.own+"-"+key)
	if status >= 400 {
		i.t.Errorf("%s of %s: %d", what, d.own, status)
	}
	return status == http.StatusOK || status == http.StatusCreated
}

func (i *issuer) leave(context.Context, *deal) bool { return true }

func (i *issuer) payAll(ctx context.Context, d *deal) bool {
	if !i.change(ctx, d, "mark-paid", "paid", object{"payment_method": "bank"}) {
		return false
	}
	d.paid, d.status, d.told = d.total, "paid", append(d.told, "invoice.paid")
	return true
}

func (i *issuer) payInParts(ctx context.Context, d *deal) bool {
	third := d.total / 3
	if !i.change(ctx, d, "mark-paid", "part-1", object{"payment_method": "card", "amount": euros(third)}) {
		return false
	}
	d.told = append(d.told, "invoice.payment_received")
	if !i.change(ctx, d, "mark-paid", "part-2", object{"payment_method": "cash", "amount": euros(d.total - third)}) {
		return false
	}
	d.paid, d.status, d.told = d.total, "paid", append(d.told, "invoice.paid")
	return true
}

func (i *issuer) creditPart(ctx context.Context, d *deal) bool {
	if !i.payAll(ctx, d) {
		return false
	}
	for n := range 2 {
		part := d.total / 4
		if !i.change(ctx, d, "credit-note", "credit-"+strconv.Itoa(n), object{"amount": euros(part)}) {
			return false
		}
		d.credited, d.corrections, d.told = d.credited+part, append(d.corrections, "381"), append(d.told, "invoice.credited")
	}
	return true
}

func (i *issuer) creditAll(ctx context.Context, d *deal) bool {
	if !i.payAll(ctx, d) || !i.change(ctx, d, "credit-note", "all", object{"reason": "Vin bouchonné"}) {
		return false
	}
	d.credited, d.status, d.corrections, d.told = d.total, "refunded", []string{"381"}, append(d.told, "invoice.refunded")
	return true
}

func (i *issuer) annul(ctx context.Context, d *deal) bool {
	if !i.payAll(ctx, d) || !i.change(ctx, d, "credit-note", "annul", object{"type": "cancel"}) {
		return false
	}
	d.credited, d.status, d.corrections, d.told = d.total, "refunded", []string{"384"}, append(d.told, "invoice.refunded")
	return true
}

// cancel repeats what was refused because the invoice was on its way, or done by a request without an answer.
func (i *issuer) cancel(ctx context.Context, d *deal) bool {
	for ctx.Err() == nil {
		status := i.insist(ctx, http.MethodPost, "/einvoice/invoices/"+d.id+"/cancel", object{"reason": "Erreur"}, nil)
		var now document
		if status == http.StatusConflict && i.insist(ctx, http.MethodGet, "/einvoice/invoices/"+d.id, nil, &now) == http.StatusOK && now.Status != "cancelled" {
			<-pause()
			continue
		}
		if status != http.StatusOK && status != http.StatusConflict {
			i.t.Errorf("cancel %s: %d", d.own, status)
			return false
		}
		d.credited, d.status, d.corrections, d.alone = d.total, "cancelled", []string{"384"}, true
		d.told = []string{"invoice.created", "invoice.cancelled"}
		return true
	}
	return false
}

// payAtTheBank makes an EU Pay payment that names the invoice, and authorises it.
func (i *issuer) payAtTheBank(ctx context.Context, d *deal) bool {
	for try := range 5 { // one that the bank never took fails, and the payer tries again
		body := object{
			"amount": euros(d.total), "description": "Facture " + d.number, "reference": fmt.Sprint(d.own, "-", try), "metadata": object{"invoice_id": d.id},
		}
		var got answer
		for ctx.Err() == nil && got.Data.PaymentURL == "" && got.Data.Status != "failed" {
			if status := i.insist(ctx, http.MethodPost, "/gateway/payments", body, &got); status >= 400 {
				i.t.Errorf("pay %s: %d", d.own, status)
				return false
			}
			if got.Data.PaymentURL == "" {
				<-pause()
			}
		}
		if got.Data.PaymentURL != "" && i.authorise(ctx, got.Data.Reference) {
			d.reference = got.Data.Reference
			d.paid, d.status, d.told = d.total, "paid", append(d.told, "invoice.paid")
			return true
		}
	}
	return false
}
