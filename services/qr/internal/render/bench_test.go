package render

import "testing"

func BenchmarkPNGWithLogo(b *testing.B) {
	o := Options{Margin: 4, Logo: pngFile(b, roundel(256, 256))}
	for b.Loop() {
		if _, err := mustText(b, paymentURL).PNG(o); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPNG(b *testing.B) {
	for b.Loop() {
		if _, err := mustText(b, paymentURL).PNG(Options{Margin: 4}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSVGWithLogo(b *testing.B) {
	o := Options{Margin: 4, Logo: pngFile(b, roundel(256, 256))}
	for b.Loop() {
		if _, err := mustText(b, paymentURL).SVG(o); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCode(b *testing.B) {
	for b.Loop() {
		mustText(b, paymentURL)
	}
}

func BenchmarkCard(b *testing.B) {
	for name, card := range cards(b) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := card.PDF(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
