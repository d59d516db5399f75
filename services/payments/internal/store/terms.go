package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
)

// metadataTerms are what a payment is found by in its metadata: each value, and each value after its key and a colon. nil: nothing.
func metadataTerms(merchantID string, livemode bool, metadata string) []int64 {
	if metadata == "" {
		return nil
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal([]byte(metadata), &values); err != nil {
		return nil // the gateway checks metadata; what is none cannot be found
	}
	var terms []int64
	for key, raw := range values {
		value := string(raw) // numbers, true and false as they were written
		if raw[0] == '"' {
			if err := json.Unmarshal(raw, &value); err != nil {
				continue
			}
		}
		terms = append(terms, metadataTerm(merchantID, livemode, value), metadataTerm(merchantID, livemode, key+":"+value))
	}
	slices.Sort(terms)
	return slices.Compact(terms)
}

// metadataTerm is the hash of one term. The migration that filled the column computes the same.
func metadataTerm(merchantID string, livemode bool, term string) int64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%t\n%s", merchantID, livemode, term))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}
