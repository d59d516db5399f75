package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Who is a merchant in one mode: each has its own chain.
type Who struct {
	MerchantID string
	Livemode   bool
}

func (w Who) mode() string {
	if w.Livemode {
		return "live"
	}
	return "test"
}

// digest is a SHA-256.
type digest [sha256.Size]byte

// String is the digest in hex.
func (d digest) String() string { return hex.EncodeToString(d[:]) }

// link is a document in the chain.
type link struct {
	Who
	position int64
	number   string
	kind     invoice.TypeCode
	issued   invoice.Date
	total    money.Cents
	xml, pdf digest
}

// linkForm is the first line of the text of a link.
const linkForm = "eupay-archive-1"

// hash returns the SHA-256 of the text of a link after the one with the hash previous, which is zero for the first. The text has eleven lines, each
// with a line feed: the form, the merchant, its mode, the position, previous in hex, number, type, day of issue and total in cents, and the SHA-256 of
// the XML and the PDF in hex.
func (l link) hash(previous digest) digest {
	return sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s\n%d\n%s\n%s\n%s\n%s\n%d\n%s\n%s\n",
		linkForm, l.MerchantID, l.mode(), l.position, previous, l.number, l.kind, l.issued, int64(l.total), l.xml, l.pdf))
}

// series is the series of a number, and its place in it: INV-2026-AB12CD and 17 of INV-2026-AB12CD-000017.
func series(number string) (name string, n int64) {
	at := strings.LastIndexByte(number, '-')
	if at < 0 {
		return number, 0
	}
	n, err := strconv.ParseInt(number[at+1:], 10, 64)
	if err != nil {
		return number, 0
	}
	return number[:at], n
}
