package table

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/catalog"
	"european-pay.eu/eupay/services/qr/internal/kitchen"
)

// maxParts is the maximum number of products that a guest chooses for the parts of one set menu.
const maxParts = 100

// part is a product that was chosen for a part of a set menu, one for each piece of the line.
type part struct {
	// ID and Part are of the set menu's part, ProductID and Name of the product.
	ID, Part, ProductID, Name string
	// Price is what the product costs alone, and Supplement what it adds to the set menu. Both include VAT.
	Price, Supplement money.Cents
	VATPerMill        vat.Rate
	Options           []catalog.Chosen
	// kitchen is what the kitchen knows of it.
	kitchen kitchen.Line

	// wanted are the ids of options in the guest's request.
	wanted []string
}

// extra is what the part adds to the price of the set menu: its supplement and its options.
func (p part) extra() money.Cents {
	sum := p.Supplement
	for _, o := range p.Options {
		sum += o.Price
	}
	return sum
}

// parts reads what a guest chose for the parts of an item.
func (p *problems) parts(field string, list []*qrv1.WantedPart) []part {
	if len(list) > maxParts {
		p.add(field+".parts", "must have at most %d products", maxParts)
		return nil
	}
	var parts []part
	for i, w := range list {
		if len(w.GetOptionIds()) > maxChosen {
			p.add(fmt.Sprintf("%s.parts[%d].options", field, i), "must have at most %d options", maxChosen)
		}
		parts = append(parts, part{
			ID: strings.ToLower(w.GetPartId()), ProductID: strings.ToLower(w.GetProductId()), wanted: w.GetOptionIds(),
			kitchen: readCourse(p, fmt.Sprintf("%s.parts[%d]", field, i), w),
		})
	}
	return parts
}

// products are the ids of all products of the order, also of those in set menus.
func (o *order) products() []string {
	var ids []string
	for _, q := range o.pieces() {
		ids = append(ids, q.ProductID)
	}
	return ids
}

// take copies the products of a line's parts. missing ones are identified by their position, without the reason.
func (p *problems) take(o *order, l *line, products map[string]catalog.Orderable, missing map[string]bool, field string) {
	for i := range l.Parts {
		c := &l.Parts[i]
		if missing[c.ProductID] {
			p.add(fmt.Sprintf("%sparts[%d].product_id", field, i), "is not on the menu, or not in this quantity")
			continue
		}
		product := products[c.ProductID]
		c.Name, c.Price, c.VATPerMill = product.Name, product.Price, product.Rate(o.Type == takeaway)
	}
}

// compose checks what was chosen of a set menu with these parts, and puts it in their order. A product without parts is no set menu.
func (p *problems) compose(l *line, parts []catalog.Part, field string) {
	if len(parts) == 0 {
		if len(l.Parts) > 0 {
			p.add(field+"parts", "must be empty, because this product is no set menu")
		}
		return
	}
	counts := make(map[string]int32, len(parts))
	for i := range l.Parts {
		c, at := &l.Parts[i], fmt.Sprintf("%sparts[%d].", field, i)
		k := slices.IndexFunc(parts, func(part catalog.Part) bool { return part.ID == c.ID })
		if k < 0 {
			p.add(at+"part", "must be the id of a part of this set menu")
			continue
		}
		choice, ok := parts[k].Choice(c.ProductID)
		if !ok {
			p.add(at+"product_id", "must be one of the products of %q", parts[k].Name)
			continue
		}
		c.Part, c.Supplement = parts[k].Name, choice.Extra()
		c.kitchen.Course = cmp.Or(c.kitchen.Course, parts[k].Course, l.kitchen.Course)
		counts[c.ID]++
	}
	for _, part := range parts {
		if n := counts[part.ID]; n < part.Min || n > part.Max {
			p.add(field+"parts", "must have %s of %q", part.Wants(), part.Name)
		}
	}
}

// tax works out the VAT of a line whose total is known. The price of a set menu is shared out among the chosen products in proportion to what
// each costs alone, by the largest remainder; a supplement and an option belong to their product, and a discount takes the same part of
// everything. Each product is taxed at its own rate.
func (l *line) tax() {
	l.split = nil
	if len(l.Parts) > 0 && l.Total > 0 {
		l.split = l.shares()
		l.VATPerMill = largest(l.split)
	}
	if len(l.split) == 1 { // all at one rate
		l.split = nil
	}
	l.VAT = vat.In(l.Total, l.VATPerMill)
	if l.split != nil {
		_, l.VAT = vat.Total(l.split)
	}
}

// shares returns the total of a set menu by rate.
func (l *line) shares() []vat.Share {
	alone, extras := make([]money.Cents, len(l.Parts)), money.Cents(0)
	for i, p := range l.Parts {
		alone[i] = p.Price
		extras += p.extra()
	}
	if !slices.ContainsFunc(alone, func(c money.Cents) bool { return c > 0 }) { // nothing costs anything alone
		for i := range alone {
			alone[i] = 1
		}
	}
	weights := money.Apportion(money.Cents(l.Quantity)*(l.Unit-extras), alone)
	for i, p := range l.Parts {
		weights[i] += money.Cents(l.Quantity) * p.extra()
	}
	gross := make(map[vat.Rate]money.Cents)
	for i, share := range money.Apportion(l.Total, weights) {
		gross[l.Parts[i].VATPerMill] += share
	}
	var shares []vat.Share
	for rate, amount := range gross {
		shares = append(shares, vat.Whole(amount, rate))
	}
	return vat.Sum(shares)
}

// largest is the rate at which most is taxed.
func largest(shares []vat.Share) vat.Rate {
	best := shares[0]
	for _, s := range shares {
		if s.Gross > best.Gross {
			best = s
		}
	}
	return best.Rate
}

func partViews(list []part) []*qrv1.OrderPart {
	var views []*qrv1.OrderPart
	for _, p := range list {
		views = append(views, p.showKitchen(&qrv1.OrderPart{
			PartId: p.ID, Part: p.Part, ProductId: p.ProductID, Name: p.Name, SupplementCents: int64(p.Supplement), VatPerMille: int32(p.VATPerMill),
			Options: optionViews(p.Options),
		}))
	}
	return views
}

// partRow is a part in the row of its line.
type partRow struct {
	ID         string      `json:"part_id"`
	Part       string      `json:"part"`
	ProductID  string      `json:"product_id"`
	Name       string      `json:"name"`
	Cents      int64       `json:"price_cents"`
	Supplement int64       `json:"supplement_cents"`
	VATPerMill vat.Rate    `json:"rate"`
	Options    []optionRow `json:"options"`
}

func partRows(list []part) []partRow {
	rows := make([]partRow, len(list))
	for i, p := range list {
		rows[i] = partRow{p.ID, p.Part, p.ProductID, p.Name, int64(p.Price), int64(p.Supplement), p.VATPerMill, optionRows(p.Options)}
	}
	return rows
}

func partsOf(rows []partRow) (list []part) {
	for _, r := range rows {
		list = append(list, part{
			ID: r.ID, Part: r.Part, ProductID: r.ProductID, Name: r.Name, Price: money.Cents(r.Cents), Supplement: money.Cents(r.Supplement), VATPerMill: r.VATPerMill,
			Options: optionsOf(r.Options),
		})
	}
	return list
}
