package paying

import (
	"bytes"
	"encoding/json"
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"european-pay.eu/eupay/internal/refuse"
)

// MaxMetadataTerm is the longest text by which metadata is searched, in characters: key:value.
const MaxMetadataTerm = maxMetadataKey + 1 + maxMetadataValue

// Limits of metadata. The number of keys is that of the API reference.
const (
	maxMetadata      = 8 << 10
	maxMetadataKeys  = 20
	maxMetadataKey   = 40
	maxMetadataValue = 500
)

// CheckMetadata returns the compact form of the metadata; nil for none and for {}.
func CheckMetadata(bad *refuse.Problems, raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	if raw[0] != '{' {
		bad.Add("metadata", "must be an object")
		return nil
	}
	raw = compact(raw)
	var values map[string]json.RawMessage
	if err := json.Unmarshal(raw, &values); err != nil {
		bad.Add("metadata", "must be an object")
		return nil
	}
	switch {
	case len(values) == 0:
		return nil
	case len(values) > maxMetadataKeys:
		bad.Add("metadata", "must have at most %d keys", maxMetadataKeys)
	case len(raw) > maxMetadata:
		bad.Add("metadata", "must have at most %d bytes", maxMetadata)
	default:
		checkValues(bad, values)
	}
	return raw
}

func checkValues(bad *refuse.Problems, values map[string]json.RawMessage) {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		if n := utf8.RuneCountInString(key); n < 1 || n > maxMetadataKey || strings.ContainsFunc(key, unicode.IsControl) {
			bad.Add("metadata", "must have keys of 1 to %d characters without control characters", maxMetadataKey)
			return
		}
		checkValue(bad, "metadata."+key, values[key])
	}
}

func checkValue(bad *refuse.Problems, field string, raw json.RawMessage) {
	switch raw[0] {
	case '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil || utf8.RuneCountInString(s) > maxMetadataValue {
			bad.Add(field, "must have at most %d characters", maxMetadataValue)
		} else if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' }) {
			bad.Add(field, "must not contain control characters")
		}
	case 't', 'f':
	case '{', '[', 'n':
		bad.Add(field, "must be a string, a number, true or false")
	default:
		// A number that neither JavaScript nor a database can store would come back changed.
		_, err := strconv.ParseFloat(string(raw), 64) //nolint:forbidigo // only the range is asked; the text is what is kept
		if err != nil || len(raw) > maxMetadataValue {
			bad.Add(field, "is out of range")
		}
	}
}

// SortedMetadata returns the metadata with sorted keys, so that the order in which they were written does not make it another
// request.
func SortedMetadata(raw json.RawMessage) []byte {
	if raw == nil {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var values map[string]any
	if err := dec.Decode(&values); err != nil {
		return raw
	}
	sorted, err := json.Marshal(values)
	if err != nil {
		return raw
	}
	return sorted
}

// compact removes white space from metadata and keeps every other byte. That is the stored form.
func compact(raw []byte) []byte {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return raw
	}
	return b.Bytes()
}
