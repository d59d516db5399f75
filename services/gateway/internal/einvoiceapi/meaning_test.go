package einvoiceapi

import (
	"testing"

	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
)

// A refusal is explained in plain words; other steps need no explanation.
func TestARefusalIsExplained(t *testing.T) {
	t.Parallel()
	v := eventOf(&einvoicev1.LifecycleEvent{Code: 213, ReasonCode: "DOUBLON"})
	if v.Meaning == nil || *v.Meaning != "A platform turned away a second copy of the invoice. The first one was delivered." || v.Advice == nil {
		t.Errorf("%+v", v)
	}
	if v := eventOf(&einvoicev1.LifecycleEvent{Code: 210, ReasonCode: "NEW"}); v.Meaning == nil || v.Advice == nil {
		t.Error("a reason that is not known is not explained")
	}
	if v := eventOf(&einvoicev1.LifecycleEvent{Code: 205}); v.Meaning != nil || v.Advice != nil {
		t.Error("an approval is explained")
	}
	if d := vatOf(&einvoicev1.InvoiceVAT{DueDateTypeCode: "5"}).DueDateType; d == nil || *d != "5" || vatOf(&einvoicev1.InvoiceVAT{}).DueDateType != nil {
		t.Error("the due date of the VAT is not told")
	}
}
