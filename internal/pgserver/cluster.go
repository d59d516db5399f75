package pgserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
)

// initialise returns the password of the cluster. It creates the cluster first if there is none.
func initialise(ctx context.Context, o Options, owner *syscall.Credential, data string) (string, error) {
	secret := filepath.Join(o.Dir, "password")
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); err == nil {
		password, err := os.ReadFile(secret)
		if err != nil {
			return "", fmt.Errorf("read the password of the private PostgreSQL: %w", err)
		}
		return strings.TrimSpace(string(password)), nil
	}
	o.Log.Info("creating a private PostgreSQL cluster", "dir", o.Dir)
	// Created in a temporary folder and then renamed, so that an interrupted initdb leaves nothing that looks like a cluster.
	unfinished := data + ".unfinished"
	if err := errors.Join(os.RemoveAll(unfinished), os.RemoveAll(data), os.Mkdir(unfinished, 0o700)); err != nil {
		return "", fmt.Errorf("prepare %s: %w", unfinished, err)
	}
	password := uuid.NewString()
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write the password of the private PostgreSQL: %w", err)
	}
	if err := handTo(owner, unfinished, secret); err != nil {
		return "", err
	}
	if err := initdb(ctx, o, owner, unfinished, secret); err != nil {
		return "", err
	}
	if err := os.Rename(unfinished, data); err != nil {
		return "", fmt.Errorf("put the new cluster in place: %w", err)
	}
	return password, nil
}

func initdb(ctx context.Context, o Options, owner *syscall.Credential, data, secret string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(o.Bin, "initdb"), "-D", data, "-U", "eupay", "--encoding=UTF8", "--locale=C",
		"--auth=scram-sha-256", "--pwfile="+secret, "--no-sync", "--no-instructions")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
	cmd.Dir = o.Dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb as %s: %w: %s", describe(owner), err, strings.TrimSpace(string(out)))
	}
	return nil
}

const previousLimit = 20 * time.Second

// endPrevious stops a server that an earlier, killed run left behind on this cluster.
func endPrevious(ctx context.Context, data string, log *slog.Logger) error {
	pid := leftBehind(data)
	if pid == 0 {
		return nil
	}
	log.Info("stopping the PostgreSQL that an earlier run left behind", "pid", pid)
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("end the earlier PostgreSQL %d: %w", pid, err)
	}
	ctx, cancel := context.WithTimeout(ctx, previousLimit)
	defer cancel()
	for isServerOf(pid, data) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("the earlier PostgreSQL %d does not end", pid)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// leftBehind returns the pid of a server that still runs on the cluster, or 0. A stale pid file does not matter: postgres removes
// it itself.
func leftBehind(data string) int {
	content, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid := number(strings.TrimSpace(first))
	if pid <= 0 || !isServerOf(pid, data) {
		return 0
	}
	return pid
}

// isServerOf verifies that the pid was not reused by another program: the command line must name the cluster.
func isServerOf(pid int, data string) bool {
	line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if errors.Is(err, os.ErrNotExist) { // no /proc on this system, or no such process
		line, err = exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	}
	return err == nil && strings.Contains(string(line), data)
}
