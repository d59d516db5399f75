package check

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestTheOperatorsAreThoseWhoseKindsAreChecked: what is installed and what is tested have one version.
func TestTheOperatorsAreThoseWhoseKindsAreChecked(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(deploy, "operators", "kustomization.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	operators, err := Operators()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range operators {
		address := strings.TrimSuffix(o.Module, "/v2") + "/releases/download/" + o.Version + "/"
		if !strings.Contains(string(content), "https://"+address) {
			t.Errorf("operators/kustomization.yaml does not install %s", address)
		}
	}
	if n := strings.Count(string(content), "https://"); n != len(operators) {
		t.Errorf("%d operators are installed, the kinds of %d are known", n, len(operators))
	}
}

var metricName = regexp.MustCompile(`\beupay_[a-z_]+`)

// TestTheScalersAskForWhatThereIs: a metric that a service exposes, and a consumer that the broker lets a service make.
func TestTheScalersAskForWhatThereIs(t *testing.T) {
	t.Parallel()
	source := sourceOf(t)
	users, err := os.ReadFile(filepath.Join(deploy, "nats", "users.conf"))
	if err != nil {
		t.Fatal(err)
	}
	metrics, consumers := 0, 0
	for _, u := range rendered(t, "production") {
		if u.GetKind() != "ScaledObject" {
			continue
		}
		triggers, _, _ := unstructured.NestedSlice(u.Object, "spec", "triggers")
		for _, trigger := range triggers {
			metadata := trigger.(map[string]any)["metadata"].(map[string]any)
			if query, ok := metadata["query"].(string); ok {
				for _, name := range metricName.FindAllString(query, -1) {
					metrics++
					if !strings.Contains(source, `Name: "`+name+`"`) {
						t.Errorf("%s: no service has the metric %s", Label(u), name)
					}
				}
			}
			if stream, ok := metadata["stream"].(string); ok {
				consumers++
				may := "$JS.API.CONSUMER.CREATE." + stream + "." + metadata["consumer"].(string)
				if !strings.Contains(string(users), may+`"`) && !strings.Contains(string(users), may+".eupay.") { // a filter may follow
					t.Errorf("%s: nobody may do %s", Label(u), may)
				}
			}
		}
	}
	if metrics == 0 || consumers == 0 {
		t.Errorf("%d metrics, %d consumers", metrics, consumers)
	}
}

// sourceOf returns the source of all services and of what they share.
func sourceOf(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, part := range []string{"services", "internal"} {
		err := filepath.WalkDir(filepath.Join(deploy, "..", part), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			content, err := os.ReadFile(path)
			all.Write(content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}
