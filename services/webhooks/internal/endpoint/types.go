package endpoint

import "european-pay.eu/eupay/internal/errs"

// CheckTypes returns what is wrong with a list of event types that somebody asks for; no type is fine.
func CheckTypes(types []string) []errs.Field {
	if message := checkTypes(types); message != "" {
		return []errs.Field{{Field: "event_types", Message: message}}
	}
	return nil
}
