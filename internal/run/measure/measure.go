// Package measure tells Prometheus what every service has: its build, its calls over gRPC, its database, and rows that wait for their
// turn. What only one service has is measured where it happens.
package measure

import (
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var build = promauto.NewGaugeVec(prometheus.GaugeOpts{
	Name: "eupay_build_info", Help: "Always 1: the revision of the source that the service was built from, and the version of Go.",
}, []string{"service", "revision", "go_version"})

// Build announces that the service runs in this process.
func Build(service string) { build.WithLabelValues(service, revision(), runtime.Version()).Set(1) }

// Mode is a mode as a label.
func Mode(livemode bool) string {
	if livemode {
		return "live"
	}
	return "test"
}

// commit is the commit that an image was built from: the linker sets it (deploy/images), which reads no version control.
var commit string

// revision is the commit that the program was built from; "unknown" when it was built without version control.
func revision() string {
	if commit != "" {
		return commit
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "unknown"
}
