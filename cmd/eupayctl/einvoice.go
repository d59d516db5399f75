package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/config"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
)

const (
	einvoiceAddr = "EUPAY_EINVOICE_ADDR"
	gatewayAddr  = "EUPAY_GATEWAY_ADDR"
	paymentsAddr = "EUPAY_PAYMENTS_ADDR"
	// The default addresses of the services.
	usualEInvoice = "127.0.0.1:9104"
	usualGateway  = "127.0.0.1:9100"
	usualPayments = "127.0.0.1:9101"
)

// einvoice connects to the einvoice service. The caller calls done.
func (t *tool) einvoice() (client einvoicev1.OperatorServiceClient, done func(), err error) {
	conn, done, err := t.service(identity.EInvoice, einvoiceAddr, usualEInvoice)
	if err != nil {
		return nil, nil, err
	}
	return einvoicev1.NewOperatorServiceClient(conn), done, nil
}

// service connects to a service as the operator: at the address in the setting, in demo.env, or at the default. The caller calls
// done.
func (t *tool) service(name, setting, usual string) (conn *boot.Conn, done func(), err error) {
	vars, err := config.Environment()
	if err != nil {
		return nil, nil, err
	}
	address := vars[setting]
	if address == "" {
		demo, err := system.ReadDemoEnv(t.runDir(vars))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, err
		}
		if address = demo[setting]; address == "" {
			address = usual
		}
	}
	who, err := t.identity()
	if err != nil {
		return nil, nil, err
	}
	if who == nil {
		return nil, nil, errNoIdentity
	}
	if conn, err = boot.Dial(who, name, address); err != nil {
		return nil, nil, err
	}
	return conn, func() {
		if err := conn.Close(); err != nil {
			t.say("close the connection: %v", err)
		}
	}, nil
}

// answered rewrites the error of a call to a service for operators.
func answered(err error, name, setting string) error {
	var e *errs.Error
	switch {
	case !errors.As(err, &e):
		return err
	case e.Code == errs.Unavailable:
		return fmt.Errorf("the %s service does not answer: check that it runs, that %s is its address, and that your identity is an operator's", name, setting)
	case e.Code == errs.ValidationError:
		return operate.Invalid(strings.Join(append([]string{e.Message}, said(e.Fields)...), " "))
	default:
		return errors.New(e.Message)
	}
}

// said joins the sentences about single fields.
func said(fields []errs.Field) (list []string) {
	for _, f := range fields {
		list = append(list, f.Message)
	}
	return list
}

type resubmitCommand struct {
	Invoice  string `placeholder:"ID" help:"This document with its collections, by its id."`
	Merchant string `placeholder:"ID" help:"All of this merchant that waits or was given up: documents, collections, reports."`
	Live     bool   `help:"In live mode; otherwise in test mode."`
	Do       bool   `name:"run" help:"Do it. Without this it is only counted."`
}

// Help is shown under the summary.
func (*resubmitCommand) Help() string {
	return "Makes due at once what waits or was given up. What lost its answer is looked up at the platform before it is sent again, so nothing is sent twice."
}

// Run makes them due, or counts them.
func (c *resubmitCommand) Run(t *tool) error {
	if (c.Invoice == "") == (c.Merchant == "") {
		return operate.Invalid("say which: either --invoice or --merchant")
	}
	client, done, err := t.einvoice()
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := t.within()
	defer cancel()
	res, err := client.Resubmit(ctx, &einvoicev1.ResubmitRequest{InvoiceId: c.Invoice, MerchantId: c.Merchant, Livemode: c.Live, DryRun: !c.Do})
	if err != nil {
		return answered(err, identity.EInvoice, einvoiceAddr)
	}
	if t.json() {
		return t.object(map[string]any{"transmissions": res.GetTransmissions(), "resubmitted": c.Do})
	}
	if !c.Do {
		fmt.Fprintf(t.out, "%d transmissions would be sent again\n", res.GetTransmissions())
		t.say("Nothing was changed. To do it, add --run.")
		return nil
	}
	fmt.Fprintf(t.out, "%d transmissions are due now\n", res.GetTransmissions())
	return nil
}

type submissionCommand struct {
	Merchant string `placeholder:"ID" help:"Only of this merchant."`
	Live     bool   `help:"In live mode; otherwise in test mode."`
}

