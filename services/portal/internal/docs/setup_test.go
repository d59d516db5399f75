package docs

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"

	"european-pay.eu/eupay/internal/eventtype"
	"european-pay.eu/eupay/services/portal/internal/assets"
)

// apiDescription is the document that the gateway serves, put together from its files as the gateway does: an operation that is new there
// is missing here in the same commit.
var apiDescription = sync.OnceValues(func() ([]byte, error) {
	names, err := filepath.Glob("../../../gateway/internal/apidoc/*.yaml")
	if err != nil || len(names) == 0 {
		return nil, errors.Join(err, errors.New("the gateway's description is not where it was"))
	}
	merged := map[string]any{}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		part := map[string]any{}
		if err := yaml.Unmarshal(raw, &part); err != nil {
			return nil, err
		}
		mergeTest(merged, part)
	}
	events, err := eventtype.All()
	if err != nil {
		return nil, err
	}
	hooks := merged["webhooks"].(map[string]any)
	for _, e := range events {
		hooks[e.Name] = map[string]any{"post": map[string]any{"summary": e.Description, "requestBody": map[string]any{"content": map[string]any{
			"application/json": map[string]any{"schema": e.Schema, "example": e.Example},
		}}}}
	}
	return json.Marshal(merged)
})

func mergeTest(into, part map[string]any) {
	for k, v := range part {
		old, isMap := into[k].(map[string]any)
		list, isList := into[k].([]any)
		switch {
		case isMap:
			mergeTest(old, v.(map[string]any))
		case isList:
			into[k] = append(list, v.([]any)...)
		default:
			into[k] = v
		}
	}
}

var bookOnce = sync.OnceValues(func() (*book, error) {
	raw, err := apiDescription()
	if err != nil {
		return nil, err
	}
	desc, err := readDescription(raw)
	if err != nil {
		return nil, err
	}
	files, err := assets.Load()
	if err != nil {
		return nil, err
	}
	return newBook(desc, "https://eupay.example/api/v1", files.Icon)
})

func theBook(t *testing.T) *book {
	t.Helper()
	b, err := bookOnce()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func allOperations(t *testing.T) []*Operation {
	t.Helper()
	raw, err := apiDescription()
	if err != nil {
		t.Fatal(err)
	}
	desc, err := readDescription(raw)
	if err != nil {
		t.Fatal(err)
	}
	return desc.operations(desc.errorCodes())
}
