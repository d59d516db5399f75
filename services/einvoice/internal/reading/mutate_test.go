package reading

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mutations are what happens to documents on their way, or on purpose. Each changes one place.
var mutations = []struct {
	name string
	do   func(r *rand.Rand, xml []byte) []byte
}{
	{"cut off", func(r *rand.Rand, x []byte) []byte { return x[:r.IntN(len(x))] }},
	{"a flipped bit", func(r *rand.Rand, x []byte) []byte {
		x[r.IntN(len(x))] ^= 1 << r.IntN(8)
		return x
	}},
	{"an element twice", func(r *rand.Rand, x []byte) []byte {
		return atElement(r, x, func(e []byte) []byte { return append(e, e...) })
	}},
	{"an element less", func(r *rand.Rand, x []byte) []byte { return atElement(r, x, func([]byte) []byte { return nil }) }},
	{"an empty element", func(r *rand.Rand, x []byte) []byte {
		return atElement(r, x, func(e []byte) []byte { return textForm.ReplaceAll(e, []byte("><")) })
	}},
	{"a long number", func(r *rand.Rand, x []byte) []byte {
		return atElement(r, x, func(e []byte) []byte {
			return textForm.ReplaceAll(e, []byte(">"+strings.Repeat("9", 1+r.IntN(400))+"<"))
		})
	}},
	{"a negative number", func(r *rand.Rand, x []byte) []byte {
		return atElement(r, x, func(e []byte) []byte { return textForm.ReplaceAll(e, []byte(">-1.005<")) })
	}},
	{"a long text", func(r *rand.Rand, x []byte) []byte {
		return atElement(r, x, func(e []byte) []byte {
			return textForm.ReplaceAll(e, []byte(">"+strings.Repeat("é<!---->", 3000)+"<"))
		})
	}},
	{"a swapped name", func(r *rand.Rand, x []byte) []byte {
		return atElement(r, x, func(e []byte) []byte { return bytes.ReplaceAll(e, []byte("ID"), []byte("Name")) })
	}},
	{"an entity", func(r *rand.Rand, x []byte) []byte {
		return atElement(r, x, func(e []byte) []byte { return textForm.ReplaceAll(e, []byte(">&xxe;<")) })
	}},
}

var (
	elementForm = regexp.MustCompile(`<([A-Za-z:]+)[^<>]*>[^<>]+</[A-Za-z:]+>`)
	textForm    = regexp.MustCompile(`>[^<>]*<`)
)

// atElement changes the next element with a text after a place in the document.
func atElement(r *rand.Rand, x []byte, change func([]byte) []byte) []byte {
	from := r.IntN(len(x))
	at := elementForm.FindIndex(x[from:])
	if at == nil {
		from, at = 0, elementForm.FindIndex(x)
	}
	at[0], at[1] = at[0]+from, at[1]+from
	return slices.Concat(x[:at[0]], change(bytes.Clone(x[at[0]:at[1]])), x[at[1]:])
}

// Every mutated document is read, or refused with a reason; its checks run as well.
func TestAHundredMutatedExamplesAreReadOrRefused(t *testing.T) {
	t.Parallel()
	all := examples(t)
	maps.Copy(all, samples)
	names := slices.Sorted(maps.Keys(all))
	refused := 0
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 17))
		name := names[r.IntN(len(names))]
		m := mutations[seed%uint64(len(mutations))]
		what := fmt.Sprintf("seed %d, %s with %s", seed, name, m.name)
		d, err := Read(m.do(r, bytes.Clone(all[name])))
		var no *Unreadable
		switch {
		case errors.As(err, &no):
			if refused++; !strings.HasSuffix(no.Reason, ".") {
				t.Errorf("%s: the reason %q is no sentence", what, no.Reason)
			}
		case err != nil:
			t.Errorf("%s: %v", what, err)
		case d.Number == "" || d.Issued == "" || d.Seller.Name == "" || d.Currency == "":
			t.Errorf("%s: read without what it needs: %+v", what, d)
		default:
			d.Check()
		}
	}
	if refused < 20 || refused > 80 {
		t.Errorf("%d of 100 were refused: the mutations test nothing", refused)
	}
}

