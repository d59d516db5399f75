// Package catalog keeps the merchants' products: their data, their stock and their images.
package catalog

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
)

// The bounds of a product. The database has the same.
const (
	maxName        = 200 // characters, as all lengths here
	maxDescription = 2000
	maxCategory    = 100
	maxURL         = 2048
	// MaxPrice is a million euros, in cents.
	MaxPrice money.Cents = 100_000_000
	// MaxStock is the most pieces of a product.
	MaxStock = 1_000_000
	// defaultStock is that of the API's documentation.
	defaultStock = 1000
)

// Product is one thing that a merchant sells.
type Product struct {
	ID, MerchantID              string
	Name, Description, Category string
	// Price includes VAT, as French law wants prices for consumers to be.
	Price      money.Cents
	VATPerMill vat.Rate
	Stock      int32
	// ImageURL is empty when there is none.
	ImageURL             string
	Available            bool
	CreatedAt, UpdatedAt time.Time
}

// Fields are what a merchant sets of a product; nil is not given.
type Fields struct {
	Name, Description, Category *string
	Price                       *money.Cents
	VATPerMill                  *vat.Rate
	Stock                       *int32
	ImageURL                    *string
	Available                   *bool
}

// fill puts the given fields into the product.
func (f Fields) fill(p *Product) {
	set(&p.Name, f.Name)
	set(&p.Description, f.Description)
	set(&p.Category, f.Category)
	set(&p.Price, f.Price)
	set(&p.VATPerMill, f.VATPerMill)
	set(&p.Stock, f.Stock)
	set(&p.ImageURL, f.ImageURL)
	set(&p.Available, f.Available)
}

func set[T any](into, given *T) {
	if given != nil {
		*into = *given
	}
}

// refusals collects refused fields.
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

// check names everything that is wrong with the given fields. Whether an image is good is for Images to say.
func (f Fields) check() error {
	var bad refusals
	if f.Name != nil {
		bad.unless(strings.TrimSpace(*f.Name) != "" && isLine(*f.Name, maxName), "name", "must have 1 to %d characters and no control characters", maxName)
	}
	if f.Description != nil {
		bad.unless(isText(*f.Description, maxDescription), "description", "must have at most %d characters, and line breaks as its only control characters", maxDescription)
	}
	if f.Category != nil {
		bad.unless(isLine(*f.Category, maxCategory), "category", "must have at most %d characters and no control characters", maxCategory)
	}
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
		bad.unless(isLine(*f.ImageURL, maxURL), "image_url", "must have at most %d characters and no control characters", maxURL)
	}
	return bad.err()
}

// complete is check for a new product, which needs a name and a price.
func (f Fields) complete() error {
	var bad refusals
	bad.unless(f.Name != nil, "name", "is required")
	bad.unless(f.Price != nil, "price_ttc", "is required")
	if err := f.check(); err != nil {
		bad = append(bad, errs.From(err).Fields...)
	}
	return bad.err()
}

func isLine(s string, limit int) bool {
	return isText(s, limit) && !strings.ContainsAny(s, "\n\r")
}

func isText(s string, limit int) bool {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > limit {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' })
}

// searchKey is what searches are compared with and lists are sorted by.
func (p Product) searchKey() string { return normalise(p.Name + " " + p.Category) }

// ligatures are letters that people type as two, and that have no decomposition in Unicode.
var ligatures = strings.NewReplacer("œ", "oe", "æ", "ae", "ß", "ss", "ø", "o", "ł", "l", "’", "'")

// normalise makes texts that a person takes for the same the same: lower case, no accents, single spaces.
func normalise(s string) string {
	bare := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(s))
	return strings.Join(strings.Fields(ligatures.Replace(norm.NFC.String(bare))), " ")
}
