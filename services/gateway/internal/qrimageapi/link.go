package qrimageapi

import (
	"fmt"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// link draws the address of a payment link that can still be paid.
func (a *API) link(k kind) echo.HandlerFunc {
	return func(c echo.Context) error {
		q := queryOf(c, append([]string{"livemode"}, imageParameters...)...)
		options, withLogo := q.image()
		q.oneOf("livemode", "false", "true")
		if err := q.Err(); err != nil {
			return err
		}
		m, live, err := a.account(c)
		if err != nil {
			return err
		}
		ctx, cancel := web.Calling(c, callTimeout)
		defer cancel()
		res, err := a.Links.GetLink(ctx, &paymentsv1.GetLinkRequest{MerchantId: m.ID, Livemode: live, Id: c.Param("id")})
		if err != nil {
			return fmt.Errorf("read payment link: %w", err)
		}
		switch l := res.GetLink(); {
		case l.GetStatus() != "active":
			return errs.New(errs.InvalidState, "This payment link is %s: it has no QR code any more.", l.GetStatus())
		case l.GetUrl() == "":
			return errs.New(errs.InvalidState, "This payment link has no address yet. Try again in a moment.")
		}
		if options.Logo, err = a.logoOf(ctx, m, withLogo); err != nil {
			return err
		}
		file, err := a.text(ctx, res.GetLink().GetUrl(), k, options)
		if err != nil {
			return err
		}
		return send(c, k, file)
	}
}
