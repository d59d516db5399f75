package check

import "testing"

func TestEveryOverlayKeepsThePolicies(t *testing.T) {
	t.Parallel()
	for _, overlay := range Overlays() {
		objects := rendered(t, overlay)
		for _, p := range Policies() {
			for _, problem := range p.Look(objects) {
				t.Errorf("%s: %s: %s", overlay, p.Name, problem)
			}
		}
	}
}
