package invoice

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"european-pay.eu/eupay/internal/money"
)

// New issues an invoice: it validates the order and calculates the document of EN 16931 from its prices, which include VAT.
// Problems of the order are returned as one errs.Error that names every field as the public API does. Any other error means that
// the number, the day or the settings, which are the caller's responsibility, are invalid.
//
// Items of less than one cent or with a price of zero, and orders with a total of zero after the discount, are refused: a unit
// price must be above zero (BR-FR-DEC-03), and a total of zero is never paid. So a free item has no line.
func New(number string, issued Date, s Settings, o Order) (Document, error) {
	if err := checkIssue(number, issued, s); err != nil {
		return Document{}, err
	}
	o = o.trimmed()
	var p problems
	x := p.trade(o, s)
	p.items(o.Items, x)
	p.order(o, issued)
	if err := p.Err(); err != nil {
		return Document{}, err
	}
	d := Document{
		Number: number, Issued: issued, Due: dueDate(s, o, issued), Type: TypeInvoice, Audience: x.audience,
		BuyerReference: o.BuyerReference, References: References{SellerOrder: o.Reference, PurchaseOrder: o.PurchaseOrder, Contract: o.Contract},
		Seller: s.seller(), Buyer: x.buyer, Delivery: o.delivery(), Period: o.period(), Lines: x.lines(o.Items),
	}
	d.Process = process(d.Lines, o.PaidOn != "")
	d.Notes = s.legalNotes(x.audience, slices.ContainsFunc(d.Lines, func(l Line) bool { return l.Nature == Services }))
	if o.Notes != "" {
		d.Notes = append(d.Notes, Note{NoteGeneral, o.Notes})
	}
	d.Payment = payment(s, o, number, d.Due)
	o.final(&d)
	d.price(o.Discount, o.PaidOn != "")
	if p.deposits(&d); len(p.Problems) > 0 {
		return Document{}, p.Err()
	}
	d.exemptions(x, o.Items)
	d.abroad()
	return d, nil
}

// final makes the document the deposit or the final invoice that the order asks for.
func (o Order) final(d *Document) {
	if o.Deposit {
		d.Type = TypeDeposit
	}
	if len(o.Deductions) > 0 {
		d.Deductions, d.Process = o.Deductions, d.Process[:1]+"4"
	}
}

func checkIssue(number string, issued Date, s Settings) error {
	if !numberForm.MatchString(number) {
		return fmt.Errorf("issue an invoice: number %q is against BR-FR-01 or BR-FR-02", number)
	}
	if _, err := ParseDate(string(issued)); err != nil {
		return fmt.Errorf("issue invoice %s on %q: %w", number, issued, err)
	}
	if err := s.check(problems{stored: true}); err != nil {
		// Not wrapped: these are not fields of the order.
		return fmt.Errorf("issue invoice %s: settings of the seller: %s", number, err.Error())
	}
	return nil
}

func dueDate(s Settings, o Order, issued Date) Date {
	return cmp.Or(o.PaidOn, o.Due, issued.Add(s.TermDays))
}

// seller returns the merchant as party of its documents.
func (s Settings) seller() Party {
	p := Party{
		Name: s.LegalName, TradingName: s.TradingName, LegalInfo: s.LegalForm, SIREN: s.SIREN(), SIRET: s.SIRET, VATNumber: s.VATNumber,
		Electronic: ElectronicAddress{SchemeElectronic, cmp.Or(s.ElectronicAddress, s.SIREN())},
		Address:    s.Address, Email: s.Email, Phone: s.Phone,
	}
	if p.VATNumber == "" {
		p.TaxRegistration = p.SIREN
	}
	return p
}

func (x trade) lines(items []Item) []Line {
	list := make([]Line, len(items))
	for i, it := range items {
		unit, _ := unitCode(it.Unit)
		list[i] = Line{
			ID: strconv.Itoa(i + 1), Name: it.Name, Description: it.Description, Nature: x.nature(it), Quantity: it.Quantity,
			Unit: unit, UnitGross: it.UnitPrice, Category: x.category(it), VATPerMill: it.VATPerMill,
		}
	}
	return list
}

// process returns BT-23: what is sold, and whether it was paid before.
func process(list []Line, paid bool) string {
	goods := slices.ContainsFunc(list, func(l Line) bool { return l.Nature == Goods })
	services := slices.ContainsFunc(list, func(l Line) bool { return l.Nature == Services })
	kind, when := "B", "1"
	switch {
	case goods && services:
		kind = "M"
	case services:
		kind = "S"
	}
	if paid {
		when = "2"
	}
	return kind + when
}

// The codes of UNTDID 4461 in use.
const (
	meansCash     = "10"
	meansTransfer = "30"
	meansCard     = "48"
	meansOther    = "ZZZ"
)

// payment returns how the invoice is or was paid. A transfer requires an account (BR-61); without one the means is "agreed
// otherwise".
func payment(s Settings, o Order, number string, due Date) Payment {
	p := Payment{Means: meansOther, Reference: cmp.Or(o.PaymentReference, number), Terms: terms(o, due)}
	switch {
	case o.PaidOn != "" && o.Method == MethodCash:
		p.Means = meansCash
	case o.PaidOn != "" && (o.Method == MethodCard || o.Method == MethodTerminal):
		p.Means = meansCard
	case s.IBAN != "" && (o.PaidOn == "" || o.Method == MethodBank):
		p.Means, p.IBAN, p.BIC = meansTransfer, s.IBAN, s.BIC
	}
	return p
}

// itemsGross returns the total price of all items.
func itemsGross(items []Item) money.Cents {
	var sum money.Cents
	for _, it := range items {
		sum += lineGross(it.Quantity, it.UnitPrice)
	}
	return sum
}
