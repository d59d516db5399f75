package pgserver

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"european-pay.eu/eupay/internal/freespace"
)

// User returns the unprivileged user that the server runs as; nil (the current user) unless we are root.
func User() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("read the ids of user %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL does not run as root and this machine has neither a postgres nor a nobody user: run as another user or set EUPAY_DATABASE_URL")
}

// rootHome is where root stores clusters that the server's user could not access elsewhere.
const rootHome = "/var/lib/eupay"

// Home returns where to store a cluster that belongs to dir: dir itself, or, for root, a folder under /var/lib/eupay if the
// server's user cannot access dir (such as a checkout in root's home).
func Home(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("resolve %s: %w", dir, err)
	}
	owner, err := User()
	if err != nil || owner == nil || reachable(abs, owner) {
		return abs, err
	}
	sum := sha256.Sum256([]byte(abs))
	return filepath.Join(rootHome, hex.EncodeToString(sum[:6])), nil
}

// memory is the in-memory file system of Linux; room is the free space required there for a volatile cluster.
const (
	memory = "/dev/shm"
	room   = 4 << 30
)

// VolatileDir is TempDir for a cluster that is not kept: in memory, if there is room. Each new database has three hundred files,
// which are slow to create and delete on a disk.
func VolatileDir(pattern string) (string, error) {
	if free, ok := freespace.In(memory); ok && free >= room {
		if dir, err := tempDir(memory, pattern); err == nil {
			return dir, nil
		}
	}
	return TempDir(pattern)
}

// TempDir creates a temporary folder for a cluster. The caller removes it.
func TempDir(pattern string) (string, error) { return tempDir(os.TempDir(), pattern) }

func tempDir(in, pattern string) (string, error) {
	home, err := Home(filepath.Join(in, pattern))
	if err != nil {
		return "", err
	}
	parent := filepath.Dir(home)
	if err := os.MkdirAll(parent, 0o755); err != nil { //nolint:gosec // the server's user must pass through
		return "", fmt.Errorf("make %s: %w", parent, err)
	}
	dir, err := os.MkdirTemp(parent, pattern)
	if err != nil {
		return "", fmt.Errorf("make a temporary folder: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // likewise
		return "", errors.Join(fmt.Errorf("open %s to the server's user: %w", dir, err), os.RemoveAll(dir))
	}
	return dir, nil
}

// reachable reports whether the user may enter every existing folder above dir.
func reachable(dir string, owner *syscall.Credential) bool {
	for parent := filepath.Dir(dir); ; parent = filepath.Dir(parent) {
		info, err := os.Stat(parent)
		if err == nil && !mayEnter(info, owner) {
			return false
		}
		if parent == filepath.Dir(parent) {
			return true
		}
	}
}

func mayEnter(info os.FileInfo, owner *syscall.Credential) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	switch mode := info.Mode().Perm(); {
	case !ok:
		return false
	case st.Uid == owner.Uid:
		return mode&0o100 != 0
	case st.Gid == owner.Gid:
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}

// Own creates dir, accessible only to the server's user.
func Own(dir string, owner *syscall.Credential) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil { //nolint:gosec // the server's user must pass through
		return fmt.Errorf("make %s: %w", filepath.Dir(dir), err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	return handTo(owner, dir)
}

func handTo(owner *syscall.Credential, paths ...string) error {
	if owner == nil {
		return nil
	}
	for _, path := range paths {
		if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			return fmt.Errorf("hand %s to the server's user: %w", path, err)
		}
	}
	return nil
}

func describe(c *syscall.Credential) string {
	if c == nil {
		return "the current user"
	}
	return fmt.Sprintf("uid %d", c.Uid)
}
