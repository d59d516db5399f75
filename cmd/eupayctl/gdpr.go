package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
	"european-pay.eu/eupay/internal/identity"
	gatewayv1 "european-pay.eu/eupay/proto/eupay/gateway/v1"
	privacyv1 "european-pay.eu/eupay/proto/eupay/privacy/v1"
)

// selector chooses a person.
type selector struct {
	Email    string `placeholder:"ADDRESS" xor:"who" help:"The person's email address."`
	Customer string `placeholder:"ID" xor:"who" help:"A user's id; with --merchant also the merchant's own number of its customer."`
	Payment  string `placeholder:"REFERENCE" xor:"who" help:"Who paid this payment, or gets this refund."`
	Merchant string `placeholder:"ID" help:"Only what is held for this merchant. Without it: everything."`
}

// subject checks what was given. hash stands for it in the audit log.
func (s *selector) subject() (who *privacyv1.Subject, hash string, err error) {
	who = &privacyv1.Subject{MerchantId: strings.ToLower(s.Merchant)}
	var chosen string
	switch {
	case s.Email != "":
		email := strings.ToLower(strings.TrimSpace(s.Email))
		if !strings.Contains(email, "@") {
			return nil, "", operate.Invalid("--email must be an address such as jane@example.com")
		}
		who.Emails, chosen = []string{email}, "email:"+email
	case s.Payment != "":
		who.References, chosen = []string{s.Payment}, "payment:"+s.Payment
	case s.Customer == "":
		return nil, "", operate.Invalid("say who: --email, --customer or --payment")
	default:
		id, err := uuid.Parse(s.Customer)
		switch {
		case err == nil:
			who.Customers, chosen = []string{id.String()}, "customer:"+id.String()
		case s.Merchant == "":
			return nil, "", operate.Invalid("a merchant's own number of a customer means something only with --merchant; otherwise --customer is a user's id")
		default:
			who.Numbers, chosen = []string{s.Customer}, "customer:"+s.Customer
		}
	}
	if id, err := uuid.Parse(s.Merchant); s.Merchant != "" && (err != nil || id.String() != who.GetMerchantId()) {
		return nil, "", operate.Invalid("--merchant must be a merchant's id")
	}
	sum := sha256.Sum256([]byte(chosen + "\n" + who.GetMerchantId()))
	return who, hex.EncodeToString(sum[:]), nil
}

// keepers are the services that hold personal data, in the order in which they erase it: those by which others find the person come last.
var keepers = []holder{
	{identity.Webhooks, "EUPAY_WEBHOOKS_ADDR", "127.0.0.1:9102"},
	{identity.EInvoice, einvoiceAddr, usualEInvoice},
	{identity.QR, "EUPAY_QR_ADDR", "127.0.0.1:9103"},
	{identity.Payments, paymentsAddr, usualPayments},
	{identity.Gateway, gatewayAddr, usualGateway},
}

// keepers connects to all of them. What they are asked has no deadline: a person may have a hundred thousand rows. Ctrl-C ends it.
func (t *tool) keepers() (all []operate.Holder, done func(), err error) {
	var ends []func()
	done = func() {
		for _, end := range ends {
			end()
		}
	}
	for _, k := range keepers {
		conn, end, err := t.service(k.name, k.setting, k.usual)
		if err != nil {
			done()
			return nil, nil, err
		}
		ends = append(ends, end)
		all = append(all, operate.Holder{Name: k.name, Client: privacyv1.NewPrivacyServiceClient(conn)})
	}
	return all, done, nil
}

// keeperAnswered names the service that an error comes from.
func keeperAnswered(err error) error {
	var of *operate.HolderError
	if !errors.As(err, &of) {
		return err
	}
	for _, k := range keepers {
		if k.name == of.Holder {
			return fmt.Errorf("%s: %w", k.name, answered(of.Err, k.name, k.setting))
		}
	}
	return err
}

type gdprExportCommand struct {
	selector
	File  string `arg:"" name:"file" help:"The file to write, in JSON. Only its owner can read it."`
	Force bool   `help:"Replace the file when it exists."`
}

