package check

import (
	"context"
	"sync"
	"testing"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

const deploy = ".."

var definitions = sync.OnceValues(func() ([]*apiextensions.CustomResourceDefinition, error) { return Definitions(context.Background()) })

var decoder = sync.OnceValues(func() (*Decoder, error) {
	all, err := definitions()
	if err != nil {
		return nil, err
	}
	return NewDecoder(all)
})

func rendered(t *testing.T, overlay string) Objects {
	t.Helper()
	all, err := Render(deploy, overlay)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryOverlayIsUnderstood(t *testing.T) {
	t.Parallel()
	d, err := decoder()
	if err != nil {
		t.Fatal(err)
	}
	for _, overlay := range Overlays() {
		t.Run(overlay, func(t *testing.T) {
			t.Parallel()
			for _, object := range rendered(t, overlay) {
				if err := d.Check(object); err != nil {
					t.Errorf("%s: %v", Label(object), err)
				}
			}
		})
	}
}
