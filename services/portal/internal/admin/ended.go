package admin

import (
	"errors"

	eupay "european-pay.eu/eupay/sdk/go"
)

// ended reports whether an error concerns the whole page rather than one part of it.
func ended(err error) bool {
	return errors.Is(err, eupay.ErrUnauthenticated) || errors.Is(err, eupay.ErrForbidden)
}
