package export

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// endless makes payments as they are asked for, one each 25 seconds of November, and notes how much memory is in use meanwhile.
type endless struct {
	left, made int
	peak       uint64
}

func (e *endless) ListJournal(_ context.Context, r *paymentsv1.ListJournalRequest, _ ...grpc.CallOption) (*paymentsv1.ListJournalResponse, error) {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	e.peak = max(e.peak, m.HeapAlloc)
	out := &paymentsv1.ListJournalResponse{}
	for range min(e.left, int(r.GetLimit())) {
		e.left--
		e.made++
		at := timestamppb.New(r.GetFrom().AsTime().Add(time.Duration(e.made) * 25 * time.Second))
		out.Rows = append(out.Rows, &paymentsv1.JournalRow{
			At: at, Reference: fmt.Sprintf("PAY-20261101-%016d", e.made), Kind: "payment", AmountCents: int64(100 + e.made%5000), Currency: "EUR", Status: "completed",
			Description: "Order of a customer", MerchantReference: fmt.Sprintf("ORDER-%d", e.made), CreatedAt: at, CompletedAt: at,
		})
	}
	return out, nil
}

// BenchmarkExport writes 100,000 payments without reading them from the payments service. peak-MB is what is in use at most, besides garbage.
func BenchmarkExport(b *testing.B) {
	for _, of := range []struct {
		kind   Kind
		format Format
	}{{Payments, CSV}, {Payments, XLSX}, {FEC, FormatFEC}} {
		b.Run(string(of.kind)+"-"+string(of.format), func(b *testing.B) {
			r := setup(b)
			var peak uint64
			for b.Loop() {
				source := &endless{left: 100_000}
				r.Journal = source
				x, err := r.check(Request{Who: r.who, Kind: string(of.kind), Format: string(of.format), From: "2026-11-01", To: string(invoice.Date("2026-11-30")), Company: company})
				if err == nil {
					_, err = r.record(b.Context(), x, "", nil)
				}
				if err != nil {
					b.Fatal(err)
				}
				if r.makes(); r.get(x).Status != Ready {
					b.Fatalf("%+v", r.get(x))
				}
				peak = max(peak, source.peak)
			}
			b.ReportMetric(float64(100_000*b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(peak)/(1<<20), "peak-MB")
		})
	}
}
