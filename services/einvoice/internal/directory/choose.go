package directory

import (
	"slices"
	"strings"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// shown is how many lines an error names.
const shown = 5

// Choose returns the line that an invoice to the business goes to. wanted is an address in scheme 0225 that the caller named; without
// one it is the line of the business as a whole, or else that of the establishment siret, or else its only line. Errors are VALIDATION_ERROR if the caller
// has to choose, and BUYER_UNREACHABLE if nothing can be sent there.
func Choose(b platform.Business, wanted, siret string) (platform.Line, error) {
	var open []platform.Line
	for _, l := range b.Lines {
		if l.Addressable {
			open = append(open, l)
		}
	}
	if wanted != "" {
		i := slices.IndexFunc(open, func(l platform.Line) bool { return b.Electronic(l) == wanted })
		if i < 0 {
			return platform.Line{}, errs.New(errs.BuyerUnreachable, "The business %s cannot receive e-invoices at %s. %s", b.SIREN, wanted, instead(b, open))
		}
		return open[i], nil
	}
	if i := slices.IndexFunc(open, func(l platform.Line) bool { return b.Electronic(l) == b.SIREN }); i >= 0 {
		return open[i], nil
	}
	if i := slices.IndexFunc(open, func(l platform.Line) bool { return siret != "" && l.SIRET == siret && l.RoutingCode == "" }); i >= 0 {
		return open[i], nil
	}
	switch len(open) {
	case 0:
		return platform.Line{}, errs.New(errs.BuyerUnreachable, "The business %s is in the directory, but cannot receive e-invoices yet. %s", b.SIREN, instead(b, nil))
	case 1:
		return open[0], nil
	}
	var p refuse.Problems
	p.Add("customer_electronic_address", "is required, because %s receives invoices at several addresses: %s", b.SIREN, addresses(b, open))
	return platform.Line{}, p.Err()
}

// Unknown is the error for a business that the directory does not have.
func Unknown(siren string) error {
	return errs.New(errs.BuyerUnreachable, "The directory does not know the SIREN %s. Check it with your customer. %s", siren, instead(platform.Business{}, nil))
}

// instead says what the caller can do.
func instead(b platform.Business, open []platform.Line) string {
	if len(open) > 0 {
		return "Send one of these as customer_electronic_address: " + addresses(b, open) + "."
	}
	return "To issue the invoice all the same and hand it over yourself, send unreachable_buyer: keep."
}

func addresses(b platform.Business, lines []platform.Line) string {
	var list []string
	for _, l := range lines[:min(len(lines), shown)] {
		list = append(list, b.Electronic(l))
	}
	if len(lines) > shown {
		list = append(list, "…")
	}
	return strings.Join(list, ", ")
}
