package grpcapi

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/store"
)

const (
	// summaryAge is from when on an answer is counted anew, and summaryPause how many times longer than the count took that is at least:
	// a busy merchant has many open dashboards and many payments.
	summaryAge   = 3 * time.Second
	summaryPause = 20
	// summaryEnd is from when on nobody is given it any more. Until then it is given to those who do not count themselves.
	summaryEnd = time.Minute
	// summaryLimit is for one count, which goes on when whoever asked first has left: others may wait for it.
	summaryLimit = 10 * time.Second
	// maxSummaries bounds what is kept.
	maxSummaries = 10_000
)

// errNotCounted is for those who wait when a count panics.
var errNotCounted = errors.New("the count has not ended")

// summaries keeps answers for a moment. A period is counted by one of those who ask for it; the others wait for the first count, and
// are given the answer before it while it is counted anew.
type summaries struct {
	count func(context.Context, store.Period) (store.Summary, error)
	now   func() time.Time

	mu    sync.Mutex
	known map[string]*summary
}

// summary is an answer that is there once done is closed. The other fields but value and err are the mutex's.
type summary struct {
	done  chan struct{}
	value store.Summary
	err   error

	counting   bool
	fresh, end time.Time
}

func newSummaries(count func(context.Context, store.Period) (store.Summary, error), now func() time.Time) *summaries {
	return &summaries{count: count, now: now, known: make(map[string]*summary)}
}

func (s *summaries) get(ctx context.Context, p store.Period) (store.Summary, error) {
	key := fmt.Sprint(p.MerchantID, p.Livemode, p.From.UnixMicro(), p.To.UnixMicro(), micros(p.Parts), p.Metadata)
	old, next := s.find(key)
	if next != nil {
		s.fill(ctx, key, old, next, p)
		if next.err == nil || old == nil {
			return next.value, next.err
		}
	}
	select {
	case <-old.done:
		return old.value, old.err
	case <-ctx.Done():
		return store.Summary{}, ctx.Err()
	}
}

func micros(times []time.Time) []int64 {
	out := make([]int64, len(times))
	for i, t := range times {
		out[i] = t.UnixMicro()
	}
	return out
}

// find returns the answer of a key, if there is one, and the next one, if the caller has to count it.
func (s *summaries) find(key string) (old, next *summary) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if old = s.known[key]; old != nil && !old.end.IsZero() && !now.Before(old.end) {
		old = nil
	}
	if old != nil && (old.counting || now.Before(old.fresh)) {
		return old, nil
	}
	next = &summary{done: make(chan struct{}), err: errNotCounted, counting: true}
	if old != nil {
		old.counting = true
		return old, next
	}
	if len(s.known) >= maxSummaries {
		clear(s.known)
	}
	s.known[key] = next
	return nil, next
}

// fill counts next, which takes the place of old unless it failed.
func (s *summaries) fill(ctx context.Context, key string, old, next *summary, p store.Period) {
	begin := s.now()
	defer func() {
		close(next.done)
		s.mu.Lock()
		defer s.mu.Unlock()
		now := s.now()
		next.counting, next.fresh, next.end = false, now.Add(max(summaryAge, summaryPause*now.Sub(begin))), now.Add(summaryEnd)
		switch {
		case next.err == nil:
			s.known[key] = next
		case old != nil:
			old.counting = false
		case s.known[key] == next:
			delete(s.known, key)
		}
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), summaryLimit)
	defer cancel()
	next.value, next.err = s.count(ctx, p)
}

// SummarizePayments implements PaymentsService.
func (s *Server) SummarizePayments(ctx context.Context, r *paymentsv1.SummarizePaymentsRequest) (*paymentsv1.SummarizePaymentsResponse, error) {
	p := store.Period{MerchantID: r.GetMerchantId(), Livemode: r.GetLivemode(), From: r.GetCreatedFrom().AsTime(), Metadata: r.GetMetadata()}
	if r.GetCreatedTo() != nil {
		p.To = r.GetCreatedTo().AsTime()
	}
	for _, part := range r.GetParts() {
		p.Parts = append(p.Parts, part.AsTime())
	}
	if len(p.Parts) == 0 {
		p.Parts = []time.Time{p.From}
	}
	sum, err := s.summaries.get(ctx, p)
	if err != nil {
		return nil, err
	}
	return summaryProto(sum), nil
}

func summaryProto(s store.Summary) *paymentsv1.SummarizePaymentsResponse {
	out := &paymentsv1.SummarizePaymentsResponse{RefundedCents: int64(s.Refunded), MedianMs: s.Median.Milliseconds(), P95Ms: s.P95.Milliseconds()}
	for _, t := range s.Statuses {
		out.Statuses = append(out.Statuses, &paymentsv1.StatusTotal{Status: string(t.Status), Count: t.Count, AmountCents: int64(t.Amount)})
	}
	for _, t := range s.Parts {
		out.Parts = append(out.Parts, &paymentsv1.PartTotal{Created: t.Created, Paid: t.Paid, PaidCents: int64(t.PaidAmount)})
	}
	for _, b := range s.Banks {
		out.Banks = append(out.Banks, &paymentsv1.BankTotal{Bic: b.BIC, Paid: b.Paid, PaidCents: int64(b.Amount)})
	}
	return out
}
