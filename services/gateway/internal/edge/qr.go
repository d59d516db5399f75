package edge

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/patience"
)

// qrData is the documented qr_data.
type qrData struct {
	QRData       string `json:"qrData"`
	DeepLinkData string `json:"deepLinkData"`
}

const (
	signTimeout = 500 * time.Millisecond
	firstPause  = 25 * time.Millisecond
)

// sign asks for the QR code until ctx ends, with growing pauses. The expiry follows from the payment, so every call for
// the same payment gives the same code.
func (p *Payments) sign(ctx context.Context, payment *paymentsv1.Payment) *qrData {
	req := &qrv1.SignGatewayPaymentRequest{
		Reference: payment.GetReference(), MerchantId: payment.GetMerchantId(), MerchantName: payment.GetMerchantName(),
		AmountCents: payment.GetAmountCents(), Currency: payment.GetCurrency(),
		ExpiresAt: timestamppb.New(payment.GetCreatedAt().AsTime().Add(QRLife)),
	}
	for pause := firstPause; ; pause *= 2 {
		data, err := p.signOnce(ctx, req)
		if err == nil {
			return data
		}
		select {
		case <-ctx.Done():
			p.Log.WarnContext(ctx, "payment answered without QR code", "reference", payment.GetReference(), "error", err)
			return nil
		case <-time.After(pause):
		}
	}
}

func (p *Payments) signOnce(ctx context.Context, req *qrv1.SignGatewayPaymentRequest) (*qrData, error) {
	ctx, cancel := context.WithTimeout(ctx, patience.Of(ctx, signTimeout))
	defer cancel()
	resp, err := p.QR.SignGatewayPayment(ctx, req)
	if err != nil {
		return nil, err
	}
	return &qrData{QRData: resp.GetQrData(), DeepLinkData: resp.GetDeepLinkData()}, nil
}
