package catalog

import (
	"slices"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// said is the field of the form that says whether the merchant states the allergens. Without it, none ticked would be none contained.
const said = "allergens_said"

// box is a tick of the form.
type box struct {
	Code   eupay.Allergen
	Ticked bool
}

func boxes(f *web.Form) []box {
	var out []box
	for _, code := range eupay.AllAllergens() {
		out = append(out, box{code, slices.Contains(f.Values["allergens"], string(code))})
	}
	return out
}

// showAllergens fills the form with those of a product.
func showAllergens(f *web.Form, list []eupay.Allergen) {
	if list == nil {
		return
	}
	f.Values.Set(said, "1")
	for _, code := range list {
		f.Values.Add("allergens", string(code))
	}
}

// allergensIn are those that are ticked; nil: the merchant does not say.
func allergensIn(f *web.Form) []eupay.Allergen {
	if !f.Is(said) {
		return nil
	}
	list := []eupay.Allergen{}
	for _, b := range boxes(f) {
		if b.Ticked {
			list = append(list, b.Code)
		}
	}
	return list
}
