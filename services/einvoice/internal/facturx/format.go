package facturx

import (
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// space is a non-breaking space.
const space = "\u00A0"

// decimal formats 1234.5 as 1 234,5, the French notation, with a minus sign and not a hyphen.
func decimal(text string) string {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, hasPoint := strings.Cut(digits, ".")
	out := group(whole)
	if hasPoint {
		out += "," + fraction
	}
	if negative {
		return "−" + out
	}
	return out
}

// group inserts a space before every three digits from the right.
func group(digits string) string {
	if len(digits) <= 3 {
		return digits
	}
	return group(digits[:len(digits)-3]) + space + digits[len(digits)-3:]
}

func euros(c money.Cents) string         { return decimal(c.String()) + space + "€" }
func percent(r vat.Rate) string          { return decimal(r.String()) + space + "%" }
func quantity(q invoice.Quantity) string { return decimal(q.String()) }

// price formats a unit price without VAT in cents, rounded half up, because the price with VAT beside it is the agreed one. A price
// of less than half a cent keeps its decimals.
func price(p invoice.Price) string {
	if c := cents(p); c > 0 {
		return euros(c)
	}
	return decimal(p.String()) + space + "€"
}

func cents(p invoice.Price) money.Cents {
	return money.Cents(money.MulDivHalfAway(int64(p), 1, priceOfCent))
}

// priceOfCent is one cent in units of invoice.Price.
const priceOfCent = 10_000

// date formats 2026-11-21 as 21/11/2026.
func date(d invoice.Date) string {
	parts := strings.Split(string(d), "-")
	if len(parts) != 3 {
		return string(d)
	}
	return parts[2] + "/" + parts[1] + "/" + parts[0]
}

// grouped inserts spaces after groups of the given sizes; the last size applies to the rest: 3, 3, 3, 5 for a SIRET.
func grouped(text string, sizes ...int) string {
	var b strings.Builder
	for i := 0; text != ""; i++ {
		n := min(sizes[min(i, len(sizes)-1)], len(text))
		if b.Len() > 0 {
			b.WriteString(space)
		}
		b.WriteString(text[:n])
		text = text[n:]
	}
	return b.String()
}

// shownText composes letters and combining accents, as the font requires.
func shownText(text string) string { return norm.NFC.String(text) }

// units are the French names of the most frequent codes of UN/ECE Recommendation 20; pieces have no unit.
var units = map[string]string{
	"": "", "C62": "", "H87": "pièce(s)", "HUR": "h", "DAY": "jour(s)", "MON": "mois", "ANN": "an(s)", "MIN": "min", "WEE": "semaine(s)",
	"KGM": "kg", "GRM": "g", "TNE": "t", "LTR": "l", "MTR": "m", "KMT": "km", "MTK": "m²", "MTQ": "m³", "KWH": "kWh", "SET": "lot(s)", "XPK": "colis",
}

func unit(code string) string {
	if name, ok := units[code]; ok {
		return name
	}
	return code
}

// countries are the French names of the most frequent countries; others are shown by their code.
var countries = map[string]string{
	"FR": "France", "GP": "Guadeloupe", "MQ": "Martinique", "GF": "Guyane", "RE": "La Réunion", "YT": "Mayotte", "PM": "Saint-Pierre-et-Miquelon",
	"BL": "Saint-Barthélemy", "MF": "Saint-Martin", "NC": "Nouvelle-Calédonie", "PF": "Polynésie française", "MC": "Monaco", "AD": "Andorre",
	"AT": "Autriche", "BE": "Belgique", "BG": "Bulgarie", "CY": "Chypre", "CZ": "Tchéquie", "DE": "Allemagne", "DK": "Danemark", "EE": "Estonie",
	"ES": "Espagne", "FI": "Finlande", "GR": "Grèce", "HR": "Croatie", "HU": "Hongrie", "IE": "Irlande", "IT": "Italie", "LT": "Lituanie",
	"LU": "Luxembourg", "LV": "Lettonie", "MT": "Malte", "NL": "Pays-Bas", "PL": "Pologne", "PT": "Portugal", "RO": "Roumanie", "SE": "Suède",
	"SI": "Slovénie", "SK": "Slovaquie", "CH": "Suisse", "GB": "Royaume-Uni", "US": "États-Unis", "NO": "Norvège", "IS": "Islande", "LI": "Liechtenstein",
}

func country(code string) string {
	if name, ok := countries[code]; ok {
		return name
	}
	return code
}

// means are the French names of the means of payment (UNTDID 4461).
var means = map[string]string{
	"10": "Espèces", "20": "Chèque", "30": "Virement", "48": "Carte bancaire", "58": "Virement SEPA", "59": "Prélèvement SEPA", "ZZZ": "Autre moyen de paiement",
}

func meansOf(code string) string {
	if name, ok := means[code]; ok {
		return name
	}
	return code
}

// pageOf formats the page number.
func pageOf(page, of int) string {
	return "Page" + space + strconv.Itoa(page) + space + "/" + space + strconv.Itoa(of)
}
