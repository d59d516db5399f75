package lifecycle_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/lifecycle"
)

var update = flag.Bool("update", false, "write the table into the documentation")

// The codes that the rules for life-cycle messages allow at each step (BR-FR-CDV-CL-09), written down a second time.
var allowed = map[int32]string{
	lifecycle.Refused:  "TX_TVA_ERR MONTANTTOTAL_ERR CALCUL_ERR NON_CONFORME DOUBLON DEST_ERR TRANSAC_INC EMMET_INC CONTRAT_TERM DOUBLE_FACT CMD_ERR ADR_ERR REF_CT_ABSENT",
	lifecycle.Rejected: "MONTANTTOTAL_ERR CALCUL_ERR DOUBLON DEST_INC ADR_ERR REJ_SEMAN REJ_UNI REJ_COH REJ_ADR REJ_CONT_B2G REJ_REF_PJ REJ_ASS_PJ",
}

func TestEveryAllowedReasonIsExplainedOnce(t *testing.T) {
	t.Parallel()
	got := map[int32][]string{}
	for _, r := range lifecycle.Reasons() {
		got[r.Step] = append(got[r.Step], r.Code)
		if r.Meaning == "" || r.Advice == "" || lifecycle.ReasonOf(r.Step, r.Code) != r {
			t.Errorf("%d %s: %+v", r.Step, r.Code, lifecycle.ReasonOf(r.Step, r.Code))
		}
	}
	for step, want := range allowed {
		if codes := strings.Join(got[step], " "); codes != want {
			t.Errorf("%d has %s, want %s", step, codes, want)
		}
	}
}

// A duplicate was once taken for a rejection, and an invoice that the buyer had was cancelled.
func TestOnlyASecondDeliveryKeepsTheInvoice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		step    int32
		code    string
		effect  lifecycle.Effect
		refusal bool
	}{
		{213, "DOUBLON", lifecycle.KeepsInvoice, false},
		{213, "REJ_UNI", lifecycle.KeepsInvoice, false},
		{210, "DOUBLON", lifecycle.LeftToPerson, true},
		{210, "TX_TVA_ERR", lifecycle.Ends, true},
		{213, "TX_TVA_ERR", lifecycle.LeftToPerson, true}, // only a buyer gives this reason
		{210, "REJ_UNI", lifecycle.LeftToPerson, true},
		{213, "", lifecycle.LeftToPerson, true},
		{210, "SOMETHING_NEW", lifecycle.LeftToPerson, true},
		{207, "DOUBLON", lifecycle.LeftToPerson, false},
		{203, "", lifecycle.LeftToPerson, false},
	} {
		r := lifecycle.ReasonOf(c.step, c.code)
		if r.Effect != c.effect || lifecycle.IsRefusal(c.step, c.code) != c.refusal {
			t.Errorf("%d %s: %s, refusal %v", c.step, c.code, r.Effect, !c.refusal)
		}
		if (r.Meaning == "" || r.Advice == "") == (c.step == lifecycle.Refused || c.step == lifecycle.Rejected) {
			t.Errorf("%d %s means %q", c.step, c.code, r.Meaning)
		}
	}
}

const page = "../../docs/e-invoice-reasons.md"

// The table of the documentation is this one.
func TestTheDocumentationHasTheTable(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	for _, step := range []int32{lifecycle.Refused, lifecycle.Rejected} {
		fmt.Fprintf(&table, "\n## %d %s\n\n| reason | what it means | what to do | effect |\n|---|---|---|---|\n", step, lifecycle.Label(step))
		for _, r := range lifecycle.Reasons() {
			if r.Step == step {
				fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", r.Code, r.Meaning, r.Advice, r.Effect)
			}
		}
		r := lifecycle.ReasonOf(step, "")
		fmt.Fprintf(&table, "| any other, or none | %s | %s | %s |\n", r.Meaning, r.Advice, r.Effect)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, now, found := strings.Cut(string(text), "<!-- table -->\n")
	if !found {
		t.Fatal("the page has no place for the table")
	}
	if now == table.String() {
		return
	}
	if !*update {
		t.Fatalf("%s differs from the table in the code: write it with -update", page)
	}
	if err := os.WriteFile(page, []byte(before+"<!-- table -->\n"+table.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}
