package facturx

import "testing"

// BenchmarkDocument is a whole document: 200 a second and core are wanted.
func BenchmarkDocument(b *testing.B) {
	for name, d := range all() {
		b.Run(name, func(b *testing.B) {
			l := look(b)
			b.ReportAllocs()
			for b.Loop() {
				render(b, d, l)
			}
		})
	}
}
