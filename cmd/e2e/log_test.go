package e2e

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// logEnv names a file for the log of all systems, to find out why a test failed.
const logEnv = "EUPAY_E2E_LOG"

// secrets match what no log line may contain: API secrets, webhook secrets, login tokens, passwords and accounts.
var secrets = regexp.MustCompile(`sk_(test|live)_[A-Za-z0-9]{24,}|whsec_[A-Za-z0-9+/]{8}|eyJ[A-Za-z0-9_-]{16}|` + password + `|` + merchantIBAN + `|FR\d{2}9999\d`)

// book is the log of all systems of the run.
type book struct {
	mu    sync.Mutex
	out   io.Writer
	lines int
	leaks []string
	// denied are subjects for which a service lacks a permission.
	denied []string
}

// Write takes one line and checks it.
func (b *book) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines++
	if secrets.Match(line) && len(b.leaks) < 20 {
		b.leaks = append(b.leaks, string(line))
	}
	if strings.Contains(string(line), "NATS denies") && len(b.denied) < 20 {
		b.denied = append(b.denied, string(line))
	}
	return b.out.Write(line)
}

// check reports what must not be logged.
func (b *book) check() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.lines == 0:
		return fmt.Errorf("the systems logged nothing")
	case len(b.leaks) > 0:
		return fmt.Errorf("the log holds secrets:\n%s", b.leaks)
	case len(b.denied) > 0:
		return fmt.Errorf("services lack rights at the broker:\n%s", b.denied)
	default:
		return nil
	}
}

var theLog = &book{out: io.Discard}

// openLog returns the log of a system.
func openLog(t testing.TB) *slog.Logger {
	t.Helper()
	theLog.mu.Lock()
	defer theLog.mu.Unlock()
	if name := os.Getenv(logEnv); name != "" && theLog.out == io.Discard {
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		theLog.out = f // closed by the end of the process
	}
	return slog.New(slog.NewJSONHandler(theLog, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
