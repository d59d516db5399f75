package gateway

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/qrimageapi"
	"european-pay.eu/eupay/services/gateway/internal/scanapi"
)

// codes makes and reads QR codes through the qr service.
type codes struct{ client qrv1.QRServiceClient }

// Decode implements scanapi.Decoder.
func (c codes) Decode(ctx context.Context, qrData string) (scanapi.Code, error) {
	res, err := c.client.DecodeQR(ctx, &qrv1.DecodeQRRequest{QrData: qrData})
	if err != nil {
		return scanapi.Code{}, err
	}
	code := scanapi.Code{
		Type: res.GetType(), RequestID: res.GetRequestId(), GatewayReference: res.GetGatewayReference(), MerchantID: res.GetMerchantId(),
		AmountCents: money.Cents(res.GetAmountCents()), Currency: res.GetCurrency(), Label: res.GetLabel(),
	}
	if res.GetExpiresAt() != nil {
		code.ExpiresAt = res.GetExpiresAt().AsTime()
	}
	return code, nil
}

// ofMerchant is the merchant's code for ever, with which the customer chooses the amount: always the same one, so that
// what is on the screen is what was printed.
func (c codes) ofMerchant(ctx context.Context, m merchant.Merchant) (qrimageapi.Code, error) {
	if m.IBAN == "" {
		return qrimageapi.Code{}, errs.New(errs.InvalidState, "Your account has no IBAN yet, so nobody could pay with this code. Add one in the merchant portal.")
	}
	res, err := c.client.SignPaymentRequest(ctx, &qrv1.SignPaymentRequestRequest{
		MerchantId: m.ID, MerchantName: m.Name, EuPayId: m.EuPayID(), Currency: "EUR",
		RequestId: uuid.NewSHA1(uuid.NameSpaceURL, []byte("eupay:merchant-code:"+m.ID)).String(),
	})
	if err != nil {
		return qrimageapi.Code{}, fmt.Errorf("sign the merchant's code: %w", err)
	}
	return qrimageapi.Code{Text: res.GetQrData()}, nil
}

// tables reads what is printed on the cards of tables.
type tables struct{ client qrv1.TableServiceClient }

func (t tables) card(ctx context.Context, merchantID, tableID string) (qrimageapi.Table, error) {
	res, err := t.client.GetTable(ctx, &qrv1.GetTableRequest{MerchantId: merchantID, Id: tableID})
	if err != nil {
		return qrimageapi.Table{}, err
	}
	return qrimageapi.Table{Name: res.GetTable().GetName(), Zone: res.GetTable().GetZone(), URL: res.GetTable().GetUrl()}, nil
}

// documents passes the merchant's logo to the einvoice service.
type documents struct {
	client einvoicev1.EInvoiceServiceClient
}

func (d documents) setLogo(ctx context.Context, merchantID string, file []byte) error {
	_, err := d.client.SetLogo(ctx, &einvoicev1.SetLogoRequest{MerchantId: merchantID, Logo: file})
	return err
}
