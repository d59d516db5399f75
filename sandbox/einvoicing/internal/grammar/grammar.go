// Package grammar checks the structure of an XML document against a table, like an XML Schema: which children an element has, in
// which order and number, and which texts are permitted.
package grammar

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/decimal"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/xmltree"
)

const schemaInstance = "http://www.w3.org/2001/XMLSchema-instance"

// Grammar is a parsed table.
type Grammar struct {
	types map[string]*typ
	root  particle
}

type typ struct {
	children []particle
	value    func(string) bool // nil for an element with children
	attrs    map[string]bool   // name to whether it is required
}

type particle struct {
	space, name, typ string
	min, max         int // max 0: unlimited
}

// Problem is a problem of a document.
type Problem struct {
	// Path of element names from the root.
	Path, Message string
}

// Parse reads a table. A line "@ prefix namespace" names a namespace. "Type = prefix:Name:Child …" lists the children of a
// type in order, each with ? (0 or 1), * (any), + (1 or more) or {n} (0 to n) behind it when it is not there exactly once.
// Attributes of such a type are words "@attr" among the children.
// "Type : decimal @attr @attr!" is a text (any, decimal, integer, boolean, base64) with attributes, those with ! required.
// The first line of types is the root: "prefix:Name Type".
func Parse(table string) *Grammar {
	g := &Grammar{types: map[string]*typ{}}
	spaces := map[string]string{"": ""}
	for _, row := range strings.Split(table, "\n") {
		words := strings.Fields(row)
		switch {
		case len(words) == 0:
		case words[0] == "@":
			spaces[words[1]] = words[2]
		case g.root.name == "":
			g.root = child(words[0]+":"+words[1], spaces)
		case words[1] == "=":
			t := &typ{attrs: map[string]bool{}}
			for _, w := range words[2:] {
				if strings.HasPrefix(w, "@") {
					t.attribute(w)
				} else {
					t.children = append(t.children, child(w, spaces))
				}
			}
			g.types[words[0]] = t
		default:
			g.types[words[0]] = text(words[2:])
		}
	}
	g.check()
	return g
}

func text(words []string) *typ {
	t := &typ{value: values[words[0]], attrs: map[string]bool{}}
	if t.value == nil {
		panic("unknown kind of text " + words[0])
	}
	for _, w := range words[1:] {
		t.attribute(w)
	}
	return t
}

// attribute adds "@name", required with ! behind it.
func (t *typ) attribute(word string) {
	name, required := strings.CutSuffix(word[1:], "!")
	t.attrs[name] = required
}

func child(word string, spaces map[string]string) particle {
	p := particle{min: 1, max: 1}
	switch last := word[len(word)-1]; last {
	case '?':
		p.min, word = 0, word[:len(word)-1]
	case '*':
		p.min, p.max, word = 0, 0, word[:len(word)-1]
	case '+':
		p.max, word = 0, word[:len(word)-1]
	case '}':
		at := strings.IndexByte(word, '{')
		n, err := strconv.Atoi(word[at+1 : len(word)-1])
		if err != nil {
			panic("wrong count in " + word)
		}
		p.min, p.max, word = 0, n, word[:at]
	}
	parts := strings.Split(word, ":")
	space, ok := spaces[parts[0]]
	if len(parts) != 3 || !ok {
		panic("wrong child " + word)
	}
	p.space, p.name, p.typ = space, parts[1], parts[2]
	return p
}

// check panics if the table names an undefined type: the table is part of the program.
func (g *Grammar) check() {
	for _, t := range g.types {
		for _, c := range t.children {
			if g.types[c.typ] == nil {
				panic("unknown type " + c.typ)
			}
		}
	}
}

var values = map[string]func(string) bool{
	"any":     func(string) bool { return true },
	"decimal": decimal.Lexical,
	"integer": func(s string) bool { return decimal.Lexical(s) && !strings.Contains(s, ".") },
	"boolean": func(s string) bool {
		s = strings.Trim(s, " \t\r\n")
		return s == "true" || s == "false" || s == "0" || s == "1"
	},
	"base64": func(s string) bool {
		_, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
		return err == nil
	},
}

// Check reports all problems of a document.
func (g *Grammar) Check(root *xmltree.Node) []Problem {
	c := checker{g: g}
	if root.Name.Local != g.root.name || root.Name.Space != g.root.space {
		return []Problem{{"/", "the root element is not " + g.root.name}}
	}
	c.element("/"+root.Name.Local, root, g.types[g.root.typ])
	return c.problems
}

type checker struct {
	g        *Grammar
	problems []Problem
}

func (c *checker) add(path, format string, args ...any) {
	c.problems = append(c.problems, Problem{path, fmt.Sprintf(format, args...)})
}

func (c *checker) element(path string, n *xmltree.Node, t *typ) {
	c.attributes(path, n, t)
	if t.value != nil {
		if len(n.Children) > 0 {
			c.add(path, "has children, where only a text may be")
		} else if !t.value(n.Text) {
			c.add(path, "%q is not a value of its type", n.Value())
		}
		return
	}
	if n.Value() != "" {
		c.add(path, "has a text, where only elements may be")
	}
	c.sequence(path, n, t.children)
}

// sequence compares the children with the table.
func (c *checker) sequence(path string, n *xmltree.Node, table []particle) {
	rest := n.Children
	for _, p := range table {
		count := 0
		for len(rest) > 0 && rest[0].Name.Local == p.name && rest[0].Name.Space == p.space && (p.max == 0 || count < p.max) {
			c.element(path+"/"+p.name, rest[0], c.g.types[p.typ])
			rest = rest[1:]
			count++
		}
		if count < p.min {
			c.add(path, "%s is missing, or not in its place", p.name)
		}
	}
	if len(rest) > 0 {
		c.add(path, "%s is not expected here", rest[0].Name.Local)
	}
}

func (c *checker) attributes(path string, n *xmltree.Node, t *typ) {
	has := map[string]bool{}
	for _, a := range n.Attrs {
		if a.Name.Space == schemaInstance {
			continue
		}
		has[a.Name.Local] = true
		if _, ok := t.attrs[a.Name.Local]; !ok || a.Name.Space != "" {
			c.add(path, "the attribute %s is not expected here", a.Name.Local)
		}
	}
	for name, required := range t.attrs {
		if required && !has[name] {
			c.add(path, "the attribute %s is missing", name)
		}
	}
}
