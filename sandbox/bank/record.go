package bank

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"european-pay.eu/eupay/sandbox/internal/fault"
)

// The states of a payment.
const (
	StateCreated    = "created"
	StateValidating = "validating"
	StatePending    = "pending"
	StateDone       = "done"
	StateAccepted   = "accepted"
	StateRejected   = "rejected"
	StateExpired    = "expired"
	StatePartial    = "partial"
)

// Final reports whether a payment in this state can no longer change.
func Final(state string) bool {
	return state != StateCreated && state != StateValidating && state != StatePending
}

// payment is a slot of the store. Changes require mu; a stored record is never modified, so readers need no lock.
type payment struct {
	mu  sync.Mutex
	cur atomic.Pointer[record]
}

// record is the complete state of a payment at one moment, as in the journal.
type record struct {
	ID               int64     `json:"id"`
	State            string    `json:"state"`
	StateDetail      string    `json:"detail,omitempty"`
	Action           string    `json:"action,omitempty"`
	ErrorCode        string    `json:"error,omitempty"`
	ErrorDescription string    `json:"error_text,omitempty"`
	ValidateURI      string    `json:"uri,omitempty"`
	Mechanism        string    `json:"mechanism,omitempty"`
	Connector        string    `json:"connector,omitempty"`
	Fields           []field   `json:"fields,omitempty"`
	Registered       time.Time `json:"registered"`
	Validated        time.Time `json:"validated,omitzero"`
	RedirectURI      string    `json:"redirect"`
	ClientState      string    `json:"client_state,omitempty"`
	// CancelRedirect and CancelState are where the payer is redirected after answering a cancellation.
	CancelRedirect   string        `json:"cancel_redirect,omitempty"`
	CancelState      string        `json:"cancel_state,omitempty"`
	Payer            *account      `json:"payer,omitempty"`
	PayerIdentity    *identity     `json:"payer_identity,omitempty"`
	OperatorIdentity *identity     `json:"operator_identity,omitempty"`
	Instructions     []instruction `json:"instructions"`

	// Plan is the future of the payment, Due when its next step happens and Next which one that is.
	Plan plan      `json:"plan,omitzero"`
	Due  time.Time `json:"due,omitzero"`
	Next step      `json:"next,omitempty"`
	// Executed counts the transfers of a standing order that are over.
	Executed int `json:"executed,omitempty"`
	// UseCase is how the payer of a client's own webview authenticates.
	UseCase string `json:"use_case,omitempty"`
	// WebviewURL is where the payer of a client's own webview returns.
	WebviewURL string        `json:"webview_url,omitempty"`
	Faults     []fault.Fault `json:"faults,omitempty"`
	// Hook is the id of the webhook that announces this change; 0 if it is not announced.
	Hook int64 `json:"hook,omitempty"`
}

// step is a scheduled change of a payment.
type step string

const (
	stepExpire    step = "expire"    // nobody decided in time
	stepNoAnswer  step = "no_answer" // the payer did not answer at the bank
	stepAuthorise step = "authorise" // authorised without a payer
	stepPhase     step = "phase"     // one pending phase is over
	stepDecoupled step = "decoupled" // the payer answered on another channel

	stepExecute     step = "execute"      // the banks execute a transfer of a standing order
	stepScheduleEnd step = "schedule_end" // a periodic payment has been made for the last time
)

type account struct {
	Scheme         string `json:"scheme_name"`
	Identification string `json:"identification"`
	Label          string `json:"label"`
	Issuer         string `json:"issuer,omitempty"`
}

type instruction struct {
	ReferenceID   string    `json:"ref"`
	Cents         int64     `json:"cents"`
	Currency      string    `json:"currency"`
	Label         string    `json:"label"`
	Kind          string    `json:"kind"`
	ExecutionDate string    `json:"date,omitempty"`
	StartDate     string    `json:"start,omitempty"`
	EndDate       string    `json:"end,omitempty"`
	Frequency     string    `json:"frequency,omitempty"`
	Beneficiary   account   `json:"to"`
	Identity      *identity `json:"to_identity,omitempty"`
	State         string    `json:"state,omitempty"`
}

// field is a question of the bank in the client's own webview.
type field struct {
	Name     string       `json:"name"`
	Type     string       `json:"type"`
	Label    string       `json:"label"`
	Regex    *string      `json:"regex"`
	Required bool         `json:"required"`
	Values   []fieldValue `json:"values"`
}

type fieldValue struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

func (r *record) clone() *record {
	next := *r
	next.Instructions = slices.Clone(r.Instructions)
	next.Hook = 0
	return &next
}

// instant reports whether any part of the payment is an instant transfer.
func (r *record) instant() bool {
	return slices.ContainsFunc(r.Instructions, func(i instruction) bool { return i.Kind == "instant" })
}

func (r *record) total() int64 {
	var sum int64
	for _, i := range r.Instructions {
		sum += i.Cents
	}
	return sum
}

// schedule plans the next step.
func (r *record) schedule(next step, due time.Time) {
	r.Next, r.Due = next, due
}

func (r *record) instructionsAre(state string) {
	for i := range r.Instructions {
		r.Instructions[i].State = state
	}
}
