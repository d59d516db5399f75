package export

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

const (
	journalPage  = 1000
	journalLimit = 20 * time.Second
)

// journal reads payments, refunds or what standing orders brought from the payments service, the oldest first, in parts of which one is in memory.
func (e *Exports) journal(ctx context.Context, x Export, basis paymentsv1.JournalBasis, from, to time.Time) iter.Seq2[[]*paymentsv1.JournalRow, error] {
	req := &paymentsv1.ListJournalRequest{
		MerchantId: x.MerchantID, Livemode: x.Livemode, Basis: basis, From: timestamppb.New(from), To: timestamppb.New(to), Limit: journalPage,
	}
	return func(yield func([]*paymentsv1.JournalRow, error) bool) {
		for {
			rows, err := e.journalPart(ctx, x, req)
			if err == nil && len(rows) == 0 || !yield(rows, err) || err != nil {
				return
			}
			last := rows[len(rows)-1]
			req.AfterAt, req.AfterReference = last.GetAt(), cmp.Or(last.GetPosition(), last.GetReference())
		}
	}
}

func (e *Exports) journalPart(ctx context.Context, x Export, req *paymentsv1.ListJournalRequest) ([]*paymentsv1.JournalRow, error) {
	if err := e.renew(ctx, x); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, journalLimit)
	defer cancel()
	res, err := e.Journal.ListJournal(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("read the journal of payments: %w", err)
	}
	return res.GetRows(), nil
}

// rows are those of the parts.
func rows(parts iter.Seq2[[]*paymentsv1.JournalRow, error]) iter.Seq2[*paymentsv1.JournalRow, error] {
	return func(yield func(*paymentsv1.JournalRow, error) bool) {
		for part, err := range parts {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, r := range part {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// merge reads sources that are in the order of their days as one that is; within a day, what an earlier source has comes first.
func merge[T any](day func(T) string, sources ...iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		heads := make([]head[T], len(sources))
		for i, s := range sources {
			next, stop := iter.Pull2(s)
			defer stop()
			heads[i] = head[T]{next: next}
			heads[i].pull()
		}
		for {
			first := -1
			for i, h := range heads {
				if h.err != nil {
					yield(h.value, h.err)
					return
				}
				if h.there && (first < 0 || day(h.value) < day(heads[first].value)) {
					first = i
				}
			}
			if first < 0 || !yield(heads[first].value, nil) {
				return
			}
			heads[first].pull()
		}
	}
}

// head is the next element of a source.
type head[T any] struct {
	next  func() (T, error, bool)
	value T
	err   error
	there bool
}

func (h *head[T]) pull() { h.value, h.err, h.there = h.next() }

// mapped converts the elements of a source; convert says whether there is something.
func mapped[A, B any](source iter.Seq2[A, error], convert func(A) (B, bool, error)) iter.Seq2[B, error] {
	return func(yield func(B, error) bool) {
		for a, err := range source {
			var b B
			there := true
			if err == nil {
				b, there, err = convert(a)
			}
			if err != nil {
				yield(b, err)
				return
			}
			if there && !yield(b, nil) {
				return
			}
		}
	}
}
