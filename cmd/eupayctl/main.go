// Command eupayctl is the operators' tool: it inspects events, sends them to a consumer again, requeues dead letters, and shows
// the lag of consumers. Its exit code is 0, 1 if something failed, or 2 if it was called wrongly.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
