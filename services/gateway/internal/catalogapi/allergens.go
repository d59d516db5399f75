package catalogapi

import (
	"encoding/json"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// maxAllergens bounds what is passed on; the qr service knows the codes.
const maxAllergens = 14

// allergens are those in a request: a list of codes, or null for what the merchant does not say. Absent: no change.
type allergens struct{ given *qrv1.Allergens }

// UnmarshalJSON implements json.Unmarshaler. Its errors are Refusals.
func (a *allergens) UnmarshalJSON(text []byte) error {
	var codes []string
	if err := json.Unmarshal(text, &codes); err != nil || len(codes) > maxAllergens {
		return web.Refusal("must be a list of at most 14 codes, or null")
	}
	a.given = &qrv1.Allergens{Stated: codes != nil, Codes: codes}
	return nil
}

// allergensView is null for what the merchant has not said.
func allergensView(a *qrv1.Allergens) []string {
	if !a.GetStated() {
		return nil
	}
	return append([]string{}, a.GetCodes()...)
}
