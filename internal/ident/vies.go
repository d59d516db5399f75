package ident

import "regexp"

// euVATForms are the forms of VAT numbers in the member states of the EU, by their prefix, as the Commission's VIES publishes them. Check
// digits are not verified: VIES itself says whether a number is in use.
var euVATForms = func() map[string]*regexp.Regexp {
	forms := map[string]*regexp.Regexp{}
	for prefix, form := range map[string]string{
		"AT": `U\d{8}`, "BE": `[01]\d{9}`, "BG": `\d{9,10}`, "CY": `\d{8}[A-Z]`, "CZ": `\d{8,10}`, "DE": `\d{9}`, "DK": `\d{8}`, "EE": `\d{9}`, "EL": `\d{9}`,
		"ES": `[A-Z0-9]\d{7}[A-Z0-9]`, "FI": `\d{8}`, "HR": `\d{11}`, "HU": `\d{8}`, "IE": `(\d{7}[A-Z]{1,2}|\d[A-Z+*]\d{5}[A-Z])`, "IT": `\d{11}`,
		"LT": `(\d{9}|\d{12})`, "LU": `\d{8}`, "LV": `\d{11}`, "MT": `\d{8}`, "NL": `[A-Z0-9+*]{10}\d{2}`, "PL": `\d{10}`, "PT": `\d{9}`, "RO": `\d{2,10}`,
		"SE": `\d{12}`, "SI": `\d{8}`, "SK": `\d{10}`,
	} {
		forms[prefix] = regexp.MustCompile(`^` + prefix + form + `$`)
	}
	return forms
}()

// IsEUVATNumber reports whether s, in compact form, has the form of a VAT number of a member state of the EU other than France.
func IsEUVATNumber(s string) bool {
	form := euVATForms[s[:min(2, len(s))]]
	return form != nil && form.MatchString(s)
}

// CountryOfVATNumber returns the country (ISO 3166-1) of a VAT number of another member state of the EU; empty for anything else.
func CountryOfVATNumber(s string) string {
	switch {
	case !IsEUVATNumber(s):
		return ""
	case s[:2] == "EL":
		return "GR"
	default:
		return s[:2]
	}
}
