package cii

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/xmltree"
)

func TestARightInvoiceIsReadAsItIs(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*document.Document{
		"invoice": sample.Invoice(), "private": sample.Private(sample.Invoice()), "credit note": sample.CreditNote(sample.Invoice()),
	} {
		got, problems := Read(sample.XML(d))
		if len(problems) > 0 {
			t.Fatalf("%s: %+v", name, problems)
		}
		if p := append(got.Check(), document.Compare(d, got)...); len(p) > 0 {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestWhatIsNoInvoiceIsRefused(t *testing.T) {
	t.Parallel()
	right := string(sample.XML(sample.Invoice()))
	for name, swap := range map[string][2]string{
		"not well-formed": {"</ram:LineID>", "</ram:LineId>"},
		"document type":   {"<rsm:CrossIndustryInvoice", "<!DOCTYPE x [<!ENTITY a 'b'>]><rsm:CrossIndustryInvoice"},
		"another root":    {"rsm:CrossIndustryInvoice", "rsm:CrossIndustryOrder"},
		"empty":           {right, ""},
		"no format":       {` format="102"`, ""},
		"other format":    {`format="102"`, `format="203"`},
		"three decimals":  {">25.00<", ">25.000<"},
		"exponent":        {">25.00<", ">2.5e1<"},
		"no such day":     {"20261121", "20260231"},
		"rate of 5 signs": {">5.5<", ">5.500<"},
		"text in between": {"<rsm:ExchangedDocument>", "<rsm:ExchangedDocument>x"},
		"wrong namespace": {"ReusableAggregateBusinessInformationEntity:100", "ReusableAggregateBusinessInformationEntity:200"},
	} {
		if _, problems := Read([]byte(strings.ReplaceAll(right, swap[0], swap[1]))); len(problems) == 0 {
			t.Errorf("%s: taken", name)
		}
	}
}

// schema returns the official schema, where it is installed.
func schema(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("EINVOICE_RULES_DIR")
	if dir == "" {
		t.Skip("EINVOICE_RULES_DIR is not set: the structure is not compared with the official schema")
	}
	if _, err := exec.LookPath("xmllint"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("xmllint is not installed")
		}
		t.Skip("xmllint is not installed: the structure is not compared with the official schema")
	}
	return dir
}

// official asks xmllint about many documents at once: which of them are right.
func official(t *testing.T, xsd string, docs [][]byte) []bool {
	t.Helper()
	dir := t.TempDir()
	args := []string{"--nonet", "--noout", "--schema", xsd}
	names := make([]string, len(docs))
	for i, d := range docs {
		names[i] = filepath.Join(dir, "doc"+string(rune('a'+i/676))+string(rune('a'+i/26%26))+string(rune('a'+i%26))+".xml")
		if err := os.WriteFile(names[i], d, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, names[i])
	}
	out, _ := exec.Command("xmllint", args...).CombinedOutput() // fails when one of them is wrong, as many are
	right := make([]bool, len(docs))
	for i, n := range names {
		right[i] = bytes.Contains(out, []byte(n+" validates"))
		if !right[i] && !bytes.Contains(out, []byte(n+" fails to validate")) {
			t.Fatalf("no verdict on %s:\n%s", n, out)
		}
	}
	return right
}

// write prints a tree; every element says its own namespace.
func write(b *bytes.Buffer, n *xmltree.Node) {
	b.WriteString("<" + n.Name.Local + ` xmlns="` + n.Name.Space + `"`)
	for _, a := range n.Attrs {
		if a.Name.Space == "" {
			b.WriteString(" " + a.Name.Local + `="` + a.Value + `"`)
		}
	}
	b.WriteString(">" + strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(n.Value()))
	for _, c := range n.Children {
		write(b, c)
	}
	b.WriteString("</" + n.Name.Local + ">")
}

func all(n *xmltree.Node) []*xmltree.Node {
	found := []*xmltree.Node{n}
	for _, c := range n.Children {
		found = append(found, all(c)...)
	}
	return found
}

// mutate spoils a tree in one place, or leaves it right.
func mutate(dice *rand.Rand, root *xmltree.Node) string {
	nodes := slices.DeleteFunc(all(root), func(n *xmltree.Node) bool { return len(n.Children) == 0 })
	n := nodes[dice.IntN(len(nodes))]
	i := dice.IntN(len(n.Children))
	switch dice.IntN(7) {
	case 0:
		n.Children = slices.Delete(n.Children, i, i+1)
		return "drop"
	case 1:
		n.Children = slices.Insert(n.Children, i, n.Children[i])
		return "repeat"
	case 2:
		j := dice.IntN(len(n.Children))
		n.Children[i], n.Children[j] = n.Children[j], n.Children[i]
		return "swap"
	case 3:
		other := nodes[dice.IntN(len(nodes))]
		if slices.Contains(all(n.Children[i]), other) {
			return "none"
		}
		other.Children = append(other.Children, n.Children[i])
		return "copy elsewhere"
	case 4:
		n.Children[i].Attrs = nil
		return "no attributes"
	case 5:
		n.Children[i].Text, n.Children[i].Children = "x1", nil
		return "other text"
	}
	n.Children[i].Name.Local += "X"
	return "rename"
}

func TestTheStructureIsThatOfTheOfficialSchema(t *testing.T) {
	t.Parallel()
	dir := schema(t)
	var sources [][]byte
	for _, d := range []*document.Document{sample.Invoice(), sample.Private(sample.Invoice()), sample.CreditNote(sample.Invoice())} {
		sources = append(sources, sample.XML(d))
	}
	examples, err := filepath.Glob(filepath.Join(dir, "examples", "*.xml"))
	if err != nil || len(examples) == 0 {
		t.Fatal("no examples", err)
	}
	for _, name := range examples {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, b)
	}
	compare(t, filepath.Join(dir, "facturx-xsd", "FACTUR-X_EN16931.xsd"), sources)
}

// compare gives many spoilt documents to both and wants the same verdicts.
func compare(t *testing.T, xsd string, sources [][]byte) {
	t.Helper()
	dice := rand.New(rand.NewPCG(1, 2))
	var docs [][]byte
	var what []string
	for _, s := range sources {
		for range 50 {
			root, err := xmltree.Parse(s)
			if err != nil {
				t.Fatal(err)
			}
			what = append(what, mutate(dice, root))
			var b bytes.Buffer
			write(&b, root)
			docs = append(docs, b.Bytes())
		}
		docs, what = append(docs, s), append(what, "as it is")
	}
	good := 0
	for i, want := range official(t, xsd, docs) {
		root, err := xmltree.Parse(docs[i])
		if err != nil {
			t.Fatal(err)
		}
		problems := structure.Check(root)
		if (len(problems) == 0) != want {
			t.Errorf("%s: the schema says %v, we say %+v\n%s", what[i], want, problems, docs[i])
		}
		if want {
			good++
		}
	}
	if good < len(sources) || good > len(docs)*3/4 {
		t.Errorf("%d of %d are right: the comparison compares little", good, len(docs))
	}
	t.Logf("%d documents, %d of them right", len(docs), good)
}

// The documents in testdata were written by the product: what it issues must be taken here.
func TestWhatTheProductWritesIsTaken(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob(filepath.Join("testdata", "*.xml"))
	if err != nil || len(names) == 0 {
		t.Fatal("no documents", err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		d, problems := Read(b)
		if d != nil {
			problems = append(problems, d.Check()...)
		}
		for _, p := range problems {
			t.Errorf("%s: %+v", name, p)
		}
	}
}
