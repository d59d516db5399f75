package device

import "strings"

// Language returns the first of our languages that an Accept-Language header names: "fr" or "en". It is empty if it names neither.
func Language(accept string) string {
	for tag := range strings.SplitSeq(strings.ToLower(accept), ",") {
		tag, _, _ = strings.Cut(strings.TrimSpace(tag), ";")
		primary, _, _ := strings.Cut(tag, "-")
		if primary == "fr" || primary == "en" {
			return primary
		}
	}
	return ""
}
