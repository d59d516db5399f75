// Package manifests checks the Kubernetes manifests in deploy/k8s against the API's types and the services' settings.
package manifests

import (
	"bytes"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

const (
	root = "../../.."
	base = root + "/deploy/k8s/base"
)

var services = []string{"gateway", "payments", "webhooks", "qr", "einvoice", portal}

// strict refuses fields that the API does not know, and fields that are given twice.
var strict = serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()

var documentEnd = regexp.MustCompile(`(?m)^---$`)

// load decodes every manifest that the kustomization names.
func load(t *testing.T) []runtime.Object {
	t.Helper()
	var objects []runtime.Object
	for _, name := range kustomization(t).Resources {
		for _, doc := range documentEnd.Split(string(read(t, name)), -1) {
			object, _, err := strict.Decode([]byte(doc), nil, nil)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			objects = append(objects, object)
		}
	}
	return objects
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(base, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// kustomizationFile is the part of kustomize's format that is used here; anything else is refused.
type kustomizationFile struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Namespace  string   `json:"namespace"`
	Resources  []string `json:"resources"`
	Labels     []struct {
		Pairs map[string]string `json:"pairs"`
	} `json:"labels"`
}

func kustomization(t *testing.T) kustomizationFile {
	t.Helper()
	var k kustomizationFile
	if err := yaml.UnmarshalStrict(read(t, "kustomization.yaml"), &k); err != nil {
		t.Fatal(err)
	}
	return k
}

// find returns the one object of type T with the name.
func find[T interface {
	runtime.Object
	GetName() string
}](t *testing.T, objects []runtime.Object, name string) T {
	t.Helper()
	var found []T
	for _, o := range objects {
		if typed, ok := o.(T); ok && typed.GetName() == name {
			found = append(found, typed)
		}
	}
	if len(found) != 1 {
		var none T
		t.Fatalf("%d objects %T %s", len(found), none, name)
	}
	return found[0]
}

func TestTheKustomizationListsEveryFile(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(base + "/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var there []string
	for _, f := range files {
		if name := filepath.Base(f); name != "kustomization.yaml" {
			there = append(there, name)
		}
	}
	listed := slices.Sorted(slices.Values(kustomization(t).Resources))
	if !slices.Equal(there, listed) {
		t.Errorf("files %v, listed %v", there, listed)
	}
}

func TestManifestsDecodeStrictly(t *testing.T) {
	t.Parallel()
	namespace := find[*corev1.Namespace](t, load(t), kustomization(t).Namespace)
	if namespace.Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
		t.Error("the namespace does not enforce the restricted profile")
	}
}

// The manifests hold no secret values: those come from Secret objects that the operator makes.
func TestNoSecretIsInTheManifests(t *testing.T) {
	t.Parallel()
	for _, o := range load(t) {
		if s, ok := o.(*corev1.Secret); ok {
			t.Errorf("secret %s", s.Name)
		}
	}
}

func TestEachServiceIsComplete(t *testing.T) {
	t.Parallel()
	objects := load(t)
	for _, name := range services {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := find[*appsv1.Deployment](t, objects, name)
			labels := d.Spec.Template.Labels
			budget := find[*policyv1.PodDisruptionBudget](t, objects, name)
			policy := find[*networkingv1.NetworkPolicy](t, objects, name)
			service := find[*corev1.Service](t, objects, name)
			for what, selector := range map[string]map[string]string{
				"deployment": d.Spec.Selector.MatchLabels, "service": service.Spec.Selector,
				"disruption budget": budget.Spec.Selector.MatchLabels, "network policy": policy.Spec.PodSelector.MatchLabels,
			} {
				if !maps.Equal(selector, labels) {
					t.Errorf("%s selects %v, the pods have %v", what, selector, labels)
				}
			}
			if *d.Spec.Replicas < 2 {
				t.Error("one replica is no replica: a disruption budget would block every drain")
			}
			checkPorts(t, service, d.Spec.Template.Spec.Containers[0])
		})
	}
}

func checkPorts(t *testing.T, service *corev1.Service, c corev1.Container) {
	t.Helper()
	ports := make(map[string]int32)
	for _, p := range c.Ports {
		ports[p.Name] = p.ContainerPort
	}
	for _, p := range service.Spec.Ports {
		if p.TargetPort.StrVal == "" || ports[p.TargetPort.StrVal] != p.Port {
			t.Errorf("service port %s leads to %s, the container has %v", p.Name, p.TargetPort.String(), ports)
		}
	}
	if ports["management"] == 0 {
		t.Error("no management port")
	}
}

