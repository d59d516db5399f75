package store

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/tally"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// Period is a time of which the payments of a merchant are counted, by when they were created.
type Period struct {
	MerchantID string
	Livemode   bool
	// From is inclusive, To is exclusive; zero: until now.
	From, To time.Time
	// Parts are the beginnings of the parts of the period, in order; the first is From.
	Parts []time.Time
	// Metadata chooses payments as that of a Filter does; empty: all.
	Metadata string
}

// Summary is the numbers of a period.
type Summary struct {
	Statuses []StatusTotal
	// Refunded is what was given back of the payments of the period, whenever that was.
	Refunded money.Cents
	// Median and P95 are of how long the payments that were paid, at most the newest 10,000, took from their creation to their completion; 0 if
	// there is none.
	Median, P95 time.Duration
	// Parts are as many as those of the period.
	Parts []PartTotal
	// Banks are those of the payers of the paid payments, the largest amount first.
	Banks []BankTotal
}

// StatusTotal counts the payments that have a status.
type StatusTotal struct {
	Status payment.Status
	Count  int64
	Amount money.Cents
}

// PartTotal counts the payments that were created in a part of a period.
type PartTotal struct {
	Created, Paid int64
	PaidAmount    money.Cents
}

// maxBanks is how many banks a summary names.
const maxBanks = 20

// BankTotal counts the paid payments of a bank. BIC has 8 characters; it is empty for payments whose bank is not known and those of the
// banks that are not among the largest.
type BankTotal struct {
	BIC    string
	Paid   int64
	Amount money.Cents
}

// inPeriod selects the payments of a period from the rows. The index payments_summary_bank has all of its columns and those that are counted.
const inPeriod = ` from payments where kind = 'payment' and origin <> 'scan' and merchant_id = $1 and livemode = $2
	and created_at >= $3 and ($4::timestamptz is null or created_at < $4)`

// period is what inPeriod selects and its arguments.
func period(p Period) (selected string, args []any) {
	selected, args = inPeriod, []any{p.MerchantID, p.Livemode, p.From, nil}
	if !p.To.IsZero() {
		args[3] = p.To
	}
	if p.Metadata != "" {
		selected += " and metadata_terms @> $5"
		args = append(args, []int64{metadataTerm(p.MerchantID, p.Livemode, p.Metadata)})
	}
	return selected, args
}

// mostTimed is of how many payments of a period the newest are timed: more change the median by nothing that matters.
const mostTimed = 10_000

// Summarize counts the payments of a period. Payments chosen by metadata are counted one by one, and so are periods that are not made of whole
// hours; otherwise the counters know them, and the cost depends on the length of the period and not on how many payments it has.
func (s *Store) Summarize(ctx context.Context, p Period) (Summary, error) {
	out := Summary{Parts: make([]PartTotal, len(p.Parts))}
	if err := s.time(ctx, p, &out); err != nil {
		return Summary{}, fmt.Errorf("summarize payments: %w", err)
	}
	var banks []BankTotal
	var err error
	if p.Metadata != "" || !whole(p) {
		banks, err = s.countEach(ctx, p, &out)
	} else {
		banks, err = s.addUp(ctx, p, &out)
	}
	if err != nil {
		return Summary{}, fmt.Errorf("summarize payments: %w", err)
	}
	out.keepBanks(banks)
	return out, nil
}

// whole reports whether all bounds of a period are whole hours, as those of days are in every time zone of the euro area.
func whole(p Period) bool {
	for _, t := range append([]time.Time{p.From, p.To}, p.Parts...) {
		if !t.IsZero() && !t.Truncate(time.Hour).Equal(t) {
			return false
		}
	}
	return true
}

// time measures how long the newest paid payments of the period took.
func (s *Store) time(ctx context.Context, p Period, out *Summary) error {
	selected, args := period(p)
	var seconds []float64 // they are sorted several times as fast as intervals
	err := s.reads.QueryRow(ctx, `select coalesce(percentile_disc(array[0.5, 0.95]) within group (order by took), '{0,0}')
		from (select date_part('epoch', completed_at - created_at) as took`+selected+fmt.Sprintf(` and completed_at is not null
		order by created_at desc limit %d) newest`, mostTimed), args...).Scan(&seconds)
	if err == nil {
		out.Median, out.P95 = duration(seconds[0]), duration(seconds[1])
	}
	return err
}

