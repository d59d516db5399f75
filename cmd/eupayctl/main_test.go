package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/cmd/internal/golden"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/localca"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// call is one call of the tool.
type call struct {
	code     int
	out, err string
}

func eupayctl(t *testing.T, args ...string) call {
	t.Helper()
	var out, errOut bytes.Buffer
	code := run(t.Context(), args, &out, &errOut)
	return call{code, out.String(), errOut.String()}
}

// ok calls the tool, which must succeed, and returns what it wrote.
func ok(t *testing.T, args ...string) string {
	t.Helper()
	c := eupayctl(t, args...)
	if c.code != 0 {
		t.Fatalf("%v ended with %d: %s", args, c.code, c.err)
	}
	return c.out
}

func contains(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in:\n%s", w, text)
		}
	}
}

// broker is a NATS that the tool finds, with a consumer "slow" that takes nothing.
func broker(t *testing.T) *bus.Bus {
	t.Helper()
	srv := natstest.Server(t)
	b := natstest.Connect(t, srv.URL())
	t.Setenv("EUPAY_NATS_URL", srv.URL())
	as(t, identitytest.Files(t, identity.Operator))
	for stream, filter := range map[string]string{bus.Events: "eupay.evt.*.payment.>", bus.Replay: "eupay.replay.slow.>"} {
		cfg := jetstream.ConsumerConfig{Durable: "slow", FilterSubject: filter, AckPolicy: jetstream.AckExplicitPolicy}
		if _, err := b.JS.CreateConsumer(t.Context(), stream, cfg); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func emit(t *testing.T, b *bus.Bus, kind, merchant string) events.Event {
	t.Helper()
	data, err := proto.Marshal(&eventsv1.PaymentChanged{Payment: &paymentsv1.Payment{
		Reference: "PAY-20260617-00000000000000AA", Status: "completed", Sequence: 3, Description: "\x1b[31mred\u009b",
	}})
	if err != nil {
		t.Fatal(err)
	}
	e := events.Event{ID: events.NewID(), Type: kind, Source: "payments", Merchant: merchant, Time: time.Now(), Data: data}
	if _, err := b.JS.PublishMsg(t.Context(), e.Message(e.Subject())); err != nil {
		t.Fatal(err)
	}
	return e
}

func park(t *testing.T, b *bus.Bus, consumer string, e events.Event) {
	t.Helper()
	m := e.Message("eupay.dlq." + consumer + "." + strings.TrimPrefix(e.Subject(), "eupay."))
	m.Header.Set(nats.MsgIdHdr, consumer+":"+e.ID)
	m.Header.Set(consume.HeaderSubject, e.Subject())
	m.Header.Set(consume.HeaderReason, "column \x1b[2J missing")
	if _, err := b.JS.PublishMsg(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

func messages(t *testing.T, b *bus.Bus, stream string) uint64 {
	t.Helper()
	s, err := b.JS.Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	return s.CachedInfo().State.Msgs
}

// leaves are all commands.
func leaves(t *testing.T) []string {
	t.Helper()
	parser, err := kong.New(&grammar{}, kong.Name("eupayctl"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, n := range parser.Model.Leaves(true) {
		all = append(all, n.Path())
	}
	return all
}

func TestEveryCommandHasHelp(t *testing.T) {
	all := leaves(t)
	if !slices.Equal(all, []string{"events tail", "events show", "events emit", "replay", "dlq list", "dlq show", "dlq requeue", "streams status", "einvoice resubmit", "einvoice status", "einvoice export", "einvoice verify", "einvoice anchors", "journal verify", "admin create", "payments history", "payments show", "payments stuck", "payments reconcile", "payments rebuild", "archive list", "archive show", "archive verify", "archive read", "numbers raise", "database prepare", "database migrate", "keys rotate", "gdpr export", "gdpr erase", "smoke", "doctor", "leaders", "completion"}) {
		t.Errorf("the commands are %q", all)
	}
	t.Setenv("COLUMNS", "") // the width is the same everywhere
	top := ok(t)
	contains(t, top, "EUPAY_NATS_URL")
	var help strings.Builder
	help.WriteString(top)
	for _, command := range all {
		contains(t, top, "  "+command)
		own := ok(t, append(strings.Fields(command), "--help")...)
		contains(t, own, "Usage: eupayctl "+command, "--output", "--timeout")
		help.WriteString("\n" + own)
	}
	golden.Same(t, "help.txt", help.String())
}

func TestCompletionsKnowEveryCommandAndFlag(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script := ok(t, "completion", shell)
		golden.Same(t, "completion."+shell, script)
		for _, command := range leaves(t) {
			contains(t, script, `"`+command+`"`)
		}
		contains(t, script, "redeliver", "max-lag", "table json")
	}
}

func TestBashCompletes(t *testing.T) {
	for line, want := range map[string]string{
		"":                                   "events replay dlq streams einvoice journal admin payments archive numbers database keys gdpr smoke doctor leaders completion",
		"ev":                                 "events",
		"events ":                            "tail show emit",
		"--output json dlq ":                 "list show requeue",
		"replay --red":                       "--redeliver",
		"replay --mode ":                     "live test",
		"streams status -o ":                 "table json",
		"events tail --merchant ":            "",
		"replay --consumer webhooks --from-": "--from-sequence",
		"completion ":                        "bash zsh fish",
	} {
		script := ok(t, "completion", "bash") + `
			COMP_WORDS=(eupayctl "$@"); COMP_CWORD=$#; _eupayctl
			for w in "${COMPREPLY[@]}"; do case "$w" in -*) [[ ${!#} = -* ]] && echo "$w" ;; *) echo "$w" ;; esac; done`
		words := strings.Split(line, " ")
		out, err := exec.CommandContext(t.Context(), "bash", append([]string{"-c", script, "bash"}, words...)...).CombinedOutput()
		if got := strings.Join(strings.Fields(string(out)), " "); got != want {
			t.Errorf("%q completes to %q, want %q (%v)", line, got, want, err)
		}
	}
}

func TestInvalidCallsExitWithTwo(t *testing.T) {
	broker(t)
	for _, c := range []struct{ line, want string }{
		{"nonsense", "unexpected argument"},
		{"replay --since 1h", "--consumer"},
		{"replay --consumer slow", "--since, --from-sequence or --id"},
		{"replay --consumer slow --since 1h --from-sequence 3", "--since and --from-sequence"},
		{"replay --consumer gone --since 1h", "Those that do: slow"},
		{"replay --consumer slow --since yesterday", "is no time"},
		{"replay --consumer slow --since 1h --rate fast", "is no rate"},
		{"replay --consumer slow --since 1h --rate 0/s", "is no rate"},
		{"replay --consumer slow --since 1h --until 2h", "--until is before"},
		{"replay --consumer slow --id 7", "UUID"},
		{"events tail --mode both", "--mode"},
		{"events tail --type payments", "payment.completed"},
		{"events show #x", "is no sequence"},
		{"dlq requeue", "say which"},
		{"dlq requeue --all", "--all needs --consumer"},
		{"dlq requeue 1 --all --consumer slow", "exclude each other"},
		{"dlq show 0", "is no sequence"},
		{"streams status --output yaml", "--output"},
		{"einvoice resubmit", "either --invoice or --merchant"},
		{"einvoice resubmit --invoice a --merchant b", "either --invoice or --merchant"},
		{"einvoice export x.zip --merchant m --from 2026-01-01", "--to"},
		{"einvoice export x.zip --merchant m --from 2026-02-30 --to 2026-03-01", "must be a day"},
		{"einvoice export x.zip --merchant m --from 2026-02-01 --to 2026-01-01", "--to is before --from"},
		{"streams status --timeout -1s", "--timeout"},
		{"streams status --nats-url nats://s3cret@127.0.0.1:1", "EUPAY_NATS_URL_FILE"},
	} {
		got := eupayctl(t, strings.Fields(c.line)...)
		if got.code != exitUsage || got.out != "" || !strings.Contains(got.err, c.want) || strings.Contains(got.err, "s3cret") {
			t.Errorf("%s: %d %q %q", c.line, got.code, got.out, got.err)
		}
	}
}

func TestAnUnusableBrokerIsReportedWithoutItsCredentials(t *testing.T) {
	srv := natstest.Server(t)
	host := strings.TrimPrefix(srv.URL(), "nats://")
	dir := t.TempDir()
	if err := localca.Ensure(dir, time.Now(), identity.Operator); err != nil {
		t.Fatal(err)
	}
	stranger, nobody, operator := localca.Files(dir, identity.Operator), identitytest.Files(t, "nobody"), identitytest.Files(t, identity.Operator)
	for _, c := range []struct {
		as            identity.Files
		address, want string
	}{
		{stranger, "nats://u:s3cret@" + host, "do not believe each other"},
		{nobody, srv.URL(), "does not know this identity"},
		{identity.Files{}, srv.URL(), "do not believe each other"},
		{operator, "nats://s3cret@127.0.0.1:1", "NATS does not answer at 127.0.0.1:1"},
		{operator, "nats://s3cret@bad host:\x7f", "is no URL"},
		{operator, "s3cret@127.0.0.1:1", "NATS does not answer at 127.0.0.1:1"},
		{operator, srv.URL(), "this NATS has no streams"},
		{operator, "nats://u:s3cret@127.0.0.1:1,127.0.0.1:2", "NATS does not answer at 127.0.0.1:1, 127.0.0.1:2"},
	} {
		as(t, c.as)
		t.Setenv("EUPAY_NATS_URL", c.address)
		got := eupayctl(t, "streams", "status", "--timeout", "2s")
		if got.code == 0 || !strings.Contains(got.err, c.want) || strings.Contains(got.err, "s3cret") {
			t.Errorf("%s: %d %s", c.address, got.code, got.err)
		}
	}
}

// as makes the tool show an identity.
func as(t *testing.T, files identity.Files) {
	t.Helper()
	for name, path := range files.Settings() {
		t.Setenv(name, path)
	}
}

func TestTheAddressComesFromAFileOrTheRunFolder(t *testing.T) {
	srv := natstest.Server(t)
	natstest.Connect(t, srv.URL())
	dir, operator := t.TempDir(), identitytest.Files(t, identity.Operator)
	demo := fmt.Sprintf("EUPAY_NATS_URL='%s'\nEUPAY_TLS_CERT='%s'\nEUPAY_TLS_KEY='%s'\nEUPAY_TLS_CA='%s'\n", srv.URL(), operator.Cert, operator.Key, operator.CA)
	t.Setenv("EUPAY_NATS_URL", "")
	t.Setenv("EUPAY_RUN_DIR", dir)
	if got := eupayctl(t, "streams", "status"); got.code != exitFailed || !strings.Contains(got.err, "no EU Pay runs on the folder "+dir) {
		t.Errorf("%d %s", got.code, got.err)
	}
	if err := os.WriteFile(filepath.Join(dir, "demo.env"), []byte(demo), 0o600); err != nil {
		t.Fatal(err)
	}
	contains(t, eupayctl(t, "streams", "status").out, bus.Events) // no service runs, which it says too
	contains(t, eupayctl(t, "streams", "status", "--run-dir", dir).out, bus.Events)
	secret := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(secret, []byte(srv.URL()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	os.Unsetenv("EUPAY_NATS_URL") // Setenv above puts it back
	t.Setenv("EUPAY_RUN_DIR", t.TempDir())
	t.Setenv("EUPAY_NATS_URL_FILE", secret)
	as(t, operator)
	contains(t, eupayctl(t, "streams", "status").out, bus.Events) // no service runs, which it says too
}
