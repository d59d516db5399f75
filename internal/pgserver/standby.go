package pgserver

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Clone makes the folder of the options a copy of the server, in place of what is there. A server that is started on it is a standby: it
// follows the server, with the same password, and refuses writes until it is promoted.
func Clone(ctx context.Context, from *Server, o Options) error {
	owner, err := User()
	if err != nil {
		return err
	}
	u, err := url.Parse(from.URL)
	if err != nil {
		return fmt.Errorf("read the server's URL: %w", err)
	}
	password, _ := u.User.Password()
	data := filepath.Join(o.Dir, "data")
	if err := errors.Join(os.RemoveAll(data), Own(o.Dir, owner)); err != nil {
		return fmt.Errorf("prepare %s: %w", o.Dir, err)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(o.Bin, "pg_basebackup"), "-h", u.Hostname(), "-p", strconv.Itoa(from.Port), "-U", u.User.Username(),
		"-D", data, "-R", "-X", "stream", "-c", "fast", "--no-sync")
	cmd.Env, cmd.Dir, cmd.SysProcAttr = append(os.Environ(), "PGPASSWORD="+password), o.Dir, &syscall.SysProcAttr{Credential: owner}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup: %w: %s", err, strings.TrimSpace(string(out)))
	}
	if err := os.WriteFile(filepath.Join(o.Dir, "password"), []byte(password+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the password of the standby: %w", err)
	}
	return nil
}
