package apidoc

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/eventtype"
)

func loaded(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := checked()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// checked is the description, whose form, references and examples are right.
var checked = sync.OnceValues(func() (*openapi3.T, error) {
	d, err := Load()
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(d.JSON)
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background())
})

func TestEveryCodeIsDescribed(t *testing.T) {
	t.Parallel()
	code := loaded(t).Components.Schemas["Error"].Value.Properties["code"].Value
	for c, row := range errs.Table() {
		if !slices.Contains(code.Enum, any(string(c))) {
			t.Errorf("%s is not in the enum of codes", c)
		}
		line := "`" + string(c) + "`"
		if !strings.Contains(code.Description, line) {
			t.Errorf("%s (%d) is not in the table of codes", c, row.HTTP)
		}
	}
	if got, want := len(code.Enum), len(errs.Table()); got != want {
		t.Errorf("%d codes described, %d exist", got, want)
	}
}

func TestOperationsAreNamedOnce(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for path, item := range loaded(t).Paths.Map() {
		for method, op := range item.Operations() {
			if op.OperationID == "" || op.Summary == "" || len(op.Tags) == 0 || op.Security == nil {
				t.Errorf("%s %s: needs operationId, summary, tags and security", method, path)
			}
			if before := seen[op.OperationID]; before != "" {
				t.Errorf("operationId %s is used by %s and %s %s", op.OperationID, before, method, path)
			}
			seen[op.OperationID] = method + " " + path
		}
	}
}

func TestDocumentedExampleIsValid(t *testing.T) {
	t.Parallel()
	schema := loaded(t).Components.Schemas["PaymentRequest"].Value
	var example any
	if err := json.Unmarshal([]byte(`{"amount":29.99,"currency":"EUR","description":"Order #1042","reference":"ORDER-1042",
		"success_url":"https://yourstore.com/success","cancel_url":"https://yourstore.com/cancel"}`), &example); err != nil {
		t.Fatal(err)
	}
	if err := schema.VisitJSON(example); err != nil {
		t.Error(err)
	}
	if err := schema.VisitJSON(map[string]any{"amount": "29.99", "description": "x"}); err == nil {
		t.Error("an amount that is a string passes the schema")
	}
}

func TestMergeRefusesTwoDescriptions(t *testing.T) {
	t.Parallel()
	_, err := load(fstest.MapFS{
		"a.yaml": {Data: []byte("paths: {/x: {get: {summary: a}}}")},
		"b.yaml": {Data: []byte("paths: {/x: {get: {summary: b}}}")},
	}, func(map[string]any) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "get is described twice") {
		t.Errorf("got %v", err)
	}
	d, err := load(fstest.MapFS{
		"a.yaml": {Data: []byte("tags: [{name: A}]\ncomponents: {schemas: {A: {type: string}}}")},
		"b.yaml": {Data: []byte("tags: [{name: B}]\ncomponents: {schemas: {B: {type: string}}}")},
	}, func(map[string]any) error { return nil })
	if want := `{"components":{"schemas":{"A":{"type":"string"},"B":{"type":"string"}}},"tags":[{"name":"A"},{"name":"B"}]}`; err != nil || string(d.JSON) != want {
		t.Errorf("got %s, %v", d.JSON, err)
	}
}

func TestBothFormatsSayTheSame(t *testing.T) {
	t.Parallel()
	d, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	written, err := d.YAML()
	if err != nil {
		t.Fatal(err)
	}
	var read map[string]any
	if err := yaml.Unmarshal(written, &read); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(read); err != nil || string(again) != string(d.JSON) {
		t.Errorf("the YAML says something else than the JSON (%v)", err)
	}
}

// TestEveryEventIsDescribedAsAWebhook with a schema that its example fits.
func TestEveryEventIsDescribedAsAWebhook(t *testing.T) {
	t.Parallel()
	list, err := eventtype.All()
	if err != nil {
		t.Fatal(err)
	}
	doc := loaded(t)
	for _, e := range list {
		item := doc.Webhooks[e.Name]
		if item == nil || item.Post == nil {
			t.Errorf("%s is missing", e.Name)
			continue
		}
		content := item.Post.RequestBody.Value.Content["application/json"]
		if err := content.Schema.Value.VisitJSON(content.Example); err != nil {
			t.Errorf("%s: %v", e.Name, err)
		}
	}
	if len(doc.Webhooks) != len(list)+1 { // one is about all of them
		t.Errorf("%d webhooks described, %d exist", len(doc.Webhooks)-1, len(list))
	}
}
