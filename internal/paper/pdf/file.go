// Package pdf writes PDF files (ISO 32000-1) with text, boxes, QR codes and a picture. It has its own writer, because general
// libraries take ten times as long and do not produce PDF/A.
//
// The output depends only on the arguments: not on the date, the order of a map or the machine.
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

// File writes the objects of a PDF (section 7.5 of the standard) in the order of their numbers, which are assigned in the order
// of requests. So the bytes depend only on the content.
type File struct {
	out     bytes.Buffer
	offsets []int
}

// NewFile writes the header. The bytes in its comment mark the file as binary (ISO 19005-3, 6.1.2).
func NewFile() *File {
	f := &File{}
	f.out.Grow(128 << 10)
	f.out.WriteString("%PDF-1.7\n%\xE2\xE3\xCF\xD3\n")
	return f
}

// Reserve returns a number for an object that is written later.
func (f *File) Reserve() int {
	f.offsets = append(f.offsets, 0)
	return len(f.offsets)
}

func (f *File) open(n int) {
	f.offsets[n-1] = f.out.Len()
	f.out.WriteString(strconv.Itoa(n))
	f.out.WriteString(" 0 obj\n")
}

// Object writes a dictionary or any other body.
func (f *File) Object(n int, body string) {
	f.open(n)
	f.out.WriteString(body)
	f.out.WriteString("\nendobj\n")
}

// Stream writes data unchanged; entries are the rest of its dictionary.
func (f *File) Stream(n int, entries string, data []byte) {
	f.open(n)
	f.out.WriteString("<<" + entries + "/Length " + strconv.Itoa(len(data)) + ">>\nstream\n")
	f.out.Write(data)
	f.out.WriteString("\nendstream\nendobj\n")
}

// Packed writes compressed data.
func (f *File) Packed(n int, entries string, data []byte) {
	f.Stream(n, entries+"/Filter/FlateDecode", Deflate(data))
}

// End writes the cross-reference table and the trailer. The identifier is derived from the content (14.4), so equal files have
// equal identifiers.
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

// Literal returns a text string (7.9.2.2) in UTF-16.
func Literal(text string) string {
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String() + ">"
}

// effort is the compression level: a higher one takes half as long again and saves three per cent.
const effort = 4

// compressors are pooled, because a new one allocates a megabyte.
var compressors = sync.Pool{New: func() any {
	w, err := zlib.NewWriterLevel(nil, effort)
	if err != nil {
		panic(err) // cannot happen: the level is valid
	}
	return w
}}

// Deflate compresses data for the filter FlateDecode.
func Deflate(data []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(data)/2 + 64)
	w := compressors.Get().(*zlib.Writer)
	defer compressors.Put(w)
	w.Reset(&out)
	w.Write(data) // writing to a buffer never fails
	w.Close()
	return out.Bytes()
}

// ascii returns a byte string (7.3.4.2), for URLs, which are ASCII.
func ascii(text string) string {
	return "(" + strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`, "\r", "", "\n", "").Replace(text) + ")"
}
