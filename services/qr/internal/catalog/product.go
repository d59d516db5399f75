// Package catalog manages the merchants' products: their data, stock and images.
package catalog

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/plaintext"
	"european-pay.eu/eupay/internal/vat"
)

// The limits of a product. The database has the same.
const (
	maxName        = 200 // characters, as all lengths here
	maxDescription = 2000
	maxCategory    = 100
	maxURL         = 2048
	// MaxPrice is a million euros, in cents.
	MaxPrice money.Cents = 100_000_000
	// MaxStock is the maximum stock of a product.
	MaxStock = 1_000_000
	// defaultStock is the default in the API reference.
	defaultStock = 1000
)

// Product is a product of a merchant.
type Product struct {
	ID, MerchantID              string
	Name, Description, Category string
	// Price includes VAT, as French law requires of consumer prices.
	Price      money.Cents
	VATPerMill vat.Rate
	Stock      int32
	// ImageURL is empty if there is none.
	ImageURL  string
	Allergens Allergens
	// Groups are the ids of its option groups, in the order in which guests choose.
	Groups               []string
	Available            bool
	CreatedAt, UpdatedAt time.Time
	Details

	// SKU and EAN are codes of the product itself. LowStockAt is the stock at which the merchant is told; 0: never.
	SKU, EAN   string
	LowStockAt int32
	// Variants are the product's in their order. Then Stock is what they have together.
	Variants    []Variant
	hasVariants bool
}

// Fields are the fields that a merchant sets; nil if not given.
type Fields struct {
	Name, Description, Category *string
	Price                       *money.Cents
	VATPerMill                  *vat.Rate
	Stock                       *int32
	ImageURL                    *string
	Allergens                   *Allergens
	Groups                      *[]string
	Available                   *bool
	DetailFields
	codes
	// Actor is the id of the user who sets them.
	Actor string

	// upload is the key of ImageURL if it is an upload that no product has used yet.
	upload string
}

// fill sets the given fields of the product.
func (f Fields) fill(p *Product) {
	set(&p.Name, f.Name)
	set(&p.Description, f.Description)
	set(&p.Category, f.Category)
	set(&p.Price, f.Price)
	set(&p.VATPerMill, f.VATPerMill)
	set(&p.Stock, f.Stock)
	set(&p.ImageURL, f.ImageURL)
	set(&p.Allergens, f.Allergens)
	set(&p.Available, f.Available)
	f.DetailFields.fill(&p.Details)
	f.fillShop(p)
}

func set[T any](into, given *T) {
	if given != nil {
		*into = *given
	}
}

// refusals collects invalid fields.
type refusals []errs.Field

func (r *refusals) unless(ok bool, field, format string, args ...any) {
	if !ok {
		*r = append(*r, errs.Field{Field: field, Message: field + " " + fmt.Sprintf(format, args...) + "."})
	}
}

func (r *refusals) err() error {
	if len(*r) > 0 {
		return errs.Invalid(*r...)
	}
	return nil
}

// clean sanitises the given texts, like those of guests, and returns those that are too long or empty.
func (f *Fields) clean() refusals {
	var bad refusals
	for _, text := range []struct {
		field       string
		value       **string
		least, most int
		clean       func(string, int) (string, bool)
	}{
		{"name", &f.Name, 1, maxName, plaintext.Line},
		{"description", &f.Description, 0, maxDescription, plaintext.Lines},
		{"category", &f.Category, 0, maxCategory, plaintext.Line},
	} {
		if *text.value == nil {
			continue
		}
		s, ok := text.clean(**text.value, text.most)
		bad.unless(ok && len(s) >= text.least, text.field, "must have %d to %d visible characters", text.least, text.most)
		*text.value = &s
	}
	return bad
}

// check cleans and validates the given fields. Images are verified separately.
func (f *Fields) check() error {
	bad := f.clean()
	if f.Price != nil {
		bad.unless(*f.Price >= 0 && *f.Price <= MaxPrice, "price_ttc", "must be from 0 to %s", MaxPrice.JSON())
	}
	if f.VATPerMill != nil {
		bad.unless(f.VATPerMill.Code() != "", "vat_rate", "must be 20, 10, 5.5 or 2.1")
	}
	if f.Stock != nil {
		bad.unless(*f.Stock >= 0 && *f.Stock <= MaxStock, "stock_quantity", "must be from 0 to %d", MaxStock)
	}
	if f.ImageURL != nil {
		bad.unless(isURL(*f.ImageURL), "image_url", "must have at most %d visible characters", maxURL)
	}
	f.checkAllergens(&bad)
	f.checkGroups(&bad)
	f.DetailFields.check(&bad)
	f.codes.check(&bad)
	return bad.err()
}

// complete is check for a new product, which requires a name and a price.
func (f *Fields) complete() error {
	var bad refusals
	bad.unless(f.Name != nil, "name", "is required")
	bad.unless(f.Price != nil, "price_ttc", "is required")
	if err := f.check(); err != nil {
		bad = append(bad, errs.From(err).Fields...)
	}
	return bad.err()
}

func isLine(s string, limit int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= limit && !strings.ContainsFunc(s, unicode.IsControl)
}

// isURL reports whether cleaning would leave the URL unchanged.
func isURL(s string) bool {
	clean, ok := plaintext.Line(s, maxURL)
	return ok && clean == s
}

// searchKey is the text for searching and sorting.
func (p Product) searchKey() string { return plaintext.Key(p.Name + " " + p.Category) }
