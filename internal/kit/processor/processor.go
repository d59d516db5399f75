// Package processor measures for benchmarks what work costs. On a machine with other work, time on the clock says little; processor time
// divided by the cores says what the machine does when it is quiet.
package processor

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// tick is the unit of processor time in /proc: a hundredth of a second on every Linux.
const tick = time.Second / 100

// Used returns the processor time that this process and the server's connections to the database have used so far. A connection that has
// ended counts no more. On a system without /proc it is 0.
func Used(database string) time.Duration {
	total := of("/proc/self/stat")
	titles, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return total
	}
	for _, path := range titles {
		title, err := os.ReadFile(path)
		if err == nil && bytes.HasPrefix(title, []byte("postgres:")) && bytes.Contains(title, []byte(" "+database+" ")) {
			total += of(filepath.Join(filepath.Dir(path), "stat"))
		}
	}
	return total
}

// of reads the processor time of one process: the 14th and 15th field, of which the second may contain spaces.
func of(path string) time.Duration {
	stat, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" "))
	fields := bytes.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0
		}
		ticks += n
	}
	return time.Duration(ticks) * tick
}
