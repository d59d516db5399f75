package store

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/tally"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// Filter of a list; zero fields do not filter.
type Filter struct {
	MerchantID string
	Livemode   bool
	Status     payment.Status
	Detail     string
	// From is inclusive, To is exclusive.
	From, To time.Time
	// Reference is ours, MerchantReference is the merchant's own.
	Reference, MerchantReference string
	// MinAmount and MaxAmount are inclusive.
	MinAmount, MaxAmount money.Cents
	// Settled is what became of the money on the merchant's account.
	Settled Settled
	// PaymentLinkID is the link that is paid.
	PaymentLinkID string
	// Metadata is a value of the metadata, or key:value.
	Metadata string
	// Search finds a text in the references, the description and the payer's name, ignoring case, and what has it as its amount or in its
	// metadata.
	Search string
}

// Settled is what became of a payment's money on the merchant's account.
type Settled string

// The values of Settled. WasSettled: the money was seen. NotSettled: the payment is paid, and its money was not seen. Unsettled: it was not seen
// in time, or was taken back, and that was announced.
const (
	WasSettled Settled = "true"
	NotSettled Settled = "false"
	Unsettled  Settled = "unsettled"
)

// apply keeps the payments of the list. No index of payments knows whether one is settled, because it would make settling slow, so those that
// are not in the list are read and left out. A merchant of which none is settled, such as one without a connected account, is known at once.
func (s Settled) apply(q *query, f Filter) {
	switch s {
	case WasSettled:
		q.and("settled_at is not null and (select exists (select from payment_settlements where merchant_id = ? and livemode = ?))", f.MerchantID, f.Livemode)
	case NotSettled:
		q.and("settled_at is null and (completed_at is not null or late_at is not null)")
	case Unsettled:
		q.and("unsettled_at is not null")
	}
}

// maxScanned limits searches for an amount or a text, which have no index: only the newest payments that match the other filters
// are searched.
const maxScanned = 20_000

// query is a select statement without its column list.
type query struct {
	from  string
	where []string
	args  []any
}

// and adds a condition; each ? is replaced by the next argument.
func (q *query) and(condition string, args ...any) {
	for _, a := range args {
		q.args = append(q.args, a)
		condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(q.args)), 1)
	}
	q.where = append(q.where, condition)
}

// keepNewest applies the conditions so far and keeps the n newest payments. Later conditions apply only to those.
func (q *query) keepNewest(n int) {
	q.from = fmt.Sprintf("(select * %s order by created_at desc, reference desc limit %d) payments", q, n)
	q.where = nil
}

// settle applies the conditions so far before all that follows. Without it PostgreSQL, which cannot know how rare a term is, reads a
// merchant's whole list in its order to find a handful of payments.
func (q *query) settle() {
	q.from = fmt.Sprintf("(select * %s offset 0) payments", q)
	q.where = nil
}

// String returns the query, starting at "from".
func (q *query) String() string {
	s := "from " + q.from
	if len(q.where) > 0 {
		s += " where " + strings.Join(q.where, " and ")
	}
	return s
}

func (f Filter) query() *query {
	q := &query{from: "payments"}
	q.and("kind = 'payment' and origin <> 'scan' and merchant_id = ? and livemode = ?", f.MerchantID, f.Livemode)
	if f.Status != "" {
		q.and("status = ?", f.Status)
	}
	if f.Detail != "" {
		q.and("status_detail = ? and status_detail <> ''", f.Detail)
	}
	if !f.From.IsZero() {
		q.and("created_at >= ?", f.From)
	}
	if !f.To.IsZero() {
		q.and("created_at < ?", f.To)
	}
	if f.Reference != "" {
		q.and("reference = ?", f.Reference)
	}
	if f.MerchantReference != "" {
		q.and("merchant_reference = ? and merchant_reference <> ''", f.MerchantReference)
	}
	f.Settled.apply(q, f)
	if f.PaymentLinkID != "" {
		q.and("payment_link_id = ? and payment_link_id <> ''", f.PaymentLinkID)
	}
	if f.Metadata != "" {
		q.and("metadata_terms @> ?", []int64{metadataTerm(f.MerchantID, f.Livemode, f.Metadata)})
		q.settle()
	}
	return q
}

