package check

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Policy is a rule of the house. Look returns what breaks it, one text for each.
type Policy struct {
	Name string
	Look func(Objects) []string
}

// Policies are all rules.
func Policies() []Policy {
	return []Policy{
		{"a memory limit, and requests", ofContainers(resources)},
		{"probes", ofWorkloads(probes)},
		{"no root", ofWorkloads(noRoot)},
		{"nothing of the machine", ofWorkloads(nothingOfTheMachine)},
		{"a read-only root filesystem", ofContainers(readOnly)},
		{"no token of a service account", ofWorkloads(noToken)},
		{"an image with a version", images},
		{"a disruption budget for each workload", budgets},
		{"a network policy for each workload", networkPolicies},
		{"services lead to pods", services},
		{"every Secret is made by something", secrets},
		{"no secret value", noSecretValues},
		{"one public address", publicAddress},
		{"scalers know what they scale", scalers},
		{"as many connections as PostgreSQL takes", connections},
		{"as much room as the streams reserve", streams},
	}
}

// Workload is what runs pods: a Deployment, a StatefulSet, a Job or a Pod.
type Workload struct {
	*unstructured.Unstructured

	Labels map[string]string
	Pod    corev1.PodSpec
	// Selector of its pods. Serves: it runs until it is stopped. Replicas: how many pods, before scaling.
	Selector *metav1.LabelSelector
	Serves   bool
	Replicas int64
}

// Workloads returns all of them.
func (o Objects) Workloads() []Workload {
	var all []Workload
	for _, u := range o {
		w := Workload{Unstructured: u, Replicas: 1}
		switch u.GetKind() {
		case "Deployment":
			d := as[appsv1.Deployment](u)
			w.Labels, w.Pod, w.Selector, w.Serves = d.Spec.Template.Labels, d.Spec.Template.Spec, d.Spec.Selector, true
			w.count(d.Spec.Replicas)
		case "StatefulSet":
			s := as[appsv1.StatefulSet](u)
			w.Labels, w.Pod, w.Selector, w.Serves = s.Spec.Template.Labels, s.Spec.Template.Spec, s.Spec.Selector, true
			w.count(s.Spec.Replicas)
		case "Job":
			j := as[batchv1.Job](u)
			w.Labels, w.Pod = j.Spec.Template.Labels, j.Spec.Template.Spec
		case "Pod":
			w.Labels, w.Pod = u.GetLabels(), as[corev1.Pod](u).Spec
		default:
			continue
		}
		all = append(all, w)
	}
	return all
}

func (w *Workload) count(replicas *int32) {
	if replicas != nil {
		w.Replicas = int64(*replicas)
	}
}

// as converts what is decoded strictly elsewhere: unknown fields are no concern here.
func as[T any](u *unstructured.Unstructured) *T {
	typed := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, typed); err != nil {
		panic(fmt.Sprintf("%s: %v", Label(u), err))
	}
	return typed
}

func ofWorkloads(look func(Workload) []string) func(Objects) []string {
	return func(o Objects) []string {
		var all []string
		for _, w := range o.Workloads() {
			for _, problem := range look(w) {
				all = append(all, Label(w.Unstructured)+": "+problem)
			}
		}
		return all
	}
}

func ofContainers(look func(corev1.Container) []string) func(Objects) []string {
	return ofWorkloads(func(w Workload) []string {
		var all []string
		for _, c := range slices.Concat(w.Pod.InitContainers, w.Pod.Containers) {
			for _, problem := range look(c) {
				all = append(all, "container "+c.Name+": "+problem)
			}
		}
		return all
	})
}

func resources(c corev1.Container) []string {
	var all []string
	for what, missing := range map[string]bool{
		"no request of processor time": c.Resources.Requests.Cpu().IsZero(),
		"no request of memory":         c.Resources.Requests.Memory().IsZero(),
		"no limit of memory":           c.Resources.Limits.Memory().IsZero(),
	} {
		if missing {
			all = append(all, what)
		}
	}
	return all
}

// probes are for those that serve: each container with a port, and the first of a workload whatever it has.
func probes(w Workload) []string {
	var all []string
	for i, c := range w.Pod.Containers {
		if !w.Serves || i > 0 && len(c.Ports) == 0 {
			continue
		}
		for what, probe := range map[string]*corev1.Probe{"startup": c.StartupProbe, "liveness": c.LivenessProbe, "readiness": c.ReadinessProbe} {
			if probe == nil {
				all = append(all, fmt.Sprintf("container %s: no %s probe", c.Name, what))
			}
		}
	}
	return all
}

func noRoot(w Workload) []string {
	pod := w.Pod.SecurityContext
	if pod == nil {
		return []string{"no security context"}
	}
	var all []string
	if pod.RunAsNonRoot == nil || !*pod.RunAsNonRoot || pod.RunAsUser == nil || *pod.RunAsUser == 0 {
		all = append(all, "the pod may run as root")
	}
	if pod.SeccompProfile == nil || pod.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		all = append(all, "no seccomp profile")
	}
	for _, c := range slices.Concat(w.Pod.InitContainers, w.Pod.Containers) {
		s := c.SecurityContext
		switch {
		case s == nil || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || s.Privileged != nil && *s.Privileged:
			all = append(all, "container "+c.Name+" may become root")
		case s.RunAsNonRoot != nil && !*s.RunAsNonRoot || s.RunAsUser != nil && *s.RunAsUser == 0:
			all = append(all, "container "+c.Name+" runs as root")
		case s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) || len(s.Capabilities.Add) > 0:
			all = append(all, "container "+c.Name+" keeps capabilities")
		}
	}
	return all
}

func nothingOfTheMachine(w Workload) []string {
	var all []string
	if w.Pod.HostNetwork || w.Pod.HostPID || w.Pod.HostIPC {
		all = append(all, "it sees the machine's network or processes")
	}
	for _, v := range w.Pod.Volumes {
		if v.HostPath != nil {
			all = append(all, "volume "+v.Name+" is a folder of the machine")
		}
	}
	return all
}

func readOnly(c corev1.Container) []string {
	if s := c.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
		return []string{"its root filesystem can be written"}
	}
	return nil
}

func noToken(w Workload) []string {
	if t := w.Pod.AutomountServiceAccountToken; t == nil || *t {
		return []string{"it gets the token of a service account"}
	}
	return nil
}

// images: also those that operators start for us.
func images(o Objects) []string {
	named := make(map[string]string)
	for _, w := range o.Workloads() {
		for _, c := range slices.Concat(w.Pod.InitContainers, w.Pod.Containers) {
			named[Label(w.Unstructured)+": container "+c.Name] = c.Image
		}
	}
	for _, u := range o {
		if name, ok, _ := unstructured.NestedString(u.Object, "spec", "imageName"); ok || u.GetKind() == "Cluster" {
			named[Label(u)] = name
		}
	}
	var all []string
	for who, image := range named {
		_, digest, pinned := strings.Cut(image, "@sha256:")
		_, tag, tagged := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
		if pinned && len(digest) == 64 {
			continue
		}
		if !tagged || tag == "" || tag == "latest" {
			all = append(all, fmt.Sprintf("%s: image %q has no version", who, image))
		}
	}
	return all
}