func TestContainersAreRestrictedAndProbed(t *testing.T) {
	t.Parallel()
	objects := load(t)
	for _, name := range services {
		pod := find[*appsv1.Deployment](t, objects, name).Spec.Template.Spec
		if len(pod.Containers) != 1 {
			t.Fatalf("%s: %d containers", name, len(pod.Containers))
		}
		c := pod.Containers[0]
		for problem, bad := range map[string]bool{
			"service account token":  pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken,
			"service links":          pod.EnableServiceLinks == nil || *pod.EnableServiceLinks,
			"root user":              pod.SecurityContext == nil || !*pod.SecurityContext.RunAsNonRoot || *pod.SecurityContext.RunAsUser != 65532,
			"seccomp profile":        pod.SecurityContext == nil || pod.SecurityContext.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault,
			"privilege escalation":   c.SecurityContext == nil || *c.SecurityContext.AllowPrivilegeEscalation,
			"writable root":          c.SecurityContext == nil || !*c.SecurityContext.ReadOnlyRootFilesystem,
			"capabilities":           c.SecurityContext == nil || !slices.Equal(c.SecurityContext.Capabilities.Drop, []corev1.Capability{"ALL"}),
			"memory limit":           c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero(),
			"liveness probe":         !probes(c.LivenessProbe, "/livez"),
			"startup probe":          !probes(c.StartupProbe, "/livez"),
			"readiness probe":        !probes(c.ReadinessProbe, "/readyz"),
			"time for a clean end":   *pod.TerminationGracePeriodSeconds < 30,
			"container's own name":   c.Name != name,
			"network of the machine": pod.HostNetwork || pod.HostPID || pod.HostIPC,
		} {
			if bad {
				t.Errorf("%s: %s", name, problem)
			}
		}
	}
}

func probes(p *corev1.Probe, path string) bool {
	return p != nil && p.HTTPGet != nil && p.HTTPGet.Path == path && p.HTTPGet.Port.StrVal == "management"
}

var imageName = regexp.MustCompile(`^eupay/([a-z]+):(\d+\.\d+\.\d+)$`)

func TestImagesAreNamedAlike(t *testing.T) {
	t.Parallel()
	objects := load(t)
	versions := make(map[string]bool)
	for _, name := range services {
		image := find[*appsv1.Deployment](t, objects, name).Spec.Template.Spec.Containers[0].Image
		m := imageName.FindStringSubmatch(image)
		if m == nil || m[1] != name {
			t.Errorf("%s: image %s", name, image)
			continue
		}
		versions[m[2]] = true
	}
	if len(versions) != 1 {
		t.Errorf("versions %v", slices.Collect(maps.Keys(versions)))
	}
}

func TestContainersGetTheSettingsThatTheirServiceReads(t *testing.T) {
	t.Parallel()
	objects := load(t)
	for _, name := range services {
		c := find[*appsv1.Deployment](t, objects, name).Spec.Template.Spec.Containers[0]
		known, given := settingsOf(t, name), environment(t, objects, c)
		for env := range given {
			if _, ok := known[env]; !ok {
				t.Errorf("%s: %s is not a setting of the service", name, env)
			}
		}
		for env, required := range known {
			if required && !given[env] {
				t.Errorf("%s: %s is required and not given", name, env)
			}
		}
	}
}

// environment names the variables of a container.
func environment(t *testing.T, objects []runtime.Object, c corev1.Container) map[string]bool {
	t.Helper()
	given := make(map[string]bool)
	add := func(env string) {
		if given[env] {
			t.Errorf("%s: %s is given twice", c.Name, env)
		}
		given[env] = true
	}
	for _, from := range c.EnvFrom {
		for env := range find[*corev1.ConfigMap](t, objects, from.ConfigMapRef.Name).Data {
			add(env)
		}
	}
	for _, e := range c.Env {
		add(e.Name)
		if e.Value != "" || e.ValueFrom == nil || e.ValueFrom.SecretKeyRef == nil {
			t.Errorf("%s: %s does not come from a secret; other settings belong into the ConfigMap", c.Name, e.Name)
		}
	}
	return given
}

