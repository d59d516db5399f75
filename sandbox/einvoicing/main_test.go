package einvoicing

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
)

// TestMain fails when a goroutine of a platform outlives the tests that started it.
func TestMain(m *testing.M) {
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for _, stack := range strings.Split(string(stacks), "\n\n") {
		if strings.Contains(stack, "sandbox/einvoicing.(*") && code == 0 {
			fmt.Fprintf(os.Stderr, "left behind:\n%s\n", stack)
			code = 1
		}
	}
	os.Exit(code)
}
