package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// spoiled is one mistake in the manifests of staging.
type spoiled struct {
	name string
	// object that is changed: its kind and name. change gets a copy; nil: the object is left out.
	kind, object string
	change       func(map[string]any)
	// Who notices it: a policy by its name, the decoder or the API server by what they say.
	policy, decoder, server string
}

// put returns a change that sets the value at a path; a part of it may be the index in a list.
func put(value any, path ...any) func(map[string]any) {
	return func(object map[string]any) { putAt(object, value, path) }
}

func putAt(at, value any, path []any) any {
	if len(path) == 0 {
		return value
	}
	switch part := path[0].(type) {
	case int:
		list := at.([]any)
		list[part] = putAt(list[part], value, path[1:])
		return list
	default:
		object, ok := at.(map[string]any)
		if !ok {
			object = make(map[string]any)
		}
		object[part.(string)] = putAt(object[part.(string)], value, path[1:])
		return object
	}
}

// drop returns a change that removes a field of the pods' description, or of one of its containers.
func drop(field string, path ...string) func(map[string]any) {
	return func(object map[string]any) {
		for _, part := range path {
			object = object[part].(map[string]any)
		}
		delete(object, field)
	}
}

var pod = []any{"spec", "template", "spec"}

func ofPod(path ...any) []any { return append(slices.Clone(pod), path...) }

func ofContainer(path ...any) []any { return ofPod(append([]any{"containers", 0}, path...)...) }

// mistakes has at least one for each policy, and those that only a server that knows the kinds can notice.
func mistakes() []spoiled {
	return slices.Concat(ofOurs(), ofTogether(), ofTheKinds())
}

func ofOurs() []spoiled {
	const root, restricted = "no root", "violates PodSecurity"
	return []spoiled{
		{name: "no limit of memory", kind: "Deployment", object: "gateway", policy: "a memory limit, and requests",
			change: put(map[string]any{"requests": map[string]any{"cpu": "1", "memory": "1Gi"}}, ofContainer("resources")...)},
		{name: "no readiness probe", kind: "StatefulSet", object: "nats", policy: "probes", change: put(nil, ofContainer("readinessProbe")...)},
		{name: "runs as root", kind: "Deployment", object: "redis", policy: root, server: restricted,
			change: put(map[string]any{"runAsNonRoot": false, "seccompProfile": map[string]any{"type": "RuntimeDefault"}}, ofPod("securityContext")...)},
		{name: "may become root", kind: "Job", object: "smoke", policy: root, server: restricted,
			change: put(true, ofContainer("securityContext", "allowPrivilegeEscalation")...)},
		{name: "keeps capabilities", kind: "Deployment", object: "qr", policy: root, server: restricted,
			change: put([]any{"NET_RAW"}, ofContainer("securityContext", "capabilities", "drop")...)},
		{name: "no seccomp profile", kind: "Deployment", object: "portal", policy: root, server: restricted,
			change: drop("seccompProfile", "spec", "template", "spec", "securityContext")},
		{name: "the machine's network", kind: "Deployment", object: "payments", policy: "nothing of the machine", server: "hostNetwork",
			change: put(true, ofPod("hostNetwork")...)},
		{name: "a folder of the machine", kind: "Deployment", object: "webhooks", policy: "nothing of the machine", server: "hostPath",
			change: put(map[string]any{"name": "identity", "hostPath": map[string]any{"path": "/"}}, ofPod("volumes", 0)...)},
		{name: "a root filesystem to write to", kind: "StatefulSet", object: "nats", policy: "a read-only root filesystem",
			change: put(false, ofContainer("securityContext", "readOnlyRootFilesystem")...)},
		{name: "the token of a service account", kind: "Job", object: "first-admin", policy: "no token of a service account",
			change: drop("automountServiceAccountToken", "spec", "template", "spec")},
		{name: "the tag latest", kind: "Deployment", object: "einvoice", policy: "an image with a version",
			change: put("registry.example.com:5000/eupay/einvoice:latest", ofContainer("image")...)},
		{name: "no tag", kind: "Cluster", object: "eupay-postgres", policy: "an image with a version",
			change: put("ghcr.io/cloudnative-pg/postgresql", "spec", "imageName")},
	}
}

func ofTogether() []spoiled {
	const budget, made = "a disruption budget for each workload", "every Secret is made by something"
	return []spoiled{
		{name: "no disruption budget", kind: "PodDisruptionBudget", object: "payments", policy: budget},
		{name: "a budget for others", kind: "PodDisruptionBudget", object: "nats", policy: budget,
			change: put("gnats", "spec", "selector", "matchLabels", "app.kubernetes.io/name")},
		{name: "a budget that lets nobody go", kind: "PodDisruptionBudget", object: "redis", policy: budget, change: put(int64(0), "spec", "maxUnavailable")},
		{name: "no network policy", kind: "NetworkPolicy", object: "redis", policy: "a network policy for each workload"},
		{name: "nothing denied", kind: "NetworkPolicy", object: "deny-by-default", policy: "a network policy for each workload"},
		{name: "a service without pods", kind: "Service", object: "portal", policy: "services lead to pods",
			change: put("portals", "spec", "selector", "app.kubernetes.io/name")},
		{name: "a Secret that nothing makes", kind: "ExternalSecret", object: "eupay-admin", policy: made},
		{name: "a certificate for another Secret", kind: "Certificate", object: "nats-routes", policy: made, change: put("nats-route", "spec", "secretName")},
		{name: "a password for everybody to read", kind: "Secret", object: "eupay-nats", policy: "no secret value",
			change: put("bmF0czovL3U6cEBuYXRzOjQyMjI=", "data", "url")},
		{name: "a certificate for another address", kind: "Certificate", object: "eupay-public", policy: "one public address",
			change: put([]any{"www.example.com"}, "spec", "dnsNames")},
		{name: "pages that send people elsewhere", kind: "ConfigMap", object: "payments", policy: "one public address",
			change: put("https://api.example.org", "data", "EUPAY_PUBLIC_URL")},
		{name: "a scaler of nothing", kind: "ScaledObject", object: "webhooks", policy: "scalers know what they scale",
			change: put("webhook", "spec", "scaleTargetRef", "name")},
		{name: "replicas that each apply sets back", kind: "Deployment", object: "gateway", policy: "scalers know what they scale",
			change: put(int64(2), "spec", "replicas")},
		{name: "more connections than PostgreSQL takes", kind: "HorizontalPodAutoscaler", object: "gateway", policy: "as many connections as PostgreSQL takes",
			change: put(int64(100), "spec", "maxReplicas")},
		{name: "streams larger than the disk", kind: "ConfigMap", object: "eupay", policy: "as much room as the streams reserve",
			change: put("16384", "data", "EUPAY_EVENTS_MIB")},
	}
}

