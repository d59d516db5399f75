package stock

import (
	"net/http"
	"strconv"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// prefix is what the fields of the form of a variant begin with, so that they are not those of the product.
const prefix = "v_"

// variantForm is the form of a variant, with the names that the API uses.
func variantForm(r *web.Request) (whole, own *web.Form, err error) {
	if whole, err = r.Form(); err != nil {
		return nil, nil, err
	}
	own = web.NewForm()
	for _, name := range []string{"name", "sku", "ean", "low_stock_at", "price_ttc", "stock_quantity", "is_available"} {
		own.Values.Set(name, whole.Get(prefix+name))
	}
	return whole, own, nil
}

// refused shows the page with what was typed and what is wrong with it.
func refused(r *web.Request, whole, own *web.Form) error {
	whole.Problem = own.Problem
	for name, what := range own.Fields {
		whole.Wrong(prefix+name, what)
	}
	whole.Values.Set("key", web.NewKey())
	return showProduct(r, http.StatusUnprocessableEntity, whole)
}

func addVariant(r *web.Request) error {
	whole, f, err := variantForm(r)
	if err != nil {
		return err
	}
	p := eupay.VariantParams{Name: f.Get("name"), SKU: f.Get("sku"), EAN: f.Get("ean")}
	if f.Get("price_ttc") != "" {
		p.PriceTTC = eupay.Ptr(f.Amount(r, "price_ttc"))
	}
	if text := f.Get("stock_quantity"); text != "" {
		if p.StockQuantity, err = strconv.Atoi(text); err != nil {
			f.Wrong("stock_quantity", r.Text.T("catalog.stock_wrong"))
		}
	}
	if _, _, low := codesIn(r, f); *low != nil {
		p.LowStockAt = **low
	}
	if p.Name == "" {
		f.Wrong("name", r.Text.T("catalog.name_missing"))
	}
	if f.OK() {
		_, err := r.API.Products.CreateVariant(r.Ctx(), r.PathValue("id"), p)
		if err == nil {
			return r.Redirect(goods+r.PathValue("id"), "variant_added")
		}
		if web.Missing(err) || !r.Refused(f, err) {
			return err
		}
	}
	return refused(r, whole, f)
}

func saveVariant(r *web.Request) error {
	whole, f, err := variantForm(r)
	if err != nil {
		return err
	}
	c := eupay.VariantChange{Name: eupay.Ptr(f.Get("name")), PriceTTC: new(*eupay.Amount), IsAvailable: eupay.Ptr(f.Is("is_available"))}
	c.SKU, c.EAN, c.LowStockAt = codesIn(r, f)
	if f.Get("price_ttc") != "" {
		*c.PriceTTC = eupay.Ptr(f.Amount(r, "price_ttc"))
	}
	if f.OK() {
		_, err := r.API.Products.UpdateVariant(r.Ctx(), r.PathValue("id"), r.PathValue("variant"), c)
		if err == nil {
			return r.Redirect(goods+r.PathValue("id"), "variant_saved")
		}
		if web.Missing(err) || !r.Refused(f, err) {
			return err
		}
	}
	whole.Values.Set("editing", r.PathValue("variant"))
	return refused(r, whole, f)
}

func removeVariant(r *web.Request) error {
	if err := r.API.Products.DeleteVariant(r.Ctx(), r.PathValue("id"), r.PathValue("variant")); err != nil {
		return err
	}
	return r.Redirect(goods+r.PathValue("id"), "variant_deleted")
}

// row is a variant with its form.
type row struct {
	eupay.Variant
	Form *web.Form
}

// rows are the variants: what was typed for the one that was refused, and what the others are.
func rows(r *web.Request, p *eupay.Product, typed *web.Form) (list []row) {
	for _, v := range p.Variants {
		f := typed
		if typed.Get("editing") != v.ID {
			f = web.NewForm(prefix+"name", v.Name, prefix+"sku", v.SKU, prefix+"ean", v.EAN, prefix+"low_stock_at", orNothing(v.LowStockAt))
			if v.PriceTTC != nil {
				f.SetAmount(r, prefix+"price_ttc", *v.PriceTTC)
			}
			if v.IsAvailable {
				f.Values.Set(prefix+"is_available", "1")
			}
		}
		list = append(list, row{v, f})
	}
	return list
}

// Fresh is the form of a new variant.
func (v view) Fresh() *web.Form {
	if v.Get("editing") == "" && v.Values.Has(prefix+"name") {
		return v.Form
	}
	return web.NewForm()
}
