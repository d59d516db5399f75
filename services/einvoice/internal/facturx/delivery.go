package facturx

import (
	"strings"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// references are the numbers by which the two sides know the deal (BT-10, BT-12 to BT-14).
func (l *layout) references() (facts []fact) {
	for _, f := range []fact{
		{"Référence client", l.d.BuyerReference}, {"Bon de commande", l.d.PurchaseOrder}, {"Contrat", l.d.Contract}, {"Référence", l.d.SellerOrder},
	} {
		if f.value != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

// delivery is when and where goods were delivered and services rendered (BG-13, BG-14).
func (l *layout) delivery() string {
	var parts []string
	if d := l.d.Delivery; d != nil {
		text := "Livraison"
		if d.Date != "" {
			text += " le " + date(d.Date)
		}
		if d.Address != nil {
			text += space + ": " + strings.Join(address(*d.Address), ", ")
		}
		parts = append(parts, text)
	}
	if p := l.d.Period; p != nil {
		parts = append(parts, "Prestation du "+date(p.From)+" au "+date(p.To))
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ". ") + "."
}

// linePrice is the net price of one unit, or of as many as it is stated for.
func linePrice(l invoice.Line) string {
	if l.PriceBase == 0 {
		return price(l.NetPrice)
	}
	return decimal(l.NetPrice.String()) + space + "€" + space + "/" + space + quantity(l.PriceBase)
}
