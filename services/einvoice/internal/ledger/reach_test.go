package ledger

import (
	"context"
	"errors"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/einvoice/internal/directory"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// businesses are the answers of a directory by SIREN; an error for one that is not there.
type businesses struct {
	known map[string]platform.Business
	err   error
}

func (b *businesses) Find(_ context.Context, _ bool, siren string) (platform.Business, error) {
	found, ok := b.known[siren]
	if !ok {
		return platform.Business{}, b.err
	}
	return found, nil
}

// sirenAlone is a business that is known by nothing else.
func sirenAlone(keep bool) invoice.Order {
	c := invoicetest.Business()
	return invoice.Order{
		Customer: invoice.Customer{Name: c.Name, SIREN: c.SIREN}, KeepUnreachable: keep, Items: []invoice.Item{invoicetest.Item("Lampe", 1, 10_00, 200)},
	}
}

func TestTheBuyerIsLookedUpBeforeANumberIsUsed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	siren := invoicetest.Business().SIREN
	d := &businesses{err: directory.ErrUnknown}
	f.Directory = d
	refused := func(what string, code errs.Code) {
		t.Helper()
		if _, err := f.Create(t.Context(), f.who, sirenAlone(false), Idempotency{}); !errs.Is(err, code) {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("not in the directory", errs.BuyerUnreachable)
	d.known = map[string]platform.Business{siren: {SIREN: siren, Lines: []platform.Line{{}}}}
	refused("not addressable", errs.BuyerUnreachable)
	lines := []platform.Line{{SIRET: siren + "00019", Addressable: true}, {SIRET: siren + "00027", Addressable: true}}
	d.known[siren] = platform.Business{SIREN: siren, Lines: lines}
	refused("several lines", errs.ValidationError)
	if n := f.number(`select count(*) from counters`); n != 0 {
		t.Errorf("%d counters were used", n)
	}
	lines[1].Addressable = false
	lines[0].Address = invoice.Address{Street: "1 place du Marché", PostCode: "69001", City: "Lyon", Country: "FR"}
	r := f.create(sirenAlone(false))
	if r.Document.Buyer.Electronic.Value != siren+"_"+siren+"00019" || r.Document.Buyer.Address != lines[0].Address || r.Seqino != SeqinoSubmitted {
		t.Errorf("%+v", r.Document.Buyer)
	}
	known := sirenAlone(false)
	known.Customer.Address.City = "Paris"
	if r := f.create(known); r.Document.Buyer.Address.Street != "" {
		t.Errorf("the directory overrules the caller: %+v", r.Document.Buyer.Address)
	}
	f.create(private(10_00)) // nobody looks up a consumer
	f.Directory = &businesses{err: errors.New("down")}
	if r := f.create(sirenAlone(false)); r.Document.Buyer.Electronic.Value != siren {
		t.Errorf("%+v", r.Document.Buyer)
	}
}

func TestAKeptInvoiceIsSentWhenItsBuyerCanBeReached(t *testing.T) {
	t.Parallel()
	f := setup(t)
	d := &businesses{err: directory.ErrUnknown}
	f.Directory = d
	r := f.create(sirenAlone(true))
	f.is(r.ID, StatusPending, SeqinoSubmitting)
	if !strings.HasPrefix(r.Problem, "The buyer cannot receive") || len(f.fake.of(r.Number)) != 0 {
		t.Fatalf("%q, %d documents", r.Problem, len(f.fake.of(r.Number)))
	}
	pdf, _, err := f.PDF(t.Context(), f.who, r.Number)
	f.must(err)
	d.err = errors.New("down")
	_, err = f.Submit(t.Context(), f.who, r.Number)
	f.must(err)
	f.is(r.ID, StatusPending, SeqinoSubmitting)
	siren := invoicetest.Business().SIREN
	d.known = map[string]platform.Business{siren: {SIREN: siren, Lines: []platform.Line{{Addressable: true}}}}
	_, err = f.Submit(t.Context(), f.who, r.Number)
	f.must(err)
	if sent := f.is(r.ID, StatusPending, SeqinoSubmitted); sent.Problem != "" {
		t.Errorf("it still says %q", sent.Problem)
	}
	if got := f.fake.of(r.Number); len(got) != 1 || string(got[0].PDF) != string(pdf) {
		t.Error("another file was sent than the one that was handed over")
	}
}
