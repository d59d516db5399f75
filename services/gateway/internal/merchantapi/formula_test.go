package merchantapi

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"european-pay.eu/eupay/services/gateway/internal/audit"
)

func TestATextInTheLogIsNoFormula(t *testing.T) {
	t.Parallel()
	for attack, want := range map[string]string{
		"=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t'=1", "\r=1": "'\r'=1", " =1": " '=1",
		`"=1`: `"'=1`, "a;=1": "a;'=1", "a\n=1": "a\n'=1", "a\t@x": "a\t'@x", "a|-1": "a|'-1", "a; \"=1": "a; \"'=1", "＝1": "'＝1", "＠x": "'＠x",
	} {
		var b bytes.Buffer
		err := encodeCSV(&b, []audit.Entry{{ActorEmail: attack, Target: attack, Detail: map[string]any{"name": ";=1"}}})
		if err != nil {
			t.Fatal(err)
		}
		row, err := csv.NewReader(&b).Read()
		if err != nil {
			t.Fatal(err)
		}
		if unix := strings.ReplaceAll(want, "\r", ""); row[3] != want && row[3] != unix || row[3] != row[5] || row[7] != `{"name":";'=1"}` {
			t.Errorf("%q becomes %q", attack, row)
		}
	}
	for _, plain := range []string{"owner@example.com", "2026-06-17T12:00:00.000Z", "a-b+c=d", "user:0", `{"ip":"127.0.0.1","n":-1}`, ""} {
		if inert(plain) != plain {
			t.Errorf("%q becomes %q", plain, inert(plain))
		}
	}
}
