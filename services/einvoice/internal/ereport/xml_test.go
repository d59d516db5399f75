package ereport

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"
)

// checkXML checks a report with the official schema, where the test run has it.
func checkXML(t *testing.T, xml []byte) {
	t.Helper()
	dir := os.Getenv("EINVOICE_RULES_DIR")
	if dir == "" {
		t.Log("EINVOICE_RULES_DIR is not set: the report was NOT checked with the official schema of flux 10")
		return
	}
	cmd := exec.CommandContext(t.Context(), "xmllint", "--nonet", "--noout", "--schema", filepath.Join(dir, "flux10-xsd", "ereporting.xsd"), "-")
	cmd.Stdin = bytes.NewReader(xml)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the schema refuses %s\n%s: %v", xml, out, err)
	}
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}
