package seqino_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing"
	"european-pay.eu/eupay/services/einvoice/internal/cii"
	"european-pay.eu/eupay/services/einvoice/internal/facturx"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/seqino"
)

// contract is one platform and what the suite knows about it. The suite holds the stand-in and the real platform to the same.
type contract struct {
	*testing.T
	client *seqino.Client
	// run makes numbers and references new, six characters of [0-9A-Z].
	run string
	// ref of the merchant; the real platform keeps its merchant from run to run.
	ref string
	// approve makes the merchant's mandate active, or ends the test.
	approve func(c *contract, link platform.Link)
	// sandbox is nil for the real platform.
	sandbox *einvoicing.Platform

	id string // of the merchant at the platform
}

// The real platform, when there are credentials: with a merchant that has proved once who it is.
func TestThePlatformAnswersAsInItsDocumentation(t *testing.T) {
	t.Parallel()
	url, key := os.Getenv("EUPAY_SEQINO_CONTRACT_URL"), os.Getenv("EUPAY_SEQINO_CONTRACT_KEY")
	if url == "" || key == "" {
		t.Skip("set EUPAY_SEQINO_CONTRACT_URL and EUPAY_SEQINO_CONTRACT_KEY to hold the real platform to the assumptions")
	}
	client, err := seqino.New(seqino.Config{BaseURL: url, APIKey: key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	c := &contract{T: t, client: client, run: newRun(), ref: "eupay-contract", approve: func(c *contract, link platform.Link) {
		c.Skipf("the merchant has no active mandate yet: prove who it is on %s and run again", link.URL)
	}}
	c.everything()
}

func newRun() string { return rand.Text()[:6] }

func (c *contract) everything() {
	c.enrol()
	ids := c.submitAll()
	c.refusal()
	c.lifecycle(ids["b2b"])
	c.file(ids["b2b"])
	c.collection(ids["b2b"])
	c.reports()
}

// enrol ends with an active mandate. Whatever creates something is asked twice and has it once.
func (c *contract) enrol() {
	c.Helper()
	s := invoicetest.Settings()
	merchant := platform.Client{Ref: c.ref, Name: s.LegalName, Email: s.Email}
	for range 2 {
		id, err := c.client.EnsureClient(c.Context(), merchant)
		if err != nil || c.id != "" && id != c.id {
			c.Fatalf("client %q, then %q, %v", c.id, id, err)
		}
		c.id = id
	}
	want := platform.MandateRequest{Ref: c.ref, SIREN: s.SIREN(), SIRET: s.SIRET, Start: invoicetest.Issued.Add(-1)}
	m, err := c.client.EnsureMandate(c.Context(), c.id, want)
	if err != nil {
		c.Fatal(err)
	}
	if again, err := c.client.EnsureMandate(c.Context(), c.id, want); err != nil || again.ID != m.ID {
		c.Errorf("mandate %+v, then %+v, %v", m, again, err)
	}
	if m.Status != platform.MandateActive {
		c.beforeTheMandate()
		link, err := c.client.OnboardingLink(c.Context(), c.id)
		if err != nil || link.URL == "" || !link.Expires.After(time.Now()) {
			c.Fatalf("link %+v, %v", link, err)
		}
		c.approve(c, link)
	}
	if m, err = c.client.Mandate(c.Context(), c.id, m.ID); err != nil || m.Status != platform.MandateActive {
		c.Fatalf("after the approval: %+v, %v", m, err)
	}
	if _, err := c.client.Mandate(c.Context(), c.id, "mdt_none"); !errors.Is(err, platform.ErrNotFound) {
		c.Errorf("a mandate that is not there: %v", err)
	}
}

// beforeTheMandate leaves a draft behind, which submitAll finds and validates.
func (c *contract) beforeTheMandate() {
	c.Helper()
	r, err := c.client.Submit(c.Context(), c.id, c.submission("b2b"))
	if !errors.Is(err, platform.ErrNoMandate) || r.DraftID == "" || r.InvoiceID != "" {
		c.Errorf("without a mandate: %+v, %v", r, err)
	}
}

// submission is the document of that name with numbers of this run.
func (c *contract) submission(name string) platform.Submission {
	c.Helper()
	d := invoicetest.Find(name)
	d.Number = strings.Replace(d.Number, "AB12CD", c.run, 1)
	if d.Preceding != nil {
		before := *d.Preceding
		before.Number = strings.Replace(before.Number, "AB12CD", c.run, 1)
		d.Preceding = &before
	}
	return c.render(name, d)
}

func (c *contract) render(name string, d invoice.Document) platform.Submission {
	c.Helper()
	xml := cii.Write(d)
	pdf, err := facturx.Render(d, xml, facturx.Look{})
	if err != nil {
		c.Fatal(err)
	}
	return platform.Submission{Ref: c.run + "-" + name, Document: d, XML: xml, PDF: pdf}
}

// submitAll submits every document, each three times, and returns what the platform calls them.
func (c *contract) submitAll() map[string]string {
	c.Helper()
	ids := map[string]string{}
	for _, one := range invoicetest.All() {
		s := c.submission(one.Name)
		first, err := c.client.Submit(c.Context(), c.id, s)
		if err != nil || first.DraftID == "" || first.InvoiceID == "" {
			c.Errorf("%s: %+v, %v", one.Name, first, err)
			continue
		}
		for _, draft := range []string{"", first.DraftID} {
			s.DraftID = draft
			if again, err := c.client.Submit(c.Context(), c.id, s); err != nil || again != first {
				c.Errorf("%s again: %+v, %v; first %+v", one.Name, again, err, first)
			}
		}
		ids[one.Name] = first.InvoiceID
	}
	return ids
}

// refusal sends a document whose sums are wrong, and then the same one as it should be.
func (c *contract) refusal() {
	c.Helper()
	good := c.submission("b2b-siren-only")
	good.Document.Number = strings.Replace(good.Document.Number, "-000", "-001", 1)
	bad := good.Document
	bad.Totals.Due++
	s := c.render("refused", bad)
	r, err := c.client.Submit(c.Context(), c.id, s)
	var no *platform.Refused
	if !errors.As(err, &no) || len(no.Problems) == 0 || r.DraftID == "" || r.InvoiceID != "" {
		c.Fatalf("a document with a wrong sum: %+v, %v", r, err)
	}
	c.Logf("the platform says: %s", strings.Join(no.Problems, " | "))
	s = c.render("refused", good.Document)
	s.DraftID = r.DraftID
	if fixed, err := c.client.Submit(c.Context(), c.id, s); err != nil || fixed.DraftID != r.DraftID || fixed.InvoiceID == "" {
		c.Errorf("corrected: %+v, %v", fixed, err)
	}
}

func (c *contract) lifecycle(id string) {
	c.Helper()
	events := c.events(id)
	if len(events) == 0 || events[0].Code != 200 || events[0].ID == "" || events[0].At.IsZero() {
		c.Errorf("a deposited document begins with 200: %+v", events)
	}
	if _, err := c.client.Lifecycle(c.Context(), c.id, "inv_none"); !errors.Is(err, platform.ErrNotFound) {
		c.Errorf("the life of a document that is not there: %v", err)
	}
	if c.sandbox == nil {
		return
	}
	if err := c.sandbox.SetStatus(id, "207", "TRANSAC_INC", "Quantité contestée"); err != nil {
		c.Fatal(err)
	}
	events = c.events(id)
	last := events[len(events)-1]
	if last.Code != 207 || last.ReasonCode != "TRANSAC_INC" || last.Reason != "Quantité contestée" || last.Emitter != "BUYER" {
		c.Errorf("a dispute is %+v", last)
	}
}

func (c *contract) events(id string) []platform.Event {
	c.Helper()
	events, err := c.client.Lifecycle(c.Context(), c.id, id)
	if err != nil {
		c.Fatal(err)
	}
	return events
}

func (c *contract) file(id string) {
	c.Helper()
	pdf, err := c.client.File(c.Context(), c.id, id)
	if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		c.Errorf("%d bytes, %v", len(pdf), err)
	}
	if c.sandbox != nil && !bytes.Equal(pdf, c.submission("b2b").PDF) {
		c.Error("the file is not the one that was sent")
	}
	if _, err := c.client.File(c.Context(), c.id, "inv_none"); !errors.Is(err, platform.ErrNotFound) {
		c.Errorf("a file that is not there: %v", err)
	}
}

func (c *contract) collection(id string) {
	c.Helper()
	d := c.submission("b2b").Document
	m := platform.Collection{
		Ref: c.run + "-pay", SIREN: d.Seller.SIREN, InvoiceNumber: d.Number, Date: invoicetest.Issued.Add(1), Amount: d.Totals.Gross,
	}
	for _, v := range d.VAT {
		m.Parts = append(m.Parts, platform.RateAmount{VATPerMill: v.VATPerMill, Amount: v.Base + v.Tax})
	}
	c.twice(func() (string, error) { return c.client.ReportCollection(c.Context(), c.id, m) })
	if events := c.events(id); events[len(events)-1].Code != 212 {
		c.Errorf("after the money came in: %+v", events)
	}
	m.Ref, m.InvoiceNumber = c.run+"-pay-2", "INV-2026-NOBODY-000001"
	var no *platform.Refused
	if _, err := c.client.ReportCollection(c.Context(), c.id, m); !errors.As(err, &no) {
		c.Errorf("money for an invoice that is not there: %v", err)
	}
}

// twice sends a report twice, as after a lost answer, and expects the same id.
func (c *contract) twice(send func() (string, error)) {
	c.Helper()
	first, err := send()
	if err != nil || first == "" {
		c.Fatalf("report %q, %v", first, err)
	}
	if again, err := send(); err != nil || again != first {
		c.Errorf("report %q, then %q, %v", first, again, err)
	}
}

func (c *contract) reports() {
	c.Helper()
	head := func(kind, what string) platform.ReportHead {
		raw, err := os.ReadFile("testdata/flux10_" + kind + ".xml")
		if err != nil {
			c.Fatal(err)
		}
		ref := c.run + "-" + kind + "-" + what
		return platform.ReportHead{
			Ref: ref, SIREN: "123456782", Period: platform.Period{Start: "2026-11-01", End: "2026-11-30"}, Replace: what == "RE",
			XML: []byte(strings.NewReplacer("@ID@", ref, "@TYPE@", what).Replace(string(raw))),
		}
	}
	sales := platform.SalesReport{ReportHead: head("sales", "IN"), Days: []platform.SalesDay{{
		Date: "2026-11-20", Category: "TLB1", Count: 2, Net: 9386, Tax: 1604,
		Rates: []platform.SalesRate{{VATPerMill: 200, Net: 7499, Tax: 1500}, {VATPerMill: 55, Net: 1887, Tax: 104}},
	}}}
	payments := platform.PaymentsReport{ReportHead: head("payments", "IN"), Days: []platform.PaymentsDay{
		{Date: "2026-11-21", Parts: []platform.RateAmount{{VATPerMill: 200, Amount: 6000}}},
	}}
	c.twice(func() (string, error) { return c.client.ReportSales(c.Context(), c.id, sales) })
	c.twice(func() (string, error) { return c.client.ReportPayments(c.Context(), c.id, payments) })
	sales.ReportHead, payments.ReportHead = head("sales", "RE"), head("payments", "RE")
	c.twice(func() (string, error) { return c.client.ReportSales(c.Context(), c.id, sales) })
	c.twice(func() (string, error) { return c.client.ReportPayments(c.Context(), c.id, payments) })
	sales.ReportHead = head("sales", "XX")
	var no *platform.Refused
	if _, err := c.client.ReportSales(c.Context(), c.id, sales); !errors.As(err, &no) {
		c.Errorf("a report whose XML and JSON differ: %v", err)
	}
}
