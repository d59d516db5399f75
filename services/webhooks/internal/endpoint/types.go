package endpoint

import (
	"slices"

	"european-pay.eu/eupay/internal/refuse"
)

// CheckTypes returns the problems with a list of event types; an empty list is valid.
func CheckTypes(types []string) (bad refuse.Problems) {
	for i, t := range types {
		if !slices.Contains(allTypes, t) {
			bad.Add("event_types", "contains an unknown event type")
			return bad
		}
		if slices.Contains(types[:i], t) {
			bad.Add("event_types", "contains a type twice")
			return bad
		}
	}
	return nil
}
