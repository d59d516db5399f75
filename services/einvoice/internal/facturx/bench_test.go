package facturx

import (
	"testing"

	"european-pay.eu/eupay/services/einvoice/internal/cii"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

// BenchmarkDocument is a whole document: 200 a second and core are wanted.
func BenchmarkDocument(b *testing.B) {
	for _, name := range []string{"b2c", "b2b", "many-lines"} {
		d, l := invoicetest.Find(name), look(b)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Render(d, cii.Write(d), l); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