// Help is shown under the summary.
func (*gdprExportCommand) Help() string {
	return "Writes all that the services hold about a person, by service and table, with what it is for and how long it is kept (GDPR article 15). Sealed values are " +
		"opened. Make sure first that the person is who they say, and look through the file before you hand it over: texts may name others. A payment leads to its " +
		"refunds, order, subscription and invoice, and to the customer of the app who paid it; not to the member of a reward program, which several persons may share."
}

// copyOf is the file.
type copyOf struct {
	MadeAt   time.Time      `json:"made_at"`
	KnownBy  knownBy        `json:"known_by"`
	Services operate.HeldBy `json:"services"`
}

type knownBy struct {
	Merchant   string   `json:"merchant_id,omitempty"`
	Emails     []string `json:"emails,omitempty"`
	Customers  []string `json:"customers,omitempty"`
	Numbers    []string `json:"customer_numbers,omitempty"`
	References []string `json:"references,omitempty"`
}

// Run writes the file.
func (c *gdprExportCommand) Run(t *tool) error {
	who, _, err := c.subject()
	if err != nil {
		return err
	}
	holders, done, err := t.keepers()
	if err != nil {
		return err
	}
	defer done()
	if who, err = operate.Resolve(t.ctx, holders, who); err != nil {
		return keeperAnswered(err)
	}
	held, err := operate.Find(t.ctx, holders, who)
	if err != nil {
		return keeperAnswered(err)
	}
	err = operate.NewFile(c.File, c.Force, func(out io.Writer) error {
		w := json.NewEncoder(out)
		w.SetEscapeHTML(false)
		w.SetIndent("", "  ")
		return w.Encode(copyOf{
			t.now().UTC(), knownBy{who.GetMerchantId(), who.GetEmails(), who.GetCustomers(), who.GetNumbers(), who.GetReferences()}, held,
		})
	})
	if err != nil {
		return err
	}
	return t.heldBy(held, c.File)
}

