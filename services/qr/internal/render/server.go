package render

import (
	"context"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/paper/epc"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// Server implements RenderService.
type Server struct {
	qrv1.UnimplementedRenderServiceServer
}

// NewServer returns a server.
func NewServer() *Server { return &Server{} }

// RenderQR draws a text.
func (*Server) RenderQR(_ context.Context, req *qrv1.RenderQRRequest) (*qrv1.RenderQRResponse, error) {
	code, err := Text(req.GetText())
	if err != nil {
		return nil, err
	}
	image, err := code.image(req.GetFormat(), req.GetOptions())
	return &qrv1.RenderQRResponse{Image: image}, err
}

// RenderEPC draws a SEPA credit transfer. At level M there is no room for a logo.
func (*Server) RenderEPC(_ context.Context, req *qrv1.RenderEPCRequest) (*qrv1.RenderEPCResponse, error) {
	payload, err := epc.Transfer{
		Name: req.GetName(), IBAN: req.GetIban(), BIC: req.GetBic(), Amount: money.Cents(req.GetAmountCents()),
		Remittance: req.GetRemittance(),
	}.Payload()
	if err != nil {
		return nil, err
	}
	if len(req.GetOptions().GetLogo()) > 0 {
		return nil, invalid("logo", "is not supported on an EPC code")
	}
	code, err := EPC(payload)
	if err != nil {
		return nil, err
	}
	image, err := code.image(req.GetFormat(), req.GetOptions())
	return &qrv1.RenderEPCResponse{Image: image}, err
}

// RenderCard renders a card.
func (*Server) RenderCard(_ context.Context, req *qrv1.RenderCardRequest) (*qrv1.RenderCardResponse, error) {
	if f := req.GetFormat(); f != qrv1.CardFormat_CARD_FORMAT_A6 && f != qrv1.CardFormat_CARD_FORMAT_A4 {
		return nil, invalid("format", "must be a6 or a4")
	}
	pdf, err := Card{
		Kind: Kind(req.GetKind()), Sheet: req.GetFormat() == qrv1.CardFormat_CARD_FORMAT_A4, Text: req.GetText(), Name: req.GetName(),
		Subject: req.GetSubject(), Detail: req.GetDetail(), URL: req.GetUrl(), Language: req.GetLanguage(), Logo: req.GetLogo(),
	}.PDF()
	return &qrv1.RenderCardResponse{Pdf: pdf}, err
}

func (c *Code) image(format qrv1.ImageFormat, o *qrv1.ImageOptions) ([]byte, error) {
	options := Options{
		Size: bounded(o.GetSize()), Scale: bounded(o.GetScale()), Margin: DefaultMargin, Dark: o.GetDark(), Light: o.GetLight(), Logo: o.GetLogo(),
	}
	if o != nil && o.Margin != nil {
		options.Margin = bounded(o.GetMargin())
	}
	switch format {
	case qrv1.ImageFormat_IMAGE_FORMAT_PNG:
		return c.PNG(options)
	case qrv1.ImageFormat_IMAGE_FORMAT_SVG:
		return c.SVG(options)
	default:
		return nil, invalid("format", "must be png or svg")
	}
}

// bounded converts a number to int without overflow; a number that is too large stays too large.
func bounded(n uint32) int { return int(min(n, 1<<30)) }
