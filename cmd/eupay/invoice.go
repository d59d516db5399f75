package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"european-pay.eu/eupay/cmd/internal/payer"
	eupay "european-pay.eu/eupay/sdk/go"
)

var invoiceWays = []way{
	invoiced("invoice.created", "an invoice is issued", ""),
	invoiced("invoice.submitted", "an invoice is issued", ""),
	invoiced("invoice.submission_failed", "the platform does not take an invoice", "fault:error:422"),
	invoiced("invoice.status_updated", "an invoice travels to its buyer", ""),
	invoiced("invoice.failed", "the platform rejects an invoice", "sandbox:213"),
	invoiced("invoice.payment_received", "a cent of an invoice is paid", "", paysPart(cent)),
	invoiced("invoice.paid", "an invoice is paid", "", pays),
	invoiced("invoice.cancelled", "an invoice that the platform has is cancelled", "", awaits("invoice.submitted"), cancels),
	invoiced("invoice.credited", "a cent of a paid invoice is credited", "", pays, credits(cent)),
	invoiced("invoice.refunded", "all of a paid invoice is credited", "", pays, credits(0)),
}

// cent is a part of every amount except one cent.
const cent eupay.Amount = 1

// move is the merchant's action on the invoice with that number.
type move func(ctx context.Context, p *play, number string) error

var pays = paysPart(0)

// paysPart pays that part of the invoice; 0: all that is owed.
func paysPart(amount eupay.Amount) move {
	return func(ctx context.Context, p *play, number string) error {
		_, err := p.client.Invoices.MarkPaid(ctx, number, eupay.MarkPaidParams{PaymentMethod: eupay.PaidByBank, Amount: amount})
		return err
	}
}

func cancels(ctx context.Context, p *play, number string) error {
	_, err := p.client.Invoices.Cancel(ctx, number, eupay.CancelInvoiceParams{})
	return err
}

// credits credits that part of the invoice; 0: all that is left.
func credits(amount eupay.Amount) move {
	return func(ctx context.Context, p *play, number string) error {
		_, err := p.client.Invoices.Credit(ctx, number, eupay.CreditParams{Amount: amount})
		return err
	}
}

func awaits(event string) move {
	return func(ctx context.Context, p *play, number string) error { return p.happened(ctx, event, number) }
}

// invoiced returns the way to an event of an invoice: issue it, make the moves, wait for the event. wish is put into the buyer's
// name, where the sandbox platform finds it.
func invoiced(event, how, wish string, moves ...move) way {
	return way{event, how, func(ctx context.Context, p *play) (subject, error) {
		if err := p.enrol(ctx); err != nil {
			return subject{}, err
		}
		made, err := p.issue(ctx, strings.TrimSpace("Acme Corp "+wish))
		for _, does := range append(moves, awaits(event)) {
			if err == nil {
				err = does(ctx, p, made.reference)
			}
		}
		return made, err
	}}
}

// issue creates an invoice for a business of that name.
func (p *play) issue(ctx context.Context, buyer string) (subject, error) {
	made, err := p.client.Invoices.Create(ctx, eupay.InvoiceParams{
		CustomerName: buyer, CustomerSIREN: "732829320", Reference: p.reference,
		Items: []eupay.InvoiceItem{{ProductName: "eupay trigger", Quantity: "1", UnitPriceTTC: p.amount, VATRate: "20", Type: "service"}},
	})
	if err != nil {
		return subject{}, err
	}
	if made.Replayed {
		err = fmt.Errorf("the reference %s is that of invoice %s already: choose another", p.reference, made.InvoiceNumber)
	}
	return subject{made.InvoiceNumber, made.TotalTTC, string(made.Status)}, err
}

// enrol ensures that the merchant may issue invoices in test mode.
func (p *play) enrol(ctx context.Context) error {
	var is *eupay.Enrollment
	ready := func() (_ bool, err error) {
		if is, err = p.client.EInvoicing.Enrollment(ctx); err != nil {
			return false, err
		}
		return is.Ready, nil
	}
	if done, err := ready(); done || err != nil {
		return err
	}
	door, err := p.client.enter(ctx)
	if err != nil {
		return fmt.Errorf("the merchant is not enrolled for e-invoices: %w", err)
	}
	if !is.Enrolled {
		if _, err := door.EInvoicing.Enroll(ctx, company); err != nil {
			return err
		}
	}
	at, err := door.EInvoicing.OnboardingLink(ctx)
	if err != nil {
		return err
	}
	if err := p.prove(ctx, at.URL); err != nil {
		return err
	}
	return until(ctx, ready)
}

// company are the settings of an enrolment if there is none yet.
var company = eupay.EInvoiceSettingsChange{
	LegalName: eupay.Ptr("Demo Store SAS"), SIRET: eupay.Ptr("12345678200010"), VATNumber: eupay.Ptr("FR11123456782"),
	Activity: eupay.Ptr("goods"), VATRegime: eupay.Ptr("monthly"),
	Address: &eupay.Address{Street: "1 rue de la Paix", PostCode: "75002", City: "Paris", Country: "FR"},
}

// prove approves the merchant's identity at the sandbox platform's page, or asks the user to do so.
func (p *play) prove(ctx context.Context, link string) error {
	if !payer.Reaches(link) {
		fmt.Fprintf(p.term.notes, "Open this page and say who you are:\n%s\n", link)
		return nil
	}
	form := url.Values{"answer": {"approve"}}.Encode()
	if err := page(ctx, http.MethodPost, link, "application/x-www-form-urlencoded", form, nil); err != nil {
		return fmt.Errorf("open the platform's page: %w", err)
	}
	return nil
}
