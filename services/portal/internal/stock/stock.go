// Package stock serves the pages of a shop's stock: what runs low, products by their scanned code, movements, variants, and files of the catalog.
package stock

import (
	"embed"
	"errors"
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
	home    = "/portal/stock"
	goods   = home + "/products/"
	perPage = 25
)

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.For(web.Everyone, "GET /portal/stock", overview)
	s.For(web.Everyone, "GET /portal/stock/movements", movements)
	s.For(web.Everyone, "GET /portal/stock/products/{id}", productPage)
	s.For(web.Shop, "POST /portal/stock/products/{id}", saveCodes)
	s.For(web.Shop, "POST /portal/stock/products/{id}/movements", move)
	s.Once(web.Shop, "POST /portal/stock/products/{id}/variants", addVariant)
	s.For(web.Shop, "POST /portal/stock/products/{id}/variants/{variant}", saveVariant)
	s.For(web.Shop, "POST /portal/stock/products/{id}/variants/{variant}/delete", removeVariant)
	s.For(web.Everyone, "GET /portal/stock/file", filePage)
	s.For(web.Shop, "POST /portal/stock/file", readFile)
	s.For(web.Everyone, "GET /portal/stock/export", export)
	return s.Templates("stock", templates)
}

func mayWrite(r *web.Request) bool { return slices.Contains(web.Shop, r.Session.Role) }

// overview is what runs low, and the field of a scanner.
type overviewPage struct {
	*web.Form
	Low      []eupay.LowStock
	MayWrite bool
	web.Paging
}

// overview leads to the product whose code is given.
func overview(r *web.Request) error {
	f := &web.Form{Values: r.URL.Query(), Fields: map[string]string{}}
	if ean := f.Get("ean"); ean != "" {
		found, err := r.API.Products.ByEAN(r.Ctx(), ean)
		if err == nil {
			return r.Redirect(goods+found.Product.ID+"?"+url.Values{"variant": {found.VariantID}}.Encode(), "")
		}
		switch {
		case web.Missing(err):
			f.Wrong("ean", r.Text.T("stock.unknown_code"))
		case errors.Is(err, eupay.ErrValidation):
			f.Wrong("ean", r.Text.T("stock.wrong_code"))
		default:
			return err
		}
	}
	got, err := r.API.Stock.Low(r.Ctx(), r.ListPage(perPage))
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, "stock/overview", overviewPage{Form: f, Low: got.Data, MayWrite: mayWrite(r), Paging: web.PagingOf(got.Pagination)})
}

// history is a part of the list of movements. Last is the movement after which older ones follow; empty: there are none.
type history struct {
	Movements []eupay.StockMovement
	Last      string
}

func historyOf(r *web.Request, product string) (history, error) {
	got, err := r.API.Stock.Movements(r.Ctx(), eupay.StockMovementListParams{ProductID: product, Limit: perPage, StartingAfter: r.URL.Query().Get("after")})
	if err != nil {
		return history{}, err
	}
	h := history{Movements: got.Data}
	if got.HasMore && len(got.Data) > 0 {
		h.Last = got.Data[len(got.Data)-1].ID
	}
	return h, nil
}

func movements(r *web.Request) error {
	h, err := historyOf(r, "")
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, "stock/movements", h)
}

// view is the page of a product's stock.
type view struct {
	*web.Form
	Product *eupay.Product
	// Variant is the one that was scanned; nil: the product itself, or its variants to choose from.
	Variant *eupay.Variant
	history
	MayWrite bool
	Reasons  []map[string]any
	Choices  []map[string]any
	Rows     []row
}

func productPage(r *web.Request) error {
	return showProduct(r, http.StatusOK, web.NewForm("key", web.NewKey(), "reason", "delivery", "variant", r.URL.Query().Get("variant")))
}

