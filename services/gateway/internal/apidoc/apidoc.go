// Package apidoc is the OpenAPI description of the gateway: one file per part of the API, merged when the process starts. The
// handlers' tests compare it with the running server.
package apidoc

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"
	"go.yaml.in/yaml/v3"

	"european-pay.eu/eupay/internal/eventtype"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

//go:embed *.yaml
var files embed.FS

// Document is the merged description.
type Document struct {
	JSON []byte
	// YAML has the same content. It is asked for rarely and takes longer to write than everything else at the start of the gateway, so
	// the first call writes it.
	YAML func() ([]byte, error)

	queries map[string]web.Query // by method and path
}

// Load merges the files. Paths and the entries of each kind of component may be spread over the files, but each may be defined
// only once.
//
// The merged document is computed once per process.
func Load() (Document, error) { return document() }

var document = sync.OnceValues(func() (Document, error) { return load(files, describeEvents) })

// load merges the files, then calls complete to add what the files do not contain.
func load(fsys fs.FS, complete func(merged map[string]any) error) (Document, error) {
	merged, err := join(fsys, complete)
	if err != nil {
		return Document{}, err
	}
	d := Document{queries: queries(merged)}
	if d.JSON, err = json.Marshal(merged); err != nil {
		return Document{}, fmt.Errorf("encode API as JSON: %w", err)
	}
	d.YAML = sync.OnceValues(func() ([]byte, error) {
		merged, err := join(fsys, complete) // again: kept until then, it would take several times the room of the text
		if err != nil {
			return nil, err
		}
		return yaml.Marshal(merged)
	})
	return d, nil
}

// join reads all files as one description, completed.
func join(fsys fs.FS, complete func(merged map[string]any) error) (map[string]any, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list API files: %w", err)
	}
	merged := map[string]any{}
	for _, name := range names {
		content, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read API file: %w", err)
		}
		var part map[string]any
		if err := yaml.Unmarshal(content, &part); err != nil {
			return nil, fmt.Errorf("parse API file %s: %w", name, err)
		}
		if err := merge(merged, part, 2); err != nil {
			return nil, fmt.Errorf("merge API file %s: %w", name, err)
		}
	}
	if err := complete(merged); err != nil {
		return nil, fmt.Errorf("complete the API description: %w", err)
	}
	return merged, nil
}

// describeEvents adds a webhook for each event type of the catalogue, with the common description of webhooks.yaml.
func describeEvents(merged map[string]any) error {
	list, err := eventtype.All()
	if err != nil {
		return fmt.Errorf("read the catalogue of events: %w", err)
	}
	webhooks, _ := merged["webhooks"].(map[string]any)
	event, _ := webhooks["event"].(map[string]any)
	common, ok := event["post"].(map[string]any)
	if !ok {
		return errors.New("webhooks.event.post is missing")
	}
	for _, t := range list {
		var schema, example any
		if err := errors.Join(json.Unmarshal(t.Schema, &schema), json.Unmarshal(t.Example, &example)); err != nil {
			return fmt.Errorf("read event %s: %w", t.Name, err)
		}
		post := maps.Clone(common)
		post["operationId"], post["summary"] = "receive."+t.Name, t.Description
		delete(post, "description")
		post["requestBody"] = map[string]any{
			"required": true, "content": map[string]any{"application/json": map[string]any{"schema": schema, "example": example}},
		}
		webhooks[t.Name] = map[string]any{"post": post}
	}
	return nil
}

// merge adds part to into. Maps are merged down to the depth, lists (tags) are concatenated; any other duplicate is an error.
func merge(into, part map[string]any, depth int) error {
	for key, value := range part {
		old, exists := into[key]
		if !exists {
			into[key] = value
			continue
		}
		oldMap, isMap := old.(map[string]any)
		newMap, bothMaps := value.(map[string]any)
		oldList, isList := old.([]any)
		newList, bothLists := value.([]any)
		switch {
		case isMap && bothMaps && depth > 0:
			if err := merge(oldMap, newMap, depth-1); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		case isList && bothLists:
			into[key] = append(oldList, newList...)
		default:
			return fmt.Errorf("%s is described twice", key)
		}
	}
	return nil
}

// Register serves the document, readable by pages of any origin.
func (d Document) Register(g *web.API) {
	serve := func(contentType string, content func() ([]byte, error)) echo.HandlerFunc {
		return func(c echo.Context) error {
			body, err := content()
			if err != nil {
				return err
			}
			h := c.Response().Header()
			h.Set(echo.HeaderAccessControlAllowOrigin, "*")
			h.Set(echo.HeaderCacheControl, "public, max-age=300")
			return web.Send(c, http.StatusOK, contentType, body)
		}
	}
	g.GET("/openapi.json", serve(echo.MIMEApplicationJSON, func() ([]byte, error) { return d.JSON, nil }))
	g.GET("/openapi.yaml", serve("application/yaml", d.YAML))
}
