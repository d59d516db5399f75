// Package pgbinaries finds the PostgreSQL server binaries for a private server: those of the machine, else a download from a
// public repository of portable builds, which is kept for later runs.
package pgbinaries

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"european-pay.eu/eupay/internal/pgserver"
)

// Options of a search.
type Options struct {
	// Cluster is the folder of an existing cluster, whose version is then required. It may be empty or not exist yet.
	Cluster string
	// Cache is where downloads are kept.
	Cache string
	// Repository is the base URL of the repository to download from. Empty: Maven Central, the package's own.
	Repository string
	// Download skips the search on the machine.
	Download bool
	// Say shows progress to the user.
	Say func(format string, args ...any)
}

// Ensure returns the folder of usable server binaries. The caller's main must call Child first.
func Ensure(ctx context.Context, o Options) (string, error) {
	missing := pgserver.ErrNotFound
	if !o.Download {
		var bin string
		if bin, missing = pgserver.Find(ctx, o.Cluster); missing == nil || !errors.Is(missing, pgserver.ErrNotFound) {
			return bin, missing
		}
	}
	version, err := wanted(o.Cluster)
	if err != nil {
		return "", err
	}
	cache, err := pgserver.Home(o.Cache)
	if err != nil {
		return "", err
	}
	place := filepath.Join(cache, string(version))
	if bin := filepath.Join(place, "bin"); pgserver.Usable(ctx, bin, "") {
		return bin, nil
	}
	o.Say("No PostgreSQL 15 or newer on this machine: downloading a private PostgreSQL %s, once (about 15 MB)…", version)
	if err := download(ctx, place, o.Repository); err != nil {
		return "", fmt.Errorf("%w, and none could be downloaded (%w): %s", missing, err, otherWays)
	}
	return filepath.Join(place, "bin"), nil
}

const otherWays = "install one (Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql@17), or set EUPAY_DATABASE_URL to a " +
	"server, or EUPAY_POSTGRES_REPOSITORY to a mirror of Maven Central"

// downloadLimit is the deadline of a download over a slow line and the first start of the server.
const downloadLimit = 10 * time.Minute

// download runs this program again as the server's user, because the downloading package also starts the server once, which
// PostgreSQL refuses for root; and because a process can be ended if it is not needed any more.
func download(ctx context.Context, place, repository string) error {
	owner, err := pgserver.User()
	if err != nil {
		return err
	}
	if err := pgserver.Own(filepath.Dir(place), owner); err != nil {
		return err
	}
	self, err := executable()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, downloadLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, self)
	cmd.Dir = filepath.Dir(place)
	cmd.Env = append(os.Environ(), envPlace+"="+place, envRepository+"="+repository)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		if text := strings.TrimSpace(output.String()); text != "" {
			return errors.New(text)
		}
		return err
	}
	return nil
}

// executable returns this program under a path that another user may execute: `go run` builds into a private folder.
func executable() (string, error) {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe", nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	return self, nil
}
