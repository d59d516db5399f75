// Package pdf writes PDF files (ISO 32000-1): text in our fonts, boxes, QR codes and a picture. It writes them by itself, since a
// general library takes ten times as long and no PDF/A comes out of it.
//
// What is written depends on the arguments only: not on the day, on a map's order or on the machine.
package pdf

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

// File writes the objects of a PDF (section 7.5 of the standard) in the order of their numbers, which follow from the order in which
// they are asked for: nothing but the content decides about the bytes.
type File struct {
	out     bytes.Buffer
	offsets []int
}

// NewFile begins with the header; the comment's bytes tell programs that the file is not text (ISO 19005-3, 6.1.2).
func NewFile() *File {
	f := &File{}
	f.out.Grow(128 << 10)
	f.out.WriteString("%PDF-1.7\n%\xE2\xE3\xCF\xD3\n")
	return f
}

// Reserve gives a number for an object that is written later.
func (f *File) Reserve() int {
	f.offsets = append(f.offsets, 0)
	return len(f.offsets)
}

func (f *File) open(n int) {
	f.offsets[n-1] = f.out.Len()
	f.out.WriteString(strconv.Itoa(n))
	f.out.WriteString(" 0 obj\n")
}

// Object writes a dictionary or whatever the body is.
func (f *File) Object(n int, body string) {
	f.open(n)
	f.out.WriteString(body)
	f.out.WriteString("\nendobj\n")
}

// Stream writes data as it is; entries are the rest of its dictionary.
func (f *File) Stream(n int, entries string, data []byte) {
	f.open(n)
	f.out.WriteString("<<" + entries + "/Length " + strconv.Itoa(len(data)) + ">>\nstream\n")
	f.out.Write(data)
	f.out.WriteString("\nendstream\nendobj\n")
}

// Packed writes data compressed.
func (f *File) Packed(n int, entries string, data []byte) {
	f.Stream(n, entries+"/Filter/FlateDecode", Deflate(data))
}

// End writes the table of places and the trailer. The identifier is made of the content (14.4), so equal files have
// equal ones.
func (f *File) End(root, info int) []byte {
	hash := sha256.Sum256(f.out.Bytes())
	id := "<" + strings.ToUpper(hex.EncodeToString(hash[:16])) + ">"
	place := f.out.Len()
	fmt.Fprintf(&f.out, "xref\n0 %d\n0000000000 65535 f \n", len(f.offsets)+1)
	for _, offset := range f.offsets {
		fmt.Fprintf(&f.out, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&f.out, "trailer\n<</Size %d/Root %s/Info %s/ID[%s%s]>>\nstartxref\n%d\n%%%%EOF\n",
		len(f.offsets)+1, Ref(root), Ref(info), id, id, place)
	return f.out.Bytes()
}

// Ref is a reference to an object.
func Ref(n int) string { return strconv.Itoa(n) + " 0 R" }

// Literal is a text string (7.9.2.2) in UTF-16.
func Literal(text string) string {
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

// Deflate compresses data as the filter FlateDecode reads it.
func Deflate(data []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(data)/2 + 64)
	w := compressors.Get().(*zlib.Writer)
	defer compressors.Put(w)
	w.Reset(&out)
	w.Write(data) // a buffer takes everything
	w.Close()
	return out.Bytes()
}

// ascii is a string of bytes (7.3.4.2), for addresses, which are ASCII.
func ascii(text string) string {
	return "(" + strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`, "\r", "", "\n", "").Replace(text) + ")"
}
