package boot

import (
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

const (
	// collectAt is how much the heap may grow, in per cent of what is in use, before the garbage is collected. Go's default of 100 collects
	// the small heap of a service several times per second under load.
	collectAt = 300
	// limitShare is the share of the memory limit, in per cent, that the heap may reach before the garbage is collected as often as needed.
	limitShare = 80
)

// TuneMemory makes the garbage collector use the memory that is there: the heap may grow to four times what is in use, but not beyond the
// limit of the process's control group. GOGC and GOMEMLIMIT, the settings of Go, each take precedence. It is for main functions.
func TuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	if limit := groupLimit(os.ReadFile); limit > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit / 100 * limitShare)
	}
}

// limitFiles hold the limit of the process's control group, as a container sees it: version 2, version 1.
var limitFiles = []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}

// groupLimit returns the limit of the control group in bytes; 0 if there is none.
func groupLimit(read func(path string) ([]byte, error)) int64 {
	for _, path := range limitFiles {
		text, err := read(path)
		if err != nil {
			continue
		}
		limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err == nil && limit > 0 && limit < unlimited {
			return limit
		}
	}
	return 0
}

// unlimited is more than any machine has: version 1 writes a number like this for "no limit".
const unlimited = 1 << 60
