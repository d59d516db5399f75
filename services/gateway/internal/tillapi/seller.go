package tillapi

import (
	"cmp"
	"strings"

	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// maxLines is how many lines of an address are printed.
const maxLines = 6

// lines are the non-empty lines of an address.
func lines(text string) []string {
	var list []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" && len(list) < maxLines {
			list = append(list, line)
		}
	}
	return list
}

// complete takes what the settings of e-invoicing say of a seller.
func complete(s *qrv1.Seller, e *einvoicev1.Settings) {
	s.Name = cmp.Or(e.GetTradingName(), s.GetName())
	s.LegalName = cmp.Or(e.GetLegalName(), s.GetLegalName())
	s.Siret = cmp.Or(e.GetSiret(), s.GetSiret())
	s.VatNumber = e.GetVatNumber()
	x := e.GetAddress()
	if place := strings.TrimSpace(x.GetPostCode() + " " + x.GetCity()); place != "" {
		s.Address = lines(x.GetStreet() + "\n" + x.GetMore() + "\n" + place)
	}
}
