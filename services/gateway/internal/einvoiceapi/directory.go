package einvoiceapi

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/ident"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// business is what the directory has of a SIREN. The fields of an address are those of a customer.
type business struct {
	SIREN             string    `json:"siren"`
	Name              string    `json:"name"`
	Reachable         bool      `json:"reachable"`
	ElectronicAddress *string   `json:"electronic_address"`
	Lines             []dirLine `json:"lines"`
}

type dirLine struct {
	ElectronicAddress string           `json:"electronic_address"`
	SIRET             *string          `json:"siret"`
	Suffix            *string          `json:"suffix"`
	RoutingCode       *string          `json:"routing_code"`
	Addressable       bool             `json:"addressable"`
	Public            bool             `json:"public"`
	Address           *customerAddress `json:"address"`
}

// directory looks up where a business receives its invoices. Spaces in the SIREN are forgiven.
func (a *API) directory(c echo.Context) error {
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	siren := strings.Join(strings.Fields(c.Param("siren")), "")
	if !ident.IsSIREN(siren) {
		return errs.Invalid(errs.Field{Field: "siren", Message: "siren must be a SIREN: nine digits with a valid checksum."})
	}
	ctx, cancel := web.Calling(c, readTimeout)
	defer cancel()
	res, err := a.Directory.LookUp(ctx, &einvoicev1.LookUpRequest{Livemode: of.Livemode, Siren: siren})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, business{
		SIREN: res.GetSiren(), Name: res.GetName(), Reachable: res.GetReachable(), ElectronicAddress: unlessEmpty(res.GetElectronicAddress()),
		Lines: views(res.GetLines(), dirLineOf),
	})
}

func dirLineOf(l *einvoicev1.DirectoryLine) dirLine {
	out := dirLine{
		ElectronicAddress: l.GetElectronicAddress(), SIRET: unlessEmpty(l.GetSiret()), Suffix: unlessEmpty(l.GetSuffix()),
		RoutingCode: unlessEmpty(l.GetRoutingCode()), Addressable: l.GetAddressable(), Public: l.GetPublic(),
	}
	if l.GetAddress().GetCountry() != "" {
		address := addressView(l.GetAddress())
		out.Address = &address
	}
	return out
}
