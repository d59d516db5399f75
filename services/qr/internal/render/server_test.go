package render

import (
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/paper/epc"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

const (
	asPNG = qrv1.ImageFormat_IMAGE_FORMAT_PNG
	asSVG = qrv1.ImageFormat_IMAGE_FORMAT_SVG
)

func TestARequestIsDrawn(t *testing.T) {
	t.Parallel()
	s := NewServer()
	png, err := s.RenderQR(t.Context(), &qrv1.RenderQRRequest{Text: paymentURL, Format: asPNG})
	if err != nil {
		t.Fatal(err)
	}
	m := pngImage(t, png.GetImage())
	if got := read(t, m); got != paymentURL || m.Bounds().Dx() != 500 { // four pixels a module, four modules of margin
		t.Errorf("%v %q", m.Bounds(), got)
	}
	svg, err := s.RenderQR(t.Context(), &qrv1.RenderQRRequest{Text: "hello", Format: asSVG, Options: &qrv1.ImageOptions{Size: 300, Margin: proto.Uint32(0)}})
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, rasterise(t, svg.GetImage())); got != "hello" {
		t.Errorf("%q", got)
	}
	for want, req := range map[string]*qrv1.RenderQRRequest{
		"format": {Text: "x"},
		"text":   {Format: asPNG},
		"size":   {Text: "x", Format: asPNG, Options: &qrv1.ImageOptions{Size: 1 << 31}},
		"margin": {Text: "x", Format: asPNG, Options: &qrv1.ImageOptions{Margin: proto.Uint32(1<<32 - 1)}},
		"scale":  {Text: "x", Format: asSVG, Options: &qrv1.ImageOptions{Scale: 1<<32 - 4}},
	} {
		if _, err := s.RenderQR(t.Context(), req); fields(err) != want {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestATransferIsDrawnAsTheGuidelineWants(t *testing.T) {
	t.Parallel()
	s := NewServer()
	req := func() *qrv1.RenderEPCRequest {
		return &qrv1.RenderEPCRequest{
			Name: "Café Noisette", Iban: "FR76 3000 6000 0112 3456 7890 189", AmountCents: 2999, Remittance: "PAY-20260617-0B25921FB72918ED", Format: asPNG,
		}
	}
	resp, err := s.RenderEPC(t.Context(), req())
	if err != nil {
		t.Fatal(err)
	}
	result, err := try(pngImage(t, resp.GetImage()))
	if err != nil {
		t.Fatal(err)
	}
	want := "BCD\n002\n1\nSCT\n\nCafe Noisette\nFR7630006000011234567890189\nEUR29.99\n\n\nPAY-20260617-0B25921FB72918ED"
	if result.GetText() != want {
		t.Errorf("%q", result.GetText())
	}
	if level := result.GetResultMetadata()[gozxing.ResultMetadataType_ERROR_CORRECTION_LEVEL]; level != "M" {
		t.Errorf("level %v", level)
	}
	longest := req()
	longest.Name, longest.Remittance, longest.Bic, longest.AmountCents = strings.Repeat("n", 70), strings.Repeat("é", 70)+strings.Repeat("r", 70), "BNPAFRPPXXX", 99_999_999_999
	resp, err = s.RenderEPC(t.Context(), longest)
	if err != nil {
		t.Fatal(err)
	}
	m := pngImage(t, resp.GetImage())
	if side := m.Bounds().Dx()/4 - 8; side > 17+4*epc.MaxVersion {
		t.Errorf("%d modules", side)
	}
	read(t, m)
	for want, spoil := range map[string]func(*qrv1.RenderEPCRequest){
		"iban":   func(r *qrv1.RenderEPCRequest) { r.Iban = "FR00" },
		"logo":   func(r *qrv1.RenderEPCRequest) { r.Options = &qrv1.ImageOptions{Logo: []byte{1}} },
		"format": func(r *qrv1.RenderEPCRequest) { r.Format = 0 },
		"dark":   func(r *qrv1.RenderEPCRequest) { r.Options = &qrv1.ImageOptions{Dark: "#ffffff"} },
	} {
		bad := req()
		spoil(bad)
		if _, err := s.RenderEPC(t.Context(), bad); fields(err) != want || !errs.Is(err, errs.ValidationError) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestACardIsLaidOut(t *testing.T) {
	t.Parallel()
	s := NewServer()
	req := &qrv1.RenderCardRequest{
		Kind: qrv1.CardKind_CARD_KIND_ORDER, Format: qrv1.CardFormat_CARD_FORMAT_A4, Text: tableURL, Name: "Café", Subject: "Table 4", Language: "en",
	}
	resp, err := s.RenderCard(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if codes := modulesOf(t, resp.GetPdf()); len(codes) != 4 || read(t, codes[3]) != tableURL {
		t.Errorf("%d codes", len(codes))
	}
	req.Format = 0
	if _, err := s.RenderCard(t.Context(), req); fields(err) != "format" {
		t.Error(err)
	}
}
