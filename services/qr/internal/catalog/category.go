package catalog

import (
	"fmt"

	"european-pay.eu/eupay/internal/plaintext"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// maxCategories is how many categories a merchant puts in order.
const maxCategories = 200

// Category is a part of the menu. Products name theirs.
type Category struct {
	Name string
	// ImageURL is empty if there is none.
	ImageURL     string
	Translations Translations
	// Products is how many name it.
	Products int32

	// upload is as in Fields.
	upload string
}

// readCategories cleans and validates a request. Images are verified separately.
func readCategories(list []*qrv1.Category) ([]Category, error) {
	var bad refusals
	bad.unless(len(list) <= maxCategories, "categories", "must have at most %d categories", maxCategories)
	out, seen := make([]Category, 0, len(list)), map[string]bool{}
	for i, m := range list[:min(len(list), maxCategories)] {
		at := fmt.Sprintf("categories[%d].", i)
		name, ok := plaintext.Line(m.GetName(), maxCategory)
		bad.unless(ok && name != "" && !seen[name], at+"name", "must have 1 to %d visible characters, and be named once", maxCategory)
		bad.unless(isURL(m.GetImageUrl()), at+"image_url", "must have at most %d visible characters", maxURL)
		c := Category{Name: name, ImageURL: m.GetImageUrl(), Translations: translationsOf(m.GetTranslations())}
		bad.translations(at+"translations", c.Translations, maxCategory, 0)
		seen[name] = true
		out = append(out, c)
	}
	return out, bad.err()
}

func (c Category) proto() *qrv1.Category {
	return &qrv1.Category{Name: c.Name, ImageUrl: c.ImageURL, Translations: c.Translations.proto(), Products: c.Products}
}
