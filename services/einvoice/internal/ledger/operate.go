package ledger

import (
	"context"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Resubmit makes waiting and stopped transmissions due at once and returns their number: those of a document with its
// collections, or all of a merchant, including reports. A dry run only counts.
func (l *Ledger) Resubmit(ctx context.Context, id *uuid.UUID, who Who, dryRun bool) (int64, error) {
	if dryRun {
		return l.countResubmissions(ctx, id, who)
	}
	n, err := l.resubmit(ctx, id, who)
	if err != nil {
		return 0, err
	}
	l.engine.Wake(true)
	l.engine.Wake(false)
	return n, nil
}

// Count is the number of transmissions of a kind in a state, and the oldest of them.
type Count struct {
	Kind, State string
	Count       int64
	Oldest      time.Time
}

// Failure is a transmission that has failed.
type Failure struct {
	Kind, What, MerchantID, State string
	Subject                       uuid.UUID
	Attempts                      int
	Error                         string
	Next                          *time.Time
}

// exportPage is how many documents are in memory at a time.
const exportPage = 50

// Exported is a document with its files.
type Exported struct {
	Record
	XML, PDF []byte
}

// Export calls visit for the documents of one merchant issued in a range of days, inclusive, by number. Documents that have not
// been sent are rendered as they will be.
func (l *Ledger) Export(ctx context.Context, who Who, from, to invoice.Date, visit func(Exported) error) error {
	e, err := enrol.Read(ctx, l.Pool, who.MerchantID, who.Livemode)
	if errs.Is(err, errs.NotEnrolled) {
		return errs.NotFound("Merchant")
	}
	if err != nil {
		return err
	}
	after := ""
	for {
		page, err := readAll(ctx, l.Pool, `where i.merchant_id = $1 and i.livemode = $2 and i.issued_on between $3::text::date and $4::text::date and i.number > $5
			order by i.number limit $6`, who.MerchantID, who.Livemode, string(from), string(to), after, exportPage)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, r := range page {
			out := Exported{Record: r}
			if out.XML, out.PDF, err = l.documents(ctx, r, e); err != nil {
				return err
			}
			if err := visit(out); err != nil {
				return err
			}
			after = r.Number
		}
	}
}
