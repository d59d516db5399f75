package invoices

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// maxLines is as many as the form takes. The API takes more: from programs.
const maxLines = 50

// The fields of one line, as the API names them.
var lineFields = []string{"product_name", "description", "quantity", "unit_price_ttc", "vat_rate", "type", "unit", "vat_exemption_code"}

// rates are those of the API: of mainland France, none, and of the overseas departments.
var rates = []string{"20", "10", "5.5", "2.1", "0", "8.5", "1.75", "1.05"}

// draft is an invoice that is being written.
type draft struct {
	*web.Form
	Lines []int
	Rates []string
	// Choice are the electronic addresses of the customer, if it has several.
	Choice []string
	// Last: there is no other line to remove this one in favour of.
	Last, Full bool
}

func newDraft(f *web.Form, lines int) draft {
	d := draft{Form: f, Rates: rates, Last: lines == 1, Full: lines >= maxLines}
	for i := range lines {
		d.Lines = append(d.Lines, i)
	}
	f.Values.Set("lines", strconv.Itoa(lines))
	return d
}

// Line is the name of a field of a line, which is its path in the API.
func (d draft) Line(i int, field string) string { return line(i, field) }

// Number is the line's for people.
func (d draft) Number(i int) int { return i + 1 }

func line(i int, field string) string { return fmt.Sprintf("items[%d].%s", i, field) }

func newPage(r *web.Request) error {
	e, err := r.API.EInvoicing.Enrollment(r.Ctx())
	if err != nil {
		return err
	}
	if !e.Enrolled {
		return r.Redirect(home+"/enrolment", "enrol_first")
	}
	f := web.NewForm("key", web.NewKey(), line(0, "quantity"), "1", line(0, "vat_rate"), "20", "customer_type", "individual",
		"customer_address.country", "FR", "delivery_address.country", "FR")
	return r.Render(http.StatusOK, "invoices/new", newDraft(f, 1))
}

func create(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	lines, _ := strconv.Atoi(f.Get("lines"))
	lines = min(max(lines, 1), maxLines)
	if f.Get("do") == "lookup" {
		return lookUp(r, f, lines)
	}
	if do := f.Get("do"); do != "" {
		return edit(r, f, lines, do)
	}
	p := params(r, f, lines)
	if f.OK() {
		var made *eupay.Invoice
		if made, err = r.API.Invoices.Create(r.Ctx(), p); err == nil {
			return r.Redirect(path(made.ID), "invoice_created")
		}
		if !r.Refused(f, err) {
			return err
		}
		for name, wrong := range f.Fields { // of one of the deposits, which share a field
			if strings.HasPrefix(name, "deposits[") {
				f.Wrong("deposits", wrong)
			}
		}
	}
	return r.Render(http.StatusUnprocessableEntity, "invoices/new", newDraft(f, lines))
}

// edit adds a line to the form or takes one out of it, and shows it again. Nothing else happens to what was typed.
func edit(r *web.Request, f *web.Form, lines int, do string) error {
	if i, err := strconv.Atoi(strings.TrimPrefix(do, "remove-")); err == nil && i >= 0 && i < lines && lines > 1 {
		for ; i+1 < lines; i++ {
			for _, name := range lineFields {
				f.Values.Set(line(i, name), f.Values.Get(line(i+1, name)))
			}
		}
		lines--
	} else if do == "add" && lines < maxLines {
		f.Values.Set(line(lines, "quantity"), "1")
		f.Values.Set(line(lines, "vat_rate"), f.Get(line(lines-1, "vat_rate")))
		f.Values.Set(line(lines, "type"), f.Get(line(lines-1, "type")))
		f.Values.Set(line(lines, "vat_exemption_code"), f.Get(line(lines-1, "vat_exemption_code")))
		for _, name := range []string{"product_name", "description", "unit_price_ttc", "unit"} {
			f.Values.Del(line(lines, name))
		}
		lines++
	}
	d := newDraft(f, lines)
	if r.Fragment() {
		return r.RenderPart("invoices/new", "lines", d)
	}
	return r.Render(http.StatusOK, "invoices/new", d)
}