// One address is written in three places; they must not drift apart.
func TestThePublicAddressIsTheSameEverywhere(t *testing.T) {
	t.Parallel()
	objects := load(t)
	ingress := find[*networkingv1.Ingress](t, objects, "gateway")
	host := ingress.Spec.Rules[0].Host
	for _, name := range []string{"gateway", "payments", portal} {
		u, err := url.Parse(find[*corev1.ConfigMap](t, objects, name).Data["EUPAY_PUBLIC_URL"])
		if err != nil || u.Scheme != "https" || u.Host != host {
			t.Errorf("%s: %v, the ingress has %s", name, u, host)
		}
	}
	if !slices.Contains(ingress.Spec.TLS[0].Hosts, host) {
		t.Errorf("no TLS for %s", host)
	}
	leads := make(map[string]string)
	for _, path := range ingress.Spec.Rules[0].HTTP.Paths {
		backend := path.Backend.Service
		leads[path.Path] = backend.Name
		service := find[*corev1.Service](t, objects, backend.Name)
		if !slices.ContainsFunc(service.Spec.Ports, func(p corev1.ServicePort) bool { return p.Name == backend.Port.Name }) {
			t.Errorf("the ingress leads %s to port %s", path.Path, backend.Port.Name)
		}
	}
	if want := map[string]string{"/api": "gateway", "/static": "gateway", "/": portal}; !maps.Equal(leads, want) {
		t.Errorf("the ingress leads to %v, want %v", leads, want)
	}
}

// The gateway's addresses of the other services must be services of the namespace and their ports.
func TestTheGatewayFindsTheServices(t *testing.T) {
	t.Parallel()
	objects := load(t)
	data := find[*corev1.ConfigMap](t, objects, "gateway").Data
	for _, name := range []string{"payments", "webhooks", "qr", "einvoice"} {
		service := find[*corev1.Service](t, objects, name)
		if service.Spec.ClusterIP != corev1.ClusterIPNone {
			t.Errorf("%s: gRPC clients see one address and use one replica", name)
		}
		if !service.Spec.PublishNotReadyAddresses {
			t.Errorf("%s: reads end where a consumer of events is missing", name)
		}
		want := name + ":9000"
		if got := data["EUPAY_"+strings.ToUpper(name)+"_ADDR"]; got != want || service.Spec.Ports[0].Port != 9000 {
			t.Errorf("%s: the gateway looks at %q", name, got)
		}
	}
}

// A mode is one Secret that may be left out; a part of it would be a mode that does not start.
func TestEachModeOfAPlatformComesFromOneOptionalSecret(t *testing.T) {
	t.Parallel()
	objects := load(t)
	for service, platform := range map[string]string{"payments": "powens", "einvoice": "seqino"} {
		for _, mode := range []string{"live", "test"} {
			prefix, found := "EUPAY_"+strings.ToUpper(platform+"_"+mode)+"_", 0
			for _, e := range find[*appsv1.Deployment](t, objects, service).Spec.Template.Spec.Containers[0].Env {
				key, ok := strings.CutPrefix(e.Name, prefix)
				if !ok {
					continue
				}
				found++
				from := e.ValueFrom.SecretKeyRef
				if from.Name != "eupay-"+platform+"-"+mode || from.Key != strings.ToLower(strings.ReplaceAll(key, "_", "-")) || from.Optional == nil || !*from.Optional {
					t.Errorf("%s: %s comes from %s, key %s", service, e.Name, from.Name, from.Key)
				}
			}
			if found < 3 {
				t.Errorf("%s: %d settings %s…", service, found, prefix)
			}
		}
	}
}

// Everything is denied by default: whoever calls a platform needs a way out, and none into the cluster's own network.
func TestCallersOfTheInternetReachItAndNothingPrivate(t *testing.T) {
	t.Parallel()
	objects := load(t)
	for _, name := range []string{"payments", "webhooks", "einvoice"} {
		policy := find[*networkingv1.NetworkPolicy](t, objects, name).Spec
		if name == "einvoice" { // it reads the journal of payments, and calls nothing else here
			to := policy.Egress[0].To
			if len(to) != 1 || to[0].PodSelector == nil || to[0].PodSelector.MatchLabels["app.kubernetes.io/name"] != "payments" {
				t.Errorf("einvoice calls %+v", to)
			}
			policy.Egress = policy.Egress[1:]
		}
		if !slices.Contains(policy.PolicyTypes, networkingv1.PolicyTypeEgress) || len(policy.Egress) != 1 {
			t.Errorf("%s: %d ways out of types %v", name, len(policy.Egress), policy.PolicyTypes)
			continue
		}
		if !slices.ContainsFunc(policy.Egress[0].Ports, func(p networkingv1.NetworkPolicyPort) bool { return p.Port.IntVal == 443 }) {
			t.Errorf("%s: not to port 443", name)
		}
		for _, to := range policy.Egress[0].To {
			if to.IPBlock == nil || len(to.IPBlock.Except) == 0 {
				t.Errorf("%s: private addresses are not excepted", name)
			}
		}
	}
}

func TestStrictDecodingNoticesAMisspeltField(t *testing.T) {
	t.Parallel()
	doc := bytes.Replace(read(t, "settings.yaml"), []byte("data:"), []byte("date:"), 1)
	if _, _, err := strict.Decode(doc, nil, nil); err == nil {
		t.Error("a misspelt field was taken")
	}
}
