package bank

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"time"

	"european-pay.eu/eupay/sandbox/internal/fault"
)

// The limits in the API's documentation.
const (
	maxClientState = 2000
	maxReference   = 31
	maxLabel       = 140 // not in the documentation; what fits into a SEPA transfer
)

const (
	schemeIBAN     = "iban"
	schemeSortCode = "sort_code_account_number"
)

var frequencies = []string{"daily", "weekly", "two-weekly", "monthly", "two-monthly", "quarterly", "four-monthly", "semiannually", "yearly"}

type createRequest struct {
	ClientRedirectURI string               `json:"client_redirect_uri"`
	ClientState       string               `json:"client_state"`
	Instructions      []instructionRequest `json:"instructions"`
	Payer             *account             `json:"payer"`
	PayerIdentity     *identity            `json:"payer_identity"`
	OperatorIdentity  *identity            `json:"operator_identity"`
	ConnectorUUID     string               `json:"connector_uuid"`
	IDConnector       int64                `json:"id_connector"`
}

type instructionRequest struct {
	ReferenceID       string    `json:"reference_id"`
	Amount            amount    `json:"amount"`
	Currency          string    `json:"currency"`
	Label             string    `json:"label"`
	ExecutionDateType string    `json:"execution_date_type"`
	ExecutionDate     string    `json:"execution_date"`
	StartDate         string    `json:"start_date"`
	EndDate           string    `json:"end_date"`
	Frequency         string    `json:"frequency"`
	Beneficiary       *account  `json:"beneficiary"`
	Identity          *identity `json:"beneficiary_identity"`
}

// amount is an amount in cents, parsed from a JSON number or a string.
type amount int64

func (a *amount) UnmarshalJSON(data []byte) error {
	cents, ok := parseCents(strings.Trim(string(data), `"`))
	if !ok {
		return invalid("amount")
	}
	*a = amount(cents)
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads: the journal has requests as they came.
func (a amount) MarshalJSON() ([]byte, error) { return []byte(signed(int64(a))), nil }

// parseCents parses a positive decimal with at most two significant decimals.
func parseCents(s string) (int64, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > 2 || len(whole) == 0 || len(whole) > 12 || strings.ContainsAny(s, "+-eE") {
		return 0, false
	}
	cents, err := strconv.ParseInt(whole+(fraction + "00")[:2], 10, 64)
	return cents, err == nil && cents > 0
}

func (b *Bank) create(c *call) ([]byte, error) {
	if !c.claims.may() || c.claims.Payment != 0 {
		return nil, errForbidden
	}
	var in createRequest
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	r, err := b.newRecord(&in)
	if err != nil {
		return nil, err
	}
	w := wishOf(r.Instructions[0])
	if w.identity && r.PayerIdentity.stranger() {
		return nil, missing("payer_identity")
	}
	if err := b.strike(c, r, w.faults); err != nil {
		return nil, err
	}
	b.planCreated(r, w)
	p := b.store.add(r)
	if err := b.journal.Append(line{Payment: r}); err != nil {
		return nil, err
	}
	b.plan(r)
	b.stats.count("state " + StateCreated)
	return b.appendPayment(make([]byte, 0, 2048), p.cur.Load(), c.view()), nil
}

// strike applies the faults that the payment itself requests: those of the call once per reference, so that a second attempt
// succeeds, the others permanently.
func (b *Bank) strike(c *call, r *record, faults []fault.Fault) error {
	for _, f := range faults {
		if !f.Kind.IsCall() {
			r.Faults = append(r.Faults, f)
			continue
		}
		if ref := r.Instructions[0].ReferenceID; ref != "" && !b.store.firstTime(ref+" "+string(f.Kind)) {
			continue
		}
		ofAnswer, err := b.strikes.Within(c.r, f)
		if err != nil {
			return err
		}
		c.faults = append(c.faults, ofAnswer...)
	}
	return nil
}

// newRecord validates a request as the documentation says and returns a payment.
func (b *Bank) newRecord(in *createRequest) (*record, error) {
	if err := b.checkRedirect("client_redirect_uri", in.ClientRedirectURI); err != nil {
		return nil, err
	}
	if len([]rune(in.ClientState)) > maxClientState {
		return nil, invalid("client_state is longer than %d", maxClientState)
	}
	if len(in.Instructions) == 0 {
		return nil, missing("instructions")
	}
	connector, err := presetConnector(in)
	if err != nil {
		return nil, err
	}
	if err := b.checkPayer(in); err != nil {
		return nil, err
	}
	r := &record{
		State: StateCreated, Registered: b.cfg.Now().UTC().Truncate(time.Second), RedirectURI: in.ClientRedirectURI,
		ClientState: in.ClientState, Payer: in.Payer, PayerIdentity: in.PayerIdentity, OperatorIdentity: in.OperatorIdentity,
		Connector: connector,
	}
	for n := range in.Instructions {
		i, err := b.newInstruction(fmt.Sprintf("instructions[%d]", n), &in.Instructions[n])
		if err != nil {
			return nil, err
		}
		r.Instructions = append(r.Instructions, i)
	}
	return r, checkBulk(r)
}

// nameReferences generates missing end-to-end ids: one random part for the whole payment.
func nameReferences(r *record) {
	base := ""
	for n := range r.Instructions {
		if r.Instructions[n].ReferenceID != "" {
			continue
		}
		if base == "" {
			base = (rand.Text() + rand.Text())[:27]
		}
		r.Instructions[n].ReferenceID = fmt.Sprintf("%s-%d", base, n+1)
	}
}
