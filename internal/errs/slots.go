package errs

import (
	"strings"
	"time"
)

// slotsText writes times for metadata, and slotsOf reads them.
func slotsText(slots []time.Time) string {
	words := make([]string, len(slots))
	for i, at := range slots {
		words[i] = at.UTC().Format(time.RFC3339)
	}
	return strings.Join(words, " ")
}

func slotsOf(text string) []time.Time {
	var slots []time.Time
	for word := range strings.FieldsSeq(text) {
		if at, err := time.Parse(time.RFC3339, word); err == nil {
			slots = append(slots, at)
		}
	}
	return slots
}