// heldBy prints how much was found.
func (t *tool) heldBy(held operate.HeldBy, file string) error {
	rows := 0
	w := t.list("SERVICE", "TABLE", "ROWS")
	for _, k := range keepers {
		for _, table := range slices.Sorted(maps.Keys(held[k.name])) {
			n := len(held[k.name][table].Rows)
			rows += n
			row(w, k.name, table, strconv.Itoa(n))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if t.json() {
		return t.object(map[string]any{"rows": rows, "file": file})
	}
	t.say("%d rows are in %s", rows, file)
	return nil
}

type gdprEraseCommand struct {
	selector
	By string `placeholder:"NAME" help:"Who does it, for the audit log. Needed with --run."`
	Do bool   `name:"run" help:"Do it. Without this it is only told what would be erased, and what stays."`
}

// Help is shown under the summary.
func (*gdprEraseCommand) Help() string {
	return "Erases what the services hold about a person, except what a duty keeps: it tells what and by which law (GDPR article 17). Amounts, references, states and " +
		"numbers are never touched, so books, refunds and invoices stay as they are. Nothing is erased while a payment, refund, subscription, order, redemption " +
		"or webhook of the person is open, or while the person works for a merchant: then it says which. It can be run again at any time: after an interruption, " +
		"and when a duty has ended. The audit log keeps that it was done, by whom and how many rows, and a hash instead of the person."
}

// Run erases, or tells what would be erased.
func (c *gdprEraseCommand) Run(t *tool) error {
	who, hash, err := c.subject()
	if err != nil {
		return err
	}
	if c.Do && strings.TrimSpace(c.By) == "" {
		return operate.Invalid("--run needs --by: who does it, for the audit log")
	}
	holders, done, err := t.keepers()
	if err != nil {
		return err
	}
	defer done()
	who, planned, open, err := c.plan(t, holders, who)
	if err != nil {
		return err
	}
	if c.Do && !open {
		if err := t.catchUp(holders); err != nil {
			return err
		}
		if who, planned, open, err = c.plan(t, holders, who); err != nil { // what was on its way may be open
			return err
		}
	}
	switch {
	case !c.Do:
		if err := t.erased(planned, false); err != nil {
			return err
		}
		if open {
			return errors.New("nothing can be erased before what is open has ended")
		}
		t.say("Nothing was changed. To do it, add --run --by NAME.")
		return nil
	case open:
		return errors.New("nothing was erased: what is open has to end first")
	}
	return c.erase(t, holders, who, hash, planned)
}

// plan returns everything that the person is known by and what would be erased, and prints what is open. It is made also with --run: nothing is
// begun unless every service can.
func (*gdprEraseCommand) plan(t *tool, holders []operate.Holder, who *privacyv1.Subject) (known *privacyv1.Subject, planned []operate.Erased, open bool, err error) {
	if known, err = operate.Resolve(t.ctx, holders, who); err != nil {
		return nil, nil, false, keeperAnswered(err)
	}
	if planned, err = operate.Erase(t.ctx, holders, known, true); err != nil {
		return nil, nil, false, keeperAnswered(err)
	}
	for _, p := range planned {
		for _, what := range p.Obstacles {
			t.say("%s: open: %s", p.Holder, what)
			open = true
		}
	}
	return known, planned, open, nil
}

const (
	// catchUpLimit is how long an erasure waits for what is on its way. Consumers note where they are every 5 seconds, and at least every 15 while nothing happens.
	catchUpLimit = 2 * time.Minute
	catchUpPause = 200 * time.Millisecond
)

// catchUp waits for what is on its way between the services: it would be stored after the erasure, and nothing would lead to it any more.
func (t *tool) catchUp(holders []operate.Holder) error {
	ctx, cancel := context.WithTimeout(t.ctx, catchUpLimit)
	defer cancel()
	err := operate.CatchUp(ctx, holders, t.now, catchUpPause)
	var of *operate.HolderError
	if err == nil || errors.As(err, &of) {
		return keeperAnswered(err)
	}
	return fmt.Errorf("nothing was erased: events are on their way and would be stored afterwards: %w. Try again when they are read", err)
}

// erase notes the beginning, erases, and notes the end.
func (c *gdprEraseCommand) erase(t *tool, holders []operate.Holder, who *privacyv1.Subject, hash string, planned []operate.Erased) error {
	note := &gatewayv1.NoteErasureRequest{SelectorSha256: hash, MerchantId: who.GetMerchantId(), By: c.By, Rows: operate.Rows(planned)}
	if err := t.note(note); err != nil {
		return err
	}
	done, err := operate.Erase(t.ctx, holders, who, false)
	if err != nil {
		return errors.Join(t.erased(done, true), fmt.Errorf("it did not end, run it again: %w", keeperAnswered(err)))
	}
	note.Done, note.Rows = true, operate.Rows(done)
	return errors.Join(t.erased(done, true), t.note(note))
}

func (t *tool) note(r *gatewayv1.NoteErasureRequest) error {
	conn, done, err := t.service(identity.Gateway, gatewayAddr, usualGateway)
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := t.within()
	defer cancel()
	if _, err := gatewayv1.NewOperatorServiceClient(conn).NoteErasure(ctx, r); err != nil {
		return fmt.Errorf("write to the audit log: %w", answered(err, identity.Gateway, gatewayAddr))
	}
	return nil
}

type erasedView struct {
	Service string `json:"service"`
	Table   string `json:"table"`
	Found   int64  `json:"found"`
	Rows    int64  `json:"erased"`
	Stay    int64  `json:"stay"`
	Why     string `json:"why,omitempty"`
	Erased  bool   `json:"run"`
}

// erased prints what was erased, or would be, and what stays. Tables without a row of the person are left out.
func (t *tool) erased(list []operate.Erased, did bool) error {
	title := "TO ERASE"
	if did {
		title = "ERASED"
	}
	w := t.list("SERVICE", "TABLE", "FOUND", title, "STAY", "WHY")
	for _, e := range list {
		for _, n := range e.Counts {
			if n.GetFound() == 0 && n.GetErased() == 0 {
				continue
			}
			v := erasedView{e.Holder, n.GetTable(), n.GetFound(), n.GetErased(), n.GetStay(), "", did}
			if v.Stay > 0 {
				v.Why = n.GetDuty()
			}
			if t.json() {
				if err := t.object(v); err != nil {
					return err
				}
				continue
			}
			row(w, v.Service, v.Table, strconv.FormatInt(v.Found, 10), strconv.FormatInt(v.Rows, 10), strconv.FormatInt(v.Stay, 10), orDash(v.Why))
		}
	}
	return w.Flush()
}
