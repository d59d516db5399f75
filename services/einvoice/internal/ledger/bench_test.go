package ledger

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// BenchmarkCreate is how long an invoice takes through the ledger, with a platform that answers at once: of one merchant, who shares a
// counter, or of many; submitted, which draws the page, or waiting for the mandate.
func BenchmarkCreate(b *testing.B) {
	for _, merchants := range []int{1, 64} {
		for _, status := range []platform.MandateStatus{platform.MandateActive, platform.MandatePending} {
			b.Run(fmt.Sprintf("merchants=%d/mandate=%s", merchants, status), func(b *testing.B) {
				f := setup(b)
				for i := range merchants {
					f.enrol(fmt.Sprint("b", i), true, status, nil)
				}
				var n atomic.Int64
				b.SetParallelism(8)
				b.ResetTimer()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						who := Who{fmt.Sprint("b", n.Add(1)%int64(merchants)), true}
						if _, err := f.Create(context.Background(), who, private(120_00), Idempotency{}); err != nil {
							b.Error(err)
						}
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "invoices/s")
			})
		}
	}
}
