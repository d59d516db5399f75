package facturx

import (
	"bytes"
	"compress/zlib"
	"crypto/md5" // #nosec G501 -- the sum that the file itself has
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
)

// ErrNotOurs is the error of Extract for a file that Render did not write or that was changed since.
var ErrNotOurs = errors.New("not an intact Factur-X written by this package")

// maxAttached limits the decompressed size. A document of a thousand lines has two megabytes of XML.
const maxAttached = 32 << 20

var (
	startForm      = regexp.MustCompile(`startxref\n(\d{1,10})\n%%EOF\n$`)
	attachmentForm = regexp.MustCompile(`^\d+ 0 obj\n<</Type/EmbeddedFile/Subtype/text#2Fxml/Params<</Size (\d{1,10})/ModDate\(D:[^)]*\)` +
		`/CheckSum<([0-9a-f]{32})>>>/Filter/FlateDecode/Length (\d{1,10})>>\nstream\n`)
)

// Extract returns the XML in a PDF that Render wrote, after verifying its size and checksum. It does not read files of other
// programs.
func Extract(pdf []byte) ([]byte, error) {
	at, err := placeOf(pdf, objAttachment)
	if err != nil {
		return nil, err
	}
	head := attachmentForm.FindSubmatch(pdf[at:])
	if head == nil {
		return nil, ErrNotOurs
	}
	data := pdf[at+len(head[0]):]
	length, size := number(head[3]), number(head[1])
	if length > len(data) || size > maxAttached {
		return nil, ErrNotOurs
	}
	r, err := zlib.NewReader(bytes.NewReader(data[:length]))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotOurs, err)
	}
	xml, err := io.ReadAll(io.LimitReader(r, int64(size)+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotOurs, err)
	}
	if check := md5.Sum(xml); len(xml) != size || hex.EncodeToString(check[:]) != string(head[2]) { // #nosec G401 -- see the import
		return nil, ErrNotOurs
	}
	return xml, nil
}

// placeOf reads the cross-reference table at the end of the file.
func placeOf(pdf []byte, object int) (int, error) {
	start := startForm.FindSubmatch(pdf[max(0, len(pdf)-64):])
	if start == nil {
		return 0, ErrNotOurs
	}
	const entry = 20
	_, rows, ok := bytes.Cut(pdf[min(number(start[1]), len(pdf)):], []byte("65535 f \n"))
	if !ok || len(rows) < object*entry {
		return 0, ErrNotOurs
	}
	at, err := strconv.Atoi(string(rows[(object-1)*entry : (object-1)*entry+10]))
	if err != nil || at < 0 || at > len(pdf) {
		return 0, ErrNotOurs
	}
	return at, nil
}

// number parses at most ten digits.
func number(digits []byte) int {
	n := 0
	for _, d := range digits {
		n = 10*n + int(d-'0')
	}
	return n
}
