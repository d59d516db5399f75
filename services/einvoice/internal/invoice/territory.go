package invoice

import (
	"cmp"
	"slices"
	"strings"

	"european-pay.eu/eupay/internal/vat"
)

// domestic are the countries of ISO 3166-1 whose businesses have a SIREN and a French VAT number: France, its overseas departments, and
// Monaco, which belongs to the French territory of VAT.
var domestic = codeSet("FR GP MQ GF RE YT MC")

// europe are the other member states of the European Union.
var europe = codeSet("AT BE BG CY CZ DE DK EE ES FI GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK")

// overseas are the departments with VAT rates of their own (CGI, article 296), untaxed those without VAT (article 294).
var (
	overseas = codeSet("GP MQ RE")
	untaxed  = codeSet("GF YT")
)

// departments are the codes of the overseas departments by the beginning of their post codes.
var departments = map[string]string{"971": "GP", "972": "MQ", "973": "GF", "974": "RE", "976": "YT"}

// islands have post codes of Guadeloupe, but are territories of their own, and outside of the territory of VAT.
var islands = map[string]string{"97133": "BL", "97150": "MF"}

// territory returns the code of an address's country; that of an overseas department even if the country is France.
func (a Address) territory() string {
	if a.Country != france {
		return a.Country
	}
	code := strings.ReplaceAll(a.PostCode, " ", "")
	return cmp.Or(islands[code], departments[code[:min(3, len(code))]], france)
}

// trade is a sale: who sells to whom, and where the goods go.
type trade struct {
	seller   Settings
	buyer    Party
	audience Audience
	to       *Address
}

func (x trade) nature(it Item) Nature { return cmp.Or(it.Nature, x.seller.Activity) }

// delivered returns the territory where goods go.
func (x trade) delivered() string {
	if x.to != nil {
		return x.to.territory()
	}
	return x.buyer.Address.territory()
}

// withoutVAT reports whether the sale is made within Guyane and Mayotte, where there is no VAT. A customer without an address is at the
// seller's.
func (x trade) withoutVAT() bool {
	if !untaxed[x.seller.Address.territory()] || x.audience == B2BInternational {
		return false
	}
	nowhere := x.to == nil && x.buyer.Address.PostCode == "" && x.buyer.Address.Country == france
	return nowhere || untaxed[x.delivered()]
}

// rates returns the rates above zero that may apply.
func (x trade) rates() []vat.Rate {
	if x.withoutVAT() {
		return nil
	}
	rates := slices.Clone(vat.Rates[1:])
	if overseas[x.seller.Address.territory()] || overseas[x.buyer.Address.territory()] || overseas[x.delivered()] {
		rates = append(rates, vat.Overseas...)
	}
	return rates
}
