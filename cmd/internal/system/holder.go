package system

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// holder returns the program that listens on the loopback port, as far as this user may know.
func holder(port int) string {
	pid := listener(port)
	if pid == "" {
		return "another program"
	}
	name, err := os.ReadFile(filepath.Join("/proc", pid, "comm"))
	if err != nil {
		return "process " + pid
	}
	return fmt.Sprintf("%s (process %s)", strings.TrimSpace(string(name)), pid)
}

// listener returns the process that listens on the port; empty if unknown. Without /proc, as on macOS, it asks lsof.
func listener(port int) string {
	if _, err := os.Stat("/proc/net/tcp"); err != nil {
		out, err := exec.Command("lsof", "-nPt", "-sTCP:LISTEN", "-iTCP:"+strconv.Itoa(port)).Output()
		if err != nil {
			return ""
		}
		first, _, _ := strings.Cut(string(out), "\n")
		return first
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if inode := socket(table, port); inode != "" {
			return owner(inode)
		}
	}
	return ""
}

// socket returns the inode of the socket that listens on the port; empty if there is none. See proc_net_tcp(5): columns 1, 3 and
// 9 are the local address in hexadecimal, the state (0A: listening) and the inode.
func socket(table string, port int) string {
	content, err := os.ReadFile(table)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(content)) {
		column := strings.Fields(line)
		if len(column) > 9 && column[3] == "0A" && strings.HasSuffix(column[1], fmt.Sprintf(":%04X", port)) {
			return column[9]
		}
	}
	return ""
}

// owner returns the process that has the socket open; empty if it belongs to another user.
func owner(inode string) string {
	open, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return ""
	}
	for _, fd := range open {
		if target, err := os.Readlink(fd); err == nil && target == "socket:["+inode+"]" {
			return strings.Split(fd, "/")[2]
		}
	}
	return ""
}
