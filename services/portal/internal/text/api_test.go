package text

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/eventtype"
	"european-pay.eu/eupay/internal/lifecycle"
)

// The API speaks English. What pages show of it must have words in the other languages: each code, each type of event, and each field of a
// form that it may refuse.

var (
	code       = regexp.MustCompile(`Code = "([A-Z_]+)"`)
	fieldNames = regexp.MustCompile(`template "(?:field|choice|day_field|euro_field)" dict [^}]*?"name" "([A-Za-z_.]+)"`)
)

func wants(t *testing.T, c Catalog, key string) {
	t.Helper()
	for _, lang := range Codes[1:] {
		if strings.TrimSpace(c[lang].phrases[key]) == "" {
			t.Errorf("%s: %s is missing", lang, key)
		}
	}
}

func TestEveryCodeOfTheAPIHasWords(t *testing.T) {
	raw, err := os.ReadFile("../../../../sdk/go/codes.go")
	found := code.FindAllSubmatch(raw, -1)
	if err != nil || len(found) < 30 {
		t.Fatalf("%d codes, %v", len(found), err)
	}
	c := load(t)
	for _, one := range found {
		wants(t, c, "code."+string(one[1]))
	}
}

func TestEveryTypeOfEventHasWords(t *testing.T) {
	all, err := eventtype.All()
	if err != nil || len(all) == 0 {
		t.Fatal(len(all), err)
	}
	c := load(t)
	for _, e := range all {
		wants(t, c, "event."+e.Name)
	}
}

func TestEveryReasonOfARefusalHasWords(t *testing.T) {
	c := load(t)
	wants(t, c, "refusal.210")
	wants(t, c, "refusal.213")
	for _, r := range lifecycle.Reasons() {
		wants(t, c, fmt.Sprintf("refusal.%d_%s", r.Step, r.Code))
	}
}

func TestEveryFieldOfAFormHasWords(t *testing.T) {
	c, seen := load(t), 0
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".html" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, f := range fieldNames.FindAllStringSubmatch(string(raw), -1) {
			seen++
			wants(t, c, "field."+f[1][strings.LastIndex(f[1], ".")+1:])
		}
		return nil
	})
	if err != nil || seen < 60 {
		t.Errorf("%d fields, %v", seen, err)
	}
	wants(t, c, "field.other")
}