// submissionView is the state of the transmissions in JSON.
type submissionView struct {
	Kind   string     `json:"kind"`
	State  string     `json:"state"`
	Count  int64      `json:"count"`
	Oldest *time.Time `json:"oldest,omitempty"`
}

type troubleView struct {
	Kind     string     `json:"kind"`
	What     string     `json:"what"`
	ID       string     `json:"id"`
	Merchant string     `json:"merchant"`
	State    string     `json:"state"`
	Attempts int32      `json:"attempts"`
	Next     *time.Time `json:"next,omitempty"`
	Error    string     `json:"error"`
}

// Run shows what waits for the platform and what has stopped.
func (c *submissionCommand) Run(t *tool) error {
	client, done, err := t.einvoice()
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := t.within()
	defer cancel()
	res, err := client.SubmissionStatus(ctx, &einvoicev1.SubmissionStatusRequest{MerchantId: c.Merchant, Livemode: c.Live})
	if err != nil {
		return answered(err, identity.EInvoice, einvoiceAddr)
	}
	if err := t.submissions(res.GetCounts()); err != nil || len(res.GetTroubles()) == 0 {
		return err
	}
	return t.troubles(res.GetTroubles())
}

func (t *tool) submissions(counts []*einvoicev1.SubmissionCount) error {
	w := t.list("KIND", "STATE", "COUNT", "OLDEST")
	for _, n := range counts {
		oldest := instant(n.GetOldest())
		row(w, line(n.GetKind()), line(n.GetState()), strconv.FormatInt(n.GetCount(), 10), clock(oldest))
		if !t.json() {
			continue
		}
		if err := t.object(submissionView{n.GetKind(), n.GetState(), n.GetCount(), unlessZero(oldest)}); err != nil {
			return err
		}
	}
	return w.Flush()
}

func (t *tool) troubles(list []*einvoicev1.SubmissionTrouble) error {
	if !t.json() {
		fmt.Fprintln(t.out)
	}
	w := t.list("KIND", "WHAT", "ID", "MERCHANT", "STATE", "ATTEMPTS", "NEXT", "ERROR")
	for _, n := range list {
		next := instant(n.GetNextAt())
		row(w, line(n.GetKind()), line(n.GetWhat()), line(n.GetSubjectId()), line(n.GetMerchantId()), line(n.GetState()), strconv.Itoa(int(n.GetAttempts())),
			clock(next), line(n.GetError()))
		if !t.json() {
			continue
		}
		v := troubleView{n.GetKind(), n.GetWhat(), n.GetSubjectId(), n.GetMerchantId(), n.GetState(), n.GetAttempts(), unlessZero(next), n.GetError()}
		if err := t.object(v); err != nil {
			return err
		}
	}
	return w.Flush()
}

type exportCommand struct {
	File     string `arg:"" name:"file" help:"The ZIP to write."`
	Merchant string `required:"" placeholder:"ID" help:"Whose documents."`
	From     string `required:"" placeholder:"DAY" help:"First day of issue: 2026-01-01."`
	To       string `required:"" placeholder:"DAY" help:"Last day of issue, included."`
	Live     bool   `help:"In live mode; otherwise in test mode."`
	Force    bool   `help:"Replace the file when it exists."`
}

// Help is shown under the summary.
func (*exportCommand) Help() string {
	return "The ZIP holds <number>.xml and facturx-<number>.pdf of each document, and index.csv for French Excel: " +
		"UTF-8 with a byte order mark, semicolons, a comma in amounts."
}

// Run writes the archive.
func (c *exportCommand) Run(t *tool) error {
	for flag, day := range map[string]string{"--from": c.From, "--to": c.To} {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return operate.Invalid(flag + " must be a day such as 2026-01-31, not " + strconv.Quote(day))
		}
	}
	if c.To < c.From {
		return operate.Invalid("--to is before --from")
	}
	client, done, err := t.einvoice()
	if err != nil {
		return err
	}
	defer done()
	req := &einvoicev1.ExportRequest{MerchantId: c.Merchant, Livemode: c.Live, From: c.From, To: c.To}
	n, err := operate.Export(t.ctx, client, req, c.File, c.Force, t.Timeout)
	if err != nil {
		return answered(err, identity.EInvoice, einvoiceAddr)
	}
	if t.json() {
		return t.object(map[string]any{"documents": n, "file": c.File})
	}
	_, err = fmt.Fprintf(t.out, "%d documents are in %s\n", n, printable(c.File))
	return err
}
