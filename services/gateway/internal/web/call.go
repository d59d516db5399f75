package web

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"
	"google.golang.org/grpc"
)

// Call calls a method of another service within the limit of Calling.
func Call[Req, Res any](
	c echo.Context, limit time.Duration, method func(context.Context, Req, ...grpc.CallOption) (Res, error), req Req,
) (Res, error) {
	ctx, cancel := Calling(c, limit)
	defer cancel()
	return method(ctx, req)
}