func ofTheKinds() []spoiled {
	return []spoiled{
		{name: "a misspelt field", kind: "Deployment", object: "gateway", decoder: "unknown field", server: "field not declared in schema",
			change: put(int64(1), ofPod("terminationGracePeriodSecond")...)},
		{name: "a misspelt field of CloudNativePG", kind: "Cluster", object: "eupay-postgres", decoder: "unknown field", server: "field not declared in schema",
			change: put("any", "spec", "postgresql", "synchronous", "methods")},
		{name: "a method of replication that does not exist", kind: "Cluster", object: "eupay-postgres", decoder: "Unsupported value", server: "Unsupported value",
			change: put("all", "spec", "postgresql", "synchronous", "method")},
		{name: "a commit that waits for nobody", kind: "Cluster", object: "eupay-postgres",
			decoder: "should be greater than zero", server: "should be greater than zero", change: put(int64(0), "spec", "postgresql", "synchronous", "number")},
		{name: "a certificate from nobody", kind: "Certificate", object: "eupay-public", decoder: "Required value", server: "Required value",
			change: drop("issuerRef", "spec")},
		{name: "a scaler without triggers", kind: "ScaledObject", object: "webhooks", decoder: "Required value", server: "Required value",
			change: drop("triggers", "spec")},
		{name: "an interval that is none", kind: "ExternalSecret", object: "eupay-gateway", decoder: "must be of type string", server: "expected string",
			change: put(int64(15), "spec", "refreshInterval")},
		{name: "retention in no unit", kind: "ObjectStore", object: "eupay-backups", decoder: "should match", server: "should match",
			change: put("30 days", "spec", "retentionPolicy")},
		{name: "a selector of other pods", kind: "StatefulSet", object: "nats", policy: "", server: "does not match template",
			change: put("broker", "spec", "selector", "matchLabels", "app.kubernetes.io/name")},
		{name: "a port that is none", kind: "Service", object: "nats", server: "must be between 1 and 65535", change: put(int64(65536), "spec", "ports", 0, "port")},
		{name: "a network that is none", kind: "NetworkPolicy", object: "einvoice", server: "must be a valid",
			change: put("0.0.0.0/33", "spec", "egress", 0, "to", 0, "ipBlock", "cidr")},
		{name: "a job that starts again for ever", kind: "Job", object: "database-prepare", server: `valid values: "OnFailure", "Never"`,
			change: put("Always", ofPod("restartPolicy")...)},
		{name: "a volume that is not there", kind: "Deployment", object: "portal", server: "Not found", change: put([]any{}, ofPod("volumes")...)},
	}
}

// apply returns the objects with the mistake, and the changed one (nil when it was left out).
func (s spoiled) apply(t *testing.T, objects Objects) (Objects, *unstructured.Unstructured) {
	t.Helper()
	objects = objects.Copy()
	i := slices.IndexFunc(objects, func(u *unstructured.Unstructured) bool { return u.GetKind() == s.kind && u.GetName() == s.object })
	if i < 0 {
		t.Fatalf("no %s %s", s.kind, s.object)
	}
	if s.change == nil {
		return slices.Delete(objects, i, i+1), nil
	}
	s.change(objects[i].Object)
	return objects, objects[i]
}

// TestEachMistakeIsNoticedForItsReason: by the policy or the decoder that it is for, and by no other.
func TestEachMistakeIsNoticedForItsReason(t *testing.T) {
	t.Parallel()
	d, err := decoder()
	if err != nil {
		t.Fatal(err)
	}
	staging, noticed := rendered(t, "staging"), make(map[string]bool)
	for _, m := range mistakes() {
		objects, changed := m.apply(t, staging)
		var broken []string
		for _, p := range Policies() {
			if len(p.Look(objects)) > 0 {
				broken = append(broken, p.Name)
				noticed[p.Name] = true
			}
		}
		if m.policy != "" && !slices.Equal(broken, []string{m.policy}) {
			t.Errorf("%s breaks %q, want %q", m.name, broken, m.policy)
		}
		var refused error
		if changed != nil {
			refused = d.Check(changed)
		}
		if (refused != nil) != (m.decoder != "") || refused != nil && !strings.Contains(fmt.Sprint(refused), m.decoder) {
			t.Errorf("%s: the decoder says %v, want %q", m.name, refused, m.decoder)
		}
	}
	for _, p := range Policies() {
		if !noticed[p.Name] {
			t.Errorf("nothing breaks the policy %q", p.Name)
		}
	}
}
