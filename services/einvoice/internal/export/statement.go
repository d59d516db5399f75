package export

import (
	"context"
	"errors"
	"strings"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/camt"
)

// errMoved means that a payment was recorded between the two readings of a day.
var errMoved = errors.New("the day changed while its statement was made")

// statement writes the movements of a day. They are read twice, because a statement says what they add up to before it names them.
func (e *Exports) statement(ctx context.Context, x Export, f *file, t *tally) error {
	s := camt.Statement{
		ID: strings.ReplaceAll(x.ID.String(), "-", ""), Account: "EUPAY-" + x.MerchantID[max(0, len(x.MerchantID)-12):], Owner: x.Company.Name,
		Created: x.CreatedAt, From: e.begin(x.From), To: e.begin(x.To.Add(1)),
	}
	for m, err := range e.movements(ctx, x) {
		if err != nil {
			return err
		}
		count(&s.Credits, &s.Debits, m.amount())
	}
	w, err := camt.NewWriter(f, s)
	if err != nil {
		return err
	}
	sum(&t.totals.Received, &t.totals.PaidOut)
	var credits, debits camt.Sum
	for m, err := range e.movements(ctx, x) {
		if err != nil {
			return err
		}
		count(&credits, &debits, m.amount())
		t.flow(m.amount())
		further := list(m.GetMerchantReference(), m.GetOriginalReference(), m.invoices())
		if err := w.Write(camt.Entry{Reference: m.GetReference(), Amount: m.amount(), At: m.GetAt().AsTime(), Text: m.GetDescription(), Further: further}); err != nil {
			return err
		}
	}
	if credits != s.Credits || debits != s.Debits {
		return errMoved
	}
	return w.Close()
}

func count(credits, debits *camt.Sum, c money.Cents) {
	if c < 0 {
		debits.Add(-c)
	} else {
		credits.Add(c)
	}
}
