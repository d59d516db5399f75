package web

import (
	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
)

// maxID is longer than all ids, numbers and tokens that we issue.
const maxID = 64

// PathID returns an id in the path. A text that cannot be one of our ids is NOT_FOUND without a read.
func PathID(c echo.Context, param, what string) (string, error) {
	id := c.Param(param)
	if id == "" || len(id) > maxID {
		return "", errs.NotFound(what)
	}
	for i := range len(id) {
		b := id[i]
		if (b < '0' || b > '9') && (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') && b != '_' && b != '-' {
			return "", errs.NotFound(what)
		}
	}
	return id, nil
}
