// Package xmltree parses an XML document strictly into a tree: no document type, no undeclared prefix, one root.
package xmltree

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Node is an element.
type Node struct {
	Name     xml.Name
	Attrs    []xml.Attr
	Children []*Node
	// Text is all character data directly in the element.
	Text string
}

const (
	maxDepth = 64
	maxNodes = 200_000
)

// Parse parses one document.
func Parse(data []byte) (*Node, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	var root *Node
	var open []*Node
	spaces := map[string]bool{"": true, "xmlns": true, "http://www.w3.org/XML/1998/namespace": true}
	for nodes := 0; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("not well-formed: %w", err)
		}
		switch x := token.(type) {
		case xml.Directive:
			return nil, errors.New("a document type is not allowed")
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].Text += string(x)
			} else if strings.Trim(string(x), " \t\r\n\ufeff") != "" {
				return nil, errors.New("text outside of the root element")
			}
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.StartElement:
			n, err := element(x, spaces)
			if err != nil {
				return nil, err
			}
			if nodes++; nodes > maxNodes || len(open) >= maxDepth {
				return nil, errors.New("too many or too deep elements")
			}
			switch {
			case len(open) > 0:
				parent := open[len(open)-1]
				parent.Children = append(parent.Children, n)
			case root != nil:
				return nil, errors.New("more than one root element")
			default:
				root = n
			}
			open = append(open, n)
		}
	}
	if root == nil {
		return nil, errors.New("no root element")
	}
	return root, nil
}

// element checks a start tag. The decoder leaves an undeclared prefix in place of a namespace; spaces are the declared ones.
func element(x xml.StartElement, spaces map[string]bool) (*Node, error) {
	for _, a := range x.Attr {
		if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" {
			spaces[a.Value] = true
		}
	}
	if !spaces[x.Name.Space] {
		return nil, fmt.Errorf("prefix %s is not declared", x.Name.Space)
	}
	n := &Node{Name: x.Name}
	seen := map[xml.Name]bool{}
	for _, a := range x.Attr {
		if !spaces[a.Name.Space] {
			return nil, fmt.Errorf("prefix %s is not declared", a.Name.Space)
		}
		if seen[a.Name] {
			return nil, fmt.Errorf("attribute %s twice in %s", a.Name.Local, x.Name.Local)
		}
		seen[a.Name] = true
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			continue
		}
		n.Attrs = append(n.Attrs, a)
	}
	return n, nil
}

// Value returns the text without surrounding spaces.
func (n *Node) Value() string {
	if n == nil {
		return ""
	}
	return strings.Trim(n.Text, " \t\r\n")
}

// Attr returns the value of an attribute without a namespace; empty if there is none.
func (n *Node) Attr(name string) string {
	if n == nil {
		return ""
	}
	for _, a := range n.Attrs {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// All returns the children with a local name.
func (n *Node) All(local string) []*Node {
	if n == nil {
		return nil
	}
	var found []*Node
	for _, c := range n.Children {
		if c.Name.Local == local {
			found = append(found, c)
		}
	}
	return found
}

// At follows a path such as "A/B" through first children; nil if it ends.
func (n *Node) At(path string) *Node {
	for _, local := range strings.Split(path, "/") {
		all := n.All(local)
		if len(all) == 0 {
			return nil
		}
		n = all[0]
	}
	return n
}

// Get returns the value at a path; empty if there is none.
func (n *Node) Get(path string) string { return n.At(path).Value() }
