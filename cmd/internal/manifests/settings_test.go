package manifests

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	envTag    = regexp.MustCompile(`[^a-zA-Z]env:"([A-Z0-9_]+)((?:,[a-z]+)*)"`)
	prefixTag = regexp.MustCompile(`envPrefix:"([A-Z0-9_]+)"`)
)

// settings are the environment variables that a service reads, as its source says; true: it does not start without.
type settings map[string]bool

// portal calls the public API alone: it has no identity and does not know the broker.
const portal = "portal"

// settingsOf reads the env tags of a service and of what all services have. The tags are read from the source, not by
// reflection, so that this test needs no service to compile.
func settingsOf(t *testing.T, service string) settings {
	t.Helper()
	all := make(settings)
	if service == portal {
		all.read(t, "internal/run/boot/plain.go")
	} else {
		all.read(t, "internal/run/boot")
		all.read(t, "internal/identity")
	}
	common := len(all)
	all.read(t, "services/"+service)
	if common == 0 || len(all) < common {
		t.Fatalf("%s: no settings found", service)
	}
	return all
}

func (s settings) read(t *testing.T, folder string) {
	t.Helper()
	var source strings.Builder
	err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		source.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	prefixes := []string{}
	for _, m := range prefixTag.FindAllStringSubmatch(source.String(), -1) {
		prefixes = append(prefixes, m[1])
	}
	for _, m := range envTag.FindAllStringSubmatch(source.String(), -1) {
		name, required := m[1], strings.Contains(m[2], "required")
		if strings.HasPrefix(name, "EUPAY_") || len(prefixes) == 0 {
			s[name] = required
			continue
		}
		for _, prefix := range prefixes { // a struct that is used under each of the prefixes
			s[prefix+name] = required
		}
	}
}
