package document

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Compare reports where the JSON and the XML of a document differ.
func Compare(fromJSON, fromXML *Document) []Problem {
	a, b := normalised(fromJSON), normalised(fromXML)
	if b.BuyerReference == "" {
		a.BuyerReference = "" // the platform requires one in its JSON where the XML needs none
	}
	var problems []Problem
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range va.NumField() {
		x, y := fmt.Sprintf("%+v", va.Field(i)), fmt.Sprintf("%+v", vb.Field(i))
		if x != y {
			problems = append(problems, problem("COHERENCE", va.Type().Field(i).Name, "the JSON says %s, the XML %s", x, y))
		}
	}
	return problems
}

// normalised returns the document in a canonical form: sorted where the order has no meaning, with uniform spaces, and without
// what only the XML contains.
func normalised(d *Document) Document {
	c := *d
	c.XML = false
	c.Seller.TaxID, c.Buyer.TaxID = "", ""
	c.Terms = spaces(c.Terms)
	c.Notes = slices.Clone(c.Notes)
	for i := range c.Notes {
		c.Notes[i].Text = spaces(c.Notes[i].Text)
	}
	slices.SortFunc(c.Notes, func(a, b Note) int { return strings.Compare(a.Subject+"\n"+a.Text, b.Subject+"\n"+b.Text) })
	c.Means = slices.Clone(c.Means)
	for i := range c.Means {
		c.Means[i].IBAN = strings.ReplaceAll(c.Means[i].IBAN, " ", "")
	}
	c.VAT = slices.Clone(c.VAT)
	slices.SortFunc(c.VAT, func(a, b VAT) int { return strings.Compare(fmt.Sprint(a.Tax), fmt.Sprint(b.Tax)) })
	c.Allowances = slices.Clone(c.Allowances)
	slices.SortFunc(c.Allowances, func(a, b Allowance) int {
		return strings.Compare(fmt.Sprint(a.Tax, a.Amount), fmt.Sprint(b.Tax, b.Amount))
	})
	if len(c.Preceding) == 0 {
		c.Preceding = nil
	}
	return c
}

func spaces(s string) string { return strings.Join(strings.Fields(s), " ") }
