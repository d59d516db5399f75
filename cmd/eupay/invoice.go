package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"european-pay.eu/eupay/cmd/internal/payer"
)

var invoiceWays = []way{
	invoiced("invoice.created", "an invoice is issued", ""),
	invoiced("invoice.submitted", "an invoice is issued", ""),
	invoiced("invoice.submission_failed", "the platform does not take an invoice", "fault:error:422"),
	invoiced("invoice.status_updated", "an invoice travels to its buyer", ""),
	invoiced("invoice.failed", "the platform rejects an invoice", "sandbox:213"),
	invoiced("invoice.payment_received", "a cent of an invoice is paid", "", post("mark-paid", map[string]any{"payment_method": "bank", "amount": cent})),
	invoiced("invoice.paid", "an invoice is paid", "", pays),
	invoiced("invoice.cancelled", "an invoice that the platform has is cancelled", "", awaits("invoice.submitted"), post("cancel", nil)),
	invoiced("invoice.credited", "a cent of a paid invoice is credited", "", pays, post("credit-note", map[string]any{"amount": cent})),
	invoiced("invoice.refunded", "all of a paid invoice is credited", "", pays, post("credit-note", nil)),
}

// cent is a part of every amount but one.
const cent = json.Number("0.01")

// move is what the merchant does about an invoice of that number.
type move func(ctx context.Context, p *play, number string) error

var pays = post("mark-paid", map[string]any{"payment_method": "bank"})

// post asks for something to be done about the invoice.
func post(what string, body any) move {
	return func(ctx context.Context, p *play, number string) error {
		_, err := p.client.call(ctx, http.MethodPost, "/einvoice/invoices/"+number+"/"+what, body, nil)
		return err
	}
}

func awaits(event string) move {
	return func(ctx context.Context, p *play, number string) error { return p.happened(ctx, event, number) }
}

// invoiced is the way to an event about an invoice: it is issued, the moves are made, and the event is waited for. The sandbox
// platform finds in the buyer's name what wish it has.
func invoiced(event, how, wish string, moves ...move) way {
	return way{event, how, func(ctx context.Context, p *play) (subject, error) {
		if err := p.enrol(ctx); err != nil {
			return subject{}, err
		}
		made, err := p.issue(ctx, strings.TrimSpace("Acme Corp "+wish))
		for _, does := range append(moves, awaits(event)) {
			if err == nil {
				err = does(ctx, p, made.Reference)
			}
		}
		return made, err
	}}
}

// issue makes an invoice for a business of that name.
func (p *play) issue(ctx context.Context, buyer string) (subject, error) {
	body := map[string]any{"customer_name": buyer, "customer_siren": "732829320", "items": []any{
		map[string]any{"product_name": "eupay trigger", "quantity": 1, "unit_price_ttc": json.Number(p.amount), "vat_rate": 20, "type": "service"},
	}}
	if p.reference != "" {
		body["reference"] = p.reference
	}
	var made struct {
		Number string      `json:"invoice_number"`
		Total  json.Number `json:"total_ttc"`
		Status string      `json:"status"`
	}
	status, err := p.client.call(ctx, http.MethodPost, "/einvoice/invoices", body, &made)
	if err == nil && status != http.StatusCreated {
		err = fmt.Errorf("the reference %s is that of invoice %s already: choose another", p.reference, made.Number)
	}
	return subject{made.Number, made.Total, made.Status}, err
}

// enrol makes sure that the merchant may issue invoices in test mode.
func (p *play) enrol(ctx context.Context) error {
	var is struct{ Enrolled, Ready bool }
	ready := func() (bool, error) {
		_, err := p.client.call(ctx, http.MethodGet, "/einvoice/enrollment", nil, &is)
		return is.Ready, err
	}
	if done, err := ready(); done || err != nil {
		return err
	}
	door, err := p.client.enter(ctx)
	if err != nil {
		return fmt.Errorf("the merchant is not enrolled for e-invoices: %w", err)
	}
	if !is.Enrolled {
		if _, err := door.call(ctx, http.MethodPost, "/einvoice/enroll", company, nil); err != nil {
			return err
		}
	}
	var page struct{ URL string }
	if _, err := door.call(ctx, http.MethodGet, "/einvoice/enrollment/onboarding-link", nil, &page); err != nil {
		return err
	}
	if err := p.prove(ctx, page.URL); err != nil {
		return err
	}
	return until(ctx, ready)
}

// company is who enrols where nobody has.
var company = map[string]any{
	"legal_name": "Demo Store SAS", "siret": "12345678200010", "vat_number": "FR11123456782", "activity": "goods", "vat_regime": "monthly",
	"address": map[string]any{"street": "1 rue de la Paix", "post_code": "75002", "city": "Paris", "country": "FR"},
}

// prove says at the sandbox platform's page who the merchant is, or asks the person at the keyboard to do so.
func (p *play) prove(ctx context.Context, link string) error {
	if !payer.Reaches(link) {
		fmt.Fprintf(p.term.notes, "Open this page and say who you are:\n%s\n", link)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, link, strings.NewReader(url.Values{"answer": {"approve"}}.Encode()))
	if err != nil {
		return fmt.Errorf("open the platform's page: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := apiHTTP.Do(req)
	if err != nil {
		return fmt.Errorf("open the platform's page: %w", err)
	}
	return resp.Body.Close()
}
