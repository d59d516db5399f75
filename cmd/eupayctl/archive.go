package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
	"european-pay.eu/eupay/internal/identity"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
)

type verifyCommand struct {
	Merchant string `required:"" placeholder:"ID" help:"Whose documents."`
	Live     bool   `help:"In live mode; otherwise in test mode."`
	Anchors  string `placeholder:"FILE" help:"Anchors that were kept elsewhere: what einvoice anchors -o json printed then."`
}

// Help is shown under the summary.
func (*verifyCommand) Help() string {
	return "Computes the hash of each archived document anew, from its XML and PDF and the hash before it, and names the first that is not as it was. " +
		"Only anchors that were kept elsewhere prove that nobody made all hashes anew."
}

// errBroken makes the exit code say that the archive is not as it was.
var errBroken = errors.New("the archive is broken")

// Run verifies the archive of a merchant.
func (c *verifyCommand) Run(t *tool) error {
	req := &einvoicev1.VerifyRequest{MerchantId: c.Merchant, Livemode: c.Live}
	if c.Anchors != "" {
		var err error
		if req.Anchors, err = operate.ReadAnchors(c.Anchors); err != nil {
			return err
		}
	}
	conn, done, err := t.service(identity.EInvoice, einvoiceAddr, usualEInvoice)
	if err != nil {
		return err
	}
	defer done()
	r, err := operate.Verify(t.ctx, einvoicev1.NewArchiveServiceClient(conn), req, t.Timeout)
	if err != nil {
		return answered(err, identity.EInvoice, einvoiceAddr)
	}
	if t.json() {
		if err := t.object(verifyView{r.GetDocuments(), r.GetWaiting(), len(req.GetAnchors()), r.GetHead(), r.GetProblem(), r.GetPosition(), r.GetNumber()}); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(t.out, "%d documents are as they were archived, %d wait to be archived, %d anchors were compared\n",
			r.GetDocuments(), r.GetWaiting(), len(req.GetAnchors()))
	}
	if r.GetProblem() != "" {
		return fmt.Errorf("%w: %s", errBroken, printable(r.GetProblem()))
	}
	return nil
}

// verifyView is the result of a verification in JSON.
type verifyView struct {
	Documents int64  `json:"documents"`
	Waiting   int64  `json:"waiting"`
	Anchors   int    `json:"anchors"`
	Head      string `json:"head"`
	Problem   string `json:"problem,omitempty"`
	Position  int64  `json:"position,omitempty"`
	Number    string `json:"number,omitempty"`
}

type anchorsCommand struct {
	Merchant string `required:"" placeholder:"ID" help:"Whose archive."`
	Live     bool   `help:"In live mode; otherwise in test mode."`
	From     string `placeholder:"DAY" help:"First day: 2026-01-01. Without it all are listed."`
}

// Help is shown under the summary.
func (*anchorsCommand) Help() string {
	return "Keep the output with -o json somewhere else, such as a store that allows no changes: einvoice verify --anchors compares the archive with it."
}

// Run lists the daily anchors of a merchant's archive.
func (c *anchorsCommand) Run(t *tool) error {
	if _, err := time.Parse(time.DateOnly, c.From); c.From != "" && err != nil {
		return operate.Invalid("--from must be a day such as 2026-01-31, not " + strconv.Quote(c.From))
	}
	conn, done, err := t.service(identity.EInvoice, einvoiceAddr, usualEInvoice)
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := t.within()
	defer cancel()
	res, err := einvoicev1.NewArchiveServiceClient(conn).ListAnchors(ctx, &einvoicev1.ListAnchorsRequest{MerchantId: c.Merchant, Livemode: c.Live, From: c.From})
	if err != nil {
		return answered(err, identity.EInvoice, einvoiceAddr)
	}
	w := t.list("DAY", "POSITION", "HASH")
	for _, a := range res.GetAnchors() {
		row(w, line(a.GetDay()), strconv.FormatInt(a.GetPosition(), 10), line(a.GetHash()))
		if !t.json() {
			continue
		}
		if err := t.object(operate.Anchor{Day: a.GetDay(), Position: a.GetPosition(), Hash: a.GetHash()}); err != nil {
			return err
		}
	}
	return w.Flush()
}
