package cii_test

import (
	"strings"
	"testing"

	"european-pay.eu/eupay/services/einvoice/internal/cii"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

// VAT on debits was once in words only. Each part of the breakdown says it (BT-8), and no line does.
func TestVATOnDebitsIsACodeInEveryTax(t *testing.T) {
	t.Parallel()
	for _, c := range invoicetest.All() {
		var codes []string
		for _, line := range flatten(t, cii.Write(c.Document)) {
			if strings.Contains(line, "/DueDateTypeCode") {
				codes = append(codes, line)
			}
		}
		want := 0
		if strings.HasSuffix(c.Name, "on-debits") {
			want = len(c.Document.VAT)
		}
		if len(codes) != want {
			t.Errorf("%s: %d codes, want %d: %v", c.Name, len(codes), want, codes)
		}
		for _, code := range codes {
			if !strings.HasSuffix(code, "/ApplicableHeaderTradeSettlement/ApplicableTradeTax/DueDateTypeCode=5") {
				t.Errorf("%s: %s", c.Name, code)
			}
		}
	}
}
