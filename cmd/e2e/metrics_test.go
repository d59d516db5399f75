package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"european-pay.eu/eupay/cmd/internal/monitoring"
	"european-pay.eu/eupay/cmd/internal/system"
)

// families are the metrics of a scrape by the name that queries use: histograms also by those of their parts.
type families map[string]*dto.MetricFamily

// scrape asks every service, because each says some things only when it is asked itself.
func (w *world) scrape(t *testing.T) families {
	t.Helper()
	all := make(families)
	for _, service := range []string{system.Portal, system.Payments, system.Webhooks, system.QR, system.EInvoice, system.Gateway} {
		resp, err := w.client.Get("http://" + w.stack.System().Env(service)["EUPAY_MANAGEMENT_ADDR"] + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		parser := expfmt.NewTextParser(model.UTF8Validation)
		got, err := parser.TextToMetricFamilies(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d, %v", service, resp.StatusCode, err)
		}
		for name, f := range got { // all services share a process: the last one has everything
			all[name] = f
		}
	}
	return all
}

// ours are the metrics whose name begins with eupay_.
func (f families) ours() families {
	all := make(families)
	for name, family := range f {
		if strings.HasPrefix(name, "eupay_") {
			all[name] = family
		}
	}
	return all
}

// find returns the metric of a name in a query.
func (f families) find(name string) *dto.MetricFamily {
	if f[name] != nil {
		return f[name]
	}
	for _, part := range []string{"_bucket", "_count", "_sum"} {
		if whole := f[strings.TrimSuffix(name, part)]; whole != nil && whole.GetType() == dto.MetricType_HISTOGRAM {
			return whole
		}
	}
	return nil
}

// labelled reports whether a series of the metric has the label, with that value unless it is empty.
func labelled(f *dto.MetricFamily, label, value string) bool {
	return slices.ContainsFunc(f.GetMetric(), func(m *dto.Metric) bool {
		return slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool {
			return l.GetName() == label && (value == "" || l.GetValue() == value)
		})
	})
}

// exposed does what makes every metric appear that needs traffic, and returns all of ours when they are there.
func exposed(t *testing.T) (all families) {
	t.Helper()
	m := shared.mayInvoice(t)
	m.paid(t, nil)
	m.pays(t, nil) // one stays open
	m.invoices(t, nil)
	eventually(t, "the replica that measures has measured", func() bool {
		all = shared.scrape(t).ours()
		return all["eupay_payments_unsettled"] != nil && all["eupay_payments_open"] != nil && all["eupay_consumer_pending_messages"] != nil &&
			all["eupay_months_rest_rows"] != nil && labelled(all["eupay_queue_overdue_seconds"], "queue", "transmissions")
	})
	return all
}

// others are labels that Prometheus adds, and those of metrics that are not ours.
var others = []string{"pod", "namespace", "persistentvolumeclaim"}

// spare are metrics that no dashboard, rule or runbook needs, and why they are there.
var spare = map[string]string{}

var selector = regexp.MustCompile(`\b(eupay_[a-z0-9_]+)\{([^}]*)\}`)

var equals = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)

func TestMonitoringAsksForWhatIsExposed(t *testing.T) {
	t.Parallel()
	all := exposed(t)
	uses, err := monitoring.Uses("../..")
	if err != nil {
		t.Fatal(err)
	}
	asked := make(map[*dto.MetricFamily]bool)
	for _, u := range uses {
		metrics, labels := monitoring.Names(u.Expr)
		var found []*dto.MetricFamily
		for _, name := range metrics {
			f := all.find(name)
			if f == nil {
				t.Errorf("%s asks for %s, which no service has", u.Where, name)
				continue
			}
			found = append(found, f)
			asked[f] = true
		}
		for _, label := range labels {
			if !slices.Contains(others, label) && label != "le" && len(metrics) > 0 &&
				!slices.ContainsFunc(found, func(f *dto.MetricFamily) bool { return labelled(f, label, "") }) {
				t.Errorf("%s asks for the label %s, which none of %v has", u.Where, label, metrics)
			}
		}
		for _, m := range selector.FindAllStringSubmatch(u.Expr, -1) {
			for _, pair := range equals.FindAllStringSubmatch(m[2], -1) {
				if f := all.find(m[1]); f != nil && pair[1] != "le" && !labelled(f, pair[1], pair[2]) {
					t.Errorf("%s asks for %s with %s=%q, which no series has", u.Where, m[1], pair[1], pair[2])
				}
			}
		}
	}
	for name, f := range all {
		if asked[f] == (spare[name] != "") {
			t.Errorf("%s: asked for is %t, and the list of spare metrics says %q", name, asked[f], spare[name])
		}
	}
}

