package bank

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"time"
)

// ErrUnknownPayment means that no payment has this id.
var ErrUnknownPayment = errors.New("unknown payment")

// ErrWrongState means that the payment's state does not permit the change.
var ErrWrongState = errors.New("the state of the payment does not allow this")

// Payment is the state of a payment in the bank's books.
type Payment struct {
	ID          int64  `json:"id"`
	State       string `json:"state"`
	StateDetail string `json:"state_detail,omitempty"`
	Action      string `json:"action,omitempty"`
	ErrorCode   string `json:"error_code,omitempty"`
	// Cents is the sum of all instructions; the following properties are those of the first.
	Cents             int64  `json:"amount_cents"`
	Currency          string `json:"currency"`
	ReferenceID       string `json:"reference_id"`
	Label             string `json:"label"`
	ExecutionDateType string `json:"execution_date_type"`
	Frequency         string `json:"frequency,omitempty"`
	StartDate         string `json:"start_date,omitempty"`
	EndDate           string `json:"end_date,omitempty"`
	// NextExecution is the day on which the banks execute the next transfer of a standing order; empty: none.
	NextExecution     string    `json:"next_execution,omitempty"`
	BeneficiaryIBAN   string    `json:"beneficiary"`
	PayerIBAN         string    `json:"payer,omitempty"`
	PayerName         string    `json:"payer_label,omitempty"`
	Instructions      int       `json:"instructions"`
	ConnectorUUID     string    `json:"connector_uuid,omitempty"`
	ValidateURI       string    `json:"validate_uri,omitempty"`
	ClientRedirectURI string    `json:"client_redirect_uri"`
	ClientState       string    `json:"client_state,omitempty"`
	RegisteredAt      time.Time `json:"registered_at"`
}

func (r *record) public() Payment {
	i := r.Instructions[0]
	p := Payment{
		ID: r.ID, State: r.State, StateDetail: r.StateDetail, Action: r.Action, ErrorCode: r.ErrorCode, Cents: r.total(),
		Currency: i.Currency, ReferenceID: i.ReferenceID, Label: i.Label, ExecutionDateType: i.Kind,
		Frequency: i.Frequency, StartDate: i.StartDate, EndDate: i.EndDate,
		BeneficiaryIBAN: i.Beneficiary.Identification, Instructions: len(r.Instructions), ConnectorUUID: r.Connector,
		ValidateURI: r.ValidateURI, ClientRedirectURI: r.RedirectURI, ClientState: r.ClientState, RegisteredAt: r.Registered,
	}
	if r.Payer != nil {
		p.PayerIBAN, p.PayerName = r.Payer.Identification, r.Payer.Label
	}
	if r.Next == stepExecute {
		p.NextExecution = r.Due.In(paris).Format(time.DateOnly)
	}
	return p
}

// Payment returns one payment in its current state.
func (b *Bank) Payment(id int64) (Payment, error) {
	p := b.store.get(id)
	if p == nil {
		return Payment{}, ErrUnknownPayment
	}
	r, err := b.upToDate(p)
	return r.public(), err
}

// Payments returns all payments, oldest first.
func (b *Bank) Payments() []Payment {
	list, _, err := b.books(url.Values{})
	if err != nil {
		b.cfg.Log.Error("books not read", "error", err)
	}
	return list
}

// ByReference returns the payments with a reference_id, oldest first.
func (b *Bank) ByReference(reference string) []Payment {
	list, _, err := b.books(url.Values{"reference_id": {reference}})
	if err != nil {
		b.cfg.Log.Error("books not read", "error", err)
	}
	return list
}

// books selects like GET /payments, without its page limit.
func (b *Bank) books(q url.Values) ([]Payment, int, error) {
	limit, err := number(q, "limit", 0)
	if err != nil {
		return nil, 0, err
	}
	q.Del("limit")
	offset, err := number(q, "offset", 0)
	if err != nil {
		return nil, 0, err
	}
	q.Del("offset")
	found, err := b.selected(q, 0)
	if err != nil {
		return nil, 0, err
	}
	page := found[min(offset, len(found)):]
	if limit > 0 {
		page = page[:min(limit, len(page))]
	}
	list := make([]Payment, 0, len(page))
	for _, r := range page {
		list = append(list, r.public())
	}
	return list, len(found), nil
}

// Choice is the decision of a payer without a browser. The zero value is the default: the bank that the payment names or Nowhere,
// and the first account there.
type Choice struct {
	// Connector is the UUID or slug of a bank; Account is main, joint or empty.
	Connector string `json:"connector"`
	Account   string `json:"account"`
	// State, if not empty, replaces what the label requests: done, accepted, rejected (with ErrorCode), expired, partial, or
	// pending to stay there until Settle. Codes like "pdng/rjct" are accepted too.
	State     string `json:"state"`
	ErrorCode string `json:"error_code"`
}

