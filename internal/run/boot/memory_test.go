package boot

import (
	"os"
	"testing"
)

func TestTheMemoryLimitIsThatOfTheControlGroup(t *testing.T) {
	t.Parallel()
	const second, first = "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"version 2":               {map[string]string{second: "268435456\n"}, 256 << 20},
		"version 1":               {map[string]string{first: "134217728\n"}, 128 << 20},
		"version 2 without limit": {map[string]string{second: "max\n"}, 0},
		"version 1 without limit": {map[string]string{first: "9223372036854771712\n"}, 0},
		"no control group":        {nil, 0},
		"not a number":            {map[string]string{second: "", first: "-1"}, 0},
	} {
		got := groupLimit(func(path string) ([]byte, error) {
			text, ok := c.files[path]
			if !ok {
				return nil, os.ErrNotExist
			}
			return []byte(text), nil
		})
		if got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
