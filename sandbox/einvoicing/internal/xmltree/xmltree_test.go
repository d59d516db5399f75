package xmltree_test

import (
	"strings"
	"testing"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/xmltree"
)

func TestADocumentBecomesATree(t *testing.T) {
	t.Parallel()
	root, err := xmltree.Parse([]byte("\ufeff<?xml version=\"1.0\"?><!-- a --><r xmlns=\"urn:r\" xmlns:p=\"urn:p\" n=\"1\" p:n=\"2\"> x <a>1</a><b/><a><c> 2 \n</c></a>y</r>\n"))
	if err != nil {
		t.Fatal(err)
	}
	if root.Name.Space != "urn:r" || root.Name.Local != "r" || root.Value() != "x y" {
		t.Errorf("%+v %q", root.Name, root.Value())
	}
	if root.Attr("n") != "1" || root.Attr("m") != "" || len(root.Attrs) != 2 {
		t.Errorf("%+v", root.Attrs)
	}
	if len(root.Children) != 3 || len(root.All("a")) != 2 || root.Get("a") != "1" || root.Get("b") != "" || root.At("c") != nil {
		t.Errorf("%+v", root.Children)
	}
	if got := root.All("a")[1].Get("c"); got != "2" {
		t.Errorf("%q", got)
	}
	var none *xmltree.Node
	if none.Value() != "" || none.Attr("n") != "" || none.All("a") != nil || none.Get("a/b") != "" {
		t.Error("what is not there has no value")
	}
}

func TestWhatIsNoDocumentIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, says string }{
		"nothing":              {"", "no root"},
		"space":                {" \n", "no root"},
		"a text":               {"x", "outside of the root"},
		"a text before":        {"x<r/>", "outside of the root"},
		"a text behind":        {"<r/>x", "outside of the root"},
		"two roots":            {"<r/><r/>", "more than one root"},
		"a document type":      {"<!DOCTYPE r><r/>", "document type"},
		"an entity":            {"<!DOCTYPE r [<!ENTITY e 'x'>]><r>&e;</r>", "document type"},
		"an unknown entity":    {"<r>&e;</r>", "not well-formed"},
		"an attribute twice":   {`<r a="1" a="2"/>`, "attribute a twice"},
		"an open element":      {"<r>", "not well-formed"},
		"crossed elements":     {"<r><a></r></a>", "not well-formed"},
		"an end without begin": {"</r>", "not well-formed"},
		"an unknown prefix":    {"<p:r/>", "prefix p is not declared"},
		"one of an attribute":  {`<r p:a="1"/>`, "prefix p is not declared"},
		"too deep":             {strings.Repeat("<r>", 65) + strings.Repeat("</r>", 65), "too deep"},
		"too many":             {"<r>" + strings.Repeat("<a/>", 200_000) + "</r>", "too many"},
	} {
		if _, err := xmltree.Parse([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, text := range map[string]string{
		"as deep as may be": strings.Repeat("<r>", 64) + strings.Repeat("</r>", 64), "as many as may be": "<r>" + strings.Repeat("<a/>", 199_999) + "</r>",
	} {
		if _, err := xmltree.Parse([]byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