func (c Choice) plan() (plan, bool, error) {
	switch c.State {
	case "":
		return plan{}, false, nil
	case StatePending:
		return plan{Hang: true}, true, nil
	case StateDone, StateAccepted, StateExpired, StatePartial:
		return plan{State: c.State}, true, nil
	case StateRejected:
		code := c.ErrorCode
		orText(&code, "noSpecifiedReason")
		return plan{State: c.State, ErrorCode: code}, true, nil
	}
	if p, ok := parseCodes(c.State); ok {
		return p, true, nil
	}
	return plan{}, false, fmt.Errorf("unknown state %q", c.State)
}

// Authorise acts as a payer who chooses a bank and approves.
func (b *Bank) Authorise(id int64) error { return b.AuthoriseWith(id, Choice{}) }

// AuthoriseWith is Authorise with a choice of bank, account and outcome.
func (b *Bank) AuthoriseWith(id int64, choice Choice) error {
	uuid := Nowhere
	if choice.Connector != "" {
		c := connectorByUUID(choice.Connector)
		if c == nil {
			c = connectorBySlug(choice.Connector)
		}
		if c == nil {
			return fmt.Errorf("unknown connector %q", choice.Connector)
		}
		uuid = c.UUID
	}
	outcome, given, err := choice.plan()
	if err != nil {
		return err
	}
	err = b.act(id, func(r *record, now time.Time) error {
		if r.State != StateCreated {
			return errStale
		}
		if given {
			r.Plan = outcome
		}
		b.begin(r, uuid, now)
		return nil
	})
	if err != nil && !errors.Is(err, errStale) {
		return err
	}
	began := err == nil
	err = b.act(id, func(r *record, now time.Time) error {
		switch {
		case r.StateDetail != "":
			return b.answerCancellation(r, true)
		case began && r.Plan.AtOnce: // it ended before the bank was reached
			return errStale
		case r.State != StateValidating || r.Action == "confirm":
			return ErrWrongState
		}
		if given {
			r.Plan = outcome
		}
		b.approve(r, choice.Account, now)
		return nil
	})
	if errors.Is(err, errStale) {
		return nil
	}
	return err
}

// Refuse acts as a payer who refuses a payment, or its cancellation, at their bank.
func (b *Bank) Refuse(id int64) error {
	return b.act(id, func(r *record, _ time.Time) error {
		if r.StateDetail != "" {
			return b.answerCancellation(r, false)
		}
		if r.State != StateCreated && r.State != StateValidating {
			return ErrWrongState
		}
		b.reject(r, "CancelledByUser", refusal)
		return nil
	})
}

// Expire ends the payment as expired.
func (b *Bank) Expire(id int64) error { return b.Settle(id, StateExpired, "") }

// Settle acts as the payer's bank: it ends a payment in this state, or makes it pending until it is settled again. An error code
// is only for rejected; its default is noSpecifiedReason.
func (b *Bank) Settle(id int64, state, errorCode string) error {
	p, given, err := Choice{State: state, ErrorCode: errorCode}.plan()
	if err != nil {
		return err
	}
	if !given {
		p = plan{State: StateDone}
	}
	return b.act(id, func(r *record, now time.Time) error {
		if Final(r.State) {
			return ErrWrongState
		}
		if r.Connector == "" {
			r.Connector = Nowhere
		}
		r.Plan = p
		if p.Phases == 0 && !p.Hang {
			b.finish(r, p.State, p.ErrorCode, "")
			return nil
		}
		b.proceed(r, now)
		return nil
	})
}

func (b *Bank) act(id int64, fn func(*record, time.Time) error) error {
	p := b.store.get(id)
	if p == nil {
		return ErrUnknownPayment
	}
	if _, err := b.upToDate(p); err != nil {
		return err
	}
	_, err := b.change(p, fn)
	return err
}

// bankPage returns the URL of the page at a payer's bank where they decide.
func (b *Bank) bankPage(r *record, page string) string {
	id := strconv.FormatInt(r.ID, 10)
	return b.cfg.BaseURL + "/bank/" + connectorByUUID(r.Connector).Slug + "/" + page + "/" + id + "?session=" + b.session(page, id)
}

// journalFile returns the path of the journal.
func (c Config) journalFile() string { return filepath.Join(c.Dir, "payments.jsonl") }
