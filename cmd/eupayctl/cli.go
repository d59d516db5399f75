package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/alecthomas/kong"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
)

// The exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

const description = `Look at EU Pay's events, replay them, bring back dead letters, watch consumers; submit e-invoices again and export them.

The address of NATS comes from EUPAY_NATS_URL; from the file that EUPAY_NATS_URL_FILE names; or, for a system started by
"make run", from the run folder. So does the identity that is shown to it, in EUPAY_TLS_CERT, EUPAY_TLS_KEY and
EUPAY_TLS_CA. That of the einvoice service comes from EUPAY_EINVOICE_ADDR, from the
run folder, or is 127.0.0.1:9104; that of the database from EUPAY_DATABASE_URL or the run folder. Where a command changes something, it only tells what it would do
until --run is given.`

type globals struct {
	NATSURL string        `name:"nats-url" placeholder:"URL" help:"NATS server. Credentials are not for flags, which others see: set EUPAY_NATS_URL or EUPAY_NATS_URL_FILE."`
	RunDir  string        `placeholder:"DIR" help:"Run folder of make run, where the address is found when nothing else gives it. Default: $$EUPAY_RUN_DIR, or .run."`
	Output  string        `short:"o" enum:"table,json" default:"table" help:"table, or json: one object per line."`
	Timeout time.Duration `default:"5s" help:"How long to wait for each answer."`
}

type grammar struct {
	globals

	Events struct {
		Tail tailCommand `cmd:"" help:"List events, oldest first, one per line."`
		Show showCommand `cmd:"" help:"Show one event with its headers and payload."`
		Emit emitCommand `cmd:"" help:"Publish from the database what the stream has lost."`
	} `cmd:"" help:"Look at events."`
	Replay replayCommand `cmd:"" help:"Send events to one consumer again."`
	DLQ    struct {
		List    deadListCommand `cmd:"" help:"List what consumers gave up on, oldest first."`
		Show    deadShowCommand `cmd:"" help:"Show one parked message with the reason."`
		Requeue requeueCommand  `cmd:"" help:"Send parked events back to their consumer."`
	} `cmd:"" name:"dlq" help:"Look after dead letters."`
	Streams struct {
		Status statusCommand `cmd:"" help:"Show streams and their consumers, with lag."`
	} `cmd:"" help:"Watch streams and consumers."`
	EInvoice struct {
		Resubmit resubmitCommand   `cmd:"" help:"Send again, at once, what waits or was given up."`
		Status   submissionCommand `cmd:"" help:"Show what waits for the platform and what was given up."`
		Export   exportCommand     `cmd:"" help:"Write the documents of a period into a ZIP."`
		Verify   verifyCommand     `cmd:"" help:"Prove that no archived document was changed or removed."`
		Anchors  anchorsCommand    `cmd:"" help:"List the daily anchors of an archive, to be kept elsewhere."`
	} `cmd:"" name:"einvoice" help:"Look after e-invoices."`
	Journal struct {
		Verify journalVerifyCommand `cmd:"" help:"Prove that no record of a merchant's sales was changed or removed."`
	} `cmd:"" help:"Look after the journal of sales."`
	Admin struct {
		Create adminCreateCommand `cmd:"" help:"Make the first admin of a new deployment."`
	} `cmd:"" help:"Look after those who work for the platform."`
	Payments struct {
		History   paymentHistoryCommand   `cmd:"" help:"Show what happened to a payment, with the provider's answers."`
		Show      paymentShowCommand      `cmd:"" help:"Show a payment as it is now."`
		Stuck     paymentStuckCommand     `cmd:"" help:"List payments that are not final and have waited too long."`
		Reconcile paymentReconcileCommand `cmd:"" help:"Ask the provider about payments now."`
		Rebuild   paymentsRebuildCommand  `cmd:"" help:"Record what the stream and the provider know and a restored database does not."`
	} `cmd:"" help:"Look at payments, and bring back what a restored database has lost."`
	Archive struct {
		List   archiveListCommand   `cmd:"" help:"List the objects to which the history of old payments was moved."`
		Show   archiveShowCommand   `cmd:"" help:"Show what an object holds."`
		Verify archiveVerifyCommand `cmd:"" help:"Prove that objects are as they were archived."`
		Read   archiveReadCommand   `cmd:"" help:"Show what happened to old payments."`
	} `cmd:"" help:"Read what was moved out of the database."`
	Numbers struct {
		Raise numbersRaiseCommand `cmd:"" help:"Raise the counters of invoices and orders that a restored database continues too early."`
	} `cmd:"" help:"Look after the numbers of documents."`
	Database struct {
		Prepare databasePrepareCommand `cmd:"" help:"Make a role and a schema for each service."`
		Migrate databaseMigrateCommand `cmd:"" help:"Apply the migrations that the schemas lack."`
	} `cmd:"" help:"Look after the database."`
	Keys struct {
		Rotate keysRotateCommand `cmd:"" help:"Seal all secrets with the current master keys."`
	} `cmd:"" help:"Look after master keys."`
	GDPR struct {
		Export gdprExportCommand `cmd:"" help:"Write all that is held about a person into a file."`
		Erase  gdprEraseCommand  `cmd:"" help:"Erase what is held about a person, except what a duty keeps."`
	} `cmd:"" name:"gdpr" help:"Answer persons who ask for their data or its erasure."`
	Smoke      smokeCommand      `cmd:"" help:"Look whether everything answers, after a rollout."`
	Doctor     doctorCommand     `cmd:"" help:"Check database, NATS and certificate, and say what is wrong."`
	Leaders    leadersCommand    `cmd:"" help:"Show which replica does the jobs that only one does."`
	Completion completionCommand `cmd:"" help:"Write a completion script for a shell."`
}

// tool has what the commands share.
type tool struct {
	globals
	ctx      context.Context
	out, err io.Writer
	now      func() time.Time
	model    *kong.Application
}

// run executes one call of the tool and returns its exit code.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	var g grammar
	exited := -1 // help was written
	parser, err := kong.New(&g, kong.Name("eupayctl"), kong.Description(description), kong.Writers(out, errOut),
		kong.Exit(func(code int) { exited = code }), kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}))
	if err != nil {
		return report(errOut, err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	switch {
	case exited >= 0:
		return exited
	case err != nil:
		return report(errOut, operate.Invalid(err.Error()+"; `eupayctl --help` tells more"))
	case g.Timeout <= 0:
		return report(errOut, operate.Invalid("--timeout must be more than nothing"))
	}
	t := &tool{globals: g.globals, ctx: ctx, out: out, err: errOut, now: time.Now, model: parser.Model}
	return report(errOut, parsed.Run(t))
}

func report(errOut io.Writer, err error) int {
	var invalid operate.Invalid
	switch {
	case err == nil:
		return 0
	case errors.As(err, &invalid):
		fmt.Fprintln(errOut, "eupayctl:", printable(err.Error()))
		return exitUsage
	default:
		fmt.Fprintln(errOut, "eupayctl:", printable(err.Error()))
		return exitFailed
	}
}

// say prints a message that is not a result.
func (t *tool) say(format string, args ...any) {
	fmt.Fprintln(t.err, printable(fmt.Sprintf(format, args...)))
}

func (t *tool) json() bool { return t.Output == "json" }
