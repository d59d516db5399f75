// Package catalog serves the pages on which merchants keep what they sell: products with their pictures, and offers.
package catalog

import (
	"embed"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const (
	home    = "/portal/catalog"
	perPage = 24
)

// rates of VAT that the API knows, in percent.
var rates = []string{"20", "10", "5.5", "2.1"}

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.For(web.Everyone, "GET /portal/catalog", list)
	s.For(web.Shop, "GET /portal/catalog/new", newPage)
	s.Once(web.Shop, "POST /portal/catalog/new", create)
	s.For(web.Shop, "POST /portal/catalog/upload", upload)
	s.For(web.Everyone, "GET /portal/catalog/{id}", edit)
	s.For(web.Shop, "POST /portal/catalog/{id}", update)
	s.For(web.Shop, "POST /portal/catalog/{id}/available", available)
	s.For(web.Shop, "POST /portal/catalog/{id}/delete", remove)
	s.For(web.Shop, "POST /portal/catalog/{id}/sold-out", soldOut)
	s.For(web.Shop, "GET /portal/catalog/set-menus/products/{id}", parts)
	s.For(web.Shop, "POST /portal/catalog/set-menus/products/{id}", saveParts)
	s.For(web.Everyone, "GET /portal/catalog/categories", allCategories)
	s.For(web.Shop, "POST /portal/catalog/categories", saveCategories)
	s.For(web.Everyone, "GET /portal/catalog/options", optionGroups)
	s.For(web.Shop, "GET /portal/catalog/options/new", newGroup)
	s.Once(web.Shop, "POST /portal/catalog/options/new", createGroup)
	s.For(web.Shop, "GET /portal/catalog/options/groups/{id}", editGroup)
	s.For(web.Shop, "POST /portal/catalog/options/groups/{id}", updateGroup)
	s.For(web.Shop, "POST /portal/catalog/options/groups/{id}/delete", removeGroup)
	s.For(web.Everyone, "GET /portal/catalog/offers", offers)
	s.For(web.Shop, "GET /portal/catalog/offers/new", newOffer)
	s.Once(web.Shop, "POST /portal/catalog/offers/new", createOffer)
	s.For(web.Shop, "GET /portal/catalog/offers/{kind}/{id}", editOffer)
	s.For(web.Shop, "POST /portal/catalog/offers/{kind}/{id}", updateOffer)
	s.For(web.Shop, "POST /portal/catalog/offers/{kind}/{id}/delete", removeOffer)
	return s.Templates("catalog", templates)
}

// mayWrite reports whether the user's role changes the catalog; accountants only read it.
func mayWrite(r *web.Request) bool { return slices.Contains(web.Shop, r.Session.Role) }

// pictures lets the page show the API's own pictures.
func pictures(r *web.Request) {
	if r.Site.APIURL != r.Site.PublicURL {
		r.AllowImages(r.Site.APIURL)
	}
}

// product is one card of the list.
type product struct {
	eupay.Product
	Picture string
}

type listing struct {
	Products   []product
	Categories []string
	Filter     *web.Form
	Filtered, MayWrite,
	Here bool
	Back string
	web.Paging
}

func list(r *web.Request) error {
	pictures(r)
	q := r.URL.Query()
	f := &web.Form{Values: q, Fields: map[string]string{}}
	p := eupay.ProductListParams{ListParams: r.ListPage(perPage), Category: f.Get("category"), Search: f.Get("search")}
	if shown := f.Get("available"); shown == "yes" || shown == "no" {
		p.Available = eupay.Ptr(shown == "yes")
	}
	got, err := r.API.Products.List(r.Ctx(), p)
	if err != nil {
		return err
	}
	out := listing{Filter: f, Filtered: p.Category != "" || p.Search != "" || p.Available != nil, MayWrite: mayWrite(r), Back: r.URL.RequestURI()}
	for _, one := range got.Data {
		out.Products = append(out.Products, product{one, r.Picture(one.ImageURL)})
	}
	out.Paging = web.PagingOf(got.Pagination)
	if out.Categories, err = categories(r); err != nil {
		return err
	}
	if c := p.Category; c != "" && !slices.Contains(out.Categories, c) {
		out.Categories = append(out.Categories, c)
	}
	return r.Render(http.StatusOK, "catalog/list", out)
}

// enough is how many products are looked at for the names of categories: the API has no list of them.
const enough = 100

// categories are those of the first products, by name, as suggestions.
func categories(r *web.Request) ([]string, error) {
	got, err := r.API.Products.List(r.Ctx(), eupay.ProductListParams{ListParams: eupay.ListParams{Limit: enough}})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, p := range got.Data {
		if p.Category != "" && !slices.Contains(out, p.Category) {
			out = append(out, p.Category)
		}
	}
	return out, nil
}

// form is the page of one product, new or not.
type form struct {
	*web.Form
	Product    *eupay.Product // nil: a new one
	Picture    string
	Rates      []map[string]any
	Categories []string
	Allergens  []box
	Groups     []tick
	MayWrite   bool
	// Takeaway are the rates of what is taken away.
	Takeaway  []map[string]any
	Meats     []string
	Languages []string
	// Stranger: the picture is at a host whose pictures pages do not show.
	Stranger bool
}