// search adds the conditions that have no index.
func (f Filter) search(q *query) {
	if f.MinAmount == 0 && f.MaxAmount == 0 && f.Search == "" {
		return
	}
	q.keepNewest(maxScanned)
	if f.MinAmount > 0 {
		q.and("amount_cents >= ?", int64(f.MinAmount))
	}
	if f.MaxAmount > 0 {
		q.and("amount_cents <= ?", int64(f.MaxAmount))
	}
	if f.Search != "" {
		amount, _ := money.Parse(strings.Replace(f.Search, ",", ".", 1)) // 0, which no payment has, for what is no amount
		q.and(`(true in (select strpos(lower(concat_ws(E'\n', reference, description, merchant_reference, payer_name)), s) > 0 from unnest(?::text[]) s)
			or amount_cents = ? or coalesce(metadata_terms @> ?, false))`,
			searchVariants(f.Search), int64(amount), []int64{metadataTerm(f.MerchantID, f.Livemode, f.Search)})
	}
}

// searchVariants returns the text in the forms that PostgreSQL's lower() can produce: in a database whose locale is C it only
// changes ASCII letters, so "CAFÉ" becomes "cafÉ".
func searchVariants(text string) []string {
	lower := strings.ToLower(text)
	asciiOnly := strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return unicode.ToUpper(r)
		}
		return r
	}, lower)
	return []string{lower, asciiOnly}
}

// counted reports whether the counters of payments know how many match.
func (f Filter) counted() bool {
	return f == Filter{MerchantID: f.MerchantID, Livemode: f.Livemode, Status: f.Status, From: f.From, To: f.To}
}

// tally is the filter of the counters; edge counts what they do not know.
func (s *Store) tally(f Filter) tally.Filter {
	of := tally.Filter{List: "payments", MerchantID: f.MerchantID, Livemode: f.Livemode, From: f.From, To: f.To}
	if f.Status != "" {
		of.Groups = []string{string(f.Status)}
	}
	of.Edge = func(ctx context.Context, from, to time.Time) (n int64, err error) {
		edge := f
		edge.From, edge.To = from, to
		q := edge.query()
		return n, s.reads.QueryRow(ctx, "select count(*) "+q.String(), q.args...).Scan(&n)
	}
	return of
}

const newestFirst = " order by created_at desc, reference desc"

// List returns one page of a merchant's payments, newest first, and the total. Where the counters know the total, a page costs the same
// wherever it is; otherwise at most tally.Most payments are counted.
func (s *Store) List(ctx context.Context, f Filter, limit, offset int) ([]payment.Payment, tally.Total, error) {
	q, skip := f.query(), int64(offset)
	var total tally.Total
	if f.counted() {
		place, err := tally.Find(ctx, s.reads, s.tally(f), skip)
		if err != nil || place.Beyond {
			return nil, tally.Total{Rows: place.Total}, err
		}
		total.Rows, skip = place.Total, place.Skip
		q.and("created_at < ?", place.Before)
	} else {
		f.search(q)
		var err error
		// In the order of the list, so that its index is read: for a large shop PostgreSQL would read the whole table from its beginning.
		if total, err = tally.AtMost(ctx, s.reads, q.String()+newestFirst, q.args...); err != nil {
			return nil, total, fmt.Errorf("count payments: %w", err)
		}
	}
	page := fmt.Sprintf(newestFirst+" limit %d offset %d", limit, skip)
	list, err := s.collect(s.reads.Query(ctx, "select "+columns+" "+q.String()+page, q.args...))
	return list, total, err
}

// ListAfter returns the payments that follow the given one in the order of List, or the first ones after none, and whether there are
// more. Payments created in the meantime come before it, so none is returned twice. It returns ErrNotFound when the merchant has no
// such payment.
func (s *Store) ListAfter(ctx context.Context, f Filter, after string, limit int) (list []payment.Payment, more bool, err error) {
	q := f.query()
	if after != "" {
		last, err := s.Get(ctx, f.MerchantID, f.Livemode, after)
		if err != nil {
			return nil, false, err
		}
		q.and("(created_at, reference) < (?, ?)", last.CreatedAt, last.Reference)
	}
	f.search(q)
	page := fmt.Sprintf(newestFirst+" limit %d", limit+1)
	list, err = s.collect(s.reads.Query(ctx, "select "+columns+" "+q.String()+page, q.args...))
	if more = len(list) > limit; more {
		list = list[:limit]
	}
	return list, more, err
}
