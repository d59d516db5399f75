package invoice

import (
	"slices"
	"strings"

	"european-pay.eu/eupay/internal/ident"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/vat"
)

// The limits of an order. With them no sum can overflow.
const (
	maxItems     = 1000
	maxQuantity  = 1_000_000 * One
	maxUnitPrice = money.Cents(1_000_000_00)
	maxTotal     = money.Cents(100_000_000_00)
	// maxDueDays detects a mistyped year.
	maxDueDays = 366
)

// MaxPaidDays is how long before the invoice a payment may be. It detects a mistyped year, which would be reported to the
// administration at once.
const MaxPaidDays = 366

var methods = []Method{MethodCash, MethodCard, MethodBank, MethodTerminal, MethodOther}

// trimmed removes spaces around texts, and invisible characters.
func (o Order) trimmed() Order {
	o.Notes = block(o.Notes)
	c, d := &o.Customer, &o.DeliveryAddress
	for _, s := range []*string{
		&o.Reference, &o.BuyerReference, &o.PurchaseOrder, &o.Contract, &c.Name, &c.Email, &c.Phone, &c.ElectronicAddress,
		&c.Address.Street, &c.Address.More, &c.Address.PostCode, &c.Address.City, &c.Address.Country,
		&d.Street, &d.More, &d.PostCode, &d.City, &d.Country,
	} {
		*s = trim(*s)
	}
	for _, s := range []*string{&c.SIREN, &c.SIRET, &c.VATNumber} {
		*s = ident.Compact(*s)
	}
	o.Items = slices.Clone(o.Items)
	for i := range o.Items {
		it := &o.Items[i]
		it.Name, it.Description, it.ExemptReason = trim(it.Name), block(it.Description), trim(it.ExemptReason)
		it.Unit, it.ExemptCode = trim(it.Unit), strings.ToUpper(trim(it.ExemptCode))
	}
	return o
}

// items validates each item and the limit on their sum.
func (p *problems) items(items []Item, x trade) {
	if len(items) == 0 {
		p.Add("items", "must have at least one item")
	}
	if len(items) > maxItems {
		p.Add("items", "must have at most %d items", maxItems)
		return
	}
	before := len(p.Problems)
	for i, it := range items {
		p.item(refuse.At("items", i)+".", it, x)
	}
	if len(p.Problems) == before {
		p.apart(items, x)
	}
	if len(p.Problems) == before && itemsGross(items) > maxTotal {
		p.Add("items", "must cost at most %s EUR in total", maxTotal)
	}
}

func (p *problems) item(at string, it Item, x trade) {
	p.text(at+"product_name", it.Name, maxName, true)
	p.lines(at+"description", it.Description, maxDescription, false)
	p.text(at+"vat_exemption_reason", it.ExemptReason, maxName, false)
	priced := true
	if it.Quantity <= 0 || it.Quantity > maxQuantity {
		p.Add(at+"quantity", "must be above 0 and at most %s", maxQuantity)
		priced = false
	}
	if it.UnitPrice <= 0 || it.UnitPrice > maxUnitPrice {
		p.Add(at+"unit_price_ttc", "must be from 0.01 to %s: omit free items, or use discount_amount", maxUnitPrice)
		priced = false
	}
	if priced && lineGross(it.Quantity, it.UnitPrice) == 0 {
		p.Add(at+"quantity", "times unit_price_ttc must be at least one cent")
	}
	p.rate(at, it, x)
	if _, known := unitCode(it.Unit); !known {
		p.Add(at+"unit", "must be a word such as hour, day, kg or litre, or a code of UN/ECE Recommendation 20 such as HUR")
	}
	if it.Nature != "" && it.Nature != Goods && it.Nature != Services {
		p.Add(at+"type", "must be goods or service")
	}
}

// rate validates the VAT rate, and the reason for a rate of 0.
func (p *problems) rate(at string, it Item, x trade) {
	known := slices.Contains(vat.Rates, it.VATPerMill) || slices.Contains(vat.Overseas, it.VATPerMill)
	switch {
	case !known:
		p.Add(at+"vat_rate", "must be 0, 2.1, 5.5, 10 or 20; in Guadeloupe, Martinique and La Réunion also 1.05, 1.75 or 8.5")
	case it.VATPerMill == 0:
		p.exempt(at, it, x)
	case x.seller.Regime == RegimeFranchise:
		p.Add(at+"vat_rate", "must be 0: your account is exempt from VAT (article 293 B CGI)")
	case x.withoutVAT():
		p.Add(at+"vat_rate", "must be 0: there is no VAT in Guyane and Mayotte (article 294 CGI)")
	case !slices.Contains(x.rates(), it.VATPerMill):
		p.Add(at+"vat_rate", "must be 0, 2.1, 5.5, 10 or 20: neither you nor the customer is in Guadeloupe, Martinique or La Réunion")
	case it.ExemptCode != "":
		p.Add(at+"vat_exemption_code", "is only allowed with a vat_rate of 0")
	case it.ExemptReason != "":
		p.Add(at+"vat_exemption_reason", "is only allowed with a vat_rate of 0")
	}
}

// order validates the fields of the whole order.
func (p *problems) order(o Order, issued Date) {
	p.lines("notes", o.Notes, maxNotes, false)
	p.text("reference", o.Reference, maxReference, false)
	p.text("payment_reference", o.PaymentReference, maxReference, false)
	switch {
	case o.Discount < 0 || o.Discount > maxTotal:
		p.Add("discount_amount", "must be from 0 to %s", maxTotal)
	case o.Discount > 0 && len(p.Problems) == 0 && o.Discount >= itemsGross(o.Items):
		p.Add("discount_amount", "must be less than the total of the items (%s)", itemsGross(o.Items))
	}
	p.references(o)
	p.delivery(o, issued)
	p.If(o.Deposit && len(o.Deductions) > 0, "deposits", "must not be given for a deposit")
	p.If(o.AutoCredit && o.PaymentReference == "", "auto_credit", "requires payment_reference")
	p.If(o.AutoCredit && (o.Deposit || len(o.Deposits) > 0), "auto_credit", "must not be given for a deposit, or with deposits")
	p.due(o, issued)
	if o.PaidOn != "" {
		p.paid(o, issued)
	}
}

func (p *problems) due(o Order, issued Date) {
	if o.Due == "" || o.PaidOn != "" {
		return
	}
	if _, err := ParseDate(string(o.Due)); err != nil {
		p.Add("due_date", "must be a date such as %s", issued)
		return
	}
	if o.Due < issued || o.Due > issued.Add(maxDueDays) {
		p.Add("due_date", "must be from %s, the day of the invoice, to a year later", issued)
	}
}

func (p *problems) paid(o Order, issued Date) {
	if _, err := ParseDate(string(o.PaidOn)); err != nil || o.PaidOn > issued || o.PaidOn < issued.Add(-MaxPaidDays) {
		p.Add("paid_on", "must be a date up to %s, the day of the invoice, and at most a year before", issued)
	}
	if !slices.Contains(methods, o.Method) {
		p.Add("payment_method", "must be cash, card, bank, terminal or other")
	}
}
