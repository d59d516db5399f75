package account

import "strings"

// EuPayID is the merchant's public id, as "EUP-D0A1C4B8D7E2": it never changes, and is the end of the merchant's id, whose
// beginning is a time and the same for all who registered within a minute.
func (m Merchant) EuPayID() string {
	return "EUP-" + strings.ToUpper(m.ID[max(0, len(m.ID)-12):])
}