func TestHostileDocumentsAreRefusedWithAReason(t *testing.T) {
	t.Parallel()
	cii := string(samples["cii"])
	body := cii[strings.Index(cii, "?>")+2:]
	for what, c := range map[string]struct{ xml, reason string }{
		"external entity": {
			`<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]>` + strings.Replace(body, "F-2026-17", "&x;", 1), "declares a document type",
		},
		"external subset": {`<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd">` + body, "declares a document type"},
		"bomb of entities": {
			`<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>` + strings.Replace(body, "F-2026-17", "&b;", 1),
			"declares a document type",
		},
		"undeclared entity": {strings.Replace(cii, "F-2026-17", "&x;", 1), "not well-formed"},
		"depth":             {strings.Replace(cii, "<rsm:ExchangedDocument>", strings.Repeat("<ram:X>", 50), 1), "nested deeper"},
		"number":            {strings.Replace(cii, "<rsm:ExchangedDocument>", "<rsm:ExchangedDocument>"+strings.Repeat("<ram:X/>", 400_001), 1), "more than 400000 elements"},
		"size":              {strings.Replace(cii, "F-2026-17", strings.Repeat("9", MaxXML), 1), "larger than 10 MiB"},
		"attributes":        {strings.Replace(cii, "<ram:TypeCode>", `<ram:TypeCode `+strings.Repeat(`a=">" `, 4000)+">", 1), "a tag of more than 16 KiB"},
		"unclosed tag":      {cii + "<" + strings.Repeat("a", 20_000), "a tag of more than 16 KiB"},
		"encoding":          {strings.Replace(cii, "UTF-8", "ISO-8859-1", 1), "not well-formed"},
		"other bytes":       {strings.Replace(cii, "Fournitures", "Fourniture\xe9", 1), "not encoded in UTF-8"},
		"two roots":         {cii + body, "not well-formed"},
		"text behind":       {cii + "x", "not well-formed"},
		"other language":    {`<html xmlns="http://www.w3.org/1999/xhtml"/>`, "neither of CII nor of UBL"},
		"no language":       {strings.Replace(cii, "rsm=\"urn:un", "rsm=\"urn:x", 1), "neither of CII nor of UBL"},
		"other root":        {`<x:Order xmlns:x="` + nsInvoice + `"/>`, "neither a CII nor a UBL invoice"},
		"nothing":           {"", "is empty"},
		"two totals":        {twice(cii, "ram:DuePayableAmount"), "DuePayableAmount occurs more than once"},
		"two numbers":       {twice(cii, "ram:TypeCode"), "TypeCode occurs more than once"},
		"long texts":        {strings.Replace(cii, "<ram:IncludedNote>", strings.Repeat("<ram:IncludedNote><ram:Content>"+strings.Repeat("é", 9_000)+"</ram:Content></ram:IncludedNote>", 100)+"<ram:IncludedNote>", 1), "longer than 1536 KiB together"},
		"long text":         {strings.Replace(cii, "Cinq rames", strings.Repeat("é", 10_001), 1), "A text is longer than 10000 characters"},
		"thousandths":       {strings.Replace(cii, ">120.00<", ">120.001<", 1), "more than two decimals"},
		"exponent":          {strings.Replace(cii, ">120.00<", ">1.2e2<", 1), "is not a number"},
		"no day":            {strings.Replace(cii, "20261105", "20261131", 1), "A date is not"},
		"no total":          {strings.Replace(cii, "DuePayableAmount", "Due", 2), "no amount due (BT-115)"},
		"no number":         {strings.Replace(cii, "F-2026-17", " ", 1), "no number (BT-1)"},
	} {
		_, err := Read([]byte(c.xml))
		var no *Unreadable
		if !errors.As(err, &no) || !strings.Contains(no.Reason, c.reason) {
			t.Errorf("%s: %v, expected %q", what, err, c.reason)
		}
	}
}

// twice repeats the first element with that name and a text.
func twice(xml, name string) string {
	e := regexp.MustCompile(`<` + name + `>[^<]*</` + name + `>`)
	at := e.FindStringIndex(xml)
	return xml[:at[1]] + xml[at[0]:at[1]] + xml[at[1]:]
}

func FuzzRead(f *testing.F) {
	for _, x := range samples {
		f.Add(x)
	}
	f.Fuzz(func(t *testing.T, x []byte) {
		d, err := Read(x)
		var no *Unreadable
		if err != nil && !errors.As(err, &no) {
			t.Errorf("%v", err)
		}
		if err == nil {
			d.Check()
		}
	})
}
