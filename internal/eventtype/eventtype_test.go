package eventtype

import (
	"encoding/json"
	"testing"
)

func TestEveryTypeHasASchemaThatItsExampleFits(t *testing.T) {
	t.Parallel()
	list, err := All()
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, e := range list {
		if seen[e.Name] || e.Description == "" {
			t.Errorf("%s is there twice, or says nothing", e.Name)
		}
		seen[e.Name] = true
		var schema struct {
			Properties struct {
				Data struct {
					Required   []string
					Properties map[string]any
				}
			}
		}
		var body struct {
			Event string
			Data  map[string]any
		}
		if err := json.Unmarshal(e.Schema, &schema); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(e.Example, &body); err != nil || body.Event != e.Name {
			t.Errorf("%s: %s, %v", e.Name, e.Example, err)
		}
		for _, name := range schema.Properties.Data.Required {
			if _, ok := body.Data[name]; !ok {
				t.Errorf("%s: the example has no %s", e.Name, name)
			}
		}
		for name := range body.Data {
			if schema.Properties.Data.Properties[name] == nil {
				t.Errorf("%s: the schema has no %s", e.Name, name)
			}
		}
	}
	for _, name := range byDefault {
		if !seen[name] {
			t.Errorf("%s is not in the catalogue", name)
		}
	}
}
