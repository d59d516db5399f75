package qrimageapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// code is the merchant's permanent code.
func (a *API) code(ctx context.Context, m merchant.Merchant) (Code, error) {
	if a.MerchantCode == nil {
		return Code{}, errs.New(errs.Unavailable, "Merchant codes are not set up here.")
	}
	return a.MerchantCode(ctx, m)
}

func (a *API) merchant(k kind) echo.HandlerFunc {
	return func(c echo.Context) error {
		q := queryOf(c, append([]string{"type"}, imageParameters...)...)
		options, withLogo := q.image()
		plain := q.plain(withLogo)
		if err := q.Err(); err != nil {
			return err
		}
		m, err := a.user(c)
		if err != nil {
			return err
		}
		ctx, cancel := web.Calling(c, callTimeout)
		defer cancel()
		if options.Logo, err = a.logoOf(ctx, m, withLogo); err != nil {
			return err
		}
		file, err := a.permanent(ctx, m, plain, k, options)
		if err != nil {
			return err
		}
		return send(c, k, file)
	}
}

// permanent draws the merchant's code without an amount: that of the app, or that of a plain SEPA transfer.
func (a *API) permanent(ctx context.Context, m merchant.Merchant, plain bool, k kind, o *qrv1.ImageOptions) ([]byte, error) {
	if plain {
		return a.transfer(ctx, m, a.Deployment.Mode(m), transfer{remittance: m.EuPayID()}, k, o)
	}
	code, err := a.code(ctx, m)
	if err != nil {
		return nil, err
	}
	return a.text(ctx, code.Text, k, o)
}

// merchantCard draws the card for the till.
func (a *API) merchantCard(c echo.Context) error {
	return a.card(c, func(ctx context.Context, m merchant.Merchant, card *qrv1.RenderCardRequest) error {
		code, err := a.code(ctx, m)
		card.Kind, card.Text, card.Url = qrv1.CardKind_CARD_KIND_PAY, code.Text, code.URL
		return err
	})
}

// tableCard draws the card of a table.
func (a *API) tableCard(c echo.Context) error {
	return a.card(c, func(ctx context.Context, m merchant.Merchant, card *qrv1.RenderCardRequest) error {
		if a.Table == nil {
			return errs.New(errs.Unavailable, "Tables are not set up here.")
		}
		t, err := a.Table(ctx, m.ID, c.Param("id"))
		card.Kind, card.Text, card.Url = qrv1.CardKind_CARD_KIND_ORDER, t.URL, t.URL
		card.Subject, card.Detail = t.Name, t.Zone
		return err
	})
}

// card draws what fill says, with the merchant's logo when there is one.
func (a *API) card(c echo.Context, fill func(context.Context, merchant.Merchant, *qrv1.RenderCardRequest) error) error {
	q := queryOf(c, "format", "lang")
	card := &qrv1.RenderCardRequest{Format: qrv1.CardFormat_CARD_FORMAT_A6, Language: q.oneOf("lang", "fr", "en")}
	if q.oneOf("format", "a6", "a4") == "a4" {
		card.Format = qrv1.CardFormat_CARD_FORMAT_A4
	}
	if err := q.Err(); err != nil {
		return err
	}
	m, err := a.user(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	if err := fill(ctx, m, card); err != nil {
		return err
	}
	card.Name = m.Name
	if card.Logo, err = a.Merchants.Logo(ctx, m.ID); err != nil {
		return err
	}
	resp, err := a.Render.RenderCard(ctx, card)
	if err != nil {
		return fmt.Errorf("draw card: %w", err)
	}
	return send(c, pdf, resp.GetPdf())
}

func (a *API) logo(c echo.Context) error {
	file, err := a.Merchants.Logo(c.Request().Context(), caller.Of(c).MerchantID())
	if err != nil {
		return err
	}
	if file == nil {
		return errs.NotFound("Logo")
	}
	return send(c, kind{contentType: http.DetectContentType(file)}, file)
}

// setLogo stores a picture after the qr service has drawn a code with it, so an unusable picture is refused here and not when a
// card is drawn.
func (a *API) setLogo(c echo.Context) error {
	contentType, _, err := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType))
	if err != nil || (contentType != "image/png" && contentType != "image/jpeg") {
		return errs.New(errs.UnsupportedMedia, "Send the file itself as the body, with Content-Type image/png or image/jpeg.")
	}
	file, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, merchant.MaxLogo))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return errs.New(errs.PayloadTooLarge, "The logo is larger than %d KiB.", merchant.MaxLogo>>10)
	case err != nil || http.DetectContentType(file) != contentType:
		return errs.Invalid(errs.Field{Field: "body", Message: "The body must be a picture of its Content-Type."})
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	if _, err := a.text(ctx, "https://www.european-pay.fr", png, &qrv1.ImageOptions{Logo: file}); err != nil {
		return err
	}
	return a.keepLogo(c, file)
}

func (a *API) removeLogo(c echo.Context) error { return a.keepLogo(c, nil) }

// keepLogo succeeds only if the other users of the logo have it too.
func (a *API) keepLogo(c echo.Context, file []byte) error {
	who := caller.Of(c).Login
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	if err := a.Merchants.SetLogo(ctx, audit.ByUser(who.ID), who.MerchantID, file); err != nil {
		return err
	}
	if a.LogoChanged != nil {
		// Repeating the request completes what is missing.
		if err := a.LogoChanged(ctx, who.MerchantID, file); err != nil {
			return fmt.Errorf("put logo on documents: %w", err)
		}
	}
	return c.NoContent(http.StatusNoContent)
}
