package endpoint

import (
	"slices"

	"european-pay.eu/eupay/internal/refuse"
)

// CheckTypes returns what is wrong with a list of event types that somebody asks for; no type is fine.
func CheckTypes(types []string) (bad refuse.Problems) {
	for i, t := range types {
		if !slices.Contains(known, t) {
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
