package eupay

import "context"

// Reference is the description of the API.
type Reference struct{ c *caller }

// OpenAPI is the description of the API: an OpenAPI 3.1 document in JSON. Anybody may read it.
func (s Reference) OpenAPI(ctx context.Context) (*File, error) {
	return s.c.file(ctx, call{path: "/openapi.json", open: true})
}
