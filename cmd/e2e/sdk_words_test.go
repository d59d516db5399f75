package e2e

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"testing"

	"european-pay.eu/eupay/sdk/go/webhook"
)

// constants are the texts in a file of the Go client that are of that type.
func constants(t *testing.T, file, of string) (list []string) {
	t.Helper()
	source, err := os.ReadFile("../../sdk/go/" + file)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(of+` = "([\w.]+)"`).FindAllSubmatch(source, -1) {
		list = append(list, string(found[1]))
	}
	slices.Sort(list)
	return list
}

// TestTheGoClientKnowsEveryCode of the description, and no other.
func TestTheGoClientKnowsEveryCode(t *testing.T) {
	t.Parallel()
	var said []string
	for _, code := range shared.description(t).Components.Schemas["Error"].Properties["code"].Enum {
		said = append(said, code.(string))
	}
	slices.Sort(said)
	if known := constants(t, "codes.go", "Code"); !slices.Equal(known, said) {
		t.Errorf("the client knows %v\nthe description says %v", known, said)
	}
}

// TestTheGoClientKnowsEveryEvent of the catalogue, and reads every field of its data.
func TestTheGoClientKnowsEveryEvent(t *testing.T) {
	t.Parallel()
	list, err := shared.newMerchant(t).client.Events.Types(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	said := []string{"webhook_endpoint.test"} // which is in no catalogue
	for _, of := range list {
		said = append(said, of.Type)
		event, err := webhook.Parse(of.Example)
		if err != nil || string(event.Type) != of.Type || event.Data == nil {
			t.Errorf("%s: %+v, %v", of.Type, event, err)
			continue
		}
		read, err := json.Marshal(event.Data)
		if err != nil {
			t.Fatal(err)
		}
		var data any
		decode(t, read, &data)
		var s schema
		decode(t, of.Schema, &s)
		if lacks, _ := (&description{}).lacks(s.Properties["data"], data, "data"); len(lacks) > 0 {
			t.Errorf("%s: %v cannot be read", of.Type, lacks)
		}
	}
	slices.Sort(said)
	if known := constants(t, "webhook/type.go", "Type"); !slices.Equal(known, said) {
		t.Errorf("the client knows %v\nthe catalogue says %v", known, said)
	}
}
