package boot_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"european-pay.eu/eupay/internal/run/boot"
)

// asProgram tells this test binary to be a service of the given behaviour; see Main.
const asProgram = "EUPAY_BOOT_TEST_PROGRAM"

type program struct {
	kind   string
	closed *bool
}

type programConfig struct {
	Needed string `env:"EUPAY_NEEDED,required"`
}

func (p program) Run(ctx context.Context) error {
	fmt.Println("runs")
	if p.kind == "fails" {
		return errors.New("it broke")
	}
	<-ctx.Done()
	fmt.Println("stops")
	if p.kind == "hangs" {
		select {}
	}
	return nil
}

func (p program) Close() { *p.closed = true }

func inChild() bool {
	kind := os.Getenv(asProgram)
	if kind == "" {
		return false
	}
	closed := false
	code := boot.Main(&programConfig{}, func(context.Context, programConfig, boot.Deps) (program, error) {
		if kind == "refuses" {
			return program{}, errors.New("no database")
		}
		return program{kind, &closed}, nil
	})
	fmt.Println("closed", closed)
	os.Exit(code)
	return true
}

func child(t *testing.T, kind string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), asProgram+"="+kind, "EUPAY_NEEDED=yes")
	return cmd
}

func TestMainEndsWithTheServicesResult(t *testing.T) {
	for _, c := range []struct {
		kind, unset, arg, want string
		code                   int
	}{
		{kind: "fails", want: "it broke", code: 1},
		{kind: "refuses", want: "no database", code: 1},
		{kind: "runs", unset: "EUPAY_NEEDED=", want: "EUPAY_NEEDED", code: 1},
		{kind: "runs", arg: "check-config", want: "settings are valid", code: 0},
	} {
		var args []string
		if c.arg != "" {
			args = append(args, c.arg)
		}
		cmd := child(t, c.kind, args...)
		if c.unset != "" {
			cmd.Env = append(cmd.Env[:len(cmd.Env)-1], "EUPAY_OTHER=x")
		}
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if code := cmd.ProcessState.ExitCode(); code != c.code || !strings.Contains(string(out), c.want) {
			t.Errorf("%s: exit %d, %s", c.kind, code, out)
		}
	}
}

func TestASignalStopsInOrderAndASecondOneAtOnce(t *testing.T) {
	for kind, wantClean := range map[string]bool{"runs": true, "hangs": false} {
		cmd := child(t, kind)
		stdout, err1 := cmd.StdoutPipe()
		if err := errors.Join(err1, cmd.Start()); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(stdout)
		expect(t, lines, "runs")
		signal(t, cmd)
		expect(t, lines, "stops")
		if wantClean {
			expect(t, lines, "closed true")
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		if err := waitOrRepeat(t, cmd, ended, wantClean); (err == nil) != wantClean {
			t.Errorf("%s: ended with %v", kind, err)
		}
	}
}

// waitOrRepeat waits for the end of the program. It repeats the signal, because from outside it cannot see from when on a second
// one counts.
func waitOrRepeat(t *testing.T, cmd *exec.Cmd, ended <-chan error, clean bool) error {
	t.Helper()
	if clean {
		return <-ended
	}
	for {
		select {
		case err := <-ended:
			return err
		default:
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
		}
	}
}

func expect(t *testing.T, lines *bufio.Scanner, want string) {
	t.Helper()
	if !lines.Scan() || lines.Text() != want {
		t.Fatalf("got %q (%v), want %q", lines.Text(), lines.Err(), want)
	}
}

func signal(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}
