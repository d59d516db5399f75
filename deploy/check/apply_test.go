package check

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// namespace is where everything of ours is.
const namespace = "eupay"

// cluster is an API server that knows the operators' kinds.
type cluster struct {
	client dynamic.Interface
	mapper meta.RESTMapper
	// What the server said beside its answers.
	warnings []string
}

// HandleWarningHeader keeps the warning.
func (c *cluster) HandleWarningHeader(_ int, _, text string) { c.warnings = append(c.warnings, text) }

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{}
	config := serve(t)
	config.WarningHandler = c
	var err error
	if c.client, err = dynamic.NewForConfig(config); err != nil {
		t.Fatal(err)
	}
	c.mapper = mapper(t, config)
	all, err := definitions()
	if err != nil {
		t.Fatal(err)
	}
	for _, definition := range all {
		c.define(t, definition)
	}
	c.mapper = mapper(t, config) // which knows them now
	c.warnings = nil
	return c
}

func mapper(t *testing.T, config *rest.Config) meta.RESTMapper {
	t.Helper()
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client))
}

// define returns when the server takes objects of the kind.
func (c *cluster) define(t *testing.T, definition *apiextensions.CustomResourceDefinition) {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(definition)
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{Object: content}
	if _, err := c.apply(t.Context(), u, false); err != nil {
		t.Fatalf("%s: %v", Label(u), err)
	}
	err = wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		r, err := c.resource(u)
		if err != nil {
			return false, err
		}
		got, err := r.Get(ctx, definition.Name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		conditions := as[apiextensions.CustomResourceDefinition](got).Status.Conditions
		return slices.ContainsFunc(conditions, func(c apiextensions.CustomResourceDefinitionCondition) bool {
			return c.Type == apiextensions.Established && c.Status == apiextensions.ConditionTrue
		}), nil
	})
	if err != nil {
		t.Fatalf("%s: %v", definition.Name, err)
	}
}

func (c *cluster) resource(u *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	gvk := u.GroupVersionKind()
	mapping, err := c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return c.client.Resource(mapping.Resource).Namespace(u.GetNamespace()), nil
	}
	return c.client.Resource(mapping.Resource), nil
}

// apply does what kubectl apply --server-side does, and takes no field that the server does not know.
func (c *cluster) apply(ctx context.Context, u *unstructured.Unstructured, try bool) (*unstructured.Unstructured, error) {
	r, err := c.resource(u)
	if err != nil {
		return nil, err
	}
	content, err := u.MarshalJSON()
	if err != nil {
		return nil, err
	}
	options := metav1.PatchOptions{FieldManager: "check", FieldValidation: metav1.FieldValidationStrict, Force: new(true)}
	if try {
		options.DryRun = []string{metav1.DryRunAll}
	}
	return r.Patch(ctx, u.GetName(), types.ApplyPatchType, content, options)
}

// run tries to create a pod as the workload would: only pods are refused by the namespace's profile.
func (c *cluster) run(ctx context.Context, w Workload) error {
	pod := &corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{GenerateName: w.GetName() + "-", Namespace: namespace, Labels: w.Labels},
		Spec: w.Pod,
	}
	for _, name := range claims(w) { // which a StatefulSet adds
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name},
		}})
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(pod)
	if err != nil {
		return err
	}
	u := &unstructured.Unstructured{Object: content}
	r, err := c.resource(u)
	if err != nil {
		return err
	}
	_, err = r.Create(ctx, u, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict})
	return err
}

func claims(w Workload) []string {
	list, _, _ := unstructured.NestedSlice(w.Object, "spec", "volumeClaimTemplates")
	var names []string
	for _, claim := range list {
		name, _, _ := unstructured.NestedString(claim.(map[string]any), "metadata", "name")
		names = append(names, name)
	}
	return names
}

