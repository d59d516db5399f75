// Command eupay is for developers who integrate EU Pay: it forwards test-mode webhooks to their machine and creates payments with
// a chosen outcome. It works only with test keys.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"european-pay.eu/eupay/internal/run/config"
)

const description = `Webhooks on your machine and test-mode events on demand, with a test key of EU Pay.

The key is read from EUPAY_API_KEY and EUPAY_API_SECRET, or from the files that EUPAY_API_KEY_FILE and EUPAY_API_SECRET_FILE name. Without them the system
that "make run" started in this folder (EUPAY_RUN_DIR) is used. To trigger what orders and e-invoices do also takes the merchant's login, from
EUPAY_MERCHANT_EMAIL and EUPAY_MERCHANT_PASSWORD or from that system.`

type commands struct {
	API        string        `help:"Base URL of the API, without /api/v1 (EUPAY_API_URL; ${defaultAPI})." placeholder:"URL"`
	Listen     listenCmd     `cmd:"" help:"Show test-mode webhooks as they happen, and forward them."`
	Trigger    triggerCmd    `cmd:"" help:"Bring a test-mode event about."`
	Completion completionCmd `cmd:"" help:"Print a completion script for a shell."`
}

// terminal is the output of a command: out for results, notes for messages to the user.
type terminal struct{ out, notes io.Writer }

// connector returns the API client for commands that need it.
type connector func() (*client, error)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := program(ctx, os.Args[1:], terminal{os.Stdout, os.Stderr})
	if err != nil {
		fmt.Fprintln(os.Stderr, "eupay:", err)
		os.Exit(1)
	}
}

func program(ctx context.Context, args []string, term terminal) error {
	vars, err := config.Environment()
	if err != nil {
		return err
	}
	return run(ctx, args, vars, term)
}

// errHelp ends a run that only printed help.
var errHelp = errors.New("help was printed")

// run parses the arguments and runs the command until it ends or ctx does.
func run(ctx context.Context, args []string, vars map[string]string, term terminal) (err error) {
	var c commands
	parser, err := kong.New(&c, kong.Name("eupay"), kong.Description(description), kong.Writers(term.out, term.notes), kong.UsageOnError(),
		kong.Vars{"defaultAPI": defaultAPI}, kong.Exit(func(int) { panic(errHelp) }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		return fmt.Errorf("set up commands: %w", err)
	}
	defer func() {
		if p := recover(); p != nil && p != errHelp { //nolint:errorlint // the very value
			panic(p)
		}
	}()
	parsed, err := parser.Parse(args)
	if err != nil {
		return fmt.Errorf("%w (eupay --help shows what there is)", err)
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.Bind(term, connector(func() (*client, error) { return newClient(c.API, vars) }))
	err = parsed.Run()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // Ctrl-C
	}
	return err
}
