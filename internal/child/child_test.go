package child_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"european-pay.eu/eupay/internal/child"
)

// asParent tells this test binary to be a program that starts a child and is then killed.
const asParent = "EUPAY_CHILD_TEST_PIPE"

func TestMain(m *testing.M) {
	if pipe := os.Getenv(asParent); pipe != "" {
		parent(pipe)
	}
	goleak.VerifyTestMain(m)
}

// parent starts a child that holds the pipe open, and dies without stopping it.
func parent(pipe string) {
	if _, err := child.Start(exec.Command("sh", "-c", "exec >"+pipe+"; echo started; exec sleep 3600"), syscall.SIGTERM); err != nil {
		panic(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGSTOP); err != nil { // until the test kills us
		panic(err)
	}
}

func TestAChildDoesNotOutliveAKilledParent(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), asParent+"="+pipe)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	held, err := os.Open(pipe) // returns when the child has opened the other end
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	lines := bufio.NewScanner(held)
	if !lines.Scan() || lines.Text() != "started" {
		t.Fatalf("the child says %q", lines.Text())
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if lines.Scan() { // ends with the child, which alone holds the other end
		t.Errorf("the child goes on: %q", lines.Text())
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the parent ended in peace")
	}
}

func TestTheResultIsKnownAfterDone(t *testing.T) {
	p, err := child.Start(exec.Command("sh", "-c", "exit 3"), syscall.SIGTERM)
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	var exit *exec.ExitError
	if !errors.As(p.Err(), &exit) || exit.ExitCode() != 3 {
		t.Errorf("got %v", p.Err())
	}
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("a signal to what has ended: %v", err)
	}
	if _, err := child.Start(exec.Command("/does/not/exist"), syscall.SIGTERM); err == nil {
		t.Error("started nothing")
	}
}
