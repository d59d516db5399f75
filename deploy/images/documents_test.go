package main

import (
	"slices"
	"strings"
	"testing"
)

// TestTheListNamesTheAuthorities: they were in the image and not in its list, because no program is linked with them.
func TestTheListNamesTheAuthorities(t *testing.T) {
	t.Parallel()
	l := source{commit: "c0ffee"}.newList("gateway", "amd64")
	if err := l.addRoots(); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(l.Packages, func(p spdxPackage) bool { return p.Name == rootsModule })
	if i < 0 {
		t.Fatal("the module is not listed")
	}
	p := l.Packages[i]
	if p.Version == l.commit || !strings.HasPrefix(p.Comment, "go.sum: h1:") || p.References[0].Locator != "pkg:golang/"+rootsModule+"@"+p.Version {
		t.Errorf("got %+v", p)
	}
	if !slices.Contains(l.Relationships, relationship{"SPDXRef-image", "DEPENDS_ON", p.ID}) {
		t.Errorf("nothing has it: %v", l.Relationships)
	}
}