// How many series Prometheus may have to keep. There are many routes and gRPC methods, but their number is fixed.
const (
	maxSeries = 3000 // of one metric, without the buckets of histograms
	maxValues = 80   // of one label
)

var (
	manyValues = []string{"route", "method"}
	// growing are labels that name a person, a merchant or a thing: there are ever more of them.
	growing = regexp.MustCompile(`(?i)(^|_)(id|merchant|customer|user|payer|email|ip|addr(ess)?|url|path|host|error|message|reason_text|reference|iban|name|trace)($|_)`)
	// thing is a value that names one.
	thing = regexp.MustCompile(`@|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-|(PAY|REF|INV|CN)-[0-9]|[A-Z]{2}[0-9]{14}|://|[0-9]{7}`)
)

func TestMetricsStayFewAndNameNobody(t *testing.T) {
	t.Parallel()
	for name, f := range exposed(t) {
		if f.GetHelp() == "" {
			t.Errorf("%s has no help", name)
		}
		if (f.GetType() == dto.MetricType_COUNTER) != strings.HasSuffix(name, "_total") {
			t.Errorf("%s is a %s", name, f.GetType())
		}
		if n := len(f.GetMetric()); n > maxSeries {
			t.Errorf("%s has %d series", name, n)
		}
		values := make(map[string]map[string]bool)
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if values[l.GetName()] == nil {
					values[l.GetName()] = make(map[string]bool)
				}
				values[l.GetName()][l.GetValue()] = true
			}
		}
		for label, all := range values {
			if growing.MatchString(label) || len(all) > maxValues && !slices.Contains(manyValues, label) {
				t.Errorf("%s: the label %s with %d values", name, label, len(all))
			}
			for v := range all {
				if label != "revision" && thing.MatchString(v) {
					t.Errorf("%s: %s=%q names one of many", name, label, v)
				}
			}
		}
	}
}

// TestTheCommandsOfRunbooksWork: at night nobody should find out that one does not exist.
func TestTheCommandsOfRunbooksWork(t *testing.T) {
	t.Parallel()
	o, m := newOperator(t, shared), shared.newMerchant(t)
	p := m.paid(t, nil)
	seen := o.lines(t, "events", "tail", "--merchant", m.ID, "--type", "payment.completed")
	if len(seen) != 1 {
		t.Fatalf("events: %v", seen)
	}
	commands, err := monitoring.Commands("../..")
	if err != nil || len(commands) < 10 {
		t.Fatalf("%d commands: %v", len(commands), err)
	}
	fill := strings.NewReplacer("PAYMENT", p.Reference, "EVENT", seen[0]["id"].(string), "NUMBER", "1", "NAME", "webhooks", " ID", " "+m.ID, " --run", "")
	for _, command := range commands {
		args := strings.Fields(fill.Replace(command))[1:] // never --run: other tests use the system too
		cmd := exec.CommandContext(t.Context(), o.program, append(args, "--run-dir", o.dir)...)
		cmd.Env = append(slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "EUPAY_") }),
			"EUPAY_DATABASE_URL="+shared.stack.System().DatabaseURL)
		out, err := cmd.CombinedOutput()
		tells := slices.ContainsFunc(telling, func(prefix string) bool { return strings.HasPrefix(command, "eupayctl "+prefix) })
		if err != nil && (cmd.ProcessState.ExitCode() != 1 || !tells) {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
	}
}

// telling are the commands that end with 1 when they find something: others run tests on the same system, and it has no dead letter 1.
var telling = []string{"doctor", "dlq show", "dlq requeue", "streams status", "payments stuck"}
