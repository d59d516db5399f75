package grammar_test

import (
	"strings"
	"testing"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/grammar"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/xmltree"
)

const table = `
@ a urn:a
@ b urn:b
a:Root Root
Root = a:One:Text a:Maybe:Number? a:Some:Whole+ b:Any:Truth* a:Few:Code{2}
Text : any @lang
Number : decimal
Whole : integer
Truth : boolean
Code : base64 @kind! @more
`

func check(t *testing.T, inside string) string {
	t.Helper()
	root, err := xmltree.Parse([]byte(`<Root xmlns="urn:a" xmlns:b="urn:b">` + inside + `</Root>`))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, p := range grammar.Parse(table).Check(root) {
		all = append(all, p.Path+" "+p.Message)
	}
	return strings.Join(all, "; ")
}

func TestWhatTheTableAllowsIsTaken(t *testing.T) {
	t.Parallel()
	for name, inside := range map[string]string{
		"the least":     `<One/><Some>1</Some>`,
		"everything":    `<One lang="fr">x</One><Maybe>-1.5</Maybe><Some>1</Some><Some>2</Some><b:Any>true</b:Any><b:Any>0</b:Any><Few kind="k" more="m">QQ==</Few><Few kind="k"/>`,
		"space between": "\n<One/>\n<Some> 7 </Some>\n",
		"a plus":        `<One/><Maybe>+.5</Maybe><Some>+1</Some>`,
		"schema":        `<One xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/><Some>1</Some>`,
		"a truth of 1":  `<One/><Some>1</Some><b:Any>1</b:Any><b:Any>false</b:Any>`,
	} {
		if got := check(t, inside); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestWhatTheTableDoesNotAllowIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ inside, says string }{
		"one is missing":        {`<Some>1</Some>`, "/Root One is missing"},
		"some are missing":      {`<One/>`, "/Root Some is missing"},
		"one twice":             {`<One/><One/><Some>1</Some>`, "/Root Some is missing"},
		"maybe twice":           {`<One/><Maybe>1</Maybe><Maybe>1</Maybe><Some>1</Some>`, "Some is missing"},
		"few, but three":        {`<One/><Some>1</Some><Few kind="k"/><Few kind="k"/><Few kind="k"/>`, "Few is not expected"},
		"out of order":          {`<Some>1</Some><One/>`, "One is missing"},
		"another space":         {`<One/><Some>1</Some><Any>1</Any>`, "Any is not expected"},
		"unknown":               {`<One/><Some>1</Some><Else/>`, "Else is not expected"},
		"no decimal":            {`<One/><Maybe>1e2</Maybe><Some>1</Some>`, `/Root/Maybe "1e2" is not a value`},
		"an empty number":       {`<One/><Maybe/><Some>1</Some>`, `/Root/Maybe "" is not a value`},
		"a fraction":            {`<One/><Some>1.0</Some>`, `/Root/Some "1.0" is not a value`},
		"no truth":              {`<One/><Some>1</Some><b:Any>TRUE</b:Any>`, `/Root/Any "TRUE" is not a value`},
		"no base64":             {`<One/><Some>1</Some><Few kind="k">*</Few>`, `/Root/Few "*" is not a value`},
		"a child of a text":     {`<One><Some>1</Some></One><Some>1</Some>`, "/Root/One has children"},
		"a text of the parent":  {`x<One/><Some>1</Some>`, "/Root has a text"},
		"attribute missing":     {`<One/><Some>1</Some><Few more="m"/>`, "the attribute kind is missing"},
		"attribute unknown":     {`<One id="1"/><Some>1</Some>`, "the attribute id is not expected"},
		"attribute in a space":  {`<One b:lang="1"/><Some>1</Some>`, "the attribute lang is not expected"},
		"attribute of a parent": {`<One/><Some lang="1">1</Some>`, "the attribute lang is not expected"},
	} {
		if got := check(t, c.inside); !strings.Contains(got, c.says) {
			t.Errorf("%s: %q, want %q", name, got, c.says)
		}
	}
}

func TestAnotherRootIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`<Other xmlns="urn:a"/>`, `<Root xmlns="urn:b"/>`, `<Root/>`} {
		root, err := xmltree.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if p := grammar.Parse(table).Check(root); len(p) != 1 || p[0].Path != "/" {
			t.Errorf("%s: %+v", text, p)
		}
	}
}

// A table is ours: one that is wrong ends the program where it starts.
func TestAWrongTablePanics(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]string{
		"unknown type": ":R R\nR = :A:Nothing", "unknown prefix": "x:R R", "unknown text": ":R R\nR : word", "no count": ":R R\nR = :A:R{x}", "two parts": ":R R\nR = :A",
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: taken", name)
				}
			}()
			grammar.Parse(wrong)
		}()
	}
}
