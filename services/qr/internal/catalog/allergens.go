package catalog

import (
	"slices"
	"strings"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// allergens are the codes of the substances in annex II of Regulation (EU) 1169/2011, in its order. The database has the same.
var allergens = []string{
	"gluten", "crustaceans", "eggs", "fish", "peanuts", "soybeans", "milk", "nuts", "celery", "mustard", "sesame", "sulphites", "lupin", "molluscs",
}

// Allergens are the codes of what a product contains, each once, in the order of the regulation. Nil: the merchant has not said; empty: none
// of the 14.
type Allergens []string

// checkAllergens brings the codes into their order.
func (f *Fields) checkAllergens(bad *refusals) {
	if f.Allergens == nil || *f.Allergens == nil {
		return
	}
	sorted := Allergens{}
	for _, code := range allergens {
		if slices.Contains(*f.Allergens, code) {
			sorted = append(sorted, code)
		}
	}
	unknown := slices.ContainsFunc(*f.Allergens, func(code string) bool { return !slices.Contains(allergens, code) })
	bad.unless(!unknown && len(*f.Allergens) == len(sorted), "allergens", "must be a list of %s, each at most once, or null", strings.Join(allergens, ", "))
	f.Allergens = &sorted
}

// allergensOf reads a request's; nil: they are not given.
func allergensOf(m *qrv1.Allergens) *Allergens {
	switch {
	case m == nil:
		return nil
	case !m.GetStated():
		return new(Allergens)
	default:
		given := append(Allergens{}, m.GetCodes()...)
		return &given
	}
}

func (a Allergens) proto() *qrv1.Allergens { return &qrv1.Allergens{Stated: a != nil, Codes: a} }
