package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
)

// every returns the objects of a kind.
func every[T any](o Objects, kind string) map[string]*T {
	all := make(map[string]*T)
	for _, u := range o {
		if u.GetKind() == kind {
			all[u.GetName()] = as[T](u)
		}
	}
	return all
}

func selects(s *metav1.LabelSelector, of map[string]string) bool {
	selector, err := metav1.LabelSelectorAsSelector(s)
	return err == nil && selector.Matches(labels.Set(of))
}

// budgets: each workload that serves has exactly one, which lets a machine be emptied.
func budgets(o Objects) []string {
	var all []string
	for _, w := range o.Workloads() {
		if !w.Serves {
			continue
		}
		n := 0
		for name, b := range every[policyv1.PodDisruptionBudget](o, "PodDisruptionBudget") {
			if !selects(b.Spec.Selector, w.Labels) {
				continue
			}
			n++
			if b.Spec.MaxUnavailable == nil || b.Spec.MaxUnavailable.IntVal < 1 {
				all = append(all, fmt.Sprintf("PodDisruptionBudget %s lets no pod of %s go", name, w.GetName()))
			}
		}
		if n != 1 {
			all = append(all, fmt.Sprintf("%s: %d disruption budgets", Label(w.Unstructured), n))
		}
	}
	return all
}

// networkPolicies: everything is denied, and each workload has a policy of its own that says what it may do.
func networkPolicies(o Objects) []string {
	policies := every[networkingv1.NetworkPolicy](o, "NetworkPolicy")
	var all []string
	if !slices.ContainsFunc(slices.Collect(maps.Values(policies)), deniesAll) {
		all = append(all, "nothing is denied by default")
	}
	pods := make(map[string]map[string]string)
	for _, w := range o.Workloads() {
		pods[Label(w.Unstructured)] = w.Labels
	}
	for name := range every[unstructured.Unstructured](o, "Cluster") { // pods that CloudNativePG makes
		pods["Cluster "+name] = map[string]string{"cnpg.io/cluster": name}
	}
	for who, of := range pods {
		own := false
		for _, p := range policies {
			own = own || selects(&p.Spec.PodSelector, of) && !selects(&p.Spec.PodSelector, nil)
		}
		if !own {
			all = append(all, who+": no network policy of its own")
		}
	}
	return all
}

func deniesAll(p *networkingv1.NetworkPolicy) bool {
	return len(p.Spec.PodSelector.MatchLabels)+len(p.Spec.PodSelector.MatchExpressions) == 0 && len(p.Spec.PolicyTypes) == 2 &&
		len(p.Spec.Ingress)+len(p.Spec.Egress) == 0
}

// services: each has pods with the ports that it names, and each ingress has a service.
func services(o Objects) []string {
	all := []string{}
	known := every[corev1.Service](o, "Service")
	for name, s := range known {
		ports := make(map[string]bool)
		for _, w := range o.Workloads() {
			if !selects(&metav1.LabelSelector{MatchLabels: s.Spec.Selector}, w.Labels) {
				continue
			}
			for _, c := range w.Pod.Containers {
				for _, p := range c.Ports {
					ports[p.Name] = true
				}
			}
		}
		for _, p := range s.Spec.Ports {
			if !ports[p.TargetPort.StrVal] {
				all = append(all, fmt.Sprintf("Service %s: no pod has the port %q", name, p.TargetPort.String()))
			}
		}
	}
	for name, in := range every[networkingv1.Ingress](o, "Ingress") {
		for _, rule := range in.Spec.Rules {
			for _, path := range rule.HTTP.Paths {
				if known[path.Backend.Service.Name] == nil {
					all = append(all, fmt.Sprintf("Ingress %s: no service %s", name, path.Backend.Service.Name))
				}
			}
		}
	}
	return all
}

// secrets: what a pod or an object of an operator asks for is there, or may be missing.
func secrets(o Objects) []string {
	made := o.madeSecrets()
	var all []string
	need := func(who, name string, optional *bool) {
		if !made[name] && (optional == nil || !*optional) {
			all = append(all, fmt.Sprintf("%s: nothing makes the Secret %s", who, name))
		}
	}
	for _, w := range o.Workloads() {
		who := Label(w.Unstructured)
		for _, v := range w.Pod.Volumes {
			if v.Secret != nil {
				need(who, v.Secret.SecretName, v.Secret.Optional)
			}
			if v.ConfigMap != nil && o.Find("ConfigMap", v.ConfigMap.Name) == nil {
				all = append(all, fmt.Sprintf("%s: no ConfigMap %s", who, v.ConfigMap.Name))
			}
		}
		for _, c := range w.Pod.Containers {
			for _, e := range c.Env {
				if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
					need(who, e.ValueFrom.SecretKeyRef.Name, e.ValueFrom.SecretKeyRef.Optional)
				}
			}
		}
	}
	for name, in := range every[networkingv1.Ingress](o, "Ingress") {
		for _, t := range in.Spec.TLS {
			need("Ingress "+name, t.SecretName, nil)
		}
	}
	if store := o.Find("ObjectStore", "eupay-backups"); store != nil {
		name, _, _ := unstructured.NestedString(store.Object, "spec", "configuration", "s3Credentials", "secretAccessKey", "name")
		need(Label(store), name, nil)
	}
	return all
}

// madeSecrets names the Secrets that are in the manifests or that an operator makes of what is there.
func (o Objects) madeSecrets() map[string]bool {
	made := make(map[string]bool)
	for _, u := range o {
		switch u.GetKind() {
		case "Secret", "ExternalSecret":
			made[u.GetName()] = true
		case "Certificate":
			name, _, _ := unstructured.NestedString(u.Object, "spec", "secretName")
			made[name] = true
		case "Cluster":
			made[u.GetName()+"-app"], made[u.GetName()+"-ca"] = true, true
		}
	}
	return made
}

// noSecretValues: of the Secrets only the broker's address is in the manifests, which has no password.
func noSecretValues(o Objects) []string {
	var all []string
	for name, s := range every[corev1.Secret](o, "Secret") {
		if name != "eupay-nats" || len(s.Data) != 1 || strings.Contains(string(s.Data["url"]), "@") {
			all = append(all, "Secret "+name+" has a value that everybody may read here")
		}
	}
	return all
}

// publicAddress: it is written in five places.
func publicAddress(o Objects) []string {
	ingress := o.Find("Ingress", "gateway")
	if ingress == nil {
		return []string{"no ingress"}
	}
	in := as[networkingv1.Ingress](ingress)
	host := in.Spec.Rules[0].Host
	var all []string
	if !slices.Contains(in.Spec.TLS[0].Hosts, host) {
		all = append(all, "no TLS for "+host)
	}
	for name, c := range every[corev1.ConfigMap](o, "ConfigMap") {
		if url, ok := c.Data["EUPAY_PUBLIC_URL"]; ok && url != "https://"+host {
			all = append(all, fmt.Sprintf("ConfigMap %s says %s, the ingress %s", name, url, host))
		}
	}
	if certificate := o.Find("Certificate", "eupay-public"); certificate != nil {
		if names, _, _ := unstructured.NestedStringSlice(certificate.Object, "spec", "dnsNames"); !slices.Contains(names, host) {
			all = append(all, fmt.Sprintf("the certificate is for %v, the ingress for %s", names, host))
		}
	}
	return all
}
