package main

import (
	"errors"
	"fmt"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
	"european-pay.eu/eupay/internal/identity"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

const (
	qrAddr = "EUPAY_QR_ADDR"
	// usualQR is where the qr service listens by default.
	usualQR = "127.0.0.1:9103"
)

type journalVerifyCommand struct {
	Merchant string `required:"" placeholder:"ID" help:"Whose journal."`
	Live     bool   `help:"In live mode; otherwise in test mode."`
	Kept     string `placeholder:"FILE" help:"Hashes that were kept elsewhere: an exported journal, or closings, one JSON object per line."`
}

// Help is shown under the summary.
func (*journalVerifyCommand) Help() string {
	return "Computes the hash of each record of a merchant's sales anew, and the sums of each closing, and names the first that is not as it was. " +
		"Only hashes that were kept elsewhere, such as those on the merchant's closings, prove that nobody made all hashes anew."
}

// errJournalBroken makes the exit code say that the journal is not as it was.
var errJournalBroken = errors.New("the journal is broken")

// Run verifies the journal of a merchant.
func (c *journalVerifyCommand) Run(t *tool) error {
	req := &qrv1.VerifyJournalRequest{MerchantId: c.Merchant, Livemode: c.Live}
	if c.Kept != "" {
		var err error
		if req.Anchors, err = operate.ReadKept(c.Kept); err != nil {
			return err
		}
	}
	conn, done, err := t.service(identity.QR, qrAddr, usualQR)
	if err != nil {
		return err
	}
	defer done()
	r, err := operate.VerifyJournal(t.ctx, qrv1.NewJournalArchiveServiceClient(conn), req, t.Timeout)
	if err != nil {
		return answered(err, identity.QR, qrAddr)
	}
	if t.json() {
		if err := t.object(journalView{r.GetRecords(), r.GetClosings(), len(req.GetAnchors()), r.GetHead(), r.GetProblem(), r.GetSequence()}); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(t.out, "%d records and %d closings are as they were written, %d kept hashes were compared\n", r.GetRecords(), r.GetClosings(), len(req.GetAnchors()))
	}
	if r.GetProblem() != "" {
		return fmt.Errorf("%w: %s", errJournalBroken, printable(r.GetProblem()))
	}
	return nil
}

// journalView is the result of a verification in JSON.
type journalView struct {
	Records  int64  `json:"records"`
	Closings int64  `json:"closings"`
	Kept     int    `json:"kept"`
	Head     string `json:"head"`
	Problem  string `json:"problem,omitempty"`
	Sequence int64  `json:"sequence,omitempty"`
}
