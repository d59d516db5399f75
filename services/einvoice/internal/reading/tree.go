package reading

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// The limits of a document. An invoice of ten thousand lines has less.
const (
	maxDepth = 40
	maxNodes = 400_000
	// maxTag limits a tag with its attributes, which the decoder reads as a whole.
	maxTag = 16 << 10
)

// The namespaces of the two syntaxes.
const (
	nsCII        = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
	nsRAM        = "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
	nsUDT        = "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"
	nsQDT        = "urn:un:unece:uncefact:data:standard:QualifiedDataType:100"
	nsInvoice    = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
	nsCreditNote = "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"
	nsCAC        = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
	nsCBC        = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
	nsEXT        = "urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2"
)

// known are the namespaces of elements. Anything else is a language that we would only guess at, except within UBLExtensions.
var known = map[string]bool{nsCII: true, nsRAM: true, nsUDT: true, nsQDT: true, nsInvoice: true, nsCreditNote: true, nsCAC: true, nsCBC: true, nsEXT: true}

// node is an element. Its text is what stands directly in it.
type node struct {
	name     xml.Name
	attrs    []xml.Attr
	children []*node
	text     []byte
}

func (n *node) is(space, local string) bool { return n.name.Space == space && n.name.Local == local }

// value returns the text without the spaces around it.
func (n *node) value() string {
	if n == nil {
		return ""
	}
	return strings.Trim(string(n.text), " \t\r\n")
}

func (n *node) attr(name string) string {
	if n == nil {
		return ""
	}
	for _, a := range n.attrs {
		if a.Name.Space == "" && a.Name.Local == name {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// all returns the children with a local name.
func (n *node) all(local string) []*node {
	if n == nil {
		return nil
	}
	var found []*node
	for _, c := range n.children {
		if c.name.Local == local {
			found = append(found, c)
		}
	}
	return found
}

var errNotXML = &Unreadable{Reason: "The document is not well-formed XML."}

// parse parses a document into a tree.
func parse(data []byte) (*node, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch {
	case len(data) > MaxXML:
		return nil, unreadable("The document is larger than %d MiB.", MaxXML>>20)
	case len(data) == 0:
		return nil, unreadable("The document is empty.")
	case !utf8.Valid(data):
		return nil, unreadable("The document is not encoded in UTF-8.")
	case hasLongTag(data):
		return nil, unreadable("The document has a tag of more than %d KiB.", maxTag>>10)
	}
	b := builder{decoder: xml.NewDecoder(bytes.NewReader(data))}
	for {
		token, err := b.decoder.Token()
		if errors.Is(err, io.EOF) {
			return b.end()
		}
		if err != nil {
			return nil, errNotXML
		}
		if err := b.take(token); err != nil {
			return nil, err
		}
	}
}

// hasLongTag looks for a tag that is longer than any of an invoice. Comments and sections of characters are not tags.
func hasLongTag(data []byte) bool {
	for {
		at := bytes.IndexByte(data, '<')
		if at < 0 {
			return false
		}
		data = data[at:]
		var length int
		switch {
		case bytes.HasPrefix(data, []byte("<!--")):
			length = bytes.Index(data, []byte("-->"))
		case bytes.HasPrefix(data, []byte("<![CDATA[")):
			length = bytes.Index(data, []byte("]]>"))
		default:
			if length = tagLength(data); length > maxTag {
				return true
			}
		}
		if length < 0 {
			return false // the decoder refuses it
		}
		data = data[length:]
	}
}

// tagLength returns where a tag ends, up to the limit: at the first ">" that is not in quotes.
func tagLength(tag []byte) int {
	quote := byte(0)
	for i, c := range tag {
		switch {
		case i > maxTag:
			return i
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i
		}
	}
	return -1
}

// builder builds the tree.
type builder struct {
	decoder *xml.Decoder
	root    *node
	open    []*node
	nodes   int
	// skipping is the depth at which UBLExtensions began, whose content is nobody's business; 0: outside of it.
	skipping int
}

func (b *builder) take(token xml.Token) error {
	switch x := token.(type) {
	case xml.Directive:
		return unreadable("The document declares a document type, which invoices must not have.")
	case xml.CharData:
		return b.chars(x)
	case xml.StartElement:
		return b.start(x)
	case xml.EndElement:
		if len(b.open) == b.skipping {
			b.skipping = 0
		}
		n := b.open[len(b.open)-1]
		if len(n.children) > 0 {
			n.text = nil
		}
		b.open = b.open[:len(b.open)-1]
	}
	return nil
}

func (b *builder) chars(text []byte) error {
	switch {
	case b.skipping > 0:
	case len(b.open) > 0:
		n := b.open[len(b.open)-1]
		n.text = append(n.text, text...)
	case len(bytes.TrimSpace(text)) > 0:
		return errNotXML
	}
	return nil
}

func (b *builder) start(x xml.StartElement) error {
	if b.nodes++; b.nodes > maxNodes {
		return unreadable("The document has more than %d elements.", maxNodes)
	}
	if len(b.open) >= maxDepth {
		return unreadable("The document is nested deeper than %d elements.", maxDepth)
	}
	n := &node{name: x.Name}
	switch {
	case b.skipping > 0:
	case !known[x.Name.Space]:
		return unreadable("The document has an element that is neither of CII nor of UBL.")
	default:
		for _, a := range x.Attr {
			if a.Name.Space == "" && a.Name.Local != "xmlns" {
				n.attrs = append(n.attrs, a)
			}
		}
	}
	if len(b.open) == 0 && b.root != nil {
		return errNotXML
	}
	if b.root == nil {
		b.root = n
	} else if b.skipping == 0 {
		parent := b.open[len(b.open)-1]
		parent.children = append(parent.children, n)
	}
	b.open = append(b.open, n)
	if b.skipping == 0 && n.is(nsEXT, "UBLExtensions") {
		b.skipping = len(b.open)
	}
	return nil
}

func (b *builder) end() (*node, error) {
	if b.root == nil || len(b.open) > 0 {
		return nil, errNotXML
	}
	return b.root, nil
}
