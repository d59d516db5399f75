package invoice

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
)

// The series of numbers.
const (
	// SeriesInvoice is for invoices.
	SeriesInvoice = "INV"
	// SeriesCredit is for credit notes and corrected invoices.
	SeriesCredit = "CN"
)

// Number returns the n-th number of a series in a year, such as INV-2026-AB12CD-000001. It grows beyond a million; for any int64
// it stays within the 35 characters of BR-FR-01.
func Number(series string, year int, code string, n int64) string {
	return fmt.Sprintf("%s-%04d-%s-%06d", series, year, code, n)
}

const (
	codeLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	codeLength  = 6
)

// Code returns a merchant's part of its document numbers: six characters 0-9 and A-Z derived from the id without revealing it.
// There are two thousand million codes, so two merchants may collide: then derive the code from the id with a suffix.
func Code(merchantID string) string {
	sum := sha256.Sum256([]byte("document number " + merchantID))
	n := binary.BigEndian.Uint64(sum[:])
	var code [codeLength]byte
	for i := range code {
		code[i] = codeLetters[n%uint64(len(codeLetters))]
		n /= uint64(len(codeLetters))
	}
	return string(code[:])
}

// numberForm is BR-FR-01 and BR-FR-02.
var numberForm = regexp.MustCompile(`^[A-Za-z0-9+\-_/]{1,35}$`)
