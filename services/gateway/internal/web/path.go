package web

import (
	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
)

// maxID is longer than every id, number and token that we give out.
const maxID = 64

// PathID is an id in the path: NOT_FOUND of what it names for a text that can be no id of ours. Such a text is not asked for.
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
