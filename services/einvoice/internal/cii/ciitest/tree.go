package ciitest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// node is an element. Names are without a prefix: no two namespaces of the format share one that is looked at here.
type node struct {
	name  string
	attrs map[string]string
	text  string
	kids  []*node
}

func parse(doc []byte) (*node, error) {
	decoder := xml.NewDecoder(bytes.NewReader(doc))
	root := &node{}
	stack := []*node{root}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		top := stack[len(stack)-1]
		switch t := token.(type) {
		case xml.StartElement:
			n := &node{name: t.Name.Local, attrs: map[string]string{}}
			for _, a := range t.Attr {
				n.attrs[a.Name.Local] = a.Value
			}
			top.kids = append(top.kids, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(t)
		}
	}
	if len(root.kids) != 1 || root.kids[0].name != "CrossIndustryInvoice" {
		return nil, errors.New("not a CrossIndustryInvoice")
	}
	return root.kids[0], nil
}

// all are the elements at a path such as "ExchangedDocument/ID".
func (n *node) all(path string) []*node {
	name, rest, more := strings.Cut(path, "/")
	var found []*node
	for _, k := range n.kids {
		if k.name != name {
			continue
		}
		if more {
			found = append(found, k.all(rest)...)
		} else {
			found = append(found, k)
		}
	}
	return found
}

// get is the text of the first element at a path; empty when there is none.
func (n *node) get(path string) string {
	if found := n.all(path); len(found) > 0 {
		return strings.TrimSpace(found[0].text)
	}
	return ""
}

// first is the first element at a path, or an empty one.
func (n *node) first(path string) *node {
	if found := n.all(path); len(found) > 0 {
		return found[0]
	}
	return &node{}
}

// id is the text of the first element at a path with that schemeID.
func (n *node) id(path, scheme string) string {
	for _, k := range n.all(path) {
		if k.attrs["schemeID"] == scheme {
			return strings.TrimSpace(k.text)
		}
	}
	return ""
}

// walk calls visit for the element and all within it.
func (n *node) walk(visit func(*node)) {
	visit(n)
	for _, k := range n.kids {
		k.walk(visit)
	}
}
