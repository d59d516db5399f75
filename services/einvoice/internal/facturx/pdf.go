package facturx

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
)

// file writes the objects of a PDF (ISO 32000-1, 7.5) in the order of their numbers, which follow from the order in which
// they are asked for: nothing but the content decides about the bytes.
type file struct {
	out     bytes.Buffer
	offsets []int
}

// begin is the header; the comment's bytes tell programs that the file is not text (ISO 19005-3, 6.1.2).
func begin() *file {
	f := &file{}
	f.out.Grow(128 << 10)
	f.out.WriteString("%PDF-1.7\n%\xE2\xE3\xCF\xD3\n")
	return f
}

// reserve gives a number for an object that is written later.
func (f *file) reserve() int {
	f.offsets = append(f.offsets, 0)
	return len(f.offsets)
}

func (f *file) open(n int) {
	f.offsets[n-1] = f.out.Len()
	f.out.WriteString(strconv.Itoa(n))
	f.out.WriteString(" 0 obj\n")
}

// object writes a dictionary or whatever the body is.
func (f *file) object(n int, body string) {
	f.open(n)
	f.out.WriteString(body)
	f.out.WriteString("\nendobj\n")
}

// stream writes data as it is; entries are the rest of its dictionary.
func (f *file) stream(n int, entries string, data []byte) {
	f.open(n)
	f.out.WriteString("<<" + entries + "/Length " + strconv.Itoa(len(data)) + ">>\nstream\n")
	f.out.Write(data)
	f.out.WriteString("\nendstream\nendobj\n")
}

// packed writes data compressed.
func (f *file) packed(n int, entries string, data []byte) {
	f.stream(n, entries+"/Filter/FlateDecode", deflate(data))
}

// end writes the table of places and the trailer. The identifier is made of the content (14.4), so equal files have
// equal ones.
func (f *file) end(root, info int) []byte {
	hash := sha256.Sum256(f.out.Bytes())
	id := "<" + strings.ToUpper(hex.EncodeToString(hash[:16])) + ">"
	place := f.out.Len()
	fmt.Fprintf(&f.out, "xref\n0 %d\n0000000000 65535 f \n", len(f.offsets)+1)
	for _, offset := range f.offsets {
		fmt.Fprintf(&f.out, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&f.out, "trailer\n<</Size %d/Root %s/Info %s/ID[%s%s]>>\nstartxref\n%d\n%%%%EOF\n",
		len(f.offsets)+1, ref(root), ref(info), id, id, place)
	return f.out.Bytes()
}

func ref(n int) string { return strconv.Itoa(n) + " 0 R" }

// literal is a text string (7.9.2.2) in UTF-16.
func literal(text string) string {
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String() + ">"
}

// effort of the compression: more takes half as long again and saves three parts in a hundred.
const effort = 4

// compressors are kept: a new one takes a megabyte.
var compressors = sync.Pool{New: func() any {
	w, err := zlib.NewWriterLevel(nil, effort)
	if err != nil {
		panic(err) // there is no such effort
	}
	return w
}}

func deflate(data []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(data)/2 + 64)
	w := compressors.Get().(*zlib.Writer)
	defer compressors.Put(w)
	w.Reset(&out)
	w.Write(data) // a buffer takes everything
	w.Close()
	return out.Bytes()
}
