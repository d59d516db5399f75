package document

import "slices"

// dueCodes checks when the VAT is due (BT-8): one known code in every part of the breakdown (BR-CL-06, S1.13). The option for debits
// (5) is stated in words too, in note TXD.
func (c *checker) dueCodes() {
	for _, v := range c.d.VAT {
		c.demand(v.DueCode == "" || slices.Contains([]string{"5", "29", "72"}, v.DueCode), "BR-CL-06", "vat_breakdown", "%q is not a code of BT-8", v.DueCode)
		c.demand(v.DueCode == c.d.VAT[0].DueCode, "S1.13", "vat_breakdown", "the tax is due at %q and at %q", c.d.VAT[0].DueCode, v.DueCode)
	}
	onDebits := slices.ContainsFunc(c.d.Notes, func(n Note) bool { return n.Subject == "TXD" })
	coded := slices.ContainsFunc(c.d.VAT, func(v VAT) bool { return v.DueCode == "5" })
	c.demand(onDebits == coded, "BT-8", "vat_breakdown", "note TXD and the due date of the VAT do not agree")
}
