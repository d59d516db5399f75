package sheet

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
)

func TestATextIsNoFormula(t *testing.T) {
	t.Parallel()
	for attack, want := range map[string]string{
		"=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t'=1", "\r=1": "'\r'=1", " =1": " '=1",
		`"=1`: `"'=1`, "a;=1": "a;'=1", "a\n=1": "a\n'=1", "a\t@x": "a\t'@x", "a|-1": "a|'-1", "a; \"=1": "a; \"'=1", "＝1": "'＝1", "＠x": "'＠x",
	} {
		var b bytes.Buffer
		if err := Write(&b, [][]string{{attack, "x", attack, `{"name":";=1"}`}}); err != nil {
			t.Fatal(err)
		}
		row, err := csv.NewReader(&b).Read()
		if err != nil {
			t.Fatal(err)
		}
		if unix := strings.ReplaceAll(want, "\r", ""); row[0] != want && row[0] != unix || row[0] != row[2] || row[3] != `{"name":";'=1"}` {
			t.Errorf("%q becomes %q", attack, row)
		}
	}
	for _, plain := range []string{"owner@example.com", "2026-06-17T12:00:00.000Z", "a-b+c=d", "user:0", `{"ip":"127.0.0.1","n":-1}`, ""} {
		if inert(plain) != plain {
			t.Errorf("%q becomes %q", plain, inert(plain))
		}
	}
}
