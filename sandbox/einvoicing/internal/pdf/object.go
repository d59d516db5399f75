// Package pdf parses the parts of a PDF that a Factur-X needs: objects through a classic cross-reference table (with updates),
// the embedded invoice and the metadata. Cross-reference streams and encryption are refused.
package pdf

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
)

type (
	name  string
	ref   struct{ n, g int }
	dict  map[string]any
	plain string // a number, true, false, null, or a keyword
	text  []byte
	// stream is a dictionary with data that is still encoded.
	stream struct {
		dict
		data []byte
	}
)

var errSyntax = errors.New("not the syntax of a PDF")

// parser parses objects at a position of the file.
type parser struct {
	b     []byte
	at    int
	depth int
}

const delimiters = "()<>[]{}/% \t\r\n\f\x00"

func (p *parser) space() {
	for p.at < len(p.b) {
		switch p.b[p.at] {
		case ' ', '\t', '\r', '\n', '\f', 0:
			p.at++
		case '%':
			for p.at < len(p.b) && p.b[p.at] != '\n' && p.b[p.at] != '\r' {
				p.at++
			}
		default:
			return
		}
	}
}

func (p *parser) skip(word string) bool {
	p.space()
	if !bytes.HasPrefix(p.b[p.at:], []byte(word)) {
		return false
	}
	p.at += len(word)
	return true
}

func (p *parser) word() string {
	from := p.at
	for p.at < len(p.b) && !strings.ContainsRune(delimiters, rune(p.b[p.at])) {
		p.at++
	}
	return string(p.b[from:p.at])
}

// integer parses an integer.
func (p *parser) integer() (int, error) {
	p.space()
	n, err := strconv.Atoi(p.word())
	if err != nil {
		return 0, errSyntax
	}
	return n, nil
}

func (p *parser) object() (any, error) {
	if p.depth++; p.depth > 50 {
		return nil, errSyntax
	}
	defer func() { p.depth-- }()
	p.space()
	if p.at >= len(p.b) {
		return nil, errSyntax
	}
	switch {
	case p.skip("<<"):
		return p.dictionary()
	case p.skip("<"):
		return p.hex()
	case p.skip("("):
		return p.literal()
	case p.skip("["):
		return p.array()
	case p.skip("/"):
		return name(unescape(p.word())), nil
	}
	return p.numberOrRef()
}

// numberOrRef distinguishes "12 0 R" from "12".
func (p *parser) numberOrRef() (any, error) {
	first := p.word()
	if first == "" {
		return nil, errSyntax
	}
	n, err := strconv.Atoi(first)
	if err != nil {
		return plain(first), nil //nolint:nilerr // not an integer: another kind of word
	}
	back := p.at
	if g, err := p.integer(); err == nil && p.skip("R") {
		return ref{n, g}, nil
	}
	p.at = back
	return plain(first), nil
}

func unescape(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '#' && i+2 < len(s) {
			if b, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				out.Write(b)
				i += 2
				continue
			}
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

func (p *parser) dictionary() (any, error) {
	d := dict{}
	for !p.skip(">>") {
		key, err := p.object()
		if err != nil {
			return nil, err
		}
		k, ok := key.(name)
		if !ok {
			return nil, errSyntax
		}
		if d[string(k)], err = p.object(); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (p *parser) array() (any, error) {
	list := []any{}
	for !p.skip("]") {
		x, err := p.object()
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, nil
}

func (p *parser) hex() (any, error) {
	end := bytes.IndexByte(p.b[p.at:], '>')
	if end < 0 {
		return nil, errSyntax
	}
	digits := strings.Join(strings.Fields(string(p.b[p.at:p.at+end])), "")
	p.at += end + 1
	if len(digits)%2 == 1 {
		digits += "0"
	}
	raw, err := hex.DecodeString(digits)
	if err != nil {
		return nil, errSyntax
	}
	return text(raw), nil
}

func (p *parser) literal() (any, error) {
	var out []byte
	for depth := 1; p.at < len(p.b); p.at++ {
		switch c := p.b[p.at]; c {
		case '\\':
			p.at++
			if p.at < len(p.b) {
				out = append(out, p.escape()...)
			}
			continue
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				p.at++
				return text(out), nil
			}
		}
		out = append(out, p.b[p.at])
	}
	return nil, errSyntax
}

// escape parses the characters after a backslash, and stays on the last one.
func (p *parser) escape() []byte {
	c := p.b[p.at]
	if i := strings.IndexByte("nrtbf", c); i >= 0 {
		return []byte{"\n\r\t\b\f"[i]}
	}
	if c == '\n' || c == '\r' {
		return nil
	}
	n, length := 0, 0
	for length < 3 && p.at+length < len(p.b) && p.b[p.at+length] >= '0' && p.b[p.at+length] <= '7' {
		n = n*8 + int(p.b[p.at+length]-'0')
		length++
	}
	if length == 0 {
		return []byte{c}
	}
	p.at += length - 1
	return []byte{byte(n)}
}

// String decodes a PDF text string: UTF-16 with a byte order mark, or bytes.
func (t text) String() string {
	if len(t) >= 2 && t[0] == 0xFE && t[1] == 0xFF {
		var units []uint16
		for i := 2; i+1 < len(t); i += 2 {
			units = append(units, uint16(t[i])<<8|uint16(t[i+1]))
		}
		return string(utf16.Decode(units))
	}
	return string(t)
}

func (r ref) String() string { return fmt.Sprintf("%d %d R", r.n, r.g) }
