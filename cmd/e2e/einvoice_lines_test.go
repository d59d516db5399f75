package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// sirenFrom returns a SIREN that begins with a prefix to which the sandbox's directory gives a meaning.
func sirenFrom(prefix string) string {
	n := addresses.Add(1)
	first := fmt.Sprintf("%s%05d", prefix, n)
	for digit := range 10 {
		if s := first + fmt.Sprint(digit); luhn(s) {
			return s
		}
	}
	panic("no digit fits") // one always does
}

// A deposit is paid and deducted, and a line of the final invoice comes back at its own rate. The platform takes every document.
func TestADepositItsFinalInvoiceAndALineThatComesBack(t *testing.T) {
	t.Parallel()
	m := shared.mayInvoice(t)
	who := object{"customer_name": "Menuiserie Exemple", "customer_siren": siren()}
	with := func(more object) object {
		all := object{}
		for _, o := range []object{who, more} {
			for k, v := range o {
				all[k] = v
			}
		}
		return all
	}
	item := func(name, price, rate string) object {
		return object{"product_name": name, "quantity": 2, "unit_price_ttc": json.Number(price), "vat_rate": json.Number(rate), "type": "goods"}
	}
	deposit := m.invoices(t, with(object{"type": "deposit", "items": []object{item("Acompte", "150.00", "20")}}))
	if deposit.Type != "386" || deposit.SeqinoStatus != "submitted" {
		t.Fatalf("%+v", deposit)
	}
	final := with(object{"deposits": []string{deposit.Number}, "items": []object{item("Armoire", "500.00", "20"), item("Livre", "10.00", "5.5")}})
	m.api.do(t, http.MethodPost, "/einvoice/invoices", final.json()).refused(t, http.StatusConflict, "INVALID_STATE") // not paid yet
	pay := func(i invoice) {
		t.Helper()
		if a := m.api.do(t, http.MethodPost, "/einvoice/invoices/"+i.ID+"/mark-paid", `{"payment_method":"bank"}`); a.status != http.StatusOK {
			t.Fatalf("%d %s", a.status, a.raw)
		}
	}
	pay(deposit)
	i := m.invoices(t, final)
	if i.Total != "1020" || i.Due != "720" || i.SeqinoStatus != "submitted" {
		t.Fatalf("%+v", i)
	}
	pay(i)
	a := m.api.do(t, http.MethodPost, "/einvoice/invoices/"+i.ID+"/credit-note", `{"items":[{"line":2,"quantity":1}],"reason":"Retour"}`)
	note := must[struct {
		Number, SeqinoStatus string
		VAT                  []struct {
			Rate json.Number `json:"vat_rate"`
			VAT  json.Number `json:"vat_amount"`
		} `json:"vat_breakdown"`
	}](t, a, http.StatusCreated)
	if len(note.VAT) != 1 || note.VAT[0].Rate != "5.5" || note.VAT[0].VAT != "0.52" {
		t.Errorf("the credit note: %s", a.raw)
	}
	m.api.do(t, http.MethodPost, "/einvoice/invoices/"+i.ID+"/credit-note", `{"items":[{"line":2,"quantity":2}]}`).refused(t, http.StatusConflict, "CREDIT_EXCEEDS_INVOICE")
	corrections := m.invoice(t, i.ID).Corrections
	eventually(t, "the credit note is at the platform", func() bool { return len(shared.atPlatform(t, corrections[0].Number)) == 1 })
}

// The sandbox's directory has businesses that cannot be addressed yet (405) and that have several lines (406).
func TestABuyerIsLookedUpInTheDirectory(t *testing.T) {
	t.Parallel()
	m := shared.mayInvoice(t)
	many, notYet, unknown := sirenFrom("406"), sirenFrom("405"), sirenFrom("404")
	a := m.api.do(t, http.MethodGet, "/einvoice/directory/"+many, "")
	found := must[struct {
		Reachable bool
		Address   *string `json:"electronic_address"`
		Lines     []struct {
			Address string `json:"electronic_address"`
		}
	}](t, a, http.StatusOK)
	if !found.Reachable || found.Address != nil || len(found.Lines) != 4 {
		t.Fatalf("%s", a.raw)
	}
	m.api.do(t, http.MethodGet, "/einvoice/directory/"+unknown, "").refused(t, http.StatusNotFound, "NOT_FOUND")
	order := func(more object) string {
		o := object{"customer_name": "Acme", "items": twoItems}
		for k, v := range more {
			o[k] = v
		}
		return o.json()
	}
	m.api.do(t, http.MethodPost, "/einvoice/invoices", order(object{"customer_siren": many})).refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
	for _, siren := range []string{notYet, unknown} {
		m.api.do(t, http.MethodPost, "/einvoice/invoices", order(object{"customer_siren": siren})).refused(t, http.StatusUnprocessableEntity, "BUYER_UNREACHABLE")
	}
	line := found.Lines[2].Address
	if i := m.invoices(t, object{"customer_siren": many, "customer_electronic_address": line}); i.SeqinoStatus != "submitted" || !strings.HasSuffix(line, "_COMPTA") {
		t.Errorf("to %s: %+v", line, i)
	}
	kept := m.invoices(t, object{"customer_siren": notYet, "unreachable_buyer": "keep"})
	if kept.Status != "pending" || kept.SeqinoStatus != "submitting" {
		t.Errorf("kept: %+v", kept)
	}
	m.downloads(t, kept)
}