func showProduct(r *web.Request, status int, f *web.Form) error {
	p, err := r.API.Products.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := view{Form: f, Product: p, MayWrite: mayWrite(r)}
	if v.history, err = historyOf(r, p.ID); err != nil {
		return err
	}
	v.Reasons = []map[string]any{
		{"value": "delivery", "label": r.Text.T("stock.is_delivery")},
		{"value": "return", "label": r.Text.T("stock.is_return")},
		{"value": "loss", "label": r.Text.T("stock.is_loss")},
		{"value": "correction", "label": r.Text.T("stock.is_correction")},
		{"value": "count", "label": r.Text.T("stock.is_count")},
	}
	for i, one := range p.Variants {
		v.Choices = append(v.Choices, map[string]any{"value": one.ID, "label": one.Name})
		if one.ID == f.Get("variant") {
			v.Variant = &p.Variants[i]
		}
	}
	v.Rows = rows(r, p, f)
	if f.Get("expected") == "" {
		f.Values.Set("expected", strconv.Itoa(v.stock()))
	}
	for name, value := range map[string]string{"sku": p.SKU, "ean": p.EAN, "low_stock_at": orNothing(p.LowStockAt)} {
		if !f.Values.Has(name) {
			f.Values.Set(name, value)
		}
	}
	return r.Render(status, "stock/product", v)
}

// stock is what is there of what was scanned.
func (v view) stock() int {
	if v.Variant != nil {
		return v.Variant.StockQuantity
	}
	return v.Product.StockQuantity
}

// orNothing is empty for 0.
func orNothing(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// move records a movement. The number is what was delivered, came back, is lost or was counted; only a correction has a sign.
func move(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	p, ok := readMovement(r, f)
	if ok {
		_, err := r.API.Stock.Move(r.Ctx(), p)
		if err == nil {
			return r.Redirect(goods+p.ProductID+"?"+url.Values{"variant": {p.VariantID}}.Encode(), "stock_moved")
		}
		if web.Missing(err) || !r.Refused(f, err) {
			return err
		}
	}
	f.Values.Set("key", web.NewKey()) // what was refused has moved nothing, and what is typed next is another request
	f.Values.Del("expected")          // the page shows what is there now
	return showProduct(r, http.StatusUnprocessableEntity, f)
}

func readMovement(r *web.Request, f *web.Form) (p eupay.StockMovementParams, ok bool) {
	n, err := strconv.Atoi(f.Get("quantity"))
	p = eupay.StockMovementParams{
		ProductID: r.PathValue("id"), VariantID: f.Get("variant"), Reason: eupay.StockReason(f.Get("reason")), Quantity: n, Reference: f.Get("reference"),
		IdempotencyKey: f.Get("key"),
	}
	if err != nil || n < 0 && p.Reason != eupay.StockCorrection || n == 0 && p.Reason != eupay.StockCount {
		f.Wrong("quantity", r.Text.T("stock.quantity_wrong"))
		return p, false
	}
	switch p.Reason {
	case eupay.StockLoss:
		p.Quantity = -n
	case eupay.StockCount:
		expected, err := strconv.Atoi(f.Get("expected"))
		if err != nil {
			f.Wrong("quantity", r.Text.T("stock.quantity_wrong"))
			return p, false
		}
		p.Quantity, p.Counted, p.Expected = 0, &n, &expected
	}
	return p, true
}

// codesIn reads the codes and the threshold of a form.
func codesIn(r *web.Request, f *web.Form) (sku, ean *string, low **int) {
	at := new(*int)
	if text := f.Get("low_stock_at"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			f.Wrong("low_stock_at", r.Text.T("stock.threshold_wrong"))
		}
		*at = &n
	}
	return eupay.Ptr(f.Get("sku")), eupay.Ptr(f.Get("ean")), at
}

func saveCodes(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	var c eupay.ProductChange
	c.SKU, c.EAN, c.LowStockAt = codesIn(r, f)
	if f.OK() {
		_, err := r.API.Products.Update(r.Ctx(), r.PathValue("id"), c)
		if err == nil {
			return r.Redirect(goods+r.PathValue("id"), "product_saved")
		}
		if web.Missing(err) || !r.Refused(f, err) {
			return err
		}
	}
	f.Values.Set("key", web.NewKey())
	return showProduct(r, http.StatusUnprocessableEntity, f)
}
