package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
)

const (
	invoiceClients = 16
	// commitsOfAnInvoice is the number of transactions of an invoice until the platform has it: recorded, claimed, files stored,
	// attempt recorded, accepted, ended.
	commitsOfAnInvoice = 6
	// mandateEvery is the polling interval of the enrolment until the sandbox platform activates it.
	mandateEvery = 100 * time.Millisecond
)

// invoices measures POST /einvoice/invoices for private customers, with three lines at three rates: each invoice is numbered,
// rendered as Factur-X, checked by the sandbox platform and deposited there before the answer. One merchant issues all of them,
// so each takes its number after the previous one has committed.
func (b *bench) invoices(ctx context.Context) error {
	b.table.title("Issue an invoice", "POST /einvoice/invoices, the platform answers at once (documents alone: make bench-parts)")
	if err := b.enrol(ctx); err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	r := b.load(func(c *conn, n int64) error {
		body := fmt.Sprintf(`{"customer_name":"Customer %d","customer_email":"customer@shop.example","items":[`+
			`{"product_name":"Coffee","quantity":3,"unit_price_ttc":3.33,"vat_rate":10},`+
			`{"product_name":"Bread","quantity":1,"unit_price_ttc":4.99,"vat_rate":5.5},`+
			`{"product_name":"Mug","quantity":1,"unit_price_ttc":12.90,"vat_rate":20}]}`, n)
		status, answer, err := c.do(b.system.request("POST", "/einvoice/invoices", "", body))
		if err != nil {
			return err
		}
		if status != http.StatusCreated || !bytes.Contains(answer, []byte(`"seqino_status":"submitted"`)) {
			return fmt.Errorf("answered %d: %.160s", status, answer)
		}
		return nil
	}).closed(ctx, invoiceClients)
	b.table.figure(figure{
		name: fmt.Sprintf("submitted, %d clients", invoiceClients), r: r, met: verdict(r.failures == 0), target: "every one submitted",
		limit: of(commitsOfAnInvoice*r.rate(), b.table.limits.commits, "commits"),
	})
	return nil
}

// enrol enrols the demo merchant at a platform that approves everyone.
func (b *bench) enrol(ctx context.Context) error {
	u, err := url.Parse(b.system.vars["EUPAY_INVOICING_MGMT_URL"])
	if err != nil {
		return fmt.Errorf("read EUPAY_INVOICING_MGMT_URL: %w", err)
	}
	platform := &conn{host: u.Host}
	defer platform.close()
	if err := b.management(platform, "PUT", "/autoapprove", `{"enabled":true}`); err != nil {
		return err
	}
	owner, err := b.system.signedIn(ctx) // an API key cannot enrol
	if err != nil {
		return err
	}
	if _, err := owner.EInvoicing.Enroll(ctx, eupay.EInvoiceSettingsChange{
		LegalName: eupay.Ptr("Demo Store SAS"), SIRET: eupay.Ptr("12345678200010"), VATNumber: eupay.Ptr("FR11123456782"),
		Activity: eupay.Ptr("goods"), VATRegime: eupay.Ptr("monthly"),
		Address: &eupay.Address{Street: "1 rue de la Paix", PostCode: "75002", City: "Paris", Country: "FR"},
	}); err != nil {
		return err
	}
	return awaitMandate(ctx, b.system.client())
}

func awaitMandate(ctx context.Context, client *eupay.Client) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		is, err := client.EInvoicing.Enrollment(ctx)
		if err != nil {
			return err
		}
		if is.Ready {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("the mandate does not become active: it is %s", is.MandateStatus), context.Cause(ctx))
		case <-time.After(mandateEvery):
		}
	}
}
