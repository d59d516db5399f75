package table

import (
	"fmt"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/qr/internal/catalog"
	"european-pay.eu/eupay/services/qr/internal/stock"
)

// piece is what the line takes from the stock.
func (l *line) piece() catalog.Quantity {
	return catalog.Quantity{ProductID: l.ProductID, VariantID: l.VariantID, Count: l.Quantity}
}

// describe copies what the line is of, as it is now.
func (l *line) describe(p catalog.Orderable, takeaway bool) {
	l.Name, l.Unit, l.VATPerMill, l.category = p.Name, p.Price, p.Rate(takeaway), p.Category
	if l.VariantID != "" {
		l.VariantName = p.Variants[0].Name
	}
}

// unknown reports whether the ids of a quantity have no form of ours.
func unknown(q catalog.Quantity) bool {
	return !isID(q.ProductID) || q.VariantID != "" && !isID(q.VariantID)
}

// unavailable adds why line i cannot be ordered, without the reason, except that a variant has to be chosen.
func (p *problems) unavailable(i int, l *line, products map[string]catalog.Orderable) {
	if l.VariantID == "" && products[l.ProductID].HasVariants {
		p.add(fmt.Sprintf("items[%d].variant_id", i), "is required: choose one of the product's variants")
		return
	}
	p.add(fmt.Sprintf("items[%d].productId", i), "is not on the menu, or not in this quantity")
}

// sold and returned are why an order's goods leave the stock and come back.
func (s *Server) sold(o *order) stock.Cause {
	return stock.Cause{Reason: stock.Sale, Reference: o.ID, At: s.now()}
}

func (s *Server) returned(o *order) stock.Cause {
	return stock.Cause{Reason: stock.Cancellation, Reference: o.ID, At: s.now()}
}

// variantJSON is a variant on the menu. What is sold out is shown, and cannot be ordered.
type variantJSON struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Attributes map[string]string `json:"attributes"`
	PriceTTC   money.Cents       `json:"price_ttc"`
	Available  bool              `json:"is_available"`
}

func variantViews(p catalog.Orderable) []variantJSON {
	var views []variantJSON
	for _, v := range p.Variants {
		views = append(views, variantJSON{ID: v.ID, Name: v.Name, Attributes: v.Attributes, PriceTTC: v.PriceOf(p.Price), Available: v.Stock > 0})
	}
	return views
}
