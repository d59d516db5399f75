package qr

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"
	"time"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/grpcapi"
	"european-pay.eu/eupay/services/qr/internal/render"
	"european-pay.eu/eupay/services/qr/internal/signed"
)

// BenchmarkSignAndDraw is what a picture of a payment costs this service: the signature, a code of version 25 at level H
// with a logo, and the PNG.
func BenchmarkSignAndDraw(b *testing.B) {
	signer, err := signed.NewSigner(key)
	if err != nil {
		b.Fatal(err)
	}
	links, err := signed.NewLinks("https://www.european-pay.fr")
	if err != nil {
		b.Fatal(err)
	}
	sign, draw := grpcapi.New(signer, links, time.Now), render.NewServer()
	logo := image.NewNRGBA(image.Rect(0, 0, 256, 256))
	for i := range 256 * 256 {
		logo.Set(i%256, i/256, color.NRGBA{uint8(i / 256), 40, uint8(i % 256 / 8), 255})
	}
	var file bytes.Buffer
	if err := png.Encode(&file, logo); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		code, err := sign.SignGatewayPayment(b.Context(), request())
		if err != nil {
			b.Fatal(err)
		}
		_, err = draw.RenderQR(b.Context(), &qrv1.RenderQRRequest{
			Text: code.GetQrData(), Format: qrv1.ImageFormat_IMAGE_FORMAT_PNG, Options: &qrv1.ImageOptions{Logo: file.Bytes()},
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