// addUp reads the summary from the counters.
func (s *Store) addUp(ctx context.Context, p Period, out *Summary) ([]BankTotal, error) {
	f := tally.Filter{List: "payments", MerchantID: p.MerchantID, Livemode: p.Livemode}
	periods := make([]tally.Period, len(p.Parts))
	for i, from := range p.Parts {
		periods[i] = tally.Period{From: from, To: p.To}
		if i+1 < len(p.Parts) {
			periods[i].To = p.Parts[i+1]
		}
	}
	statuses, err := tally.ByGroup(ctx, s.reads, f, periods...)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(statuses, func(a, b tally.Part) int { return cmp.Compare(a.Group, b.Group) })
	for _, t := range statuses {
		out.add(t.Part+1, StatusTotal{payment.Status(t.Group), t.Rows, money.Cents(t.Cents)})
	}
	all := tally.Period{From: p.From, To: p.To}
	f.List = "payments.refunded"
	refunded, err := tally.ByGroup(ctx, s.reads, f, all)
	if err != nil {
		return nil, err
	}
	for _, t := range refunded {
		out.Refunded += money.Cents(t.Cents)
	}
	f.List = "payments.paid"
	paid, err := tally.ByGroup(ctx, s.reads, f, all)
	banks := make([]BankTotal, len(paid))
	for i, t := range paid {
		banks[i] = BankTotal{BIC: t.Group, Paid: t.Rows, Amount: money.Cents(t.Cents)}
	}
	slices.SortStableFunc(banks, func(a, b BankTotal) int { return cmp.Compare(b.Amount, a.Amount) })
	return banks, err
}

// countEach reads the summary from the payments.
func (s *Store) countEach(ctx context.Context, p Period, out *Summary) ([]BankTotal, error) {
	selected, args := period(p)
	rows, err := s.reads.Query(ctx, fmt.Sprintf(`select width_bucket(created_at, $%d::timestamptz[]), status, count(*), sum(amount_cents)::bigint,
		sum(amount_refunded_cents)::bigint`, len(args)+1)+selected+`
		group by 1, 2 order by 2, 1`, append(slices.Clone(args), p.Parts)...)
	if err != nil {
		return nil, err
	}
	if err := out.read(rows); err != nil {
		return nil, err
	}
	rows, err = s.reads.Query(ctx, `select left(payer_bic, 8), count(*), sum(amount_cents)::bigint`+selected+` and completed_at is not null
		group by 1 order by 3 desc, 1`, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[BankTotal])
}

// read adds up the rows, which are ordered by status.
func (s *Summary) read(rows pgx.Rows) error {
	defer rows.Close()
	for rows.Next() {
		var part int
		var t StatusTotal
		var refunded money.Cents
		if err := rows.Scan(&part, &t.Status, &t.Count, &t.Amount, &refunded); err != nil {
			return err
		}
		s.Refunded += refunded
		s.add(part, t)
	}
	return rows.Err()
}

// add adds what a part of the period, from 1, has in a status. The statuses come in their order.
func (s *Summary) add(part int, t StatusTotal) {
	if n := len(s.Statuses); n == 0 || s.Statuses[n-1].Status != t.Status {
		s.Statuses = append(s.Statuses, StatusTotal{Status: t.Status})
	}
	total := &s.Statuses[len(s.Statuses)-1]
	total.Count += t.Count
	total.Amount += t.Amount
	if part >= 1 && part <= len(s.Parts) { // nothing is before the first part
		s.Parts[part-1].add(t)
	}
}

// keepBanks keeps the largest banks and adds the others up.
func (s *Summary) keepBanks(all []BankTotal) {
	var others BankTotal
	for _, b := range all {
		if b.BIC != "" && len(s.Banks) < maxBanks {
			s.Banks = append(s.Banks, b)
			continue
		}
		others.Paid += b.Paid
		others.Amount += b.Amount
	}
	if others.Paid > 0 {
		s.Banks = append(s.Banks, others)
	}
}

func (p *PartTotal) add(t StatusTotal) {
	p.Created += t.Count
	if t.Status == payment.Completed || t.Status == payment.Refunded {
		p.Paid += t.Count
		p.PaidAmount += t.Amount
	}
}

func duration(seconds float64) time.Duration {
	return time.Duration(math.Round(seconds*1000)) * time.Millisecond
}
