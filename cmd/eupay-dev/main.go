// Command eupay-dev runs EU Pay on one machine, to try it or to develop it:
//
//	eupay-dev run     everything in one process, with a private PostgreSQL, an embedded NATS and the sandbox (what `make run` starts)
//	eupay-dev split   every part as a process of its own, as on many machines (`make run-split`)
//	eupay-dev demo    one payment from end to end, every step shown (`make demo`)
//	eupay-dev nats    the embedded NATS server alone, which split starts
//
// Without a command it does the same as run.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"european-pay.eu/eupay/cmd/internal/pgbinaries"
)

// command is a command of the program.
type command struct {
	name string
	run  func(context.Context) error
}

var commands = []command{{"run", runAll}, {"split", runSplit}, {"demo", runDemo}, {"nats", runNATS}}

func main() {
	pgbinaries.Child()
	os.Exit(dispatch(os.Args[1:]))
}

// dispatch runs the named command and returns the exit code: 1 if it failed, 2 if there is no such command.
func dispatch(args []string) int {
	if len(args) == 0 {
		args = []string{"run"}
	}
	i := slices.IndexFunc(commands, func(c command) bool { return c.name == args[0] })
	if i < 0 || len(args) > 1 {
		fmt.Fprintln(os.Stderr, "usage: eupay-dev ["+strings.Join(names(), "|")+"]")
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	if err := commands[i].run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func names() (list []string) {
	for _, c := range commands {
		list = append(list, c.name)
	}
	return list
}

func say(format string, args ...any) { fmt.Printf(format+"\n", args...) }