func render(r *web.Request, status int, f *web.Form, p *eupay.Product) error {
	pictures(r)
	if store := r.Site.Images; len(store) > 0 {
		r.AllowConnect(store...) // the browser puts pictures there
	}
	v := form{Form: f, Product: p, MayWrite: mayWrite(r), Allergens: boxes(f), Groups: ticks(r, f)}
	for _, rate := range rates {
		v.Rates = append(v.Rates, map[string]any{"value": rate, "label": r.Text.Decimal(rate) + "\u202f%"})
	}
	v.Takeaway = append([]map[string]any{{"value": "", "label": r.Text.T("catalog.same_rate")}}, v.Rates...)
	v.Meats, v.Languages = meats, languages
	// A catalog that cannot be read now is no reason to lose what was typed.
	if names, err := categories(r); err == nil {
		v.Categories = names
	}
	image := f.Get("image_url")
	v.Picture = r.Picture(image)
	v.Stranger = image != "" && v.Picture == ""
	return r.Render(status, "catalog/product", v)
}

func newPage(r *web.Request) error {
	return render(r, http.StatusOK, web.NewForm("vat_rate", "10", "stock_quantity", "1000", "is_available", "1", "category", r.URL.Query().Get("category")), nil)
}

func edit(r *web.Request) error {
	p, err := r.API.Products.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	f := web.NewForm("name", p.Name, "description", p.Description, "category", p.Category,
		"vat_rate", p.VATRate.String(), "stock_quantity", strconv.Itoa(p.StockQuantity), "image_url", p.ImageURL)
	f.SetAmount(r, "price_ttc", p.PriceTTC)
	if p.IsAvailable {
		f.Values.Set("is_available", "1")
	}
	showAllergens(f, p.Allergens)
	f.Values["option_groups"] = p.OptionGroups
	showDetails(f, p)
	return render(r, http.StatusOK, f, p)
}

// read takes the product from the form. What cannot be read is noted at its field.
func read(r *web.Request, f *web.Form) eupay.ProductChange {
	price := f.Amount(r, "price_ttc")
	if f.Get("price_ttc") == "" {
		f.Wrong("price_ttc", r.Text.T("common.amount_wrong"))
	}
	stock, err := strconv.Atoi(f.Get("stock_quantity"))
	if err != nil {
		f.Wrong("stock_quantity", r.Text.T("catalog.stock_wrong"))
	}
	if f.Get("name") == "" {
		f.Wrong("name", r.Text.T("catalog.name_missing"))
	}
	rate := json.Number(f.Get("vat_rate"))
	if !slices.Contains(rates, rate.String()) {
		f.Wrong("vat_rate", r.Text.T("catalog.rate_wrong"))
	}
	c := eupay.ProductChange{
		Name: eupay.Ptr(f.Get("name")), Description: eupay.Ptr(f.Get("description")), Category: eupay.Ptr(f.Get("category")), PriceTTC: &price,
		VATRate: &rate, StockQuantity: &stock, ImageURL: eupay.Ptr(f.Get("image_url")), IsAvailable: eupay.Ptr(f.Is("is_available")),
		Allergens: eupay.Ptr(allergensIn(f)), OptionGroups: groupsIn(f),
	}
	readDetails(r, f, &c)
	return c
}

func create(r *web.Request) error {
	f, file, err := submitted(r)
	if err != nil {
		return err
	}
	c := read(r, f)
	if f.OK() && file != nil {
		put(r, f, file, &c)
	}
	if f.OK() {
		p := eupay.ProductParams{
			Name: *c.Name, Description: *c.Description, Category: *c.Category, PriceTTC: *c.PriceTTC, VATRate: *c.VATRate, StockQuantity: c.StockQuantity,
			ImageURL: *c.ImageURL, IsAvailable: c.IsAvailable, Allergens: *c.Allergens,
		}
		if c.OptionGroups != nil {
			p.OptionGroups = *c.OptionGroups
		}
		newDetails(c, &p)
		_, err := r.API.Products.Create(r.Ctx(), p)
		if err == nil {
			return r.Redirect(next(f), "product_added")
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	return render(r, http.StatusUnprocessableEntity, f, nil)
}

// next is where a new product leads: to the list, or to the form of another one.
func next(f *web.Form) string {
	if f.Is("another") {
		return home + "/new?" + url.Values{"category": {f.Get("category")}}.Encode()
	}
	return home
}

func update(r *web.Request) error {
	p, err := r.API.Products.Get(r.Ctx(), r.PathValue("id"))
	if err != nil && !later(err) {
		return err
	}
	f, file, err := submitted(r)
	if err != nil {
		return err
	}
	c := read(r, f)
	keepTranslations(p, &c)
	if f.Is("remove_image") {
		c.ImageURL = eupay.Ptr("")
	}
	if p != nil && p.ImageURL == *c.ImageURL {
		c.ImageURL = nil
	}
	if p != nil && (p.StockQuantity == *c.StockQuantity || len(p.Variants) > 0) {
		c.StockQuantity = nil // what guests order meanwhile is not put back
	}
	if f.OK() && file != nil {
		put(r, f, file, &c)
	}
	if f.OK() {
		_, err := r.API.Products.Update(r.Ctx(), r.PathValue("id"), c)
		if err == nil {
			return r.Redirect(home, "product_saved")
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	if p == nil {
		p = &eupay.Product{ID: r.PathValue("id")}
	}
	return render(r, http.StatusUnprocessableEntity, f, p)
}

func available(r *web.Request) error {
	on := r.FormValue("on") != ""
	if _, err := r.API.Products.Update(r.Ctx(), r.PathValue("id"), eupay.ProductChange{IsAvailable: &on}); err != nil {
		return err
	}
	notice := "product_hidden"
	if on {
		notice = "product_shown"
	}
	return r.Redirect(r.Next(home), notice)
}

func remove(r *web.Request) error {
	if err := r.API.Products.Delete(r.Ctx(), r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(home, "product_deleted")
}
