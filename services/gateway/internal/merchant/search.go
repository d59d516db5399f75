package merchant

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/form"
)

const (
	minSearch, maxSearch = 2, 100
	// mostFound bounds what one search looks at.
	mostFound = 1000
	// sirenDigits are the first digits of a SIRET.
	sirenDigits, siretDigits = 9, 14
)

// wanted is a search in the forms in which the database can find it; what is empty finds nothing.
type wanted struct {
	// words is a tsquery of the beginnings of words; prefix a beginning in lower case, and public the same as it was typed.
	words, prefix, public string
	siren, id             string
}

func wantedOf(text string) wanted {
	w := wanted{prefix: strings.ToLower(text), public: text}
	for _, word := range strings.FieldsFunc(w.prefix, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if w.words != "" {
			w.words += " & "
		}
		w.words += word + ":*"
	}
	digits := strings.ReplaceAll(text, " ", "")
	if n := len(digits); (n == sirenDigits || n == siretDigits) && strings.Trim(digits, "0123456789") == "" {
		w.siren = digits[:sirenDigits]
	}
	if form.IsID(w.prefix) {
		w.id = w.prefix
	}
	return w
}

// Search returns a page of the merchants that a text names, newest first, and how many there are, of the first 1000: words in the name or
// the legal name, the beginning of the address of the merchant or of one of its users or of one of its public keys, the SIREN or a SIRET,
// or the id. For admins.
func (s *Merchants) Search(ctx context.Context, text string, page, limit int) ([]Merchant, int64, error) {
	text = strings.TrimSpace(text)
	if n := utf8.RuneCountInString(text); n < minSearch || n > maxSearch || strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
		return nil, 0, errs.Invalid(errs.Field{Field: "search", Message: "search must have 2 to 100 characters."})
	}
	return search(ctx, s.deps.Reads, wantedOf(text), page, limit)
}
