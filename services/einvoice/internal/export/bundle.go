package export

import (
	"context"

	"european-pay.eu/eupay/internal/bundle"
	"european-pay.eu/eupay/internal/errs"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
)

// maxBundle bounds a ZIP, which is kept in the database for a month.
const maxBundle = 2 << 30

const tooLarge = refusal("The documents of this period have more than 2 GiB. Request a shorter period.")

// bundle writes the documents of the period themselves. A merchant who never enrolled has none.
func (e *Exports) bundle(ctx context.Context, x Export, f *file, t *tally) error {
	w, err := bundle.New(f)
	if err != nil {
		return err
	}
	*t.rows = 0
	err = e.Documents(ctx, x.Who, x.From, x.To, func(v *einvoicev1.Invoice, xml, pdf []byte) error {
		if f.size > maxBundle {
			return tooLarge
		}
		*t.rows++
		return w.Add(v, xml, pdf)
	})
	if err != nil && !errs.Is(err, errs.NotFoundCode) {
		return err
	}
	return w.Close()
}