// params reads the form. What is no number is marked in it; everything else is for the API to judge.
func params(r *web.Request, f *web.Form, lines int) eupay.InvoiceParams {
	p := eupay.InvoiceParams{
		CustomerName: f.Get("customer_name"), CustomerEmail: f.Get("customer_email"), CustomerPhone: f.Get("customer_phone"), CustomerType: f.Get("customer_type"),
		CustomerAddress: eupay.Address{
			Street: f.Get("customer_address.street"), More: f.Get("customer_address.more"), PostCode: f.Get("customer_address.post_code"),
			City: f.Get("customer_address.city"), Country: strings.ToUpper(f.Get("customer_address.country")),
		},
		Notes: f.Get("notes"), Reference: f.Get("reference"), DiscountAmount: f.Amount(r, "discount_amount"), DueDate: f.Get("due_date"), IdempotencyKey: f.Get("key"),
		Type: f.Get("type"),
	}
	if f.Is("deposits") {
		p.Deposits = strings.Fields(strings.ReplaceAll(f.Get("deposits"), ",", " "))
	}
	if p.CustomerType == "business" {
		p.CustomerSIREN, p.CustomerSIRET = compact(f.Get("customer_siren")), compact(f.Get("customer_siret"))
		p.CustomerVATNumber, p.CustomerElectronicAddress = compact(f.Get("customer_vat_number")), f.Get("customer_electronic_address")
	}
	if f.Is("already_paid") {
		p.PaidOn, p.PaymentMethod = f.Get("paid_on"), eupay.PaymentMethod(f.Get("payment_method"))
	}
	if a := p.CustomerAddress; a.Street+a.More+a.PostCode+a.City == "" {
		p.CustomerAddress = eupay.Address{}
	}
	deal(f, &p)
	if f.Is("keep_unreachable") {
		p.UnreachableBuyer = "keep"
	}
	for i := range lines {
		p.Items = append(p.Items, eupay.InvoiceItem{
			ProductName: f.Get(line(i, "product_name")), Description: f.Get(line(i, "description")), Quantity: quantity(r, f, line(i, "quantity")),
			UnitPriceTTC: f.Amount(r, line(i, "unit_price_ttc")), VATRate: json.Number(rate(f.Get(line(i, "vat_rate")))), Type: f.Get(line(i, "type")),
			Unit: f.Get(line(i, "unit")),
		})
		if last := &p.Items[i]; last.VATRate == "0" {
			last.VATExemptionCode = f.Get(line(i, "vat_exemption_code"))
		}
	}
	return p
}

// deal reads the references, and when and where it was delivered.
func deal(f *web.Form, p *eupay.InvoiceParams) {
	p.BuyerReference, p.PurchaseOrder, p.ContractReference = f.Get("buyer_reference"), f.Get("purchase_order"), f.Get("contract_reference")
	p.DeliveryDate = f.Get("delivery_date")
	p.ServicePeriod = eupay.ServicePeriod{From: f.Get("service_period.from"), To: f.Get("service_period.to")}
	a := eupay.Address{Street: f.Get("delivery_address.street"), PostCode: f.Get("delivery_address.post_code"), City: f.Get("delivery_address.city")}
	if a != (eupay.Address{}) {
		a.Country = strings.ToUpper(f.Get("delivery_address.country"))
	}
	p.DeliveryAddress = a
}

// compact takes out the spaces with which people group digits.
func compact(text string) string { return strings.Join(strings.Fields(text), "") }

var number = regexp.MustCompile(`^[0-9]{1,7}(\.[0-9]{1,4})?$`)

func quantity(r *web.Request, f *web.Form, name string) json.Number {
	typed := strings.ReplaceAll(compact(f.Get(name)), ",", ".")
	if !number.MatchString(typed) {
		f.Wrong(name, r.Text.T("invoices.quantity_wrong"))
		return "1"
	}
	return json.Number(typed)
}

// rate is one of rates; what is none is the first.
func rate(typed string) string {
	for _, known := range rates {
		if typed == known {
			return known
		}
	}
	return rates[0]
}
