package chaos

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// report is what one run has measured.
type report struct {
	order
	cores      int
	payments   int
	webhooks   int64
	suffered   []suffered
	proofs     []proof
	unexpected bool // something was wrong before the proofs
	all        map[string]int
	unanswered map[string]int
}

// suffered is a fault and the time until a payment and its webhook went through again.
type suffered struct {
	fault fault
	took  time.Duration
}

type proof struct {
	name string
	held bool
}

func (r *report) add(s suffered) { r.suffered = append(r.suffered, s) }

// violations is the number of invariants that do not hold; what was wrong before their proofs counts as one.
func (r *report) violations() (n int) {
	for _, p := range r.proofs {
		if !p.held {
			n++
		}
	}
	if r.unexpected {
		n++
	}
	return n
}

// median is the value in the middle, of two the lower one.
func median(sorted []time.Duration) time.Duration { return sorted[(len(sorted)-1)/2] }

// text is the report as a page.
func (r *report) text() string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	var all, lost int
	for what, n := range r.all {
		all, lost = all+n, lost+r.unanswered[what]
	}
	say("# Reliability\n")
	say("What happens to payments while parts of EU Pay break. `make chaos MINUTES=10 REPORT=docs/reliability.md` runs two replicas of each service,")
	say("three NATS servers and PostgreSQL with a standby as separate processes, lets merchants and payers use them, and breaks one thing after the")
	say("other. The figures below are those of one run on one machine; another run has others.\n")
	say("The traffic is payments, refunds, payment links, subscriptions, orders with stock, points and their redemption, codes that customers scan, and")
	say("invoices. The clock of a database is wrong at times; those of the services are not, because Go programs ask the kernel. It needs Debian's")
	say("libfaketime.\n")
	say("| this run | |\n|---|---|")
	say("| seed | %d |\n| faults for | %d minutes |\n| machine | %d cores, for everything together, the traffic and the bank included |", r.seed, int(r.lasting.Minutes()), r.cores)
	say("| payments accepted | %d |\n| requests to receivers of webhooks | %d, a fifth of which they failed on purpose |", r.payments, r.webhooks)
	say("| requests to the REST API | %d |\n| of these without an answer, or with a 5xx | %d |\n| **violations** | **%d** |\n", all, lost, r.violations())
	say("## Faults and recovery\n")
	say("Recovery is the time until a new payment was accepted, paid at the bank, and its webhook received. It counts from the beginning of the fault, or")
	say("from its end where nobody could have paid meanwhile. Requests that are not served are repeated with the same reference or Idempotency-Key.\n")
	say("| fault | times | counts from | recovery, median | recovery, longest | required | requests not served |\n|---|---|---|---|---|---|---|")
	var missing []string
	for _, f := range faults {
		var took []time.Duration
		for _, s := range r.suffered {
			if s.fault.name == f.name {
				took = append(took, s.took)
			}
		}
		if len(took) == 0 {
			missing = append(missing, f.name)
			continue
		}
		slices.Sort(took)
		from, need := "its beginning", "–"
		if f.whenMended {
			from = "its end"
		}
		if f.need > 0 {
			need = "≤ " + f.need.String()
			if took[len(took)-1] > f.need {
				need += ", **missed**"
			}
		}
		say("| %s | %d | %s | %s | %s | %s | %d of %d |", f.name, len(took), from, seconds(median(took)), seconds(took[len(took)-1]), need, r.unanswered[f.name], r.all[f.name])
	}
	say("\nA NATS server that is lost takes the leaders of its streams with it. The others elect new ones after 4 to 9 s of silence, which NATS has built in")
	say("and no setting changes; the gateway answers 503 to new payments meanwhile, and nothing that was accepted is lost. So the 5 s that are required")
	say("after the loss of a NATS server are not met when that server leads.")
	if len(missing) > 0 {
		say("\nThe run was too short for: %s.", strings.Join(missing, "; "))
	}
	say("\nBetween faults, %d of %d requests were not served.\n", r.unanswered[calm], r.all[calm])
	say("## What must hold\n")
	say("Proven at the end, when everything was mended, by comparing the REST API, the bank, the database, the platform and the received webhooks.\n")
	say("| invariant | held |\n|---|---|")
	for _, p := range r.proofs {
		say("| %s | %s |", p.name, yes(p.held))
	}
	say("| during the run, nothing was answered that must not be | %s |", yes(!r.unexpected))
	return b.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func yes(held bool) string {
	if held {
		return "yes"
	}
	return "**no**"
}

func TestTheReportSaysWhatWasMeasured(t *testing.T) {
	t.Parallel()
	f := faults[0]
	r := &report{
		order: order{lasting: 10 * time.Minute, seed: 42}, cores: 2, payments: 7, webhooks: 50,
		suffered: []suffered{{f, 3 * time.Second}, {f, 16 * time.Second}, {f, time.Second}},
		proofs:   []proof{{"one", true}, {"two", false}}, unexpected: true,
		all: map[string]int{f.name: 9, calm: 100}, unanswered: map[string]int{f.name: 4},
	}
	text := r.text()
	for _, want := range []string{
		"| seed | 42 |", "| faults for | 10 minutes |", "| payments accepted | 7 |", "| requests to the REST API | 109 |", "with a 5xx | 4 |", "| **violations** | **2** |",
		"| " + f.name + " | 3 | its beginning | 3.0 s | 16.0 s | ≤ 15s, **missed** | 4 of 9 |", "| one | yes |", "| two | **no** |", "must not be | **no** |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
}
