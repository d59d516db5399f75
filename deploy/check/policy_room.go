package check

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// most returns how many replicas a workload may have: what its scaler allows, or what it says itself.
func (o Objects) most(w Workload) int64 {
	if h := o.Find("HorizontalPodAutoscaler", w.GetName()); h != nil {
		return int64(as[autoscalingv2.HorizontalPodAutoscaler](h).Spec.MaxReplicas)
	}
	if s := o.Find("ScaledObject", w.GetName()); s != nil {
		n, _, _ := unstructured.NestedInt64(s.Object, "spec", "maxReplicaCount")
		return n
	}
	return w.Replicas
}

// scalers have the name of their workload, which leaves its replicas to them.
func scalers(o Objects) []string {
	var all []string
	for _, u := range o {
		if u.GetKind() != "HorizontalPodAutoscaler" && u.GetKind() != "ScaledObject" {
			continue
		}
		target, _, _ := unstructured.NestedString(u.Object, "spec", "scaleTargetRef", "name")
		deployment := o.Find("Deployment", target)
		if deployment == nil || target != u.GetName() {
			all = append(all, fmt.Sprintf("%s: no deployment %s of this name", Label(u), target))
			continue
		}
		if _, ok, _ := unstructured.NestedFieldNoCopy(deployment.Object, "spec", "replicas"); ok {
			all = append(all, fmt.Sprintf("%s: each apply sets the replicas of %s back", Label(u), target))
		}
	}
	return all
}

// reserved connections are for operators, jobs, CloudNativePG itself and its replication.
const reserved = 30

// connections: the pools of all replicas, and of one more of each service while it is rolled out, fit into PostgreSQL.
func connections(o Objects) []string {
	cluster := o.Find("Cluster", "eupay-postgres")
	if cluster == nil {
		return []string{"no database"}
	}
	text, _, _ := unstructured.NestedString(cluster.Object, "spec", "postgresql", "parameters", "max_connections")
	limit, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return []string{Label(cluster) + ": no max_connections"}
	}
	sum := int64(reserved)
	settings := every[corev1.ConfigMap](o, "ConfigMap")
	for _, w := range o.Workloads() {
		own := settings[w.GetName()]
		if !w.Serves || own == nil || own.Data["EUPAY_DATABASE_CONNS"] == "" {
			continue
		}
		pool, err := strconv.ParseInt(own.Data["EUPAY_DATABASE_CONNS"], 10, 64)
		if err != nil {
			return []string{fmt.Sprintf("ConfigMap %s: EUPAY_DATABASE_CONNS: %v", w.GetName(), err)}
		}
		sum += pool * (o.most(w) + 1)
	}
	if sum > limit {
		return []string{fmt.Sprintf("the services may open %d connections, PostgreSQL takes %d", sum, limit)}
	}
	return nil
}

var fileStore = regexp.MustCompile(`(?m)^\s*max_file_store: (\d+)GB$`)

// streams: JetStream reserves what each stream may have, on its volume.
func streams(o Objects) []string {
	config := o.configOf("nats")
	m := fileStore.FindStringSubmatch(config)
	if m == nil {
		return []string{"nats.conf has no max_file_store"}
	}
	store, _ := strconv.ParseInt(m[1], 10, 64)
	store *= 1 << 10
	var sum int64
	for name, value := range every[corev1.ConfigMap](o, "ConfigMap")["eupay"].Data {
		if strings.HasSuffix(name, "_MIB") {
			n, _ := strconv.ParseInt(value, 10, 64)
			sum += n
		}
	}
	var all []string
	if sum == 0 || sum >= store {
		all = append(all, fmt.Sprintf("the streams reserve %d MiB, a server has %d", sum, store))
	}
	size, _, _ := unstructured.NestedSlice(o.Find("StatefulSet", "nats").Object, "spec", "volumeClaimTemplates")
	claim := as[corev1.PersistentVolumeClaim](&unstructured.Unstructured{Object: size[0].(map[string]any)})
	if volume := claim.Spec.Resources.Requests.Storage().Value() >> 20; store >= volume {
		all = append(all, fmt.Sprintf("a server may fill %d MiB, its volume has %d", store, volume))
	}
	return all
}

// configOf returns the configuration file of the ConfigMap that was generated with the name.
func (o Objects) configOf(name string) string {
	for _, c := range every[corev1.ConfigMap](o, "ConfigMap") {
		if strings.HasPrefix(c.Name, name+"-") {
			return c.Data[name+".conf"]
		}
	}
	return ""
}
