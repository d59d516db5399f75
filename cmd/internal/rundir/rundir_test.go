package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"european-pay.eu/eupay/cmd/internal/system"
)

func load(t *testing.T, env map[string]string) Settings {
	t.Helper()
	t.Setenv("EUPAY_RUN_DIR", filepath.Join(t.TempDir(), "run"))
	for name, value := range env {
		t.Setenv(name, value)
	}
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSettingsReachTheServicesAndOnlyOurs(t *testing.T) {
	s := load(t, map[string]string{"EUPAY_PAYMENTS_LEASE": "9s", "REDIS_URL": "redis://x", "UNRELATED": "1"})
	if s.Extra["EUPAY_PAYMENTS_LEASE"] != "9s" || s.Extra["REDIS_URL"] != "redis://x" || s.Extra["UNRELATED"] != "" {
		t.Errorf("got %v", s.Extra)
	}
}

func TestPortZeroMeansFreePortsForEverything(t *testing.T) {
	want, usual := load(t, map[string]string{"PORT": "0"}).Ports()
	if want.HTTP != 0 || usual.NATS != 0 {
		t.Errorf("got %+v, %+v", want, usual)
	}
	want, usual = load(t, map[string]string{"PORT": "8099", "EUPAY_NATS_PORT": "4333"}).Ports()
	if want.HTTP != 8099 || want.NATS != 4333 || usual.Bank != 4010 {
		t.Errorf("got %+v, %+v", want, usual)
	}
}

func TestASecondRunOnTheFolderIsRefusedAndTheFirstKeepsItsDemoEnv(t *testing.T) {
	dir := t.TempDir()
	stale := system.DemoEnv(dir)
	if err := os.WriteFile(stale, []byte("EUPAY_URL='gone'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	release, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); !os.IsNotExist(err) {
		t.Errorf("the demo.env of a killed run is still there: %v", err)
	}
	if err := os.WriteFile(stale, []byte("EUPAY_URL='first'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(dir); err == nil || !strings.Contains(err.Error(), "runs already") || !strings.Contains(err.Error(), "process ") {
		t.Errorf("the second run: %v", err)
	}
	if _, err := os.Stat(stale); err != nil {
		t.Errorf("the second run removed the demo.env of the first: %v", err)
	}
	release()
	release, err = Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	release()
}

func TestTheScreenHasEverythingToStart(t *testing.T) {
	s := load(t, nil)
	sys := system.System{Ports: system.Usual(), Secrets: system.Secrets{APIKey: "pk_test_k", APISecret: "sk_test_s", MerchantLogin: "m-pass"}}
	var out strings.Builder
	if err := s.Screen(&out, sys, 1234*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"http://127.0.0.1:8080/api/v1/gateway/payments", `"amount": 29.99`, "X-Api-Key: pk_test_k", "sk_test_s", "m-pass", "merchant@example.com", "1.23s", s.Dir,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not on the screen:\n%s", want, out.String())
		}
	}
}

func TestTheLogOfTheRunBeforeIsKept(t *testing.T) {
	s := load(t, nil)
	for _, word := range []string{"first", "second"} {
		log, closeLog, err := s.OpenLog()
		if err != nil {
			t.Fatal(err)
		}
		log.Info(word)
		closeLog()
	}
	for path, want := range map[string]string{s.LogFile(): "second", s.LogFile() + ".1": "first"} {
		content, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(content), want) {
			t.Errorf("%s holds %q, %v", path, content, err)
		}
	}
}

func TestAFullDiskIsReportedInOneSentence(t *testing.T) {
	s := load(t, nil)
	for _, err := range []error{
		&os.PathError{Op: "write", Path: "/run/demo.env", Err: syscall.ENOSPC},
		&os.PathError{Op: "write", Path: "/run/demo.env", Err: syscall.EDQUOT},
		errors.New("initdb as uid 1: exit status 1: creating configuration files ...\ninitdb: error: could not write file: No space left on device\nremoving contents"),
		fmt.Errorf("start the embedded NATS: %w", syscall.ENOSPC),
	} {
		got := s.Explain(err).Error()
		if !strings.HasPrefix(got, "the disk is full (") || !strings.Contains(got, "set EUPAY_RUN_DIR") || strings.Contains(got, "\n") {
			t.Errorf("%v became %s", err, got)
		}
	}
	if other := errors.New("it ended"); !errors.Is(s.Explain(other), other) || s.Explain(nil) != nil {
		t.Error("another failure is explained by the disk")
	}
}

func TestTheLogIsNamedOnlyIfItIsNotEmpty(t *testing.T) {
	s := load(t, nil)
	log, closeLog, err := s.OpenLog()
	if err != nil {
		t.Fatal(err)
	}
	defer closeLog()
	failure := errors.New("port 1 is taken")
	if got := s.SeeLog(failure); got.Error() != failure.Error() {
		t.Errorf("an empty log: %v", got)
	}
	log.Info("word")
	if got := s.SeeLog(failure); !errors.Is(got, failure) || !strings.Contains(got.Error(), s.LogFile()) {
		t.Errorf("a log: %v", got)
	}
}
