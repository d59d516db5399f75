package endpoint

import (
	"slices"

	"european-pay.eu/eupay/internal/refuse"
)

// CheckTypes returns the problems with a list of event types; an empty list is valid.
func CheckTypes(types []string) (bad refuse.Problems) {
	for i, t := range types {
		if !slices.Contains(allTypes, t) {
			bad.Add("event_types", "holds a type that does not exist")
			return bad
		}
		if slices.Contains(types[:i], t) {
			bad.Add("event_types", "holds a type twice")
			return bad
		}
	}
	return nil
}
