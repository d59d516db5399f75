package catalog

import (
	"fmt"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/events"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

const (
	// maxParts is the maximum of one set menu, maxPartProducts of one part, and maxOfPart how many products a guest chooses for one.
	maxParts, maxPartProducts, maxOfPart = 10, 50, 10
	maxPartName                          = maxOptionName
	// maxCourse is the last course of an order.
	maxCourse = 9
)

// Part is a choice that guests make of a set menu, such as the starter.
type Part struct {
	ID, Name string
	// Min and Max are how many products a guest chooses.
	Min, Max int32
	// Course is that of the kitchen to which they belong; 0: none.
	Course       int32
	Choices      []PartChoice
	Translations Translations
}

// PartChoice is a product of a part.
type PartChoice struct {
	ProductID string `json:"product_id"`
	// Supplement is added to the price of the set menu, VAT included at the product's rate.
	Supplement int64 `json:"supplement_cents"`
}

// Choice returns the part's choice of that product.
func (p *Part) Choice(product string) (PartChoice, bool) {
	for _, c := range p.Choices {
		if c.ProductID == product {
			return c, true
		}
	}
	return PartChoice{}, false
}

// Wants says how many products a guest chooses for the part.
func (p *Part) Wants() string {
	switch {
	case p.Min == p.Max && p.Min == 1:
		return "1 product"
	case p.Min == p.Max:
		return fmt.Sprintf("%d products", p.Min)
	case p.Min == 0:
		return fmt.Sprintf("at most %d of the products", p.Max)
	default:
		return fmt.Sprintf("%d to %d products", p.Min, p.Max)
	}
}

// parts cleans and validates the parts of a set menu; whether the products are the merchant's is a question for the database.
func (r *refusals) parts(list []Part) {
	r.unless(len(list) <= maxParts, "parts", "must have at most %d parts", maxParts)
	for i := range list[:min(len(list), maxParts)] {
		p, at := &list[i], fmt.Sprintf("parts[%d].", i)
		p.Name = r.name(at+"name", p.Name)
		r.unless(p.Max >= 1 && p.Max <= maxOfPart, at+"max_choices", "must be from 1 to %d", maxOfPart)
		r.unless(p.Min >= 0 && p.Min <= p.Max, at+"min_choices", "must be from 0 to max_choices")
		r.unless(p.Course >= 0 && p.Course <= maxCourse, at+"course", "must be from 1 to %d, or absent", maxCourse)
		r.unless(len(p.Choices) >= 1 && len(p.Choices) <= maxPartProducts, at+"products", "must have 1 to %d products", maxPartProducts)
		r.translations(at+"translations", p.Translations, maxPartName, 0)
		seen := map[string]bool{}
		for j, c := range p.Choices[:min(len(p.Choices), maxPartProducts)] {
			field := fmt.Sprintf("%sproducts[%d].", at, j)
			r.unless(isID(c.ProductID) && !seen[c.ProductID], field+"product_id", "must be the id of a product, each once in a part")
			r.unless(c.Supplement >= 0 && c.Supplement <= int64(MaxPrice), field+"supplement", "must be from 0 to %s", MaxPrice.JSON())
			seen[c.ProductID] = true
		}
	}
}

// number gives each part an id: its own if the product had that part, otherwise a new one.
func number(parts, before []Part) error {
	known := make(map[string]bool, len(before))
	for _, p := range before {
		known[p.ID] = true
	}
	var bad refusals
	for i := range parts {
		p := &parts[i]
		if p.ID == "" {
			p.ID = events.NewID()
			continue
		}
		bad.unless(known[p.ID], fmt.Sprintf("parts[%d].id", i), "must be the id of a part of this product; leave it out for a new part")
		delete(known, p.ID) // named once
	}
	return bad.err()
}

// errNoChoice refuses a product that is not the merchant's, or is a set menu itself.
func errNoChoice(part, product int) error {
	field := fmt.Sprintf("parts[%d].products[%d].product_id", part, product)
	return errs.Invalid(errs.Field{Field: field, Message: field + " must be the id of one of your products that is no set menu."})
}

func partsOf(list []*qrv1.SetMenuPart) []Part {
	parts := make([]Part, len(list))
	for i, m := range list {
		p := Part{ID: m.GetId(), Name: m.GetName(), Min: m.GetMinChoices(), Max: m.GetMaxChoices(), Course: m.GetCourse(), Translations: translationsOf(m.GetTranslations())}
		for _, c := range m.GetProducts() {
			p.Choices = append(p.Choices, PartChoice{c.GetProductId(), c.GetSupplementCents()})
		}
		parts[i] = p
	}
	return parts
}

func (p *Part) proto() *qrv1.SetMenuPart {
	m := &qrv1.SetMenuPart{Id: p.ID, Name: p.Name, MinChoices: p.Min, MaxChoices: p.Max, Course: p.Course, Translations: p.Translations.proto()}
	for _, c := range p.Choices {
		m.Products = append(m.Products, &qrv1.SetMenuChoice{ProductId: c.ProductID, SupplementCents: c.Supplement})
	}
	return m
}

// Extra is what the choice adds to the price of the set menu.
func (c PartChoice) Extra() money.Cents { return money.Cents(c.Supplement) }