// settle makes the namespace, and the account that a controller would make in it.
func (c *cluster) settle(t *testing.T, objects Objects) {
	t.Helper()
	account := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ServiceAccount", "metadata": map[string]any{"name": "default", "namespace": namespace},
	}}
	for _, u := range []*unstructured.Unstructured{objects.Find("Namespace", namespace), account} {
		if _, err := c.apply(t.Context(), u, false); err != nil {
			t.Fatal(err)
		}
	}
}

// TestARealAPIServerTakesEveryOverlay, twice, and its pods, without a word.
func TestARealAPIServerTakesEveryOverlay(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	for _, overlay := range Overlays() {
		objects := rendered(t, overlay)
		c.settle(t, objects)
		versions := make(map[string]string)
		for _, u := range objects {
			got, err := c.apply(t.Context(), u, false)
			if err != nil {
				t.Errorf("%s: %s: %v", overlay, Label(u), err)
				continue
			}
			versions[Label(u)] = got.GetResourceVersion()
		}
		for _, w := range objects.Workloads() {
			if err := c.run(t.Context(), w); err != nil {
				t.Errorf("%s: a pod of %s: %v", overlay, Label(w.Unstructured), err)
			}
		}
		for _, u := range objects {
			if got, err := c.apply(t.Context(), u, false); err != nil || got.GetResourceVersion() != versions[Label(u)] {
				t.Errorf("%s: %s again: changed: %v", overlay, Label(u), err)
			}
		}
		c.rollOut(t, objects)
		c.remove(t, objects)
	}
	for _, text := range c.warnings {
		t.Errorf("the server warns: %s", text)
	}
}

// rollOut applies another version, as deploy/README.md says: without the jobs of the one before, which cannot be changed.
func (c *cluster) rollOut(t *testing.T, objects Objects) {
	t.Helper()
	for _, u := range objects.Copy() {
		if strings.HasPrefix(u.GetKind(), "Job") {
			if u.GetLabels()["app.kubernetes.io/component"] != "rollout" {
				t.Errorf("%s is not removed before a rollout", Label(u))
			}
			c.remove(t, Objects{u})
		}
		if slices.ContainsFunc(Objects{u}.Workloads(), func(w Workload) bool { return strings.Contains(w.Pod.Containers[0].Image, "eupay/") }) {
			path := ofContainer("image")
			if u.GetKind() == "Pod" {
				path = []any{"spec", "containers", 0, "image"}
			}
			put("registry.example.com/eupay/gateway:0.2.0", path...)(u.Object)
		}
		if _, err := c.apply(t.Context(), u, false); err != nil {
			t.Errorf("another version of %s: %v", Label(u), err)
		}
	}
}

func (c *cluster) remove(t *testing.T, objects Objects) {
	t.Helper()
	for _, u := range objects {
		if u.GetKind() == "Namespace" {
			continue
		}
		r, err := c.resource(u)
		if err != nil {
			t.Fatal(err)
		}
		options := metav1.DeleteOptions{GracePeriodSeconds: new(int64(0)), PropagationPolicy: new(metav1.DeletePropagationBackground)}
		if err := r.Delete(t.Context(), u.GetName(), options); err != nil {
			t.Fatalf("%s: %v", Label(u), err)
		}
	}
}

// TestARealAPIServerRefusesMistakes of every kind that it can know, for their reasons.
func TestARealAPIServerRefusesMistakes(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	staging, refused := rendered(t, "staging"), 0
	c.settle(t, staging)
	for _, m := range mistakes() {
		if m.server == "" {
			continue
		}
		_, changed := m.apply(t, staging)
		_, err := c.apply(t.Context(), changed, true)
		if err == nil {
			for _, w := range (Objects{changed}).Workloads() {
				err = c.run(t.Context(), w)
			}
		}
		if err == nil || !strings.Contains(err.Error(), m.server) {
			t.Errorf("%s: the server says %v, want %q", m.name, err, m.server)
			continue
		}
		refused++
	}
	if refused < 10 {
		t.Errorf("only %d mistakes were refused", refused)
	}
}
