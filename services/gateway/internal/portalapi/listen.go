package portalapi

import "github.com/labstack/echo/v4"

func (a *API) registerListen(*echo.Group) {}
