package paying

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
)

// Fingerprint identifies the contents of a request: two requests have the same fingerprint only if they ask for the same. Each
// part is preceded by its length, so that no two lists of parts have the same encoding.
func Fingerprint(endpoint, merchantID string, livemode bool, parts ...string) []byte {
	h := sha256.New()
	var size [8]byte
	for _, part := range append([]string{endpoint, merchantID, strconv.FormatBool(livemode)}, parts...) {
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}
