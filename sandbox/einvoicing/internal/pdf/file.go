package pdf

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxDecoded limits the decompressed size of a stream.
const maxDecoded = 20 << 20

// file is a PDF with its parsed cross-reference tables.
type file struct {
	b       []byte
	offsets map[int]int // of the current objects
	freed   map[int]bool
	trailer dict
}

func open(b []byte) (*file, error) {
	if !bytes.HasPrefix(b, []byte("%PDF-1.")) {
		return nil, errors.New("this is not a PDF")
	}
	last := bytes.LastIndex(b, []byte("startxref"))
	if last < 0 {
		return nil, errors.New("the PDF has no startxref")
	}
	p := &parser{b: b, at: last + len("startxref")}
	at, err := p.integer()
	if err != nil {
		return nil, err
	}
	f := &file{b: b, offsets: map[int]int{}, freed: map[int]bool{}}
	for seen := map[int]bool{}; at >= 0 && !seen[at]; {
		seen[at] = true
		if at, err = f.section(at); err != nil {
			return nil, err
		}
	}
	if f.trailer["Encrypt"] != nil {
		return nil, errors.New("the PDF is encrypted")
	}
	return f, nil
}

// section parses one table and its trailer, and returns the position of the previous one; -1 for none.
func (f *file) section(at int) (int, error) {
	if at < 0 || at >= len(f.b) {
		return 0, errors.New("startxref or Prev points outside of the PDF")
	}
	p := &parser{b: f.b, at: at}
	if f.b[at] != 'x' || !p.skip("xref") {
		return 0, errors.New("there is no cross-reference table where startxref or Prev says")
	}
	for !p.skip("trailer") {
		first, err := p.integer()
		if err != nil {
			return 0, err
		}
		count, err := p.integer()
		if err != nil || count < 0 || count > len(f.b) {
			return 0, errSyntax
		}
		for n := first; n < first+count; n++ {
			if err := f.entry(p, n); err != nil {
				return 0, err
			}
		}
	}
	x, err := p.object()
	if err != nil {
		return 0, err
	}
	d, ok := x.(dict)
	if !ok {
		return 0, errSyntax
	}
	if f.trailer == nil {
		f.trailer = d
	}
	if prev, ok := d["Prev"].(plain); ok {
		at, err := strconv.Atoi(string(prev))
		if err != nil || at < 0 {
			return 0, errors.New("startxref or Prev points outside of the PDF")
		}
		return at, nil
	}
	return -1, nil
}

func (f *file) entry(p *parser, n int) error {
	offset, err := p.integer()
	if err != nil {
		return err
	}
	if _, err := p.integer(); err != nil {
		return err
	}
	used := p.skip("n")
	if !used && !p.skip("f") {
		return errSyntax
	}
	if _, known := f.offsets[n]; known || f.freed[n] {
		return nil
	}
	if used {
		f.offsets[n] = offset
	} else {
		f.freed[n] = true
	}
	return nil
}

// load parses the object at its position in the table.
func (f *file) load(n int) (any, error) {
	at, ok := f.offsets[n]
	if !ok || at < 0 || at >= len(f.b) {
		return nil, fmt.Errorf("object %d is not in the PDF", n)
	}
	p := &parser{b: f.b, at: at}
	found, err := p.integer()
	if err != nil || found != n || f.b[at] < '0' || f.b[at] > '9' { // exactly, although readers tolerate a space
		return nil, fmt.Errorf("object %d is not where the cross-reference table says", n)
	}
	if _, err := p.integer(); err != nil || !p.skip("obj") {
		return nil, fmt.Errorf("object %d is not where the cross-reference table says", n)
	}
	x, err := p.object()
	if err != nil {
		return nil, fmt.Errorf("object %d: %w", n, err)
	}
	d, isDict := x.(dict)
	if !isDict || !p.skip("stream") {
		return x, nil
	}
	if p.at < len(f.b) && f.b[p.at] == '\r' {
		p.at++
	}
	if p.at < len(f.b) && f.b[p.at] == '\n' {
		p.at++
	}
	length, err := strconv.Atoi(string(f.word(d["Length"])))
	if err != nil || length < 0 || p.at+length > len(f.b) {
		return nil, fmt.Errorf("object %d: the length of the stream is wrong", n)
	}
	s := stream{d, f.b[p.at : p.at+length]}
	if p.at += length; !p.endsStream() {
		return nil, fmt.Errorf("object %d: the length of the stream is wrong", n)
	}
	return s, nil
}

// endsStream reports whether the data of a stream ends here: with an end of line, which its length does not include, as PDF/A
// requires.
func (p *parser) endsStream() bool {
	rest := p.b[p.at:]
	for _, line := range []string{"\r\n", "\n", "\r"} {
		if bytes.HasPrefix(rest, []byte(line+"endstream")) {
			return true
		}
	}
	return false
}

// get follows references.
func (f *file) get(x any) any {
	for range 10 {
		r, ok := x.(ref)
		if !ok {
			return x
		}
		loaded, err := f.load(r.n)
		if err != nil {
			return nil
		}
		x = loaded
	}
	return nil
}

// dict, list, name and word return a value as the expected type; empty if it has another type.
func (f *file) dict(x any) dict {
	switch v := f.get(x).(type) {
	case dict:
		return v
	case stream:
		return v.dict
	}
	return nil
}

func (f *file) list(x any) []any {
	v, _ := f.get(x).([]any)
	return v
}

func (f *file) name(x any) string {
	v, _ := f.get(x).(name)
	return string(v)
}

func (f *file) word(x any) plain {
	v, _ := f.get(x).(plain)
	return v
}

func (f *file) text(x any) string {
	v, _ := f.get(x).(text)
	return v.String()
}

// data decompresses a stream.
func (f *file) data(x any) ([]byte, error) {
	s, ok := f.get(x).(stream)
	if !ok {
		return nil, errors.New("a stream is missing")
	}
	filter := f.name(s.dict["Filter"])
	if list := f.list(s.dict["Filter"]); len(list) == 1 {
		filter = f.name(list[0])
	} else if len(list) > 1 {
		return nil, errors.New("a stream has more than one filter")
	}
	switch filter {
	case "":
		return s.data, nil
	case "FlateDecode":
		r, err := zlib.NewReader(bytes.NewReader(s.data))
		if err != nil {
			return nil, fmt.Errorf("unpack stream: %w", err)
		}
		out, err := io.ReadAll(io.LimitReader(r, maxDecoded))
		if err != nil {
			return nil, fmt.Errorf("unpack stream: %w", err)
		}
		return out, nil
	}
	return nil, fmt.Errorf("a stream has the filter %s, which is not read here", filter)
}
