package catalog

import (
	"net/http"
	"strconv"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// The most parts of a set menu, and products of a part, that the form has; blankChoices is how many rows for new products it has beside those of
// the part.
const mostParts, mostChoices, blankChoices = 10, 50, 3

// sellable is how many products are offered for the parts of a set menu.
const sellable = 500

// partsForm is the page of what guests choose of a set menu.
type partsForm struct {
	*web.Form
	Product  *eupay.Product
	Products []map[string]any
	Parts    []partRows
}

// partRows is a part in the form, with the numbers of its rows.
type partRows struct {
	N    int
	Rows []int
}

// Number is how people count the part: from 1.
func (p partRows) Number() int { return p.N + 1 }

// The fields of part n, and of its row k.
func partName(name string, n int) string { return name + "_" + strconv.Itoa(n) }

func choiceName(name string, n, k int) string { return partName(name, n) + "_" + strconv.Itoa(k) }

func partsPage(r *web.Request, status int, f *web.Form, p *eupay.Product) error {
	v := partsForm{Form: f, Product: p}
	goods, err := goodsOf(r, p.ID)
	if err != nil {
		return err
	}
	v.Products = append([]map[string]any{{"value": "", "label": "—"}}, goods...)
	used := 0
	for n := range mostParts {
		if f.Get(partName("name", n)) != "" || f.Get(partName("id", n)) != "" {
			used = n + 1
		}
	}
	for n := range min(used+1, mostParts) {
		rows := partRows{N: n}
		chosen := 0
		for k := range mostChoices {
			if f.Get(choiceName("product", n, k)) != "" {
				chosen = k + 1
			}
		}
		for k := range min(chosen+blankChoices, mostChoices) {
			rows.Rows = append(rows.Rows, k)
		}
		v.Parts = append(v.Parts, rows)
	}
	return r.Render(status, "catalog/parts", v)
}

// goodsOf are the products that a set menu may have.
func goodsOf(r *web.Request, own string) ([]map[string]any, error) {
	var out []map[string]any
	for p, err := range r.API.Products.All(r.Ctx(), eupay.ProductListParams{ListParams: eupay.ListParams{Limit: enough}}) {
		if err != nil {
			return nil, err
		}
		if p.Kind != eupay.KindSetMenu && p.ID != own {
			out = append(out, map[string]any{"value": p.ID, "label": p.Name})
		}
		if len(out) == sellable {
			break
		}
	}
	return out, nil
}

func parts(r *web.Request) error {
	p, err := r.API.Products.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	f := web.NewForm()
	for n, part := range p.Parts {
		f.Values.Set(partName("id", n), part.ID)
		f.Values.Set(partName("name", n), part.Name)
		f.Values.Set(partName("min", n), strconv.Itoa(part.MinChoices))
		f.Values.Set(partName("max", n), strconv.Itoa(part.MaxChoices))
		if part.Course > 0 {
			f.Values.Set(partName("course", n), strconv.Itoa(part.Course))
		}
		for k, c := range part.Products {
			f.Values.Set(choiceName("product", n, k), c.ProductID)
			if c.Supplement > 0 {
				f.SetAmount(r, choiceName("supplement", n, k), c.Supplement)
			}
		}
	}
	return partsPage(r, http.StatusOK, f, p)
}

// readParts takes the parts from the form. A part without a name and a row without a product are none.
func readParts(r *web.Request, f *web.Form, before []eupay.SetMenuPart) []eupay.SetMenuPartParams {
	list := []eupay.SetMenuPartParams{}
	number := func(field string, n int) int {
		if text := f.Get(field); text != "" {
			var err error
			if n, err = strconv.Atoi(text); err != nil || n < 0 {
				f.Wrong(field, r.Text.T("catalog.number_wrong"))
			}
		}
		return n
	}
	for n := range mostParts {
		if f.Get(partName("name", n)) == "" {
			continue
		}
		least := number(partName("min", n), 1)
		p := eupay.SetMenuPartParams{
			ID: f.Get(partName("id", n)), Name: f.Get(partName("name", n)), MinChoices: &least, MaxChoices: number(partName("max", n), 1),
			Course: number(partName("course", n), 0),
		}
		for _, part := range before {
			if part.ID == p.ID {
				p.Translations = part.Translations
			}
		}
		for k := range mostChoices {
			if id := f.Get(choiceName("product", n, k)); id != "" {
				p.Products = append(p.Products, eupay.SetMenuChoice{ProductID: id, Supplement: f.Amount(r, choiceName("supplement", n, k))})
			}
		}
		if len(p.Products) == 0 {
			f.Wrong(choiceName("product", n, 0), r.Text.T("catalog.choice_missing"))
		}
		list = append(list, p)
	}
	return list
}

// saveParts makes a set menu of a product, or without parts a product of a set menu.
func saveParts(r *web.Request) error {
	p, err := r.API.Products.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	f, err := r.Form()
	if err != nil {
		return err
	}
	if list := readParts(r, f, p.Parts); f.OK() {
		kind := eupay.KindSetMenu
		if len(list) == 0 {
			kind = eupay.KindProduct
		}
		_, err := r.API.Products.Update(r.Ctx(), p.ID, eupay.ProductChange{Kind: &kind, Parts: &list})
		if err == nil {
			return r.Redirect(home+"/"+p.ID, "product_saved")
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	return partsPage(r, http.StatusUnprocessableEntity, f, p)
}
